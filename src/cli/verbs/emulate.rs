//! `emulate`: stands in for a service over a simulated estate, in the foreground, until it is told to end.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::drive::Interrupts;
use crate::emulate::azure::{self, Fault, Generation, Options, Token};
use crate::inventory;
use crate::source::Sources;
use crate::source::codes::emulate as codes;

#[derive(Debug, Args)]
pub(in crate::cli) struct EmulateArgs {
    #[command(subcommand)]
    service: Service,
}

/// Which service.
#[derive(Debug, Subcommand)]
enum Service {
    /// Azure Site Recovery: its API over a simulated estate, for clients to be tried against
    Azure(AzureArgs),
}

#[derive(Debug, Args)]
struct AzureArgs {
    /// The inventory that the estate starts from
    #[arg(long, value_name = "FILE")]
    estate: PathBuf,
    /// Where to listen; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Which product: with an appliance, or with a configuration server
    #[arg(long, value_enum, default_value = "modernized", value_name = "PRODUCT")]
    appliance: Product,
    /// Seconds of the estate in a real one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    speed: u32,
    /// Where the estate's chances come from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Entries of a page of a list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    page_size: u32,
    /// What goes wrong besides: `throttle 10`, `fail reProtect sql01`, … (docs/azure-stand-in.md)
    #[arg(long = "fault", value_name = "WORDS")]
    faults: Vec<String>,
    /// Append each request with its answer to this file, one JSON line each
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Demand the token that this variable of the environment holds
    #[arg(long, value_name = "VARIABLE")]
    token_from: Option<String>,
    /// The subscription's id
    #[arg(long, default_value = "00000000-0000-0000-0000-000000000001", value_name = "ID")]
    subscription: String,
    /// The resource group's name
    #[arg(long, default_value = "rg-standin", value_name = "NAME")]
    resource_group: String,
    /// The vault's name
    #[arg(long, default_value = "vault-standin", value_name = "NAME")]
    vault: String,
}

/// Which product of the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Product {
    /// With an appliance
    Modernized,
    /// With a configuration server
    Classic,
}

/// Stands in until it is interrupted.
pub(in crate::cli) fn run(context: &Context, args: EmulateArgs) -> Result<Exit, Failure> {
    let Service::Azure(args) = args.service;
    let options = options(context, args)?;
    context.runtime()?.block_on(serve(context, options))
}

async fn serve(context: &Context, options: Options) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::new();
    let listening =
        azure::serve(options).await.map_err(|wrong| Failure::placeless(Exit::InputWrong, wrong))?;
    context.console.show(&Sources::default(), listening.warnings());
    Console::print_line(&format!("listening on {}", listening.url()))?;
    tokio::select! {
        biased;
        () = interrupts.next() => Ok(Exit::Done),
        ended = listening.run() => match ended {
            Ok(()) => Ok(Exit::Done),
            Err(error) => Err(Failure::engine("requests are not heard any more", &error)),
        },
    }
}

fn options(context: &Context, args: AzureArgs) -> Result<Options, Failure> {
    let said = args.estate.display().to_string();
    let inventory = inventory::read_file(&said, &args.estate)
        .map_err(|wrong| Failure::placeless(Exit::InputWrong, wrong))?;
    let faults: Result<Vec<Fault>, String> = args.faults.iter().map(|words| words.parse()).collect();
    let faults = faults.map_err(|why| {
        Failure::said(Exit::Usage, codes::STAND_IN_FAULT, why, "see `docs/azure-stand-in.md` for all of them")
    })?;
    let token = match args.token_from {
        None => Token::Any,
        Some(name) => Token::Demanded(secret(&name)?),
    };
    Ok(Options {
        inventory,
        listen: args.listen,
        generation: match args.appliance {
            Product::Modernized => Generation::Modernized,
            Product::Classic => Generation::Classic,
        },
        speed: args.speed,
        seed: args.seed,
        state: context.said_state.clone(),
        page_size: usize::try_from(args.page_size).unwrap_or(usize::MAX),
        faults,
        record: args.record,
        token,
        subscription: args.subscription,
        resource_group: args.resource_group,
        vault: args.vault,
    })
}

fn secret(name: &str) -> Result<String, Failure> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| {
        let message = format!("the variable `{name}` holds no token");
        Failure::said(
            Exit::Usage,
            codes::STAND_IN_LISTEN,
            message,
            format!("set `{name}`, or leave out `--token-from`"),
        )
    })
}
