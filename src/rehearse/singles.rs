//! Every single fault tried once, on every step that it can hit: from a run that nothing happens to, to the
//! list of what may go wrong in it, and what the run comes to then.

use std::time::Duration;

use indexmap::IndexMap;

use crate::base::limits;
use crate::event::fault::{CODE, From, Times, Twist, VerbFault, When};
use crate::runbook::{Act, NodeId};

use super::fault::{Fault, Side, StepFault, StepTwist, machines_of, verb_of};
use super::kind::{kind, readies};
use super::outcome::{Outcome, Verdict};
use super::scene::{Scene, Told};
use super::world::{Keep, Played, play};

/// A kind of single fault: on which kind of step, and what goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sort {
    /// `fail_over`, `ready`, `engine`.
    pub kind: &'static str,
    /// What goes wrong, in words.
    pub what: &'static str,
}

/// A single fault and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Single {
    /// Its sort.
    pub sort: Sort,
    /// The fault.
    pub fault: Fault,
    /// What the run came to.
    pub outcome: Outcome,
}

/// How often each verdict was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// All.
    pub tried: usize,
    /// The goal was reached, with no person beyond those whom the plan asks.
    pub survived: usize,
    /// It stopped for a person.
    pub needs_person: usize,
    /// It went back.
    pub rolled_back: usize,
    /// It failed, or came to no end.
    pub failed: usize,
}

impl Counts {
    /// Adds others to these.
    pub const fn join(&mut self, other: &Self) {
        self.tried += other.tried;
        self.survived += other.survived;
        self.needs_person += other.needs_person;
        self.rolled_back += other.rolled_back;
        self.failed += other.failed;
    }

    fn add(&mut self, verdict: Verdict) {
        self.tried += 1;
        match verdict {
            Verdict::Survived => self.survived += 1,
            Verdict::NeedsPerson => self.needs_person += 1,
            Verdict::RolledBack => self.rolled_back += 1,
            Verdict::Failed => self.failed += 1,
        }
    }
}

/// What all single faults came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Singles {
    /// The seed of each of the runs.
    pub seed: u64,
    /// How many there are; more than were tried where `limits::SINGLE_FAULTS_MAX` left some out.
    pub possible: usize,
    /// All together.
    pub counts: Counts,
    /// By sort, in the order in which they first came.
    pub by_sort: IndexMap<Sort, Counts>,
    /// Of those that survived, how many missed the objective all the same; none where the plan states none.
    pub missed: Option<usize>,
    /// The one that was survived and took longest to the goal.
    pub slowest: Option<Single>,
    /// Those that did not survive, in the order of the runbook.
    pub lost: Vec<Single>,
}

/// Tries every single fault, each beside what is told already.
#[must_use]
pub fn singles(scene: &Scene, told: &Told, seed: u64) -> Singles {
    let base = play(scene, told, seed, Keep::Run);
    let all = list(scene, &base);
    let possible = all.len();
    let mut found = Singles {
        seed,
        possible,
        counts: Counts::default(),
        by_sort: IndexMap::new(),
        missed: scene.runbook.objective.rto.map(|_| 0),
        slowest: None,
        lost: Vec::new(),
    };
    for (sort, fault) in thinned(all, limits::SINGLE_FAULTS_MAX) {
        let faults = told.faults.iter().cloned().chain([fault.clone()]).collect();
        let played = play(scene, &Told::new(scene, faults), seed, Keep::Run);
        let outcome = Outcome::of(scene, &played, seed);
        let verdict = outcome.ended.verdict();
        found.counts.add(verdict);
        found.by_sort.entry(sort).or_default().add(verdict);
        let single = Single { sort, fault, outcome };
        if verdict == Verdict::Survived {
            found.survive(single, scene.runbook.objective.rto);
        } else {
            found.lost.push(single);
        }
    }
    found
}

impl Singles {
    fn survive(&mut self, single: Single, allowed: Option<Duration>) {
        let took = single.outcome.reached;
        if took.zip(allowed).is_some_and(|(took, allowed)| took > allowed) {
            self.missed = self.missed.map(|missed| missed + 1);
        }
        if self.slowest.as_ref().is_none_or(|slowest| slowest.outcome.reached < took) {
            self.slowest = Some(single);
        }
    }
}

