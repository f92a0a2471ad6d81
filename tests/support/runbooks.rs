//! Runbooks built by hand for tests of the core: a random graph with every kind of rule in it.

use std::time::Duration;

use indexmap::IndexMap;
use musterpoint::base::{Id as _, IdVec, Timestamp};
use musterpoint::model::{
    ApproveStep, CommitPolicy, Identity, IfLate, IfRejected, Limits, Mode, OnFailure, Operation, Retry, Role,
    RoleMembers, Template, VmId,
};
use musterpoint::runbook::{
    Act, CommitGate, Dependency, EstateSpec, Facts, Lane, Needs, Node, NodeId, NodePolicy, Phase, Runbook,
    RunbookMachine, RunbookObjective, Site, Slot, SubjectId, Unit, UnitId,
};

/// A small seeded generator: the same seed gives the same numbers.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

pub fn policy() -> NodePolicy {
    NodePolicy {
        on_failure: OnFailure::Halt,
        optional: false,
        retry: None,
        timeout: None,
        delay: Duration::ZERO,
        slot: None,
        slot_until: None,
    }
}

pub fn node(name: &str, phase: Phase, lane: Lane, act: Act, after: Vec<Dependency>) -> Node {
    let (unit, undoes) = (UnitId::from_index(0), None);
    Node { name: name.to_owned(), unit, phase, lane, act, after, policy: policy(), undoes, written: None }
}

pub fn after(on: NodeId, needs: Needs) -> Dependency {
    Dependency { on, needs, why: "the test says so".to_owned() }
}

/// A runbook of the given nodes and machines.
pub fn runbook(nodes: IdVec<NodeId, Node>, machines: usize) -> Runbook {
    let site = |name: &str| Site { name: name.to_owned(), estate_name: name.to_owned() };
    let machine = |index: usize| RunbookMachine {
        name: format!("vm{index}"),
        estate_name: format!("vm{index}"),
        unit: UnitId::from_index(0),
        subject: SubjectId::from_index(0),
        group: None,
        os: None,
        optional: false,
        network: None,
        address: None,
        source_address: None,
    };
    let role = Role { members: RoleMembers::Anyone };
    Runbook {
        format: musterpoint::runbook::RUNBOOK_FORMAT.to_owned(),
        plan: "random".to_owned(),
        doc: String::new(),
        operation: Operation::Failover,
        mode: Some(Mode::Unplanned),
        compiled_at: Timestamp::from_seconds(0),
        lost_at: None,
        source: site("here"),
        target: site("there"),
        home: site("here"),
        estate: EstateSpec {
            name: "estate".to_owned(),
            provider: "sim".to_owned(),
            args: serde_json::Value::Null,
            folder: std::path::PathBuf::new(),
            identity: Identity::Claimed,
        },
        params: IndexMap::new(),
        objective: RunbookObjective::default(),
        limits: Limits { power_on: Some(2), shut_down: Some(1), fail_over: Some(3) },
        roles: IndexMap::from([("anyone".to_owned(), role)]),
        notify: IndexMap::new(),
        units: IdVec::from_vec(vec![Unit {
            prefix: String::new(),
            plan: "random".to_owned(),
            commit_deletes: false,
            has_commit: true,
        }]),
        machines: (0..machines).map(machine).collect(),
        subjects: IdVec::new(),
        aligns: Vec::new(),
        nodes,
        left_out: Vec::new(),
        warnings: Vec::new(),
        unfenced: None,
        fixed_points: false,
        facts: Facts::default(),
    }
}

