//! Requests about one step: approve, reject, resolve, retry, skip.

use crate::base::words::list;
use crate::event::{EventKind, Outcome, Person};
use crate::runbook::{Act, NodeId};

use super::core::Run;
use super::refuse::No;
use super::{NodeState, OperatorRequest, Question, SkipReason};

impl Run {
    /// Whether a node waits for a yes: an approval, or a failed fence that a role may vouch for.
    pub(super) fn waits_for_yes(&self, node: NodeId) -> bool {
        match (&self.nodes.at(node).state, &self.runbook.nodes.at(node).act) {
            (NodeState::Waiting { question, .. }, Act::Approve(_)) => {
                matches!(**question, Question::Approval { .. })
            }
            (NodeState::Waiting { question, .. }, Act::Fence { or_approve: Some(_), .. }) => {
                matches!(**question, Question::Failed(_))
            }
            _ => false,
        }
    }

    /// The role that answers for a node, where one does.
    #[must_use]
    pub fn role_of(&self, node: NodeId) -> Option<&str> {
        match &self.runbook.nodes.at(node).act {
            Act::Approve(approve) => Some(approve.by.as_str()),
            Act::Fence { or_approve, .. } => or_approve.as_deref(),
            _ => None,
        }
    }

    /// Refuses who does not hold the role that answers for a node; names who does.
    fn holds_role_of(&self, node: NodeId, by: &Person, better: OperatorRequest) -> Result<(), No> {
        match self.role_of(node) {
            Some(role) => self.may(by, role).map_err(|why| No::with(why, [better])),
            None => Ok(()),
        }
    }

    /// The approval, or fence that a role may vouch for, which waits and which `by` may answer.
    pub(super) fn approvable(&self, step: Option<&str>, by: &Person) -> Result<NodeId, No> {
        let node = self.answerable(step)?;
        let again =
            OperatorRequest::Approve { step: Some(self.name(node).to_owned()), comment: String::new() };
        self.holds_role_of(node, by, again.clone())?;
        if let NodeState::Waiting { question, .. } = &self.nodes.at(node).state
            && let (Question::Approval { given, .. }, Act::Approve(approve)) =
                (&**question, &self.runbook.nodes.at(node).act)
            && given.iter().any(|person| person.name == by.name)
        {
            let (so_far, name) = (given.len(), self.name(node));
            let why = format!(
                "`{}` has said yes to `{name}` already; {so_far} of {} so far",
                by.name, approve.quorum
            );
            return Err(No::with(why, [again]));
        }
        Ok(node)
    }

    pub(super) fn rejectable(&self, step: Option<&str>, by: &Person) -> Result<NodeId, No> {
        let node = self.answerable(step)?;
        let step = self.name(node).to_owned();
        if !matches!(self.runbook.nodes.at(node).act, Act::Approve(_)) {
            let why = format!("`{step}` is a failed fence and no approval");
            return Err(No::with(why, [OperatorRequest::Retry { step: Some(step) }]));
        }
        self.holds_role_of(node, by, OperatorRequest::Reject { step: Some(step), comment: String::new() })?;
        Ok(node)
    }

    fn answerable(&self, step: Option<&str>) -> Result<NodeId, No> {
        let waiting: Vec<NodeId> =
            self.waiting.iter().copied().filter(|node| self.waits_for_yes(*node)).collect();
        let names: Vec<&str> = waiting.iter().map(|node| self.name(*node)).collect();
        let approve = |node: &NodeId| OperatorRequest::Approve {
            step: Some(self.name(*node).to_owned()),
            comment: String::new(),
        };
        let Some(step) = step else {
            return match waiting.as_slice() {
                [] => Err(No::from("nothing waits for approval".to_owned())),
                [one] => Ok(*one),
                many => {
                    let why = format!("several steps wait for approval: {}", list(&names, 8));
                    Err(No::with(why, many.iter().map(approve)))
                }
            };
        };
        let node = self.find_step(step)?;
        if self.waits_for_yes(node) {
            return Ok(node);
        }
        let open = if names.is_empty() {
            "nothing waits for approval".to_owned()
        } else {
            format!("waiting for approval: {}", list(&names, 8))
        };
        let why = format!("{}; {open}", self.stands(node));
        let asked_again = (self.role_of(node).is_some()).then(|| self.retry_of(node));
        Err(No::with(why, waiting.iter().map(approve).chain(asked_again)))
    }

    /// An act of which a person may say what became of it.
    pub(super) fn resolvable(
        &self,
        step: &str,
        outcome: Outcome,
        reason: &str,
        by: &Person,
    ) -> Result<NodeId, No> {
        let node = self.find_step(step)?;
        let this = || OperatorRequest::Resolve { step: step.to_owned(), outcome, reason: "TEXT".to_owned() };
        if !self.is_unclear(node) {
            let why = format!("{}, and nobody is asked what became of it", self.stands(node));
            let others = self.waiting.iter().filter(|other| self.is_unclear(**other)).map(|other| {
                let step = self.name(*other).to_owned();
                OperatorRequest::Resolve { step, outcome, reason: "TEXT".to_owned() }
            });
            return Err(No::with(why, others.chain([self.retry_of(node)])));
        }
        if reason.trim().is_empty() {
            let why = "who says what became of an act says how they know: `--reason TEXT`".to_owned();
            return Err(No::with(why, [this()]));
        }
        // That a fence held is vouched for by the same role, whether it failed or its end is not known.
        if outcome == Outcome::Happened {
            self.holds_role_of(node, by, this())?;
        }
        Ok(node)
    }

