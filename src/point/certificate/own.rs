//! Judges independent points: each machine's own newest.

use super::{Case, Expected, judge, points_of, same};
use crate::base::limits::{REFUSED_KEPT_MAX, REFUSED_OF_ONE_MAX};
use crate::inventory::Point;
use crate::model::Policy;
use crate::point::{Because, Member, Reason, Refused};

/// What a choice of these points must say; refuses a pick that is not its machine's newest admissible point.
pub(super) fn expected(case: Case<'_>, policy: &Policy, picked: &[&Point]) -> Result<Expected, String> {
    for (member, pick) in case.subject.members.iter().zip(picked) {
        let best = points_of(case, member)
            .iter()
            .find(|point| judge::reasons(case, policy, point).is_empty())
            .map(|point| case.inventory.text(point.id));
        same("newest admissible point", &Some(case.inventory.text(pick.id)), &best)?;
    }
    Ok(refused(case, policy, picked))
}

/// The points of each member before its pick; of a member without one, all.
pub(super) fn refused(case: Case<'_>, policy: &Policy, picked: &[&Point]) -> Expected {
    let share = std::cmp::max(1, REFUSED_KEPT_MAX / std::cmp::max(1, case.subject.members.len()));
    let share = std::cmp::min(share, REFUSED_OF_ONE_MAX);
    let (mut kept, mut all) = (Vec::new(), 0);
    for member in &case.subject.members {
        let mut of_member = 0;
        for point in points_of(case, member) {
            if picked.iter().any(|pick| std::ptr::eq(*pick, point)) {
                break;
            }
            all += 1;
            if of_member < share && kept.len() < REFUSED_KEPT_MAX {
                kept.push(entry(case, policy, member, point));
                of_member += 1;
            }
        }
    }
    let refused_more = all - kept.len() as u64;
    Expected { refused: kept, refused_more, without_set: 0, limiting: None }
}

fn entry(case: Case<'_>, policy: &Policy, member: &Member, point: &Point) -> Refused {
    let reasons = judge::reasons(case, policy, point);
    Refused {
        set: None,
        point: Some(case.inventory.text(point.id).to_owned()),
        at: point.at,
        because: vec![Because { vm: member.name.clone(), reasons }],
    }
}

/// Of a member without an admissible point, the one that came closest.
pub(super) fn closest(case: Case<'_>, policy: &Policy, member: &Member) -> Option<Refused> {
    let mut best: Option<(usize, Refused)> = None;
    for point in points_of(case, member) {
        let found = entry(case, policy, member, point);
        let reasons: Vec<Reason> = found.because.iter().flat_map(|because| because.reasons.clone()).collect();
        let distance = match reasons.as_slice() {
            [Reason::TooOld] => 0,
            other if other.contains(&Reason::OtherId) => 8 + other.len(),
            other => other.len(),
        };
        if best.as_ref().is_none_or(|(known, _)| distance < *known) {
            best = Some((distance, found));
        }
    }
    best.map(|(_, found)| found)
}
