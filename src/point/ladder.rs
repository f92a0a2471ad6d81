//! Rungs tried in order, and what there is to say when none holds.

use super::choice::{Alternative, Choice, NoChoice, Outcome, RungFailed};
use super::choose::{Picked, pick};
use super::subject::Subject;
use crate::base::Timestamp;
use crate::inventory::Inventory;
use crate::model::{LadderEnd, Policy, PolicyKind};

/// Chooses for a group or a machine; age and loss count from `reference`. The points of every machine must
/// be sorted newest first, as the reader leaves them. Goes no deeper into them than the choice.
#[must_use]
pub fn choose(subject: &Subject, inventory: &Inventory, reference: Timestamp) -> Outcome {
    let mut failed = Vec::new();
    for (rung, policy) in subject.ladder.rungs.iter().enumerate() {
        match pick(subject, policy, inventory, reference) {
            Ok(picked) => {
                return Outcome::Chosen(Box::new(choice(subject, reference, rung, picked, failed)));
            }
            Err(why) => failed.push(*why),
        }
    }
    Outcome::NotChosen(Box::new(no_choice(subject, inventory, reference, failed)))
}

/// The choice of a rung.
pub(super) fn choice(
    subject: &Subject,
    reference: Timestamp,
    rung: usize,
    picked: Picked,
    failed: Vec<RungFailed>,
) -> Choice {
    let Some(policy) = subject.ladder.rungs.get(rung) else {
        crate::bug!("rung {rung} of {} is not on its ladder", subject.name)
    };
    Choice {
        subject: subject.name.clone(),
        group: subject.group,
        reference,
        rung: u32::try_from(rung).unwrap_or(u32::MAX),
        policy: policy.clone(),
        matched: picked.matched,
        set: picked.set,
        picks: picked.picks,
        limiting: picked.limiting,
        refused: picked.refused,
        refused_more: picked.refused_more,
        without_set: picked.without_set,
        failed,
        not_reached: subject.ladder.rungs.get(rung + 1..).unwrap_or_default().to_vec(),
        aligned: None,
    }
}

/// No rung holds, or none that can be aligned.
pub(super) fn no_choice(
    subject: &Subject,
    inventory: &Inventory,
    reference: Timestamp,
    failed: Vec<RungFailed>,
) -> NoChoice {
    let to_blame = |name: &String| failed.iter().any(|rung| rung.blamed.contains(name));
    let blamed = subject.members.iter().map(|member| &member.name).filter(|name| to_blame(name));
    NoChoice {
        subject: subject.name.clone(),
        group: subject.group,
        reference,
        end: subject.ladder.end,
        blamed: blamed.cloned().collect(),
        alternatives: match subject.ladder.end {
            LadderEnd::Ask => alternatives(subject, inventory, reference),
            LadderEnd::Fail => Vec::new(),
        },
        failed,
        align: None,
    }
}

/// What every policy would give without `max_age` and `tag`. A time that every rung keeps to (`as_of`) is
/// kept, for what lies after it may be the damage that is recovered from.
fn alternatives(subject: &Subject, inventory: &Inventory, reference: Timestamp) -> Vec<Alternative> {
    let rungs = &subject.ladder.rungs;
    let as_of = if rungs.iter().all(|rung| rung.as_of.is_some()) {
        rungs.iter().filter_map(|rung| rung.as_of).max()
    } else {
        None
    };
    let mut kinds = vec![PolicyKind::Latest, PolicyKind::LatestProcessed, PolicyKind::LatestApp];
    if subject.group {
        kinds.extend([PolicyKind::Common, PolicyKind::CommonApp]);
    }
    kinds
        .into_iter()
        .map(|kind| {
            let policy = Policy { as_of, ..Policy::plain(kind) };
            let (set, picks, blamed) = match pick(subject, &policy, inventory, reference) {
                Ok(picked) => (picked.set, picked.picks, Vec::new()),
                Err(why) => (None, Vec::new(), why.blamed),
            };
            Alternative { policy, set, picks, blamed }
        })
        .collect()
}
