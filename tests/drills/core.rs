//! The pure core through thousands of random drills: acts that make things, lose their answers and fail,
//! cleanups that leave some, operators and deaths at any moment. The world of the test is a set of things.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Id as _, IdVec, Timestamp};
use musterpoint::event::{
    Artifact, ArtifactKind, Detail, Event, EventKind, FinalState, Handle, Outcome, Person, RunOptions,
};
use musterpoint::model::{OnFailure, Operation, VmId};
use musterpoint::run::{Command, Decision, NodeState, OperatorRequest, Run, RunState, SkipReason};
use musterpoint::runbook::{Act, Dependency, Lane, Needs, Node, NodeId, Phase, Runbook};

use super::runbooks::{Dice, after, node, runbook};

/// A test of some machines, each made and started, and then cleaned up; with or without a cleanup in its order.
fn random_drill(seed: u64) -> Runbook {
    let mut dice = Dice(seed);
    let machines = 1 + dice.below(4) as usize;
    let mut nodes: IdVec<NodeId, Node> = IdVec::new();
    let rules = [OnFailure::Halt, OnFailure::Block, OnFailure::Continue, OnFailure::Ask];
    let mut last: Vec<Dependency> = Vec::new();
    let mut optional = Vec::new();
    for index in 0..machines {
        let vm = VmId::from_index(index);
        optional.push(dice.one_in(3));
        let mut before: Vec<Dependency> = Vec::new();
        for (word, phase, act) in
            [("fail over", Phase::Failover, Act::FailOver { vm }), ("start", Phase::Start, Act::Start { vm })]
        {
            let mut step = node(&format!("{word} vm{index}"), phase, Lane::Forward, act, before.clone());
            step.policy.on_failure = rules[dice.below(4) as usize];
            step.policy.optional = optional[index];
            before = vec![after(nodes.push(step), Needs::Done)];
        }
        let needs = if optional[index] { Needs::Settled } else { Needs::Done };
        last.extend(before.iter().map(|edge| after(edge.on, needs)));
    }
    let cleanup = nodes.push(node("cleanup", Phase::Cleanup, Lane::Cleanup, Act::Join, last));
    for (index, optional) in optional.into_iter().enumerate() {
        let act = Act::CleanUp { vm: VmId::from_index(index) };
        let edges = vec![after(cleanup, Needs::Done)];
        let mut step = node(&format!("clean up vm{index}"), Phase::Cleanup, Lane::Cleanup, act, edges);
        step.policy.on_failure = OnFailure::Block;
        step.policy.optional = optional;
        nodes.push(step);
    }
    let mut drill = runbook(nodes, machines);
    (drill.operation, drill.mode) = (Operation::Test, None);
    drill
}

fn person() -> Person {
    Person { name: "dana".to_owned(), os_user: "root".to_owned(), verified: false }
}

