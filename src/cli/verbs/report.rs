//! `report`: what a run did, reached and left open, with its evidence.

use crate::cli::args::{Format, ReportArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::drive::replay;
use crate::report::account;

/// Prints the report of one run.
pub(in crate::cli) fn run(context: &Context, args: &ReportArgs) -> Result<Exit, Failure> {
    let store = context.store()?;
    let id = store.find_run(&args.run)?;
    let (run, events, _) = replay(&store, &id)?;
    Console::print(&match args.output.format {
        Format::Json => account::json(&run, &events),
        Format::Text => account::text(&run, &events, context.console.look()),
    })?;
    Ok(Exit::Done)
}
