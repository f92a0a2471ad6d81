//! Events in words: one sentence each, for the log and for plain progress. Keeps only what a
//! sentence needs of the events before it, so that it may be asked event by event or afterwards.

use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::base::time::{format_duration, format_duration_short, format_loss};
use crate::base::words::{count, list};
use crate::event::{
    AskedPoints, BoundSubject, Detail, Event, EventKind, FinalState, Outcome, Person, Sighting, artifact_list,
};
use crate::model::VmId;
use crate::run::RunState;
use crate::runbook::{Act, Forecast, Lane, NodeId, Phase, Runbook, SubjectId};

use super::words::{instant, person};

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Weight {
    /// For the log only.
    Fine,
    /// Progress.
    Progress,
    /// Somebody should see it.
    Attention,
}

/// An event in words.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) phase: Option<Phase>,
    /// The step, or `run`.
    pub(super) step: String,
    /// A sentence that goes on from the step.
    pub(super) what: String,
    pub(super) weight: Weight,
}

/// Tells events one after the other.
#[derive(Debug, Default)]
pub(super) struct Teller {
    began: BTreeMap<NodeId, Timestamp>,
}

/// Names shown in one sentence.
const NAMES: usize = 6;

impl Teller {
    /// The line of the next event.
    pub(super) fn line(&mut self, runbook: &Runbook, event: &Event) -> Line {
        let node = node_of(&event.kind);
        let compiled = node.and_then(|id| runbook.nodes.get(id));
        let (weight, what) = self.what(runbook, event);
        Line {
            at: event.at,
            phase: compiled.map(|node| node.phase),
            step: compiled.map_or_else(|| "run".to_owned(), |node| node.name.clone()),
            what,
            weight,
        }
    }

    /// How long it took, where that says anything: below a second it does not.
    fn took(&self, node: NodeId, at: Timestamp) -> String {
        let took = self.began.get(&node).map(|began| at.since(*began)).filter(|took| took.as_secs() > 0);
        took.map_or_else(String::new, |took| format!(" after {}", format_duration_short(took)))
    }

    fn what(&mut self, runbook: &Runbook, event: &Event) -> (Weight, String) {
        let at = event.at;
        match &event.kind {
            EventKind::StepStarted { node, attempt, .. } => {
                self.began.insert(*node, at);
                (Weight::Progress, step_started(runbook, *node, *attempt, at))
            }
            EventKind::ArtifactsAnnounced { artifacts, .. } => {
                (Weight::Fine, format!("will make {}", artifact_list(artifacts, NAMES)))
            }
            EventKind::ArtifactsSeen { artifacts, .. } if artifacts.is_empty() => {
                (Weight::Fine, "leaves nothing of the test, as the estate was seen".to_owned())
            }
            EventKind::ArtifactsSeen { artifacts, .. } => {
                (Weight::Fine, format!("leaves {}", artifact_list(artifacts, NAMES)))
            }
            EventKind::OperationAccepted { .. } => (Weight::Fine, "was accepted by the estate".to_owned()),
            EventKind::StepNotArrived { .. } => {
                (Weight::Fine, "had not reached the estate; the same attempt begins again".to_owned())
            }
            EventKind::StepUnclear { evidence, seen, .. } => (
                Weight::Attention,
                format!("has an unknown outcome and needs a person: {evidence}{}", seen_now(seen)),
            ),
            EventKind::AnswerLost { message, .. } => (
                Weight::Attention,
                format!("lost its answer: {message}; the estate is asked what became of it"),
            ),
            EventKind::StepSucceeded { node, detail, found } => {
                let weight = if detail.exception.is_some() { Weight::Attention } else { Weight::Progress };
                (weight, succeeded(&self.took(*node, at), detail, *found))
            }
            EventKind::StepFailed { node, code, message, timed_out, output, .. } => {
                let how = if *timed_out { "timed out" } else { "failed" };
                let kept = output.as_ref().map_or_else(String::new, |path| format!("; output in `{path}`"));
                (Weight::Attention, format!("{how}{}: {message} (`{code}`){kept}", self.took(*node, at)))
            }
            EventKind::PointsBound { bound, .. } => points_bound(runbook, bound),
            EventKind::PointsAsked { questions, .. } => (Weight::Attention, points_asked(runbook, questions)),
            EventKind::ApprovalLate { node } => (Weight::Attention, late(runbook, *node)),
            kind => by_people(runbook, kind),
        }
    }
}

