//! `runs`: the history.

use crate::base::{Clock as _, SystemClock};
use crate::cli::args::{Format, ListArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::report::runs;
use crate::store::StoreError;

/// Prints all runs, oldest first. A state folder that was never used has none.
pub(in crate::cli) fn run(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let listed = match crate::store::Store::open(&context.state, crate::store::OpenFor::Read) {
        Ok(store) => store.runs()?,
        Err(StoreError::NoStore { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let now = SystemClock.now();
    Console::print(&match args.output.format {
        Format::Json => runs::json(&listed, now),
        Format::Text => runs::text(&listed, now, context.console.look()),
    })?;
    Ok(Exit::Done)
}
