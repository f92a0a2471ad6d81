//! `failover`, `failback`, `test`: compiles, shows, asks, freezes and drives.

use std::path::Path;
use std::sync::Arc;

use crate::base::words::count;
use crate::cli::args::{BeginArgs, ReprotectArgs, SaidArgs, StartArgs, TestArgs};
use crate::cli::context::Context;
use crate::cli::drive::{self, Driving, attendance};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::frozen;
use crate::cli::pipeline::{self, Wish};
use crate::cli::sealing;
use crate::drive::begin_run;
use crate::estate::Estate as _;
use crate::estate::any::Purpose;
use crate::event::{Person, RunOptions};
use crate::model::{Mode, Operation};
use crate::run::Run;
use crate::runbook::{Act, Runbook, preview};
use crate::source::codes::command as codes;

/// Starts a failover or failback.
pub(in crate::cli) fn run(
    context: &Context,
    operation: Operation,
    args: &StartArgs,
) -> Result<Exit, Failure> {
    start(context, &args.plan, operation, args.mode.mode(), &args.said, &args.begin)
}

/// Starts a test.
pub(in crate::cli) fn test(context: &Context, args: &TestArgs) -> Result<Exit, Failure> {
    start(context, &args.plan, Operation::Test, None, &args.said, &args.begin)
}

/// Protects the machines in the other direction, where an operation left them unprotected.
pub(in crate::cli) fn reprotect(context: &Context, args: &ReprotectArgs) -> Result<Exit, Failure> {
    let compiled = pipeline::reprotection(context, &args.plan, &args.without, &args.params)?;
    context.console.show(&compiled.sources, &compiled.warnings);
    begin(context, &compiled.runbook, &args.plan, RunOptions::default(), args.yes, args.wait)
}

fn start(
    context: &Context,
    path: &Path,
    operation: Operation,
    mode: Option<Mode>,
    said: &SaidArgs,
    with: &BeginArgs,
) -> Result<Exit, Failure> {
    let approved: Vec<String> = with.approved.iter().map(|(step, _)| step.clone()).collect();
    let mut options = RunOptions { approved: with.approved.clone(), unfenced: said.unfenced.clone() };
    let runbook = match frozen::read(path)? {
        Some(runbook) => {
            frozen::check(context, &runbook, operation, mode, said)?;
            frozen::check_approved(&runbook, &approved)?;
            options.unfenced.clone_from(&runbook.unfenced);
            runbook
        }
        None => {
            let wish = Wish { operation, mode, said, approved };
            let compiled = pipeline::runbook(context, path, &wish)?;
            context.console.show(&compiled.sources, &compiled.warnings);
            compiled.runbook
        }
    };
    begin(context, &runbook, path, options, with.yes, with.wait)
}

/// Asks, freezes the run and drives it.
fn begin(
    context: &Context,
    runbook: &Runbook,
    path: &Path,
    options: RunOptions,
    yes: bool,
    wait: bool,
) -> Result<Exit, Failure> {
    let by = context.person(runbook)?;
    check_roles(runbook, &by, &options)?;
    confirm(context, runbook, yes)?;
    let store = context.store_to_write()?;
    sealing::check(context)?;
    let estate = pipeline::open_quietly(context, &runbook.estate, Purpose::Act)?;
    let now = estate.clock().now();
    let written_in = path.display().to_string();
    let begun = begin_run(&store, runbook, &written_in, by.clone(), options, now);
    let id = context.runtime()?.block_on(begun)?;
    drop(estate);
    context.console.note(&format!("run {id}: {} of plan `{}`", runbook.what(), runbook.plan));
    let driving = Driving { by, attendance: attendance(context, wait), resume: false };
    drive::run(context, &store, &id, runbook, driving)
}

/// An answer given beforehand counts only from someone who may give it.
fn check_roles(runbook: &Runbook, by: &Person, options: &RunOptions) -> Result<(), Failure> {
    let run = Run::new("", Arc::new(runbook.clone()));
    for (step, _) in &options.approved {
        let found = runbook.nodes.iter().find(|node| node.name == *step);
        if let Some(Act::Approve(approve)) = found.map(|node| &node.act) {
            run.may(by, &approve.by).map_err(|why| {
                let message = format!("`--approve {step}`: {why}");
                let help = "leave it to the run, where the right person answers";
                Failure::said(Exit::Refused, codes::ROLE_NOT_HELD, message, help)
            })?;
        }
    }
    Ok(())
}

/// The last question before anything is touched.
fn confirm(context: &Context, runbook: &Runbook, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let machines = count(runbook.machines.len(), "machine");
    let what = format!("{} of plan `{}`, {machines}", runbook.what(), runbook.plan);
    if !context.console.attended {
        let message =
            format!("nobody was asked whether to start the {what}, for standard input is no terminal");
        let help = "say `--yes` where somebody has read the preview";
        return Err(Failure::said(Exit::Refused, codes::NOT_CONFIRMED, message, help));
    }
    context.console.say(&preview(runbook));
    let answer = context.console.ask(&format!("start the {what}? type `yes`:"));
    if answer.is_some_and(|answer| matches!(answer.as_str(), "yes" | "y")) {
        return Ok(());
    }
    let message = format!("the {what} was not started");
    Err(Failure::said(Exit::Refused, codes::NOT_CONFIRMED, message, "type `yes` when it is right"))
}
