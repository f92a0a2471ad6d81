//! What became of each machine: its source, its target, its protection.

use indexmap::IndexMap;

use crate::base::IdVec;
use crate::model::{Mode, VmId};
use crate::run::{NodeState, Run, SkipReason, Standing};
use crate::runbook::{Act, NodeId, Runbook, RunbookMachine};

use super::facts::MachineFact;
use super::ledger::Ledger;
use super::words::seconds;

/// The nodes of a machine.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MachineNodes {
    shut_down: Option<NodeId>,
    confirm: Option<NodeId>,
    fail_over: Option<NodeId>,
    start: Option<NodeId>,
    ready: Option<NodeId>,
    commit: Option<NodeId>,
    deletes: bool,
    reprotect: Option<NodeId>,
    clean_up: Option<NodeId>,
    roll_back: Option<NodeId>,
}

impl MachineNodes {
    /// The node whose end means that the machine is up.
    pub(super) fn last(&self) -> Option<NodeId> {
        self.ready.or(self.start).or(self.fail_over)
    }
}

/// The nodes of each machine.
pub(super) fn nodes(runbook: &Runbook) -> IdVec<VmId, MachineNodes> {
    let mut table: IdVec<VmId, MachineNodes> =
        runbook.machines.ids().map(|_| MachineNodes::default()).collect();
    for (id, node) in runbook.nodes.iter_enumerated() {
        if let Act::CommitGate(gate) = &node.act {
            for vm in &gate.vms {
                if let Some(of) = table.get_mut(*vm) {
                    of.deletes = gate.deletes_sources;
                }
            }
        }
        let Some(of) = node.act.vm().and_then(|vm| table.get_mut(vm)) else { continue };
        match &node.act {
            Act::ShutDown { .. } => of.shut_down = Some(id),
            Act::ConfirmStopped { .. } => of.confirm = Some(id),
            Act::FailOver { .. } => of.fail_over = Some(id),
            Act::Start { .. } => {
                of.start = Some(id);
                of.ready = node.policy.slot_until.filter(|ready| *ready != id);
            }
            Act::Commit { .. } => of.commit = Some(id),
            Act::Reprotect { .. } => of.reprotect = Some(id),
            Act::CleanUp { .. } => of.clean_up = Some(id),
            Act::RollBack { .. } => of.roll_back = Some(id),
            Act::Join
            | Act::Approve(_)
            | Act::Script(_)
            | Act::Check(_)
            | Act::Wait { .. }
            | Act::AskPoints { .. }
            | Act::Fence { .. }
            | Act::ProcessPending { .. }
            | Act::TakeFinal { .. }
            | Act::Bind(_)
            | Act::CommitGate(_) => {}
        }
    }
    table
}

/// Every machine of the plan: those of the runbook, then those left out.
pub(super) fn facts(run: &Run, ledger: &Ledger) -> IndexMap<String, MachineFact> {
    let runbook = run.runbook();
    let table = nodes(runbook);
    let mut found: IndexMap<String, MachineFact> = runbook
        .machines
        .iter_enumerated()
        .map(|(vm, machine)| (machine.name.clone(), fact(run, ledger, vm, machine, table.at(vm))))
        .collect();
    for out in &runbook.left_out {
        found.entry(out.vm.clone()).or_insert_with(|| MachineFact {
            estate_name: out.vm.clone(),
            group: None,
            optional: false,
            source: "untouched",
            target: "left-out",
            note: Some(out.reason.clone()),
            fenced: None,
            guarded: None,
            address: None,
            point: None,
            at: None,
            loss_s: None,
        });
    }
    found
}

fn fact(run: &Run, ledger: &Ledger, vm: VmId, machine: &RunbookMachine, nodes: &MachineNodes) -> MachineFact {
    let point = run.point(vm);
    let address = run.address(vm).map(ToOwned::to_owned);
    MachineFact {
        estate_name: machine.estate_name.clone(),
        group: machine.group.clone(),
        optional: machine.optional,
        source: source(run, ledger, vm, nodes),
        target: target(run, vm, nodes),
        note: note(run, ledger, vm, nodes),
        fenced: fenced(run, ledger, nodes),
        guarded: guarded(run, nodes),
        address,
        point: point.map(|point| point.point.clone()),
        at: point.map(|point| point.at),
        loss_s: point.map(|point| seconds(point.loss)),
    }
}

