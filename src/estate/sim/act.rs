//! What acts do to the machines of the simulated estate. Prereq: `check` has let them go.

use crate::base::Timestamp;
use crate::event::{ArtifactKind, Detail, GuestScript, Key, Network, Request};
use crate::inventory::{PointKind, Power, Protection};
use crate::model::{Mode, ShutdownSpec, ShutdownThen};

use super::artifact;
use super::db::Op;
use super::machine::{Copy, SimMachine, Source, TestCopy};
use super::stream;
use super::timing;
use super::trouble::{Trouble, refused};
use super::world::World;

/// What an act changes when it is accepted.
pub(super) fn begin(world: &World<'_>, op: &Op) -> Result<(), Trouble> {
    match &op.request {
        Request::Reprotect { machine, .. } => {
            let mut machine = world.machine(machine)?;
            machine.protection = Protection::Reprotecting;
            world.save(&machine)
        }
        Request::FailOver { machine, mode: None, to, .. } => {
            artifact::make(world, machine, ArtifactKind::Disk, (&op.key, to))
        }
        _ => Ok(()),
    }
}

/// Takes back what `begin` changed, for an act that failed or was cancelled.
pub(super) fn take_back(world: &World<'_>, op: &Op) -> Result<(), Trouble> {
    match &op.request {
        Request::Reprotect { machine, .. } => {
            let mut machine = world.machine(machine)?;
            if machine.protection == Protection::Reprotecting {
                machine.protection = Protection::Unprotected;
                world.save(&machine)?;
            }
            Ok(())
        }
        // Half made, and forgotten by the machine.
        Request::FailOver { machine, mode: None, to, .. } if op.fate.leak => {
            artifact::make(world, machine, ArtifactKind::Copy, (&op.key, to))
        }
        Request::FailOver { mode: None, .. } => artifact::remove_of(world, &op.key),
        _ => Ok(()),
    }
}

/// Does the act of `op` at the world's instant, and counts it on each of its machines.
///
/// # Errors
/// `Trouble::No`: it came to nothing, and nothing has changed.
pub(super) fn act(world: &World<'_>, op: &Op) -> Result<Detail, Trouble> {
    let detail = match &op.request {
        Request::ProcessPending { machines } => process_pending(world, machines, op.accepted_at)?,
        Request::ShutDown { machine, spec } => shut_down(world, op, machine, *spec)?,
        Request::TakeFinal { machines } => take_final(world, machines)?,
        Request::FailOver { machine, point, mode, to, network } => {
            let mut machine = world.machine(machine)?;
            match mode {
                None => test_copy(world, &op.key, &mut machine, point, (to, network))?,
                Some(mode) => fail_over(world, &mut machine, *mode, to, network)?,
            }
        }
        Request::Start { machine, test } => start(world, op, machine, *test)?,
        Request::ChangePoint { machine, point } => change_point(world, machine, point)?,
        Request::RollBack { machine, start_source } => roll_back(world, op, machine, *start_source)?,
        Request::Commit { machine } => commit(world, machine)?,
        Request::Reprotect { machine, to, .. } => reprotect(world, machine, to)?,
        Request::CleanUp { machine } => clean_up(world, machine, op.fate.leak)?,
        Request::GuestScript(script) => guest_script(world, script)?,
    };
    for machine in op.request.machines() {
        world.effect(machine, op.request.verb(), &op.key)?;
    }
    Ok(detail)
}

fn note(text: impl Into<String>) -> Detail {
    Detail { note: text.into(), ..Detail::default() }
}

/// A machine replicates from `at` on, and its first point is taken at once.
pub(super) fn protect(machine: &mut SimMachine, at: Timestamp) {
    machine.protection = Protection::Protected;
    machine.committed = false;
    machine.left_behind = None;
    machine.clean_stop = true;
    stream::begin(machine, at);
    let set = machine.group.as_ref().map(|group| stream::set_id(group, PointKind::App, at));
    stream::take(machine, at, PointKind::App, set);
}

fn process_pending(world: &World<'_>, names: &[String], received: Timestamp) -> Result<Detail, Trouble> {
    let mut made = 0_usize;
    for name in names {
        let mut machine = world.machine(name)?;
        let point = stream::process(&world.ground.rules, &mut machine, received);
        made += usize::from(point.is_some());
        world.save(&machine)?;
    }
    Ok(note(format!("{} made", crate::base::words::count(made, "point"))))
}

