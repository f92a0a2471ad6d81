//! Acts from request to outcome: taken on under a key, ended at their instant, polled, cancelled, found.
//! Each function is one part of one transaction.

use std::time::Duration;

use crate::base::Timestamp;
use crate::event::{Detail, EstateError, Found, Handle, Key, Progress, Request, Submitted};
use crate::model::Mode;

use super::act;
use super::artifact;
use super::check::{Admission, Stage, check};
use super::db::{self, Fate, Op, Outcome};
use super::ground::{Answer, twist};
use super::machine::{SimMachine, Source};
use super::timing;
use super::trouble::{Trouble, refused, retry};
use super::world::World;

/// When an act that hangs is to be asked about again.
const HANGING_POLL: Duration = Duration::from_secs(30);

/// What was decided about a request.
pub(super) enum Submission {
    /// It is answered.
    Answer(Submitted),
    /// No answer comes.
    Silence,
}

/// Ends every act whose time has come, each with its effect and its outcome together.
pub(super) fn settle(world: &World<'_>) -> Result<(), Trouble> {
    for op in db::ops_due(world.tx, world.at)? {
        let then = world.at(op.ends_at.unwrap_or(world.at));
        let outcome = end(&then, &op)?;
        if matches!(outcome, Outcome::Failed(_)) || op.fate.lie {
            act::take_back(&then, &op)?;
        }
        db::end_op(world.tx, op.seq, &outcome)?;
    }
    Ok(())
}

fn end(world: &World<'_>, op: &Op) -> Result<Outcome, Trouble> {
    if let Some(error) = &op.fate.fail {
        return Ok(Outcome::Failed(error.clone()));
    }
    let world = World { dry: op.fate.lie, ..world.at(world.at) };
    let done = check(&world, &op.request, Stage::Ending).and_then(|admission| match admission {
        Admission::Go => act::act(&world, op),
        Admission::Already(text) => already(&world, &op.request, text),
    });
    match done {
        Ok(detail) => Ok(Outcome::Done(detail)),
        Err(Trouble::No(error)) => Ok(Outcome::Failed(error)),
        Err(trouble @ (Trouble::Database(_) | Trouble::Stored(_))) => Err(trouble),
    }
}

/// Takes an act on, or answers for the first one of its key.
pub(super) fn submit(world: &World<'_>, key: &Key, request: &Request) -> Result<Submission, Trouble> {
    if let Some(op) = db::op_by_key(world.tx, key)? {
        if op.request != *request {
            return Err(reused(key, &op).into());
        }
        world.reach(&op.sites)?;
        return answer(&op, world.at).map(Submission::Answer);
    }
    let machines = world.machines_of(request)?;
    let sites = sites(world, request, &machines)?;
    world.reach(&sites)?;
    free(world, request)?;
    let admission = check(world, request, Stage::Asked)?;
    let (fate, answered) = fate(world, key, request)?;
    if answered == Answer::NeverArrives {
        return Ok(Submission::Silence);
    }
    let op = Op {
        seq: 0,
        key: key.clone(),
        request: request.clone(),
        sites,
        accepted_at: world.at,
        ends_at: None,
        outcome: None,
        fate,
    };
    let op = match admission {
        Admission::Already(text) => {
            let detail = already(world, request, text)?;
            let outcome = Some(Outcome::Done(detail));
            db::insert_op(world.tx, Op { ends_at: Some(world.at), outcome, ..op })?
        }
        Admission::Go => take_on(world, op, &machines)?,
    };
    match answered {
        Answer::Given => answer(&op, world.at).map(Submission::Answer),
        Answer::Lost | Answer::NeverArrives => Ok(Submission::Silence),
    }
}

fn take_on(world: &World<'_>, op: Op, machines: &[SimMachine]) -> Result<Op, Trouble> {
    let lasts = timing::lasts(world.ground, &op.key, &op.request, machines, world.at);
    // A start that is late is powered on in time; its guest is what is late.
    let starts = matches!(op.request, Request::Start { .. });
    let late = if starts { Duration::ZERO } else { Duration::from_secs(op.fate.late_s) };
    let ends_at = (!op.fate.hang).then(|| world.at.plus(lasts).plus(late));
    let op = db::insert_op(world.tx, Op { ends_at, ..op })?;
    if let Some(test) = lane(&op.request) {
        for machine in machines {
            db::hold(world.tx, &machine.name, test, op.seq)?;
        }
    }
    act::begin(world, &op)?;
    Ok(op)
}

