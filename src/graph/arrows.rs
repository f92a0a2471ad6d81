//! The target side of one unit: what machines, groups and steps are made of, and the arrows between
//! them. Comes in: a unit. Goes out: its nodes and edges, numbered densely, without barriers.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::base::IdVec;
use crate::model::{
    At, Chain, Endpoint, EndpointRef, GroupId, Owner, Plan, StartReady, StepId, StepKind, VmId,
};

use super::build::{Place, joined};
use super::expand::Expander;
use super::types::Work;
use super::why::{Along, Cause, Ends};
use super::{Lane, Phase, UnitId, Why};

/// Where arrows meet something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    /// Arrows to it lead here.
    pub(super) into: NodeIndex,
    /// Steps before its start come between `into` and this.
    pub(super) go: NodeIndex,
    /// Its machines are started; steps inside its block come after this.
    pub(super) started: NodeIndex,
    /// Arrows from it leave here.
    pub(super) done: NodeIndex,
    /// It applies and has something to do.
    pub(super) live: bool,
}

impl Port {
    const fn of(node: NodeIndex, live: bool) -> Self {
        Self { into: node, go: node, started: node, done: node, live }
    }
}

/// The target side of a unit. Its nodes are `base..base + count` of the builder.
#[derive(Debug)]
pub(super) struct Arrows<'p> {
    pub(super) unit: UnitId,
    pub(super) plan: &'p Plan,
    pub(super) base: usize,
    pub(super) count: usize,
    pub(super) vms: IdVec<VmId, Port>,
    pub(super) groups: IdVec<GroupId, Port>,
    pub(super) steps: IdVec<StepId, Port>,
    pub(super) commit: Port,
    pub(super) reprotect: Port,
    pub(super) cleanup: Port,
    /// Machines and groups with steps inside their blocks, and when those run.
    wrapped: BTreeSet<(Owner, At)>,
    /// Steps inside a group that a chain of the same group places.
    pub(super) placed: BTreeSet<StepId>,
    /// Edges between nodes counted from `base`, with their reasons.
    pub(super) edges: Vec<(u32, u32, Why)>,
}

impl<'p> Arrows<'p> {
    pub(super) fn build(x: &mut Expander<'_, 'p>, unit: UnitId) -> Self {
        let plan = x.units.units.at(unit).plan;
        let base = x.builder.len();
        let nowhere = Port::of(NodeIndex::new(base), false);
        let mut arrows = Self {
            unit,
            plan,
            base,
            count: 0,
            vms: IdVec::new(),
            groups: IdVec::new(),
            steps: IdVec::new(),
            commit: nowhere,
            reprotect: nowhere,
            cleanup: nowhere,
            wrapped: plan.steps.iter().filter_map(|step| Some((step.owner?, step.at))).collect(),
            placed: placed_by_chains(plan),
            edges: Vec::new(),
        };
        for vm in plan.vms.ids() {
            let port = arrows.machine(x, vm);
            arrows.vms.push(port);
        }
        for group in plan.groups.ids() {
            let port = arrows.group(x, group);
            arrows.groups.push(port);
        }
        for step in plan.steps.ids() {
            let port = arrows.step(x, step);
            arrows.steps.push(port);
        }
        let commits = x.commits(unit);
        arrows.commit = arrows.pair(x, ("commit", "committed"), Phase::CommitWindow, commits);
        if commits {
            x.builder.node_mut(arrows.commit.into).work = Work::CommitGate;
        }
        let reprotects = x.reprotects(unit);
        arrows.reprotect = arrows.pair(x, ("reprotect", "reprotected"), Phase::Reprotect, reprotects);
        let cleans = x.cleans(unit);
        arrows.cleanup = arrows.pair(x, ("cleanup", "cleaned up"), Phase::Cleanup, cleans);
        if cleans {
            x.builder.node_mut(arrows.cleanup.into).work =
                if x.mentions(unit, Endpoint::Cleanup) { Work::Mark } else { Work::CleanUpGate };
        }
        arrows.blocks(x);
        arrows.chains(x);
        arrows.count = x.builder.len() - base;
        arrows
    }