/// The node that an event is about.
pub(super) fn node_of(kind: &EventKind) -> Option<NodeId> {
    match kind {
        EventKind::StepStarted { node, .. }
        | EventKind::ArtifactsAnnounced { node, .. }
        | EventKind::ArtifactsSeen { node, .. }
        | EventKind::OperationAccepted { node, .. }
        | EventKind::StepNotArrived { node }
        | EventKind::StepUnclear { node, .. }
        | EventKind::OutcomeStated { node, .. }
        | EventKind::AnswerLost { node, .. }
        | EventKind::StepSucceeded { node, .. }
        | EventKind::StepFailed { node, .. }
        | EventKind::StepSkipped { node, .. }
        | EventKind::Approved { node, .. }
        | EventKind::Rejected { node, .. }
        | EventKind::ApprovalLate { node }
        | EventKind::PointsBound { node, .. }
        | EventKind::PointsAsked { node, .. }
        | EventKind::WindowOverdue { node } => Some(*node),
        EventKind::RetryRequested { node, .. } => *node,
        EventKind::RunStarted { .. }
        | EventKind::DriverStarted { .. }
        | EventKind::PointsChosen { .. }
        | EventKind::PointChanged { .. }
        | EventKind::Paused { .. }
        | EventKind::Resumed { .. }
        | EventKind::Halted { .. }
        | EventKind::RollbackStarted { .. }
        | EventKind::CommitRequested { .. }
        | EventKind::CleanupRequested { .. }
        | EventKind::Notified { .. }
        | EventKind::RequestRefused { .. }
        | EventKind::ClockSetBack { .. }
        | EventKind::ClockSetForward { .. }
        | EventKind::StoodStill { .. }
        | EventKind::RunEnded { .. } => None,
    }
}

fn step_started(runbook: &Runbook, node: NodeId, attempt: u32, at: Timestamp) -> String {
    let Some(compiled) = runbook.nodes.get(node) else { return "begins".to_owned() };
    let what = match &compiled.act {
        Act::Approve(approve) => {
            format!("waits for `{}` until {}", approve.by, instant(at.plus(approve.within)))
        }
        Act::CommitGate(_) if compiled.lane == Lane::Cleanup => {
            "is reached: the copies stay up until `muster cleanup`".to_owned()
        }
        Act::CommitGate(_) => "is reached: the commit window may be closed".to_owned(),
        Act::Wait { duration, because } => format!("waits {}: {because}", format_duration(*duration)),
        Act::Check(check) => format!("looks for up to {}", format_duration(check.within)),
        Act::ShutDown { .. } => "takes the source down".to_owned(),
        Act::ConfirmStopped { .. } => "looks whether the source is down".to_owned(),
        Act::Fence { .. } => "fences the source site".to_owned(),
        Act::ProcessPending { vms } => format!("processes pending data of {}", count(vms.len(), "machine")),
        Act::TakeFinal { .. } => "takes the final point".to_owned(),
        Act::Bind(_) => "binds the points".to_owned(),
        Act::AskPoints { .. } => "looks whether points have to be asked for".to_owned(),
        Act::FailOver { .. } => "makes the target".to_owned(),
        Act::Start { .. } => "powers the target on".to_owned(),
        Act::Commit { .. } => "makes the failover final".to_owned(),
        Act::Reprotect { .. } => "turns the replication round".to_owned(),
        Act::CleanUp { .. } => "removes the test's copy".to_owned(),
        Act::RollBack { .. } => "drops the target and goes back to the source".to_owned(),
        Act::Join | Act::Script(_) => "begins".to_owned(),
    };
    if attempt > 1 { format!("{what} (attempt {attempt})") } else { what }
}

fn succeeded(took: &str, detail: &Detail, found: bool) -> String {
    let mut text = format!("{}{took}", if found { "was found done" } else { "is done" });
    if detail.clean == Some(false) {
        text.push_str(", by power-off");
    }
    for (before, part) in [(": ", Some(&detail.note)), ("; address ", detail.address.as_ref())] {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            text.push_str(before);
            text.push_str(part);
        }
    }
    if let Some(exception) = &detail.exception {
        text.push_str("; exception: ");
        text.push_str(exception);
    }
    if let Some(output) = &detail.output {
        text.push_str("; output in `");
        text.push_str(output);
        text.push('`');
    }
    text
}

/// Machines that were left as they were; of a test with everything that it left of each.
fn left(runbook: &Runbook, kept: &[(VmId, String)]) -> String {
    let named = || kept.iter().filter_map(|(vm, why)| Some((runbook.machines.get(*vm)?.name.as_str(), why)));
    if kept.is_empty() {
        return String::new();
    }
    if runbook.is_test() {
        let each: Vec<String> = named().map(|(name, why)| format!("; `{name}`: {why}")).collect();
        return each.concat();
    }
    let names: Vec<&str> = named().map(|(name, _)| name).collect();
    format!("; left as they were: {}", list(&names, NAMES))
}

