//! `resume`: drives a run that nobody drives.

use crate::cli::args::ResumeArgs;
use crate::cli::context::Context;
use crate::cli::drive::{self, Driving, attendance};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;
use crate::store::StoreError;

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
    let runbook = store.runbook(&id)?;
    let by = context.person(&runbook)?;
    let driving = Driving { by, attendance: attendance(context, args.wait), resume: true };
    drive::run(context, &store, &id, &runbook, driving)
}
