//! The one door for change: each event, checked against the state it meets, and what it makes of it.
//! What people say is in `said.rs`.

use crate::base::Timestamp;
use crate::event::{Detail, Event, EventKind, FinalState, Person};
use crate::model::OnFailure;
use crate::runbook::{Act, NodeId};

use super::core::{Flow, HaltCause, Run};
use super::retry::{FailedAttempt, next_attempt};
use super::unclear::Statement;
use super::{Failure, NodeState, Question};

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
        if self.is_of_given_up(kind) {
            return Ok(());
        }
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
            EventKind::StepUnclear { node, evidence, seen } => self.unclear(*node, at, evidence, seen),
            EventKind::OutcomeStated { node, outcome, by, reason, detail, seen } => {
                self.outcome_stated(*node, at, Statement { outcome: *outcome, by, reason, detail, seen })
            }
            EventKind::AnswerLost { node, message } => self.answer_lost(*node, message),
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
            EventKind::PointsAsked { node, questions } => self.points_asked(*node, questions),
            EventKind::PointsChosen { subject, ladder, .. } => self.points_chosen(*subject, ladder, at),
            EventKind::PointChanged { subject, choice, .. } => self.point_changed(*subject, choice, at),
            EventKind::Paused { .. } => {
                self.paused = true;
                Ok(())
            }
            EventKind::Resumed { .. } => self.resumed(at),
            EventKind::Halted { by, reason } => {
                self.halted = Some(HaltCause::Operator { by: by.clone(), reason: reason.clone() });
                Ok(())
            }
            EventKind::RollbackStarted { reason, .. } => {
                self.except(at, "rollback".to_owned(), reason.clone());
                self.change_flow(Flow::RollingBack, at);
                Ok(())
            }
            EventKind::CleanupRequested { .. } => self.cleanup_requested(at),
            EventKind::CommitRequested { .. } => self.commit_requested(at),
            EventKind::WindowOverdue { node } => self.window_overdue(*node, at),
            EventKind::Notified { .. }
            | EventKind::RequestRefused { .. }
            | EventKind::ClockSetBack { .. }
            | EventKind::ClockSetForward { .. } => Ok(()),
            EventKind::StoodStill { .. } => {
                self.going_since = at;
                Ok(())
            }
            EventKind::RunEnded { state, .. } => self.run_ended(*state),
        }
    }

    fn cleanup_requested(&mut self, at: Timestamp) -> Result<(), String> {
        // A cleanup that had failed before is what is asked for again.
        self.clean_up_again();
        self.change_flow(Flow::CleaningUp, at);
        Ok(())
    }

    fn resumed(&mut self, at: Timestamp) -> Result<(), String> {
        self.paused = false;
        self.halted = None;
        self.going_since = at;
        self.retry(None, at)
    }

    fn run_ended(&mut self, state: FinalState) -> Result<(), String> {
        if self.leaks() {
            return Err(format!("its test is not cleaned up: {}", self.left_in_words()));
        }
        self.ended = Some(state);
        Ok(())
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
        self.going_since = at;
        for node in std::mem::take(&mut self.running) {
            if let NodeState::Running { attempt, since, key, handle } = self.nodes.at(node).state.clone() {
                self.running.insert(node);
                // What an engine that died had not sent is nothing that the estate swallowed.
                self.nodes.at_mut(node).never_arrived = 0;
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
        self.lost.remove(&node);
        self.given_up.remove(&node);
        let record = self.nodes.at_mut(node);
        record.attempts = attempt;
        record.never_arrived = 0;
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
                self.nodes.at_mut(node).never_arrived += 1;
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }

    fn answer_lost(&mut self, node: NodeId, message: &str) -> Result<(), String> {
        self.known(node)?;
        match self.nodes.at(node).state.clone() {
            NodeState::Running { attempt, since, key, handle } => {
                self.lost.insert(node, message.to_owned());
                self.set(node, NodeState::Unknown { attempt, since, key, handle });
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }

    pub(super) fn step_succeeded(
        &mut self,
        node: NodeId,
        at: Timestamp,
        detail: &Detail,
    ) -> Result<(), String> {
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
        let made = matches!(state, NodeState::Succeeded { .. });
        self.set(node, state);
        let first = self.first_seen.remove(&node).filter(|_| made);
        self.times.at_mut(node).1 = Some(first.unwrap_or(at));
        self.nodes.at_mut(node).made |= made;
        self.open_windows(node, at);
        if self.is_awake(node) {
            self.settled(node, at);
        } else {
            // It was followed to its end on a way that is left behind: what it brought about is undone.
            self.release_slots(node);
            self.rebuild(at);
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
                OnFailure::Halt => self.halt_for(node),
                OnFailure::Rollback => {
                    let why = format!("`{}` failed: {}", compiled.name, failure.message);
                    self.rollback_due = Some((node, why));
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

    /// Nothing starts because of a step; an operator's halt stands, and the first step's.
    pub(super) fn halt_for(&mut self, node: NodeId) {
        self.halted.get_or_insert(HaltCause::Step(node));
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