fn late(runbook: &Runbook, node: NodeId) -> String {
    match runbook.nodes.get(node).map(|node| &node.act) {
        Some(Act::Approve(approve)) => {
            format!("is late: nobody answered within {}", format_duration(approve.within))
        }
        Some(_) | None => "is late".to_owned(),
    }
}

fn subject_name(runbook: &Runbook, subject: SubjectId) -> String {
    runbook.subjects.get(subject).map_or_else(String::new, |subject| subject.name.clone())
}

/// `set s7 by common_app(max_age = 1h), loses 5m`.
pub(super) fn choice_words(choice: &Forecast) -> String {
    let what = match (&choice.set, choice.points.as_slice()) {
        (Some(set), _) => format!("set {set}"),
        (None, [one]) => format!("point {}", one.point),
        (None, points) => format!("points of {}", count(points.len(), "machine")),
    };
    let loss = choice.points.iter().map(|point| point.loss).max().unwrap_or_default();
    let up_to = if choice.points.len() > 1 { "up to " } else { "" };
    format!("{what} by {}, loses {up_to}{}", choice.policy, format_loss(loss))
}

fn points_bound(runbook: &Runbook, bound: &[BoundSubject]) -> (Weight, String) {
    let parts: Vec<String> = bound
        .iter()
        .map(|one| {
            let exception = one.exception.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            format!("`{}` to {}{exception}", subject_name(runbook, one.subject), choice_words(&one.choice))
        })
        .collect();
    let weight =
        if bound.iter().any(|one| one.exception.is_some()) { Weight::Attention } else { Weight::Progress };
    (weight, format!("bound {}", parts.join("; ")))
}

fn points_asked(runbook: &Runbook, questions: &[AskedPoints]) -> String {
    let parts: Vec<String> = questions
        .iter()
        .map(|asked| format!("`{}`: {}", subject_name(runbook, asked.subject), asked.because))
        .collect();
    format!("asks which points to take for {}", parts.join("; "))
}

/// What was seen of the machines of an act, behind what was said of it.
fn seen_now(seen: &[Sighting]) -> String {
    if seen.is_empty() {
        return String::new();
    }
    let words: Vec<String> = seen.iter().map(Sighting::words).collect();
    format!("; seen now: {}", words.join(". "))
}

fn with_comment(text: String, comment: &str) -> String {
    if comment.is_empty() { text } else { format!("{text}: “{comment}”") }
}

/// What starts a run, and what people answer.
fn by_people(runbook: &Runbook, kind: &EventKind) -> (Weight, String) {
    use Weight::{Attention, Fine, Progress};
    let who = |by: &Person| person(by);
    match kind {
        EventKind::RunStarted { run, by, options, .. } => {
            let unfenced = options
                .unfenced
                .as_ref()
                .map_or_else(String::new, |why| format!("; NOT FENCED, accepted because: {why}"));
            let (from, to) = (&runbook.source.name, &runbook.target.name);
            let what = runbook.what();
            (
                Progress,
                format!(
                    "`{run}` starts: {what} of plan `{}` from `{from}` to `{to}`, by {}{unfenced}",
                    runbook.plan,
                    who(by)
                ),
            )
        }
        EventKind::DriverStarted { epoch, version } if *epoch <= 1 => {
            (Fine, format!("is driven by version {version}"))
        }
        EventKind::DriverStarted { epoch, version } => (
            Attention,
            format!(
                "is taken over by a driver of version {version} (epoch {epoch}); what was under way is asked about"
            ),
        ),
        EventKind::StepSkipped { by, reason, .. } => {
            (Attention, format!("was skipped by {}: {reason}", who(by)))
        }
        EventKind::OutcomeStated { outcome, by, reason, seen, .. } => {
            let again = match outcome {
                Outcome::Happened => "",
                Outcome::DidNotHappen => " and begins again",
            };
            let (how, who) = (outcome.words(), who(by));
            (Attention, format!("is said {how}{again}, by {who}: {reason}{}", seen_now(seen)))
        }
        EventKind::RetryRequested { node: Some(_), by } => {
            (Progress, format!("is tried again, asked for by {}", who(by)))
        }
        EventKind::RetryRequested { node: None, by } => {
            (Progress, format!("tries every failed step again, asked for by {}", who(by)))
        }
        EventKind::Approved { by, comment, beforehand, .. } => {
            let when = if *beforehand { " beforehand" } else { "" };
            (Progress, with_comment(format!("was approved{when} by {}", who(by)), comment))
        }
        EventKind::Rejected { by, comment, .. } => {
            (Attention, with_comment(format!("was rejected by {}", who(by)), comment))
        }
        EventKind::PointsChosen { subject, ladder, by } => (
            Progress,
            format!("takes {ladder} for `{}`, chosen by {}", subject_name(runbook, *subject), who(by)),
        ),
        EventKind::PointChanged { subject, choice, by } => {
            let (name, words) = (subject_name(runbook, *subject), choice_words(choice));
            (Attention, format!("changes the point of `{name}` to {words}, asked for by {}", who(by)))
        }
        kind => of_run(runbook, kind),
    }
}

