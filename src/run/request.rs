//! What an operator may ask of a run, in every state: allowed with its event, or refused with the
//! reason and what is possible instead.

use serde::{Deserialize, Serialize};

use crate::event::{EventKind, Person};
use crate::model::{Ladder, RoleMembers};
use crate::runbook::{Act, CommitGate, Lane, NodeId, SubjectId};

use super::core::{Flow, Run};
use super::{NodeState, Question, RunState};

/// What an operator asks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum OperatorRequest {
    /// Says yes.
    Approve {
        /// The step; may be absent where only one waits.
        step: Option<String>,
        /// What is added.
        comment: String,
    },
    /// Says no.
    Reject {
        /// The step; may be absent where only one waits.
        step: Option<String>,
        /// What is added.
        comment: String,
    },
    /// Chooses points for a subject that is asked about.
    Choose {
        /// The group or machine.
        subject: String,
        /// What is wanted.
        ladder: Ladder,
    },
    /// No new starts.
    Pause,
    /// Goes on.
    Resume,
    /// Tries a failed step again; all failed ones if absent.
    Retry {
        /// The step.
        step: Option<String>,
    },
    /// Counts a step as done.
    Skip {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// Nothing starts any more.
    Halt {
        /// Why.
        reason: String,
    },
    /// Takes another point.
    ChangePoint {
        /// The group or machine.
        subject: String,
        /// What is wanted.
        ladder: Ladder,
    },
    /// Goes back.
    Rollback {
        /// Why.
        reason: String,
    },
    /// Closes the commit window.
    Commit {
        /// How many machines the operator knows will be deleted.
        delete_sources: Option<u32>,
    },
    /// Cleans a test up.
    CleanUp,
}

impl OperatorRequest {
    /// The verb of the command line.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Choose { .. } => "choose",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retry { .. } => "retry",
            Self::Skip { .. } => "skip",
            Self::Halt { .. } => "halt",
            Self::ChangePoint { .. } => "change-point",
            Self::Rollback { .. } => "rollback",
            Self::Commit { .. } => "commit",
            Self::CleanUp => "cleanup",
        }
    }
}

/// What becomes of a request that is allowed.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// This is recorded.
    Record(EventKind),
    /// The driver looks at the estate's points first, and then records the change or refuses.
    LookAtPoints {
        /// Whose.
        subject: SubjectId,
        /// What is wanted.
        ladder: Ladder,
    },
}

