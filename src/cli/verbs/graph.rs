//! `graph`: pictures of the plan's graph; cycles are drawn too.

use crate::cli::args::{Drawing, GraphArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::graph::draw::{Show, dot, json, mermaid, svg};
use crate::graph::{Expand, expand};
use crate::source::{Diagnostic, Sources};

/// Draws the plan. What the rules have against it is said beside the picture, for a cycle is best seen.
pub(in crate::cli) fn run(context: &Context, args: &GraphArgs) -> Result<Exit, Failure> {
    let mut sources = Sources::default();
    let (plan, diagnostics) = pipeline::examine(&args.plan, &mut sources);
    let Some(plan) = plan else {
        return Err(Failure::new(Exit::InputWrong, diagnostics, sources));
    };
    context.console.show(&sources, &diagnostics);
    let operation = args.what.operation.operation();
    let mode = super::explain::mode(operation, args.what.mode.mode());
    let graph = expand(&plan, &Expand::new(operation, mode));
    let show = if args.rollback { Show::WithRollback } else { Show::Forward };
    match args.format {
        Drawing::Dot => Console::print(&dot(&graph, show, &sources))?,
        Drawing::Mermaid => Console::print(&mermaid(&graph, show))?,
        Drawing::Svg => Console::print(&svg(&graph, show, &sources))?,
        Drawing::Json => Console::print_json(&json(&graph, show, &sources))?,
    }
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    Ok(if wrong { Exit::InputWrong } else { Exit::Done })
}
