//! `preview`: the runbook of an operation. Writes nothing but the file that it is told to.

use crate::cli::args::{Format, PreviewArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::frozen;
use crate::cli::pipeline::{self, Wish};
use crate::runbook::{freeze, preview};

/// Compiles and prints a runbook, or prints a frozen one.
pub(in crate::cli) fn run(context: &Context, args: &PreviewArgs) -> Result<Exit, Failure> {
    let operation = args.operation.operation();
    let runbook = match frozen::read(&args.plan)? {
        Some(runbook) => {
            frozen::check(context, &runbook, operation, args.mode.mode(), &args.said)?;
            runbook
        }
        None => {
            let wish = Wish { operation, mode: args.mode.mode(), said: &args.said, approved: Vec::new() };
            let compiled = pipeline::runbook(context, &args.plan, &wish)?;
            context.console.show(&compiled.sources, &compiled.warnings);
            compiled.runbook
        }
    };
    match args.output.format {
        Format::Json => Console::print(&freeze(&runbook))?,
        Format::Text => Console::print_clean(&preview(&runbook))?,
    }
    if let Some(path) = &args.out {
        super::fmt::replace(path, freeze(&runbook).as_bytes())?;
        context.console.note(&format!("frozen in {}: {}", path.display(), runbook.digest().short()));
    }
    Ok(Exit::Done)
}
