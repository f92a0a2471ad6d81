//! `log`: the run log, its digest chain checked on the way.

use crate::cli::args::{LogArgs, LogFormat};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;
use crate::drive::replay;
use crate::event::Event;
use crate::report::{Look, evidence, log};
use crate::run::Run;

/// Prints every event of one run, or writes them to a file.
pub(in crate::cli) fn run(context: &Context, args: &LogArgs) -> Result<Exit, Failure> {
    let store = context.store()?;
    let id = store.find_run(&args.run)?;
    let mut out = Vec::new();
    let written = if args.format == LogFormat::Jsonl {
        sealing::seal(context, &store, &id)?;
        // As it stands, also where it is damaged: whoever verifies it is told.
        evidence::jsonl(&store.evidence(&id)?, &mut out)
    } else {
        let (run, events, digest) = replay(&store, &id)?;
        let look = if args.output.is_some() { Look::PLAIN } else { context.console.look() };
        match args.format {
            LogFormat::Text => log::text(run.runbook(), &events, look, &mut out),
            LogFormat::Json | LogFormat::Jsonl => document(&run, &events, digest.as_str(), &mut out),
        }
    };
    written.map_err(|error| {
        Failure::engine("the log cannot be written down", &crate::base::words::system(&error))
    })?;
    match &args.output {
        Some(path) => super::fmt::replace(path, &out)?,
        None => Console::print(&String::from_utf8_lossy(&out))?,
    }
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
