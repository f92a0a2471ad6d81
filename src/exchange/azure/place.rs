//! Where the machines and steps of a plan stand in a recovery plan: the arrows made into waves. A recovery
//! plan is one line, so what stood side by side comes one after another; what was ordered stays ordered.

use crate::model::{At, Endpoint, Plan, StepId, VmId};
use crate::rules::arrows::Arrows;

/// A moment of a recovery plan, in the order of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Moment {
    /// Before any source is shut down.
    First,
    /// When the sources are down.
    Down,
    /// Before the machines of a wave start.
    Before(u32),
    /// When those of a wave have started.
    After(u32),
}

/// A plan as waves.
#[derive(Debug)]
pub(super) struct Placed {
    /// The machines of each wave in plan order, the first wave first.
    pub(super) waves: Vec<Vec<VmId>>,
    /// The steps by moment, in an order that keeps the arrows.
    pub(super) steps: Vec<(Moment, StepId)>,
    /// Steps behind `commit` or `cleanup`, where no recovery plan goes.
    pub(super) beyond: Vec<StepId>,
}

/// The wave of each machine, by id, from 1.
pub(super) fn waves_of(plan: &Plan, arrows: &Arrows) -> Vec<u32> {
    let waves = arrows.waves();
    let of = |vm| waves.get(arrows.start(vm) as usize).copied().unwrap_or(1).max(1);
    plan.vms.ids().map(of).collect()
}

/// Places everything. Prereq: the plan has no cycle.
pub(super) fn placed(plan: &Plan) -> Placed {
    let arrows = Arrows::of(plan);
    let of_vms = waves_of(plan, &arrows);
    let count = of_vms.iter().copied().max().unwrap_or(0);
    let waves = (1..=count)
        .map(|wave| plan.vms.ids().zip(&of_vms).filter(|(_, of)| **of == wave).map(|(vm, _)| vm).collect())
        .collect();
    let mut rank = vec![usize::MAX; arrows.len()];
    for (at, node) in arrows.order.nodes.iter().enumerate() {
        if let Some(slot) = rank.get_mut(*node as usize) {
            *slot = at;
        }
    }
    let counted = arrows.waves();
    let behind = |end| arrows.reach(&arrows.down, arrows.done(end));
    let (commit, cleanup) = (behind(Endpoint::Commit), behind(Endpoint::Cleanup));
    let mut placed = Placed { waves, steps: Vec::new(), beyond: Vec::new() };
    let mut ranked: Vec<(Moment, usize, StepId)> = Vec::new();
    for (id, step) in plan.steps.iter_enumerated() {
        let node = arrows.entry(Endpoint::Step(id)) as usize;
        if [&commit, &cleanup].into_iter().any(|set| set.get(node).copied().unwrap_or(false)) {
            placed.beyond.push(id);
            continue;
        }
        let above = counted.get(node).copied().unwrap_or(0);
        let moment = match (step.owner, step.at) {
            (Some(_), At::BeforeShutdown) => Moment::First,
            (Some(_), At::AfterShutdown) => Moment::Down,
            (Some(_), At::BeforeStart) => Moment::Before(above + 1),
            (Some(_), At::AfterStart) | (None, _) if above == 0 => Moment::First,
            (Some(_), At::AfterStart) | (None, _) => Moment::After(above),
        };
        ranked.push((moment, rank.get(node).copied().unwrap_or(usize::MAX), id));
    }
    ranked.sort_unstable();
    placed.steps = ranked.into_iter().map(|(moment, _, id)| (moment, id)).collect();
    placed
}
