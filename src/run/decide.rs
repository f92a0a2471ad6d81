//! What becomes of a request: in every state it is allowed with its event, or refused with the reason and
//! with what is possible instead. Requests about one step
//! stand in `of_steps.rs`, those about the commit window in `of_window.rs`.

use crate::event::{EventKind, Outcome, Person};
use crate::model::{Ladder, RoleMembers};
use crate::runbook::{Act, NodeId, SubjectId};

use super::core::{Flow, Run};
use super::refuse::{No, Refusal};
use super::{NodeState, OperatorRequest, Question, RunState, SkipReason};

/// What becomes of a request that is allowed.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// This is recorded.
    Record(Box<EventKind>),
    /// The driver looks at the estate's points first, and then records the change or refuses.
    LookAtPoints {
        /// Whose.
        subject: SubjectId,
        /// What is wanted.
        ladder: Ladder,
    },
    /// The driver looks at the machines of the act first, and then records what the person says of it.
    LookAtMachines {
        /// The act's node.
        node: NodeId,
        /// What they say.
        outcome: Outcome,
        /// How they know.
        reason: String,
    },
}

impl Run {
    /// As `weigh`; a refusal is one sentence.
    ///
    /// # Errors
    /// Why not, and what is possible instead; one lowercase sentence.
    pub fn decide(&self, request: &OperatorRequest, by: &Person) -> Result<Decision, String> {
        self.weigh(request, by).map_err(|refusal| refusal.to_string())
    }

    /// What becomes of a request by `by`.
    ///
    /// # Errors
    /// Why not, and what is possible instead.
    pub fn weigh(&self, request: &OperatorRequest, by: &Person) -> Result<Decision, Refusal> {
        if let RunState::Ended(state) = self.state() {
            let why = if *request == OperatorRequest::CleanUp && self.runbook.is_test() {
                self.cleaned_already(state)
            } else {
                format!(
                    "run `{}` has ended as {}; `muster report` says how, and another run is a new one",
                    self.id,
                    RunState::Ended(state).word()
                )
            };
            return Err(Refusal { why, instead: Vec::new() });
        }
        self.judge(request, by).map_err(|no| self.refusal(no, by))
    }

    /// As `weigh`, without what would be possible instead.
    pub(super) fn judge(&self, request: &OperatorRequest, by: &Person) -> Result<Decision, No> {
        let by_person = by.clone();
        let event = match request {
            OperatorRequest::Approve { step, comment } => {
                let node = self.approvable(step.as_deref(), by)?;
                EventKind::Approved { node, by: by_person, comment: comment.clone(), beforehand: false }
            }
            OperatorRequest::Reject { step, comment } => {
                let node = self.rejectable(step.as_deref(), by)?;
                EventKind::Rejected { node, by: by_person, comment: comment.clone() }
            }
            OperatorRequest::Resolve { step, outcome, reason } => {
                let (node, reason) = (self.resolvable(step, *outcome, reason, by)?, reason.clone());
                return Ok(Decision::LookAtMachines { node, outcome: *outcome, reason });
            }
            OperatorRequest::Choose { subject, ladder } => {
                let subject = self.asked_about(subject)?;
                EventKind::PointsChosen { subject, ladder: ladder.clone(), by: by_person }
            }
            OperatorRequest::Pause => match self.state() {
                RunState::Running | RunState::Waiting => EventKind::Paused { by: by_person },
                state @ (RunState::Paused | RunState::Halted | RunState::Ended(_)) => {
                    let why = format!("the run is {} and starts nothing as it is", state.word());
                    return Err(No::with(why, [OperatorRequest::Resume]));
                }
            },
            OperatorRequest::Resume => match self.state() {
                RunState::Paused | RunState::Halted => EventKind::Resumed { by: by_person },
                state @ (RunState::Running | RunState::Waiting | RunState::Ended(_)) => {
                    return Err(No::from(format!("the run is {}, there is nothing to resume", state.word())));
                }
            },
            OperatorRequest::Retry { step } => self.retryable(step.as_deref(), by_person)?,
            OperatorRequest::Skip { step, reason } => self.skippable(step, reason, by)?,
            OperatorRequest::Halt { .. } if self.state() == RunState::Halted => {
                let why = "the run is halted already".to_owned();
                return Err(No::with(why, [OperatorRequest::Resume]));
            }
            OperatorRequest::Halt { reason } => EventKind::Halted { by: by_person, reason: reason.clone() },
            OperatorRequest::ChangePoint { subject, ladder } => {
                let subject = self.changeable(subject)?;
                return Ok(Decision::LookAtPoints { subject, ladder: ladder.clone() });
            }
            OperatorRequest::Rollback { reason } => {
                let instead = [OperatorRequest::CleanUp, OperatorRequest::Resume];
                self.can_roll_back().map_err(|why| No::with(why, instead))?;
                EventKind::RollbackStarted { by: Some(by_person), reason: reason.clone() }
            }
            OperatorRequest::Commit { delete_sources } => {
                self.committable(*delete_sources)?;
                EventKind::CommitRequested { by: by_person, delete_sources: *delete_sources }
            }
            OperatorRequest::CleanUp => self.cleanable(by_person)?,
        };
        Ok(Decision::Record(Box::new(event)))
    }

