//! `preview`: the runbook of an operation. Writes nothing but the file that it is told to.

use crate::cli::args::PreviewArgs;
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline::{self, Wish};

/// Compiles and prints a runbook.
pub(in crate::cli) fn run(context: &Context, args: &PreviewArgs) -> Result<Exit, Failure> {
    let wish = Wish {
        operation: args.operation.operation(),
        mode: args.mode.mode(),
        said: &args.said,
        approved: Vec::new(),
    };
    let compiled = pipeline::runbook(context, &args.plan, &wish)?;
    context.console.show(&compiled.sources, &compiled.warnings);
    Console::print_json(&compiled.runbook)?;
    Ok(Exit::Done)
}
