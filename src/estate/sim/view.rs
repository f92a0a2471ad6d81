//! What a simulated estate reports: the inventory, and where a machine is. Only reads.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::event::Observation;
use crate::inventory::{Inventory, LeftBehind, Machine, Point, Symbol, TagSet};

use super::machine::{Copy, SimMachine};
use super::stream;
use super::trouble::Trouble;
use super::world::{ShownPoint, World};

/// The tag sets of an inventory that is being made.
struct Tags(IndexMap<Vec<Symbol>, ()>);

/// Everything that the estate reports.
pub(super) fn inventory(world: &World<'_>) -> Result<Inventory, Trouble> {
    let machines = world.machines()?;
    let facts = &world.ground.facts;
    let mut inventory = Inventory::empty(world.at, facts.sites.clone());
    inventory.process_servers.clone_from(&facts.process_servers);
    for server in &mut inventory.process_servers {
        server.healthy = world.ground.healthy(server, world.at);
    }
    let mut tags = Tags(std::iter::once((Vec::new(), ())).collect());
    for machine in &machines {
        let vm = shown(world, machine, &mut inventory, &mut tags);
        inventory.vms.insert(machine.name.clone(), vm);
    }
    inventory.tag_sets = tags.0.into_keys().collect();
    inventory.sim = sim(world, &machines);
    Ok(inventory)
}

/// Where a machine is.
pub(super) fn observe(world: &World<'_>, name: &str, test: bool) -> Result<Observation, Trouble> {
    let machine = world.machine(name)?;
    let seen = |copy: &Copy| world.ground.contact(&copy.site, world.at).then(|| copy.runs());
    // A source that is gone does not run; one whose site is cut off cannot be asked.
    let source_running = machine.source_copy().map_or(Some(false), seen);
    let (target, address) = if test {
        let test = machine.test.as_ref();
        (test.map(|test| &test.copy), test.map(|test| test.address.clone()))
    } else {
        let target = machine.target_copy();
        (target, target.and_then(|_| machine.active_address()).map(str::to_owned))
    };
    Ok(Observation {
        source_running,
        target_running: target.map_or(Some(false), seen),
        address,
        fenced: source_running.map(|running| !running),
    })
}

fn shown(world: &World<'_>, machine: &SimMachine, inventory: &mut Inventory, tags: &mut Tags) -> Machine {
    let reached = |copy: &Copy| world.ground.reaches(&copy.site, world.at).then_some(copy.power);
    let points = world.points(machine);
    Machine {
        name: machine.name.clone(),
        group: machine.group.clone(),
        site: machine.active.site.clone(),
        power: reached(&machine.active),
        protection: machine.protection,
        replicates_to: machine.replicates_to.clone(),
        os: machine.os.clone(),
        address: machine.address.clone(),
        agent_registered: reached(&machine.active).map(|_| machine.agent_at.is_some_and(|at| at <= world.at)),
        left_behind: machine
            .left_behind
            .as_ref()
            .map(|copy| LeftBehind { site: copy.site.clone(), power: reached(copy) }),
        pending_bytes: Some(stream::pending_bytes(&world.ground.rules, machine, world.at)),
        points: points.iter().map(|point| shown_point(point, inventory, tags)).collect(),
    }
}

fn shown_point(shown: &ShownPoint, inventory: &mut Inventory, tags: &mut Tags) -> Point {
    let point = &shown.point;
    let set: Vec<Symbol> = point.tags.iter().map(|tag| inventory.symbols.intern(tag)).collect();
    let tag_set = tags.0.insert_full(set, ()).0;
    Point {
        at: point.at,
        id: inventory.symbols.intern(&point.id),
        set: point.set.as_ref().map(|set| inventory.symbols.intern(set)),
        tags: TagSet(u32::try_from(tag_set).unwrap_or(0)),
        kind: point.kind,
        processed: shown.processed,
        usable: shown.usable,
    }
}

/// The settings as they came, and the state of VMware Tools of each Windows machine.
fn sim(world: &World<'_>, machines: &[SimMachine]) -> Option<Value> {
    let mut sim = world.ground.facts.sim.clone();
    for machine in machines {
        let Some(on) = machine.tools(&world.ground.home, world.at) else { continue };
        let root = sim.get_or_insert_with(|| Value::Object(Map::new()));
        let tools = Value::from(if on { "on" } else { "off" });
        let vms = root.as_object_mut().map(|root| root.entry("vms").or_insert_with(empty));
        let vm = vms
            .and_then(Value::as_object_mut)
            .map(|vms| vms.entry(machine.name.as_str()).or_insert_with(empty));
        if let Some(vm) = vm.and_then(Value::as_object_mut) {
            vm.insert("tools".to_owned(), tools);
        }
    }
    sim
}

fn empty() -> Value {
    Value::Object(Map::new())
}
