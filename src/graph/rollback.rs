//! The way back of one unit: undo scripts of what came after the machines, then the machines with
//! their sources started in the order of the starts, then undo scripts of what came before.

use petgraph::graph::NodeIndex;

use crate::model::{Endpoint, Mode, StepId};

use super::arrows::Arrows;
use super::build::Place;
use super::expand::Expander;
use super::types::Work;
use super::why::Along;
use super::{Lane, Phase, Why};

/// Lays the rollback lane of a unit. There is none in a test or a forced run.
pub(super) fn unit(x: &mut Expander<'_, '_>, arrows: &Arrows<'_>) {
    if x.is_test() || x.options.mode == Some(Mode::Forced) || !x.options.abilities.rollback {
        return;
    }
    let ends = x.ends_of(arrows.unit);
    let undone = add(x, arrows, "later steps are undone", Work::Join);
    let back = add(x, arrows, "sources are back", Work::Join);
    x.builder.edge(undone, back, Why::own("stages of a rollback follow one another"));
    let later = |phase: Phase| phase >= Phase::Failover;
    undo(x, arrows, later, (ends.back_entry, undone));
    machines(x, arrows, undone, back);
    undo(x, arrows, |phase| !later(phase), (back, ends.back_exit));
}

fn add(x: &mut Expander<'_, '_>, arrows: &Arrows<'_>, name: &str, work: Work) -> NodeIndex {
    let name = format!("{}{name}", x.units.units.at(arrows.unit).prefix);
    x.builder.add(Place { unit: arrows.unit, phase: Phase::Rollback, lane: Lane::Rollback }, name, work)
}

/// The undo scripts of the steps in some phases, in reverse order of the steps, between two joins.
fn undo(
    x: &mut Expander<'_, '_>,
    arrows: &Arrows<'_>,
    within: impl Fn(Phase) -> bool,
    (first, then): (NodeIndex, NodeIndex),
) {
    let stage = "stages of a rollback follow one another";
    x.builder.edge(first, then, Why::own(stage));
    let undone = |node: NodeIndex| {
        let forward = x.builder.node(node);
        let step = forward.work.step().filter(|_| within(forward.phase));
        step.is_some_and(|step| arrows.plan.steps.at(step).undo.is_some())
    };
    // Most plans undo little; then there is nothing to lay.
    if !(0_u32..).take(arrows.count).any(|local| undone(arrows.node(local))) {
        return;
    }
    let mut images: Vec<Option<NodeIndex>> = vec![None; arrows.count];
    let from = x.builder.len();
    for (local, slot) in (0_u32..).zip(images.iter_mut()) {
        let node = arrows.node(local);
        let forward = x.builder.node(node);
        if !within(forward.phase) {
            continue;
        }
        let undone: Option<StepId> =
            forward.work.step().filter(|step| arrows.plan.steps.at(*step).undo.is_some());
        let span = forward.span;
        *slot = Some(match undone {
            Some(step) => {
                let back =
                    add(x, arrows, &format!("undo {}", arrows.plan.steps.at(step).name), Work::Undo(step));
                x.builder.set(back, span, false);
                x.builder.node_mut(back).undoes = Some(node);
                back
            }
            None => add(x, arrows, "undo in turn", Work::Join),
        });
    }
    let image = |local: u32| images.get(local as usize).copied().flatten();
    let why = Why::barrier("steps are undone in the reverse order");
    for (from, to, _) in &arrows.edges {
        if let Some((from, to)) = image(*to).zip(image(*from)) {
            x.builder.edge(from, to, why.clone());
        }
    }
    x.builder.contract(from);
    for node in (from..x.builder.len()).map(NodeIndex::new) {
        if x.builder.alive(node) && matches!(x.builder.node(node).work, Work::Undo(_)) {
            x.builder.edge(first, node, Why::own(stage));
            x.builder.edge(node, then, Why::barrier(stage));
        }
    }
}

/// Each machine's target is dropped and its source started, along the arrows as they are written.
fn machines(x: &mut Expander<'_, '_>, arrows: &Arrows<'_>, first: NodeIndex, then: NodeIndex) {
    let from = x.builder.len();
    let mut images: Vec<Option<(NodeIndex, NodeIndex)>> = vec![None; arrows.count];
    let mut set = |node: NodeIndex, image: (NodeIndex, NodeIndex)| {
        if let Some(slot) = images.get_mut(arrows.local(node) as usize) {
            *slot = Some(image);
        }
    };
    let mut real = Vec::new();
    for vm in x.live(arrows.unit) {
        let local = x.units.machines.at(vm).local;
        let authored = x.units.vm(vm);
        let node = add(x, arrows, &format!("roll back {}", authored.name), Work::RollBack(vm));
        x.builder.set(node, Some(authored.span), x.units.is_optional(vm));
        x.builder.node_mut(node).undoes = x.touched.get(vm);
        set(arrows.vms.at(local).go, (node, node));
        real.push((node, node));
    }
    for (step, called) in x.units.units.at(arrows.unit).calls.clone() {
        let port = arrows.port(Endpoint::Step(step));
        let ends = x.ends_of(called);
        if port.live {
            set(port.into, (ends.back_entry, ends.back_entry));
            set(port.done, (ends.back_exit, ends.back_exit));
            x.builder.edge(
                ends.back_entry,
                ends.back_exit,
                Why::own("stages of a rollback follow one another"),
            );
            real.push((ends.back_entry, ends.back_exit));
        }
    }
    for (local, slot) in (0_u32..).zip(images.iter_mut()) {
        let phase = x.builder.node(arrows.node(local)).phase;
        if slot.is_none() && phase < Phase::Commit {
            let join = add(x, arrows, "sources in turn", Work::Join);
            *slot = Some((join, join));
        }
    }
    for (from, to, why) in &arrows.edges {
        let image = |local: u32| images.get(local as usize).copied().flatten();
        if let Some((from, to)) = image(*from).zip(image(*to)) {
            let mut why = why.along(Along::RollBack);
            why.need = super::why::Need::Settled;
            x.builder.edge(from.1, to.0, why);
        }
    }
    x.builder.contract(from);
    for (into, out) in real {
        x.builder.edge(first, into, Why::rule("targets are dropped after later steps are undone"));
        x.builder.edge(out, then, Why::barrier("stages of a rollback follow one another"));
    }
}
