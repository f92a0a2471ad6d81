//! The independent checker: judges a certificate again from the inventory alone, by plain search and without
//! the chooser's code, so that a mistake in one of the two shows.

mod align;
mod judge;
mod own;
mod rungs;
mod sets;

use std::time::Duration;

pub use align::verify_align;

use super::choice::{Aligned, Choice, Matched, Pick, Refused};
use super::subject::{Member, Subject};
use crate::base::Timestamp;
use crate::inventory::{Inventory, Point};
use crate::model::Policy;

/// What a certificate is judged against.
#[derive(Clone, Copy)]
struct Case<'a> {
    subject: &'a Subject,
    inventory: &'a Inventory,
    reference: Timestamp,
}

/// What a rung must say of its refused candidates.
#[derive(PartialEq, Debug)]
struct Expected {
    refused: Vec<Refused>,
    refused_more: u64,
    without_set: u64,
    limiting: Option<String>,
}

/// Judges a choice again. For an aligned one the sets of its own group are judged; that it is the best of
/// all alignments is judged by `verify_align`.
///
/// # Errors
/// The first thing that does not hold, in a sentence.
pub fn verify(
    choice: &Choice,
    subject: &Subject,
    inventory: &Inventory,
    reference: Timestamp,
) -> Result<(), String> {
    let case = Case { subject, inventory, reference };
    same("subject", &choice.subject, &subject.name)?;
    same("group", &choice.group, &subject.group)?;
    same("reference", &choice.reference, &reference)?;
    let rung = choice.rung as usize;
    let policy = subject.ladder.rungs.get(rung).ok_or_else(|| format!("there is no rung {rung}"))?;
    same("policy", &choice.policy, policy)?;
    same(
        "not_reached",
        &choice.not_reached.as_slice(),
        &subject.ladder.rungs.get(rung + 1..).unwrap_or(&[]),
    )?;
    same("number of failed rungs", &choice.failed.len(), &rung)?;
    for (failed, policy) in choice.failed.iter().zip(&subject.ladder.rungs) {
        rungs::verify_failed(case, failed, policy, choice.aligned.as_ref().map(|aligned| &*aligned.groups))?;
    }
    if subject.members.is_empty() {
        return Err("a choice for no machine at all".to_owned());
    }
    let points = picked_points(case, policy, &choice.picks)?;
    let common = subject.group && policy.kind.is_common();
    let expected = if common {
        let names_own = |aligned: &Aligned| aligned.groups.contains(&subject.name);
        same("aligned", &choice.aligned.as_ref().is_none_or(names_own), &true)?;
        sets::expected(case, policy, choice, &points)?
    } else {
        same("aligned", &choice.aligned, &None)?;
        same("matched", &choice.matched, &Matched::Own)?;
        same("set", &choice.set, &None)?;
        own::expected(case, policy, &points)?
    };
    same("refused", &choice.refused, &expected.refused)?;
    same("refused_more", &choice.refused_more, &expected.refused_more)?;
    same("without_set", &choice.without_set, &expected.without_set)?;
    same("limiting", &choice.limiting, &expected.limiting)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: &T, found: &T) -> Result<(), String> {
    if said == found {
        Ok(())
    } else {
        Err(format!("`{what}` is {said:?}, but judged again it is {found:?}"))
    }
}

fn points_of<'a>(case: Case<'a>, member: &Member) -> &'a [Point] {
    match case.inventory.vms.get(&member.estate_name) {
        Some(vm) => &vm.points,
        None => &[],
    }
}

/// The point behind each pick, each found by its id, admissible and truly described.
fn picked_points<'a>(case: Case<'a>, policy: &Policy, picks: &[Pick]) -> Result<Vec<&'a Point>, String> {
    same("number of picks", &picks.len(), &case.subject.members.len())?;
    let mut points = Vec::new();
    for (pick, member) in picks.iter().zip(&case.subject.members) {
        same("machine of a pick", &(pick.vm, &pick.name), &(member.vm, &member.name))?;
        let mut known = points_of(case, member).iter();
        let point = known
            .find(|point| case.inventory.text(point.id) == pick.point)
            .ok_or_else(|| format!("`{}` has no point `{}`", pick.name, pick.point))?;
        same("instant of a pick", &pick.at, &point.at)?;
        same("kind of a pick", &pick.kind, &point.kind)?;
        same("processed of a pick", &pick.processed, &point.processed)?;
        let nanos = i128::from(case.reference.as_nanos()) - i128::from(point.at.as_nanos());
        let millis = nanos.max(0).div_euclid(1_000_000) + i128::from(nanos.max(0) % 1_000_000 != 0);
        let loss = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        same("loss of a pick", &pick.loss, &loss)?;
        let reasons = judge::reasons(case, policy, point);
        if !reasons.is_empty() {
            return Err(format!("point `{}` of `{}` is not admissible: {reasons:?}", pick.point, pick.name));
        }
        points.push(point);
    }
    Ok(points)
}
