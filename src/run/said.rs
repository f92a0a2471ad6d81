//! What people say, and what it makes of the run: approvals, points, the commit window.

use crate::base::Timestamp;
use crate::event::{AskedPoints, BoundSubject, Person};
use crate::model::{IfLate, IfRejected, Ladder};
use crate::runbook::{Act, Forecast, NodeId, SubjectId};

use super::core::{Flow, HaltCause, Run};
use super::{Failure, NodeState, Question, SkipReason};

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
            IfRejected::Halt => self.halted = Some(HaltCause::Step(node)),
            IfRejected::Rollback => self.rollback_due = Some(format!("`{}` was {message}", compiled.name)),
        }
        let last = Box::new(Failure { code: "rejected".to_owned(), message, timed_out: false, attempt });
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
                self.halted = Some(HaltCause::Step(node));
                let message = format!("nobody answered within {allowed}");
                let last = Box::new(Failure { code: "late".to_owned(), message, timed_out: true, attempt });
                self.finish(node, at, NodeState::Failed { at, last, tolerated: false });
            }
        }
        Ok(())
    }

    pub(super) fn points_asked(
        &mut self,
        node: NodeId,
        at: Timestamp,
        questions: &[AskedPoints],
    ) -> Result<(), String> {
        let (attempt, since) = self.underway(node)?;
        let question = Box::new(Question::Points(questions.to_vec()));
        self.ask(node, at, NodeState::Waiting { attempt, since, question });
        Ok(())
    }

    /// Lets a node wait for a person; not where a test is being cleaned up, which the answer would not
    /// change and which would wait for it for ever.
    pub(super) fn ask(&mut self, node: NodeId, at: Timestamp, waits: NodeState) {
        if self.flow == Flow::CleaningUp && !self.awake(self.runbook.nodes.at(node).lane) {
            self.finish(node, at, NodeState::Skipped { at, because: SkipReason::RunEnded });
        } else {
            self.set(node, waits);
        }
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

    /// The targets are made again at the new point, and what stands after them by arrows runs again.
    pub(super) fn point_changed(
        &mut self,
        subject: SubjectId,
        choice: &Forecast,
        at: Timestamp,
    ) -> Result<(), String> {
        self.take_choice(subject, choice)?;
        let runbook = std::sync::Arc::clone(&self.runbook);
        let members = &runbook.subjects.at(subject).members;
        let mut work: Vec<NodeId> = Vec::new();
        for (id, node) in runbook.nodes.iter_enumerated() {
            if matches!(&node.act, Act::FailOver { vm } if members.contains(vm)) {
                self.nodes.at_mut(id).again = self.nodes.at(id).attempts > 0;
                work.push(id);
            }
        }
        let dependants = std::sync::Arc::clone(&self.dependants);
        let mut seen: std::collections::BTreeSet<NodeId> = work.iter().copied().collect();
        while let Some(node) = work.pop() {
            self.give_back(node);
            self.set(node, NodeState::NotStarted);
            self.nodes.at_mut(node).first_began = None;
            for (after, needs) in dependants.of_node(node) {
                if *needs == crate::runbook::Needs::Done && seen.insert(*after) {
                    work.push(*after);
                }
            }
        }
        self.window_opened.clear();
        for (id, node) in runbook.nodes.iter_enumerated() {
            if let Act::CommitGate(gate) = &node.act {
                let pending = gate.vms.iter().copied().filter(|vm| !self.target_done(*vm)).collect();
                self.window_pending.insert(id, pending);
            }
        }
        let name = runbook.subjects.at(subject).name.clone();
        self.except(at, name, format!("its point was changed to {}", choice.policy));
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

    pub(super) fn window_overdue(&mut self, node: NodeId) -> Result<(), String> {
        self.known(node)?;
        match self.nodes.at(node).state.clone() {
            NodeState::Waiting { attempt, since, question }
                if matches!(*question, Question::Commit { .. }) =>
            {
                let question = Box::new(Question::Commit { overdue: true });
                self.set(node, NodeState::Waiting { attempt, since, question });
                Ok(())
            }
            other => Err(self.not_underway(node, &other)),
        }
    }
}
