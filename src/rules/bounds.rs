//! How long things may take at most, as the plan bounds them.

use std::time::Duration;

use crate::model::{Retry, StartReady, StartSpec, Step, StepKind};

/// One attempt's limit; nothing where the plan gives none.
pub(super) fn attempt(step: &Step) -> Option<Duration> {
    match &step.kind {
        StepKind::Approve(approve) => Some(approve.within),
        StepKind::Check(check) => Some(check.within),
        StepKind::Script(script) => Some(step.timeout.unwrap_or(script.spec.timeout)),
        StepKind::Wait { duration, .. } => Some(*duration),
        StepKind::Call { .. } => step.timeout,
    }
}

/// The pauses between all attempts that `times` allows.
pub(super) fn pauses(retry: &Retry) -> Option<Duration> {
    let times = retry.times?;
    if retry.backoff <= 1 {
        return Some(retry.every.saturating_mul(times));
    }
    let mut pause = retry.every;
    let mut sum = Duration::ZERO;
    for _ in 0..times {
        sum = sum.saturating_add(pause);
        if sum == Duration::MAX {
            break;
        }
        pause = pause.saturating_mul(retry.backoff);
    }
    Some(sum)
}

/// The most that a step may take, its retries included; what has no bound counts nothing.
pub(super) fn step(step: &Step) -> Duration {
    let one = attempt(step).unwrap_or_default();
    let Some(retry) = &step.retry else { return one };
    let by_times = pauses(retry)
        .map(|pauses| pauses.saturating_add(one.saturating_mul(retry.times.unwrap_or(0).saturating_add(1))));
    let by_limit = retry.limit.map(|limit| limit.saturating_add(one));
    match (by_times, by_limit) {
        (Some(times), Some(limit)) => times.min(limit),
        (Some(bound), None) | (None, Some(bound)) => bound,
        (None, None) => one,
    }
}

/// The most that a start may take.
pub(super) fn start(spec: Option<StartSpec>) -> Duration {
    let spec = spec.unwrap_or_default();
    match spec.ready {
        StartReady::Heartbeat => spec.delay.saturating_add(spec.within),
        StartReady::None => spec.delay,
    }
}
