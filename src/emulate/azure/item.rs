//! How a protected item stands: its provider, its words of state, and what may be done with it. The state machine
//! of the service as its documents tell it; which operations it lists in which state is an inference (i) wherever
//! the documents do not say it.

use crate::inventory::{Machine, Protection};

use super::job::{Job, JobState, Operation, Way};
use super::kept::{Item, Kept, TestState};
use super::options::Generation;
use super::vault::Vault;
use super::view::{View, way};

/// The provider that an item belongs to: it keeps the one that it was protected with until it is protected in
/// the other direction.
pub(super) const fn provider(generation: Generation, way: Way) -> &'static str {
    match (generation, way) {
        (Generation::Modernized, Way::Forward) => "InMageRcm",
        (Generation::Modernized, Way::Back) => "InMageRcmFailback",
        (Generation::Classic, Way::Forward) => "InMageAzureV2",
        (Generation::Classic, Way::Back) => "InMage",
    }
}

/// What may be done with an item now.
pub(super) fn allowed(vault: &Vault, view: &View, kept: &Kept, machine: &Machine) -> Vec<&'static str> {
    let way = way(vault, machine);
    if let Some(job) = kept.busy(&machine.name) {
        // (i) While a job runs nothing else may begin; only the way home of an appliance can be called off.
        let off = job.operation == Operation::PlannedFailover && job.taking_back.is_none();
        return if off { vec!["CancelFailover"] } else { Vec::new() };
    }
    let item = kept.items.get(&machine.name);
    match machine.protection {
        Protection::Protected => of_protected(vault.generation, way, view, machine, item),
        Protection::FailedOver => match (vault.generation, way) {
            (_, Way::Forward) if machine.points.is_empty() => vec!["Commit"],
            (_, Way::Forward) => vec!["Commit", "ChangePit"],
            (Generation::Modernized, Way::Back) => vec!["Commit", "CancelFailover"],
            (Generation::Classic, Way::Back) => vec!["Commit"],
        },
        Protection::Unprotected => vec!["ReverseReplicate"],
        Protection::Resyncing | Protection::Reprotecting => Vec::new(),
    }
}

fn of_protected(
    generation: Generation,
    way: Way,
    view: &View,
    machine: &Machine,
    item: Option<&Item>,
) -> Vec<&'static str> {
    let mut all = Vec::new();
    // A machine needs at least one point for any of them.
    if view.usable(machine).next().is_some() || machine.pending_bytes.is_some_and(|bytes| bytes > 0) {
        match (generation, way) {
            (_, Way::Forward) | (Generation::Classic, Way::Back) => all.push("UnplannedFailover"),
            (Generation::Modernized, Way::Back) => all.push("PlannedFailover"),
        }
        if way == Way::Forward && !tested(item) {
            all.push("TestFailover");
        }
    }
    if tested(item) {
        all.push("TestFailoverCleanup");
    }
    all
}

fn tested(item: Option<&Item>) -> bool {
    item.is_some_and(|item| item.test == TestState::WaitingForCleanup)
}

/// The word of `protectionState`, in Microsoft's spellings. (i) Which of them a VMware item shows when.
pub(super) fn protection_state(kept: &Kept, machine: &Machine) -> &'static str {
    let planned = kept.items.get(&machine.name).is_some_and(|item| item.planned);
    let runs = kept.busy(&machine.name).map(|job| job.operation);
    match (machine.protection, runs) {
        (Protection::FailedOver, Some(Operation::Commit)) if planned => {
            "PlannedFailoverCommitPendingStatesBegin"
        }
        (Protection::FailedOver, Some(Operation::Commit)) => "UnplannedFailoverCommitPendingStatesBegin",
        (Protection::FailedOver, _) if planned => "PlannedFailoverCommitRequired",
        (Protection::FailedOver, _) => "UnplannedFailoverCommitRequired",
        (Protection::Unprotected, _) if planned => "FailoverCommited",
        (Protection::Unprotected, _) => "UnplannedFailoverCommitted",
        (Protection::Reprotecting, _) => "EnablingProtection",
        (_, Some(Operation::PlannedFailover)) => "PlannedFailoverStatesBegin",
        (_, Some(Operation::UnplannedFailover)) => "UnplannedFailoverStatesBegin",
        (Protection::Protected | Protection::Resyncing, _) => "Protected",
    }
}

/// The word of `testFailoverState`.
pub(super) fn test_state(kept: &Kept, machine: &str) -> &'static str {
    let runs = kept.busy(machine).map(|job| job.operation);
    match (kept.items.get(machine).map_or(TestState::None, |item| item.test), runs) {
        (_, Some(Operation::TestFailover)) => "WaitingForCompletion",
        (TestState::WaitingForCleanup, Some(Operation::TestFailoverCleanup)) => "MarkedForDeletion",
        (TestState::WaitingForCleanup, _) => "WaitingForCleanup",
        (TestState::None, _) => "None",
    }
}

/// Why a job that runs keeps others from beginning.
pub(super) fn busy_with(job: &Job) -> String {
    let suspended = if job.state == JobState::Suspended { ", which waits for a manual action" } else { "" };
    format!("job '{}' ({}) is in progress{suspended}", job.id, job.operation.words().0)
}
