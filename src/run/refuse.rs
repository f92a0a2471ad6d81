//! Refusals, and what is possible instead. A way on that a refusal names is one that the core would allow.

use std::fmt;

use crate::base::words::list;
use crate::event::{Outcome, Person};
use crate::model::RoleMembers;
use crate::runbook::{Act, NodeId};

use super::core::Run;
use super::{NodeState, OperatorRequest, Question};

/// Ways on that one refusal names: more is a manual.
const WAYS: usize = 3;

/// Why a request is not taken, and what would be instead.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// The reason: a lowercase sentence.
    pub why: String,
    /// What is possible instead, the nearest first; none once the run has ended.
    pub instead: Vec<Way>,
}

/// A request that would be taken now.
#[derive(Clone, PartialEq, Debug)]
pub struct Way {
    /// The request.
    pub request: OperatorRequest,
    /// Who could ask it, where whoever asked could not.
    pub by: Option<Who>,
    /// What to type for it.
    pub command: String,
}

/// Who else could ask something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// One of these.
    OneOf(Vec<String>),
    /// Anybody but who asked.
    SomebodyElse,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        for (index, way) in self.instead.iter().enumerate() {
            let before = if index == 0 { "; possible now: " } else { ", " };
            write!(f, "{before}`{}`", way.command)?;
            match &way.by {
                None => {}
                Some(Who::OneOf(people)) => write!(f, " as {}", list(people, 4))?,
                Some(Who::SomebodyElse) => f.write_str(" as somebody else")?,
            }
        }
        Ok(())
    }
}

/// A refusal in the making: the reason, and what may be better, to be tried in this order.
#[derive(Debug)]
pub(super) struct No {
    pub(super) why: String,
    pub(super) better: Vec<OperatorRequest>,
}

impl No {
    pub(super) fn with(why: String, better: impl IntoIterator<Item = OperatorRequest>) -> Self {
        Self { why, better: better.into_iter().collect() }
    }
}

impl From<String> for No {
    fn from(why: String) -> Self {
        Self { why, better: Vec::new() }
    }
}

impl Run {
    /// The refusal with ways on that are open, the better ones first, and others where none of them is.
    pub(super) fn refusal(&self, no: No, by: &Person) -> Refusal {
        let open = |requests: Vec<OperatorRequest>| -> Vec<Way> {
            let ways = requests.into_iter().filter_map(|request| self.way(request, by));
            ways.take(WAYS).collect()
        };
        let mut instead = open(no.better);
        if instead.is_empty() {
            instead = open(self.all_ways());
        }
        Refusal { why: no.why, instead }
    }

    /// Everything that `by` may ask now, or somebody else could: answers to questions first.
    #[must_use]
    pub fn ways(&self, by: &Person) -> Vec<Way> {
        if self.ended.is_some() {
            return Vec::new();
        }
        self.all_ways().into_iter().filter_map(|request| self.way(request, by)).collect()
    }

    /// A request as a way on, if it is open: to who asks, or to somebody else.
    fn way(&self, request: OperatorRequest, by: &Person) -> Option<Way> {
        let command = request.command(&self.id);
        if self.judge(&request, by).is_ok() {
            return Some(Way { request, by: None, command });
        }
        let node = match &request {
            OperatorRequest::Approve { step: Some(step), .. }
            | OperatorRequest::Reject { step: Some(step), .. }
            | OperatorRequest::Resolve { step, .. }
            | OperatorRequest::Skip { step, .. } => self.find_step(step).ok()?,
            _ => return None,
        };
        let role = self.role_of(node)?;
        let as_person =
            |name: &str| Person { name: name.to_owned(), os_user: String::new(), verified: false };
        let could = |name: &str| self.judge(&request, &as_person(name)).is_ok();
        let who = match self.runbook.roles.get(role).map(|role| &role.members) {
            Some(RoleMembers::People(people)) => {
                let able: Vec<String> = people.iter().filter(|name| could(name)).cloned().collect();
                (!able.is_empty()).then_some(Who::OneOf(able))?
            }
            // A name that nobody has: whoever has not answered yet.
            Some(RoleMembers::Anyone) => could("").then_some(Who::SomebodyElse)?,
            None => return None,
        };
        Some(Way { request, by: Some(who), command })
    }

    /// Whatever may be asked in some state, whether it is open now or not.
    fn all_ways(&self) -> Vec<OperatorRequest> {
        let mut all: Vec<OperatorRequest> =
            self.waiting.iter().flat_map(|node| self.answers_of(*node)).collect();
        let failed = self.failed().filter(|node| self.is_awake(*node)).take(WAYS);
        all.extend(failed.flat_map(|node| [self.retry_of(node), skip(self.name(node))]));
        all.push(OperatorRequest::Resume);
        all.push(self.commit_now());
        all.push(OperatorRequest::CleanUp);
        all.push(OperatorRequest::Pause);
        all.push(OperatorRequest::Halt { reason: String::new() });
        all.extend(self.runbook.subjects.ids().take(WAYS).map(|subject| self.change_of(subject)));
        all.push(OperatorRequest::Rollback { reason: String::new() });
        all
    }

    /// The answers to the question of a node that waits.
    #[must_use]
    pub fn answers_of(&self, node: NodeId) -> Vec<OperatorRequest> {
        let NodeState::Waiting { question, .. } = &self.nodes.at(node).state else { return Vec::new() };
        let step = || self.name(node).to_owned();
        let approve = || OperatorRequest::Approve { step: Some(step()), comment: String::new() };
        match &**question {
            Question::Approval { .. } => {
                vec![approve(), OperatorRequest::Reject { step: Some(step()), comment: String::new() }]
            }
            Question::Commit { .. } => self.ways_past_the_gate(),
            Question::Points(questions) => {
                let chosen = questions.iter().map(|asked| {
                    let subject = self.runbook.subjects.at(asked.subject).name.clone();
                    OperatorRequest::Choose { subject, ladder: self.ladders.at(asked.subject).clone() }
                });
                chosen.collect()
            }
            Question::Failed(_) => {
                let fence = matches!(self.runbook.nodes.at(node).act, Act::Fence { .. });
                let vouch = fence.then(approve);
                vouch.into_iter().chain([self.retry_of(node), skip(&step())]).collect()
            }
            Question::Unclear { .. } => {
                let resolve = |outcome: Outcome| OperatorRequest::Resolve {
                    step: step(),
                    outcome,
                    reason: "TEXT".to_owned(),
                };
                vec![
                    resolve(Outcome::Happened),
                    resolve(Outcome::DidNotHappen),
                    self.retry_of(node),
                    skip(&step()),
                ]
            }
        }
    }
}

fn skip(step: &str) -> OperatorRequest {
    OperatorRequest::Skip { step: step.to_owned(), reason: "TEXT".to_owned() }
}
