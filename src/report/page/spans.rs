//! What each step did when, out of the events: working, waiting for a person, for a time or for the
//! next attempt. Instants only; nothing here draws.

use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::event::{Event, EventKind};
use crate::run::Run;
use crate::runbook::{Act, NodeId};

/// What a span is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Doing {
    /// At work.
    Work,
    /// At work, and it came to nothing.
    Failed,
    /// It waits for a person.
    Person,
    /// It waits because the plan says so, or until it is tried again.
    Pause,
}

/// A stretch of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) node: NodeId,
    pub(super) doing: Doing,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// From 1; 0 where it is no attempt.
    pub(super) attempt: u32,
}

/// A step that goes on.
#[derive(Clone, Copy, Debug)]
struct Open {
    doing: Doing,
    from: Timestamp,
    attempt: u32,
}

/// All spans, in the order of their ends. What goes on ends with the last event.
pub(super) fn of(run: &Run, events: &[Event]) -> Vec<Span> {
    let mut open: BTreeMap<NodeId, Open> = BTreeMap::new();
    let mut spans = Vec::new();
    for event in events {
        let at = event.at;
        let Some(node) = crate::report::tell::node_of(&event.kind) else { continue };
        let next = match &event.kind {
            EventKind::StepStarted { attempt, .. } => {
                Some(Open { doing: doing(run, node), from: at, attempt: *attempt })
            }
            EventKind::StepUnclear { .. } => Some(Open { doing: Doing::Person, from: at, attempt: 0 }),
            EventKind::StepFailed { .. } => {
                if let Some(before) = open.get_mut(&node) {
                    before.doing = Doing::Failed;
                }
                Some(Open { doing: Doing::Pause, from: at, attempt: 0 })
            }
            EventKind::StepSucceeded { .. }
            | EventKind::StepSkipped { .. }
            | EventKind::OutcomeStated { .. } => None,
            // These neither begin nor end anything; how a question ends is told by the run.
            _ => continue,
        };
        close(&mut spans, open.remove(&node), node, at);
        if let Some(next) = next {
            open.insert(node, next);
        }
    }
    for (node, left) in open {
        // A failure that was the last word waits for nothing any more.
        let settled = run.node(node).is_settled();
        if left.doing == Doing::Pause && settled && left.attempt == 0 {
            continue;
        }
        let to = run.times(node).1.filter(|_| settled).unwrap_or(run.last_at());
        close(&mut spans, Some(left), node, to.max(left.from));
    }
    spans
}

fn close(spans: &mut Vec<Span>, open: Option<Open>, node: NodeId, to: Timestamp) {
    if let Some(Open { doing, from, attempt }) = open {
        spans.push(Span { node, doing, from, to, attempt });
    }
}

/// What a step does once it has begun.
fn doing(run: &Run, node: NodeId) -> Doing {
    match run.runbook().nodes.get(node).map(|node| &node.act) {
        Some(Act::Approve(_) | Act::AskPoints { .. } | Act::CommitGate(_)) => Doing::Person,
        Some(Act::Wait { .. }) => Doing::Pause,
        Some(_) | None => Doing::Work,
    }
}
