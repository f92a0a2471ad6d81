//! When the goal of a run was reached, and the way there: which step held up which. Changes nothing.

use crate::base::Timestamp;
use crate::runbook::{Act, NodeId};

use super::core::Run;
use super::{NodeState, SkipReason};

/// A step of the way, as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// The step.
    pub node: NodeId,
    /// When the last thing that it waited for was done, or the run began.
    pub free: Timestamp,
    /// When it first began: later than `free` by a delay, or by a slot that was taken.
    pub began: Timestamp,
    /// When it was done.
    pub ended: Timestamp,
}

impl Run {
    /// When the last of these nodes was done, and which that was; none until all are. A machine that may
    /// be lost and was is not waited for.
    #[must_use]
    pub fn reached(&self, goal: &[NodeId]) -> Option<(Timestamp, NodeId)> {
        let mut last = None;
        for node in goal {
            let state = &self.nodes.get(*node)?.state;
            let lost = matches!(state, NodeState::Skipped { because: SkipReason::TargetNotDone, .. });
            if lost && self.runbook.nodes.at(*node).policy.optional {
                continue;
            }
            let ended = self.times.at(*node).1.filter(|_| state.is_done())?;
            if last.is_none_or(|(at, _)| ended > at) {
                last = Some((ended, *node));
            }
        }
        last
    }

    /// The steps that led to the end of `last`, first to last; joins are passed through.
    ///
    /// Approach: of all that a step waited for, what ended last is what held it up; of several that ended
    /// together, the first of the runbook. Each step is seen once, for the graph has no cycle.
    #[must_use]
    pub fn critical_path(&self, last: NodeId) -> Vec<Held> {
        let mut path = Vec::new();
        let mut at = Some(last);
        for _ in 0..self.runbook.nodes.len() {
            let Some((id, node)) = at.and_then(|id| Some((id, self.runbook.nodes.get(id)?))) else { break };
            let ends = node.after.iter().filter_map(|edge| Some((self.times.get(edge.on)?.1?, edge.on)));
            let held_by = ends.reduce(|last, one| if one.0 > last.0 { one } else { last });
            let begin = self.started.as_ref().map(|(at, _, _)| *at);
            if let ((Some(began), Some(ended)), false) = (*self.times.at(id), node.act == Act::Join) {
                let free = held_by.map(|(ended, _)| ended).or(begin).unwrap_or(began);
                path.push(Held { node: id, free, began, ended });
            }
            at = held_by.map(|(_, id)| id);
        }
        path.reverse();
        path
    }
}
