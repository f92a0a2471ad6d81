//! What is wrong with a point, read off the language's table of policies.

use super::Case;
use crate::inventory::{Point, PointKind};
use crate::model::{Policy, PolicyKind};
use crate::point::{Pending, Reason};

/// All reasons against a point, in the order of `Reason`; none if it is admissible.
pub(super) fn reasons(case: Case<'_>, policy: &Policy, point: &Point) -> Vec<Reason> {
    let mut found = Vec::new();
    let processed_wanted = match policy.kind {
        PolicyKind::Latest => case.subject.pending == Pending::Done,
        PolicyKind::LatestProcessed
        | PolicyKind::LatestApp
        | PolicyKind::Common
        | PolicyKind::CommonApp
        | PolicyKind::Id(_) => true,
    };
    let app_wanted = match policy.kind {
        PolicyKind::LatestApp | PolicyKind::CommonApp => true,
        PolicyKind::Latest | PolicyKind::LatestProcessed | PolicyKind::Common | PolicyKind::Id(_) => false,
    };
    if !point.usable {
        found.push(Reason::NotUsable);
    }
    if processed_wanted && !point.processed {
        found.push(Reason::NotProcessed);
    }
    if app_wanted && !matches!(point.kind, PointKind::App | PointKind::Final) {
        found.push(Reason::NotAppConsistent);
    }
    let age = i128::from(case.reference.as_nanos()) - i128::from(point.at.as_nanos());
    if policy.max_age.is_some_and(|most| age > i128::try_from(most.as_nanos()).unwrap_or(i128::MAX)) {
        found.push(Reason::TooOld);
    }
    if policy.as_of.is_some_and(|latest| latest < point.at) {
        found.push(Reason::AfterAsOf);
    }
    if let Some(tag) = &policy.tag {
        let tags = case.inventory.tag_sets.get(point.tags.0 as usize).map_or(&[][..], Vec::as_slice);
        if !tags.iter().any(|known| case.inventory.text(*known) == tag) {
            found.push(Reason::WithoutTag);
        }
    }
    if let PolicyKind::Id(id) = &policy.kind
        && case.inventory.text(point.id) != id
    {
        found.push(Reason::OtherId);
    }
    found
}
