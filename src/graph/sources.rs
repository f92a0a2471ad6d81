//! The source side: sources go down in the reverse order of the starts, with the steps around it.
//! Comes in: a unit's arrows. Goes out: shutdown nodes between the two given barriers.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::model::{At, Mode, Owner, StepId, VmId};

use super::arrows::inside;
use super::barriers::Unit;
use super::types::{GraphNode, Work};
use super::why::Along;
use super::{Phase, Why};

/// The mirror of a node: arrows to it lead to the first, arrows from it leave the second.
type Image = (NodeIndex, NodeIndex);

/// The live steps around shutdowns, by the block they stand in.
type Around = BTreeMap<(Owner, At), Vec<StepId>>;

/// Lays the shutdown phase, and notes the last act on each machine's source.
pub(super) fn shut_down(unit: &mut Unit<'_, '_, '_>, prepared: NodeIndex, down: NodeIndex) {
    let from = unit.x.builder.len();
    if unit.x.touches_source() {
        mirror(unit);
        unit.x.builder.contract(from);
    }
    let steps: Vec<NodeIndex> = (0..unit.arrows.count)
        .map(|local| NodeIndex::new(unit.arrows.base + local))
        .filter(|node| unit.x.builder.node(*node).phase == Phase::Shutdown)
        .collect();
    let mirrored = (from..unit.x.builder.len()).map(NodeIndex::new);
    let region: Vec<NodeIndex> =
        steps.into_iter().chain(mirrored).filter(|node| unit.x.builder.alive(*node)).collect();
    let own = unit.arrows.unit;
    for node in region {
        let inside = |unit: &Unit<'_, '_, '_>, direction| {
            let is = |other: &GraphNode| other.phase == Phase::Shutdown && other.unit == own;
            unit.x.builder.any_around(node, direction, is)
        };
        if !inside(unit, Direction::Incoming) {
            unit.edge(prepared, node, Why::rule("sources go down after the steps of prepare"));
        }
        if !inside(unit, Direction::Outgoing) {
            unit.edge(node, down, Why::barrier("points are bound after every source is shut down"));
        }
    }
}

/// Every arrow of the target side between machines, turned around.
fn mirror(unit: &mut Unit<'_, '_, '_>) {
    let count = unit.arrows.count;
    let mut steps = Around::new();
    for (id, step) in unit.arrows.plan.steps.iter_enumerated() {
        let sourced = matches!(step.at, At::BeforeShutdown | At::AfterShutdown);
        if let (Some(owner), true) = (step.owner, sourced && unit.arrows.steps.at(id).live) {
            steps.entry((owner, step.at)).or_default().push(id);
        }
    }
    let mut images: Vec<Option<Image>> = vec![None; count];
    for (local, vm) in unit.arrows.plan.vms.ids().map(|vm| (*unit.arrows.vms.at(vm), vm)).collect::<Vec<_>>()
    {
        if !local.live {
            continue;
        }
        let global = unit.x.units.global(unit.arrows.unit, vm);
        let (image, end) = source(unit, global, vm, &steps);
        if let Some(end) = end {
            unit.x.last.set(global, end);
            unit.acts_on_sources = true;
        }
        set(&mut images, unit.arrows.local(local.go), image);
    }
    for group in unit.arrows.plan.groups.ids().collect::<Vec<_>>() {
        let port = *unit.arrows.groups.at(group);
        let name = unit.arrows.plan.groups.at(group).name.clone();
        let before = around(unit, &name, (Owner::Group(group), At::BeforeShutdown), &steps);
        let before = before.unwrap_or_else(|| turn(unit));
        let after = around(unit, &name, (Owner::Group(group), At::AfterShutdown), &steps);
        let after = after.unwrap_or_else(|| turn(unit));
        set(&mut images, unit.arrows.local(port.done), before);
        set(&mut images, unit.arrows.local(port.into), after);
    }
    for local in 0..count {
        let phase = unit.phases.get(local).copied().unwrap_or(Phase::Prepare);
        let between = matches!(phase, Phase::Start | Phase::CommitWindow);
        if between && images.get(local).is_some_and(Option::is_none) {
            let image = turn(unit);
            if let Some(slot) = images.get_mut(local) {
                *slot = Some(image);
            }
        }
    }
    let image = |local: u32| images.get(local as usize).copied().flatten();
    let edges: Vec<(NodeIndex, NodeIndex, Why)> = unit
        .arrows
        .edges
        .iter()
        .filter_map(|(from, to, why)| Some((image(*to)?.1, image(*from)?.0, why.along(Along::ShutDown))))
        .collect();
    for (from, to, why) in edges {
        unit.edge(from, to, why);
    }
}

fn set(images: &mut [Option<Image>], local: u32, image: Image) {
    if let Some(slot) = images.get_mut(local as usize) {
        *slot = Some(image);
    }
}

/// A machine's shutdown with the steps around it, and its last act.
fn source(unit: &mut Unit<'_, '_, '_>, vm: VmId, local: VmId, steps: &Around) -> (Image, Option<NodeIndex>) {
    let name = &unit.x.units.vm(vm).name;
    let before = around(unit, name, (Owner::Vm(local), At::BeforeShutdown), steps);
    let after = around(unit, name, (Owner::Vm(local), At::AfterShutdown), steps);
    let own = Why::own("a machine's own acts follow one another");
    if unit.x.options.abilities.failover_includes_shutdown {
        let first = before.or(after).unwrap_or_else(|| turn(unit));
        let last = after.unwrap_or(first);
        if let Some((before, after)) = before.zip(after) {
            unit.edge(before.1, after.0, own);
        }
        return ((first.0, last.1), None);
    }
    let down = unit.add_vm(Phase::Shutdown, "shut down ", vm, Work::ShutDown(vm));
    unit.x.touched.set(vm, down);
    if let Some(before) = before {
        unit.edge(before.1, down, own.clone());
    }
    let last = if unit.x.options.mode == Some(Mode::Planned) {
        down
    } else {
        let seen = unit.add_vm(Phase::Shutdown, "confirm stopped ", vm, Work::ConfirmStopped(vm));
        // Two copies of an optional machine write as badly as two of any other.
        unit.x.builder.node_mut(seen).optional = false;
        unit.edge(down, seen, Why::rule("a shutdown that may have failed is looked at"));
        seen
    };
    if let Some(after) = after {
        unit.edge(last, after.0, own);
    }
    ((before.map_or(down, |it| it.0), after.map_or(last, |it| it.1)), Some(last))
}

/// A place in the order of the sources where nothing is done.
fn turn(unit: &mut Unit<'_, '_, '_>) -> Image {
    let join = unit.add(Phase::Shutdown, "sources in turn", Work::Join);
    (join, join)
}

/// The steps of a block before or after its shutdown, between two joins; nothing if there are none.
fn around(unit: &mut Unit<'_, '_, '_>, name: &str, block: (Owner, At), steps: &Around) -> Option<Image> {
    let steps = steps.get(&block)?;
    let (first, _) = turn(unit);
    let (then, _) = turn(unit);
    for id in steps {
        let step = unit.arrows.plan.steps.at(*id);
        let port = *unit.arrows.steps.at(*id);
        let why = inside(&step.name, name);
        unit.edge(first, port.into, why.clone());
        unit.edge(port.done, then, why);
    }
    Some((first, then))
}