/// How an act stands.
pub(super) fn poll(world: &World<'_>, handle: &Handle) -> Result<Progress, Trouble> {
    let op = by_handle(world, handle)?;
    world.reach(&op.sites)?;
    Ok(match &op.outcome {
        Some(Outcome::Done(detail)) => Progress::Done(detail.clone()),
        Some(Outcome::Failed(error)) => Progress::Failed(error.clone()),
        None => Progress::Running(ask_again(&op, world.at)),
    })
}

/// Gives an act up that has not ended.
pub(super) fn cancel(world: &World<'_>, handle: &Handle) -> Result<(), Trouble> {
    let op = by_handle(world, handle)?;
    world.reach(&op.sites)?;
    if op.outcome.is_some() {
        return Ok(());
    }
    if matches!(op.request, Request::Commit { .. }) && !op.fate.hang {
        return Err(refused("cannot_cancel", "a commit that is under way cannot be given up").into());
    }
    act::take_back(world, &op)?;
    let message = format!("{} was cancelled", op.request.verb());
    db::end_op(world.tx, op.seq, &Outcome::Failed(refused("cancelled", message)))
}

/// What became of a key.
pub(super) fn find(world: &World<'_>, key: &Key, request: &Request) -> Result<Found, Trouble> {
    let Some(op) = db::op_by_key(world.tx, key)? else {
        // Whether it arrived at a site that is cut off cannot be asked now.
        let machines = match world.machines_of(request) {
            // No act on such a machine was ever taken on.
            Err(Trouble::No(EstateError::Refused { .. })) => return Ok(Found::NeverArrived),
            machines => machines?,
        };
        world.reach(&sites(world, request, &machines)?)?;
        return Ok(Found::NeverArrived);
    };
    if op.request != *request {
        return Ok(Found::CannotTell(format!("the key was used for another {}", op.request.verb())));
    }
    world.reach(&op.sites)?;
    if op.fate.forget {
        return Ok(Found::CannotTell("it keeps no record of the act".to_owned()));
    }
    Ok(match &op.outcome {
        Some(Outcome::Done(detail)) => Found::Done(detail.clone()),
        Some(Outcome::Failed(error)) => Found::Failed(error.clone()),
        None => Found::Running(op.handle()),
    })
}

fn answer(op: &Op, now: Timestamp) -> Result<Submitted, Trouble> {
    match &op.outcome {
        Some(Outcome::Done(detail)) if op.ends_at == Some(op.accepted_at) => {
            Ok(Submitted::Done(detail.clone()))
        }
        // The first answer, whatever has become of it since: its outcome is polled.
        Some(Outcome::Done(_) | Outcome::Failed(_)) | None => {
            Ok(Submitted::Accepted(op.handle(), ask_again(op, now)))
        }
    }
}

fn ask_again(op: &Op, now: Timestamp) -> Timestamp {
    op.ends_at.unwrap_or_else(|| now.plus(HANGING_POLL))
}

fn by_handle(world: &World<'_>, handle: &Handle) -> Result<Op, Trouble> {
    let found = db::op_by_handle(world.tx, handle)?;
    found.ok_or_else(|| refused("handle_unknown", format!("the estate knows no act `{}`", handle.0)).into())
}

fn reused(key: &Key, op: &Op) -> EstateError {
    refused("key_reused", format!("key `{}` was used for another {}", key.as_str(), op.request.verb()))
}

