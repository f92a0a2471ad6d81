//! Drives a run from this process to where it stands, then says how it stands and what to type next.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::standing;
use crate::drive::{Attendance, DriveEnd, DriveOptions, drive, replay};
use crate::estate::any::Purpose;
use crate::event::{FinalState, Person};
use crate::run::RunState;
use crate::runbook::Runbook;
use crate::store::{RunId, Store};

use super::console::Console;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::pipeline;
use super::progress::Progress;
use super::sealing;
use super::version;

/// How a run is driven.
#[derive(Clone, Debug)]
pub(super) struct Driving {
    /// Who drives.
    pub(super) by: Person,
    /// Whether somebody is there to answer.
    pub(super) attendance: Attendance,
    /// Whether a halted or paused run goes on.
    pub(super) resume: bool,
}

/// Whether the driver stays while only a person can go on: a terminal's person can answer from another
/// one, a pipe's cannot.
pub(super) const fn attendance(context: &Context, wait: bool) -> Attendance {
    if wait || context.console.attended { Attendance::Stay } else { Attendance::Leave }
}

/// Drives a run until it ends or stands still.
///
/// # Errors
/// The estate does not open, somebody else drives the run, or the store failed.
pub(super) fn run(
    context: &Context,
    store: &Store,
    id: &RunId,
    runbook: &Runbook,
    driving: Driving,
) -> Result<Exit, Failure> {
    let estate = pipeline::open_quietly(context, &runbook.estate, Purpose::Act)?;
    let known = store.run(id)?.events;
    // Of a run that just began its first event is news.
    let mut progress = Progress::new(&context.console, if known <= 1 { 0 } else { known });
    let options = DriveOptions {
        host: this_program(),
        attendance: driving.attendance,
        by: driving.by,
        resume: driving.resume,
        version: version::line().to_owned(),
        look_every: crate::base::limits::REQUEST_LOOK,
    };
    let driven = context.runtime()?.block_on(async {
        let driven = drive(store, id, Arc::clone(&estate), options, &mut progress).await;
        estate.close().await;
        driven
    });
    let end = driven.map_err(|error| Failure::of_drive(&error))?;
    let (run, events, _) = replay(store, id)?;
    progress.close(&run);
    sealing::seal(context, store, id)?;
    standing::say(context, store, id, &run, &events)?;
    Console::print_line(&format!("{id} {}", word(end)))?;
    Ok(exit(end))
}

const fn word(end: DriveEnd) -> &'static str {
    match end {
        DriveEnd::Stands(state) => state.word(),
        DriveEnd::Left => "interrupted",
    }
}

/// The exit code of a run as it stands.
pub(super) const fn exit(end: DriveEnd) -> Exit {
    match end {
        DriveEnd::Stands(RunState::Ended(FinalState::Completed | FinalState::CompletedWithExceptions)) => {
            Exit::Done
        }
        DriveEnd::Stands(RunState::Halted | RunState::Ended(FinalState::Failed | FinalState::RolledBack)) => {
            Exit::RunFailed
        }
        DriveEnd::Stands(RunState::Waiting | RunState::Paused | RunState::Running) | DriveEnd::Left => {
            Exit::Waiting
        }
    }
}

/// The program that hosts scripts: the very file that runs here, also after another one took its place.
fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return running;
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("muster"))
}
