//! Whether an act may be done as the world stands: a refusal with a stable code, or go. Changes nothing.

use crate::event::{EstateError, Network, Request};
use crate::inventory::Protection;
use crate::model::Mode;

use super::artifact;
use super::machine::SimMachine;
use super::trouble::{Trouble, refused, retry};
use super::world::World;

/// When an act is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// It is asked for.
    Asked,
    /// Its time is up, and it takes effect.
    Ending,
}

/// What becomes of an act that is not refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Admission {
    /// It is done.
    Go,
    /// What it wants is true already, in these words.
    Already(String),
}

type Verdict = Result<Admission, Trouble>;

/// Whether an act may be done now.
pub(super) fn check(world: &World<'_>, request: &Request, stage: Stage) -> Verdict {
    let machines = world.machines_of(request)?;
    if machines.is_empty() {
        return Err(refused("no_machine", format!("{} names no machine", request.verb())).into());
    }
    for machine in &machines {
        match check_one(world, request, machine, stage)? {
            Admission::Go => {}
            Admission::Already(note) => return Ok(Admission::Already(note)),
        }
    }
    Ok(Admission::Go)
}

fn check_one(world: &World<'_>, request: &Request, machine: &SimMachine, stage: Stage) -> Verdict {
    match request {
        Request::ProcessPending { .. } => process_pending(machine),
        Request::ShutDown { .. } => Ok(shut_down(machine)),
        Request::TakeFinal { .. } => take_final(machine),
        Request::FailOver { point, mode, to, network, .. } => {
            fail_over(world, machine, &Wanted { point, mode: *mode, to, network })
        }
        Request::Start { test, .. } => start(machine, *test),
        Request::ChangePoint { point, .. } => change_point(world, machine, point),
        Request::RollBack { start_source, .. } => roll_back(machine, *start_source),
        Request::Commit { .. } => commit(machine),
        Request::Reprotect { to, via, .. } => reprotect(world, machine, to, via.as_deref(), stage),
        Request::CleanUp { .. } => {
            let nothing = machine.test.is_none() && artifact::standing(world.tx, &machine.name)?.is_empty();
            Ok(match nothing {
                false => Admission::Go,
                true => Admission::Already(format!("`{}` has no test copy", machine.name)),
            })
        }
        Request::GuestScript(script) => guest_script(world, machine, script.test, &script.argv),
    }
}

fn no<T>(error: EstateError) -> Result<T, Trouble> {
    Err(error.into())
}

/// A refusal that says how the machine stands.
fn stands<T>(code: &str, machine: &SimMachine, but: &str) -> Result<T, Trouble> {
    no(refused(code, format!("`{}` is {}, {but}", machine.name, machine.stands())))
}

fn process_pending(machine: &SimMachine) -> Verdict {
    match machine.protection {
        Protection::Protected => Ok(Admission::Go),
        Protection::Unprotected
        | Protection::FailedOver
        | Protection::Resyncing
        | Protection::Reprotecting => stands("not_protected", machine, "so no data waits to be processed"),
    }
}

fn shut_down(machine: &SimMachine) -> Admission {
    match machine.source_copy() {
        None => Admission::Already(format!("no source of `{}` is left", machine.name)),
        Some(copy) if !copy.runs() => Admission::Already(format!("`{}` was off", machine.name)),
        Some(_) => Admission::Go,
    }
}

fn take_final(machine: &SimMachine) -> Verdict {
    if machine.protection != Protection::Protected {
        return stands("not_protected", machine, "so no final point can be taken");
    }
    if machine.active.runs() {
        return no(refused(
            "source_running",
            format!(
                "`{}` still runs at `{}`, and a final point is taken of a source that is off",
                machine.name, machine.active.site
            ),
        ));
    }
    Ok(Admission::Go)
}

struct Wanted<'a> {
    point: &'a str,
    mode: Option<Mode>,
    to: &'a str,
    network: &'a Network,
}

fn fail_over(world: &World<'_>, machine: &SimMachine, wanted: &Wanted<'_>) -> Verdict {
    let Wanted { point, mode, to, network } = wanted;
    match machine.protection {
        Protection::Protected => {}
        Protection::FailedOver => {
            return stands("already_failed_over", machine, "so it cannot fail over again");
        }
        Protection::Unprotected | Protection::Resyncing | Protection::Reprotecting => {
            return stands("not_protected", machine, "so it cannot fail over");
        }
    }
    if machine.replicates_to.as_deref() != Some(*to) {
        return stands("wrong_direction", machine, &format!("so it cannot fail over to `{to}`"));
    }
    if network.name.as_deref() == Some("") {
        return no(refused("network_unknown", format!("no network is named for `{}`", machine.name)));
    }
    usable_point(world, machine, point)?;
    match mode {
        None => match &machine.test {
            Some(_) => no(refused(
                "test_copy_exists",
                format!("`{}` has a test copy already, which has to be cleaned up first", machine.name),
            )),
            None => Ok(Admission::Go),
        },
        Some(Mode::Planned) if machine.active.runs() => no(refused(
            "source_running",
            format!(
                "`{}` still runs at `{}`, and a planned failover needs it off",
                machine.name, machine.active.site
            ),
        )),
        Some(Mode::Planned | Mode::Unplanned | Mode::Forced) => Ok(Admission::Go),
    }
}

fn usable_point(world: &World<'_>, machine: &SimMachine, id: &str) -> Result<(), Trouble> {
    let points = world.points(machine);
    let Some(found) = points.iter().find(|shown| shown.point.id == id) else {
        let message = format!("`{}` has no recovery point `{id}`: it never had, or it is gone", machine.name);
        return no(refused("point_unknown", message));
    };
    if !found.usable {
        return no(refused(
            "point_unusable",
            format!("recovery point `{id}` of `{}` is broken", machine.name),
        ));
    }
    if !found.processed {
        let message = format!("recovery point `{id}` of `{}` is not processed yet", machine.name);
        return no(refused("point_unprocessed", message));
    }
    Ok(())
}