/// What happens to the run as a whole.
fn of_run(runbook: &Runbook, kind: &EventKind) -> (Weight, String) {
    use Weight::{Attention, Progress};
    let who = |by: &Person| person(by);
    match kind {
        EventKind::Paused { by } => {
            (Attention, format!("is paused by {}: running steps finish, nothing new starts", who(by)))
        }
        EventKind::Resumed { by } => (Progress, format!("goes on, asked for by {}", who(by))),
        EventKind::Halted { by, reason } => (Attention, format!("is halted by {}: {reason}", who(by))),
        EventKind::RollbackStarted { by, reason } => {
            let by = by.as_ref().map_or_else(String::new, |by| format!(", asked for by {}", who(by)));
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            (Attention, format!("goes back{by}{why}"))
        }
        EventKind::CommitRequested { by, delete_sources } => {
            let deletes = delete_sources
                .map_or_else(String::new, |n| format!(", deleting {}", count(n as usize, "source machine")));
            (Progress, format!("is committed by {}{deletes}", who(by)))
        }
        EventKind::WindowOverdue { .. } => (
            Attention,
            "is overdue: its timer ran out while nobody drove the run, or somebody had stopped it; a commit has \
             its checks look again, for a rollback a person decides"
                .to_owned(),
        ),
        EventKind::CleanupRequested { by } => (Progress, format!("is cleaned up, asked for by {}", who(by))),
        kind => of_engine(runbook, kind),
    }
}

/// What the engine does besides, and the end.
fn of_engine(runbook: &Runbook, kind: &EventKind) -> (Weight, String) {
    use Weight::{Attention, Fine, Progress};
    let who = |by: &Person| person(by);
    match kind {
        EventKind::Notified { notify, occasion, failed: None } => {
            (Fine, format!("told `{notify}` that it is {occasion}"))
        }
        EventKind::Notified { notify, occasion, failed: Some(why) } => {
            (Attention, format!("could not tell `{notify}` that it is {occasion}: {why}"))
        }
        EventKind::RequestRefused { by, request, reason } => {
            (Attention, format!("refuses `{request}` of {}: {reason}", who(by)))
        }
        EventKind::ClockSetBack { shows } => {
            (Attention, format!("goes on by its own time: the clock was set back to {}", instant(*shows)))
        }
        EventKind::ClockSetForward { shows } => {
            (Attention, format!("goes on by its own time: the clock was set forward to {}", instant(*shows)))
        }
        EventKind::StoodStill { since } => (
            Attention,
            format!("was not looked after since {}: its engine or host stood still", instant(*since)),
        ),
        EventKind::RunEnded { state, kept } => {
            let weight = if *state == FinalState::Completed { Progress } else { Attention };
            (weight, format!("ends as {}{}", RunState::Ended(*state).word(), left(runbook, kept)))
        }
        EventKind::Paused { .. }
        | EventKind::Resumed { .. }
        | EventKind::Halted { .. }
        | EventKind::RollbackStarted { .. }
        | EventKind::CommitRequested { .. }
        | EventKind::WindowOverdue { .. }
        | EventKind::CleanupRequested { .. }
        | EventKind::StepStarted { .. }
        | EventKind::ArtifactsAnnounced { .. }
        | EventKind::ArtifactsSeen { .. }
        | EventKind::OperationAccepted { .. }
        | EventKind::StepNotArrived { .. }
        | EventKind::StepUnclear { .. }
        | EventKind::OutcomeStated { .. }
        | EventKind::AnswerLost { .. }
        | EventKind::StepSucceeded { .. }
        | EventKind::StepFailed { .. }
        | EventKind::PointsBound { .. }
        | EventKind::PointsAsked { .. }
        | EventKind::ApprovalLate { .. }
        | EventKind::RunStarted { .. }
        | EventKind::DriverStarted { .. }
        | EventKind::StepSkipped { .. }
        | EventKind::RetryRequested { .. }
        | EventKind::Approved { .. }
        | EventKind::Rejected { .. }
        | EventKind::PointsChosen { .. }
        | EventKind::PointChanged { .. } => {
            crate::bug!("this event is told with its step, its person or the run")
        }
    }
}
