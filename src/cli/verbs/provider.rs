//! `provider test`: whether anyone's program keeps the contract of estates, told in an operator's words.

use clap::{Args, Subcommand};

use crate::base::Clock as _;
use crate::base::SystemClock;
use crate::base::time::parse_duration;
use crate::base::{limits, time};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::estate::command::{CommandOptions, Examination, Mark, Told, Wish, examine, place};
use crate::source::codes::estate as codes;

/// No estate of a plan can be called so.
const ESTATE: &str = ".provider-test";

#[derive(Debug, Args)]
pub(in crate::cli) struct ProviderArgs {
    #[command(subcommand)]
    verb: ProviderVerb,
}

#[derive(Debug, Subcommand)]
enum ProviderVerb {
    /// Take one machine of it through a test, a failover rolled back and one committed, twice
    Test(TestArgs),
}

#[derive(Debug, Args)]
struct TestArgs {
    /// A machine that may be lost [default: the first one, if the program says that they are simulated]
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// The network of the other site
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// The network of a test
    #[arg(long, value_name = "NAME")]
    test_network: Option<String>,
    /// The process server by which it replicates back
    #[arg(long, value_name = "NAME")]
    via: Option<String>,
    /// How long one answer may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = limit)]
    timeout: std::time::Duration,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

fn limit(text: &str) -> Result<std::time::Duration, String> {
    let limit = parse_duration(text)?;
    if limit.is_zero() || limit > limits::PROVIDER_CALL_MAX {
        let most = time::format_duration(limits::PROVIDER_CALL_MAX);
        return Err(format!("is `{text}`, and has to be above zero and at most `{most}`"));
    }
    Ok(limit)
}

/// Tests it, and prints each part as it ends.
pub(in crate::cli) fn run(context: &Context, args: &ProviderArgs) -> Result<Exit, Failure> {
    let ProviderVerb::Test(args) = &args.verb;
    let folder = std::env::current_dir()
        .map_err(|error| Failure::engine("the working folder cannot be found", &error))?;
    let state = context.state.join("estates");
    let state = std::path::absolute(&state).unwrap_or(state);
    let mut options = CommandOptions::new(ESTATE, args.program.clone(), &folder, &state);
    place(&mut options.program.argv, &folder);
    options.timeout = args.timeout;
    options.log = Some(state.join(format!("{ESTATE}.log")));
    let wish = Wish {
        machine: args.machine.clone(),
        network: args.network.clone(),
        test_network: args.test_network.clone(),
        via: args.via.clone(),
        round: SystemClock.now().to_string(),
    };
    let mut marks: Vec<(String, Mark)> = Vec::new();
    let mut printed = Ok(());
    let examined = context.runtime()?.block_on(examine(options, &wish, &mut |told| {
        let lines = match told {
            Told::Begins(about) => heading(about),
            Told::Part(part, mark) => {
                marks.push((part.to_owned(), mark.clone()));
                vec![line(part, mark)]
            }
        };
        for line in lines {
            if printed.is_ok() {
                printed = Console::print_line(&line);
            }
        }
    }));
    printed?;
    let kept = examined.map_err(|diagnostic| Failure::placeless(Exit::Refused, vec![diagnostic]))?;
    let passed = marks.iter().filter(|(_, mark)| *mark == Mark::Passed).count();
    Console::print_line(&format!("{passed} of {} passed", marks.len()))?;
    if kept {
        return Ok(Exit::Done);
    }
    let broken = marks.iter().find_map(|(part, mark)| match mark {
        Mark::Failed(why) => Some(format!("the program does not keep a promise: {part}: {why}")),
        Mark::Passed | Mark::NotTried => None,
    });
    let log = context.state.join("estates").join(format!("{ESTATE}.log"));
    let help = format!("mend the program; its own words stand in `{}`", log.display());
    Err(Failure::said(Exit::InputWrong, codes::PROVIDER_FAILS_TEST, broken.unwrap_or_default(), help))
}

fn heading(about: &Examination) -> Vec<String> {
    let hello = &about.hello;
    vec![
        format!("{} {}, version {} of the protocol", hello.name, hello.version, hello.protocol),
        format!("with the machine {}, from {} to {}", about.machine, about.from, about.to),
    ]
}

fn line(part: &str, mark: &Mark) -> String {
    match mark {
        Mark::Passed => format!("  passed     {part}"),
        Mark::Failed(why) => format!("  failed     {part}: {why}"),
        Mark::NotTried => format!("  not tried  {part}"),
    }
}
