//! The one door for change: each event, checked against the state it meets, and what it makes of it.
//! What people say is in `said.rs`.

use crate::base::Timestamp;
use crate::event::{Detail, Event, EventKind, FinalState, Person};
use crate::model::OnFailure;
use crate::runbook::{Act, NodeId};

use super::core::{Flow, HaltCause, Run};
use super::retry::{FailedAttempt, next_attempt};
use super::{Failure, NodeState, Question, SkipReason};

impl Run {
    /// Applies an event, or says why it cannot follow those before it and changes nothing of note.
    pub(super) fn try_apply(&mut self, event: &Event) -> Result<(), String> {
        if event.seq != self.seq + 1 {
            return Err(format!("it follows event {}", self.seq));
        }
        if self.ended.is_some() {
            return Err("the run has ended".to_owned());
        }
        if self.started.is_none() && !matches!(event.kind, EventKind::RunStarted { .. }) {
            return Err("the run has not started".to_owned());
        }
        self.apply_kind(event.at, &event.kind)?;
        self.seq = event.seq;
        self.last_at = self.last_at.max(event.at);
        Ok(())
    }

    fn apply_kind(&mut self, at: Timestamp, kind: &EventKind) -> Result<(), String> {
        match kind {
            EventKind::RunStarted { by, options, .. } => self.run_started(at, by, options),
            EventKind::DriverStarted { .. } => {
                self.driver_started(at);
                Ok(())
            }
            EventKind::StepStarted { node, attempt, key } => self.step_started(*node, at, *attempt, key),
            EventKind::ArtifactsAnnounced { node, artifacts } => {
                self.artifacts_announced(*node, at, artifacts)
            }
            EventKind::ArtifactsSeen { node, artifacts } => self.artifacts_seen(*node, at, artifacts),
            EventKind::OperationAccepted { node, handle } => self.accepted(*node, handle),
            EventKind::StepNotArrived { node } => self.not_arrived(*node),
            EventKind::StepUnclear { node, evidence } => self.unclear(*node, at, evidence),
            EventKind::AnswerLost { node, .. } => self.answer_lost(*node),
            EventKind::StepSucceeded { node, detail, .. } => self.step_succeeded(*node, at, detail),
            EventKind::StepFailed { node, code, message, retryable, timed_out, .. } => {
                let attempt = self.attempt_of(*node)?;
                let failure =
                    Failure { code: code.clone(), message: message.clone(), timed_out: *timed_out, attempt };
                self.step_failed(*node, at, failure, *retryable)
            }
            EventKind::StepSkipped { node, by, reason } => self.step_skipped(*node, at, by, reason),
            EventKind::RetryRequested { node, .. } => self.retry(*node, at),
            EventKind::Approved { node, by, .. } => self.approved(*node, at, by),
            EventKind::Rejected { node, by, comment } => self.rejected(*node, at, by, comment),
            EventKind::ApprovalLate { node } => self.approval_late(*node, at),
            EventKind::PointsBound { node, bound } => self.points_bound(*node, at, bound),
            EventKind::PointsAsked { node, questions } => self.points_asked(*node, at, questions),
            EventKind::PointsChosen { subject, ladder, .. } => self.points_chosen(*subject, ladder, at),
            EventKind::PointChanged { subject, choice, .. } => self.point_changed(*subject, choice, at),
            EventKind::Paused { .. } => {
                self.paused = true;
                Ok(())
            }
            EventKind::Resumed { .. } => {
                self.paused = false;
                self.halted = None;
                self.retry(None, at)
            }
            EventKind::Halted { by, reason } => {
                self.halted = Some(HaltCause::Operator { by: by.clone(), reason: reason.clone() });
                Ok(())
            }
            EventKind::RollbackStarted { reason, .. } => {
                self.except(at, "rollback".to_owned(), reason.clone());
                self.change_flow(Flow::RollingBack, at);
                Ok(())
            }
            EventKind::CleanupRequested { .. } => {
                self.clean_up_again();
                self.change_flow(Flow::CleaningUp, at);
                Ok(())
            }
            EventKind::CommitRequested { .. } => self.commit_requested(at),
            EventKind::WindowOverdue { node } => self.window_overdue(*node),
            EventKind::Notified { .. }
            | EventKind::RequestRefused { .. }
            | EventKind::ClockSetBack { .. } => Ok(()),
            EventKind::RunEnded { .. } if self.leaks() => {
                Err(format!("its test is not cleaned up: {}", self.left_in_words()))
            }
            EventKind::RunEnded { state, .. } => {
                self.ended = Some(*state);
                Ok(())
            }
        }
    }

