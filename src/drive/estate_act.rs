//! What the answers of an estate mean for the run: from a report to the events that follow.

use crate::base::time::format_duration;
use crate::base::{Timestamp, limits};
use crate::event::{Detail, EstateError, EventKind, Found, Observation, Progress, Submitted};
use crate::model::CheckStep;
use crate::run::Run;
use crate::runbook::{Act, NodeId};

use super::activity::{Activity, Report, Work};
use super::program::{Ending, ProgramEnd};
use super::script::{self, ScriptFound};
use super::witness::Glance;

/// What follows from a report.
pub(super) enum Next {
    /// These are recorded, and the activity is over.
    End(Vec<EventKind>),
    /// These are recorded, and the activity goes on at the instant.
    GoOn(Vec<EventKind>, Timestamp),
}

fn succeeded(node: NodeId, detail: Detail, found: bool) -> EventKind {
    EventKind::StepSucceeded { node, detail, found }
}

/// A failed attempt.
pub(super) fn failed(
    node: NodeId,
    code: &str,
    message: String,
    retryable: bool,
    timed_out: bool,
) -> EventKind {
    EventKind::StepFailed { node, code: code.to_owned(), message, retryable, timed_out, output: None }
}

/// What an error of the estate means for a verb.
fn of_error(node: NodeId, error: EstateError) -> EventKind {
    match error {
        EstateError::Retry { code, message } => failed(node, &code, message, true, false),
        EstateError::Refused { code, message } => failed(node, &code, message, false, false),
        EstateError::Unknown { message } => EventKind::AnswerLost { node, message },
    }
}

/// A second look at what could not be asked, after this long.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// What a report means.
pub(super) fn next(run: &Run, node: NodeId, activity: &mut Activity, report: Report, now: Timestamp) -> Next {
    let next = of_report(run, node, activity, report, now);
    super::leave_nothing::look_first(activity, next, now)
}

fn of_report(run: &Run, node: NodeId, activity: &mut Activity, report: Report, now: Timestamp) -> Next {
    match report {
        Report::Announced(announced) => super::leave_nothing::of_announced(node, activity, announced, now),
        Report::Remaining(remaining) => super::leave_nothing::of_remaining(node, activity, remaining),
        Report::Submitted(Ok(Submitted::Done(detail))) => Next::End(vec![succeeded(node, detail, false)]),
        Report::Submitted(Ok(Submitted::Accepted(handle, at))) => {
            if let Work::Verb { handle: slot, .. } = &mut activity.work {
                *slot = Some(handle.clone());
            }
            Next::GoOn(vec![EventKind::OperationAccepted { node, handle }], at)
        }
        Report::Submitted(Err(error)) => Next::End(vec![of_error(node, error)]),
        Report::Polled(polled) => of_poll(run, node, activity, polled, now),
        Report::Cancelled => of_cancel(activity, now),
        Report::Found(found) => of_find(run, node, activity, found, now),
        Report::Observed(observed) => Next::End(vec![of_observation(node, observed)]),
        Report::Seen(seen) => {
            let Work::Look { evidence, .. } = &activity.work else { crate::bug!("nothing was looked at") };
            Next::End(vec![EventKind::StepUnclear { node, evidence: evidence.clone(), seen }])
        }
        Report::Probed(answer) => of_look(run, node, activity, answer, now),
        Report::Command(end) => {
            let answer = match (&end.ending, end.last_line.as_str()) {
                (Ending::Exited(0), line) => Ok(line.to_owned()),
                _ => Err(script::failure(&end, now.since(activity.since))
                    .map_or_else(String::new, |(_, why, _)| why)),
            };
            of_look(run, node, activity, answer, now)
        }
        Report::Inventory(inventory) => match *inventory {
            Ok(inventory) => Next::End(vec![super::bind::look(run, node, &inventory)]),
            Err(EstateError::Refused { code, message }) => {
                Next::End(vec![failed(node, &code, message, false, false)])
            }
            Err(error) => Next::End(vec![failed(node, "inventory", error.to_string(), true, false)]),
        },
        Report::Again => Next::GoOn(Vec::new(), now),
        Report::Script(found) => of_script(run, node, activity, found, now),
    }
}

