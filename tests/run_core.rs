//! The pure core under thousands of random runs: failures, lost answers, operators at any moment, a
//! death of the engine at any moment.

#[path = "support/runbooks.rs"]
mod runbooks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Id as _, Timestamp};
use musterpoint::event::{Detail, Event, EventKind, FinalState, Handle, Outcome, Person, RunOptions};
use musterpoint::run::{Command, Decision, NodeState, OperatorRequest, Run, RunState};
use musterpoint::runbook::{Act, Needs, NodeId, Runbook, Slot};
use runbooks::Dice;

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), os_user: "root".to_owned(), verified: false }
}

/// A world that acts for the core, and a log that is all that outlives a death.
struct World {
    dice: Dice,
    runbook: Arc<Runbook>,
    run: Run,
    log: Vec<Event>,
    now: Timestamp,
    /// Acts under way: when they end.
    acts: BTreeMap<NodeId, Timestamp>,
    begun: BTreeSet<(NodeId, u32)>,
    kind: Option<FinalState>,
}

impl World {
    fn new(seed: u64) -> Self {
        let runbook = Arc::new(runbooks::random(seed));
        let mut world = Self {
            dice: Dice(seed ^ 0xABCD),
            run: Run::new("r", Arc::clone(&runbook)),
            runbook,
            log: Vec::new(),
            now: Timestamp::from_seconds(1000),
            acts: BTreeMap::new(),
            begun: BTreeSet::new(),
            kind: None,
        };
        let runbook = world.runbook.digest();
        let (by, options) = (person("dana"), RunOptions::default());
        world.record(EventKind::RunStarted { run: "r".to_owned(), runbook, by, options });
        world
    }

    fn record(&mut self, kind: EventKind) {
        let event = Event { seq: self.run.seq() + 1, at: self.now, kind };
        self.run.apply(&event);
        self.log.push(event);
    }

    /// The engine dies: what is left is the log.
    fn die(&mut self) {
        let again =
            Run::replay("r", Arc::clone(&self.runbook), self.log.iter().cloned()).expect("its own log");
        for node in self.runbook.nodes.ids() {
            assert_eq!(again.node(node), self.run.node(node), "{}", self.runbook.nodes.at(node).name);
        }
        assert_eq!(again.state(), self.run.state());
        assert_eq!(again.exceptions(), self.run.exceptions());
        assert_eq!(again.next(self.now), self.run.next(self.now));
        self.run = again;
        self.acts.clear();
        self.record(EventKind::DriverStarted { epoch: 2, version: "test".to_owned() });
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Record(event) => {
                if let EventKind::RunEnded { state, .. } = &event {
                    self.kind = Some(*state);
                }
                self.record(event);
            }
            Command::Begin { node, attempt, key } => {
                self.check_begin(node, attempt);
                self.record(EventKind::StepStarted { node, attempt, key });
                let pure = matches!(
                    self.runbook.nodes.at(node).act,
                    Act::Approve(_) | Act::CommitGate(_) | Act::Wait { .. }
                );
                if !pure {
                    let ends = self.now.plus(Duration::from_secs(self.dice.below(60)));
                    self.acts.insert(node, ends);
                    if self.dice.one_in(2) {
                        self.record(EventKind::OperationAccepted { node, handle: Handle("h".to_owned()) });
                    }
                }
            }
            Command::Resolve { node, .. } => {
                let event = match self.dice.below(4) {
                    0 => EventKind::StepSucceeded { node, detail: Detail::default(), found: true },
                    1 => EventKind::StepUnclear { node, evidence: "no word".to_owned(), seen: Vec::new() },
                    2 => EventKind::StepNotArrived { node },
                    _ => EventKind::OperationAccepted { node, handle: Handle("again".to_owned()) },
                };
                if matches!(event, EventKind::StepNotArrived { .. } | EventKind::OperationAccepted { .. }) {
                    self.acts.insert(node, self.now.plus(Duration::from_secs(20)));
                }
                self.record(event);
            }
        }
    }

    /// What must hold when a node begins.
    fn check_begin(&mut self, node: NodeId, attempt: u32) {
        let compiled = self.runbook.nodes.at(node);
        assert!(self.begun.insert((node, attempt)), "`{}` began twice as attempt {attempt}", compiled.name);
        for edge in &compiled.after {
            let state = self.run.node(edge.on);
            match edge.needs {
                Needs::Done => assert!(state.is_done(), "`{}` began before {:?}", compiled.name, state),
                Needs::Settled => assert!(state.is_settled(), "`{}` began before {:?}", compiled.name, state),
            }
        }
        if let Act::Commit { vm } = compiled.act {
            let up = self.runbook.nodes.iter_enumerated().all(|(id, other)| {
                !matches!(other.act, Act::Start { vm: of } if of == vm)
                    || matches!(self.run.node(id), NodeState::Succeeded { .. })
            });
            assert!(up, "a machine was committed whose target is not up");
        }
        let on = self
            .run
            .under_way()
            .filter(|id| self.runbook.nodes.at(*id).policy.slot == Some(Slot::PowerOn))
            .count();
        assert!(on <= 2, "{on} machines hold a power-on slot of 2");
    }

    fn end_act(&mut self, node: NodeId) {
        self.acts.remove(&node);
        if !self.run.node(node).is_active() {
            return;
        }
        let event = match self.dice.below(8) {
            0 | 1 => EventKind::StepFailed {
                node,
                code: "busy".to_owned(),
                message: "it is busy".to_owned(),
                retryable: self.dice.one_in(2),
                timed_out: false,
                output: None,
            },
            2 if matches!(self.run.node(node), NodeState::Running { .. }) => {
                EventKind::AnswerLost { node, message: "no answer".to_owned() }
            }
            _ => EventKind::StepSucceeded { node, detail: Detail::default(), found: false },
        };
        self.record(event);
    }

    fn operator(&mut self, keen: bool) {
        let step = || self.runbook.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
        let names = step();
        let name = names[self.dice.below(names.len() as u64) as usize].clone();
        let reason = "because".to_owned();
        let all = [
            OperatorRequest::Approve { step: Some(name.clone()), comment: String::new() },
            OperatorRequest::Approve { step: None, comment: String::new() },
            OperatorRequest::Resume,
            OperatorRequest::Retry { step: None },
            OperatorRequest::Skip { step: name.clone(), reason: reason.clone() },
            OperatorRequest::Commit { delete_sources: Some(self.dice.below(7) as u32) },
            OperatorRequest::Commit { delete_sources: None },
            OperatorRequest::Retry { step: Some(name.clone()) },
            OperatorRequest::Resolve {
                step: name.clone(),
                outcome: Outcome::Happened,
                reason: reason.clone(),
            },
            OperatorRequest::Resolve {
                step: name.clone(),
                outcome: Outcome::DidNotHappen,
                reason: reason.clone(),
            },
            OperatorRequest::Pause,
            OperatorRequest::Halt { reason: reason.clone() },
            OperatorRequest::Reject { step: Some(name), comment: String::new() },
            OperatorRequest::Rollback { reason },
            OperatorRequest::CleanUp,
        ];
        let choice = if keen { self.dice.below(10) } else { self.dice.below(all.len() as u64) };
        let by = person(["dana", "lee", "kim"][self.dice.below(3) as usize]);
        match self.run.decide(&all[choice as usize], &by) {
            Ok(Decision::Record(event)) => self.record(*event),
            Ok(Decision::LookAtPoints { .. }) => {}
            Ok(Decision::LookAtMachines { node, outcome, reason }) => {
                let (detail, seen) = (Detail::default(), Vec::new());
                self.record(EventKind::OutcomeStated { node, outcome, by, reason, detail, seen });
            }
            Err(reason) => {
                assert!(!reason.is_empty() && !reason.contains('\n') && !reason.ends_with('.'), "{reason}");
            }
        }
    }

    /// Runs to the end; the operator grows keen so that every run can come to one.
    fn run_to_the_end(&mut self) {
        for turn in 0..20_000 {
            for _ in 0..200 {
                let commands = self.run.next(self.now);
                let Some(command) = commands.into_iter().next() else { break };
                self.obey(command);
            }
            if self.run.ended().is_some() {
                return;
            }
            if self.dice.one_in(40) {
                self.die();
            }
            // Keen, they say all that is asked before time goes on: an approval may need two of them.
            let says = if turn > 300 { 16 } else { u64::from(self.dice.one_in(12)) };
            for _ in 0..says {
                self.operator(turn > 300);
            }
            let ends: Vec<NodeId> =
                self.acts.iter().filter(|(_, at)| **at <= self.now).map(|(node, _)| *node).collect();
            for node in ends {
                self.end_act(node);
            }
            let wake = self.run.wake().map(|wake| wake.at);
            let next = self.acts.values().copied().chain(wake).min();
            self.now = next.unwrap_or(self.now).max(self.now.plus(Duration::from_secs(1)));
        }
        let open = self.runbook.nodes.iter_enumerated().filter(|(id, _)| !self.run.node(*id).is_done());
        let open: Vec<String> =
            open.map(|(id, node)| format!("{} {:?}", node.name, self.run.node(id))).collect();
        panic!("it did not end: {:?} {:?} with {open:#?}", self.run.state(), self.run.halt_cause());
    }
}