    fn run_started(
        &mut self,
        at: Timestamp,
        by: &Person,
        options: &crate::event::RunOptions,
    ) -> Result<(), String> {
        if self.started.is_some() {
            return Err("the run has started already".to_owned());
        }
        self.started = Some((at, by.clone(), options.clone()));
        let runbook = std::sync::Arc::clone(&self.runbook);
        for out in &runbook.left_out {
            self.except(at, out.vm.clone(), format!("left out: {}", out.reason));
        }
        if let Some(reason) = &options.unfenced {
            self.except(at, "fence".to_owned(), format!("not fenced, accepted: {reason}"));
        }
        self.rebuild(at);
        Ok(())
    }

    fn driver_started(&mut self, at: Timestamp) {
        self.driver_since = at;
        for node in std::mem::take(&mut self.running) {
            if let NodeState::Running { attempt, since, key, handle } = self.nodes.at(node).state.clone() {
                self.running.insert(node);
                // A pause is only a stored instant; nothing of it can be lost.
                if !matches!(self.runbook.nodes.at(node).act, Act::Wait { .. }) {
                    self.set(node, NodeState::Unknown { attempt, since, key, handle });
                }
            }
        }
    }

    fn step_started(
        &mut self,
        node: NodeId,
        at: Timestamp,
        attempt: u32,
        key: &crate::event::Key,
    ) -> Result<(), String> {
        self.known(node)?;
        let begins = matches!(
            self.nodes.at(node).state,
            NodeState::NotStarted | NodeState::BackingOff { .. } | NodeState::Unknown { .. }
        );
        if !begins || attempt != self.nodes.at(node).attempts + 1 {
            return Err(format!(
                "`{}` is {} after {} attempts",
                self.runbook.nodes.at(node).name,
                self.nodes.at(node).state.word(),
                self.nodes.at(node).attempts
            ));
        }
        let runbook = std::sync::Arc::clone(&self.runbook);
        let compiled = runbook.nodes.at(node);
        let record = self.nodes.at_mut(node);
        record.attempts = attempt;
        record.first_began.get_or_insert(at);
        if let (Some(slot), false) = (compiled.policy.slot, record.holds_slot) {
            record.holds_slot = true;
            *self.slots.entry(slot).or_insert(0) += 1;
        }
        let times = self.times.at_mut(node);
        times.0.get_or_insert(at);
        times.1 = None;
        let question = match &compiled.act {
            Act::Approve(_) => Some(Question::Approval { given: Vec::new(), late: false }),
            Act::CommitGate(_) => Some(Question::Commit { overdue: false }),
            _ => None,
        };
        let state = match question {
            Some(question) => NodeState::Waiting { attempt, since: at, question: Box::new(question) },
            None => NodeState::Running { attempt, since: at, key: key.clone(), handle: None },
        };
        self.set(node, state);
        Ok(())
    }

