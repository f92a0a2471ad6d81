//! Many rehearsed runs, one after the other, each with a seed of its own: how long they took, what held them
//! up, and those that did not reach their goal.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::IdVec;
use crate::run::Held;
use crate::runbook::NodeId;

use super::outcome::{Ended, Outcome, Verdict};
use super::scene::{Scene, Told};
use super::world::{Keep, Played, play};

/// How a time is spread over runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// Half of the runs took no longer.
    pub p50: Duration,
    /// Ninety-five in a hundred took no longer.
    pub p95: Duration,
}

impl Spread {
    /// The spread of some times; none of none.
    #[must_use]
    pub fn of(times: &[Duration]) -> Option<Self> {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        Some(Self { min, max, p50: percentile(&sorted, 50)?, p95: percentile(&sorted, 95)? })
    }
}

/// The time that `percent` of a hundred of sorted times do not exceed, by nearest rank: always one that came.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// A step on the critical path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The step.
    pub node: NodeId,
    /// In how many runs it was on the critical path.
    pub runs: u32,
    /// How long it held those runs on the whole, from the end of what it waited for to its own.
    pub held: Duration,
    /// The part of that in which it had not begun: it waited for a slot, or its delay.
    pub waited: Duration,
}

impl Holder {
    /// How long it held a run in which it was on the path.
    #[must_use]
    pub fn mean_held(&self) -> Duration {
        self.held.checked_div(self.runs).unwrap_or_default()
    }

    /// How long it had not begun there.
    #[must_use]
    pub fn mean_waited(&self) -> Duration {
        self.waited.checked_div(self.runs).unwrap_or_default()
    }
}

/// The critical path of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// The seed of that run.
    pub seed: u64,
    /// Its steps, first to last.
    pub steps: Vec<Held>,
}

/// What many runs came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Study {
    /// How many.
    pub runs: u32,
    /// The seed of the first; each further one has the next number.
    pub seed: u64,
    /// How they ended.
    pub ends: BTreeMap<Ended, u32>,
    /// From start to goal, of those that reached it.
    pub rto: Option<Spread>,
    /// How many reached it.
    pub reached: u32,
    /// How many reached it within the objective; none where the plan states none.
    pub met: Option<u32>,
    /// From start to the end of runs that survived.
    pub whole: Option<Spread>,
    /// The critical path of the run in the middle.
    pub path: Option<Path>,
    /// What was on the critical path, what held the runs longest first.
    pub holders: Vec<Holder>,
    /// The runs that did not survive, in the order of their seeds.
    pub lost: Vec<Outcome>,
}

impl Study {
    /// How many runs reached their goal with no person beyond those whom the plan asks.
    #[must_use]
    pub fn survived(&self) -> u32 {
        let survived = self.ends.iter().filter(|(ended, _)| ended.verdict() == Verdict::Survived);
        survived.map(|(_, count)| *count).sum()
    }
}

/// Rehearses `runs` runs. The same stage, faults and seed give the same study.
#[must_use]
pub fn study(scene: &Scene, told: &Told, runs: u32, seed: u64) -> Study {
    let mut tally = Tally::new(scene);
    for number in 0..runs {
        let seed = seed.wrapping_add(u64::from(number));
        let played = play(scene, told, seed, Keep::Run);
        tally.add(scene, &played, Outcome::of(scene, &played, seed));
    }
    tally.close(scene, told, runs, seed)
}

struct Tally {
    ends: BTreeMap<Ended, u32>,
    reached: Vec<(Duration, u64)>,
    whole: Vec<Duration>,
    holders: IdVec<NodeId, (u32, Duration, Duration)>,
    lost: Vec<Outcome>,
}

impl Tally {
    fn new(scene: &Scene) -> Self {
        Self {
            ends: BTreeMap::new(),
            reached: Vec::new(),
            whole: Vec::new(),
            holders: scene.runbook.nodes.ids().map(|_| (0, Duration::ZERO, Duration::ZERO)).collect(),
            lost: Vec::new(),
        }
    }

    fn add(&mut self, scene: &Scene, played: &Played, outcome: Outcome) {
        *self.ends.entry(outcome.ended).or_insert(0) += 1;
        if let (Some(took), Some((_, last))) = (outcome.reached, played.run.reached(&scene.goal)) {
            self.reached.push((took, outcome.seed));
            for held in played.run.critical_path(last) {
                let (runs, all, waited) = self.holders.at_mut(held.node);
                *runs += 1;
                *all += held.ended.since(held.free);
                *waited += held.began.since(held.free);
            }
        }
        if outcome.ended.verdict() == Verdict::Survived {
            self.whole.push(outcome.whole);
        } else {
            self.lost.push(outcome);
        }
    }

    fn close(mut self, scene: &Scene, told: &Told, runs: u32, seed: u64) -> Study {
        let times: Vec<Duration> = self.reached.iter().map(|(took, _)| *took).collect();
        let rto = Spread::of(&times);
        let within = |allowed: Duration| times.iter().filter(|took| **took <= allowed).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let met = scene.runbook.objective.rto.map(|allowed| count(within(allowed)));
        let middle = rto.and_then(|rto| self.reached.iter().find(|(took, _)| *took == rto.p50));
        let path = middle.and_then(|(_, seed)| {
            let played = play(scene, told, *seed, Keep::Run);
            let (_, last) = played.run.reached(&scene.goal)?;
            Some(Path { seed: *seed, steps: played.run.critical_path(last) })
        });
        let all = self.holders.iter_enumerated().filter(|(_, (runs, held, _))| *runs > 0 && !held.is_zero());
        let holder = |(node, (runs, held, waited)): (NodeId, &(u32, Duration, Duration))| Holder {
            node,
            runs: *runs,
            held: *held,
            waited: *waited,
        };
        let mut holders: Vec<Holder> = all.map(holder).collect();
        // Of several that held the same, the first of the runbook.
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.held));
        let whole = Spread::of(&self.whole);
        let lost = std::mem::take(&mut self.lost);
        let reached = count(times.len());
        Study { runs, seed, ends: self.ends, rto, reached, met, whole, path, holders, lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_came_by_nearest_rank() {
        let s = Duration::from_secs;
        let spread = |times: &[u64]| {
            let times: Vec<Duration> = times.iter().copied().map(s).collect();
            Spread::of(&times).map(|spread| {
                [spread.min, spread.p50, spread.p95, spread.max].map(|duration| duration.as_secs())
            })
        };
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[7]), Some([7, 7, 7, 7]));
        assert_eq!(spread(&[9, 1]), Some([1, 1, 9, 9]));
        assert_eq!(spread(&[3, 1, 2]), Some([1, 2, 3, 3]));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(spread(&hundred), Some([1, 50, 95, 100]));
        let twenty: Vec<u64> = (1..=20).collect();
        assert_eq!(spread(&twenty), Some([1, 10, 19, 20]));
        let more: Vec<u64> = (1..=21).collect();
        assert_eq!(spread(&more), Some([1, 11, 20, 21]));
    }
}
