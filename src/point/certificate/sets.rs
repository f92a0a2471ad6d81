//! Judges common points: builds every set of a group in full and compares.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Case, Expected, judge, points_of, same};
use crate::base::Timestamp;
use crate::base::limits::REFUSED_KEPT_MAX;
use crate::inventory::Point;
use crate::model::Policy;
use crate::point::{Because, Choice, Matched, Reason, Refused};

/// A set with all its points on each member, newest first.
#[derive(Debug)]
pub(super) struct Full<'a> {
    pub(super) name: Option<&'a str>,
    points: Vec<Vec<&'a Point>>,
    /// Orders sets as a reader meets them: newest point first, then members in plan order, then their lists.
    met: (Reverse<Timestamp>, usize, usize),
    admissible: Vec<Option<&'a Point>>,
}

impl<'a> Full<'a> {
    fn newest(&self) -> Timestamp {
        self.met.0.0
    }

    pub(super) fn is_complete(&self) -> bool {
        self.admissible.iter().all(Option::is_some)
    }

    /// Its points on each member.
    pub(super) fn by_member(&self) -> std::slice::Iter<'_, Vec<&'a Point>> {
        self.points.iter()
    }

    /// The instants of its admissible points in plan order.
    pub(super) fn instants(&self) -> Vec<Timestamp> {
        self.admissible.iter().flatten().map(|point| point.at).collect()
    }

    pub(super) fn picks(&self) -> Vec<&'a Point> {
        self.admissible.iter().flatten().copied().collect()
    }

    /// Greater is better.
    pub(super) fn rank(&self) -> (Option<Timestamp>, Vec<Timestamp>, Reverse<&'a str>) {
        (self.instants().into_iter().min(), self.instants(), Reverse(self.name.unwrap_or("")))
    }
}

/// Whether instants make the sets of this group.
pub(super) fn by_instant(case: Case<'_>) -> bool {
    let mut members = case.subject.members.iter();
    !members.any(|member| points_of(case, member).iter().any(|point| point.set.is_some()))
}

/// All sets of the group in the order met, and how many points belong to none.
pub(super) fn all<'a>(case: Case<'a>, policy: &Policy) -> (Vec<Full<'a>>, Vec<&'a Point>) {
    let by_instant = by_instant(case);
    let members = case.subject.members.len();
    let mut sets: BTreeMap<(Option<&str>, Option<Timestamp>), Full<'a>> = BTreeMap::new();
    let mut lone = Vec::new();
    for (at, member) in case.subject.members.iter().enumerate() {
        for (place, point) in points_of(case, member).iter().enumerate() {
            let name = point.set.map(|set| case.inventory.text(set));
            if name.is_none() && !by_instant {
                lone.push(point);
                continue;
            }
            let key = (name, by_instant.then_some(point.at));
            let met = (Reverse(point.at), at, place);
            let full = sets.entry(key).or_insert_with(|| Full {
                name,
                points: vec![Vec::new(); members],
                met,
                admissible: vec![None; members],
            });
            full.met = full.met.min(met);
            if let (Some(points), Some(admissible)) = (full.points.get_mut(at), full.admissible.get_mut(at)) {
                points.push(point);
                if admissible.is_none() && judge::reasons(case, policy, point).is_empty() {
                    *admissible = Some(point);
                }
            }
        }
    }
    let mut sets: Vec<Full<'a>> = sets.into_values().collect();
    sets.sort_by_key(|set| set.met);
    (sets, lone)
}