fn of_poll(
    run: &Run,
    node: NodeId,
    activity: &mut Activity,
    polled: Result<Progress, EstateError>,
    now: Timestamp,
) -> Next {
    let late = activity.deadline.is_some_and(|deadline| deadline <= now);
    let Work::Verb { request, cancelled, .. } = &activity.work else { crate::bug!("only verbs are polled") };
    match polled {
        Ok(Progress::Done(detail)) => Next::End(vec![succeeded(node, detail, false)]),
        Ok(Progress::Failed(error)) if *cancelled => {
            let limit = format_duration(now.since(activity.since));
            let message = format!("it did not end within {limit} and was cancelled: {error}");
            Next::End(vec![failed(node, "timed_out", message, false, true)])
        }
        Ok(Progress::Failed(error)) => Next::End(vec![of_error(node, error)]),
        Ok(Progress::Running(_)) | Err(_) if late && *cancelled => {
            let limit = format_duration(now.since(activity.since));
            let verb = request.verb();
            let evidence =
                format!("`{verb}` was accepted, has not ended after {limit}, and did not end when cancelled");
            let lost = EventKind::AnswerLost { node, message: "no outcome in time".to_owned() };
            cannot_tell(run, node, activity, vec![lost], evidence, now)
        }
        Ok(Progress::Running(at)) => {
            Next::GoOn(Vec::new(), activity.deadline.map_or(at, |deadline| at.min(deadline)))
        }
        // The estate cannot be asked just now; the act goes on there all the same.
        Err(EstateError::Refused { message, .. }) => Next::End(vec![EventKind::AnswerLost { node, message }]),
        Err(EstateError::Retry { .. } | EstateError::Unknown { .. }) => {
            Next::GoOn(Vec::new(), now.plus(AGAIN))
        }
    }
}

/// After a cancel, granted or not, the outcome is polled for a while still.
fn of_cancel(activity: &mut Activity, now: Timestamp) -> Next {
    if let Work::Verb { cancelled: slot, .. } = &mut activity.work {
        *slot = true;
    }
    activity.deadline = Some(now.plus(crate::base::limits::CANCEL_MAX));
    Next::GoOn(Vec::new(), now.plus(std::time::Duration::from_secs(1)))
}

/// An estate cannot tell what became of an act, and will not. What does no harm when it is done again fails,
/// and what the plan says of failures holds; about anything else a person is asked, with what is seen now.
fn cannot_tell(
    run: &Run,
    node: NodeId,
    activity: &mut Activity,
    mut before: Vec<EventKind>,
    evidence: String,
    now: Timestamp,
) -> Next {
    let Work::Verb { request, .. } = &activity.work else { crate::bug!("only verbs are looked for") };
    if request.harmless_to_repeat() {
        let message = format!("its outcome is not known, and to ask for it again does no harm: {evidence}");
        before.push(failed(node, "unknown", message, true, false));
        return Next::End(before);
    }
    match Glance::of(run, request) {
        Some(glance) => {
            activity.work = Work::Look { glance, evidence };
            Next::GoOn(before, now)
        }
        None => {
            before.push(EventKind::StepUnclear { node, evidence, seen: Vec::new() });
            Next::End(before)
        }
    }
}

fn of_find(
    run: &Run,
    node: NodeId,
    activity: &mut Activity,
    found: Result<Found, EstateError>,
    now: Timestamp,
) -> Next {
    match found {
        Ok(Found::Done(detail)) => Next::End(vec![succeeded(node, detail, true)]),
        Ok(Found::Running(handle)) => {
            if let Work::Verb { handle: slot, .. } = &mut activity.work {
                *slot = Some(handle.clone());
            }
            Next::GoOn(vec![EventKind::OperationAccepted { node, handle }], now)
        }
        // It ended there, and the estate itself cannot say how: asking again would only hear it again.
        Ok(Found::Failed(EstateError::Unknown { message: evidence })) => {
            cannot_tell(run, node, activity, Vec::new(), evidence, now)
        }
        Ok(Found::Failed(error)) => Next::End(vec![of_error(node, error)]),
        Ok(Found::NeverArrived) => of_no_arrival(run, node, activity, now),
        Ok(Found::CannotTell(evidence)) => {
            let evidence = format!("the estate cannot tell: {evidence}");
            cannot_tell(run, node, activity, Vec::new(), evidence, now)
        }
        Err(error) if activity.deadline.is_some_and(|deadline| deadline <= now) => {
            let evidence = format!("the estate could not be asked in time: {error}");
            cannot_tell(run, node, activity, Vec::new(), evidence, now)
        }
        Err(_) => Next::GoOn(Vec::new(), now.plus(AGAIN)),
    }
}

fn of_observation(node: NodeId, observed: Result<Observation, EstateError>) -> EventKind {
    match observed {
        Ok(Observation { source_running: Some(true), .. }) => {
            let message = "the source runs still: two copies would be live".to_owned();
            failed(node, "source_running", message, false, false)
        }
        Ok(Observation { source_running: Some(false), .. }) => succeeded(node, Detail::default(), false),
        Ok(Observation { source_running: None, fenced: Some(true), .. }) => {
            succeeded(node, Detail { note: "fenced".to_owned(), ..Detail::default() }, false)
        }
        Ok(Observation { source_running: None, .. }) => {
            let exception = Some("not fenced: its site cannot be asked whether it runs".to_owned());
            succeeded(node, Detail { exception, ..Detail::default() }, false)
        }
        Err(error) => {
            let exception = Some(format!("not fenced: {error}"));
            succeeded(node, Detail { exception, ..Detail::default() }, false)
        }
    }
}