impl Run {
    /// What becomes of a request by `by`.
    ///
    /// # Errors
    /// Why not, and what is possible instead; one lowercase sentence.
    pub fn decide(&self, request: &OperatorRequest, by: &Person) -> Result<Decision, String> {
        if let RunState::Ended(state) = self.state() {
            if *request == OperatorRequest::CleanUp && self.runbook.is_test() {
                return Err(self.cleaned_already(state));
            }
            return Err(format!(
                "run `{}` has ended as {}; `muster report` says how, and another run is a new one",
                self.id,
                RunState::Ended(state).word()
            ));
        }
        let by_person = by.clone();
        let event = match request {
            OperatorRequest::Approve { step, comment } => {
                let node = self.approvable(step.as_deref(), by)?;
                EventKind::Approved { node, by: by_person, comment: comment.clone(), beforehand: false }
            }
            OperatorRequest::Reject { step, comment } => {
                let node = self.approvable(step.as_deref(), by)?;
                if !matches!(self.runbook.nodes.at(node).act, Act::Approve(_)) {
                    return Err(format!(
                        "`{}` is a failed fence; retry it, or halt the run",
                        self.name(node)
                    ));
                }
                EventKind::Rejected { node, by: by_person, comment: comment.clone() }
            }
            OperatorRequest::Choose { subject, ladder } => {
                let subject = self.asked_about(subject)?;
                EventKind::PointsChosen { subject, ladder: ladder.clone(), by: by_person }
            }
            OperatorRequest::Pause if self.paused => {
                return Err("the run is paused already; `muster resume` goes on".to_owned());
            }
            OperatorRequest::Pause => EventKind::Paused { by: by_person },
            OperatorRequest::Resume => match self.state() {
                RunState::Paused | RunState::Halted => EventKind::Resumed { by: by_person },
                RunState::Running | RunState::Waiting | RunState::Ended(_) => {
                    return Err(format!("the run is {}, there is nothing to resume", self.state().word()));
                }
            },
            OperatorRequest::Retry { step } => self.retryable(step.as_deref(), by_person)?,
            OperatorRequest::Skip { step, reason } => self.skippable(step, reason, by_person)?,
            OperatorRequest::Halt { reason } => {
                if self.halted.is_some() {
                    return Err("the run is halted already; `muster resume`, `muster rollback` or `muster skip` go on".to_owned());
                }
                EventKind::Halted { by: by_person, reason: reason.clone() }
            }
            OperatorRequest::ChangePoint { subject, ladder } => {
                let subject = self.changeable(subject)?;
                return Ok(Decision::LookAtPoints { subject, ladder: ladder.clone() });
            }
            OperatorRequest::Rollback { reason } => {
                self.can_roll_back()?;
                EventKind::RollbackStarted { by: Some(by_person), reason: reason.clone() }
            }
            OperatorRequest::Commit { delete_sources } => {
                self.committable(*delete_sources)?;
                EventKind::CommitRequested { by: by_person, delete_sources: *delete_sources }
            }
            OperatorRequest::CleanUp => self.cleanable(by_person)?,
        };
        Ok(Decision::Record(event))
    }

    fn name(&self, node: NodeId) -> &str {
        &self.runbook.nodes.at(node).name
    }

    fn find_step(&self, name: &str) -> Result<NodeId, String> {
        let found =
            self.runbook.nodes.iter_enumerated().find(|(_, node)| node.name == name && node.act != Act::Join);
        found.map(|(id, _)| id).ok_or_else(|| {
            let names =
                self.runbook.nodes.iter().filter(|node| node.act != Act::Join).map(|node| node.name.as_str());
            let help = crate::base::words::did_you_mean(name, names)
                .map_or_else(String::new, |help| format!("; {help}"));
            format!("the run has no step `{name}`{help}")
        })
    }

