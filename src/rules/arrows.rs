//! The arrows of one plan as a dense graph, whatever the operation: steps that do not apply pass their
//! arrows through, so what is upstream is the same for all. Shutdown and its steps are not in it.

use std::collections::{HashMap, HashSet};

use crate::base::Id;
use crate::graph::order::{Csr, Order, order};
use crate::model::{At, Endpoint, EndpointRef, GroupId, Owner, Plan, StepId, VmId};
use crate::source::Span;

/// An arrow's written ends; lists that are joined have one end a piece.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// The left name.
    pub(super) from: Option<EndpointRef>,
    /// The right name.
    pub(super) to: Option<EndpointRef>,
}

/// What a node of the graph is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    /// A machine's start.
    Start(VmId),
    /// A step.
    Step(StepId),
    /// Entry or end of a machine or group, a join of a list, `commit` and its kin.
    Other,
}

/// The graph. A machine has an entry, a start and an end; a group an entry, a join of its members'
/// starts and an end.
#[derive(Debug)]
pub(crate) struct Arrows {
    vms: u32,
    groups: u32,
    steps: u32,
    edges: Vec<(u32, u32)>,
    written: Vec<Option<Written>>,
    /// From each node to what waits for it.
    pub(crate) down: Csr,
    /// From each node to what it waits for.
    pub(super) up: Csr,
    /// An order of the nodes, if there is no cycle.
    pub(crate) order: Order,
}

fn raw(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Arrows {
    /// The graph of a plan, in time proportional to it.
    pub(crate) fn of(plan: &Plan) -> Self {
        let (vms, groups, steps) = (raw(plan.vms.len()), raw(plan.groups.len()), raw(plan.steps.len()));
        let none = || Csr::new(0, std::iter::empty());
        let mut arrows = Self {
            vms,
            groups,
            steps,
            edges: Vec::new(),
            written: Vec::new(),
            down: none(),
            up: none(),
            order: order(&none()),
        };
        let mut nodes = vms * 3 + groups * 3 + steps + 3;
        arrows.blocks(plan);
        arrows.owned(plan);
        arrows.chains(plan, &mut nodes);
        arrows.down = Csr::new(nodes as usize, arrows.edges.iter().copied());
        arrows.up = arrows.down.reversed();
        arrows.order = order(&arrows.down);
        arrows
    }

    /// Where arrows to it lead.
    pub(crate) fn entry(&self, end: Endpoint) -> u32 {
        match end {
            Endpoint::Vm(vm) => raw(vm.index()) * 3,
            Endpoint::Group(group) => self.vms * 3 + raw(group.index()) * 3,
            Endpoint::Step(step) => self.vms * 3 + self.groups * 3 + raw(step.index()),
            Endpoint::Commit => self.vms * 3 + self.groups * 3 + self.steps,
            Endpoint::Reprotect => self.vms * 3 + self.groups * 3 + self.steps + 1,
            Endpoint::Cleanup => self.vms * 3 + self.groups * 3 + self.steps + 2,
        }
    }

    /// The start of a machine, or where all members of a group are started.
    fn started(&self, end: Endpoint) -> u32 {
        match end {
            Endpoint::Vm(_) | Endpoint::Group(_) => self.entry(end) + 1,
            Endpoint::Step(_) | Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => self.entry(end),
        }
    }

    /// Where arrows from it leave.
    pub(crate) fn done(&self, end: Endpoint) -> u32 {
        match end {
            Endpoint::Vm(_) | Endpoint::Group(_) => self.entry(end) + 2,
            Endpoint::Step(_) | Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => self.entry(end),
        }
    }

    /// The start of a machine.
    pub(crate) fn start(&self, vm: VmId) -> u32 {
        self.started(Endpoint::Vm(vm))
    }

    /// What a node is.
    pub(super) fn spot(&self, node: u32) -> Spot {
        let first_step = self.vms * 3 + self.groups * 3;
        if node < self.vms * 3 {
            if node % 3 == 1 { Spot::Start(VmId::from_index(node as usize / 3)) } else { Spot::Other }
        } else if (first_step..first_step + self.steps).contains(&node) {
            Spot::Step(StepId::from_index((node - first_step) as usize))
        } else {
            Spot::Other
        }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.down.len()
    }

    /// Which nodes can be reached from `from` along `csr`, itself included.
    pub(crate) fn reach(&self, csr: &Csr, from: u32) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if let Some(slot) = seen.get_mut(node as usize).filter(|slot| !**slot) {
                *slot = true;
                open.extend_from_slice(csr.after(node));
            }
        }
        seen
    }

    /// How many machines start one after another on the longest way to each node, itself among them.
    /// Nothing is counted on a cycle or behind one.
    pub(crate) fn waves(&self) -> Vec<u32> {
        let mut waves = vec![0_u32; self.len()];
        for node in self.order.nodes.iter().copied() {
            let starts = matches!(self.spot(node), Spot::Start(_));
            let Some(slot) = waves.get_mut(node as usize) else { continue };
            *slot += u32::from(starts);
            let own = *slot;
            for to in self.down.after(node) {
                if let Some(slot) = waves.get_mut(*to as usize) {
                    *slot = (*slot).max(own);
                }
            }
        }
        waves
    }

    /// The edges that are written as arrows.
    pub(super) fn written_edges(&self) -> HashMap<(u32, u32), Written> {
        let pairs = self.edges.iter().zip(&self.written);
        pairs.filter_map(|(edge, written)| Some((*edge, (*written)?))).collect()
    }

    fn edge(&mut self, from: u32, to: u32, written: Option<Written>) {
        self.edges.push((from, to));
        self.written.push(written);
    }

    fn blocks(&mut self, plan: &Plan) {
        for vm in plan.vms.ids().map(Endpoint::Vm) {
            self.edge(self.entry(vm), self.started(vm), None);
            self.edge(self.started(vm), self.done(vm), None);
        }
        for (id, group) in plan.groups.iter_enumerated() {
            let end = Endpoint::Group(id);
            self.edge(self.entry(end), self.started(end), None);
            self.edge(self.started(end), self.done(end), None);
            for member in group.members.iter().copied().map(Endpoint::Vm) {
                self.edge(self.entry(end), self.entry(member), None);
                self.edge(self.done(member), self.started(end), None);
            }
        }
    }

    /// Steps inside blocks.
    fn owned(&mut self, plan: &Plan) {
        let placed = placed_by_own_chain(plan);
        for (id, step) in plan.steps.iter_enumerated() {
            let Some(owner) = step.owner else { continue };
            let end = match owner {
                Owner::Vm(vm) => Endpoint::Vm(vm),
                Owner::Group(group) => Endpoint::Group(group),
            };
            let node = self.entry(Endpoint::Step(id));
            match (step.at, owner) {
                (At::BeforeShutdown | At::AfterShutdown, _) => {}
                (At::BeforeStart, Owner::Vm(vm)) => {
                    self.edge(self.entry(end), node, None);
                    self.edge(node, self.start(vm), None);
                }
                (At::BeforeStart, Owner::Group(group)) => {
                    self.edge(self.entry(end), node, None);
                    for member in &plan.groups.at(group).members {
                        self.edge(node, self.start(*member), None);
                    }
                }
                (At::AfterStart, _) => {
                    if !placed.contains(&id) {
                        self.edge(self.started(end), node, None);
                    }
                    self.edge(node, self.done(end), None);
                }
            }
        }
    }

    fn chains(&mut self, plan: &Plan, nodes: &mut u32) {
        for chain in &plan.order {
            for (before, after) in chain.links.iter().zip(chain.links.iter().skip(1)) {
                if before.len() * after.len() <= before.len() + after.len() {
                    for (from, to) in before.iter().flat_map(|from| after.iter().map(move |to| (*from, *to)))
                    {
                        self.arrow(plan, from, to);
                    }
                    continue;
                }
                let join = *nodes;
                *nodes += 1;
                for from in before {
                    self.edge(self.done(from.to), join, Some(Written { from: Some(*from), to: None }));
                }
                for to in after {
                    self.edge(join, self.entry(to.to), Some(Written { from: None, to: Some(*to) }));
                }
            }
        }
    }

    fn arrow(&mut self, plan: &Plan, from: EndpointRef, to: EndpointRef) {
        let owner = |end: Endpoint| match end {
            Endpoint::Step(step) => plan.steps.at(step).owner.map(|owner| match owner {
                Owner::Vm(vm) => Endpoint::Vm(vm),
                Owner::Group(group) => Endpoint::Group(group),
            }),
            Endpoint::Vm(_) | Endpoint::Group(_) => None,
            Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => None,
        };
        // An arrow from a block to a step of its own says what the block says already.
        let leaves = if owner(to.to) == Some(from.to) { self.started(from.to) } else { self.done(from.to) };
        self.edge(leaves, self.entry(to.to), Some(Written { from: Some(from), to: Some(to) }));
    }
}