fn state(run: &Run, node: Option<NodeId>) -> Option<&NodeState> {
    node.map(|node| run.node(node))
}

fn succeeded(run: &Run, node: Option<NodeId>) -> bool {
    matches!(state(run, node), Some(NodeState::Succeeded { .. }))
}

/// Whether nobody knows what became of an act: a person is asked, or went on without an answer.
fn not_known(run: &Run, node: Option<NodeId>) -> bool {
    node.is_some_and(|id| {
        let gone_on = matches!(run.node(id), NodeState::Skipped { because: SkipReason::Unclear { .. }, .. });
        gone_on || run.is_unclear(id)
    })
}

fn source(run: &Run, ledger: &Ledger, vm: VmId, nodes: &MachineNodes) -> &'static str {
    let runbook = run.runbook();
    if runbook.is_test() {
        return "untouched";
    }
    if succeeded(run, nodes.roll_back) {
        return "started-again";
    }
    if succeeded(run, nodes.commit) {
        return if nodes.deletes { "deleted" } else { "left-behind" };
    }
    if [nodes.commit, nodes.roll_back].into_iter().any(|node| not_known(run, node)) {
        return "unknown";
    }
    if ledger.kept.contains_key(&vm) {
        return "kept";
    }
    if runbook.mode == Some(Mode::Forced) {
        return "not-contacted";
    }
    match state(run, nodes.shut_down) {
        Some(NodeState::Running { .. } | NodeState::Unknown { .. }) => "shutting-down",
        Some(NodeState::Succeeded { .. }) => "shut-down",
        Some(NodeState::Failed { .. } | NodeState::Waiting { .. } | NodeState::BackingOff { .. }) => {
            "not-shut-down"
        }
        Some(NodeState::NotStarted | NodeState::Skipped { .. }) | None => "untouched",
    }
}

/// Whether something of a test was seen to be left, or is left with nobody to look any more.
fn left_behind(run: &Run, vm: VmId) -> bool {
    run.open_of(vm).any(|made| run.ended().is_some() || matches!(made.stands, Standing::Left { .. }))
}

fn target(run: &Run, vm: VmId, nodes: &MachineNodes) -> &'static str {
    if succeeded(run, nodes.roll_back) {
        return "dropped";
    }
    if left_behind(run, vm) {
        return "left-behind";
    }
    if succeeded(run, nodes.clean_up) {
        return "removed";
    }
    let all = || [nodes.fail_over, nodes.start, nodes.ready].into_iter().flatten().map(|node| run.node(node));
    if all().any(|state| matches!(state, NodeState::Failed { .. })) {
        return "failed";
    }
    let acts = [nodes.fail_over, nodes.start, nodes.roll_back, nodes.clean_up];
    if all().any(|state| state.word() == "unknown") || acts.into_iter().any(|node| not_known(run, node)) {
        return "unknown";
    }
    if all().any(|state| matches!(state, NodeState::Skipped { because: SkipReason::Operator { .. }, .. })) {
        return "skipped";
    }
    match (state(run, nodes.fail_over), nodes.start) {
        (None, None) => "none",
        (Some(made), _) if made.began() && !made.is_settled() => "making",
        (Some(made), _) if !made.is_done() => "none",
        (Some(_), None) => "up",
        (Some(_) | None, Some(start)) => match run.node(start) {
            NodeState::NotStarted | NodeState::Skipped { .. } if nodes.fail_over.is_none() => "none",
            NodeState::NotStarted | NodeState::Skipped { .. } => "made",
            NodeState::Succeeded { .. } if nodes.ready.is_none() || succeeded(run, nodes.ready) => "up",
            NodeState::Running { .. }
            | NodeState::Waiting { .. }
            | NodeState::BackingOff { .. }
            | NodeState::Unknown { .. }
            | NodeState::Succeeded { .. }
            | NodeState::Failed { .. } => "starting",
        },
    }
}

