//! What a test makes is recorded before it is made, and its cleanup is believed only after a look: from
//! what the estate says of its things to the events that follow.

use crate::base::Timestamp;
use crate::event::{Artifact, EstateError, EventKind, Request, artifact_list};
use crate::runbook::NodeId;

use super::activity::{Activity, Turn, Work};
use super::estate_act::{Next, failed};

/// Things named in a message; the event before it has all of them.
const NAMED: usize = 12;

/// What an act will make is durable before the act is asked for. What cannot be named is not made.
pub(super) fn of_announced(
    node: NodeId,
    activity: &mut Activity,
    announced: Result<Vec<Artifact>, EstateError>,
    now: Timestamp,
) -> Next {
    let Work::Verb { turn, .. } = &mut activity.work else { crate::bug!("only verbs announce") };
    match announced {
        Ok(artifacts) => {
            *turn = Turn::Act;
            let news = (!artifacts.is_empty()).then_some(EventKind::ArtifactsAnnounced { node, artifacts });
            Next::GoOn(news.into_iter().collect(), now)
        }
        Err(error) => {
            let (code, retryable) = of_error(&error);
            let message = format!("nothing was made, for it cannot be said what would be: {error}");
            Next::End(vec![failed(node, code, message, retryable, false)])
        }
    }
}

/// Puts a look before the end of a cleanup, done or failed: what is left is known by name either way.
pub(super) fn look_first(activity: &mut Activity, next: Next, now: Timestamp) -> Next {
    let Next::End(mut events) = next else { return next };
    let Work::Verb { request, turn, .. } = &mut activity.work else { return Next::End(events) };
    let ends =
        |event: &EventKind| matches!(event, EventKind::StepSucceeded { .. } | EventKind::StepFailed { .. });
    let looked = matches!(turn, Turn::Look { .. });
    match (&**request, events.pop()) {
        (Request::CleanUp { .. }, Some(end)) if !looked && ends(&end) => {
            *turn = Turn::Look { then: Box::new(end) };
            Next::GoOn(events, now)
        }
        (_, last) => {
            events.extend(last);
            Next::End(events)
        }
    }
}

/// A cleanup has succeeded when nothing is seen to be left, and not before.
pub(super) fn of_remaining(
    node: NodeId,
    activity: &mut Activity,
    remaining: Result<Vec<Artifact>, EstateError>,
) -> Next {
    let Work::Verb { turn: Turn::Look { then }, .. } = &activity.work else {
        crate::bug!("only the end of a cleanup is looked at")
    };
    let mut then = EventKind::clone(then);
    let artifacts = match remaining {
        Ok(artifacts) => artifacts,
        // What is not known is not clean.
        Err(error) => {
            if matches!(then, EventKind::StepSucceeded { .. }) {
                let (code, retryable) = of_error(&error);
                let message = format!("it is not known what is left of the test: {error}");
                then = failed(node, code, message, retryable, false);
            }
            return Next::End(vec![then]);
        }
    };
    if !artifacts.is_empty() {
        let left = artifact_list(&artifacts, NAMED);
        match &mut then {
            EventKind::StepFailed { message, .. } => *message = format!("{message}; left: {left}"),
            _ => {
                let message = format!("the estate says that it is done, and still there is {left}");
                then = failed(node, LEFT_BEHIND, message, true, false);
            }
        }
    }
    Next::End(vec![EventKind::ArtifactsSeen { node, artifacts }, then])
}

/// The word for a cleanup after which something is left.
const LEFT_BEHIND: &str = "left_behind";

/// The code of an error of a call that only reads, and whether asking again may help.
fn of_error(error: &EstateError) -> (&str, bool) {
    match error {
        EstateError::Retry { code, .. } => (code, true),
        EstateError::Refused { code, .. } => (code, false),
        EstateError::Unknown { .. } => ("no_answer", true),
    }
}
