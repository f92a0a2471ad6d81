//! Judges an alignment: tries every floor against every set of every group.

use super::{Case, same, sets, verify};
use crate::base::Timestamp;
use crate::inventory::Inventory;
use crate::point::align::NOTE;
use crate::point::{AlignRequest, Choice, Subject};

/// Judges the choices of `align` again, each and together. `subjects` are those of the request, in its order.
///
/// # Errors
/// The first thing that does not hold, in a sentence.
pub fn verify_align(
    choices: &[Choice],
    request: &AlignRequest,
    subjects: &[Subject],
    inventory: &Inventory,
    reference: Timestamp,
) -> Result<(), String> {
    let names: Vec<&String> = subjects.iter().map(|subject| &subject.name).collect();
    same("groups", &request.groups.iter().collect::<Vec<_>>(), &names)?;
    same("number of choices", &choices.len(), &subjects.len())?;
    for (choice, subject) in choices.iter().zip(subjects) {
        verify(choice, subject, inventory, reference)?;
    }
    let instants = || choices.iter().flat_map(|choice| choice.picks.iter().map(|pick| pick.at));
    let (Some(oldest), Some(newest)) = (instants().min(), instants().max()) else {
        return Err("an alignment of nothing".to_owned());
    };
    if newest.apart(oldest) > request.within {
        return Err(format!("the points from {oldest} to {newest} are too far apart"));
    }
    for choice in choices {
        let aligned = choice.aligned.as_ref().ok_or("a choice does not say that it is aligned")?;
        same("groups", &aligned.groups, &request.groups)?;
        same("within", &aligned.within, &request.within)?;
        same("oldest", &aligned.oldest, &oldest)?;
        same("newest", &aligned.newest, &newest)?;
        same("note", &aligned.note.as_str(), &NOTE)?;
    }
    let level = choices.iter().map(|choice| choice.rung as usize).max().unwrap_or(0);
    for above in 0..level {
        if best(request, subjects, above, inventory, reference).is_some() {
            return Err(format!("rung {above} is said to fail, but it can be aligned"));
        }
    }
    for (choice, subject) in choices.iter().zip(subjects) {
        same("rung", &(choice.rung as usize), &level.min(subject.ladder.rungs.len().saturating_sub(1)))?;
    }
    let found = best(request, subjects, level, inventory, reference).ok_or("it cannot be aligned")?;
    let said: Vec<Vec<&str>> =
        choices.iter().map(|choice| choice.picks.iter().map(|pick| pick.point.as_str()).collect()).collect();
    same("best alignment", &said, &found)
}

/// The ids of the points of the best alignment of a level, by group.
fn best<'a>(
    request: &AlignRequest,
    subjects: &[Subject],
    level: usize,
    inventory: &'a Inventory,
    reference: Timestamp,
) -> Option<Vec<Vec<&'a str>>> {
    let mut groups = Vec::new();
    for subject in subjects {
        let policy = subject.ladder.rungs.get(level).or(subject.ladder.rungs.last())?;
        if !policy.kind.is_common() {
            return None;
        }
        let case = Case { subject, inventory, reference };
        let all = sets::all(case, policy).0;
        let complete = all.iter().filter(|set| set.is_complete());
        let sets: Vec<(Vec<Timestamp>, String, Vec<&'a str>)> = complete
            .map(|set| {
                let ids = set.picks().into_iter().map(|point| inventory.text(point.id)).collect();
                (set.instants(), set.name.unwrap_or("").to_owned(), ids)
            })
            .collect();
        groups.push(sets);
    }
    let mut floors: Vec<Timestamp> =
        groups.iter().flatten().filter_map(|(instants, _, _)| instants.iter().min().copied()).collect();
    floors.sort_unstable();
    floors.iter().rev().find_map(|floor| {
        let latest = floor.plus(request.within);
        groups
            .iter()
            .map(|sets| {
                sets.iter()
                    .filter(|(instants, _, _)| instants.iter().all(|at| at >= floor && *at <= latest))
                    .max_by_key(|(instants, name, _)| {
                        (instants.iter().min().copied(), instants.clone(), std::cmp::Reverse(name.clone()))
                    })
                    .map(|(_, _, ids)| ids.clone())
            })
            .collect()
    })
}
