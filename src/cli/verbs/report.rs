//! `report`: what a run did, reached and left open, with its evidence.

use crate::cli::args::{ReportArgs, ReportFormat};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;
use crate::drive::replay;
use crate::report::{account, page};

/// Prints the report of one run, or writes it to a file.
pub(in crate::cli) fn run(context: &Context, args: &ReportArgs) -> Result<Exit, Failure> {
    let store = context.store()?;
    let id = store.find_run(&args.run)?;
    sealing::seal(context, &store, &id)?;
    let (run, events, _) = replay(&store, &id)?;
    let mut evidence = store.evidence(&id)?;
    // A driver may have gone on between the two looks: what both saw is told.
    if evidence.lines.len() > events.len() {
        evidence.lines.truncate(events.len());
        evidence.seal = None;
    }
    let look = match &args.output {
        Some(_) => crate::report::Look::PLAIN,
        None => context.console.look(),
    };
    let text = match args.format {
        ReportFormat::Json => account::json_with(&run, &events, &evidence),
        ReportFormat::Html => page::html(&run, &events, &evidence),
        ReportFormat::Text => account::text_with(&run, &events, &evidence, look),
    };
    match &args.output {
        Some(path) => super::fmt::replace(path, text.as_bytes())?,
        None => Console::print(&text)?,
    }
    Ok(Exit::Done)
}
