//! Plain search: nothing but the table of the language, tried on everything.

use std::collections::BTreeSet;

use musterpoint::base::Timestamp;
use musterpoint::inventory::{Inventory, Point, PointKind};
use musterpoint::model::{Policy, PolicyKind};

use crate::estate::*;

pub(crate) fn fits(inventory: &Inventory, policy: &Policy, point: &Point) -> bool {
    let app = matches!(policy.kind, PolicyKind::LatestApp | PolicyKind::CommonApp);
    let age = NOW * 1_000_000_000 - point.at.as_nanos();
    point.usable
        && (policy.kind == PolicyKind::Latest || point.processed)
        && (!app || point.kind != PointKind::Crash)
        && policy.max_age.is_none_or(|most| age <= i64::try_from(most.as_nanos()).unwrap())
        && policy.as_of.is_none_or(|latest| point.at <= latest)
        && policy.tag.as_ref().is_none_or(|tag| {
            inventory.tag_sets[point.tags.0 as usize].iter().any(|known| inventory.text(*known) == tag)
        })
        && match &policy.kind {
            PolicyKind::Id(id) => inventory.text(point.id) == id,
            _ => true,
        }
}

/// A complete set: its name, then the point of each member.
pub(crate) type Whole<'a> = (String, Vec<&'a Point>);

pub(crate) fn wholes<'a>(inventory: &'a Inventory, members: &[usize], policy: &Policy) -> Vec<Whole<'a>> {
    let points = |member: &usize| &inventory.vms[&format!("v{member}")].points;
    let ids: BTreeSet<&str> =
        members.iter().flat_map(&points).filter_map(|p| p.set.map(|s| inventory.text(s))).collect();
    let instants: BTreeSet<Timestamp> = members.iter().flat_map(&points).map(|p| p.at).collect();
    let mut found = Vec::new();
    let mut add = |name: String, belongs: &dyn Fn(&Point) -> bool| {
        let picks: Option<Vec<&Point>> = members
            .iter()
            .map(|m| points(m).iter().find(|p| belongs(p) && fits(inventory, policy, p)))
            .collect();
        found.extend(picks.filter(|picks| !picks.is_empty()).map(|picks| (name, picks)));
    };
    if ids.is_empty() {
        for instant in instants {
            add(String::new(), &|point| point.at == instant);
        }
    } else {
        for id in ids {
            add(id.to_owned(), &|point| point.set.is_some_and(|set| inventory.text(set) == id));
        }
    }
    found
}

pub(crate) fn best_common<'a>(
    inventory: &'a Inventory,
    members: &[usize],
    policy: &Policy,
) -> Option<Whole<'a>> {
    wholes(inventory, members, policy).into_iter().max_by_key(|(name, picks)| {
        let instants: Vec<Timestamp> = picks.iter().map(|p| p.at).collect();
        (instants.iter().min().copied(), instants, std::cmp::Reverse(name.clone()))
    })
}

pub(crate) fn best<'a>(
    inventory: &'a Inventory,
    members: &[usize],
    policy: &Policy,
) -> Option<Vec<&'a Point>> {
    if policy.kind.is_common() {
        return best_common(inventory, members, policy).map(|(_, picks)| picks);
    }
    if matches!(policy.kind, PolicyKind::Id(_)) {
        return None;
    }
    let points = |member: &usize| &inventory.vms[&format!("v{member}")].points;
    members.iter().map(|m| points(m).iter().find(|p| fits(inventory, policy, p))).collect()
}

/// The best alignment: the oldest instant, then each group's, by trying every combination.
pub(crate) fn best_align(
    inventory: &Inventory,
    groups: &[Vec<usize>],
    policies: &[Policy],
    within: i64,
) -> Option<(Timestamp, Vec<Timestamp>)> {
    let mut combinations: Vec<Vec<&Point>> = vec![Vec::new()];
    let mut keys: Vec<Vec<Timestamp>> = vec![Vec::new()];
    for (members, policy) in groups.iter().zip(policies) {
        let (mut next, mut next_keys) = (Vec::new(), Vec::new());
        for (_, picks) in wholes(inventory, members, policy) {
            for (so_far, key) in combinations.iter().zip(&keys) {
                next.push(so_far.iter().chain(&picks).copied().collect());
                let oldest = picks.iter().map(|p| p.at).min().unwrap();
                next_keys.push(key.iter().copied().chain([oldest]).collect());
            }
        }
        (combinations, keys) = (next, next_keys);
    }
    let spread = |points: &[&Point]| {
        let instants = || points.iter().map(|p| p.at.as_nanos());
        instants().max().unwrap_or(0) - instants().min().unwrap_or(0)
    };
    combinations
        .iter()
        .zip(keys)
        .filter(|(points, _)| !points.is_empty() && spread(points) <= within * 1_000_000_000)
        .map(|(_, keys)| (keys.iter().min().copied().unwrap(), keys))
        .max()
}

pub(crate) fn subsets(of: &[usize]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for member in of {
        all.extend(all.clone().into_iter().map(|mut set| {
            set.push(*member);
            set
        }));
    }
    all.sort_by_key(|set| (set.len(), set.clone()));
    all
}
