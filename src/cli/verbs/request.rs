//! Operator requests: judged at once by the core, recorded, and answered by whoever drives the run.
//! Where nobody does, what changes the course of the run is done here and now.

use std::time::Duration;

use crate::base::{Clock as _, SystemClock, limits};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::drive::{self, Driving};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::drive::{Attendance, replay};
use crate::event::Person;
use crate::run::OperatorRequest;
use crate::runbook::Runbook;
use crate::store::{RequestId, RunId, Store};

/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// How long it is waited for: a change of point asks the estate first.
const ANSWER_MAX: Duration = limits::ESTATE_CALL_MAX;

/// Asks something of a run.
pub(super) fn ask(context: &Context, said: &str, request: &OperatorRequest) -> Result<Exit, Failure> {
    let reading = context.store()?;
    let id = reading.find_run(said)?;
    let (run, _, _) = replay(&reading, &id)?;
    let by = context.person(run.runbook())?;
    run.decide(request, &by).map_err(|reason| Failure::refused(&reason))?;
    let store = context.store_to_write()?;
    let body = match serde_json::to_value(request) {
        Ok(body) => body,
        Err(error) => crate::bug!("a request does not serialize: {error}"),
    };
    let driven = store.run(&id)?.lease.holds(SystemClock.now());
    let runtime = context.runtime()?;
    let posted = runtime.block_on(store.post_request(&id, &by, &body, SystemClock.now()))?;
    if driven {
        return runtime.block_on(answer(context, &store, &id, posted));
    }
    if acts_at_once(request) {
        return act(context, &store, &id, posted, run.runbook(), by);
    }
    let verb = request.verb();
    context.console.note(&format!("{verb}: recorded; nobody drives the run, `muster resume {id}` goes on"));
    Console::print_line(&format!("{id} {verb} recorded"))?;
    Ok(Exit::Done)
}

/// What an operator expects to happen although nobody drives the run. An answer to a question waits
/// for a driver instead: whoever approves a step need not be able to run the plan's scripts.
const fn acts_at_once(request: &OperatorRequest) -> bool {
    match request {
        OperatorRequest::Approve { .. }
        | OperatorRequest::Reject { .. }
        | OperatorRequest::Resolve { .. }
        | OperatorRequest::Choose { .. }
        | OperatorRequest::Skip { .. } => false,
        OperatorRequest::Pause
        | OperatorRequest::Resume
        | OperatorRequest::Retry { .. }
        | OperatorRequest::Halt { .. }
        | OperatorRequest::ChangePoint { .. }
        | OperatorRequest::Rollback { .. }
        | OperatorRequest::Commit { .. }
        | OperatorRequest::CleanUp => true,
    }
}

/// Waits for the answer of the driver.
async fn answer(context: &Context, store: &Store, id: &RunId, posted: RequestId) -> Result<Exit, Failure> {
    let until = SystemClock.now().plus(ANSWER_MAX);
    loop {
        if let Some(answer) = store.request(posted)?.and_then(|request| request.answer) {
            if !answer.accepted {
                return Err(Failure::refused(&answer.text));
            }
            Console::print_line(&format!("{id} {}", answer.text))?;
            return Ok(Exit::Done);
        }
        let now = SystemClock.now();
        let why = if !store.run(id)?.lease.holds(now) {
            "its driver has left"
        } else if now >= until {
            "its driver has not answered yet"
        } else {
            tokio::time::sleep(LOOK).await;
            continue;
        };
        context.console.say(&format!("recorded; {why}: `muster status {id}` says what became of it"));
        return Ok(Exit::Waiting);
    }
}

/// Drives the run, which answers the request first.
fn act(
    context: &Context,
    store: &Store,
    id: &RunId,
    posted: RequestId,
    runbook: &Runbook,
    by: Person,
) -> Result<Exit, Failure> {
    let driving = Driving { by, attendance: Attendance::Leave, resume: false };
    let exit = drive::run(context, store, id, runbook, driving)?;
    match store.request(posted)?.and_then(|request| request.answer) {
        Some(answer) if !answer.accepted => Err(Failure::refused(&answer.text)),
        Some(_) | None => Ok(exit),
    }
}