    pub(super) fn name(&self, node: NodeId) -> &str {
        &self.runbook.nodes.at(node).name
    }

    pub(super) fn find_step(&self, name: &str) -> Result<NodeId, No> {
        let found =
            self.runbook.nodes.iter_enumerated().find(|(_, node)| node.name == name && node.act != Act::Join);
        found.map(|(id, _)| id).ok_or_else(|| {
            let names =
                self.runbook.nodes.iter().filter(|node| node.act != Act::Join).map(|node| node.name.as_str());
            let help = crate::base::words::did_you_mean(name, names)
                .map_or_else(String::new, |help| format!("; {help}"));
            No::from(format!("the run has no step `{name}`{help}"))
        })
    }

    /// Whether a person holds a role of the runbook.
    ///
    /// # Errors
    /// Who does instead.
    pub fn may(&self, by: &Person, role: &str) -> Result<(), String> {
        match self.runbook.roles.get(role).map(|role| &role.members) {
            Some(RoleMembers::Anyone) => Ok(()),
            Some(RoleMembers::People(people)) if people.contains(&by.name) => Ok(()),
            Some(RoleMembers::People(people)) => Err(format!(
                "`{}` does not hold the role `{role}`; ask {}",
                by.name,
                crate::base::words::list(people, 8)
            )),
            None => Err(format!("the runbook has no role `{role}`")),
        }
    }

    fn asked_about(&self, name: &str) -> Result<SubjectId, No> {
        let asked: Vec<SubjectId> = self.asked_subjects();
        let found = asked.iter().find(|subject| self.runbook.subjects.at(**subject).name == name);
        let names: Vec<&str> =
            asked.iter().map(|subject| self.runbook.subjects.at(*subject).name.as_str()).collect();
        found.copied().ok_or_else(|| match names.as_slice() {
            [] => No::with(
                "no point is asked for".to_owned(),
                self.subject_named(name).map(|subject| self.change_of(subject)),
            ),
            names => No::from(format!(
                "`{name}` is not asked about; points are asked for {}",
                crate::base::words::list(names, 8)
            )),
        })
    }

    /// The subjects whose points a person is asked for now.
    pub(super) fn asked_subjects(&self) -> Vec<SubjectId> {
        let questions = self.waiting.iter().filter_map(|node| match &self.nodes.at(*node).state {
            NodeState::Waiting { question, .. } => Some(question),
            _ => None,
        });
        questions
            .flat_map(|question| match &**question {
                Question::Points(questions) => questions.iter().map(|asked| asked.subject).collect(),
                _ => Vec::new(),
            })
            .collect()
    }

    pub(super) fn subject_named(&self, name: &str) -> Option<SubjectId> {
        let mut subjects = self.runbook.subjects.iter_enumerated();
        subjects.find(|(_, subject)| subject.name == name).map(|(id, _)| id)
    }