struct World {
    dice: Dice,
    runbook: Arc<Runbook>,
    run: Run,
    log: Vec<Event>,
    now: Timestamp,
    acts: BTreeMap<NodeId, Timestamp>,
    /// What is there.
    there: BTreeSet<Artifact>,
    announced: BTreeSet<Artifact>,
    /// Whether cleanups work at last.
    mended: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let runbook = Arc::new(random_drill(seed));
        let mut world = Self {
            dice: Dice(seed ^ 0xABCD),
            run: Run::new("r", Arc::clone(&runbook)),
            runbook: Arc::clone(&runbook),
            log: Vec::new(),
            now: Timestamp::from_seconds(1000),
            acts: BTreeMap::new(),
            there: BTreeSet::new(),
            announced: BTreeSet::new(),
            mended: false,
        };
        let (run, runbook) = ("r".to_owned(), runbook.digest());
        world.record(EventKind::RunStarted { run, runbook, by: person(), options: RunOptions::default() });
        world
    }

    fn record(&mut self, kind: EventKind) {
        let event = Event { seq: self.run.seq() + 1, at: self.now, kind };
        self.run.apply(&event);
        self.log.push(event);
    }

    fn die(&mut self) {
        let again =
            Run::replay("r", Arc::clone(&self.runbook), self.log.iter().cloned()).expect("its own log");
        assert_eq!(again.state(), self.run.state());
        assert!(again.artifacts().eq(self.run.artifacts()), "the same things after a replay");
        self.run = again;
        self.acts.clear();
        self.record(EventKind::DriverStarted { epoch: 2, version: "test".to_owned() });
    }

    /// What an attempt makes: a thing of its own, and one that bears the machine's name only.
    fn makes(&self, node: NodeId) -> Vec<Artifact> {
        let Some(vm) = self.runbook.nodes.at(node).act.vm() else { return Vec::new() };
        let (machine, attempt) = (format!("vm{}", vm.index()), self.run.attempts(node));
        let own =
            Artifact::new(&machine, ArtifactKind::Disk, format!("{machine}-{}-{attempt}", node.index()));
        vec![own, Artifact::new(&machine, ArtifactKind::Port, format!("{machine}-port"))]
    }

    fn announce(&mut self, node: NodeId) {
        let artifacts = self.makes(node);
        self.announced.extend(artifacts.iter().cloned());
        self.record(EventKind::ArtifactsAnnounced { node, artifacts });
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Record(event) => self.record(event),
            Command::Begin { node, attempt, key } => {
                self.record(EventKind::StepStarted { node, attempt, key });
                self.acts.insert(node, self.now.plus(Duration::from_secs(self.dice.below(60))));
                if matches!(self.runbook.nodes.at(node).act, Act::FailOver { .. }) {
                    if self.dice.one_in(20) {
                        return self.die();
                    }
                    self.announce(node);
                    self.appear(node);
                }
            }
            Command::Resolve { node, .. } => {
                let never_announced = self.makes(node).iter().any(|one| !self.announced.contains(one));
                let event = match self.dice.below(3) {
                    0 => EventKind::StepUnclear { node, evidence: "no word".to_owned(), seen: Vec::new() },
                    1 => EventKind::OperationAccepted { node, handle: Handle("again".to_owned()) },
                    _ => EventKind::StepNotArrived { node },
                };
                let goes_on = !matches!(event, EventKind::StepUnclear { .. });
                self.record(event);
                if goes_on {
                    let fails_over = matches!(self.runbook.nodes.at(node).act, Act::FailOver { .. });
                    if fails_over && never_announced {
                        self.announce(node);
                    }
                    self.acts.insert(node, self.now.plus(Duration::from_secs(20)));
                }
            }
        }
    }

    /// Some of what was announced comes to be.
    fn appear(&mut self, node: NodeId) {
        for artifact in self.makes(node) {
            if !self.dice.one_in(4) {
                assert!(self.announced.contains(&artifact), "{artifact} was not announced");
                self.there.insert(artifact);
            }
        }
    }

    fn end_act(&mut self, node: NodeId) {
        self.acts.remove(&node);
        if !self.run.node(node).is_active() {
            return;
        }
        let act = self.runbook.nodes.at(node).act.clone();
        let fails = !self.mended && self.dice.one_in(3);
        let retryable = self.dice.one_in(2);
        let failed = |code: &str, retryable| EventKind::StepFailed {
            node,
            code: code.to_owned(),
            message: "it failed".to_owned(),
            retryable,
            timed_out: false,
            output: None,
        };
        if let (true, NodeState::Running { .. }) = (self.dice.one_in(8), self.run.node(node)) {
            return self.record(EventKind::AnswerLost { node, message: "no answer".to_owned() });
        }
        if let Act::CleanUp { vm } = act {
            let machine = format!("vm{}", vm.index());
            let leaves = !self.mended && self.dice.one_in(2);
            let mut dice = Dice(self.dice.next());
            self.there.retain(|one| one.machine != machine || fails || (leaves && dice.one_in(2)));
            if self.dice.one_in(5) {
                return self.record(failed("not_looked", retryable));
            }
            let left: Vec<Artifact> =
                self.there.iter().filter(|one| one.machine == machine).cloned().collect();
            let clean = left.is_empty();
            self.record(EventKind::ArtifactsSeen { node, artifacts: left });
            if !clean {
                return self.record(failed("left_behind", true));
            }
        } else if fails {
            return self.record(failed("busy", retryable));
        }
        self.record(EventKind::StepSucceeded { node, detail: Detail::default(), found: false });
    }

    fn operator(&mut self, keen: bool) {
        let names: Vec<String> = self.runbook.nodes.iter().map(|node| node.name.clone()).collect();
        let name = names[self.dice.below(names.len() as u64) as usize].clone();
        let reason = "because".to_owned();
        let unclear = self.run.waiting_for_people().find(|node| self.run.is_unclear(*node));
        let request = match (keen, self.dice.below(12)) {
            (true, _) | (false, 10 | 11) if unclear.is_some() => {
                let step = unclear.map(|node| self.runbook.nodes.at(node).name.clone()).unwrap_or_default();
                let happened = self.dice.one_in(2);
                let outcome = if happened { Outcome::Happened } else { Outcome::DidNotHappen };
                OperatorRequest::Resolve { step, outcome, reason }
            }
            (true, _) | (false, 0 | 1) => OperatorRequest::CleanUp,
            (false, 2) => OperatorRequest::Skip { step: name, reason },
            (false, 3) => OperatorRequest::Halt { reason },
            (false, 4) => OperatorRequest::Pause,
            (false, 5 | 6) => OperatorRequest::Resume,
            (false, 7 | 8) => OperatorRequest::Retry { step: None },
            (false, _) => OperatorRequest::Retry { step: Some(name) },
        };
        match self.run.decide(&request, &person()) {
            Ok(Decision::Record(event)) => self.record(*event),
            Ok(Decision::LookAtMachines { node, outcome, reason }) => {
                let (by, detail, seen) = (person(), Detail::default(), Vec::new());
                self.record(EventKind::OutcomeStated { node, outcome, by, reason, detail, seen });
            }
            Ok(Decision::LookAtPoints { .. }) | Err(_) => {}
        }
    }

    fn run_to_the_end(&mut self) {
        for turn in 0..4_000 {
            for _ in 0..200 {
                let Some(command) = self.run.next(self.now).into_iter().next() else { break };
                self.obey(command);
            }
            if self.run.ended().is_some() {
                return;
            }
            if self.dice.one_in(40) {
                self.die();
            }
            self.mended |= turn > 200;
            if self.dice.one_in(8) || (turn > 200 && self.run.state() != RunState::Running) {
                self.operator(turn > 200);
            }
            let due = self.acts.iter().filter(|(_, at)| **at <= self.now).map(|(node, _)| *node);
            for node in due.collect::<Vec<_>>() {
                self.end_act(node);
            }
            let wake = self.run.wake().map(|wake| wake.at);
            let next = self.acts.values().copied().chain(wake).min();
            self.now = next.unwrap_or(self.now).max(self.now.plus(Duration::from_secs(1)));
        }
        let states: Vec<_> =
            self.runbook.nodes.iter_enumerated().map(|(id, node)| (&node.name, self.run.node(id))).collect();
        panic!("it did not end, although everything was mended: {:?} {states:#?}", self.run.state());
    }
}