    pub(super) fn retry_of(&self, node: NodeId) -> OperatorRequest {
        OperatorRequest::Retry { step: Some(self.name(node).to_owned()) }
    }

    fn skip_of(&self, node: NodeId) -> OperatorRequest {
        OperatorRequest::Skip { step: self.name(node).to_owned(), reason: "TEXT".to_owned() }
    }

    /// Whether a retry by name does anything.
    fn can_retry(&self, node: NodeId) -> bool {
        match &self.nodes.at(node).state {
            NodeState::Failed { .. } | NodeState::BackingOff { .. } => self.is_awake(node),
            NodeState::Waiting { question, .. } => match **question {
                Question::Failed(_) => self.is_awake(node),
                Question::Unclear { .. } => true,
                Question::Approval { .. } | Question::Commit { .. } | Question::Points(_) => false,
            },
            NodeState::NotStarted
            | NodeState::Running { .. }
            | NodeState::Unknown { .. }
            | NodeState::Succeeded { .. }
            | NodeState::Skipped { .. } => false,
        }
    }

    /// A retry of one step, or of all that failed for good. Those that ask are not among all: each has its
    /// own question.
    pub(super) fn retryable(&self, step: Option<&str>, by: Person) -> Result<EventKind, No> {
        let Some(step) = step else {
            if self.failed().any(|node| self.is_awake(node) && !self.is_due(node)) {
                return Ok(EventKind::RetryRequested { node: None, by });
            }
            let unsettled = self.nodes.ids().filter(|node| !self.nodes.at(*node).state.is_settled());
            let asking: Vec<NodeId> = unsettled.filter(|node| self.can_retry(*node)).collect();
            return match asking.as_slice() {
                [] => Err(No::from("no step has failed".to_owned())),
                [one] if !self.is_unclear(*one) => Ok(EventKind::RetryRequested { node: Some(*one), by }),
                many => {
                    let names: Vec<&str> = many.iter().map(|node| self.name(*node)).collect();
                    let why = format!("say which step to try again: {}", list(&names, 8));
                    Err(No::with(why, many.iter().map(|node| self.retry_of(*node))))
                }
            };
        };
        let node = self.find_step(step)?;
        if self.can_retry(node) {
            return Ok(EventKind::RetryRequested { node: Some(node), by });
        }
        let why = format!("{}; only a failed step is tried again", self.stands(node));
        let cause = match &self.nodes.at(node).state {
            NodeState::Skipped { because: SkipReason::Blocked { by }, .. } => Some(self.retry_of(*by)),
            _ => None,
        };
        Err(No::with(why, cause))
    }

    /// A step is skipped where nothing of it is under way. A commit gate and a choice of points are not
    /// steps to skip: they are what the run is for; nor is an approval.
    pub(super) fn skippable(&self, step: &str, reason: &str, by: &Person) -> Result<EventKind, No> {
        let node = self.find_step(step)?;
        if reason.trim().is_empty() {
            let why = "a skip needs a reason: `--reason TEXT`".to_owned();
            return Err(No::with(why, [self.skip_of(node)]));
        }
        let event = EventKind::StepSkipped { node, by: by.clone(), reason: reason.to_owned() };
        match &self.runbook.nodes.at(node).act {
            Act::CommitGate(_) => {
                let why =
                    format!("`{step}` is not skipped, the commit window is closed or the run goes back");
                return Err(No::with(why, self.ways_past_the_gate()));
            }
            Act::Bind(_) | Act::AskPoints { .. } => {
                let why = format!("`{step}` is not skipped, nothing comes up without a point");
                let choose = self.asked_subjects().into_iter().map(|subject| {
                    let (name, ladder) = (&self.runbook.subjects.at(subject).name, self.ladders.at(subject));
                    OperatorRequest::Choose { subject: name.clone(), ladder: ladder.clone() }
                });
                return Err(No::with(why, choose.chain([self.retry_of(node)])));
            }
            // Not even by who holds its role: two yes of two are two people's.
            Act::Approve(_) => {
                let why = format!("`{step}` is an approval: it is given, and never skipped");
                let approve =
                    OperatorRequest::Approve { step: Some(step.to_owned()), comment: String::new() };
                return Err(No::with(why, [approve, self.retry_of(node)]));
            }
            _ => {}
        }
        match &self.nodes.at(node).state {
            NodeState::Waiting { .. } if self.is_unclear(node) => Ok(event),
            // Counted as done ahead of its turn, it would let what comes after it begin before what comes
            // before it: an acceptance asked for, and a commit made, of machines that are not there yet.
            NodeState::NotStarted if self.is_awake(node) && self.nodes.at(node).open > 0 => {
                let before = self.runbook.nodes.at(node).after.iter().map(|edge| edge.on);
                let before = before.filter(|on| self.runbook.nodes.at(*on).act != Act::Join);
                let open = before.filter(|on| !self.nodes.at(*on).state.is_done());
                let names: Vec<&str> = open.map(|on| self.name(on)).collect();
                let waits = if names.is_empty() { "the steps before it".to_owned() } else { list(&names, 8) };
                Err(No::from(format!("`{step}` has not had its turn, it waits for {waits}")))
            }
            NodeState::NotStarted
            | NodeState::Waiting { .. }
            | NodeState::BackingOff { .. }
            | NodeState::Failed { tolerated: false, .. }
                if self.is_awake(node) =>
            {
                Ok(event)
            }
            NodeState::Skipped { because: SkipReason::Blocked { by: cause }, .. } => {
                Err(No::with(self.stands(node), [self.retry_of(*cause), self.skip_of(*cause)]))
            }
            _ => Err(No::from(format!("{}; there is nothing to skip", self.stands(node)))),
        }
    }
}
