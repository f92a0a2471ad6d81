//! What becomes ready, blocked or awake when a node settles or the run changes its way.

use crate::base::Timestamp;
use crate::event::EventKind;
use crate::runbook::{Act, Lane, Needs, NodeId};

use super::core::{Flow, Run};
use super::{NodeState, SkipReason};

impl Run {
    /// Computes ready nodes, blocks and counters afresh from the states of nodes that really began
    /// or were skipped by someone. Linear in the graph; used when the run changes its way.
    pub(super) fn rebuild(&mut self, at: Timestamp) {
        self.ready.clear();
        self.delayed.clear();
        let ids: Vec<NodeId> = self.nodes.ids().collect();
        for id in &ids {
            let node = self.runbook.nodes.at(*id);
            let open = u32::try_from(node.after.len()).unwrap_or(u32::MAX);
            let derived = matches!(
                self.nodes.at(*id).state,
                NodeState::Skipped {
                    because: SkipReason::Blocked { .. }
                        | SkipReason::TargetNotDone
                        | SkipReason::NothingToUndo,
                    ..
                }
            ) || matches!(
                (&node.act, &self.nodes.at(*id).state),
                (Act::Join, NodeState::Succeeded { .. })
            );
            // What is left behind in a lane that sleeps stays as it was: nobody derives it again.
            let awake = self.awake(node.lane);
            let record = self.nodes.at_mut(*id);
            record.open = open;
            if derived && awake {
                record.state = NodeState::NotStarted;
            }
        }
        self.unsettled = ids
            .iter()
            .filter(|id| {
                self.awake(self.runbook.nodes.at(**id).lane) && !self.nodes.at(**id).state.is_settled()
            })
            .count();
        let settled: Vec<NodeId> =
            ids.iter().copied().filter(|id| self.nodes.at(*id).state.is_settled()).collect();
        let roots: Vec<NodeId> = ids
            .iter()
            .copied()
            .filter(|id| {
                self.runbook.nodes.at(*id).after.is_empty()
                    && self.nodes.at(*id).state == NodeState::NotStarted
            })
            .collect();
        let mut work = settled;
        for root in roots {
            self.became_ready(root, at, &mut work);
        }
        self.close_windows();
        self.spread(work, at);
        self.look_at_windows(at);
    }

    /// Says that a node has settled.
    pub(super) fn settled(&mut self, node: NodeId, at: Timestamp) {
        self.release_slots(node);
        self.spread(vec![node], at);
    }

    /// Approach: a work list instead of recursion, for a chain may be a million nodes long. Each
    /// settled node takes one edge off each dependant; a dependant that needed it done is blocked.
    fn spread(&mut self, mut work: Vec<NodeId>, at: Timestamp) {
        let dependants = std::sync::Arc::clone(&self.dependants);
        while let Some(node) = work.pop() {
            let done = self.nodes.at(node).state.is_done();
            for (after, needs) in dependants.of_node(node) {
                let (after, needs) = (*after, *needs);
                if self.nodes.at(after).open == 0 {
                    continue;
                }
                self.nodes.at_mut(after).open -= 1;
                if self.nodes.at(after).state != NodeState::NotStarted
                    || !self.awake(self.runbook.nodes.at(after).lane)
                {
                    continue;
                }
                if needs == Needs::Done && !done && !self.cleans_up_anyway(after) {
                    let by = self.cause_of_block(node);
                    self.set(after, NodeState::Skipped { at, because: SkipReason::Blocked { by } });
                    self.open_windows(after, at);
                    work.push(after);
                } else if self.nodes.at(after).open == 0 {
                    self.became_ready(after, at, &mut work);
                }
            }
        }
    }

    /// A cleanup that an operator asked for waits for nothing to be done, only to be settled.
    fn cleans_up_anyway(&self, node: NodeId) -> bool {
        self.flow == Flow::CleaningUp && self.runbook.nodes.at(node).lane == Lane::Cleanup
    }

