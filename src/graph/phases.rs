//! Which phase each node of a unit's target side belongs to, from what stands upstream of it.

use crate::model::{At, Endpoint};

use super::Phase;
use super::arrows::Arrows;
use super::expand::Expander;
use super::order::{Csr, Order, order};

/// Sets the phases of a unit's target side and returns them by number.
pub(super) fn assign(x: &mut Expander<'_, '_>, arrows: &Arrows<'_>, has_machines: bool) -> Vec<Phase> {
    let csr = Csr::new(arrows.count, arrows.edges.iter().map(|(from, to, _)| (*from, *to)));
    let order = order(&csr);
    let mut phases = least(x, arrows, has_machines);
    let whole = everything_upstream(x, arrows, &csr, &order);
    let sequence: Vec<u32> = order.nodes.iter().chain(&order.stuck).copied().collect();
    for node in sequence {
        let Some(own) = phases.get_mut(node as usize) else { continue };
        if *own == Phase::Start && whole.get(node as usize).is_some_and(|whole| *whole) {
            *own = Phase::CommitWindow;
        }
        let own = *own;
        for next in csr.after(node) {
            if let Some(phase) = phases.get_mut(*next as usize) {
                *phase = own.max(*phase);
            }
        }
    }
    for (local, phase) in (0_u32..).zip(&phases) {
        x.builder.node_mut(arrows.node(local)).phase = *phase;
    }
    phases
}

/// The earliest phase of each node by what it is.
fn least(x: &Expander<'_, '_>, arrows: &Arrows<'_>, has_machines: bool) -> Vec<Phase> {
    let mut phases = vec![Phase::Prepare; arrows.count];
    let mut set = |node: petgraph::graph::NodeIndex, phase: Phase| {
        if let Some(slot) = phases.get_mut(arrows.local(node) as usize) {
            *slot = phase;
        }
    };
    for port in arrows.vms.iter().chain(arrows.groups.iter()) {
        for node in [port.into, port.go, port.started, port.done] {
            set(node, Phase::Start);
        }
    }
    for (id, step) in arrows.plan.steps.iter_enumerated() {
        let port = arrows.steps.at(id);
        let own = match (step.owner, step.at) {
            (None, _) => Phase::Prepare,
            (Some(_), At::AfterStart) if arrows.placed.contains(&id) => Phase::Prepare,
            (Some(_), At::AfterStart | At::BeforeStart) => Phase::Start,
            (Some(_), At::BeforeShutdown | At::AfterShutdown) => Phase::Shutdown,
        };
        if port.live {
            let calls_only = !has_machines && x.called(arrows.unit, id).is_some();
            set(port.into, own);
            set(port.done, if calls_only { Phase::Start } else { own });
        }
    }
    if arrows.commit.live {
        set(arrows.commit.into, Phase::CommitWindow);
        set(arrows.commit.done, Phase::Commit);
    }
    if arrows.reprotect.live {
        set(arrows.reprotect.into, Phase::Reprotect);
        set(arrows.reprotect.done, Phase::Reprotect);
    }
    if arrows.cleanup.live {
        set(arrows.cleanup.into, Phase::Cleanup);
        set(arrows.cleanup.done, Phase::Cleanup);
    }
    phases
}

/// For each node: are all machines that must come up started when it runs?
/// Approach: 64 machines at a time, one bit each, go down the edges once; a few nodes go up them.
fn everything_upstream(x: &Expander<'_, '_>, arrows: &Arrows<'_>, csr: &Csr, order: &Order) -> Vec<bool> {
    let live: Vec<_> = arrows.plan.vms.ids().filter(|vm| arrows.vms.at(*vm).live).collect();
    let must = |vm: &&crate::model::VmId| !x.units.is_optional(x.units.global(arrows.unit, **vm));
    let mut required: Vec<_> = live.iter().filter(must).copied().collect();
    if required.is_empty() {
        required = live;
    }
    let mut machine = vec![false; arrows.count];
    for port in arrows.vms.iter().chain(arrows.groups.iter()) {
        for node in [port.into, port.go, port.started, port.done] {
            if let Some(slot) = machine.get_mut(arrows.local(node) as usize) {
                *slot = true;
            }
        }
    }
    let starts: Vec<u32> = required.iter().map(|vm| arrows.local(arrows.vms.at(*vm).started)).collect();
    let mut whole: Vec<bool> = machine.iter().map(|is| !is && !starts.is_empty()).collect();
    // A machine behind which another required one starts says nothing new.
    let mut leads = vec![false; arrows.count];
    for node in order.nodes.iter().rev() {
        let on = csr.after(*node).iter().any(|next| {
            starts.binary_search(next).is_ok() || leads.get(*next as usize).is_some_and(|leads| *leads)
        });
        if let Some(slot) = leads.get_mut(*node as usize) {
            *slot = on;
        }
    }
    let last: Vec<u32> =
        starts.into_iter().filter(|start| leads.get(*start as usize).is_some_and(|leads| !leads)).collect();
    // A spread of them first: it leaves few nodes in question, and those are asked one by one.
    let stride = last.len().div_ceil(64).max(1);
    let spread: Vec<u32> = last.iter().step_by(stride).copied().collect();
    reached(csr, order, &spread, &mut whole);
    let asked = whole.iter().filter(|whole| **whole).count();
    if asked <= last.len() / 64 {
        let back = csr.reversed();
        for (node, slot) in (0_u32..).zip(&mut whole) {
            *slot = *slot && reaches(&back, node, &last) == last.len();
        }
        return whole;
    }
    for block in last.chunks(64) {
        reached(csr, order, block, &mut whole);
    }
    whole
}

/// How many of some nodes, which are in order, lie on the ways to `node`, backwards along `back`.
fn reaches(back: &Csr, node: u32, starts: &[u32]) -> usize {
    let mut seen = vec![false; back.len()];
    let mut open = vec![node];
    let mut found = 0;
    while let Some(node) = open.pop() {
        for before in back.after(node) {
            if let Some(slot) = seen.get_mut(*before as usize).filter(|seen| !**seen) {
                *slot = true;
                found += usize::from(starts.binary_search(before).is_ok());
                open.push(*before);
            }
        }
    }
    found
}

/// Keeps of `whole` the nodes that every one of at most 64 nodes leads to.
fn reached(csr: &Csr, order: &Order, block: &[u32], whole: &mut [bool]) {
    if !block.is_empty() {
        let mut bits = vec![0_u64; whole.len()];
        for (bit, start) in block.iter().enumerate() {
            if let Some(slot) = bits.get_mut(*start as usize) {
                *slot |= 1 << bit;
            }
        }
        for node in &order.nodes {
            let own = bits.get(*node as usize).copied().unwrap_or(0);
            for next in csr.after(*node).iter().filter(|_| own != 0) {
                if let Some(slot) = bits.get_mut(*next as usize) {
                    *slot |= own;
                }
            }
        }
        let full = u64::MAX >> (64 - block.len());
        for (slot, bits) in whole.iter_mut().zip(&bits) {
            *slot &= *bits == full;
        }
    }
}

/// Whether an endpoint stands in any chain of a plan.
pub(super) fn stands_in_chain(plan: &crate::model::Plan, end: Endpoint) -> bool {
    plan.order.iter().flat_map(|chain| chain.links.iter().flatten()).any(|link| link.to == end)
}
