//! One rehearsed run: the real core on a clock of its own, in a world that answers it. What the core wants
//! recorded is recorded in memory, what it wants begun is begun here, and time moves to whatever comes next.
//! Touches nothing and reads nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use crate::base::{Chance, IdVec, Timestamp, limits};
use crate::event::{Detail, Event, EventKind, Handle};
use crate::model::VmId;
use crate::run::{Command, NodeState, Run, RunState};
use crate::runbook::{Act, NodeId};

use super::fate::Counts;
use super::fault::verb_of;
use super::open::{End, Hears, Machine, Open, Sign};
use super::scene::{RUN_ID, Scene, Told};

/// Whether the engine lives on after a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Engine {
    Alive,
    Dead,
}

/// Whether the log is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Every event, to be shown.
    Log,
    /// Only the run.
    Run,
}

/// A run that was rehearsed to where it ends or stands.
#[derive(Clone, Debug)]
pub struct Played {
    /// The run.
    pub run: Run,
    /// Its log, if it was kept.
    pub log: Vec<Event>,
    /// How often something was made durable.
    pub writes: u64,
    /// It goes round without an end: more than `limits::REHEARSED_AT_ONCE_MAX` events at one instant.
    pub endless: bool,
}

/// A world and the engine in it.
pub(super) struct World<'s> {
    pub(super) scene: &'s Scene,
    pub(super) told: &'s Told,
    pub(super) chance: Chance,
    pub(super) counts: Counts,
    pub(super) run: Run,
    pub(super) now: Timestamp,
    pub(super) open: BTreeMap<NodeId, Open>,
    pub(super) machines: IdVec<VmId, Machine>,
    heap: BinaryHeap<Reverse<(Timestamp, NodeId)>>,
    /// Verbs that the estate has just taken on.
    accepted: Vec<NodeId>,
    log: Option<Vec<Event>>,
    writes: u64,
    /// How many events there were when the clock last moved.
    seq_then: u64,
}

/// Rehearses one run. The same stage, faults and seed give the same run.
#[must_use]
pub fn play(scene: &Scene, told: &Told, seed: u64, keep: Keep) -> Played {
    let machine = |down: &bool| Machine {
        down: *down,
        started: false,
        answers: Sign::Unknown,
        agent: Sign::Unknown,
        late: std::time::Duration::ZERO,
        busy_until: None,
    };
    // Whoever dies goes on from the log.
    let log = keep == Keep::Log || !told.deaths.is_empty();
    let world = World {
        scene,
        told,
        chance: Chance::of(seed, &["rehearsal"]),
        counts: Counts::of(told),
        run: scene.begun.clone(),
        now: scene.start,
        open: BTreeMap::new(),
        machines: scene.down.iter().map(machine).collect(),
        heap: BinaryHeap::new(),
        accepted: Vec::new(),
        log: log.then(|| scene.begun_log.clone()),
        writes: 0,
        seq_then: 0,
    };
    world.play()
}

