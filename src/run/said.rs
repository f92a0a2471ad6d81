//! What people say, and what it makes of the run: approvals, points, the commit window.

use crate::base::Timestamp;
use crate::event::{AskedPoints, BoundSubject, Person};
use crate::model::{IfLate, IfRejected, Ladder};
use crate::runbook::{Act, Forecast, NodeId, SubjectId};

use super::core::Run;
use super::{Failure, NodeState, Question, SkipReason};

/// The code of an approval that somebody said no to.
pub(super) const REJECTED: &str = "rejected";

impl Run {
    pub(super) fn approved(&mut self, node: NodeId, at: Timestamp, by: &Person) -> Result<(), String> {
        self.known(node)?;
        let runbook = std::sync::Arc::clone(&self.runbook);
        let compiled = runbook.nodes.at(node);
        let (given, late, attempt, since) = match &self.nodes.at(node).state {
            NodeState::Waiting { attempt, since, question } => match &**question {
                Question::Approval { given, late } => (given.clone(), *late, *attempt, *since),
                Question::Failed(failure) if matches!(compiled.act, Act::Fence { .. }) => {
                    let what = format!("fenced by the word of {} after: {}", by.name, failure.message);
                    self.except(at, compiled.name.clone(), what);
                    self.finish(node, at, NodeState::Succeeded { at });
                    return Ok(());
                }
                Question::Commit { .. }
                | Question::Points(_)
                | Question::Failed(_)
                | Question::Unclear { .. } => {
                    return Err(format!("`{}` waits for no approval", compiled.name));
                }
            },
            other => return Err(self.not_underway(node, other)),
        };
        let Act::Approve(approve) = &compiled.act else {
            return Err(format!("`{}` is no approval", compiled.name));
        };
        let mut given = given;
        if !given.iter().any(|person| person.name == by.name) {
            given.push(by.clone());
        }
        if given.len() >= approve.quorum as usize {
            self.finish(node, at, NodeState::Succeeded { at });
        } else {
            let question = Box::new(Question::Approval { given, late });
            self.set(node, NodeState::Waiting { attempt, since, question });
        }
        Ok(())
    }

    pub(super) fn rejected(
        &mut self,
        node: NodeId,
        at: Timestamp,
        by: &Person,
        comment: &str,
    ) -> Result<(), String> {
        self.known(node)?;
        let runbook = std::sync::Arc::clone(&self.runbook);
        let compiled = runbook.nodes.at(node);
        let Act::Approve(approve) = &compiled.act else {
            return Err(format!("`{}` is no approval", compiled.name));
        };
        let attempt = self.attempt_of(node)?;
        let words = if comment.is_empty() { String::new() } else { format!(": {comment}") };
        let message = format!("rejected by {}{words}", by.name);
        match approve.if_rejected {
            IfRejected::Halt => self.halt_for(node),
            IfRejected::Rollback => {
                self.rollback_due = Some((node, format!("`{}` was {message}", compiled.name)));
            }
        }
        let last = Box::new(Failure { code: REJECTED.to_owned(), message, timed_out: false, attempt });
        self.finish(node, at, NodeState::Failed { at, last, tolerated: false });
        Ok(())
    }

    pub(super) fn approval_late(&mut self, node: NodeId, at: Timestamp) -> Result<(), String> {
        self.known(node)?;
        let runbook = std::sync::Arc::clone(&self.runbook);
        let compiled = runbook.nodes.at(node);
        let (Act::Approve(approve), NodeState::Waiting { attempt, since, question }) =
            (&compiled.act, self.nodes.at(node).state.clone())
        else {
            return Err(format!("`{}` waits for no approval", compiled.name));
        };
        let allowed = crate::base::time::format_duration(approve.within);
        match approve.if_late {
            IfLate::KeepWaiting => {
                let given = if let Question::Approval { given, .. } = *question { given } else { Vec::new() };
                let question = Box::new(Question::Approval { given, late: true });
                self.set(node, NodeState::Waiting { attempt, since, question });
                self.except(at, compiled.name.clone(), format!("nobody had answered within {allowed}"));
            }
            IfLate::Go => {
                self.except(
                    at,
                    compiled.name.clone(),
                    format!("nobody answered within {allowed}, it counts as given"),
                );
                self.finish(node, at, NodeState::Succeeded { at });
            }
            IfLate::Halt => {
                self.halt_for(node);
                let message = format!("nobody answered within {allowed}");
                let last = Box::new(Failure { code: "late".to_owned(), message, timed_out: true, attempt });
                self.finish(node, at, NodeState::Failed { at, last, tolerated: false });
            }
        }
        Ok(())
    }

    pub(super) fn points_asked(&mut self, node: NodeId, questions: &[AskedPoints]) -> Result<(), String> {
        let (attempt, since) = self.underway(node)?;
        let question = Box::new(Question::Points(questions.to_vec()));
        self.set(node, NodeState::Waiting { attempt, since, question });
        Ok(())
    }