/// What a choice of these points must say; refuses it if they are no set, or if there is a better one.
pub(super) fn expected(
    case: Case<'_>,
    policy: &Policy,
    choice: &Choice,
    picked: &[&Point],
) -> Result<Expected, String> {
    let (sets, lone) = all(case, policy);
    let matched = if by_instant(case) { Matched::Instant } else { Matched::Set };
    same("matched", &choice.matched, &matched)?;
    let is_chosen = |set: &Full<'_>| {
        set.is_complete() && set.picks().iter().zip(picked).all(|(one, other)| std::ptr::eq(*one, *other))
    };
    let chosen =
        sets.iter().find(|set| is_chosen(set)).ok_or("the points picked are not one complete set")?;
    same("set", &choice.set.as_deref(), &chosen.name)?;
    if choice.aligned.is_none() {
        let best = sets.iter().filter(|set| set.is_complete()).max_by_key(|set| set.rank());
        same("best set", &Some(chosen.rank()), &best.map(Full::rank))?;
    }
    let key = chosen.instants().into_iter().min();
    let newer = sets.iter().filter(|set| Some(set.newest()) > key && !is_chosen(set));
    let mut refused = Vec::new();
    let mut refused_more = 0;
    for set in newer {
        if refused.len() == REFUSED_KEPT_MAX {
            refused_more += 1;
            continue;
        }
        let mut entry = explain(case, policy, set, key);
        if entry.because.is_empty() {
            entry.because.push(lost(case, choice, set, key)?);
        }
        refused.push(entry);
    }
    let without_set = lone.iter().filter(|point| Some(point.at) > key).count() as u64;
    let limiting = limiting(case, &refused);
    Ok(Expected { refused, refused_more, without_set, limiting })
}

/// The reasons of each member against a set, counting only points from `key` on.
pub(super) fn explain(case: Case<'_>, policy: &Policy, set: &Full<'_>, key: Option<Timestamp>) -> Refused {
    let mut because = Vec::new();
    for (member, points) in case.subject.members.iter().zip(&set.points) {
        let recent: Vec<&Point> = points.iter().filter(|point| Some(point.at) >= key).copied().collect();
        let reasons = match (recent.first(), points.first()) {
            (None, None) => vec![Reason::Missing],
            (None, Some(_)) => vec![Reason::Older],
            (Some(first), _) => {
                let mut verdicts = recent.iter().map(|point| judge::reasons(case, policy, point));
                if verdicts.any(|reasons| reasons.is_empty()) {
                    continue;
                }
                judge::reasons(case, policy, first)
            }
        };
        because.push(Because { vm: member.name.clone(), reasons });
    }
    Refused { set: set.name.map(str::to_owned), point: None, at: set.newest(), because }
}

/// What must be said of a complete set that was not taken: a tie, or, in an alignment, what the certificate
/// says, as far as that can be judged from one group.
fn lost(case: Case<'_>, choice: &Choice, set: &Full<'_>, key: Option<Timestamp>) -> Result<Because, String> {
    let first = case.subject.members.first().map_or("", |member| &member.name);
    let tie = Because { vm: first.to_owned(), reasons: vec![Reason::Tie] };
    let Some(aligned) = &choice.aligned else { return Ok(tie) };
    let instants = set.instants();
    let latest = aligned.oldest.plus(aligned.within);
    if instants.iter().min().copied() == key && instants.iter().all(|at| *at <= latest) {
        return Ok(tie);
    }
    let said = choice.refused.iter().find(|one| one.set.as_deref() == set.name && one.at == set.newest());
    match said.map(|one| one.because.as_slice()) {
        Some([one]) if one.reasons == [Reason::Unaligned] => {
            let other = aligned.groups.contains(&one.vm) && one.vm != case.subject.name;
            if other { Ok(one.clone()) } else { Err(format!("`{}` is no other group", one.vm)) }
        }
        Some(_) | None => Err(format!("set {:?} is refused without being unaligned", set.name)),
    }
}

fn limiting(case: Case<'_>, refused: &[Refused]) -> Option<String> {
    let members = case.subject.members.len();
    let names: Vec<Vec<&str>> = refused
        .iter()
        .map(|one| {
            let real = |because: &&Because| {
                !because.reasons.contains(&Reason::Tie) && !because.reasons.contains(&Reason::Unaligned)
            };
            one.because.iter().filter(real).map(|because| because.vm.as_str()).collect()
        })
        .filter(|names: &Vec<&str>| !names.is_empty() && names.len() < members)
        .collect();
    let alone = names.iter().find(|names| names.len() == 1);
    alone.or(names.first()).and_then(|names| names.first()).map(|name| (*name).to_owned())
}