impl World<'_> {
    fn play(mut self) -> Played {
        let endless = loop {
            if self.turn() == Engine::Dead && self.run.ended().is_none() {
                self.restart();
                continue;
            }
            if self.stands() || self.goes_round() {
                break self.goes_round();
            }
            let Some(at) = self.next_instant() else { break false };
            if at > self.now {
                self.now = at;
                self.seq_then = self.run.seq();
            }
        };
        Played { run: self.run, log: self.log.unwrap_or_default(), writes: self.writes, endless }
    }

    /// Everything that happens at this instant.
    fn turn(&mut self) -> Engine {
        let mut engine = self.hear();
        if engine == Engine::Alive {
            engine = self.begin_all();
        }
        if engine == Engine::Alive {
            engine = self.accept();
        }
        engine
    }

    /// Whether so much happens at one instant that it never ends.
    fn goes_round(&self) -> bool {
        let most = limits::REHEARSED_AT_ONCE_MAX.saturating_add(20 * self.run.runbook().nodes.len() as u64);
        self.run.seq() - self.seq_then > most
    }

    /// Whether nothing more happens by itself.
    fn stands(&self) -> bool {
        match self.run.state() {
            RunState::Ended(_) => true,
            RunState::Halted | RunState::Paused => self.run.is_quiet(),
            RunState::Waiting | RunState::Running => false,
        }
    }

    /// When something comes next.
    fn next_instant(&mut self) -> Option<Timestamp> {
        while let Some(Reverse((at, node))) = self.heap.peek().copied() {
            if self.open.get(&node).is_some_and(|open| open.due == Some(at)) {
                break;
            }
            self.heap.pop();
        }
        let heard = self.heap.peek().map(|Reverse((at, _))| *at);
        // What the core wanted at this instant it was asked for.
        let wake = self.run.wake().map(|wake| wake.at).filter(|at| *at > self.now);
        heard.into_iter().chain(wake).min()
    }

    /// Makes events durable in one write and takes them in.
    pub(super) fn write(&mut self, kinds: Vec<EventKind>) -> Engine {
        if kinds.is_empty() {
            return Engine::Alive;
        }
        for kind in kinds {
            let event = Event { seq: self.run.seq() + 1, at: self.now, kind };
            self.run.apply(&event);
            if let Some(log) = &mut self.log {
                log.push(event);
            }
        }
        self.writes += 1;
        if self.told.deaths.contains(&self.writes) { Engine::Dead } else { Engine::Alive }
    }

    /// Records what the core wants and begins what it wants begun, until it wants nothing more now.
    fn begin_all(&mut self) -> Engine {
        loop {
            let mut kinds = Vec::new();
            let mut begins = Vec::new();
            let mut unknown = Vec::new();
            let mut resolved = false;
            for command in self.run.next(self.now) {
                match command {
                    Command::Record(kind) => kinds.push(kind),
                    Command::Begin { node, attempt, key } => {
                        begins.push(node);
                        kinds.push(EventKind::StepStarted { node, attempt, key });
                    }
                    Command::Resolve { node, .. } => unknown.push(node),
                }
            }
            for node in unknown {
                let found = self.find(node);
                let again = matches!(found.as_slice(), [EventKind::StepNotArrived { .. }]);
                resolved |= !found.is_empty();
                if self.write(found) == Engine::Dead {
                    return Engine::Dead;
                }
                if again {
                    self.begin(node);
                }
            }
            if kinds.is_empty() && !resolved || self.goes_round() {
                return Engine::Alive;
            }
            if self.write(kinds) == Engine::Dead {
                return Engine::Dead;
            }
            begins.into_iter().for_each(|node| self.begin(node));
        }
    }

    /// What the world makes of a step that was recorded as begun.
    fn begin(&mut self, node: NodeId) {
        let since = match self.run.node(node) {
            NodeState::Running { since, .. } | NodeState::Waiting { since, .. } => *since,
            _ => return,
        };
        if let Some(open) = self.imagine(node, since) {
            let is_taken_on =
                open.hears == Hears::End && open.ends.as_ref().is_some_and(|(at, _)| *at > self.now);
            if is_taken_on && verb_of(&self.scene.runbook.nodes.at(node).act).is_some() {
                self.accepted.push(node);
            }
            self.put(node, open);
        }
    }

    pub(super) fn put(&mut self, node: NodeId, open: Open) {
        if let Some(due) = open.due {
            self.heap.push(Reverse((due, node)));
        }
        self.open.insert(node, open);
    }

    /// Records what the estate has taken on.
    fn accept(&mut self) -> Engine {
        let nodes = std::mem::take(&mut self.accepted);
        self.write(nodes.into_iter().map(accepted).collect())
    }

    /// Takes in everything that is due: ends in one write, then each word of a person.
    fn hear(&mut self) -> Engine {
        let mut kinds = Vec::new();
        let mut people = Vec::new();
        while let Some(Reverse((at, node))) =
            self.heap.peek().copied().filter(|Reverse((at, _))| *at <= self.now)
        {
            self.heap.pop();
            let Some(open) = self.open.get_mut(&node).filter(|open| open.due == Some(at)) else { continue };
            match open.hears {
                Hears::Silence => {
                    open.due = None;
                    let message = "no answer came".to_owned();
                    kinds.push(EventKind::AnswerLost { node, message });
                }
                Hears::Nothing => open.due = None,
                Hears::Person(word) => {
                    self.open.remove(&node);
                    people.push((node, word));
                }
                Hears::End => {
                    if let Some((_, end)) = self.open.remove(&node).and_then(|open| open.ends) {
                        kinds.extend(self.end(node, end, Seen::Live));
                    }
                }
            }
        }
        if self.write(kinds) == Engine::Dead {
            people.into_iter().for_each(|(node, word)| self.put(node, Open::person(self.now, word)));
            return Engine::Dead;
        }
        for (node, word) in people {
            for kind in self.say(node, word) {
                if self.write(vec![kind]) == Engine::Dead {
                    return Engine::Dead;
                }
            }
        }
        Engine::Alive
    }

    /// The events of an end, and what it changes in the world.
    pub(super) fn end(&mut self, node: NodeId, end: End, seen: Seen) -> Vec<EventKind> {
        match end {
            End::Done(exception) => {
                self.done(node);
                let detail = Detail { exception, ..Detail::default() };
                vec![EventKind::StepSucceeded { node, detail, found: seen == Seen::Found }]
            }
            End::Failed(failed) => {
                let (code, message) = (failed.code, failed.message);
                let (retryable, timed_out) = (failed.retryable, failed.timed_out);
                vec![EventKind::StepFailed { node, code, message, retryable, timed_out, output: None }]
            }
            End::Bound => {
                let bound = self.scene.bound.get(&node).cloned().unwrap_or_default();
                vec![EventKind::PointsBound { node, bound }]
            }
            End::Asked => self.ask(node),
            End::Unclear(evidence) => {
                let message = "no outcome in time".to_owned();
                let unclear = EventKind::StepUnclear { node, evidence, seen: Vec::new() };
                vec![EventKind::AnswerLost { node, message }, unclear]
            }
        }
    }

    /// The engine is started again as soon as the dead one's lease has run out, and goes on from the log.
    /// What an estate, a script or a person was asked goes on without it; looks are lost with it.
    fn restart(&mut self) {
        self.accepted.clear();
        let log = self.log.clone().unwrap_or_default();
        self.run = match Run::replay(RUN_ID, Arc::clone(&self.scene.runbook), log) {
            Ok(run) => run,
            Err(error) => crate::bug!("a rehearsed log does not replay: {error}"),
        };
        self.now = self.now.plus(limits::LEASE);
        let scene = self.scene;
        self.open.retain(|node, open| match open.hears {
            Hears::Person(_) => true,
            Hears::End | Hears::Silence | Hears::Nothing => outlives(&scene.runbook.nodes.at(*node).act),
        });
        for open in self.open.values_mut().filter(|open| !matches!(open.hears, Hears::Person(_))) {
            open.due = None;
        }
        self.write(vec![EventKind::DriverStarted { epoch: 2, version: String::new() }]);
        let waiting: Vec<NodeId> = self.run.waiting_for_people().collect();
        for node in waiting.into_iter().filter(|node| !self.open.contains_key(node)).collect::<Vec<_>>() {
            self.begin(node);
        }
    }
}

/// Whether what was begun goes on without the engine.
fn outlives(act: &Act) -> bool {
    verb_of(act).is_some() || matches!(act, Act::Script(_) | Act::Fence { .. })
}

/// How an end comes to be known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// The engine was told.
    Live,
    /// It asked after a silence.
    Found,
}

pub(super) fn accepted(node: NodeId) -> EventKind {
    EventKind::OperationAccepted { node, handle: Handle(String::new()) }
}