    fn accepted(&mut self, node: NodeId, handle: &crate::event::Handle) -> Result<(), String> {
        self.known(node)?;
        match self.nodes.at(node).state.clone() {
            NodeState::Running { attempt, since, key, .. }
            | NodeState::Unknown { attempt, since, key, .. } => {
                self.set(node, NodeState::Running { attempt, since, key, handle: Some(handle.clone()) });
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }

    /// The same attempt begins again: the estate is sure that it never saw its key.
    fn not_arrived(&mut self, node: NodeId) -> Result<(), String> {
        self.known(node)?;
        match self.nodes.at(node).state.clone() {
            NodeState::Unknown { attempt, since, key, .. } => {
                self.set(node, NodeState::Running { attempt, since, key, handle: None });
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }

    fn unclear(&mut self, node: NodeId, at: Timestamp, evidence: &str) -> Result<(), String> {
        self.known(node)?;
        match self.nodes.at(node).state.clone() {
            NodeState::Unknown { attempt, since, key, .. } => {
                let name = self.runbook.nodes.at(node).name.clone();
                self.except(at, name, format!("its outcome was not known: {evidence}"));
                let question = Box::new(Question::Unclear { key, evidence: evidence.to_owned() });
                self.ask(node, at, NodeState::Waiting { attempt, since, question });
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }

    fn answer_lost(&mut self, node: NodeId) -> Result<(), String> {
        self.known(node)?;
        match self.nodes.at(node).state.clone() {
            NodeState::Running { attempt, since, key, handle } => {
                self.set(node, NodeState::Unknown { attempt, since, key, handle });
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }

    fn step_succeeded(&mut self, node: NodeId, at: Timestamp, detail: &Detail) -> Result<(), String> {
        self.known(node)?;
        if !matches!(
            self.nodes.at(node).state,
            NodeState::Running { .. } | NodeState::Unknown { .. } | NodeState::Waiting { .. }
        ) {
            let state = self.nodes.at(node).state.clone();
            return Err(self.not_underway(node, &state));
        }
        let runbook = std::sync::Arc::clone(&self.runbook);
        let compiled = runbook.nodes.at(node);
        if let (Some(vm), Some(address)) = (compiled.act.vm(), &detail.address) {
            *self.addresses.at_mut(vm) = Some(address.clone());
        }
        if let Some(exception) = &detail.exception {
            self.except(at, compiled.name.clone(), exception.clone());
        }
        self.artifacts_made(node, at, &detail.created);
        self.finish(node, at, NodeState::Succeeded { at });
        Ok(())
    }

    /// Settles a node that began, and tells what waits for it.
    pub(super) fn finish(&mut self, node: NodeId, at: Timestamp, state: NodeState) {
        self.set(node, state);
        self.times.at_mut(node).1 = Some(at);
        let record = self.nodes.at_mut(node);
        record.again = false;
        self.open_windows(node, at);
        self.settled(node, at);
    }

    /// A commit window opens when the targets of all its machines are settled.
    fn open_windows(&mut self, node: NodeId, at: Timestamp) {
        let Some(vm) = self.target_of.get(&node).copied() else { return };
        let settled = |id: &NodeId| self.nodes.at(*id).state.is_settled();
        if !self.machine_nodes.at(vm).target.iter().all(settled) {
            return;
        }
        for (gate, pending) in &mut self.window_pending {
            if pending.remove(&vm) && pending.is_empty() {
                self.window_opened.entry(*gate).or_insert(at);
            }
        }
    }

    fn step_failed(
        &mut self,
        node: NodeId,
        at: Timestamp,
        failure: Failure,
        retryable: bool,
    ) -> Result<(), String> {
        let runbook = std::sync::Arc::clone(&self.runbook);
        let compiled = runbook.nodes.at(node);
        let attempt = failure.attempt;
        let first_began = self.nodes.at(node).first_began.unwrap_or(at);
        let failed = FailedAttempt { attempt, first_began, at, code: &failure.code, retryable };
        let forward = self.awake(compiled.lane);
        if let (true, Some(until)) = (forward, next_attempt(compiled, failed)) {
            self.set(node, NodeState::BackingOff { attempt, until, last: Box::new(failure) });
            return Ok(());
        }
        let fence_by_word = matches!(&compiled.act, Act::Fence { or_approve: Some(_), .. });
        // A machine may fail to come up; what a test made of it is removed all the same.
        let optional = compiled.policy.optional && !matches!(compiled.act, Act::CleanUp { .. });
        let rule = match compiled.policy.on_failure {
            _ if !forward => OnFailure::Block,
            _ if fence_by_word => OnFailure::Ask,
            rule => rule,
        };
        if !optional && rule == OnFailure::Ask {
            let since = at;
            self.set(
                node,
                NodeState::Waiting { attempt, since, question: Box::new(Question::Failed(failure)) },
            );
            return Ok(());
        }
        let tolerated = optional || rule == OnFailure::Continue;
        if forward && !optional {
            match rule {
                OnFailure::Halt => self.halted = Some(HaltCause::Step(node)),
                OnFailure::Rollback => {
                    self.rollback_due = Some(format!("`{}` failed: {}", compiled.name, failure.message));
                }
                OnFailure::Block | OnFailure::Continue | OnFailure::Ask => {}
            }
        }
        if tolerated {
            self.except(at, compiled.name.clone(), format!("failed: {}", failure.message));
        }
        self.finish(node, at, NodeState::Failed { at, last: Box::new(failure), tolerated });
        Ok(())
    }

    fn step_skipped(&mut self, node: NodeId, at: Timestamp, by: &Person, reason: &str) -> Result<(), String> {
        self.known(node)?;
        let name = self.runbook.nodes.at(node).name.clone();
        self.except(at, name, format!("skipped by {}: {reason}", by.name));
        if self.halted == Some(HaltCause::Step(node)) {
            self.halted = None;
        }
        let because = SkipReason::Operator { by: by.clone(), reason: reason.to_owned() };
        self.set(node, NodeState::Skipped { at, because });
        self.times.at_mut(node).1 = Some(at);
        self.release_slots(node);
        self.rebuild(at);
        Ok(())
    }

    /// Failed nodes go back to where they were before their first attempt; attempts go on counting,
    /// so that each has a key of its own.
    fn retry(&mut self, only: Option<NodeId>, at: Timestamp) -> Result<(), String> {
        if let Some(node) = only {
            self.known(node)?;
        }
        let ids: Vec<NodeId> = only.map_or_else(|| self.nodes.ids().collect(), |node| vec![node]);
        for id in ids {
            // What sleeps is settled for good: others may wait for it to be.
            let awake = self.awake(self.runbook.nodes.at(id).lane);
            let again = match &self.nodes.at(id).state {
                _ if !awake => false,
                NodeState::Failed { tolerated, .. } => !*tolerated || only.is_some(),
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
            if again {
                self.give_back(id);
                self.set(id, NodeState::NotStarted);
                self.nodes.at_mut(id).first_began = None;
                if self.halted == Some(HaltCause::Step(id)) {
                    self.halted = None;
                }
            }
        }
        self.rebuild(at);
        Ok(())
    }

    pub(super) fn attempt_of(&self, node: NodeId) -> Result<u32, String> {
        self.underway(node).map(|(attempt, _)| attempt)
    }

    /// Attempt and beginning of a node that is under way or waits.
    pub(super) fn underway(&self, node: NodeId) -> Result<(u32, Timestamp), String> {
        self.known(node)?;
        match &self.nodes.at(node).state {
            NodeState::Running { attempt, since, .. }
            | NodeState::Unknown { attempt, since, .. }
            | NodeState::Waiting { attempt, since, .. } => Ok((*attempt, *since)),
            other => Err(self.not_underway(node, other)),
        }
    }

    pub(super) fn not_underway(&self, node: NodeId, state: &NodeState) -> String {
        format!("`{}` is {}", self.runbook.nodes.at(node).name, state.word())
    }

    /// How a run whose nodes are all settled ends.
    pub(super) fn final_state(&self) -> FinalState {
        let unreached = |id: &NodeId| {
            let state = &self.nodes.at(*id).state;
            self.runbook.nodes.at(*id).lane == crate::runbook::Lane::Forward
                && !self.runbook.nodes.at(*id).policy.optional
                && !state.is_done()
        };
        match self.flow {
            Flow::RollingBack => FinalState::RolledBack,
            Flow::Forward | Flow::CleaningUp if self.nodes.ids().any(|id| unreached(&id)) => {
                FinalState::Failed
            }
            Flow::Forward | Flow::CleaningUp if self.exceptions.is_empty() => FinalState::Completed,
            Flow::Forward | Flow::CleaningUp => FinalState::CompletedWithExceptions,
        }
    }
}
