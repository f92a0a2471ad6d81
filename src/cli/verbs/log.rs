//! `log`: the run log, its digest chain checked on the way.

use crate::cli::args::{Format, LogArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::drive::replay;
use crate::event::Event;
use crate::report::log;
use crate::run::Run;

/// Prints every event of one run.
pub(in crate::cli) fn run(context: &Context, args: &LogArgs) -> Result<Exit, Failure> {
    let store = context.store()?;
    let id = store.find_run(&args.run)?;
    let (run, events, digest) = replay(&store, &id)?;
    let mut out = Vec::new();
    let written = match args.output.format {
        Format::Json => document(&run, &events, digest.as_str(), &mut out),
        Format::Text => log::text(run.runbook(), &events, context.console.look(), &mut out),
    };
    written.map_err(|error| {
        Failure::engine("the log cannot be written down", &crate::base::words::system(&error))
    })?;
    Console::print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Done)
}

/// One document, an event a line: `head` is the digest of the last event, which holds the whole chain.
fn document(run: &Run, events: &[Event], head: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Write as _;
    let runbook = run.runbook().digest();
    writeln!(
        out,
        "{{\"format\":\"muster.log/1\",\"id\":{:?},\"runbook\":\"{runbook}\",\"head\":\"{head}\",\"events\":[",
        run.id()
    )?;
    for (index, event) in events.iter().enumerate() {
        let mut line = Vec::new();
        log::json(run.runbook(), std::iter::once(event), &mut line)?;
        let comma = if index + 1 < events.len() { "," } else { "" };
        writeln!(out, "{}{comma}", String::from_utf8_lossy(&line).trim_end())?;
    }
    writeln!(out, "]}}")
}
