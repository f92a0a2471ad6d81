//! `resume`: drives a run that nobody drives; where somebody does and the run was stopped, they are asked to go on.

use crate::base::{Clock as _, SystemClock};
use crate::cli::args::ResumeArgs;
use crate::cli::context::Context;
use crate::cli::drive::{self, Driving, attendance};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;
use crate::drive::replay;
use crate::run::{OperatorRequest, RunState};
use crate::store::{RunId, Store, StoreError};

use super::request::ask;

/// Takes the run's lease and goes on.
pub(in crate::cli) fn run(context: &Context, args: &ResumeArgs) -> Result<Exit, Failure> {
    let id = context.store()?.find_run(&args.run)?;
    let store = context.store_to_write()?;
    if store.run(&id)?.state.is_final() {
        // The engine may have died between the end and its signature.
        sealing::seal(context, &store, &id)?;
        return Err(StoreError::RunOver { run: id }.into());
    }
    sealing::check(context)?;
    if args.stand_by {
        return super::stand_by::run(context, &store, &id, args);
    }
    if let Some(exit) = asked_of_its_driver(context, &store, &id)? {
        return Ok(exit);
    }
    let runbook = store.runbook(&id)?;
    let by = context.person(&runbook)?;
    let driving = Driving { by, attendance: attendance(context, args.wait), resume: true };
    drive::run(context, &store, &id, &runbook, driving)
}

/// A driver follows what was begun to its end also in a run that was stopped, and so may be there still: it
/// goes on by itself then. None where nobody drives the run, or where it left meanwhile.
fn asked_of_its_driver(context: &Context, store: &Store, id: &RunId) -> Result<Option<Exit>, Failure> {
    let driven = || Ok::<bool, Failure>(store.run(id)?.lease.holds(SystemClock.now()));
    if !driven()? {
        return Ok(None);
    }
    let (run, _, _) = replay(store, id)?;
    if !matches!(run.state(), RunState::Paused | RunState::Halted) {
        return Ok(None);
    }
    let exit = ask(context, id.as_str(), &OperatorRequest::Resume)?;
    Ok(if exit == Exit::Waiting && !driven()? { None } else { Some(exit) })
}