/// The estate is sure that it never saw the key, so the same attempt is sent again: a few times, each later
/// than the last, for whatever swallows requests may swallow all of them.
fn of_no_arrival(run: &Run, node: NodeId, activity: &Activity, now: Timestamp) -> Next {
    let Work::Verb { request, .. } = &activity.work else { crate::bug!("only verbs are looked for") };
    let verb = request.verb();
    let sent = run.never_arrived(node) + 1;
    if sent < limits::ARRIVALS_MAX {
        return Next::GoOn(vec![EventKind::StepNotArrived { node }], now.plus(AGAIN.saturating_mul(sent)));
    }
    let message = format!("`{verb}` was sent {sent} times and never arrived at the estate");
    Next::End(vec![failed(node, "never_arrived", message, true, false)])
}

/// One look of a check.
fn of_look(
    run: &Run,
    node: NodeId,
    activity: &mut Activity,
    answer: Result<String, String>,
    now: Timestamp,
) -> Next {
    let Act::Check(CheckStep { every, in_a_row, within, .. }) = &run.runbook().nodes.at(node).act else {
        crate::bug!("only checks are looked at")
    };
    let (good, last) = match &mut activity.work {
        Work::Probe { good, last, .. } | Work::Command { good, last, .. } => (good, last),
        _ => crate::bug!("only checks are looked at"),
    };
    match answer {
        Ok(seen) => {
            *good += 1;
            *last = seen;
            if *good >= *in_a_row {
                let detail = Detail { note: last.clone(), ..Detail::default() };
                return Next::End(vec![succeeded(node, detail, false)]);
            }
        }
        Err(seen) => {
            *good = 0;
            *last = seen;
        }
    }
    let again = now.plus(*every);
    if activity.deadline.is_some_and(|deadline| again > deadline) {
        let message = format!("it did not pass within {} (last: {last})", format_duration(*within));
        return Next::End(vec![failed(node, "check_failed", message, false, true)]);
    }
    Next::GoOn(Vec::new(), again)
}

fn of_script(run: &Run, node: NodeId, activity: &Activity, found: ScriptFound, now: Timestamp) -> Next {
    let Work::Script { folder } = &activity.work else { crate::bug!("only scripts have hosts") };
    let output = folder.file_name().map(|key| format!("output/{}/{}", run.id(), key.to_string_lossy()));
    match found {
        ScriptFound::Ended(end) => Next::End(vec![of_end(run, node, &end, output)]),
        ScriptFound::Running => Next::GoOn(Vec::new(), now),
        // The host that this engine started went away before it began.
        ScriptFound::NeverBegan if !matches!(run.node(node), crate::run::NodeState::Unknown { .. }) => {
            let message = "the process that hosts the script ended before the script began".to_owned();
            Next::End(vec![failed(node, "not_started", message, true, false)])
        }
        ScriptFound::NeverBegan => Next::GoOn(vec![EventKind::StepNotArrived { node }], now),
        ScriptFound::Vanished => {
            let evidence = format!(
                "the script began and its process is gone without an end; see `{}`",
                folder.display()
            );
            let unclear = EventKind::StepUnclear { node, evidence, seen: Vec::new() };
            if matches!(run.node(node), crate::run::NodeState::Unknown { .. }) {
                Next::End(vec![unclear])
            } else {
                let message = "its process is gone without an end".to_owned();
                Next::End(vec![EventKind::AnswerLost { node, message }, unclear])
            }
        }
    }
}

fn of_end(run: &Run, node: NodeId, end: &ProgramEnd, output: Option<String>) -> EventKind {
    let timeout = match &run.runbook().nodes.at(node).act {
        Act::Script(script) => script.spec.timeout,
        Act::Fence { spec, .. } => spec.timeout,
        _ => std::time::Duration::ZERO,
    };
    match script::failure(end, timeout) {
        None => {
            let lost = usize::try_from(end.dropped).unwrap_or(usize::MAX);
            let dropped = (lost > 0)
                .then(|| format!(" ({} of output not kept)", crate::base::words::count(lost, "byte")));
            let note = format!("{}{}", end.last_line, dropped.unwrap_or_default());
            succeeded(node, Detail { note, output, ..Detail::default() }, false)
        }
        Some((code, message, timed_out)) => {
            EventKind::StepFailed { node, code, message, retryable: false, timed_out, output }
        }
    }
}
