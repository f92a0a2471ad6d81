//! The forward way of one unit: its phases, the acts of each, and the barriers between them.
//! A barrier is a join: what comes before it is waited for until settled, what comes after needs
//! the join done, and each join needs the one before done.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::model::{Endpoint, Mode, VmId};

use super::arrows::Arrows;
use super::build::{Place, joined};
use super::expand::Expander;
use super::types::Work;
use super::{Lane, Phase, SubjectId, UnitId, Why, phases, sources};

/// A unit's nodes while its phases are put between barriers.
pub(super) struct Unit<'x, 'u, 'p> {
    pub(super) x: &'x mut Expander<'u, 'p>,
    pub(super) arrows: Arrows<'p>,
    pub(super) phases: Vec<Phase>,
    /// Sources go down by acts of their own, so that `Expander::last` knows their last ones.
    pub(super) acts_on_sources: bool,
}

/// Lays the forward way of a unit and returns its target side.
pub(super) fn unit<'p>(x: &mut Expander<'_, 'p>, id: UnitId) -> Arrows<'p> {
    let has_machines = !x.live(id).is_empty();
    let arrows = Arrows::build(x, id);
    let phases = phases::assign(x, &arrows, has_machines);
    let mut unit = Unit { x, arrows, phases, acts_on_sources: false };
    if has_machines {
        unit.with_machines()
    } else {
        unit.calls_only()
    }
    unit.arrows
}