fn shut_down(world: &World<'_>, op: &Op, name: &str, spec: ShutdownSpec) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    let guest = timing::guest(world.ground, &op.key, &machine, op.accepted_at);
    let clean = guest.is_some_and(|guest| guest <= spec.guest);
    let limit = crate::base::time::format_duration(spec.guest);
    if !clean && spec.then == ShutdownThen::Halt {
        let message = format!("the guest of `{name}` did not shut down within {limit}");
        return Err(refused("guest_shutdown_timeout", message).into());
    }
    if machine.source() == Source::Active {
        stream::end(&world.ground.rules, &mut machine, world.at);
        machine.agent_at = None;
    }
    machine.clean_stop = clean;
    if let Some(copy) = machine.source_copy_mut() {
        copy.stop();
    }
    world.save(&machine)?;
    let exception = (!clean)
        .then(|| format!("the power of `{name}` was cut, for its guest did not shut down within {limit}"));
    Ok(Detail { clean: Some(clean), exception, ..Detail::default() })
}

fn take_final(world: &World<'_>, names: &[String]) -> Result<Detail, Trouble> {
    let at = stream::whole_second(world.at);
    let mut machines: Vec<SimMachine> =
        names.iter().map(|name| world.machine(name)).collect::<Result<_, _>>()?;
    let group = machines.first().and_then(|machine| machine.group.clone());
    let together = machines.len() > 1 || group.is_some();
    let stem = group.or_else(|| names.first().cloned()).unwrap_or_default();
    let set = together.then(|| stream::set_id(&stem, PointKind::Final, at));
    for machine in &mut machines {
        let kind = if machine.clean_stop { PointKind::Final } else { PointKind::Crash };
        stream::take(machine, at, kind, set.clone());
        machine.pending = super::machine::Pending { bytes: 0, since: world.at };
        machine.processed_through = Some(world.at);
        world.save(machine)?;
    }
    Ok(note(set.map_or_else(String::new, |set| format!("set `{set}` taken"))))
}

fn fail_over(
    world: &World<'_>,
    machine: &mut SimMachine,
    mode: Mode,
    to: &str,
    network: &Network,
) -> Result<Detail, Trouble> {
    stream::end(&world.ground.rules, machine, world.at);
    let address = target_address(world, machine, to, network);
    machine.address.insert(to.to_owned(), address.clone());
    machine.left_behind = Some(std::mem::replace(&mut machine.active, Copy::off(to.to_owned())));
    machine.protection = Protection::FailedOver;
    machine.replicates_to = None;
    machine.agent_at = None;
    world.save(machine)?;
    let running = machine.left_behind.as_ref().is_some_and(Copy::runs);
    let text = match mode {
        Mode::Unplanned | Mode::Forced if running => "the source was not shut down",
        Mode::Planned | Mode::Unplanned | Mode::Forced => "",
    };
    Ok(Detail { address: Some(address), note: text.to_owned(), ..Detail::default() })
}

fn test_copy(
    world: &World<'_>,
    key: &Key,
    machine: &mut SimMachine,
    point: &str,
    (to, network): (&str, &Network),
) -> Result<Detail, Trouble> {
    let wanted = network.address.as_deref().filter(|wanted| {
        // An isolated copy has an address of its own, even where the plan asks for production's.
        *wanted != "dhcp" && !machine.address.values().any(|address| address == wanted)
    });
    let address = wanted.map_or_else(|| numbered(254, machine.ordinal), str::to_owned);
    machine.test =
        Some(TestCopy { copy: Copy::off(to.to_owned()), address: address.clone(), point: point.to_owned() });
    world.save(machine)?;
    for kind in [ArtifactKind::Copy, ArtifactKind::Port] {
        artifact::make(world, &machine.name, kind, (key, to))?;
    }
    Ok(Detail { address: Some(address), ..Detail::default() })
}

fn target_address(world: &World<'_>, machine: &SimMachine, to: &str, network: &Network) -> String {
    let wanted = network.address.as_deref().filter(|wanted| *wanted != "dhcp");
    wanted.or_else(|| machine.address.get(to).map(String::as_str)).map_or_else(
        || {
            let site = world.ground.facts.sites.iter().position(|site| site == to).unwrap_or(0);
            numbered(200 + u32::try_from(site % 50).unwrap_or(0), machine.ordinal)
        },
        str::to_owned,
    )
}

/// An address that the estate hands out: one for each machine of a network.
fn numbered(network: u32, ordinal: u32) -> String {
    format!("10.{network}.{}.{}", ordinal / 250 % 250, ordinal % 250 + 1)
}

