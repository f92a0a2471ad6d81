//! Judges rungs that did not hold.

use super::{Case, judge, own, points_of, same, sets};
use crate::base::limits::REFUSED_KEPT_MAX;
use crate::model::{Policy, PolicyKind};
use crate::point::{Reason, Refused, RungFailed, RungFault};

/// `groups` are those of the alignment, if there is one.
pub(super) fn verify_failed(
    case: Case<'_>,
    failed: &RungFailed,
    policy: &Policy,
    groups: Option<&[String]>,
) -> Result<(), String> {
    same("policy of a failed rung", &failed.policy, policy)?;
    let names = || case.subject.members.iter().map(|member| member.name.clone());
    let mut expected = RungFailed {
        policy: policy.clone(),
        fault: RungFault::NothingFits,
        blamed: Vec::new(),
        closest: Vec::new(),
        refused: Vec::new(),
        refused_more: 0,
        without_set: 0,
    };
    if case.subject.group && matches!(policy.kind, PolicyKind::Id(_)) {
        expected.fault = RungFault::IdOnGroup;
        expected.blamed = names().collect();
        return same("failed rung", failed, &expected);
    }
    let common = case.subject.group && policy.kind.is_common();
    let holds = if common {
        !case.subject.members.is_empty() && sets::all(case, policy).0.iter().any(sets::Full::is_complete)
    } else {
        !case.subject.members.is_empty()
            && case.subject.members.iter().all(|member| has_one(case, policy, member))
    };
    if holds {
        let Some(groups) = groups else { return Err(format!("`{policy}` is said to fail, but it holds")) };
        let others = groups.iter().filter(|name| **name != case.subject.name).cloned().collect();
        expected.fault = RungFault::Unaligned(others);
        return same("failed rung", failed, &expected);
    }
    let without = case.subject.members.iter().filter(|member| !has_one(case, policy, member));
    expected.blamed = without.clone().map(|member| member.name.clone()).collect();
    if common {
        common_fault(case, policy, &mut expected);
    } else {
        let refused = picks_and_refused(case, policy);
        expected.closest =
            without.filter_map(|member| own::closest(case, policy, member)).take(REFUSED_KEPT_MAX).collect();
        (expected.refused, expected.refused_more) = refused;
    }
    same("failed rung", failed, &expected)
}

fn has_one(case: Case<'_>, policy: &Policy, member: &crate::point::Member) -> bool {
    points_of(case, member).iter().any(|point| judge::reasons(case, policy, point).is_empty())
}

fn picks_and_refused(case: Case<'_>, policy: &Policy) -> (Vec<Refused>, u64) {
    let members = case.subject.members.iter();
    let picked: Vec<_> = members
        .filter_map(|member| {
            points_of(case, member).iter().find(|point| judge::reasons(case, policy, point).is_empty())
        })
        .collect();
    let expected = own::refused(case, policy, &picked);
    (expected.refused, expected.refused_more)
}

fn common_fault(case: Case<'_>, policy: &Policy, expected: &mut RungFailed) {
    let (all, lone) = sets::all(case, policy);
    expected.without_set = lone.len() as u64;
    let mut best: Option<((usize, usize), Refused)> = None;
    for set in &all {
        let refused = sets::explain(case, policy, set, None);
        let near = near(case, policy, set);
        let good = case.subject.members.len() - refused.because.len();
        if best.as_ref().is_none_or(|(known, _)| (near, good) > *known) {
            best = Some(((near, good), refused.clone()));
        }
        if expected.refused.len() < REFUSED_KEPT_MAX {
            expected.refused.push(refused);
        } else {
            expected.refused_more += 1;
        }
    }
    if let Some((_, closest)) = best {
        if expected.blamed.is_empty() {
            expected.blamed = closest.because.iter().map(|because| because.vm.clone()).collect();
        }
        expected.closest = vec![closest];
    }
}

/// Members with a point of the set that is admissible or only too old.
fn near(case: Case<'_>, policy: &Policy, set: &sets::Full<'_>) -> usize {
    let close = |point: &crate::inventory::Point| {
        let reasons = judge::reasons(case, policy, point);
        reasons.is_empty() || reasons == [Reason::TooOld]
    };
    set.by_member().filter(|points| points.iter().any(|point| close(point))).count()
}
