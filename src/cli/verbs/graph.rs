//! `graph`: pictures of the plan's graph; cycles are drawn too.

use crate::cli::args::GraphArgs;
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// (to be written)
pub(in crate::cli) fn run(_context: &Context, _args: &GraphArgs) -> Result<Exit, Failure> {
    Console::print("")?;
    Ok(Exit::Done)
}