    /// The node of a number counted from `base`.
    pub(super) fn node(&self, local: u32) -> NodeIndex {
        NodeIndex::new(self.base + local as usize)
    }

    /// The number of a node counted from `base`.
    pub(super) fn local(&self, node: NodeIndex) -> u32 {
        u32::try_from(node.index().saturating_sub(self.base)).unwrap_or(u32::MAX)
    }

    pub(super) fn port(&self, end: Endpoint) -> Port {
        match end {
            Endpoint::Vm(vm) => *self.vms.at(vm),
            Endpoint::Group(group) => *self.groups.at(group),
            Endpoint::Step(step) => *self.steps.at(step),
            Endpoint::Commit => self.commit,
            Endpoint::Reprotect => self.reprotect,
            Endpoint::Cleanup => self.cleanup,
        }
    }

    /// The name of what stands in a chain.
    pub(super) fn end_name(&self, end: Endpoint) -> &'p str {
        match end {
            Endpoint::Vm(vm) => &self.plan.vms.at(vm).name,
            Endpoint::Group(group) => &self.plan.groups.at(group).name,
            Endpoint::Step(step) => &self.plan.steps.at(step).name,
            Endpoint::Commit => "commit",
            Endpoint::Reprotect => "reprotect",
            Endpoint::Cleanup => "cleanup",
        }
    }

    fn add(&self, x: &mut Expander<'_, 'p>, phase: Phase, name: [&str; 2], work: Work) -> NodeIndex {
        let name = joined(&x.units.units.at(self.unit).prefix, name);
        x.builder.add(Place { unit: self.unit, phase, lane: Lane::Forward }, name, work)
    }

    fn edge(&mut self, x: &mut Expander<'_, 'p>, from: NodeIndex, to: NodeIndex, why: Why) {
        self.edges.push((self.local(from), self.local(to), why.clone()));
        x.builder.edge(from, to, why);
    }

    fn pair(&mut self, x: &mut Expander<'_, 'p>, names: (&str, &str), phase: Phase, live: bool) -> Port {
        if !live {
            return Port::of(self.add(x, phase, ["", &format!("({})", names.0)], Work::Join), false);
        }
        let into = self.add(x, phase, ["", names.0], Work::Join);
        let done = self.add(x, phase, ["", names.1], Work::Join);
        // Known to the phases, not to the graph: the nodes between carry the order.
        self.edges.push((self.local(into), self.local(done), Why::rule("")));
        Port { into, go: into, started: done, done, live }
    }

    fn machine(&mut self, x: &mut Expander<'_, 'p>, vm: VmId) -> Port {
        let authored = self.plan.vms.at(vm);
        let global = x.units.global(self.unit, vm);
        let name = &authored.name;
        let optional = x.units.is_optional(global);
        if x.options.without.contains(&global) {
            let node = self.add(x, Phase::Start, ["", &format!("({name})")], Work::Join);
            x.builder.set(node, Some(authored.span), true);
            return Port::of(node, false);
        }
        let own = Why::own("a machine's own acts follow one another");
        let wrapped = |at: At| self.wrapped.contains(&(Owner::Vm(vm), at));
        let (opens, closes) = (wrapped(At::BeforeStart), wrapped(At::AfterStart));
        let into = opens.then(|| self.add(x, Phase::Start, [name, " may start"], Work::Join));
        let start = if x.options.abilities.failover_includes_start {
            self.add(x, Phase::Start, ["fail over ", name], Work::FailOver(global))
        } else {
            self.add(x, Phase::Start, ["start ", name], Work::Start(global))
        };
        if let Some(into) = into {
            self.edge(x, into, start, own.clone());
        }
        let spec = authored.settings.start.unwrap_or_default();
        let started = match spec.ready {
            StartReady::None => start,
            StartReady::Heartbeat => {
                let ready = self.add(x, Phase::Start, ["ready ", name], Work::Ready(global));
                self.edge(x, start, ready, Why::own("a machine is started when its guest answers"));
                ready
            }
        };
        let mut port = Port { into: into.unwrap_or(start), go: start, started, done: started, live: true };
        if closes {
            port.done = self.add(x, Phase::Start, [name, " done"], Work::Join);
            self.edge(x, started, port.done, own);
        }
        for node in [port.into, start, started, port.done] {
            x.builder.set(node, Some(authored.span), optional);
        }
        port
    }

    fn group(&mut self, x: &mut Expander<'_, 'p>, group: GroupId) -> Port {
        let authored = self.plan.groups.at(group);
        let name = &authored.name;
        let wrapped = |at: At| self.wrapped.contains(&(Owner::Group(group), at));
        let (opens, closes) = (wrapped(At::BeforeStart), wrapped(At::AfterStart));
        let own = Why::own("a group's own steps follow one another");
        let into = opens.then(|| self.add(x, Phase::Start, [name, " may start"], Work::Join));
        let go = self.add(x, Phase::Start, [name, " starts"], Work::Join);
        let started = closes.then(|| self.add(x, Phase::Start, [name, " started"], Work::Join));
        let done = self.add(x, Phase::Start, [name, " done"], Work::Join);
        if let Some(into) = into {
            self.edge(x, into, go, own.clone());
        }
        if let Some(started) = started {
            self.edge(x, started, done, own);
        }
        let (into, started) = (into.unwrap_or(go), started.unwrap_or(done));
        let mut live = false;
        for member in &authored.members {
            let port = *self.vms.at(*member);
            live |= port.live;
            let what = &self.plan.vms.at(*member).name;
            let why = inside(what, name);
            self.edge(x, go, port.into, why.clone());
            self.edge(x, port.done, started, why);
        }
        for node in [into, go, started, done] {
            x.builder.set(node, Some(authored.span), authored.optional);
        }
        let until = self.plan.objective.as_ref().and_then(|objective| objective.until);
        if until.is_some_and(|until| until.to == Endpoint::Group(group)) {
            x.builder.node_mut(done).work = Work::Mark;
        }
        Port { into, go, started, done, live }
    }

    fn step(&mut self, x: &mut Expander<'_, 'p>, step: StepId) -> Port {
        let authored = self.plan.steps.at(step);
        let name = &authored.name;
        let owner_lives = match authored.owner {
            None => true,
            Some(Owner::Vm(vm)) => self.vms.at(vm).live,
            Some(Owner::Group(group)) => self.groups.at(group).live,
        };
        let sourced = matches!(authored.at, At::BeforeShutdown | At::AfterShutdown);
        let placed = !sourced || x.touches_source();
        let live = owner_lives && placed && x.step_applies(self.unit, step);
        if !live {
            let node = self.add(x, Phase::Prepare, ["", &format!("({name})")], Work::Join);
            x.builder.set(node, Some(authored.span), true);
            return Port::of(node, false);
        }
        if let StepKind::Call { .. } = authored.kind
            && let Some(called) = x.called(self.unit, step)
        {
            let into = self.add(x, Phase::Prepare, [name, " begins"], Work::Join);
            let done = self.add(x, Phase::Prepare, [name, " ended"], Work::Join);
            self.edges.push((self.local(into), self.local(done), Why::rule("")));
            x.builder.edge(into, x.ends_of(called).entry, Why::own("a call is a plan's whole life"));
            x.builder.edge(x.ends_of(called).exit, done, Why::own("a call is a plan's whole life"));
            for node in [into, done] {
                x.builder.set(node, Some(authored.span), authored.optional);
            }
            return Port { into, go: into, started: done, done, live };
        }
        let node = self.add(x, Phase::Prepare, ["", name], Work::Step(step));
        x.builder.set(node, Some(authored.span), authored.optional);
        Port::of(node, true)
    }

    /// Steps inside blocks of machines and groups; those around a shutdown are placed with it.
    fn blocks(&mut self, x: &mut Expander<'_, 'p>) {
        for (id, step) in self.plan.steps.iter_enumerated() {
            let (Some(owner), port) = (step.owner, *self.steps.at(id)) else { continue };
            if !port.live {
                continue;
            }
            let (of, name) = match owner {
                Owner::Vm(vm) => (*self.vms.at(vm), &self.plan.vms.at(vm).name),
                Owner::Group(group) => (*self.groups.at(group), &self.plan.groups.at(group).name),
            };
            let why = inside(&step.name, name);
            match step.at {
                At::BeforeShutdown | At::AfterShutdown => {}
                At::BeforeStart => {
                    self.edge(x, of.into, port.into, why.clone());
                    self.edge(x, port.done, of.go, why);
                }
                At::AfterStart => {
                    if !self.placed.contains(&id) {
                        self.edge(x, of.started, port.into, why.clone());
                    }
                    self.edge(x, port.done, of.done, why);
                }
            }
        }
    }

    fn chains(&mut self, x: &mut Expander<'_, 'p>) {
        for chain in &self.plan.order {
            for (before, after) in chain.links.iter().zip(chain.links.iter().skip(1)) {
                let wide = before.len() * after.len() > before.len() + after.len();
                if wide && !self.any_owned(before, after) {
                    self.wide(x, before, after);
                } else {
                    for (from, to) in before.iter().flat_map(|from| after.iter().map(move |to| (from, to))) {
                        self.arrow(x, from, to);
                    }
                }
            }
        }
    }

    fn any_owned(&self, before: &[EndpointRef], after: &[EndpointRef]) -> bool {
        before.iter().chain(after).any(|end| match end.to {
            Endpoint::Step(step) => self.plan.steps.at(step).owner.is_some(),
            Endpoint::Vm(_)
            | Endpoint::Group(_)
            | Endpoint::Commit
            | Endpoint::Reprotect
            | Endpoint::Cleanup => false,
        })
    }

    fn wide(&mut self, x: &mut Expander<'_, 'p>, before: &[EndpointRef], after: &[EndpointRef]) {
        let names: Vec<&str> = before.iter().map(|end| self.end_name(end.to)).collect();
        let list = format!("[{}]", names.join(", "));
        let join = self.add(x, Phase::Prepare, [&list, " done"], Work::Join);
        for (from, name) in before.iter().zip(&names) {
            self.edge(x, self.port(from.to).done, join, inside(name, &list));
        }
        for to in after {
            let cause = Cause::Arrow {
                ends: Ends::new(&list, self.end_name(to.to)),
                span: to.span,
                along: Along::Forward,
            };
            self.edge(x, join, self.port(to.to).into, Why::done(cause));
        }
    }

    fn arrow(&mut self, x: &mut Expander<'_, 'p>, from: &EndpointRef, to: &EndpointRef) {
        let owns = |owner: Endpoint, step: Endpoint| match (step, owner) {
            (Endpoint::Step(step), Endpoint::Vm(vm)) => self.plan.steps.at(step).owner == Some(Owner::Vm(vm)),
            (Endpoint::Step(step), Endpoint::Group(group)) => {
                self.plan.steps.at(step).owner == Some(Owner::Group(group))
            }
            (_, _) => false,
        };
        if let Endpoint::Step(step) = from.to
            && owns(to.to, from.to)
            && self.plan.steps.at(step).at != At::AfterStart
        {
            return;
        }
        let (source, target) = (self.port(from.to), self.port(to.to));
        let leaves = if owns(from.to, to.to) { source.started } else { source.done };
        let cause = Cause::Arrow {
            ends: Ends::new(self.end_name(from.to), self.end_name(to.to)),
            span: to.span,
            along: Along::Forward,
        };
        self.edge(x, leaves, target.into, Why::done(cause));
    }
}

pub(super) fn inside(what: &str, of: &str) -> Why {
    Why::done(Cause::Inside { ends: Ends::new(what, of), along: Along::Forward })
}

/// The steps inside a group that stand in a chain of that group's own: then the chain places them.
fn placed_by_chains(plan: &Plan) -> BTreeSet<StepId> {
    let own = |chain: &Chain, step: StepId| match plan.steps.at(step).owner {
        Some(Owner::Group(group)) => chain.owner == Some(group),
        Some(Owner::Vm(_)) | None => false,
    };
    let mut placed = BTreeSet::new();
    for chain in &plan.order {
        placed.extend(chain.links.iter().flatten().filter_map(|end| match end.to {
            Endpoint::Step(step) => own(chain, step).then_some(step),
            Endpoint::Vm(_)
            | Endpoint::Group(_)
            | Endpoint::Commit
            | Endpoint::Reprotect
            | Endpoint::Cleanup => None,
        }));
    }
    placed
}
