//! Steps that are tried again or passed over, and what that makes of a halt.

use crate::base::Timestamp;
use crate::event::Person;
use crate::model::{IfRejected, OnFailure};
use crate::runbook::{Act, NodeId};

use super::core::{HaltCause, Run};
use super::{NodeState, Question, SkipReason};

impl Run {
    /// An operator goes on without a step.
    pub(super) fn step_skipped(
        &mut self,
        node: NodeId,
        at: Timestamp,
        by: &Person,
        reason: &str,
    ) -> Result<(), String> {
        self.known(node)?;
        let name = self.runbook.nodes.at(node).name.clone();
        let (by, reason) = (by.clone(), reason.to_owned());
        let (because, how) = if self.is_unclear(node) {
            let how = format!("skipped by {}, its outcome not known: {reason}", by.name);
            (SkipReason::Unclear { by, reason }, how)
        } else {
            let how = format!("skipped by {}: {reason}", by.name);
            (SkipReason::Operator { by, reason }, how)
        };
        self.except(at, name, how);
        self.forget_due(node);
        self.set(node, NodeState::Skipped { at, because });
        self.times.at_mut(node).1 = Some(at);
        self.open_windows(node, at);
        self.release_slots(node);
        self.look_at_halt(at);
        self.rebuild(at);
        Ok(())
    }

    /// Failed nodes go back to where they were before their first attempt; attempts go on counting,
    /// so that each has a key of its own. Of an act whose outcome is unclear, the estate is asked once
    /// more instead: it is not repeated unless somebody says that it did not happen.
    pub(super) fn retry(&mut self, only: Option<NodeId>, at: Timestamp) -> Result<(), String> {
        if let Some(node) = only {
            self.known(node)?;
        }
        let ids: Vec<NodeId> = only.map_or_else(|| self.nodes.ids().collect(), |node| vec![node]);
        for id in ids {
            let again = match &self.nodes.at(id).state {
                // What a rollback is due for is tried again only by name; what is left behind, never.
                NodeState::Failed { tolerated, .. } => {
                    only.is_some() || (!*tolerated && self.is_awake(id) && !self.is_due(id))
                }
                NodeState::Waiting { question, .. } => {
                    only.is_some() && matches!(**question, Question::Failed(_) | Question::Unclear { .. })
                }
                NodeState::BackingOff { .. } => only.is_some(),
                NodeState::NotStarted
                | NodeState::Running { .. }
                | NodeState::Unknown { .. }
                | NodeState::Succeeded { .. }
                | NodeState::Skipped { .. } => false,
            };
            if again && self.is_unclear(id) {
                self.ask_again(id);
            } else if again {
                self.forget_due(id);
                self.begin_afresh(id);
            }
        }
        self.look_at_halt(at);
        self.rebuild(at);
        Ok(())
    }

    /// A node stands as before its first attempt.
    pub(super) fn begin_afresh(&mut self, node: NodeId) {
        self.give_back(node);
        self.set(node, NodeState::NotStarted);
        self.nodes.at_mut(node).first_began = None;
    }

    /// A halt for a step lasts as long as there is one that halts: with two failed steps, seeing to one
    /// does not pass over the other. An operator's halt lasts until it is lifted.
    pub(super) fn look_at_halt(&mut self, at: Timestamp) {
        if let Some(HaltCause::Step(node)) = self.halted
            && !self.halts(node)
        {
            self.halted = self.nodes.ids().find(|node| self.halts(*node)).map(HaltCause::Step);
            self.going_since = at;
        }
    }

    /// Whether a node has failed in such a way that nothing starts any more.
    fn halts(&self, node: NodeId) -> bool {
        let compiled = self.runbook.nodes.at(node);
        let NodeState::Failed { last, tolerated: false, .. } = &self.nodes.at(node).state else {
            return false;
        };
        self.is_awake(node)
            && match &compiled.act {
                // One that was late has failed only where its rule says halt.
                Act::Approve(approve) => {
                    last.code != super::said::REJECTED || approve.if_rejected == IfRejected::Halt
                }
                _ => compiled.policy.on_failure == OnFailure::Halt && !compiled.policy.optional,
            }
    }

    /// Whether the run is to go back because of this node.
    pub(super) fn is_due(&self, node: NodeId) -> bool {
        self.rollback_due.as_ref().is_some_and(|(due, _)| *due == node)
    }

    fn forget_due(&mut self, node: NodeId) {
        if self.is_due(node) {
            self.rollback_due = None;
        }
    }
}