    /// The request for another point of a subject.
    pub(super) fn change_of(&self, subject: SubjectId) -> OperatorRequest {
        let (name, ladder) = (&self.runbook.subjects.at(subject).name, self.ladders.at(subject));
        OperatorRequest::ChangePoint { subject: name.clone(), ladder: ladder.clone() }
    }

    /// Whether the way back is open.
    ///
    /// # Errors
    /// Why not.
    pub fn can_roll_back(&self) -> Result<(), String> {
        let why = if self.flow == Flow::RollingBack {
            "the run is on its way back already"
        } else if self.runbook.is_test() {
            "a test is not rolled back, it is cleaned up"
        } else if self.commit_began() {
            "the commit has begun, there is no way back; fail over again after reprotect"
        } else if self.runbook.mode == Some(crate::model::Mode::Forced) {
            "a forced run is not rolled back: the source was never contacted and may be running"
        } else if self.runbook.only_reprotects() {
            "a run that only reprotects moved no machine, and so has no way back"
        } else {
            return Ok(());
        };
        Err(why.to_owned())
    }

    /// Whether any machine's failover was begun to be made final.
    #[must_use]
    pub fn commit_began(&self) -> bool {
        self.runbook
            .nodes
            .iter_enumerated()
            .any(|(id, node)| matches!(node.act, Act::Commit { .. }) && self.nodes.at(id).attempts > 0)
    }

    fn cleanable(&self, by: Person) -> Result<EventKind, No> {
        if !self.runbook.is_test() {
            let back = OperatorRequest::Rollback { reason: String::new() };
            return Err(No::with("only a test is cleaned up".to_owned(), [back]));
        }
        let goes_on = self.flow == Flow::CleaningUp && !self.paused && self.halted.is_none();
        if goes_on && self.to_clean_up_again().is_empty() {
            return Err(No::from("the test is being cleaned up already".to_owned()));
        }
        Ok(EventKind::CleanupRequested { by })
    }

    /// Why a step is what it is, for a refusal: ``` `web` is skipped: blocked by `db` ```.
    pub(super) fn stands(&self, node: NodeId) -> String {
        let name = self.name(node);
        match &self.nodes.at(node).state {
            NodeState::NotStarted if !self.is_awake(node) => {
                format!("`{name}` is no step of the way that the run is on")
            }
            NodeState::NotStarted => format!("`{name}` has not begun"),
            NodeState::Running { .. } => format!("`{name}` is under way and is followed to its outcome"),
            NodeState::Unknown { .. } => {
                format!("`{name}` has an unknown outcome, and the estate is being asked")
            }
            NodeState::Waiting { question, .. } => match &**question {
                Question::Approval { .. } => format!("`{name}` waits for approval"),
                Question::Commit { .. } => format!("`{name}` waits for the commit window to be closed"),
                Question::Points(_) => format!("`{name}` waits for points to be chosen"),
                Question::Failed(_) => format!("`{name}` has failed and waits for a decision"),
                Question::Unclear { .. } => format!("what became of `{name}` is not known"),
            },
            NodeState::BackingOff { until, .. } => {
                format!("`{name}` has failed and is tried again at {}", until.whole_second())
            }
            NodeState::Succeeded { .. } => format!("`{name}` is done"),
            NodeState::Failed { tolerated: true, .. } => format!("`{name}` has failed, and counts as done"),
            NodeState::Failed { last, .. } if last.timed_out => format!("`{name}` has timed out"),
            NodeState::Failed { .. } => format!("`{name}` has failed"),
            NodeState::Skipped { because, .. } => match because {
                SkipReason::Operator { by, .. } | SkipReason::Unclear { by, .. } => {
                    format!("`{name}` was skipped by {}", by.name)
                }
                SkipReason::Blocked { by } => format!("`{name}` is blocked by `{}`", self.name(*by)),
                SkipReason::TargetNotDone => {
                    format!("`{name}` was left out, its machine's target is not done")
                }
                SkipReason::RunEnded => format!("`{name}` was left behind when the run changed its way"),
                SkipReason::NothingToUndo => format!("`{name}` has nothing to undo"),
            },
        }
    }
}