    /// The approval, or fence that a role may vouch for, which waits and which `by` may answer.
    fn approvable(&self, step: Option<&str>, by: &Person) -> Result<NodeId, String> {
        let waits = |node: NodeId| match (&self.nodes.at(node).state, &self.runbook.nodes.at(node).act) {
            (NodeState::Waiting { question, .. }, Act::Approve(_)) => {
                matches!(**question, Question::Approval { .. })
            }
            (NodeState::Waiting { question, .. }, Act::Fence { .. }) => {
                matches!(**question, Question::Failed(_))
            }
            _ => false,
        };
        let waiting: Vec<NodeId> = self.waiting.iter().copied().filter(|node| waits(*node)).collect();
        let names: Vec<&str> = waiting.iter().map(|node| self.name(*node)).collect();
        let node = match step {
            Some(step) => {
                let node = self.find_step(step)?;
                if !waits(node) {
                    let open = if names.is_empty() {
                        "nothing waits for approval".to_owned()
                    } else {
                        format!("waiting for approval: {}", crate::base::words::list(&names, 8))
                    };
                    return Err(format!("`{step}` is {}; {open}", self.nodes.at(node).state.word()));
                }
                node
            }
            None => match waiting.as_slice() {
                [] => return Err("nothing waits for approval".to_owned()),
                [one] => *one,
                [..] => {
                    return Err(format!(
                        "several steps wait for approval, name one of {}",
                        crate::base::words::list(&names, 8)
                    ));
                }
            },
        };
        let role = match &self.runbook.nodes.at(node).act {
            Act::Approve(approve) => Some(approve.by.as_str()),
            Act::Fence { or_approve, .. } => or_approve.as_deref(),
            _ => None,
        };
        self.may(by, role.unwrap_or_default())?;
        Ok(node)
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

    fn asked_about(&self, name: &str) -> Result<SubjectId, String> {
        let asked: Vec<SubjectId> = self
            .waiting
            .iter()
            .filter_map(|node| match &self.nodes.at(*node).state {
                NodeState::Waiting { question, .. } => Some(question),
                _ => None,
            })
            .flat_map(|question| match &**question {
                Question::Points(questions) => questions.iter().map(|asked| asked.subject).collect(),
                _ => Vec::new(),
            })
            .collect();
        let found = asked.iter().find(|subject| self.runbook.subjects.at(**subject).name == name);
        let names: Vec<&str> =
            asked.iter().map(|subject| self.runbook.subjects.at(*subject).name.as_str()).collect();
        found.copied().ok_or_else(|| match names.as_slice() {
            [] => {
                "no point is asked for; in the commit window `muster change-point` takes another".to_owned()
            }
            names => format!(
                "`{name}` is not asked about; points are asked for {}",
                crate::base::words::list(names, 8)
            ),
        })
    }

    fn retryable(&self, step: Option<&str>, by: Person) -> Result<EventKind, String> {
        let can = |node: NodeId| match &self.nodes.at(node).state {
            NodeState::Failed { .. } | NodeState::BackingOff { .. } => true,
            NodeState::Waiting { question, .. } => matches!(**question, Question::Failed(_) | Question::Unclear { .. }),
            _ => false,
        } && self.is_awake(node);
        let Some(step) = step else {
            return if self.nodes.ids().any(can) {
                Ok(EventKind::RetryRequested { node: None, by })
            } else {
                Err("no step has failed".to_owned())
            };
        };
        let node = self.find_step(step)?;
        if can(node) {
            Ok(EventKind::RetryRequested { node: Some(node), by })
        } else {
            Err(format!(
                "`{step}` is {}, only a failed step is tried again",
                self.nodes.at(node).state.word()
            ))
        }
    }

    /// A step is skipped where nothing of it is under way. A commit gate and the way back are not
    /// steps to skip: they are what the run is for.
    fn skippable(&self, step: &str, reason: &str, by: Person) -> Result<EventKind, String> {
        let node = self.find_step(step)?;
        let compiled = self.runbook.nodes.at(node);
        if reason.trim().is_empty() {
            return Err("a skip needs a reason: `--reason TEXT`".to_owned());
        }
        if matches!(compiled.act, Act::CommitGate(_)) {
            return Err(
                "the commit window is not skipped; `muster commit` or `muster rollback` close it".to_owned()
            );
        }
        if matches!(compiled.act, Act::Bind(_)) {
            return Err(format!(
                "`{step}` is not skipped, nothing comes up without a point; `muster choose` or `muster retry`"
            ));
        }
        match &self.nodes.at(node).state {
            NodeState::NotStarted
            | NodeState::Waiting { .. }
            | NodeState::BackingOff { .. }
            | NodeState::Failed { tolerated: false, .. }
                if self.is_awake(node) =>
            {
                Ok(EventKind::StepSkipped { node, by, reason: reason.to_owned() })
            }
            NodeState::Skipped { because: super::SkipReason::Blocked { by: cause }, .. } => {
                Err(format!("`{step}` is blocked by `{}`; retry or skip that one", self.name(*cause)))
            }
            NodeState::Running { .. } | NodeState::Unknown { .. } => Err(format!(
                "`{step}` is under way and is followed to its outcome; `muster pause` stops new starts"
            )),
            other => Err(format!("`{step}` is {} and needs no skip", other.word())),
        }
    }

    fn changeable(&self, name: &str) -> Result<SubjectId, String> {
        let found = self.runbook.subjects.iter_enumerated().find(|(_, subject)| subject.name == name);
        let Some((id, _)) = found else {
            let names: Vec<&str> =
                self.runbook.subjects.iter().map(|subject| subject.name.as_str()).collect();
            return Err(format!(
                "the run has no group or lone machine `{name}`; it has {}",
                crate::base::words::list(&names, 8)
            ));
        };
        if self.flow != Flow::Forward {
            return Err(
                "the run is on its way back or being cleaned up; no point is changed any more".to_owned()
            );
        }
        if self.runbook.is_test() {
            return Err("a test keeps its point; clean it up and run another with `--point`".to_owned());
        }
        if self.commit_began() {
            return Err("the commit has begun and the other points are dropped; the point stays".to_owned());
        }
        if self.window_opened.is_empty() {
            return Err("points are changed in the commit window, and it is not open yet".to_owned());
        }
        Ok(id)
    }

    pub(super) fn commit_began(&self) -> bool {
        self.runbook
            .nodes
            .iter_enumerated()
            .any(|(id, node)| matches!(node.act, Act::Commit { .. }) && self.nodes.at(id).attempts > 0)
    }

    /// Whether the way back is open.
    ///
    /// # Errors
    /// Why not.
    pub fn can_roll_back(&self) -> Result<(), String> {
        if self.flow == Flow::RollingBack {
            return Err("the run is rolled back already".to_owned());
        }
        if self.runbook.is_test() {
            return Err("a test is not rolled back; `muster cleanup` removes it".to_owned());
        }
        if self.commit_began() {
            return Err(
                "the commit has begun, there is no way back; fail over again after reprotect".to_owned()
            );
        }
        if self.runbook.mode == Some(crate::model::Mode::Forced) {
            return Err("a forced run is not rolled back: the source was never contacted and may be running"
                .to_owned());
        }
        Ok(())
    }

    fn committable(&self, delete_sources: Option<u32>) -> Result<(), String> {
        let gates: Vec<&CommitGate> = self
            .waiting
            .iter()
            .filter_map(|node| match (&self.nodes.at(*node).state, &self.runbook.nodes.at(*node).act) {
                (NodeState::Waiting { question, .. }, Act::CommitGate(gate))
                    if matches!(**question, Question::Commit { .. })
                        && self.runbook.nodes.at(*node).lane == Lane::Forward =>
                {
                    Some(gate)
                }
                _ => None,
            })
            .collect();
        if self.runbook.is_test() {
            return Err("a test commits nothing; `muster cleanup` ends it".to_owned());
        }
        if gates.is_empty() {
            let open: Vec<&str> = self.failed().map(|node| self.name(node)).collect();
            return Err(match open.as_slice() {
                [] if self.commit_began() => "the commit has begun already".to_owned(),
                [] => self.not_at_the_window(),
                open => {
                    format!("the commit waits for {}; retry or skip first", crate::base::words::list(open, 8))
                }
            });
        }
        let deleted: u32 = gates
            .iter()
            .filter(|gate| gate.deletes_sources)
            .map(|gate| {
                u32::try_from(gate.vms.iter().filter(|vm| self.target_done(**vm)).count()).unwrap_or(u32::MAX)
            })
            .sum();
        match (deleted, delete_sources) {
            (0, _) => Ok(()),
            (count, Some(said)) if said == count => Ok(()),
            (count, Some(said)) => Err(format!(
                "this commit deletes {}, not {said}; say `--delete-sources {count}`",
                crate::base::words::count(count as usize, "source machine")
            )),
            (count, None) => Err(format!(
                "this commit deletes {} for good; say `--delete-sources {count}`",
                crate::base::words::count(count as usize, "source machine")
            )),
        }
    }

    /// What stands before the commit window, of a run in which nothing failed.
    fn not_at_the_window(&self) -> String {
        let active = self.waiting.iter().chain(&self.running).chain(&self.unknown);
        let names: Vec<&str> = active.map(|node| self.name(*node)).collect();
        let at = if names.is_empty() {
            String::new()
        } else {
            format!(": the run is at {}", crate::base::words::list(&names, 8))
        };
        format!("the commit window is not reached{at}")
    }
}
