//! How long the steps of earlier runs took: the runs of a plan in the state folder, read and never written.

use crate::base::limits;
use crate::rehearse::Past;
use crate::runbook::Runbook;
use crate::store::{OpenFor, RunInfo, Store, StoreError};

use super::context::Context;
use super::failure::Failure;

/// The latest earlier runs of the same plan and operation; nothing where there is no state folder yet.
///
/// # Errors
/// The state folder is there and cannot be read.
pub(super) fn past(context: &Context, runbook: &Runbook) -> Result<Past, Failure> {
    let store = match Store::open(&context.state, OpenFor::Read) {
        Ok(store) => store,
        Err(StoreError::NoStore { .. }) => return Ok(Past::default()),
        // Bringing it up to date would write.
        Err(error @ StoreError::Version { .. }) => {
            context.console.note(&format!("earlier runs are not read: {}", error.diagnostic().message));
            return Ok(Past::default());
        }
        Err(error) => return Err(error.into()),
    };
    let is_alike = |run: &RunInfo| run.plan == runbook.plan && run.operation == runbook.operation;
    let runs: Vec<RunInfo> = store.runs()?.into_iter().filter(is_alike).collect();
    let mut past = Past::default();
    for run in runs.iter().skip(runs.len().saturating_sub(limits::PAST_RUNS_MAX)) {
        let earlier = store.runbook(&run.id)?;
        let events = store.events(&run.id, 1)?.collect::<Result<Vec<_>, StoreError>>()?;
        past.add(&earlier, &events);
    }
    Ok(past)
}