    /// The node that really failed, behind a node that is blocked itself.
    fn cause_of_block(&self, node: NodeId) -> NodeId {
        match &self.nodes.at(node).state {
            NodeState::Skipped { because: SkipReason::Blocked { by }, .. } => *by,
            _ => node,
        }
    }

    /// Every edge is satisfied: a join is done, what has no object is skipped, the rest is queued.
    fn became_ready(&mut self, node: NodeId, at: Timestamp, work: &mut Vec<NodeId>) {
        let compiled = self.runbook.nodes.at(node);
        if !self.awake(compiled.lane) || self.nodes.at(node).state != NodeState::NotStarted {
            return;
        }
        if compiled.act == Act::Join {
            self.set(node, NodeState::Succeeded { at });
            *self.times.at_mut(node) = (Some(at), Some(at));
            work.push(node);
            return;
        }
        let delay = compiled.policy.delay;
        if let Some(because) = self.has_no_object(node) {
            // That its target failed is on the list already; that a source is kept is news.
            if because == SkipReason::TargetNotDone && matches!(compiled.act, Act::Commit { .. }) {
                let name = self.runbook.nodes.at(node).name.clone();
                self.except(at, name, "its machine's target is not done, so it was left as it is".to_owned());
            }
            self.set(node, NodeState::Skipped { at, because });
            self.open_windows(node, at);
            work.push(node);
        } else if delay.is_zero() {
            self.ready.insert(node, compiled.policy.slot);
        } else {
            self.delayed.insert((at.plus(delay), node));
        }
    }

    /// Why a node that could begin has nothing to act on.
    fn has_no_object(&self, node: NodeId) -> Option<SkipReason> {
        let compiled = self.runbook.nodes.at(node);
        // By attempts, not by state: a step that is to be tried again acted once.
        let began = |id: NodeId| self.nodes.at(id).attempts > 0;
        if let Some(vm) = self.target_of.get(&node) {
            let made = self.machine_nodes.at(*vm).target.iter().take_while(|id| **id != node);
            let up = made.clone().all(|id| matches!(self.nodes.at(*id).state, NodeState::Succeeded { .. }));
            return (!up).then_some(SkipReason::TargetNotDone);
        }
        match &compiled.act {
            Act::Commit { vm } => (!self.target_done(*vm)).then_some(SkipReason::TargetNotDone),
            Act::Reprotect { vm, .. } => {
                // A run that only reprotects found its machines committed by an earlier one.
                let committed = self.machine_nodes.get(*vm).is_some_and(|nodes| match nodes.commit {
                    Some(id) => matches!(self.nodes.at(id).state, NodeState::Succeeded { .. }),
                    None => nodes.target.is_empty(),
                });
                (!committed).then_some(SkipReason::TargetNotDone)
            }
            Act::CleanUp { vm } => {
                let nodes = self.machine_nodes.get(*vm);
                let made = nodes.is_some_and(|nodes| nodes.target.iter().any(|id| began(*id)));
                (!made).then_some(SkipReason::NothingToUndo)
            }
            Act::RollBack { vm, .. } => {
                let nodes = self.machine_nodes.get(*vm);
                let touched = nodes
                    .is_some_and(|nodes| nodes.target.iter().chain(&nodes.shut_down).any(|id| began(*id)));
                (!touched).then_some(SkipReason::NothingToUndo)
            }
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
            | Act::CommitGate(_) => {
                let undone = compiled
                    .undoes
                    .is_some_and(|id| !matches!(self.nodes.at(id).state, NodeState::Succeeded { .. }));
                undone.then_some(SkipReason::NothingToUndo)
            }
        }
    }

    /// Whether a machine's target was made, started and seen ready.
    pub(super) fn target_done(&self, vm: crate::model::VmId) -> bool {
        self.machine_nodes.get(vm).is_some_and(|nodes| {
            let done = |id: &NodeId| matches!(self.nodes.at(*id).state, NodeState::Succeeded { .. });
            !nodes.target.is_empty() && nodes.target.iter().all(done)
        })
    }

