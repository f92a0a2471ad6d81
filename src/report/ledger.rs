//! What readers need of the events besides the run's own state: who answered, what was kept, what
//! failed to be told. One pass over the log; ids in it are never trusted.

use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::event::{Detail, Event, EventKind, Outcome};
use crate::model::VmId;
use crate::runbook::NodeId;

use super::facts::{Answer, NotificationFact, Who};

/// What the log says besides states.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) digest: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// The last outcome's detail.
    pub(super) details: BTreeMap<NodeId, Detail>,
    /// Where output is kept, of the last attempt.
    pub(super) outputs: BTreeMap<NodeId, String>,
    pub(super) answers: BTreeMap<NodeId, Vec<Answer>>,
    pub(super) late: BTreeMap<NodeId, Timestamp>,
    pub(super) kept: BTreeMap<VmId, String>,
    pub(super) untold: Vec<NotificationFact>,
}

impl Ledger {
    /// The ledger of a log.
    pub(super) fn of(events: &[Event]) -> Self {
        let mut ledger = Self::default();
        for event in events {
            ledger.enter(event);
        }
        ledger
    }

    fn enter(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::RunStarted { runbook, .. } => {
                self.digest = Some(runbook.as_str().to_owned());
                self.started_at = Some(at);
            }
            EventKind::StepSucceeded { node, detail, .. } => {
                self.output(*node, detail.output.as_ref());
                self.details.insert(*node, detail.clone());
            }
            EventKind::OutcomeStated { node, outcome: Outcome::Happened, detail, .. } => {
                self.details.insert(*node, detail.clone());
            }
            EventKind::StepFailed { node, output, .. } => self.output(*node, output.as_ref()),
            EventKind::Approved { node, by, comment, beforehand } => {
                let (by, comment) = (Who::of(by), comment.clone());
                let answer = Answer { said: "yes", by, at, comment, beforehand: *beforehand };
                self.answers.entry(*node).or_default().push(answer);
            }
            EventKind::Rejected { node, by, comment } => {
                let (by, comment) = (Who::of(by), comment.clone());
                let answer = Answer { said: "no", by, at, comment, beforehand: false };
                self.answers.entry(*node).or_default().push(answer);
            }
            EventKind::ApprovalLate { node } => {
                self.late.insert(*node, at);
            }
            EventKind::Notified { notify, occasion, failed: Some(failed) } => {
                let (notify, occasion, failed) = (notify.clone(), occasion.clone(), failed.clone());
                self.untold.push(NotificationFact { notify, occasion, at, failed });
            }
            EventKind::RunEnded { kept, .. } => {
                self.ended_at = Some(at);
                self.kept.extend(kept.iter().cloned());
            }
            EventKind::DriverStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::ArtifactsAnnounced { .. }
            | EventKind::ArtifactsSeen { .. }
            | EventKind::OperationAccepted { .. }
            | EventKind::StepNotArrived { .. }
            | EventKind::StepUnclear { .. }
            | EventKind::OutcomeStated { outcome: Outcome::DidNotHappen, .. }
            | EventKind::AnswerLost { .. }
            | EventKind::StepSkipped { .. }
            | EventKind::RetryRequested { .. }
            | EventKind::PointsBound { .. }
            | EventKind::PointsAsked { .. }
            | EventKind::PointsChosen { .. }
            | EventKind::PointChanged { .. }
            | EventKind::Paused { .. }
            | EventKind::Resumed { .. }
            | EventKind::Halted { .. }
            | EventKind::RollbackStarted { .. }
            | EventKind::CommitRequested { .. }
            | EventKind::WindowOverdue { .. }
            | EventKind::CleanupRequested { .. }
            | EventKind::Notified { failed: None, .. }
            | EventKind::RequestRefused { .. }
            | EventKind::ClockSetBack { .. }
            | EventKind::ClockSetForward { .. }
            | EventKind::StoodStill { .. } => {}
        }
    }

    fn output(&mut self, node: NodeId, output: Option<&String>) {
        if let Some(output) = output {
            self.outputs.insert(node, output.clone());
        }
    }
}
