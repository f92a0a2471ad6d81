//! Common points of several groups near one another in time. Maximises the oldest chosen instant, then the
//! instants of the groups in plan order. Near in time is not one consistent state, and the certificate says so.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::align_removal::{Removal, smallest_removal};
use super::candidates::lost_tie;
use super::choice::{Aligned, Because, Choice, NoAlign, Reason, RungFailed, RungFault};
use super::choose::{pick, picked};
use super::judge::{Judge, because_one};
use super::ladder::choice;
use super::sets::{Found, SetWalk};
use super::subject::Subject;
use crate::base::Timestamp;
use crate::base::time::format_duration;
use crate::base::words::list;
use crate::inventory::Inventory;
use crate::model::Policy;

/// What an aligned choice does not promise.
pub(super) const NOTE: &str = "near in time, not write-order consistent";

/// `align [orders, stock] { within = 30s }`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlignRequest {
    /// Names of subjects that are replication groups, in plan order.
    pub groups: Vec<String>,
    /// The greatest distance of any two of their points.
    #[serde(with = "crate::base::time::duration_text")]
    pub within: Duration,
}

/// A complete set of one group.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    found: Found,
    newest: Timestamp,
}

/// A group on one level of its ladder.
#[derive(Debug)]
struct Lane<'a> {
    subject: &'a Subject,
    rung: usize,
    walk: SetWalk<'a>,
    head: Option<Candidate>,
    pulled: Vec<Candidate>,
    /// Pulled candidates before this one are too new for every window to come.
    start: usize,
}

/// Chooses for all groups of `request` together, one choice a group in its order. The groups go down their
/// ladders in step: first all on their first rung, then all on their second (or their last).
///
/// # Errors
/// The smallest set of machines without which it would work.
pub fn align(
    request: &AlignRequest,
    subjects: &[Subject],
    inventory: &Inventory,
    reference: Timestamp,
) -> Result<Vec<Choice>, Box<NoAlign>> {
    let groups = find(request, subjects)?;
    let levels = groups.iter().map(|group| group.ladder.rungs.len()).max().unwrap_or(0);
    let mut removal: Option<Removal> = None;
    let mut common = false;
    for level in 0..levels {
        let Some(policies) = policies(&groups, level) else { continue };
        common = true;
        let mut lanes: Vec<Lane<'_>> = groups
            .iter()
            .zip(&policies)
            .map(|(subject, policy)| {
                let rung = level.min(subject.ladder.rungs.len() - 1);
                Lane::new(subject, rung, Judge::new(policy, subject.pending, inventory, reference))
            })
            .collect();
        if let Some(chosen) = together(&mut lanes, request.within) {
            return Ok(certify(request, &lanes, &chosen, inventory, reference));
        }
        let walks = lanes.into_iter().map(|lane| (lane.subject, lane.walk)).collect();
        let next = smallest_removal(walks, request.within);
        if let Some(next) = next
            && removal.as_ref().is_none_or(|best| next.members.len() < best.members.len())
        {
            removal = Some(next);
        }
    }
    // Where no level has a removal, that none helps is proved as well.
    let removal = removal.unwrap_or(Removal { members: Vec::new(), exact: common });
    let why = if common {
        let within = format_duration(request.within);
        format!("no common points of {} lie within {within}", list(&request.groups, usize::MAX))
    } else {
        "`align` needs a `common` or `common_app` policy on every group".to_owned()
    };
    Err(refusal(request, why, removal))
}

fn refusal(request: &AlignRequest, why: String, removal: Removal) -> Box<NoAlign> {
    Box::new(NoAlign {
        groups: request.groups.clone(),
        within: request.within,
        removal: removal.members,
        exact: removal.exact,
        why,
    })
}

fn find<'a>(request: &AlignRequest, subjects: &'a [Subject]) -> Result<Vec<&'a Subject>, Box<NoAlign>> {
    let mut groups = Vec::new();
    for name in &request.groups {
        let group = subjects.iter().find(|subject| subject.group && subject.name == *name);
        match group.filter(|group| !group.ladder.rungs.is_empty()) {
            Some(group) => groups.push(group),
            None => {
                let why = format!("`{name}` is no group with a point policy");
                return Err(refusal(request, why, Removal::default()));
            }
        }
    }
    Ok(groups)
}

/// The policies of a level; none where one of them is not common.
fn policies(groups: &[&Subject], level: usize) -> Option<Vec<Policy>> {
    let of = |group: &&Subject| group.ladder.rungs.get(level).or(group.ladder.rungs.last()).cloned();
    groups.iter().map(|group| of(group).filter(|policy| policy.kind.is_common())).collect()
}

