//! The hidden verb that runs one script for a driver and outlives it.

use std::path::Path;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// Runs the script of a folder to its end.
pub(in crate::cli) fn run(context: &Context, folder: &Path) -> Result<Exit, Failure> {
    let hosted = context.runtime()?.block_on(crate::drive::script::host(folder));
    hosted.map_err(|why| Failure::engine("the script was not hosted", &why))?;
    Ok(Exit::Done)
}
