//! How a run stands, said in passing: what it means, what it waits for, what to type next.

use crate::base::{Clock as _, SystemClock, Timestamp};
use crate::estate::any::is_simulated;
use crate::event::Event;
use crate::report::{Moment, Seen, status};
use crate::run::Run;
use crate::store::{RunId, Store};

use super::context::Context;
use super::failure::Failure;

/// The present of a run: the estate's clock and the wall's.
pub(super) fn moment(run: &Run) -> Moment {
    let wall = SystemClock.now();
    Moment { estate: estate_now(run, wall), wall }
}

/// A simulated estate's time goes on only while it is driven: it stands at the last event.
fn estate_now(run: &Run, wall: Timestamp) -> Timestamp {
    if is_simulated(&run.runbook().estate.provider) { run.last_at() } else { wall.max(run.last_at()) }
}

/// Says to the person who drove a run how it stands now.
pub(super) fn say(
    context: &Context,
    store: &Store,
    id: &RunId,
    run: &Run,
    events: &[Event],
) -> Result<(), Failure> {
    let info = store.run(id)?;
    let status = status::status(Seen { run, events, info: Some(&info), moment: moment(run) });
    let mut lines = vec![status.means.clone()];
    for ask in &status.waiting {
        lines.push(format!("  {}: {}", ask.step, ask.what));
        let answers = ask.alternatives.iter().map(|one| &one.command).chain(&ask.commands);
        lines.extend(answers.map(|command| format!("    {command}")));
    }
    if status.waiting.is_empty() {
        lines.extend(status.ways_out.iter().map(|way| format!("  {}  ({})", way.command, way.does)));
    }
    lines.extend(status.warnings.iter().map(|warning| format!("  {warning}")));
    for line in lines {
        context.console.note(&line);
    }
    Ok(())
}