/// What is answered where there was nothing to do.
fn already(world: &World<'_>, request: &Request, text: String) -> Result<Detail, Trouble> {
    let mut detail = Detail { note: text, ..Detail::default() };
    match request {
        Request::ShutDown { machine, .. } => detail.clean = Some(world.machine(machine)?.clean_stop),
        Request::Start { machine, test } => {
            let machine = world.machine(machine)?;
            detail.address = if *test {
                machine.test.map(|test| test.address)
            } else {
                machine.active_address().map(str::to_owned)
            };
        }
        Request::ProcessPending { .. }
        | Request::TakeFinal { .. }
        | Request::FailOver { .. }
        | Request::ChangePoint { .. }
        | Request::RollBack { .. }
        | Request::Commit { .. }
        | Request::Reprotect { .. }
        | Request::CleanUp { .. }
        | Request::GuestScript(_) => {}
    }
    Ok(detail)
}

/// One act at a time on a machine; a test goes beside production, and programs go beside each other.
fn free(world: &World<'_>, request: &Request) -> Result<(), Trouble> {
    let Some(test) = lane(request) else { return Ok(()) };
    for machine in request.machines() {
        if let Some(other) = db::busy_with(world.tx, machine, test)? {
            let message = format!("{} of `{machine}` is still under way", other.verb());
            return Err(retry("machine_busy", message).into());
        }
    }
    Ok(())
}

fn lane(request: &Request) -> Option<bool> {
    match request {
        Request::GuestScript(_) => None,
        Request::CleanUp { .. } => Some(true),
        Request::FailOver { mode, .. } => Some(mode.is_none()),
        Request::Start { test, .. } => Some(*test),
        Request::ProcessPending { .. }
        | Request::ShutDown { .. }
        | Request::TakeFinal { .. }
        | Request::ChangePoint { .. }
        | Request::RollBack { .. }
        | Request::Commit { .. }
        | Request::Reprotect { .. } => Some(false),
    }
}

/// The sites that an act has to reach.
pub(super) fn sites(
    world: &World<'_>,
    request: &Request,
    machines: &[SimMachine],
) -> Result<Vec<String>, Trouble> {
    let home = world.ground.home.as_str();
    let mut all: Vec<String> = Vec::new();
    let mut add = |site: &str| {
        if !all.iter().any(|known| known == site) {
            all.push(site.to_owned());
        }
    };
    for machine in machines {
        if matches!(request, Request::CleanUp { .. }) {
            artifact::standing(world.tx, &machine.name)?.iter().for_each(|thing| add(&thing.site));
        }
        let active = Some(machine.active.site.as_str());
        let replica = machine.replicates_to.as_deref();
        let left = machine.left_behind.as_ref().map(|copy| copy.site.as_str());
        let test = machine.test.as_ref().map(|test| test.copy.site.as_str());
        let wanted = match request {
            Request::ProcessPending { .. } => [replica, None],
            Request::TakeFinal { .. } => [active, replica],
            Request::ShutDown { .. } if machine.source() == Source::LeftBehind => [left, None],
            Request::FailOver { mode: Some(Mode::Planned), to, .. } => [active, Some(to.as_str())],
            Request::FailOver { to, .. } => [Some(to.as_str()), None],
            Request::Start { test: true, .. } | Request::CleanUp { .. } => [test.or(replica), None],
            Request::GuestScript(script) if script.test => [test, None],
            Request::ShutDown { .. }
            | Request::Start { .. }
            | Request::ChangePoint { .. }
            | Request::GuestScript(_) => [active, None],
            Request::RollBack { .. } => [active, left],
            // Only where commit deletes the machine left behind has its site to be reached.
            Request::Commit { .. } => [active, left.filter(|_| active == Some(home))],
            Request::Reprotect { to, .. } => [active, Some(to.as_str())],
        };
        wanted.into_iter().flatten().for_each(&mut add);
    }
    Ok(all)
}

fn fate(world: &World<'_>, key: &Key, request: &Request) -> Result<(Fate, Answer), Trouble> {
    let mut fate = Fate::default();
    let mut answer = Answer::Given;
    for (live, what, times) in world.ground.concerning(request) {
        let used = db::fault_used(world.tx, live.id)?;
        if world.ground.comes(live, times, used, key) {
            db::use_fault(world.tx, live.id)?;
            twist(&mut fate, &mut answer, what, request);
        }
    }
    Ok((fate, answer))
}
