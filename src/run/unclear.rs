//! Acts whose outcome the estate cannot tell: the question to a person, the evidence that goes with it,
//! and what the answer makes of the run. Nothing here assumes that something came about.

use crate::base::Timestamp;
use crate::event::{Detail, Outcome, Person, Sighting};
use crate::runbook::{Act, NodeId};

use super::core::{Flow, Run};
use super::{NodeState, Question, SkipReason};

/// What a person said of an act, with what was seen while they said it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement<'a> {
    pub(super) outcome: Outcome,
    pub(super) by: &'a Person,
    pub(super) reason: &'a str,
    pub(super) detail: &'a Detail,
    pub(super) seen: &'a [Sighting],
}

impl Run {
    /// A person is asked.
    pub(super) fn unclear(
        &mut self,
        node: NodeId,
        at: Timestamp,
        evidence: &str,
        seen: &[Sighting],
    ) -> Result<(), String> {
        self.known(node)?;
        let NodeState::Unknown { attempt, since, key, handle } = self.nodes.at(node).state.clone() else {
            let state = self.nodes.at(node).state.clone();
            return Err(self.not_underway(node, &state));
        };
        let name = self.runbook.nodes.at(node).name.clone();
        let what = format!("its outcome was not known: {evidence}");
        // Asked again, an estate may well say the same again; that is one exception.
        if !self.exceptions.iter().any(|known| known.about == name && known.what == what) {
            self.except(at, name, what);
        }
        let (lost, seen) = (self.lost.get(&node).cloned(), seen.to_vec());
        let evidence = evidence.to_owned();
        let question = Question::Unclear { key, handle, lost, evidence, seen, asked_at: at };
        self.set(node, NodeState::Waiting { attempt, since, question: Box::new(question) });
        Ok(())
    }

    /// A person said what became of it.
    pub(super) fn outcome_stated(
        &mut self,
        node: NodeId,
        at: Timestamp,
        said: Statement<'_>,
    ) -> Result<(), String> {
        self.known(node)?;
        if !self.is_unclear(node) {
            let state = self.nodes.at(node).state.clone();
            return Err(self.not_underway(node, &state));
        }
        let name = self.runbook.nodes.at(node).name.clone();
        let seen = seen_words(said.seen).map_or_else(String::new, |seen| format!("; seen then: {seen}"));
        let (how, who) = (said.outcome.words(), &said.by.name);
        self.except(at, name, format!("said {how} by {who}: {}{seen}", said.reason));
        match said.outcome {
            Outcome::Happened => self.step_succeeded(node, at, said.detail),
            Outcome::DidNotHappen if self.is_awake(node) => {
                self.begin_afresh(node);
                self.rebuild(at);
                Ok(())
            }
            // The run is on another way: what did not happen is not begun any more.
            Outcome::DidNotHappen => {
                self.finish(node, at, NodeState::Skipped { at, because: SkipReason::RunEnded });
                Ok(())
            }
        }
    }

    /// The estate is asked once more what became of the very same attempt; nothing is repeated.
    pub(super) fn ask_again(&mut self, node: NodeId) {
        if let NodeState::Waiting { attempt, since, question } = self.nodes.at(node).state.clone()
            && let Question::Unclear { key, handle, .. } = *question
        {
            self.set(node, NodeState::Unknown { attempt, since, key, handle });
        }
    }

    /// Whether a person is asked what became of a node.
    #[must_use]
    pub fn is_unclear(&self, node: NodeId) -> bool {
        matches!(&self.nodes.at(node).state, NodeState::Waiting { question, .. } if matches!(**question, Question::Unclear { .. }))
    }

    /// Whether an act of the way that was left behind waits for a person: nobody knows whether it is
    /// over, so the way back does not begin.
    pub(super) fn is_held_by_unclear(&self) -> bool {
        self.flow != Flow::Forward && self.waiting.iter().any(|node| !self.is_awake(*node))
    }

    /// What is known of an act whose outcome is not: what was asked, under which key and handle, since
    /// when, what came back, and what was seen. None where no person is asked.
    #[must_use]
    pub fn evidence(&self, node: NodeId) -> Option<Vec<(&'static str, String)>> {
        let NodeState::Waiting { attempt, since, question } = &self.nodes.at(node).state else { return None };
        let Question::Unclear { key, handle, lost, evidence, seen, asked_at } = &**question else {
            return None;
        };
        let mut rows =
            vec![("asked", format!("{}, at {} (attempt {attempt})", self.act_words(node), second(*since)))];
        rows.push(("key", key.as_str().to_owned()));
        rows.extend(handle.as_ref().map(|handle| ("handle", handle.0.clone())));
        rows.extend(lost.as_ref().map(|lost| ("answer", format!("lost: {lost}"))));
        rows.push(("then", evidence.clone()));
        if let Some(seen) = seen_words(seen) {
            rows.push(("seen", format!("{seen} (at {})", second(*asked_at))));
        }
        Some(rows)
    }

    /// An act in the words of the run log: ``` `fail_over` of `sql01` to point `p7` at `azure` ```.
    fn act_words(&self, node: NodeId) -> String {
        let (compiled, runbook) = (self.runbook.nodes.at(node), &self.runbook);
        let name = |vm: crate::model::VmId| &runbook.machines.at(vm).estate_name;
        let all = |vms: &[crate::model::VmId]| {
            let names: Vec<&String> = vms.iter().map(|vm| name(*vm)).collect();
            crate::base::words::list(&names, 8)
        };
        match &compiled.act {
            Act::FailOver { vm } => {
                let point =
                    self.point(*vm).map_or_else(String::new, |point| format!(" to point `{}`", point.point));
                let verb = if self.made_again(node) { "change_point" } else { "fail_over" };
                format!("`{verb}` of `{}`{point} at `{}`", name(*vm), runbook.target.name)
            }
            Act::ShutDown { vm, .. } => format!("`shut_down` of `{}`", name(*vm)),
            Act::Start { vm } => format!("`start` of `{}`", name(*vm)),
            Act::Commit { vm } => format!("`commit` of `{}`", name(*vm)),
            Act::Reprotect { vm, .. } => {
                format!("`reprotect` of `{}` to `{}`", name(*vm), runbook.source.name)
            }
            Act::CleanUp { vm } => format!("`clean_up` of `{}`", name(*vm)),
            Act::RollBack { vm, .. } => format!("`roll_back` of `{}`", name(*vm)),
            Act::ProcessPending { vms } => format!("`process_pending` of {}", all(vms)),
            Act::TakeFinal { subject } => {
                format!("`take_final` of {}", all(&runbook.subjects.at(*subject).members))
            }
            Act::Script(_) | Act::Fence { .. } => format!("the program of `{}`", compiled.name),
            Act::Join
            | Act::Approve(_)
            | Act::Check(_)
            | Act::Wait { .. }
            | Act::AskPoints { .. }
            | Act::ConfirmStopped { .. }
            | Act::Bind(_)
            | Act::CommitGate(_) => format!("`{}`", compiled.name),
        }
    }
}

/// Machines as they were seen; none where none was looked at.
fn seen_words(seen: &[Sighting]) -> Option<String> {
    let words: Vec<String> = seen.iter().map(Sighting::words).collect();
    (!words.is_empty()).then(|| words.join(". "))
}

fn second(at: Timestamp) -> Timestamp {
    at.whole_second()
}