    /// Gives back the slots that end with this node: its own after a failure or where it holds until
    /// its own end, and those of nodes that hold until this one's end.
    pub(super) fn release_slots(&mut self, node: NodeId) {
        let policy = &self.runbook.nodes.at(node).policy;
        let succeeded = self.nodes.at(node).state.is_done();
        let keeps =
            succeeded && policy.slot_until.is_some_and(|until| !self.nodes.at(until).state.is_settled());
        if policy.slot.is_some() && !keeps {
            self.give_back(node);
        }
        for holder in self.gives_back.get(&node).cloned().unwrap_or_default() {
            self.give_back(holder);
        }
    }

    pub(super) fn give_back(&mut self, holder: NodeId) {
        let slot = self.runbook.nodes.at(holder).policy.slot;
        let record = self.nodes.at_mut(holder);
        if let (true, Some(slot)) = (record.holds_slot, slot) {
            record.holds_slot = false;
            if let Some(used) = self.slots.get_mut(&slot) {
                *used -= 1;
            }
        }
    }

    /// Puts aside what has not begun, in the lanes that go to sleep. Acts under way are followed to
    /// their outcome; what only looks or waits is given up, for the way back does not wait for it.
    pub(super) fn change_flow(&mut self, flow: Flow, at: Timestamp) {
        let ids: Vec<NodeId> = self.nodes.ids().collect();
        for id in ids {
            let stays = match (flow, self.runbook.nodes.at(id).lane) {
                (Flow::RollingBack, Lane::Rollback) | (Flow::CleaningUp, Lane::Cleanup | Lane::Rollback) => {
                    true
                }
                (Flow::Forward | Flow::RollingBack | Flow::CleaningUp, Lane::Forward)
                | (Flow::Forward | Flow::RollingBack, Lane::Cleanup)
                | (Flow::Forward, Lane::Rollback) => false,
            };
            if stays {
                continue;
            }
            // Whether such an act is over nobody knows; a person still has to say.
            if self.is_unclear(id) {
                continue;
            }
            match self.nodes.at(id).state {
                NodeState::NotStarted
                | NodeState::Waiting { .. }
                | NodeState::BackingOff { .. }
                | NodeState::Skipped { because: SkipReason::Blocked { .. }, .. } => {
                    self.set(id, NodeState::Skipped { at, because: SkipReason::RunEnded });
                }
                NodeState::Running { .. } | NodeState::Unknown { .. }
                    if self.runbook.nodes.at(id).act.only_reads() =>
                {
                    self.set(id, NodeState::Skipped { at, because: SkipReason::RunEnded });
                    self.times.at_mut(id).1 = Some(at);
                    self.release_slots(id);
                    self.given_up.insert(id);
                }
                NodeState::Running { .. }
                | NodeState::Unknown { .. }
                | NodeState::Succeeded { .. }
                | NodeState::Failed { .. }
                | NodeState::Skipped { .. } => {}
            }
        }
        self.flow = flow;
        self.halted = None;
        self.paused = false;
        self.rollback_due = None;
        self.going_since = at;
        self.rebuild(at);
    }

    /// Whether an event tells of a look that was given up before. Drivers of older versions followed those to
    /// their end, and their logs say so; it changes nothing.
    pub(super) fn is_of_given_up(&self, kind: &EventKind) -> bool {
        match kind {
            EventKind::StepSucceeded { node, .. }
            | EventKind::StepFailed { node, .. }
            | EventKind::AnswerLost { node, .. }
            | EventKind::StepNotArrived { node }
            | EventKind::StepUnclear { node, .. }
            | EventKind::PointsBound { node, .. }
            | EventKind::PointsAsked { node, .. } => self.given_up.contains(node),
            _ => false,
        }
    }
}
