//! `resume --stand-by`: waits beside an engine that drives a run, and takes the run over when that one dies. What
//! an engine put down on purpose, a run that is paused or waits for people, stays down until somebody resumes it.

use std::time::Duration;

use crate::base::{Clock as _, SystemClock};
use crate::cli::args::ResumeArgs;
use crate::cli::context::Context;
use crate::cli::drive::{self, Driving, attendance};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;
use crate::drive::DriveEnd;
use crate::event::Person;
use crate::runbook::Runbook;
use crate::store::{LeaseInfo, RunId, Store};

/// How often the lease is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until the run is to be taken over, drives it then, and says how it ended if another did.
pub(super) fn run(context: &Context, store: &Store, id: &RunId, args: &ResumeArgs) -> Result<Exit, Failure> {
    let runbook = store.runbook(id)?;
    let by = context.person(&runbook)?;
    let mut said = None;
    loop {
        let info = store.run(id)?;
        if info.state.is_final() {
            // Its driver may have died between the end and its signature.
            sealing::seal(context, store, id)?;
            context.console.note(&format!("run `{id}` has ended without this stand-by"));
            return Ok(drive::exit(DriveEnd::Stands(info.state)));
        }
        let stands = Stands::of(&info.lease);
        if stands == Stands::Orphaned {
            match take_over(context, store, id, &runbook, by.clone(), args.wait) {
                // Another stand-by was faster.
                Err(_) if store.run(id)?.lease.holds(SystemClock.now()) => {}
                ended => return ended,
            }
        }
        if said.as_ref() != Some(&stands) {
            context.console.note(&stands.said(id));
            said = Some(stands);
        }
        context.runtime()?.block_on(async { tokio::time::sleep(LOOK).await });
    }
}

/// A run that was stopped stays so: this engine is not the one who was asked to go on.
fn take_over(
    context: &Context,
    store: &Store,
    id: &RunId,
    runbook: &Runbook,
    by: Person,
    wait: bool,
) -> Result<Exit, Failure> {
    context.console.note(&format!("the engine that drove run `{id}` is gone; taking it over"));
    drive::run(
        context,
        store,
        id,
        runbook,
        Driving { by, attendance: attendance(context, wait), resume: false },
    )
}

/// How a run stands in the eyes of whoever stands by.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stands {
    /// Somebody drives it, by these words.
    Driven(String),
    /// Whoever drove it gave it back.
    PutDown,
    /// Whoever drove it died, or did not renew in time.
    Orphaned,
}

impl Stands {
    fn of(lease: &LeaseInfo) -> Self {
        match &lease.owner {
            Some(owner) if lease.holds(SystemClock.now()) => Self::Driven(owner.to_string()),
            Some(_) => Self::Orphaned,
            None => Self::PutDown,
        }
    }

    fn said(&self, id: &RunId) -> String {
        match self {
            Self::Driven(owner) => {
                format!("standing by: {owner} drives run `{id}`; Ctrl-C ends the stand-by only")
            }
            Self::PutDown => format!("standing by: nobody drives run `{id}`; `muster resume {id}` goes on"),
            Self::Orphaned => format!("standing by: run `{id}` was taken over by another"),
        }
    }
}