fn start(machine: &SimMachine, test: bool) -> Verdict {
    let copy = if test { machine.test.as_ref().map(|test| &test.copy) } else { machine.target_copy() };
    match copy {
        Some(copy) if copy.runs() => {
            Ok(Admission::Already(format!("`{}` was running at `{}`", machine.name, copy.site)))
        }
        Some(_) => Ok(Admission::Go),
        None if test => no(refused("no_test_copy", format!("`{}` has no test copy to start", machine.name))),
        None => stands("no_target", machine, "so there is no target to start"),
    }
}

fn change_point(world: &World<'_>, machine: &SimMachine, point: &str) -> Verdict {
    if machine.protection != Protection::FailedOver {
        return stands("not_failed_over", machine, "so its point cannot change");
    }
    usable_point(world, machine, point)?;
    Ok(Admission::Go)
}

fn roll_back(machine: &SimMachine, start_source: bool) -> Verdict {
    match machine.protection {
        Protection::FailedOver if machine.left_behind.is_none() => {
            stands("no_source", machine, "and no source is left to go back to")
        }
        Protection::FailedOver => Ok(Admission::Go),
        // Shut down for a failover that did not come about.
        Protection::Protected if start_source && !machine.active.runs() => Ok(Admission::Go),
        Protection::Protected => Ok(Admission::Already(format!("`{}` was not failed over", machine.name))),
        Protection::Unprotected | Protection::Reprotecting if machine.committed => {
            stands("already_committed", machine, "so there is no way back")
        }
        Protection::Unprotected | Protection::Resyncing | Protection::Reprotecting => {
            stands("not_failed_over", machine, "so there is nothing to roll back")
        }
    }
}

fn commit(machine: &SimMachine) -> Verdict {
    match machine.protection {
        Protection::FailedOver => Ok(Admission::Go),
        Protection::Unprotected | Protection::Reprotecting if machine.committed => {
            stands("already_committed", machine, "so there is nothing to commit")
        }
        Protection::Protected if machine.test.is_some() => {
            stands("test_copy", machine, "and its test copy is cleaned up, never committed")
        }
        Protection::Protected
        | Protection::Unprotected
        | Protection::Resyncing
        | Protection::Reprotecting => stands("not_failed_over", machine, "so there is nothing to commit"),
    }
}

fn reprotect(world: &World<'_>, machine: &SimMachine, to: &str, via: Option<&str>, stage: Stage) -> Verdict {
    match machine.protection {
        Protection::Unprotected => {}
        Protection::Reprotecting if stage == Stage::Ending => {}
        Protection::FailedOver => {
            return stands("not_committed", machine, "and is reprotected only after the commit");
        }
        Protection::Protected if machine.test.is_some() => {
            return stands("test_copy", machine, "and its test copy is cleaned up, never reprotected");
        }
        Protection::Protected | Protection::Resyncing | Protection::Reprotecting => {
            return stands("already_protected", machine, "so it needs no reprotection");
        }
    }
    if to == machine.active.site || !world.ground.facts.sites.iter().any(|site| site == to) {
        return stands("wrong_direction", machine, &format!("so it cannot replicate to `{to}`"));
    }
    if !machine.active.runs() {
        return no(refused("machine_off", format!("`{}` is off at `{}`", machine.name, machine.active.site)));
    }
    if machine.left_behind.as_ref().is_some_and(|copy| copy.site == to && copy.runs()) {
        let message = format!(
            "the copy of `{}` left behind at `{to}` runs, and replication would overwrite it",
            machine.name
        );
        return no(refused("source_running", message));
    }
    process_server(world, to, via)?;
    if machine.agent_at.is_none_or(|at| at > world.at) {
        return no(retry(
            "agent_not_registered",
            format!("the replication agent of `{}` has not registered since its boot", machine.name),
        ));
    }
    Ok(Admission::Go)
}

fn process_server(world: &World<'_>, to: &str, via: Option<&str>) -> Result<(), Trouble> {
    let known = &world.ground.facts.process_servers;
    let Some(name) = via else {
        if known.iter().all(|server| server.site != to) {
            return Ok(());
        }
        return no(refused(
            "process_server_unknown",
            format!("no process server is named to replicate to `{to}`"),
        ));
    };
    let Some(server) = world.ground.server(name) else {
        let names: Vec<&str> = known.iter().map(|server| server.name.as_str()).collect();
        let has = if names.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has {}", crate::base::words::list(&names, 5))
        };
        return no(refused(
            "process_server_unknown",
            format!("the estate has no process server `{name}`, {has}"),
        ));
    };
    if server.site != to {
        let message = format!("process server `{name}` stands at `{}`, not at `{to}`", server.site);
        return no(refused("process_server_elsewhere", message));
    }
    if !world.ground.healthy(server, world.at) {
        return no(retry("process_server_unhealthy", format!("process server `{name}` is not healthy")));
    }
    Ok(())
}

fn guest_script(world: &World<'_>, machine: &SimMachine, test: bool, argv: &[String]) -> Verdict {
    if argv.is_empty() {
        return no(refused("no_program", format!("no program is named to run in `{}`", machine.name)));
    }
    let copy = if test { machine.test.as_ref().map(|test| &test.copy) } else { Some(&machine.active) };
    match copy {
        Some(copy) if copy.answers(world.at) => Ok(Admission::Go),
        Some(_) => no(retry("guest_silent", format!("the guest of `{}` does not answer", machine.name))),
        None => no(refused("no_test_copy", format!("`{}` has no test copy", machine.name))),
    }
}