/// A random graph: layers of machine acts, pauses, approvals and joins, a commit gate, commits, and
/// a way back.
pub fn random(seed: u64) -> Runbook {
    let mut dice = Dice(seed);
    let machines = 1 + dice.below(6) as usize;
    let mut nodes: IdVec<NodeId, Node> = IdVec::new();
    let mut forward: Vec<NodeId> = Vec::new();
    let mut made = Vec::new();
    for index in 0..machines {
        let vm = VmId::from_index(index);
        let mut fail_over = node(
            &format!("fail over vm{index}"),
            Phase::Failover,
            Lane::Forward,
            Act::Commit { vm },
            Vec::new(),
        );
        fail_over.act = Act::Start { vm };
        fail_over.policy.slot = Some(Slot::PowerOn);
        fail_over.policy.delay = Duration::from_secs(dice.below(3) * 5);
        fail_over.after = edges(&mut dice, &forward);
        rules(&mut dice, &mut fail_over);
        let id = nodes.push(fail_over);
        made.push(id);
        forward.push(id);
        for extra in 0..dice.below(4) {
            let act = match dice.below(4) {
                0 => Act::Wait { duration: Duration::from_secs(30), because: "a test".to_owned() },
                1 => Act::Approve(approval(&mut dice)),
                2 => Act::Join,
                _ => Act::ProcessPending { vms: vec![vm] },
            };
            let mut step =
                node(&format!("step {index}.{extra}"), Phase::Start, Lane::Forward, act, Vec::new());
            step.after = edges(&mut dice, &forward);
            rules(&mut dice, &mut step);
            forward.push(nodes.push(step));
        }
    }
    let policies = [
        CommitPolicy::Gated,
        CommitPolicy::Manual,
        CommitPolicy::Auto(Duration::from_secs(600)),
        CommitPolicy::Rollback(Duration::from_secs(900)),
    ];
    let gate = CommitGate {
        policy: policies[dice.below(4) as usize],
        gated: dice.one_in(2),
        deletes_sources: dice.one_in(2),
        vms: (0..machines).map(VmId::from_index).collect(),
    };
    let needs = |id: &NodeId| if nodes.at(*id).policy.optional { Needs::Settled } else { Needs::Done };
    let edges: Vec<Dependency> = forward.iter().map(|id| after(*id, needs(id))).collect();
    let gate = nodes.push(node("commit", Phase::Commit, Lane::Forward, Act::CommitGate(gate), edges));
    for index in 0..machines {
        let vm = VmId::from_index(index);
        let commit = Act::Commit { vm };
        nodes.push(node(
            &format!("commit vm{index}"),
            Phase::Commit,
            Lane::Forward,
            commit,
            vec![after(gate, Needs::Done)],
        ));
        let back = Act::RollBack { vm, start_source: true };
        nodes.push(node(&format!("roll back vm{index}"), Phase::Rollback, Lane::Rollback, back, Vec::new()));
    }
    runbook(nodes, machines)
}

fn edges(dice: &mut Dice, before: &[NodeId]) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    for _ in 0..dice.below(4) {
        if let Some(on) = before.get(dice.below(before.len() as u64) as usize)
            && !found.iter().any(|edge| edge.on == *on)
        {
            found.push(after(*on, if dice.one_in(3) { Needs::Settled } else { Needs::Done }));
        }
    }
    found
}

fn rules(dice: &mut Dice, node: &mut Node) {
    if node.act == Act::Join {
        return;
    }
    let rules = [OnFailure::Halt, OnFailure::Block, OnFailure::Continue, OnFailure::Ask, OnFailure::Rollback];
    node.policy.on_failure = rules[dice.below(5) as usize];
    node.policy.optional = dice.one_in(6);
    if dice.one_in(2) {
        let limit = dice.one_in(2).then(|| Duration::from_secs(120));
        let times = Some(dice.below(3) as u32);
        node.policy.retry =
            Some(Retry { times, every: Duration::from_secs(10), backoff: 2, limit, on: Vec::new() });
    }
}

fn approval(dice: &mut Dice) -> ApproveStep {
    ApproveStep {
        prompt: Template::plain("go on?"),
        by: "anyone".to_owned(),
        quorum: 1 + dice.below(2) as u32,
        within: Duration::from_secs(300),
        if_late: [IfLate::Halt, IfLate::KeepWaiting, IfLate::Go][dice.below(3) as usize],
        if_rejected: [IfRejected::Halt, IfRejected::Rollback][dice.below(2) as usize],
    }
}
