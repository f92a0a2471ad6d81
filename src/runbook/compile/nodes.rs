//! From the graph to the nodes of a runbook: acts with all they need, limits, reasons in words,
//! numbered level by level in plan order.

use std::collections::BTreeMap;
use std::time::Duration;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::base::{Id, IdVec};
use crate::graph::order::{Csr, order};
use crate::graph::{Graph, GraphNode, Need, Phase, SubjectId, UnitId, Work, place};
use crate::model::{
    At, CheckKind, CheckStep, CommitPolicy, Endpoint, EndpointRef, Mode, ScriptStep, ScriptWhere, StepId,
    StepKind, VmId,
};
use crate::runbook::{Act, BindAct, CommitGate, Dependency, Needs, Node, NodeId, NodePolicy, Slot};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::{Compiler, policy};

/// How often a machine that boots is asked for its heartbeat.
const READY_EVERY: Duration = Duration::from_secs(5);

/// Ids of the runbook by those of the plan.
struct Numbers<'i> {
    vms: &'i BTreeMap<VmId, VmId>,
    subjects: &'i BTreeMap<SubjectId, SubjectId>,
}

impl<'p> Compiler<'_, 'p> {
    /// The nodes, and the one that ends the RTO.
    pub(super) fn nodes(
        &mut self,
        graph: &Graph<'p>,
        vms: &BTreeMap<VmId, VmId>,
        subjects: &BTreeMap<SubjectId, SubjectId>,
    ) -> (IdVec<NodeId, Node>, Option<NodeId>) {
        let numbers = Numbers { vms, subjects };
        let sequence = sequence(graph);
        let ids: BTreeMap<NodeIndex, NodeId> = sequence.iter().copied().zip(super::id_sequence()).collect();
        let mut ready: BTreeMap<VmId, NodeId> = BTreeMap::new();
        for (index, id) in &ids {
            if let Work::Ready(vm) = graph.node(*index).work {
                ready.insert(vm, *id);
            }
        }
        let mut nodes = IdVec::new();
        for index in sequence {
            let compiled = graph.node(index);
            let act = self.act(compiled, graph, index, &numbers);
            let mut policy = self.policy(compiled);
            if policy.slot == Some(Slot::PowerOn) {
                policy.slot_until = compiled.work.vm().and_then(|vm| ready.get(&vm).copied());
            }
            let mut after: Vec<Dependency> = Vec::new();
            for edge in graph.dag.edges_directed(index, Direction::Incoming) {
                if let Some(on) = ids.get(&edge.source()) {
                    let needs = match edge.weight().need {
                        Need::Done => Needs::Done,
                        Need::Settled => Needs::Settled,
                    };
                    after.push(Dependency { on: *on, needs, why: edge.weight().words(self.options.sources) });
                }
            }
            after.sort_by_key(|dependency| dependency.on);
            nodes.push(Node {
                name: compiled.name.clone(),
                unit: compiled.unit,
                phase: compiled.phase,
                lane: compiled.lane,
                act,
                after,
                policy,
                undoes: compiled.undoes.and_then(|of| ids.get(&of).copied()),
                written: compiled.span.and_then(|span| place(self.options.sources, span)),
            });
        }
        let until = self.plan.objective.as_ref().and_then(|objective| objective.until);
        let until = until.and_then(|end| self.until(graph, end)).and_then(|index| ids.get(&index).copied());
        (nodes, until)
    }

    fn until(&self, graph: &Graph<'_>, end: EndpointRef) -> Option<NodeIndex> {
        let root = UnitId::from_index(0);
        let name = match end.to {
            Endpoint::Vm(vm) => {
                let vm = self.units.global(root, vm);
                let ready = graph.works(|work| *work == Work::Ready(vm)).next();
                return ready.or_else(|| graph.works(|work| *work == Work::Start(vm)).next());
            }
            Endpoint::Group(group) => format!("{} done", self.plan.groups.at(group).name),
            Endpoint::Step(step) => self.plan.steps.at(step).name.clone(),
            Endpoint::Commit => "commit".to_owned(),
            Endpoint::Reprotect => "reprotect".to_owned(),
            Endpoint::Cleanup => "cleanup".to_owned(),
        };
        graph.find(&name)
    }

    fn policy(&self, node: &GraphNode) -> NodePolicy {
        if let Work::Step(step) = node.work {
            let step = self.units.units.at(node.unit).plan.steps.at(step);
            return policy::of_step(&node.work, step, self.mode, node.optional);
        }
        let vm = node.work.vm().map(|vm| self.units.vm(vm));
        let mut rules = policy::of_work(&node.work, vm, self.mode, node.optional);
        let plan = self.units.units.at(node.unit).plan;
        if let Work::Undo(step) = node.work {
            rules.timeout = plan.steps.at(step).undo.as_ref().map(|undo| undo.timeout);
        }
        if node.work == Work::Fence {
            rules.timeout = plan.fence.as_ref().map(|fence| fence.spec.timeout);
        }
        if matches!(node.work, Work::Reprotect(_)) {
            rules.retry = plan.reprotect.as_ref().and_then(|reprotect| reprotect.retry.clone());
        }
        let starts = matches!(node.work, Work::FailOver(_)) && self.abilities().failover_includes_start;
        if starts && self.limits().power_on.is_some() {
            rules.slot = Some(Slot::PowerOn);
        }
        rules
    }

    fn act(&mut self, node: &GraphNode, graph: &Graph<'p>, index: NodeIndex, numbers: &Numbers<'_>) -> Act {
        let vm = |vm: VmId| match numbers.vms.get(&vm) {
            Some(id) => *id,
            None => crate::bug!("`{}` acts on a machine that is left out", node.name),
        };
        let subject = |id: &SubjectId| match numbers.subjects.get(id) {
            Some(id) => *id,
            None => crate::bug!("`{}` acts on a group that is left out", node.name),
        };
        match &node.work {
            Work::Join | Work::Mark => Act::Join,
            Work::Step(step) => self.step(node.unit, *step, numbers),
            Work::Undo(step) => self.undo(node.unit, *step, numbers),
            Work::AskPoints(subjects) => Act::AskPoints { subjects: subjects.iter().map(subject).collect() },
            Work::Fence => self.fence(node.unit, numbers),
            Work::ShutDown(of) => {
                let spec = self.units.vm(*of).settings.shutdown.unwrap_or_default();
                Act::ShutDown { vm: vm(*of), spec }
            }
            Work::ConfirmStopped(of) => Act::ConfirmStopped { vm: vm(*of) },
            Work::ProcessPending(of) => {
                Act::ProcessPending { vms: self.live_members(*of).into_iter().map(vm).collect() }
            }
            Work::TakeFinal(of) => Act::TakeFinal { subject: subject(of) },
            Work::Bind(of) => {
                let subjects: Vec<SubjectId> = of.iter().map(subject).collect();
                let within = of.first().filter(|_| of.len() > 1).and_then(|first| self.align_of(*first));
                Act::Bind(BindAct { subjects, within })
            }
            Work::FailOver(of) => Act::FailOver { vm: vm(*of) },
            Work::Start(of) => Act::Start { vm: vm(*of) },
            Work::Ready(of) => {
                let start = self.units.vm(*of).settings.start.unwrap_or_default();
                Act::Check(CheckStep {
                    kind: CheckKind::Heartbeat(vm(*of)),
                    every: READY_EVERY,
                    in_a_row: 1,
                    within: start.within,
                    real: false,
                })
            }
            Work::CommitGate => Act::CommitGate(self.gate(node.unit, graph, index, numbers)),
            Work::Commit(of) => Act::Commit { vm: vm(*of) },
            Work::Reprotect(of) => self.reprotect_act(node.unit, vm(*of), numbers.vms),
            Work::CleanUpGate => Act::CommitGate(CommitGate {
                policy: CommitPolicy::Manual,
                gated: false,
                deletes_sources: false,
                vms: self.machines_of(node.unit, numbers),
            }),
            Work::CleanUp(of) => Act::CleanUp { vm: vm(*of) },
            Work::RollBack(of) => {
                Act::RollBack { vm: vm(*of), start_source: self.mode != Some(Mode::Forced) }
            }
        }
    }

    fn machines_of(&self, unit: UnitId, numbers: &Numbers<'_>) -> Vec<VmId> {
        let of = |(id, number): (&VmId, &VmId)| (self.units.machines.at(*id).unit == unit).then_some(*number);
        numbers.vms.iter().filter_map(of).collect()
    }

    fn align_of(&self, subject: SubjectId) -> Option<Duration> {
        let at = self.units.subjects.at(subject);
        let aligns = &self.units.units.at(at.unit).plan.aligns;
        aligns
            .iter()
            .find(|align| at.group.is_some_and(|group| align.groups.contains(&group)))
            .map(|it| it.within)
    }

    fn gate(&self, unit: UnitId, graph: &Graph<'p>, gate: NodeIndex, numbers: &Numbers<'_>) -> CommitGate {
        let plan = self.units.units.at(unit).plan;
        let said = crate::graph::has_commit(plan);
        let spec = plan.commit.map_or(CommitPolicy::Gated, |commit| commit.policy);
        let mut arrows = graph.dag.edges_directed(gate, Direction::Incoming);
        let arrow = |causes: &[crate::graph::Cause]| {
            causes.iter().any(
                |cause| matches!(cause, crate::graph::Cause::Arrow { ends, .. } if &*ends.to == "commit"),
            )
        };
        CommitGate {
            policy: if said { spec } else { CommitPolicy::Manual },
            gated: said && arrows.any(|edge| arrow(&edge.weight().causes)),
            deletes_sources: self.deletes_sources(),
            vms: self.machines_of(unit, numbers),
        }
    }

    fn fence(&mut self, unit: UnitId, numbers: &Numbers<'_>) -> Act {
        let Some(fence) = self.units.units.at(unit).plan.fence.clone() else {
            crate::bug!("a fence node without a fence")
        };
        Act::Fence { spec: self.program(unit, &fence.spec, numbers.vms), or_approve: fence.or_approve }
    }

    pub(super) fn reprotect_act(&mut self, unit: UnitId, vm: VmId, vms: &BTreeMap<VmId, VmId>) -> Act {
        let plan = self.units.units.at(unit).plan;
        let Some(reprotect) = plan.reprotect.clone() else {
            crate::bug!("a reprotect node without a reprotect")
        };
        let via = reprotect.via.get(&self.source.name).cloned();
        let problem = super::via::missing(plan, self.inventory, &[&self.source.name]);
        if let Some(problem) = problem.filter(|problem| !self.problems.contains(problem)) {
            self.problems.push(problem);
        }
        let via = via.map(|via| self.fill(unit, &via, vms));
        Act::Reprotect { vm, via, retry: reprotect.retry }
    }

    fn undo(&mut self, unit: UnitId, step: StepId, numbers: &Numbers<'_>) -> Act {
        let Some(spec) = self.units.units.at(unit).plan.steps.at(step).undo.clone() else {
            crate::bug!("an undo node without an undo")
        };
        Act::Script(ScriptStep { spec: self.program(unit, &spec, numbers.vms), place: ScriptWhere::Runner })
    }

    fn step(&mut self, unit: UnitId, id: StepId, numbers: &Numbers<'_>) -> Act {
        let plan = self.units.units.at(unit).plan;
        let step = plan.steps.at(id);
        self.promised(unit, id);
        match &step.kind {
            StepKind::Approve(approve) => {
                let prompt = self.fill(unit, &approve.prompt, numbers.vms);
                Act::Approve(crate::model::ApproveStep { prompt, ..approve.clone() })
            }
            StepKind::Script(script) => Act::Script(self.script(unit, script, numbers.vms)),
            StepKind::Check(check) => Act::Check(self.check(unit, check, numbers.vms)),
            StepKind::Wait { duration, because } => {
                Act::Wait { duration: *duration, because: because.clone() }
            }
            StepKind::Call { .. } => crate::bug!("a call became a node of its own"),
        }
    }

    /// Whether the provider leaves room for the step.
    fn promised(&mut self, unit: UnitId, id: StepId) {
        let step = self.units.units.at(unit).plan.steps.at(id);
        let Some(provider) = self.provider else { return };
        let can = provider.capabilities;
        let word = provider.kind.word;
        let guest =
            matches!(&step.kind, StepKind::Script(script) if matches!(script.place, ScriptWhere::Guest(_)));
        let owned = step.owner.is_some();
        let wrong = match step.at {
            _ if guest && !can.guest_scripts => {
                Some(("runs no scripts in guests", "run it with `where = runner`"))
            }
            At::AfterShutdown if owned && can.failover_includes_shutdown => Some((
                "shuts the source down inside its failover",
                "use `at = before_shutdown` or `at = after_start`",
            )),
            At::BeforeStart if owned && can.failover_includes_start => {
                Some(("starts the target inside its failover", "use `at = after_start`"))
            }
            At::BeforeShutdown | At::AfterShutdown | At::BeforeStart | At::AfterStart => None,
        };
        if let Some((what, help)) = wrong {
            let message = format!("provider `{word}` {what}, so `{}` cannot run there", step.name);
            let span = step.at_span.unwrap_or(step.span);
            self.problems.push(Diagnostic::error(codes::NOT_PROMISED, message, span).help(help));
        }
    }
}

/// The nodes level by level, within one in the order of the plan's statements.
fn sequence(graph: &Graph<'_>) -> Vec<NodeIndex> {
    let mut ranked: Vec<NodeIndex> = graph.dag.node_indices().collect();
    let key = |index: &NodeIndex| {
        let node = graph.node(*index);
        (node.lane, node.unit, node.span.is_none(), node.span.map(|span| (span.file, span.start)), *index)
    };
    ranked.sort_by_key(key);
    let mut rank = vec![0_u32; ranked.len()];
    for (number, index) in (0_u32..).zip(&ranked) {
        if let Some(slot) = rank.get_mut(index.index()) {
            *slot = number;
        }
    }
    let of = |node: u32| rank.get(node as usize).copied().unwrap_or(0);
    let edges = graph.pairs().map(|(from, to)| (of(from), of(to)));
    let csr = Csr::new(ranked.len(), edges);
    let order = order(&csr);
    let mut nodes: Vec<NodeIndex> = order
        .nodes
        .iter()
        .chain(&order.stuck)
        .filter_map(|node| ranked.get(*node as usize).copied())
        .collect();
    let forward = |index: &NodeIndex| graph.node(*index).phase == Phase::Rollback;
    nodes.sort_by_key(forward);
    nodes
}