/// What a word does not say: why it was kept, how it went down, what failed.
fn note(run: &Run, ledger: &Ledger, vm: VmId, nodes: &MachineNodes) -> Option<String> {
    let acts = [nodes.commit, nodes.roll_back, nodes.start, nodes.fail_over];
    if let Some(why) = acts.into_iter().flatten().find_map(|id| gone_on(run, id)) {
        return Some(why);
    }
    if let Some(why) = ledger.kept.get(&vm) {
        return Some(why.clone());
    }
    for node in
        [nodes.ready, nodes.start, nodes.fail_over, nodes.confirm, nodes.shut_down].into_iter().flatten()
    {
        match run.node(node) {
            NodeState::Failed { last, .. } | NodeState::BackingOff { last, .. } => {
                return Some(last.message.clone());
            }
            NodeState::Skipped { because: SkipReason::Blocked { by }, .. } => {
                let cause = run.runbook().nodes.get(*by).map_or("", |node| node.name.as_str());
                return Some(format!("blocked by `{cause}`"));
            }
            NodeState::Skipped { because: SkipReason::Operator { by, reason }, .. } => {
                let name = run.runbook().nodes.get(node).map_or("", |node| node.name.as_str());
                return Some(format!("`{name}` skipped by {}: {reason}", by.name));
            }
            NodeState::Skipped { because: SkipReason::Unclear { .. }, .. } => return gone_on(run, node),
            NodeState::NotStarted
            | NodeState::Running { .. }
            | NodeState::Waiting { .. }
            | NodeState::Unknown { .. }
            | NodeState::Succeeded { .. }
            | NodeState::Skipped { .. } => {}
        }
    }
    let by_power = nodes.shut_down.and_then(|node| ledger.details.get(&node))?.clean == Some(false);
    by_power.then(|| "the source went down by power-off".to_owned())
}

/// That somebody went on without knowing what became of an act.
fn gone_on(run: &Run, node: NodeId) -> Option<String> {
    let NodeState::Skipped { because: SkipReason::Unclear { by, reason }, .. } = run.node(node) else {
        return None;
    };
    let name = &run.runbook().nodes.get(node)?.name;
    Some(format!("what became of `{name}` is not known; {} went on: {reason}", by.name))
}

fn fenced(run: &Run, ledger: &Ledger, nodes: &MachineNodes) -> Option<bool> {
    let runbook = run.runbook();
    if runbook.is_test() {
        return None;
    }
    // A source is a danger once there is a target; before that it is what it always was.
    let made = state(run, nodes.fail_over).or_else(|| state(run, nodes.start)).is_some_and(NodeState::began);
    if !made {
        return None;
    }
    let excepted = |node: NodeId| ledger.details.get(&node).is_some_and(|detail| detail.exception.is_some());
    if let Some(node) = nodes.confirm
        && run.node(node).is_settled()
    {
        return Some(succeeded(run, nodes.confirm) && !excepted(node));
    }
    match state(run, nodes.shut_down) {
        Some(NodeState::Succeeded { .. }) => return Some(true),
        Some(state) if state.is_settled() => return Some(false),
        Some(_) | None => {}
    }
    if runbook.unfenced.is_some() || run.started().is_some_and(|(_, _, options)| options.unfenced.is_some()) {
        return Some(false);
    }
    let fences = runbook.nodes.iter_enumerated().filter(|(_, node)| matches!(node.act, Act::Fence { .. }));
    let settled: Vec<&NodeState> =
        fences.map(|(id, _)| run.node(id)).filter(|state| state.is_settled()).collect();
    (!settled.is_empty()).then(|| settled.iter().all(|state| matches!(state, NodeState::Succeeded { .. })))
}

fn guarded(run: &Run, nodes: &MachineNodes) -> Option<bool> {
    if run.runbook().is_test() || succeeded(run, nodes.roll_back) {
        return None;
    }
    if succeeded(run, nodes.reprotect) {
        return Some(true);
    }
    // As long as it may still be turned round by itself, nothing is wrong yet.
    let tried = state(run, nodes.reprotect).is_none_or(NodeState::is_settled);
    let over = run.ended().is_some() && succeeded(run, nodes.last());
    (over || (succeeded(run, nodes.commit) && tried)).then_some(false)
}