impl Unit<'_, '_, '_> {
    fn id(&self) -> UnitId {
        self.arrows.unit
    }

    pub(super) fn add(&mut self, phase: Phase, name: &str, work: Work) -> NodeIndex {
        self.add_named(phase, ["", name], work)
    }

    fn add_named(&mut self, phase: Phase, name: [&str; 2], work: Work) -> NodeIndex {
        let name = joined(&self.x.units.units.at(self.id()).prefix, name);
        let unit = self.id();
        let lane = if phase == Phase::Cleanup { Lane::Cleanup } else { Lane::Forward };
        self.x.builder.add(Place { unit, phase, lane }, name, work)
    }

    /// A node that acts on a machine, with its place and whether its failure is tolerated.
    /// `verb` ends with a space.
    pub(super) fn add_vm(&mut self, phase: Phase, verb: &str, vm: VmId, work: Work) -> NodeIndex {
        let authored = self.x.units.vm(vm);
        let node = self.add_named(phase, [verb, &authored.name], work);
        let optional = self.x.units.is_optional(vm);
        self.x.builder.set(node, Some(authored.span), optional);
        node
    }

    pub(super) fn edge(&mut self, from: NodeIndex, to: NodeIndex, why: Why) {
        self.x.builder.edge(from, to, why);
    }

    /// The nodes of the target side in the given phases that no node of those phases leads to.
    fn roots(&self, within: impl Fn(Phase) -> bool) -> Vec<NodeIndex> {
        self.ends(within, |edge| (edge.0, edge.1), |_| true)
    }

    /// The nodes in the given phases that lead to no node of those phases; nodes that `counts`
    /// refuses are neither listed nor followed.
    fn sinks(&self, within: impl Fn(Phase) -> bool, counts: impl Fn(u32) -> bool) -> Vec<NodeIndex> {
        self.ends(within, |edge| (edge.1, edge.0), counts)
    }

    fn ends(
        &self,
        within: impl Fn(Phase) -> bool,
        turned: impl Fn((u32, u32)) -> (u32, u32),
        counts: impl Fn(u32) -> bool,
    ) -> Vec<NodeIndex> {
        let inside =
            |node: u32| self.phases.get(node as usize).is_some_and(|phase| within(*phase)) && counts(node);
        let mut inner = vec![false; self.phases.len()];
        for (from, to, _) in &self.arrows.edges {
            let (far, near) = turned((*from, *to));
            if inside(far)
                && let Some(slot) = inner.get_mut(near as usize)
            {
                *slot = true;
            }
        }
        let free = (0_u32..).zip(&inner).filter(|(node, inner)| !**inner && inside(*node));
        free.map(|(node, _)| self.arrows.node(node)).collect()
    }

    /// Whether a node of the target side may not fail.
    fn must(&self, node: u32) -> bool {
        !self.x.builder.node(self.arrows.node(node)).optional
    }

    /// A plan of calls only: its steps in their order, and no phases of its own.
    fn calls_only(&mut self) {
        let ends = self.x.ends_of(self.id());
        let fence = self.fence();
        for root in self.roots(|_| true) {
            self.edge(ends.entry, root, Why::own("a called plan begins when its call does"));
        }
        if let Some(fence) = fence {
            for sink in self.sinks(|phase| phase == Phase::Prepare, |_| true) {
                self.edge(sink, fence, Why::rule("the source is fenced after the steps of prepare"));
            }
            for root in self.roots(|phase| phase > Phase::Prepare) {
                self.edge(fence, root, Why::rule("the source has to be fenced first"));
            }
            let calls: Vec<NodeIndex> = self
                .x
                .units
                .units
                .at(self.id())
                .calls
                .iter()
                .map(|(_, called)| self.x.ends_of(*called).entry)
                .collect();
            for call in calls {
                self.edge(fence, call, Why::rule("the source has to be fenced first"));
            }
        }
        for sink in self.sinks(|_| true, |node| self.must(node)) {
            self.edge(sink, ends.exit, Why::rule("a call ends when the called plan has"));
        }
    }

    fn fence(&mut self) -> Option<NodeIndex> {
        let plan = self.arrows.plan;
        let fence = plan.fence.as_ref()?;
        if self.x.options.mode != Some(Mode::Forced) || self.x.options.unfenced || self.x.is_test() {
            return None;
        }
        let node = self.add(Phase::Shutdown, "fence", Work::Fence);
        self.x.builder.set(node, Some(fence.span), false);
        Some(node)
    }

    fn with_machines(&mut self) {
        let entry = self.x.ends_of(self.id()).entry;
        let prepared = self.prepare(entry);
        let down = self.add(Phase::Shutdown, "sources are down", Work::Join);
        self.edge(prepared, down, Why::own("phases follow one another"));
        let fence = self.fence();
        if let Some(fence) = fence {
            self.edge(prepared, fence, Why::rule("the source is fenced after the steps of prepare"));
            self.edge(fence, down, Why::rule("the source has to be fenced first"));
        }
        sources::shut_down(self, prepared, down);
        let bound = self.bind(down);
        let failed_over = self.fail_over(bound);
        let started = self.start(failed_over);
        if self.x.is_test() {
            self.clean_up(started);
        } else {
            self.commit(started);
        }
    }

    fn prepare(&mut self, entry: NodeIndex) -> NodeIndex {
        let prepared = self.add(Phase::Prepare, "prepared", Work::Join);
        let gate = "steps with no machine before them gate everything";
        self.edge(entry, prepared, Why::own("a called plan begins when its call does"));
        for root in self.roots(|phase| phase == Phase::Prepare) {
            self.edge(entry, root, Why::own("a called plan begins when its call does"));
        }
        for sink in self.sinks(|phase| phase == Phase::Prepare, |_| true) {
            self.edge(sink, prepared, Why::rule(gate));
        }
        let ask: Vec<SubjectId> = self.x.subjects(self.id());
        let ask: Vec<SubjectId> = ask.into_iter().filter(|it| self.x.options.ask.contains(it)).collect();
        if !ask.is_empty() {
            let node = self.add(Phase::Prepare, "choose points", Work::AskPoints(ask));
            self.edge(entry, node, Why::own("a called plan begins when its call does"));
            self.edge(node, prepared, Why::rule("points are asked for before anything is touched"));
        }
        prepared
    }

    /// Final points or pending data, then the binding of each subject or aligned subjects.
    fn bind(&mut self, down: NodeIndex) -> NodeIndex {
        let bound = self.add(Phase::Bind, "points are bound", Work::Join);
        self.edge(down, bound, Why::own("phases follow one another"));
        let subjects = self.x.subjects(self.id());
        let mut seen = BTreeSet::new();
        for first in &subjects {
            let cluster = self.cluster(*first, &subjects);
            if !seen.insert(*first) {
                continue;
            }
            seen.extend(&cluster);
            let names: Vec<String> = cluster.iter().map(|id| self.subject_name(*id)).collect();
            let name = ["bind ", &names.join(", ")];
            let bind = self.add_named(Phase::Bind, name, Work::Bind(cluster.clone()));
            self.place_subject(bind, &cluster);
            self.edge(down, bind, Why::rule("points are bound after every source is shut down"));
            self.edge(bind, bound, Why::barrier("machines fail over after every point is bound"));
            for subject in cluster {
                *self.x.binds.at_mut(subject) = Some(bind);
                if let Some(before) = self.before_bind(subject) {
                    self.place_subject(before, &[subject]);
                    self.edge(down, before, Why::rule("points are made after every source is shut down"));
                    self.edge(before, bind, Why::rule("what was received is part of the choice"));
                }
            }
        }
        bound
    }

    /// What makes the newest points of a subject: the final point in a planned run, else the
    /// processing of pending data where its ladder wants it.
    fn before_bind(&mut self, subject: SubjectId) -> Option<NodeIndex> {
        let name = self.subject_name(subject);
        let planned = self.x.options.mode == Some(Mode::Planned) && !self.x.is_test();
        if planned {
            if !self.x.options.abilities.final_points || !self.acts_on_sources {
                return None;
            }
            let node = self.add(Phase::Bind, &format!("final point {name}"), Work::TakeFinal(subject));
            for vm in self.x.members(subject) {
                if let Some(last) = self.x.last.get(vm) {
                    self.edge(last, node, Why::rule("a final point is taken from a source that is down"));
                }
            }
            return Some(node);
        }
        let pending = self.x.pending(subject);
        pending.then(|| self.add(Phase::Bind, &format!("process {name}"), Work::ProcessPending(subject)))
    }

    fn subject_name(&self, id: SubjectId) -> String {
        let name = &self.x.units.subjects.at(id).name;
        let prefix = &self.x.units.units.at(self.id()).prefix;
        name.strip_prefix(prefix.as_str()).unwrap_or(name).to_owned()
    }

    fn place_subject(&mut self, node: NodeIndex, subjects: &[SubjectId]) {
        let first = subjects.first().map(|id| self.x.units.subjects.at(*id));
        let span = first.and_then(|subject| match subject.group {
            Some(group) => Some(self.arrows.plan.groups.at(group).span),
            None => subject.members.first().map(|vm| self.x.units.vm(*vm).span),
        });
        let members = subjects.iter().flat_map(|id| &self.x.units.subjects.at(*id).members);
        let optional = members.into_iter().all(|vm| self.x.units.is_optional(*vm));
        self.x.builder.set(node, span, optional);
    }

    /// The subjects bound together with this one: those aligned with it, itself included.
    fn cluster(&self, first: SubjectId, subjects: &[SubjectId]) -> Vec<SubjectId> {
        let group = |id: &SubjectId| self.x.units.subjects.at(*id).group;
        let aligned =
            self.arrows.plan.aligns.iter().find(|it| group(&first).is_some_and(|g| it.groups.contains(&g)));
        let Some(aligned) = aligned else { return vec![first] };
        subjects.iter().copied().filter(|id| group(id).is_some_and(|g| aligned.groups.contains(&g))).collect()
    }

    fn fail_over(&mut self, bound: NodeIndex) -> NodeIndex {
        let failed_over = self.add(Phase::Failover, "machines are failed over", Work::Join);
        self.edge(bound, failed_over, Why::own("phases follow one another"));
        let includes_start = self.x.options.abilities.failover_includes_start;
        for vm in self.x.live(self.id()) {
            let local = self.x.units.machines.at(vm).local;
            let port = *self.arrows.vms.at(local);
            let node = if includes_start {
                port.go
            } else {
                self.add_vm(Phase::Failover, "fail over ", vm, Work::FailOver(vm))
            };
            self.edge(bound, node, Why::rule("machines fail over after every point is bound"));
            if let Some(bind) = *self.x.binds.at(self.x.units.machines.at(vm).subject) {
                self.edge(bind, node, Why::rule("a machine fails over to its bound point"));
            }
            if let Some(last) = self.x.last.get(vm) {
                self.edge(last, node, Why::rule("a machine fails over after its own source is down"));
            }
            self.x.touched.set_first(vm, node);
            if !includes_start {
                self.edge(node, port.go, Why::rule("a machine starts when it is failed over"));
                self.edge(node, failed_over, Why::barrier("machines start after every one is failed over"));
            }
        }
        for root in self.roots(|phase| phase >= Phase::Start) {
            let phase = self.x.builder.node(root).phase;
            if phase == Phase::Start {
                self.edge(failed_over, root, Why::rule("machines start after every one is failed over"));
            }
        }
        failed_over
    }

    fn start(&mut self, failed_over: NodeIndex) -> NodeIndex {
        let started = self.add(Phase::Start, "machines are started", Work::Join);
        self.edge(failed_over, started, Why::own("phases follow one another"));
        for sink in self.sinks(|phase| phase == Phase::Start, |node| self.must(node)) {
            self.edge(sink, started, Why::barrier("the commit window opens when every machine is done"));
        }
        for root in self.roots(|phase| phase >= Phase::CommitWindow) {
            let phase = self.x.builder.node(root).phase;
            if phase == Phase::CommitWindow && root != self.arrows.commit.into {
                self.edge(started, root, Why::rule("the commit window opens when every machine is done"));
            }
        }
        started
    }

    /// The window's end: the gate, then each machine, then what follows.
    fn commit(&mut self, started: NodeIndex) {
        let gate = self.arrows.commit;
        let ends = self.x.ends_of(self.id());
        let window = self.ends_of_window(gate.into);
        self.edge(started, gate.into, Why::rule("commit waits for every machine that has to come up"));
        for node in &window {
            let why = if self.x.builder.node(*node).work.step().is_some() {
                Why::rule("commit waits for every step that may not fail, arrow or not")
            } else {
                Why::barrier("commit waits for every machine that has to come up")
            };
            self.edge(*node, gate.into, why);
        }
        let mut commits = Vec::new();
        for vm in self.x.live(self.id()) {
            let started = self.arrows.vms.at(self.x.units.machines.at(vm).local).started;
            let node = self.add_vm(Phase::Commit, "commit ", vm, Work::Commit(vm));
            self.edge(gate.into, node, Why::rule("machines are committed when the window closes"));
            self.edge(started, node, Why::barrier("only a machine that came up is committed"));
            self.edge(node, gate.done, Why::barrier("what follows waits for every commit"));
            commits.push((vm, node));
        }
        self.edge(gate.into, gate.done, Why::own("phases follow one another"));
        if self.arrows.reprotect.live {
            self.reprotect(&commits);
        }
        if !self.x.has_commit(self.id()) {
            self.edge(started, ends.exit, Why::rule("a plan without `commit` ends in its commit window"));
            for node in window {
                self.edge(node, ends.exit, Why::rule("a plan without `commit` ends in its commit window"));
            }
            return;
        }
        for sink in self.sinks(|phase| phase >= Phase::Commit, |node| self.must(node)) {
            self.edge(sink, ends.exit, Why::rule("a call ends when the called plan has"));
        }
    }

    /// Steps that may not fail and lead to nothing else of start and window, and the ends of the window.
    fn ends_of_window(&self, gate: NodeIndex) -> Vec<NodeIndex> {
        let within = |phase: Phase| matches!(phase, Phase::Start | Phase::CommitWindow);
        let gate = self.arrows.local(gate);
        let sinks = self.sinks(within, |node| node != gate && self.must(node));
        let kept = sinks.into_iter().filter(|node| {
            let node = self.x.builder.node(*node);
            node.phase == Phase::CommitWindow || node.work.step().is_some()
        });
        kept.collect()
    }

    fn reprotect(&mut self, commits: &[(VmId, NodeIndex)]) {
        let port = self.arrows.reprotect;
        self.edge(self.arrows.commit.done, port.into, Why::own("phases follow one another"));
        for sink in self.sinks(|phase| phase == Phase::Commit, |node| self.must(node)) {
            if sink != self.arrows.commit.done {
                self.edge(sink, port.into, Why::barrier("machines are reprotected after every commit"));
            }
        }
        for (vm, commit) in commits {
            let node = self.add_vm(Phase::Reprotect, "reprotect ", *vm, Work::Reprotect(*vm));
            self.edge(port.into, node, Why::rule("machines are reprotected after every commit"));
            self.edge(*commit, node, Why::barrier("a machine is reprotected when it is committed"));
            self.edge(node, port.done, Why::barrier("what follows waits for every reprotect"));
        }
        self.edge(port.into, port.done, Why::own("phases follow one another"));
    }

    /// A test's end: every copy is removed, after everything is settled.
    fn clean_up(&mut self, started: NodeIndex) {
        let port = self.arrows.cleanup;
        let ends = self.x.ends_of(self.id());
        self.x.builder.node_mut(port.into).lane = Lane::Cleanup;
        self.x.builder.node_mut(port.done).lane = Lane::Cleanup;
        let within = |phase: Phase| matches!(phase, Phase::Start | Phase::CommitWindow);
        let sinks = self.sinks(within, |_| true);
        self.edge(started, port.into, Why::barrier("a test is cleaned up when nothing of it goes on"));
        for sink in &sinks {
            self.edge(*sink, port.into, Why::barrier("a test is cleaned up when nothing of it goes on"));
        }
        for vm in self.x.live(self.id()) {
            let node = self.add_vm(Phase::Cleanup, "clean up ", vm, Work::CleanUp(vm));
            self.edge(port.into, node, Why::rule("copies are removed when the test is over"));
            self.edge(node, port.done, Why::rule("what follows waits for every copy to be removed"));
        }
        self.edge(port.into, port.done, Why::own("phases follow one another"));
        if !self.x.mentions(self.id(), Endpoint::Cleanup) {
            self.edge(started, ends.exit, Why::rule("a test without `cleanup` ends in its window"));
            for sink in sinks {
                self.edge(sink, ends.exit, Why::rule("a test without `cleanup` ends in its window"));
            }
            return;
        }
        for sink in self.sinks(|phase| phase >= Phase::Cleanup, |node| self.must(node)) {
            self.x.builder.edge(sink, ends.exit, Why::rule("a call ends when the called plan has"));
        }
    }
}