/// At most so many, evenly over the whole.
fn thinned<T>(all: Vec<T>, most: usize) -> impl Iterator<Item = T> {
    let count = all.len().max(1);
    let keeps = move |index: usize| count <= most || index * most / count != (index + 1) * most / count;
    all.into_iter().enumerate().filter(move |(index, _)| keeps(*index)).map(|(_, one)| one)
}

/// Everything that can go wrong alone in a run like this one, step by step, and then the engine.
fn list(scene: &Scene, base: &Played) -> Vec<(Sort, Fault)> {
    let readies = readies(&scene.runbook);
    let mut all = Vec::new();
    for (id, node) in scene.runbook.nodes.iter_enumerated() {
        if base.run.attempts(id) == 0 {
            continue;
        }
        let kind = kind(id, node, &readies);
        of_step(scene, id, kind, &mut all);
    }
    let sites = [(Side::Source, &scene.runbook.source), (Side::Target, &scene.runbook.target)];
    let always = When { from: From::After(Duration::ZERO), lasts: None };
    for (side, site) in sites {
        let what = match side {
            Side::Source => "of the source cannot be reached",
            Side::Target => "of the target cannot be reached",
        };
        let fault = Fault::Cut { side, site: site.name.clone(), when: always };
        all.push((Sort { kind: "site", what }, fault));
    }
    let engine = Sort { kind: "engine", what: "dies after a write" };
    all.extend((1..=base.writes).map(|write| (engine, Fault::Dies(write))));
    all
}

fn of_step(scene: &Scene, node: NodeId, kind: &'static str, all: &mut Vec<(Sort, Fault)>) {
    let compiled = scene.runbook.nodes.at(node);
    let mut step = |what: &'static str, twist: StepTwist| {
        let fault = StepFault { node, name: compiled.name.clone(), twist, times: Times::Always };
        all.push((Sort { kind, what }, Fault::Step(fault)));
    };
    match &compiled.act {
        Act::Check(_) => step("never passes", StepTwist::Never),
        Act::Approve(_) => {
            step("answered too late", StepTwist::TooLate);
            step("rejected", StepTwist::Reject);
        }
        act => {
            if let Some(verb) = verb_of(act) {
                all.extend(
                    of_verb(scene, act, verb)
                        .into_iter()
                        .map(|(what, fault)| (Sort { kind, what }, Fault::Verb(fault))),
                );
            } else if matches!(act, Act::Script(_) | Act::Fence { .. }) {
                step("exits with 1", StepTwist::Fail);
                step("does not end", StepTwist::Hang);
            }
        }
    }
}

fn of_verb(scene: &Scene, act: &Act, verb: &'static str) -> Vec<(&'static str, VerbFault)> {
    let machine = machines_of(&scene.runbook, act).first().copied();
    let Some(machine) = machine.and_then(|vm| scene.runbook.machines.get(vm)) else { return Vec::new() };
    let fault = |what: &'static str, twist: Twist, times: Times| {
        (what, VerbFault { twist, verb, machine: Some(machine.estate_name.clone()), times })
    };
    let once = Times::First(1);
    let refused = |retry: bool| Twist::Fail { retry, code: CODE.to_owned() };
    vec![
        fault("refused for good", refused(false), Times::Always),
        fault("refused once, may be retried", refused(true), once),
        fault("hangs past its deadline", Twist::Hang, once),
        fault("answer lost, found done", Twist::Lose, once),
        fault("answer lost, the estate cannot tell", Twist::Forget, once),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_left_out_evenly() {
        let kept = |count: usize, most: usize| thinned((0..count).collect(), most).collect::<Vec<usize>>();
        assert_eq!(kept(4, 4), [0, 1, 2, 3]);
        assert_eq!(kept(0, 4), [0; 0]);
        assert_eq!(kept(10, 5), [1, 3, 5, 7, 9]);
        assert_eq!(kept(1000, 7).len(), 7);
        assert_eq!(kept(8, 7).len(), 7);
    }
}
