//! The longest way through a runbook by the upper bounds of its nodes. Says what could be, not what
//! is likely.

use std::time::Duration;

use crate::base::{Id, IdVec};
use crate::graph::order::{Csr, Order, critical_path, order};
use crate::model::{Retry, VmId};

use super::{Act, Lane, Node, NodeId, Phase, Runbook};

/// The forward nodes of a runbook as a graph; nodes keep their numbers.
#[must_use]
pub fn forward(runbook: &Runbook) -> (Csr, Order) {
    let lane = |id: NodeId| runbook.nodes.get(id).map(|node| node.lane);
    let number = |id: NodeId| u32::try_from(id.index()).unwrap_or(u32::MAX);
    let mut edges: Vec<(u32, u32)> = Vec::new();
    for (id, node) in runbook.nodes.iter_enumerated().filter(|(_, node)| node.lane != Lane::Rollback) {
        let on = node.after.iter().filter(|it| lane(it.on).is_some_and(|lane| lane != Lane::Rollback));
        edges.extend(on.map(|it| (number(it.on), number(id))));
    }
    let csr = Csr::new(runbook.nodes.len(), edges.iter().copied());
    let order = order(&csr);
    (csr, order)
}

/// The nodes whose ends stop the clock of the RTO: the objective's own, else each machine's last one before
/// the commit window: when its guest answers, where the plan waits for that.
#[must_use]
pub fn goal(runbook: &Runbook) -> Vec<NodeId> {
    if let Some(until) = runbook.objective.until {
        return vec![until];
    }
    let mut last: IdVec<VmId, Option<NodeId>> = runbook.machines.ids().map(|_| None).collect();
    for (id, node) in runbook.nodes.iter_enumerated() {
        let (Act::FailOver { vm } | Act::Start { vm }) = &node.act else { continue };
        if let Some(slot) = last.get_mut(*vm) {
            // A start comes after its failover, and its guest's answer after both.
            *slot = (*slot).max(Some(node.policy.slot_until.unwrap_or(id)));
        }
    }
    last.iter().copied().flatten().collect()
}

/// The longest time from the beginning to the node that ends the RTO (else the last start), if every
/// node takes all it may, with the nodes of that way. Waiting for slots is not counted.
#[must_use]
pub fn longest(runbook: &Runbook) -> (Duration, Vec<NodeId>) {
    let (csr, order) = forward(runbook);
    let counts = |node: &Node| node.lane == Lane::Forward && node.phase <= Phase::Start;
    let cost: Vec<Duration> = runbook
        .nodes
        .iter()
        .map(|node| {
            if runbook.objective.until.is_some() || counts(node) { upper_bound(node) } else { Duration::ZERO }
        })
        .collect();
    let end = runbook.objective.until.and_then(|id| u32::try_from(id.index()).ok());
    let path = critical_path(&csr, &order, &cost, end);
    let ids = path.nodes.into_iter().map(|node| NodeId::from_index(node as usize));
    let long = |id: &NodeId| runbook.nodes.get(*id).is_some_and(|node| !upper_bound(node).is_zero());
    (path.total, ids.filter(long).collect())
}

/// The longest that a node may take, its attempts and pauses included.
#[must_use]
pub fn upper_bound(node: &Node) -> Duration {
    let once = match &node.act {
        Act::Join | Act::CommitGate(_) | Act::AskPoints { .. } => Duration::ZERO,
        Act::Approve(approve) => approve.within,
        Act::Wait { duration, .. } => *duration,
        Act::Check(_)
        | Act::Script(_)
        | Act::Fence { .. }
        | Act::ShutDown { .. }
        | Act::ConfirmStopped { .. }
        | Act::ProcessPending { .. }
        | Act::TakeFinal { .. }
        | Act::Bind(_)
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::Commit { .. }
        | Act::Reprotect { .. }
        | Act::CleanUp { .. }
        | Act::RollBack { .. } => attempt_bound(node).unwrap_or_default(),
    };
    let all = node.policy.retry.as_ref().map_or(once, |retry| with_retries(once, retry));
    node.policy.delay.saturating_add(all)
}

/// After how long one attempt at a node is given up, where its rules say so.
#[must_use]
pub fn attempt_bound(node: &Node) -> Option<Duration> {
    match &node.act {
        Act::Check(check) => Some(check.within),
        Act::Script(script) => Some(node.policy.timeout.unwrap_or(script.spec.timeout)),
        Act::Fence { spec, .. } => Some(node.policy.timeout.unwrap_or(spec.timeout)),
        _ => node.policy.timeout,
    }
}

/// Attempts after which a sum is not added up further: no plan's pause is that short.
const ATTEMPTS_SUMMED: u32 = 1000;

fn with_retries(once: Duration, retry: &Retry) -> Duration {
    let by_limit = retry.limit.map(|limit| limit.saturating_add(once));
    let by_number = retry.times.map(|times| {
        let mut pause = retry.every;
        let mut sum = once;
        for _ in 0..times.min(ATTEMPTS_SUMMED) {
            sum = sum.saturating_add(pause).saturating_add(once);
            pause = pause.saturating_mul(retry.backoff.max(1)).min(crate::base::limits::BACKOFF_MAX);
        }
        sum
    });
    match (by_limit, by_number) {
        (Some(one), Some(other)) => one.min(other),
        (one, other) => one.or(other).unwrap_or(once),
    }
}
