//! Makes a run, and reads one back: the runbook, and the fold of its log.

use crate::base::{Digest, Timestamp};
use crate::event::{Event, EventKind, Person, RunOptions};
use crate::run::Run;
use crate::runbook::Runbook;
use crate::store::{NewRun, RunId, RunStore, RunSummary, Store, StoreError};

/// Freezes a run in the store: its runbook, its first event, its machines' locks. Nothing is touched
/// yet, and nobody drives it.
///
/// # Errors
/// A machine is held by another run, or the store cannot be written.
pub async fn begin_run(
    store: &Store,
    runbook: &Runbook,
    written_in: &str,
    by: Person,
    options: RunOptions,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    let id = store.fresh_run_id(&runbook.plan, now)?;
    let digest = runbook.digest();
    let kind = EventKind::RunStarted { run: id.as_str().to_owned(), runbook: digest.clone(), by, options };
    let first = Event { seq: 1, at: now, kind };
    let summary = RunSummary { state: crate::store::RunState::Running, at: now };
    let new = NewRun::of(id.clone(), runbook, written_in, summary);
    store.create_run(new, vec![first.line(&digest)]).await?;
    Ok(id)
}

/// The run as its log tells of it, its events, and the digest that the next event's line follows.
///
/// # Errors
/// The store cannot be read, its chain is broken, or an event cannot follow those before it.
pub fn replay(store: &impl RunStore, id: &RunId) -> Result<(Run, Vec<Event>, Digest), StoreError> {
    let mut run = Run::new(id.as_str(), store.runbook(id)?);
    let mut events = Vec::new();
    // One by one, so that the log is read on while its events are taken in.
    let next = store.log(id, &mut |event| {
        run.follow(&event).map_err(|error| StoreError::Damaged { what: error.to_string() })?;
        events.push(event);
        Ok(())
    })?;
    Ok((run, events, next))
}
