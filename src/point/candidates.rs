//! Explains a walk over sets: why the newer candidates were refused, which came closest, who limits.

use super::choice::{Because, Reason, Refused, RungFailed, RungFault};
use super::judge::{because, because_one};
use super::sets::{Seen, SetWalk};
use super::subject::{Member, Subject};
use crate::base::Timestamp;
use crate::base::limits::REFUSED_KEPT_MAX;
use crate::model::Policy;

/// Newer candidates with their reasons, the newest first, and how many more there are.
/// `chosen` is what was taken and its oldest instant; without it everything is a candidate. `lost` says why
/// a set that is complete was not taken all the same.
pub(super) fn refused(
    subject: &Subject,
    walk: &SetWalk<'_>,
    chosen: Option<(usize, Timestamp)>,
    lost: &dyn Fn(usize) -> Because,
) -> (Vec<Refused>, u64) {
    let key = chosen.map(|(_, key)| key);
    let newer = match key {
        // `first` falls along `seen`.
        Some(key) => walk.seen.partition_point(|seen| seen.first > key),
        None => walk.seen.len(),
    };
    let taken = usize::from(chosen.is_some_and(|(index, _)| index < newer));
    let kept: Vec<usize> =
        (0..newer).filter(|at| chosen.is_none_or(|(i, _)| i != *at)).take(REFUSED_KEPT_MAX).collect();
    let more = (newer - taken - kept.len()) as u64;
    (kept.into_iter().filter_map(|index| explain(subject, walk, index, key, lost)).collect(), more)
}

/// A set as old as what was taken lost the tie.
pub(super) fn lost_tie(subject: &Subject) -> Because {
    because_one(subject.members.first().map_or("", |member| &member.name), Reason::Tie)
}

/// Why a set was not taken, when the oldest point of what was taken is at `key`.
fn explain(
    subject: &Subject,
    walk: &SetWalk<'_>,
    index: usize,
    key: Option<Timestamp>,
    lost: &dyn Fn(usize) -> Because,
) -> Option<Refused> {
    let seen = walk.seen.get(index)?;
    let members = subject.members.iter().enumerate();
    let mut because: Vec<Because> =
        members.filter_map(|(at, member)| fault(walk, index, seen, at, member, key)).collect();
    if because.is_empty() {
        because.push(lost(index));
    }
    let set = seen.set.map(|set| walk.judge.inventory.text(set).to_owned());
    Some(Refused { set, point: None, at: seen.first, because })
}

fn fault(
    walk: &SetWalk<'_>,
    index: usize,
    seen: &Seen,
    at: usize,
    member: &Member,
    key: Option<Timestamp>,
) -> Option<Because> {
    let counts = |instant: Timestamp| key.is_none_or(|key| instant >= key);
    if walk.good(index, at).is_some_and(|point| counts(point.at)) {
        return None;
    }
    let first = walk.first(index, at);
    if let Some(point) = first.filter(|point| counts(point.at)) {
        return Some(because(member, walk.judge.faults(point)));
    }
    let below = seen.set.is_some() && walk.rest(at).iter().any(|point| point.set == seen.set);
    let reason = if first.is_some() || below { Reason::Older } else { Reason::Missing };
    Some(because_one(&member.name, reason))
}

/// The member that keeps out the newest candidate kept out by one member alone; if there is none, the first
/// that keeps out the newest candidate refused by some members only.
pub(super) fn limiting(subject: &Subject, refused: &[Refused]) -> Option<String> {
    let mut first = None;
    for candidate in refused {
        let real = candidate.because.iter().filter(|because| {
            because.reasons.iter().any(|reason| !matches!(reason, Reason::Tie | Reason::Unaligned))
        });
        let names: Vec<&String> = real.map(|because| &because.vm).collect();
        match names.as_slice() {
            [] => {}
            all if all.len() >= subject.members.len() => {}
            [one] => return Some((*one).clone()),
            [one, ..] => first = first.or(Some(*one)),
        }
    }
    first.cloned()
}

/// A walk that came to its end without a complete set.
pub(super) fn failed(subject: &Subject, policy: &Policy, walk: &SetWalk<'_>) -> RungFailed {
    let lost = |_: usize| lost_tie(subject);
    let (refused, refused_more) = refused(subject, walk, None, &lost);
    let mut blamed: Vec<String> = Vec::new();
    for (member, points) in subject.members.iter().zip(&walk.timelines) {
        if !points.iter().any(|point| walk.judge.faults(point) == 0) {
            blamed.push(member.name.clone());
        }
    }
    // The first of the best, so the newest.
    let best = walk
        .seen
        .iter()
        .enumerate()
        .max_by_key(|(index, seen)| (seen.near, seen.good, std::cmp::Reverse(*index)))
        .and_then(|(index, _)| explain(subject, walk, index, None, &lost));
    if blamed.is_empty() {
        blamed = best.iter().flat_map(|best| &best.because).map(|because| because.vm.clone()).collect();
    }
    RungFailed {
        policy: policy.clone(),
        fault: RungFault::NothingFits,
        blamed,
        closest: best.into_iter().collect(),
        refused,
        refused_more,
        without_set: walk.without_set,
    }
}
