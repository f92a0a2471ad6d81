//! What readers may see of a run. Nothing here changes it.

use std::sync::Arc;

use crate::base::Timestamp;
use crate::event::{FinalState, Person, RunOptions};
use crate::model::{Ladder, VmId};
use crate::runbook::{BoundPoint, Forecast, NodeId, Runbook, Slot, SubjectId};

use super::core::{Flow, HaltCause, Run};
use super::{Exception, NodeState, RunState};

impl Run {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it executes.
    #[must_use]
    pub fn runbook(&self) -> &Arc<Runbook> {
        &self.runbook
    }

    /// The state of a node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> &NodeState {
        &self.nodes.at(node).state
    }

    /// Attempts so far at a node.
    #[must_use]
    pub fn attempts(&self, node: NodeId) -> u32 {
        self.nodes.at(node).attempts
    }

    /// How often the present attempt at a node was found never to have arrived.
    #[must_use]
    pub fn never_arrived(&self, node: NodeId) -> u32 {
        self.nodes.at(node).never_arrived
    }

    /// When a node first began, and when it settled.
    #[must_use]
    pub fn times(&self, node: NodeId) -> (Option<Timestamp>, Option<Timestamp>) {
        *self.times.at(node)
    }

    /// Whether the target is to be made again at another point, and not for the first time.
    #[must_use]
    pub fn made_again(&self, node: NodeId) -> bool {
        let record = self.nodes.at(node);
        record.made && !matches!(record.state, NodeState::Succeeded { .. })
    }

    /// Whether a node can still have its turn, the run being on the way it is.
    #[must_use]
    pub fn is_awake(&self, node: NodeId) -> bool {
        self.awake(self.runbook.nodes.at(node).lane)
    }

    /// The state of the run.
    #[must_use]
    pub fn state(&self) -> RunState {
        if let Some(state) = self.ended {
            return RunState::Ended(state);
        }
        let busy = !self.running.is_empty() || !self.unknown.is_empty();
        if self.halted.is_some() {
            return RunState::Halted;
        }
        if self.paused {
            return RunState::Paused;
        }
        let can_begin = !self.ready.is_empty()
            || !self.delayed.is_empty()
            || !self.backing_off.is_empty()
            || !self.pausing.is_empty();
        if busy || (can_begin && !self.is_held_by_unclear()) {
            RunState::Running
        } else if !self.waiting.is_empty() {
            RunState::Waiting
        } else if self.unsettled == 0 && self.stands_on_failure() {
            RunState::Halted
        } else {
            RunState::Running
        }
    }

    /// Whether nothing is under way in the world.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.running.is_empty() && self.unknown.is_empty()
    }

    /// Why it halted, if a step or an operator did it.
    #[must_use]
    pub const fn halt_cause(&self) -> Option<&HaltCause> {
        self.halted.as_ref()
    }

    /// Nodes that wait for a person.
    pub fn waiting_for_people(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.waiting.iter().copied()
    }

    /// Nodes under way.
    pub fn under_way(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.running.iter().chain(&self.unknown).copied()
    }

    /// Nodes that failed for good and are not tolerated.
    pub fn failed(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes
            .iter_enumerated()
            .filter(|(_, record)| matches!(record.state, NodeState::Failed { tolerated: false, .. }))
            .map(|(id, _)| id)
    }

    /// What a report has to say besides success, in order.
    #[must_use]
    pub fn exceptions(&self) -> &[Exception] {
        &self.exceptions
    }

    /// The points bound for a subject.
    #[must_use]
    pub fn bound(&self, subject: SubjectId) -> Option<&Forecast> {
        self.bound.get(subject).and_then(Option::as_ref)
    }

    /// The point bound for a machine.
    #[must_use]
    pub fn point(&self, vm: VmId) -> Option<&BoundPoint> {
        self.points.get(vm).and_then(Option::as_ref)
    }

    /// The ladder in force for a subject.
    #[must_use]
    pub fn ladder(&self, subject: SubjectId) -> Option<&Ladder> {
        self.ladders.get(subject)
    }

    /// Whether a person chose the ladder in force.
    #[must_use]
    pub fn was_chosen(&self, subject: SubjectId) -> bool {
        self.chosen.contains(&subject)
    }

    /// Where a machine is reached at the target, as far as known.
    #[must_use]
    pub fn address(&self, vm: VmId) -> Option<&str> {
        self.addresses.get(vm).and_then(Option::as_deref)
    }

    /// When it started, by whom and how.
    #[must_use]
    pub const fn started(&self) -> Option<&(Timestamp, Person, RunOptions)> {
        self.started.as_ref()
    }

    /// The end, if it came.
    #[must_use]
    pub const fn ended(&self) -> Option<FinalState> {
        self.ended
    }

    /// The instant of the last event.
    #[must_use]
    pub const fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// How many events were applied.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// How many nodes that are awake are settled, and how many there are; joins left out.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let mut settled = 0;
        let mut all = 0;
        for (id, record) in self.nodes.iter_enumerated() {
            let node = self.runbook.nodes.at(id);
            if node.act != crate::runbook::Act::Join && self.awake(node.lane) {
                all += 1;
                settled += usize::from(record.state.is_settled());
            }
        }
        (settled, all)
    }

    /// Whether the run is on its way back.
    #[must_use]
    pub fn is_rolling_back(&self) -> bool {
        self.flow == Flow::RollingBack
    }

    /// Whether an operator had the test cleaned up.
    #[must_use]
    pub fn is_cleaning_up(&self) -> bool {
        self.flow == Flow::CleaningUp
    }

    /// When the commit window opened, if it did: the earliest of its gates.
    #[must_use]
    pub fn window_opened(&self) -> Option<Timestamp> {
        self.window_opened.values().min().copied()
    }

    /// Whether a machine's target was made, started and seen ready.
    #[must_use]
    pub fn target_is_done(&self, vm: VmId) -> bool {
        self.target_done(vm)
    }

    /// Nodes that try again at an instant, earliest first.
    pub fn trying_again(&self) -> impl Iterator<Item = (Timestamp, NodeId)> + '_ {
        self.backing_off.iter().copied()
    }

    /// Nodes that could begin: they wait for a slot, or for the driver.
    pub fn ready_to_begin(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.ready.all()
    }

    /// Nodes whose pause before the start is not over, earliest first.
    pub fn delayed(&self) -> impl Iterator<Item = (Timestamp, NodeId)> + '_ {
        self.delayed.iter().copied()
    }

    /// Slots in use, by kind.
    pub fn slots_in_use(&self) -> impl Iterator<Item = (Slot, u32)> + '_ {
        self.slots.iter().filter(|(_, used)| **used > 0).map(|(slot, used)| (*slot, *used))
    }

    /// The instant at which the timer of a commit gate runs out, once its window is open.
    #[must_use]
    pub fn window_closes(&self, gate: NodeId) -> Option<Timestamp> {
        match &self.runbook.nodes.at(gate).act {
            crate::runbook::Act::CommitGate(spec) => match spec.policy {
                crate::model::CommitPolicy::Auto(after) | crate::model::CommitPolicy::Rollback(after) => {
                    self.window_opened.get(&gate).map(|opened| opened.plus(after))
                }
                crate::model::CommitPolicy::Gated | crate::model::CommitPolicy::Manual => None,
            },
            _ => None,
        }
    }

    /// Names of what a node still waits for.
    #[must_use]
    pub fn waits_for(&self, node: NodeId) -> Vec<(NodeId, &str)> {
        let after = &self.runbook.nodes.at(node).after;
        after
            .iter()
            .filter(|edge| !self.nodes.at(edge.on).state.is_settled())
            .map(|edge| (edge.on, edge.why.as_str()))
            .collect()
    }
}