    pub(super) fn points_chosen(
        &mut self,
        subject: SubjectId,
        ladder: &Ladder,
        at: Timestamp,
    ) -> Result<(), String> {
        let slot = self.ladders.get_mut(subject).ok_or("the runbook has no such subject")?;
        *slot = ladder.clone();
        self.chosen.insert(subject);
        self.after_choice(at);
        Ok(())
    }

    pub(super) fn points_bound(
        &mut self,
        node: NodeId,
        at: Timestamp,
        bound: &[BoundSubject],
    ) -> Result<(), String> {
        self.underway(node)?;
        for subject in bound {
            self.take_choice(subject.subject, &subject.choice)?;
            if let Some(exception) = &subject.exception {
                let name = self.runbook.subjects.at(subject.subject).name.clone();
                self.except(at, name, exception.clone());
            }
        }
        self.finish(node, at, NodeState::Succeeded { at });
        Ok(())
    }

    pub(super) fn take_choice(&mut self, subject: SubjectId, choice: &Forecast) -> Result<(), String> {
        *self.bound.get_mut(subject).ok_or("the runbook has no such subject")? = Some(choice.clone());
        for point in &choice.points {
            *self.points.get_mut(point.vm).ok_or("the runbook has no such machine")? = Some(point.clone());
        }
        Ok(())
    }

    /// Questions about points go on once each of their subjects was chosen for.
    pub(super) fn after_choice(&mut self, at: Timestamp) {
        for node in self.waiting.clone() {
            let NodeState::Waiting { question, .. } = &self.nodes.at(node).state else { continue };
            let Question::Points(questions) = &**question else { continue };
            if !questions.iter().all(|asked| self.chosen.contains(&asked.subject)) {
                continue;
            }
            if matches!(self.runbook.nodes.at(node).act, Act::AskPoints { .. }) {
                self.finish(node, at, NodeState::Succeeded { at });
            } else {
                self.set(node, NodeState::NotStarted);
                self.rebuild(at);
            }
        }
    }

    /// What another point of a subject makes run again: its targets, and what needs those done. Machines that
    /// an operator went on without stay as they are.
    pub(super) fn reached_by_point(&self, subject: SubjectId) -> Vec<NodeId> {
        let members = &self.runbook.subjects.at(subject).members;
        let given_up = |id: NodeId| {
            matches!(
                self.nodes.at(id).state,
                NodeState::Skipped { because: SkipReason::Operator { .. } | SkipReason::Unclear { .. }, .. }
            )
        };
        let targets = self.runbook.nodes.iter_enumerated().filter(|(id, node)| {
            matches!(&node.act, Act::FailOver { vm } if members.contains(vm)) && !given_up(*id)
        });
        let mut work: Vec<NodeId> = targets.map(|(id, _)| id).collect();
        let mut seen: std::collections::BTreeSet<NodeId> = work.iter().copied().collect();
        let mut reached = Vec::new();
        while let Some(node) = work.pop() {
            reached.push(node);
            for (after, needs) in self.dependants.of_node(node) {
                if *needs == crate::runbook::Needs::Done && seen.insert(*after) {
                    work.push(*after);
                }
            }
        }
        reached
    }

    /// The targets are made again at the new point, and what stands after them by arrows runs again.
    pub(super) fn point_changed(
        &mut self,
        subject: SubjectId,
        choice: &Forecast,
        at: Timestamp,
    ) -> Result<(), String> {
        self.take_choice(subject, choice)?;
        for node in self.reached_by_point(subject) {
            if self.nodes.at(node).state.is_active() {
                self.given_up.insert(node);
            }
            self.first_seen.remove(&node);
            self.begin_afresh(node);
        }
        let runbook = std::sync::Arc::clone(&self.runbook);
        let members = &runbook.subjects.at(subject).members;
        for (id, node) in runbook.nodes.iter_enumerated() {
            if matches!(&node.act, Act::CommitGate(gate) if gate.vms.iter().any(|vm| members.contains(vm))) {
                self.window_opened.remove(&id);
                self.looked_again.remove(&id);
            }
        }
        let name = runbook.subjects.at(subject).name.clone();
        self.except(at, name, format!("its point was changed to {}", choice.policy));
        self.look_at_halt(at);
        self.rebuild(at);
        Ok(())
    }

    pub(super) fn commit_requested(&mut self, at: Timestamp) -> Result<(), String> {
        let gates: Vec<NodeId> = self
            .waiting
            .iter()
            .copied()
            .filter(|node| matches!(&self.nodes.at(*node).state, NodeState::Waiting { question, .. } if matches!(**question, Question::Commit { .. })))
            .collect();
        if gates.is_empty() {
            return Err("no commit window is open".to_owned());
        }
        for gate in gates {
            self.finish(gate, at, NodeState::Succeeded { at });
        }
        Ok(())
    }
}