fn start(world: &World<'_>, op: &Op, name: &str, test: bool) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    let boots = timing::boot(world.ground, &op.key, name);
    let late = std::time::Duration::from_secs(op.fate.late_s);
    let answers_at = (!op.fate.no_heartbeat).then(|| op.accepted_at.plus(boots).plus(late).max(world.at));
    if test {
        let Some(test) = machine.test.as_mut() else {
            return Err(refused("no_test_copy", format!("`{name}` has no test copy")).into());
        };
        test.copy.power = Power::On;
        test.copy.answers_at = answers_at;
        let address = Some(test.address.clone());
        world.save(&machine)?;
        return Ok(Detail { address, ..Detail::default() });
    }
    let home = machine.active.site == world.ground.home;
    machine.active.power = Power::On;
    machine.active.answers_at = answers_at;
    machine.agent_at = answers_at.filter(|_| !op.fate.no_agent).map(|answers| {
        let registers = op.accepted_at.plus(timing::agent(world.ground, &op.key, name));
        // Only at home does the agent have to find its configuration server again.
        if home { registers.max(answers) } else { answers }
    });
    machine.tools_broken = home && machine.is_windows() && op.fate.no_tools;
    world.save(&machine)?;
    let exception = machine.tools_broken.then(|| format!("VMware Tools of `{name}` did not come back"));
    let text = match (machine.is_windows(), home) {
        (true, false) => "VMware Tools are off here; the guest answers through its agent",
        (true, true) if !machine.tools_broken => "VMware Tools are on again",
        (true, true) | (false, _) => "",
    };
    let address = machine.active_address().map(str::to_owned);
    Ok(Detail { address, exception, note: text.to_owned(), ..Detail::default() })
}

fn change_point(world: &World<'_>, name: &str, point: &str) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    machine.active.stop();
    machine.agent_at = None;
    world.save(&machine)?;
    let address = machine.active_address().map(str::to_owned);
    Ok(Detail { address, note: format!("made again at `{point}`"), ..Detail::default() })
}

fn roll_back(world: &World<'_>, op: &Op, name: &str, start_source: bool) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    if machine.protection == Protection::FailedOver {
        let Some(source) = machine.left_behind.take() else {
            return Err(refused("no_source", format!("no source of `{name}` is left")).into());
        };
        let target = std::mem::replace(&mut machine.active, source);
        machine.replicates_to = Some(target.site);
        machine.protection = Protection::Protected;
    }
    if start_source && !machine.active.runs() {
        machine.active.power = Power::On;
        machine.active.answers_at = Some(world.at.plus(timing::boot(world.ground, &op.key, name)));
    }
    machine.agent_at = machine.active.answers_at;
    if machine.active.runs() {
        stream::begin(&mut machine, world.at);
    }
    world.save(&machine)?;
    let address = machine.active_address().map(str::to_owned);
    Ok(Detail { address, ..Detail::default() })
}

fn commit(world: &World<'_>, name: &str) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    machine.protection = Protection::Unprotected;
    machine.committed = true;
    machine.kept.clear();
    machine.streaming_since = None;
    machine.processed_through = None;
    machine.pending.bytes = 0;
    let home = machine.active.site == world.ground.home;
    let deleted = if home { machine.left_behind.take() } else { None };
    world.save(&machine)?;
    Ok(deleted.map_or_else(Detail::default, |copy| {
        note(format!("the machine left behind at `{}` was deleted", copy.site))
    }))
}

fn reprotect(world: &World<'_>, name: &str, to: &str) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    let at = stream::whole_second(world.at);
    machine.replicates_to = Some(to.to_owned());
    machine.processed_through = None;
    machine.kept.clear();
    protect(&mut machine, at);
    world.save(&machine)?;
    let Some(group) = machine.group.clone() else { return Ok(Detail::default()) };
    // A member that joins lets the group take a set together, so that it has a common point at once.
    let set = stream::set_id(&group, PointKind::App, at);
    for mut member in world.machines()? {
        let joins = member.name != name
            && member.group.as_ref() == Some(&group)
            && member.protection == Protection::Protected
            && member.replicates_to.as_deref() == Some(to)
            && member.streaming_since.is_some_and(|since| since <= at)
            && !member.kept.iter().any(|point| point.set.as_ref() == Some(&set));
        if joins {
            stream::take(&mut member, at, PointKind::App, Some(set.clone()));
            world.save(&member)?;
        }
    }
    Ok(Detail::default())
}

fn clean_up(world: &World<'_>, name: &str, leaves_disk: bool) -> Result<Detail, Trouble> {
    let mut machine = world.machine(name)?;
    machine.test = None;
    world.save(&machine)?;
    artifact::remove_all(world, name, leaves_disk)?;
    Ok(Detail::default())
}

fn guest_script(world: &World<'_>, script: &GuestScript) -> Result<Detail, Trouble> {
    let vm = world.ground.rules.settings.vm(&script.machine);
    let Some((vm, path)) = vm.zip(script.argv.first()) else { return Ok(Detail::default()) };
    let Some(program) = vm.programs.get(path) else { return Ok(Detail::default()) };
    let on = &script.machine;
    if program.takes.0 > script.timeout {
        let limit = crate::base::time::format_duration(script.timeout);
        let message = format!("`{path}` in the guest of `{on}` was ended after {limit}");
        return Err(refused("script_timeout", message).into());
    }
    if program.exit != 0 {
        let message = format!("`{path}` in the guest of `{on}` ended with {}", program.exit);
        return Err(refused("script_failed", message).into());
    }
    Ok(note(program.output.clone()))
}
