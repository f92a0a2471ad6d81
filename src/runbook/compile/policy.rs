//! Limits and failure rules of each act, by mode: what the plan leaves unsaid is decided here.

use std::time::Duration;

use crate::graph::Work;
use crate::model::{At, Mode, OnFailure, Step, StepKind, Vm};
use crate::runbook::{NodePolicy, Slot};

const MINUTE: u64 = 60;
/// Room for an estate to notice that a guest is down, on top of what the guest may take.
const SHUTDOWN_ROOM: Duration = Duration::from_secs(5 * MINUTE);
/// Azure's promise for one machine's failover is an hour; slower than that is stuck.
const FAIL_OVER_MAX: Duration = Duration::from_secs(60 * MINUTE);
/// A look at a source that may be gone.
const OBSERVE_MAX: Duration = Duration::from_secs(2 * MINUTE);
/// Final points and pending data: what is left to send when the sources are quiet.
const FLUSH_MAX: Duration = Duration::from_secs(30 * MINUTE);
/// The choice is a computation over an inventory that has to be fetched.
const BIND_MAX: Duration = Duration::from_secs(5 * MINUTE);
/// Committing discards points and may delete machines.
const COMMIT_MAX: Duration = Duration::from_secs(30 * MINUTE);
/// The first copy in the other direction takes hours; accepting it does not.
const REPROTECT_MAX: Duration = Duration::from_secs(4 * 60 * MINUTE);
/// Removing a copy, or dropping a target and starting its source.
const UNDO_MAX: Duration = Duration::from_secs(60 * MINUTE);

/// What a failure of an act does where the plan does not say.
pub(super) fn default_on_failure(work: &Work, source_side: bool, mode: Option<Mode>) -> OnFailure {
    match work {
        // Half of the machines may stay unprotected for a time, and the run says so: the others go on.
        Work::Reprotect(_) | Work::CleanUp(_) | Work::RollBack(_) => OnFailure::Block,
        // What cannot be undone is listed; it must not keep a source from coming back.
        Work::Undo(_) => OnFailure::Continue,
        Work::ConfirmStopped(_) | Work::TakeFinal(_) => OnFailure::Ask,
        Work::Fence => OnFailure::Halt,
        Work::ProcessPending(_) if matches!(mode, Some(Mode::Unplanned | Mode::Forced)) => {
            OnFailure::Continue
        }
        Work::Join
        | Work::Mark
        | Work::Step(_)
        | Work::AskPoints(_)
        | Work::ShutDown(_)
        | Work::ProcessPending(_)
        | Work::Bind(_)
        | Work::FailOver(_)
        | Work::Start(_)
        | Work::Ready(_)
        | Work::CommitGate
        | Work::Commit(_)
        | Work::CleanUpGate => match mode {
            Some(Mode::Planned) => OnFailure::Halt,
            Some(Mode::Unplanned | Mode::Forced) if source_side => OnFailure::Continue,
            Some(Mode::Unplanned | Mode::Forced) | None => OnFailure::Block,
        },
    }
}

/// One attempt's limit of an act on an estate; none where the act carries its own.
pub(super) fn default_timeout(work: &Work, vm: Option<&Vm>) -> Option<Duration> {
    let settings = vm.map(|vm| &vm.settings);
    match work {
        Work::ShutDown(_) => {
            let spec = settings.and_then(|settings| settings.shutdown).unwrap_or_default();
            Some(spec.guest.saturating_add(SHUTDOWN_ROOM))
        }
        Work::ConfirmStopped(_) => Some(OBSERVE_MAX),
        Work::TakeFinal(_) | Work::ProcessPending(_) => Some(FLUSH_MAX),
        Work::Bind(_) => Some(BIND_MAX),
        Work::FailOver(_) => Some(FAIL_OVER_MAX),
        Work::Start(_) => Some(settings.and_then(|settings| settings.start).unwrap_or_default().within),
        Work::Commit(_) => Some(COMMIT_MAX),
        Work::Reprotect(_) => Some(REPROTECT_MAX),
        Work::CleanUp(_) | Work::RollBack(_) => Some(UNDO_MAX),
        Work::Join
        | Work::Mark
        | Work::Step(_)
        | Work::Undo(_)
        | Work::AskPoints(_)
        | Work::Fence
        | Work::Ready(_)
        | Work::CommitGate
        | Work::CleanUpGate => None,
    }
}

/// What is limited in number at once.
pub(super) const fn slot(work: &Work) -> Option<Slot> {
    match work {
        Work::ShutDown(_) => Some(Slot::ShutDown),
        Work::FailOver(_) => Some(Slot::FailOver),
        Work::Start(_) => Some(Slot::PowerOn),
        Work::Join
        | Work::Mark
        | Work::Step(_)
        | Work::Undo(_)
        | Work::AskPoints(_)
        | Work::Fence
        | Work::ConfirmStopped(_)
        | Work::ProcessPending(_)
        | Work::TakeFinal(_)
        | Work::Bind(_)
        | Work::Ready(_)
        | Work::CommitGate
        | Work::Commit(_)
        | Work::Reprotect(_)
        | Work::CleanUpGate
        | Work::CleanUp(_)
        | Work::RollBack(_) => None,
    }
}

/// Whether a step acts on the source: its failure does not stop what happens at the target.
pub(super) const fn on_source(step: &Step) -> bool {
    match step.at {
        At::BeforeShutdown | At::AfterShutdown => step.owner.is_some(),
        At::BeforeStart | At::AfterStart => false,
    }
}

/// The rules of an act that is no authored step.
pub(super) fn of_work(work: &Work, vm: Option<&Vm>, mode: Option<Mode>, optional: bool) -> NodePolicy {
    let source_side = matches!(work, Work::ShutDown(_));
    let starts = matches!(work, Work::Start(_));
    let delay = vm.filter(|_| starts).and_then(|vm| vm.settings.start).unwrap_or_default().delay;
    NodePolicy {
        on_failure: default_on_failure(work, source_side, mode),
        optional,
        retry: None,
        timeout: default_timeout(work, vm),
        delay,
        slot: slot(work),
        slot_until: None,
    }
}

/// The rules of an authored step: its own first.
pub(super) fn of_step(work: &Work, step: &Step, mode: Option<Mode>, optional: bool) -> NodePolicy {
    let own = match &step.kind {
        StepKind::Script(script) => Some(script.spec.timeout),
        StepKind::Approve(_) | StepKind::Check(_) | StepKind::Wait { .. } | StepKind::Call { .. } => None,
    };
    NodePolicy {
        on_failure: step.on_failure.unwrap_or_else(|| default_on_failure(work, on_source(step), mode)),
        optional: optional || step.optional,
        retry: step.retry.clone(),
        timeout: step.timeout.or(own),
        delay: Duration::ZERO,
        slot: None,
        slot_until: None,
    }
}
