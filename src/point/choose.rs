//! One rung: policy and group or machine in, picks with the reasons against newer candidates out.

use super::candidates;
use super::choice::{Because, Choice, Matched, Pick, Refused, RungFailed, RungFault};
use super::judge::Judge;
use super::own::pick_own;
use super::sets::{Found, SetWalk};
use super::subject::Subject;
use crate::base::Timestamp;
use crate::base::time::format_duration;
use crate::inventory::Inventory;
use crate::model::{Policy, PolicyKind};

/// What a rung gives; the fields of a `Choice` that depend on the rung alone.
#[derive(Debug)]
pub(super) struct Picked {
    pub(super) matched: Matched,
    pub(super) set: Option<String>,
    pub(super) picks: Vec<Pick>,
    pub(super) limiting: Option<String>,
    pub(super) refused: Vec<Refused>,
    pub(super) refused_more: u64,
    pub(super) without_set: u64,
}

/// Tries one policy.
///
/// # Errors
/// Why it does not hold.
pub(super) fn pick(
    subject: &Subject,
    policy: &Policy,
    inventory: &Inventory,
    reference: Timestamp,
) -> Result<Picked, Box<RungFailed>> {
    let judge = Judge::new(policy, subject.pending, inventory, reference);
    match &policy.kind {
        PolicyKind::Id(_) if subject.group => Err(Box::new(RungFailed {
            policy: policy.clone(),
            fault: RungFault::IdOnGroup,
            blamed: subject.members.iter().map(|member| member.name.clone()).collect(),
            closest: Vec::new(),
            refused: Vec::new(),
            refused_more: 0,
            without_set: 0,
        })),
        kind if subject.group && kind.is_common() => {
            let mut walk = SetWalk::new(subject.timelines(inventory), judge);
            match walk.next() {
                Some(found) => Ok(picked(subject, &walk, found, &|_| candidates::lost_tie(subject))),
                None => Err(Box::new(candidates::failed(subject, policy, &walk))),
            }
        }
        PolicyKind::Latest
        | PolicyKind::LatestProcessed
        | PolicyKind::LatestApp
        | PolicyKind::Common
        | PolicyKind::CommonApp
        | PolicyKind::Id(_) => pick_own(subject, policy, &judge),
    }
}

/// The picks of a complete set with the reasons against the newer ones.
pub(super) fn picked(
    subject: &Subject,
    walk: &SetWalk<'_>,
    found: Found,
    lost: &dyn Fn(usize) -> Because,
) -> Picked {
    let members = subject.members.iter().enumerate();
    let picks = members
        .filter_map(|(at, member)| Some(walk.judge.pick(member, walk.good(found.index, at)?)))
        .collect();
    let (refused, refused_more) = candidates::refused(subject, walk, Some((found.index, found.key)), lost);
    let set = walk.seen.get(found.index).and_then(|seen| seen.set);
    Picked {
        matched: if walk.by_instant { Matched::Instant } else { Matched::Set },
        set: set.map(|set| walk.judge.inventory.text(set).to_owned()),
        picks,
        limiting: candidates::limiting(subject, &refused),
        refused,
        refused_more,
        without_set: found.without_set,
    }
}

/// What is worse in a binding than its forecast said: a lower rung, an older point. Empty if nothing is.
#[must_use]
pub fn worse_than(bound: &Choice, forecast: &Choice) -> Vec<String> {
    let mut worse = Vec::new();
    if bound.rung > forecast.rung {
        worse.push(format!(
            "`{}` was bound by `{}`, forecast by `{}`",
            bound.subject, bound.policy, forecast.policy
        ));
    }
    for pick in &bound.picks {
        let then = forecast.picks.iter().find(|then| then.vm == pick.vm);
        if let Some(then) = then.filter(|then| pick.at < then.at) {
            let older = format_duration(then.at.since(pick.at));
            worse.push(format!("`{}` goes to `{}`, {older} older than forecast", pick.name, pick.point));
        }
    }
    worse
}