/// Steps of a group that stand in a chain of that group's own: the chain places them.
fn placed_by_own_chain(plan: &Plan) -> HashSet<StepId> {
    let mut placed = HashSet::new();
    for chain in &plan.order {
        let Some(group) = chain.owner else { continue };
        for (end, _) in ends(&chain.links) {
            if let Endpoint::Step(step) = end
                && plan.steps.at(step).owner == Some(Owner::Group(group))
            {
                placed.insert(step);
            }
        }
    }
    placed
}

/// All names of a chain with their places.
pub(super) fn ends(links: &[Vec<EndpointRef>]) -> impl Iterator<Item = (Endpoint, Span)> {
    links.iter().flatten().map(|end| (end.to, end.span))
}

/// The group of an end, if it is one.
pub(super) const fn as_group(end: Endpoint) -> Option<GroupId> {
    match end {
        Endpoint::Group(group) => Some(group),
        Endpoint::Vm(_) | Endpoint::Step(_) => None,
        Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => None,
    }
}

/// The step of an end, if it is one.
pub(super) const fn as_step(end: Endpoint) -> Option<StepId> {
    match end {
        Endpoint::Step(step) => Some(step),
        Endpoint::Vm(_) | Endpoint::Group(_) => None,
        Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => None,
    }
}

/// The machine of an end, if it is one.
pub(super) const fn as_vm(end: Endpoint) -> Option<VmId> {
    match end {
        Endpoint::Vm(vm) => Some(vm),
        Endpoint::Group(_) | Endpoint::Step(_) => None,
        Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => None,
    }
}