impl<'a> Lane<'a> {
    fn new(subject: &'a Subject, rung: usize, judge: Judge<'a>) -> Self {
        let walk = SetWalk::new(subject.timelines(judge.inventory), judge);
        let mut lane = Self { subject, rung, walk, head: None, pulled: Vec::new(), start: 0 };
        lane.advance();
        lane
    }

    /// Moves the head among the pulled, and finds the next.
    fn advance(&mut self) {
        self.pulled.extend(self.head.take());
        self.head = self.walk.next().map(|found| {
            let instants = (0..self.subject.members.len())
                .filter_map(|member| self.walk.good(found.index, member).map(|point| point.at));
            Candidate { found, newest: instants.max().unwrap_or(found.key) }
        });
    }

    /// The best pulled candidate that is not newer than `latest`, which falls from call to call.
    fn best(&mut self, latest: Timestamp) -> Option<Candidate> {
        while self.pulled.get(self.start).is_some_and(|candidate| candidate.newest > latest) {
            self.start += 1;
        }
        self.pulled.get(self.start).copied()
    }
}

/// Approach: lower a floor through the instants of all candidates, newest first. With the floor fixed, each
/// group's best candidate between floor and floor + within is independent of the others; the first floor on
/// which every group has one is the best floor.
fn together(lanes: &mut [Lane<'_>], within: Duration) -> Option<Vec<Candidate>> {
    loop {
        let floor = lanes.iter().filter_map(|lane| lane.head.map(|head| head.found.key)).max()?;
        for lane in lanes.iter_mut() {
            while lane.head.is_some_and(|head| head.found.key == floor) {
                lane.advance();
            }
        }
        let latest = floor.plus(within);
        let chosen: Option<Vec<Candidate>> = lanes.iter_mut().map(|lane| lane.best(latest)).collect();
        if chosen.is_some() {
            return chosen;
        }
    }
}

fn certify(
    request: &AlignRequest,
    lanes: &[Lane<'_>],
    chosen: &[Candidate],
    inventory: &Inventory,
    reference: Timestamp,
) -> Vec<Choice> {
    let oldest = chosen.iter().map(|candidate| candidate.found.key).min().unwrap_or_default();
    let newest = chosen.iter().map(|candidate| candidate.newest).max().unwrap_or_default();
    let aligned = Aligned {
        groups: request.groups.clone(),
        within: request.within,
        oldest,
        newest,
        note: NOTE.to_owned(),
    };
    let latest = oldest.plus(request.within);
    let mut choices = Vec::new();
    for (lane, candidate) in lanes.iter().zip(chosen) {
        let lost = |index: usize| lost(lane, lanes, index, *candidate, latest, request.within);
        let picked = picked(lane.subject, &lane.walk, candidate.found, &lost);
        let failed = failed_rungs(lane.subject, lane.rung, &request.groups, inventory, reference);
        let choice = choice(lane.subject, reference, lane.rung, picked, failed);
        choices.push(Choice { aligned: Some(aligned.clone()), ..choice });
    }
    choices
}

/// Why a set that is complete in its own group was not taken.
fn lost(
    lane: &Lane<'_>,
    lanes: &[Lane<'_>],
    index: usize,
    taken: Candidate,
    latest: Timestamp,
    within: Duration,
) -> Because {
    let Some(own) = lane.pulled.iter().find(|candidate| candidate.found.index == index) else {
        return lost_tie(lane.subject);
    };
    if own.found.key == taken.found.key && own.newest <= latest {
        return lost_tie(lane.subject);
    }
    let near =
        |other: &Candidate| other.newest.max(own.newest).apart(other.found.key.min(own.found.key)) <= within;
    let mut others = lanes.iter().filter(|other| other.subject.name != lane.subject.name);
    let alone = others.clone().find(|other| !other.pulled.iter().any(near));
    let name = alone.or_else(|| others.next()).map_or("", |other| other.subject.name.as_str());
    because_one(name, Reason::Unaligned)
}

/// Why the rungs above `rung` did not hold for a group that goes with others.
pub(super) fn failed_rungs(
    subject: &Subject,
    rung: usize,
    groups: &[String],
    inventory: &Inventory,
    reference: Timestamp,
) -> Vec<RungFailed> {
    let others: Vec<String> = groups.iter().filter(|name| **name != subject.name).cloned().collect();
    let rungs = subject.ladder.rungs.iter().take(rung);
    let failed = rungs.map(|policy| match pick(subject, policy, inventory, reference) {
        Err(why) => *why,
        Ok(_) => RungFailed {
            policy: policy.clone(),
            fault: RungFault::Unaligned(others.clone()),
            blamed: Vec::new(),
            closest: Vec::new(),
            refused: Vec::new(),
            refused_more: 0,
            without_set: 0,
        },
    });
    failed.collect()
}
