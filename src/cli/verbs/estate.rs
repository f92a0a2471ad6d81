//! `estate`: what an operator does to an estate of disks outside any run. No run log: the estate's own
//! records say what was done.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::estate::any::Purpose;
use crate::estate::qemu::Qemu;
use crate::event::EstateError;
use crate::source::codes::estate as codes;

#[derive(Debug, Args)]
pub(in crate::cli) struct EstateArgs {
    /// The plan file
    plan: PathBuf,
    #[command(subcommand)]
    verb: EstateVerb,
}

/// What an operator does.
#[derive(Debug, Subcommand)]
enum EstateVerb {
    /// Make the disks that are missing, start their machines, take first points; harmless to repeat
    SetUp,
    /// Take a point of a group, as one set, or of a machine
    TakePoint {
        /// The group or machine, by its name in the estate
        name: String,
        /// With the applications of its guests quiesced by their agents
        #[arg(long)]
        app: bool,
    },
    /// Where a machine's guest is reached and its disks are served, one a line
    Address {
        /// The machine, by its name in the estate
        machine: String,
        /// Of the copy that a test made
        #[arg(long)]
        test: bool,
    },
    /// Start a machine that was shut down and not failed over
    Start {
        /// The machine, by its name in the estate
        machine: String,
    },
    /// Close all disks and end what serves them; every machine is off afterwards
    Stop,
}

/// Does it, and prints what came of it.
pub(in crate::cli) fn run(context: &Context, args: &EstateArgs) -> Result<Exit, Failure> {
    let plan = pipeline::sound(&args.plan)?;
    // Disks are opened alike for every purpose; of a simulated estate nothing is to be made.
    let estate = pipeline::open(context, &pipeline::estate_spec(&plan.plan), Purpose::Look)?;
    let disks = pipeline::disks(&estate)?;
    let done = context.runtime()?.block_on(operate(disks, &args.verb));
    for line in done.map_err(|error| failure(&error))? {
        Console::print_line(&line)?;
    }
    Ok(Exit::Done)
}

async fn operate(disks: &Qemu, verb: &EstateVerb) -> Result<Vec<String>, EstateError> {
    Ok(match verb {
        EstateVerb::SetUp => {
            disks.set_up().await?;
            vec!["set up".to_owned()]
        }
        EstateVerb::TakePoint { name, app } => {
            let taken = if *app { disks.take_app_point(name).await? } else { disks.take_point(name).await? };
            // What a plan chooses by: the set of a group, the point of a machine.
            vec![format!("{}: {}", taken.set.unwrap_or(taken.point), taken.note)]
        }
        EstateVerb::Address { machine, test } => {
            let found = disks.uris(machine, *test).await?;
            if found.is_empty() {
                let what = if *test { "has no test copy that runs" } else { "does not run" };
                let message = format!("`{machine}` {what}, so its disks are not served");
                return Err(EstateError::Refused { code: "not_running".to_owned(), message });
            }
            let guest = disks.guest_address(machine, *test).await?.map(|address| format!("guest {address}"));
            guest.into_iter().chain(found.iter().map(|(disk, uri)| format!("{disk} {uri}"))).collect()
        }
        EstateVerb::Start { machine } => vec![disks.start_machine(machine).await?],
        EstateVerb::Stop => {
            disks.stop_daemons().await?;
            vec!["stopped".to_owned()]
        }
    })
}

pub(super) fn failure(error: &EstateError) -> Failure {
    let (exit, help) = match error {
        EstateError::Refused { code, .. } if code == "not_set_up" => {
            (Exit::Refused, "set the estate up with `muster estate PLAN set-up`")
        }
        EstateError::Refused { .. } => (Exit::Refused, "see how it stands with `muster inventory PLAN`"),
        EstateError::Retry { .. } => (Exit::Refused, "mend what the message names, then ask again"),
        EstateError::Unknown { .. } => (Exit::EngineFailed, "ask again: it goes on from what is there"),
    };
    Failure::said(exit, codes::NOT_OPERATED, error.to_string(), help)
}
