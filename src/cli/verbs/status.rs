//! `status`: how a run stands and how an operator goes on.

use crate::cli::args::{Format, StatusArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::standing::moment;
use crate::drive::replay;
use crate::report::{Seen, status};

/// Prints the state of one run.
pub(in crate::cli) fn run(context: &Context, args: &StatusArgs) -> Result<Exit, Failure> {
    let store = context.store()?;
    let id = store.find_run(&args.run)?;
    let info = store.run(&id)?;
    let (run, events, _) = replay(&store, &id)?;
    let seen = Seen { run: &run, events: &events, info: Some(&info), moment: moment(&run) };
    Console::print(&match args.output.format {
        Format::Json => status::json(seen),
        Format::Text => status::text(seen, context.console.look()),
    })?;
    Ok(Exit::Done)
}
