//! How long the steps of earlier runs took, from their logs: what a step needed by itself, from its first
//! attempt to its success. A time in which nobody drove, or a person had to help, is nobody's length.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::Timestamp;
use crate::event::{Event, EventKind};
use crate::runbook::{Act, NodeId, Runbook};

use super::kind::{kind, readies};

/// What earlier runs tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// By the step's name.
    pub steps: BTreeMap<String, Vec<Duration>>,
    /// By kind.
    pub kinds: BTreeMap<&'static str, Vec<Duration>>,
    /// How many runs were read.
    pub runs: usize,
}

impl Past {
    /// Reads one more run.
    pub fn add<'e>(&mut self, runbook: &Runbook, events: impl IntoIterator<Item = &'e Event>) {
        let mut reader =
            Reader { runbook, open: BTreeMap::new(), answered: BTreeMap::new(), taken: Vec::new() };
        for event in events {
            reader.read(event);
        }
        let readies = readies(runbook);
        let answered = reader.answered.into_iter();
        for (id, took) in reader.taken.into_iter().chain(answered) {
            let Some(node) = runbook.nodes.get(id) else { continue };
            self.steps.entry(node.name.clone()).or_default().push(took);
            self.kinds.entry(kind(id, node, &readies)).or_default().push(took);
        }
        self.runs += 1;
    }
}

struct Reader<'r> {
    runbook: &'r Runbook,
    /// When the present series of attempts began.
    open: BTreeMap<NodeId, Timestamp>,
    /// The last answer to an approval; of several people the last one's.
    answered: BTreeMap<NodeId, Duration>,
    taken: Vec<(NodeId, Duration)>,
}

impl Reader<'_> {
    fn read(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::StepStarted { node, .. } => {
                self.open.entry(*node).or_insert(at);
            }
            EventKind::StepSucceeded { node, found: false, .. } if !self.is_timed_by_the_core(*node) => {
                self.ends(*node, at);
            }
            EventKind::PointsBound { node, .. } => self.ends(*node, at),
            EventKind::Approved { node, beforehand: false, .. } => {
                if let (Some(since), Some(Act::Approve(_))) = (self.open.get(node), self.act(*node)) {
                    self.answered.insert(*node, at.since(*since));
                }
            }
            // A bind that asked a person is bound later by another attempt.
            EventKind::PointsAsked { node, .. } if matches!(self.act(*node), Some(Act::Bind(_))) => {
                self.open.remove(node);
            }
            // An operator's word ends what waited for it.
            EventKind::CommitRequested { .. } | EventKind::CleanupRequested { .. } => {
                self.all_end(at, |act| matches!(act, Act::CommitGate(_)));
            }
            EventKind::PointsChosen { .. } => self.all_end(at, |act| matches!(act, Act::AskPoints { .. })),
            EventKind::StepSucceeded { node, .. }
            | EventKind::Approved { node, beforehand: true, .. }
            | EventKind::StepUnclear { node, .. }
            | EventKind::OutcomeStated { node, .. }
            | EventKind::StepSkipped { node, .. }
            | EventKind::RetryRequested { node: Some(node), .. } => {
                self.open.remove(node);
            }
            EventKind::RetryRequested { node: None, .. }
            | EventKind::DriverStarted { .. }
            | EventKind::StoodStill { .. }
            | EventKind::Resumed { .. }
            | EventKind::RollbackStarted { .. } => self.open.clear(),
            EventKind::RunStarted { .. }
            | EventKind::ArtifactsAnnounced { .. }
            | EventKind::ArtifactsSeen { .. }
            | EventKind::OperationAccepted { .. }
            | EventKind::StepNotArrived { .. }
            | EventKind::AnswerLost { .. }
            | EventKind::StepFailed { .. }
            | EventKind::Rejected { .. }
            | EventKind::ApprovalLate { .. }
            | EventKind::PointsAsked { .. }
            | EventKind::PointChanged { .. }
            | EventKind::Paused { .. }
            | EventKind::Halted { .. }
            | EventKind::WindowOverdue { .. }
            | EventKind::Notified { .. }
            | EventKind::RequestRefused { .. }
            | EventKind::ClockSetBack { .. }
            | EventKind::ClockSetForward { .. }
            | EventKind::RunEnded { .. } => {}
        }
    }

    fn act(&self, node: NodeId) -> Option<&Act> {
        self.runbook.nodes.get(node).map(|node| &node.act)
    }

    /// Pauses and windows that close by themselves last as the plan says.
    fn is_timed_by_the_core(&self, node: NodeId) -> bool {
        matches!(self.act(node), Some(Act::Wait { .. } | Act::CommitGate(_)))
    }

    fn ends(&mut self, node: NodeId, at: Timestamp) {
        if let Some(since) = self.open.remove(&node) {
            self.taken.push((node, at.since(since)));
        }
    }

    fn all_end(&mut self, at: Timestamp, which: impl Fn(&Act) -> bool) {
        let is_such = |id: &NodeId| self.runbook.nodes.get(*id).is_some_and(|node| which(&node.act));
        let ended: Vec<NodeId> = self.open.keys().copied().filter(is_such).collect();
        for node in ended {
            self.ends(node, at);
        }
    }
}
