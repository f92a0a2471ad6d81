//! Whether a failed attempt is followed by another, and when. From stored instants only, so that a
//! resumed run decides the same.

use std::time::Duration;

use crate::base::{Timestamp, limits};
use crate::model::Retry;
use crate::runbook::{Act, Node};

/// What is known of a failed attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailedAttempt<'a> {
    pub(super) attempt: u32,
    pub(super) first_began: Timestamp,
    pub(super) at: Timestamp,
    pub(super) code: &'a str,
    pub(super) retryable: bool,
}

/// For acts on the estate where the plan says nothing: a refusal for now is tried again, for five
/// minutes at most.
const ESTATE_RETRY: Retry = Retry {
    times: None,
    every: Duration::from_secs(10),
    backoff: 2,
    limit: Some(Duration::from_secs(300)),
    on: Vec::new(),
};

/// When the next attempt begins; none if there is no other.
pub(super) fn next_attempt(node: &Node, failed: FailedAttempt<'_>) -> Option<Timestamp> {
    let of_act = match &node.act {
        Act::Reprotect { retry, .. } => retry.as_ref(),
        Act::Join
        | Act::Approve(_)
        | Act::Script(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::ShutDown { .. }
        | Act::ConfirmStopped { .. }
        | Act::Fence { .. }
        | Act::ProcessPending { .. }
        | Act::TakeFinal { .. }
        | Act::Bind(_)
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::CommitGate(_)
        | Act::Commit { .. }
        | Act::CleanUp { .. }
        | Act::RollBack { .. } => None,
    };
    let said = of_act.or(node.policy.retry.as_ref());
    // A rule that names its codes holds for those; any other passing refusal of an estate has the
    // estate's own rule, so that a plan that waits for agents is not stopped by a busy service.
    let retry = match said {
        Some(retry) if retry.on.is_empty() || retry.on.iter().any(|code| code == failed.code) => retry,
        Some(_) | None if asks_estate(&node.act) && failed.retryable => &ESTATE_RETRY,
        Some(_) | None => return None,
    };
    let named = retry.on.iter().any(|code| code == failed.code);
    let script_or_check = !asks_estate(&node.act);
    if !(failed.retryable || named || script_or_check) || failed.attempt >= limits::ATTEMPTS_MAX {
        return None;
    }
    // `times` counts attempts after the first; where neither it nor `for` is said, there is none.
    let times = retry.times.unwrap_or(if retry.limit.is_some() { limits::ATTEMPTS_MAX } else { 0 });
    if failed.attempt > times {
        return None;
    }
    let factor = retry.backoff.max(1).saturating_pow(failed.attempt.saturating_sub(1).min(16));
    let pause = retry.every.saturating_mul(factor).min(limits::BACKOFF_MAX);
    let begins = failed.at.plus(pause);
    match retry.limit {
        Some(limit) if begins > failed.first_began.plus(limit) => None,
        Some(_) | None => Some(begins),
    }
}

/// Whether the act is a verb of the estate.
pub(super) const fn asks_estate(act: &Act) -> bool {
    match act {
        Act::ShutDown { .. }
        | Act::ConfirmStopped { .. }
        | Act::ProcessPending { .. }
        | Act::TakeFinal { .. }
        | Act::Bind(_)
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::Commit { .. }
        | Act::Reprotect { .. }
        | Act::CleanUp { .. }
        | Act::RollBack { .. } => true,
        Act::Join
        | Act::Approve(_)
        | Act::Script(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::Fence { .. }
        | Act::CommitGate(_) => false,
    }
}
