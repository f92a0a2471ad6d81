//! Independent points: each machine its own newest admissible one.

use super::choice::{Matched, Refused, RungFailed, RungFault};
use super::choose::Picked;
use super::judge::{Faults, Judge, OTHER_ID, TOO_OLD, because};
use super::subject::{Member, Subject, timeline};
use crate::base::limits::{REFUSED_KEPT_MAX, REFUSED_OF_ONE_MAX};
use crate::inventory::Point;
use crate::model::Policy;

/// The newest admissible point of each member; equal instants in the order reported.
///
/// # Errors
/// The members without one.
pub(super) fn pick_own(
    subject: &Subject,
    policy: &Policy,
    judge: &Judge<'_>,
) -> Result<Picked, Box<RungFailed>> {
    // Shared fairly, so that the last member of a large group is explained as well as the first.
    let keep = (REFUSED_KEPT_MAX / subject.members.len().max(1)).clamp(1, REFUSED_OF_ONE_MAX);
    let mut picks = Vec::with_capacity(subject.members.len());
    let mut blamed = Vec::new();
    let mut closest = Vec::new();
    let mut refused = Vec::new();
    let mut seen = 0;
    for member in &subject.members {
        let points = timeline(member, judge.inventory);
        let found = points.iter().position(|point| judge.faults(point) == 0);
        let newer = points.get(..found.unwrap_or(points.len())).unwrap_or_default();
        if let Some(point) = found.and_then(|at| points.get(at)) {
            picks.push(judge.pick(member, point));
        } else {
            blamed.push(member.name.clone());
            if closest.len() < REFUSED_KEPT_MAX {
                closest.extend(nearest(newer, judge).map(|point| refuse(member, point, judge)));
            }
        }
        seen += newer.len() as u64;
        let room = REFUSED_KEPT_MAX.saturating_sub(refused.len());
        refused.extend(newer.iter().take(keep.min(room)).map(|point| refuse(member, point, judge)));
    }
    let refused_more = seen - refused.len() as u64;
    if blamed.is_empty() && !picks.is_empty() {
        let (matched, set, limiting) = (Matched::Own, None, None);
        return Ok(Picked { matched, set, picks, limiting, refused, refused_more, without_set: 0 });
    }
    let (policy, fault) = (policy.clone(), RungFault::NothingFits);
    Err(Box::new(RungFailed { policy, fault, blamed, closest, refused, refused_more, without_set: 0 }))
}

/// The refused point that came closest: only too old, else with the fewest faults; the newest of those.
fn nearest<'a>(points: &'a [Point], judge: &Judge<'_>) -> Option<&'a Point> {
    points.iter().min_by_key(|point| score(judge.faults(point)))
}

fn score(faults: Faults) -> u32 {
    let other = if faults & OTHER_ID == 0 { 0 } else { Faults::BITS };
    if faults == TOO_OLD { 0 } else { faults.count_ones() + other }
}

fn refuse(member: &Member, point: &Point, judge: &Judge<'_>) -> Refused {
    Refused {
        set: None,
        point: Some(judge.inventory.text(point.id).to_owned()),
        at: point.at,
        because: vec![because(member, judge.faults(point))],
    }
}