fn is_let_go(state: &NodeState) -> bool {
    use SkipReason::{Operator, Unclear};
    matches!(state, NodeState::Skipped { because: Operator { .. } | Unclear { .. }, .. })
}

#[test]
fn every_random_drill_can_be_ended_and_ends_clean_or_with_every_thing_let_go_of() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..2000 {
        let mut world = World::new(seed);
        world.run_to_the_end();
        let (run, runbook) = (&world.run, &world.runbook);
        let open: BTreeSet<Artifact> = run.open_artifacts().map(|(_, made)| made.artifact.clone()).collect();
        assert!(world.there.is_subset(&open), "seed {seed}: {:?} is there, {open:?} is open", world.there);
        for (vm, made) in run.open_artifacts() {
            let let_go = runbook
                .nodes
                .iter_enumerated()
                .any(|(id, node)| node.act == Act::CleanUp { vm } && is_let_go(run.node(id)));
            assert!(let_go, "seed {seed}: nobody let go of {}", made.artifact);
        }
        // Whoever was ever made, or may have been, was cleaned up, or somebody said not to.
        for (id, node) in runbook.nodes.iter_enumerated() {
            let Act::FailOver { vm } = node.act else { continue };
            let cleaned = runbook.nodes.iter_enumerated().find(|(_, other)| other.act == Act::CleanUp { vm });
            let (cleanup, _) = cleaned.unwrap();
            let skipped = is_let_go(run.node(cleanup));
            assert!(
                run.attempts(id) == 0 || skipped || matches!(run.node(cleanup), NodeState::Succeeded { .. }),
                "seed {seed}: `{}` is {:?}",
                node.name,
                run.node(cleanup)
            );
        }
        let end = run.ended().unwrap();
        if !open.is_empty() {
            assert_ne!(end, FinalState::Completed, "seed {seed}");
        }
        *seen.entry(if open.is_empty() { "clean" } else { "let go" }).or_default() += 1;
        *seen.entry(RunState::Ended(end).word()).or_default() += 1;
        let left = |event: &Event| matches!(&event.kind, EventKind::StepFailed { code, .. } if code == "left_behind");
        *seen.entry("left behind").or_default() += u32::from(world.log.iter().any(left));
    }
    for what in ["clean", "let go", "left behind", "completed", "completed-with-exceptions", "failed"] {
        assert!(seen.get(what).is_some_and(|count| *count > 10), "{what}: {seen:?}");
    }
}

/// A run log in which a test ends with something that nobody let go of was not written by this program.
#[test]
fn a_log_that_ends_a_test_with_something_left_is_refused() {
    let mut world = World::new(1);
    while !world.run.artifacts().any(|(_, made)| made.is_open()) {
        let command = world.run.next(world.now).into_iter().next().expect("something to do");
        world.obey(command);
    }
    let mut log = world.log.clone();
    let kind = EventKind::RunEnded { state: FinalState::Completed, kept: Vec::new() };
    log.push(Event { seq: world.run.seq() + 1, at: world.now, kind });
    let error = Run::replay("r", Arc::clone(&world.runbook), log).expect_err("it leaves something");
    assert!(error.to_string().contains("its test is not cleaned up"), "{error}");
}