#[test]
fn every_random_run_ends_keeps_its_edges_and_replays_to_the_same_state() {
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..1500 {
        let mut world = World::new(seed);
        world.run_to_the_end();
        world.run =
            Run::replay("r", Arc::clone(&world.runbook), world.log.iter().cloned()).expect("its own log");
        assert_eq!(world.run.ended(), world.kind, "seed {seed}");
        let state = world.run.state();
        if let RunState::Ended(end) = state {
            *ends.entry(state.word()).or_insert(0) += 1;
            let committed = world
                .begun
                .iter()
                .any(|(node, _)| matches!(world.runbook.nodes.at(*node).act, Act::Commit { .. }));
            assert!(!(committed && end == FinalState::RolledBack), "seed {seed}: rolled back after a commit");
        }
    }
    // A search that never sees one of these ends proves nothing about it.
    for end in ["completed", "completed-with-exceptions", "rolled-back"] {
        assert!(ends.get(end).is_some_and(|count| *count > 10), "{ends:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = |seed| {
        let mut world = World::new(seed);
        world.run_to_the_end();
        serde_json::to_string(&world.log).unwrap()
    };
    for seed in 0..20 {
        assert_eq!(log(seed), log(seed), "seed {seed}");
    }
}

#[test]
fn a_log_that_cannot_be_is_refused_with_its_place() {
    let mut world = World::new(3);
    world.run_to_the_end();
    for cut in 1..world.log.len() {
        let mut log = world.log.clone();
        log.remove(cut - 1);
        let again = Run::replay("r", Arc::clone(&world.runbook), log);
        assert!(again.is_err(), "an event is missing before {cut}");
    }
    let strange =
        Event { seq: 2, at: world.now, kind: EventKind::StepNotArrived { node: NodeId::from_index(9999) } };
    let log = vec![world.log[0].clone(), strange];
    let error = Run::replay("r", Arc::clone(&world.runbook), log).unwrap_err();
    assert!(error.to_string().contains("event 2"), "{error}");
}
