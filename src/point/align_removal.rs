//! The fewest machines without which groups could be aligned. Exact in number for every size: for a fixed
//! window each group loses the members that lack its best set there, independently of the other groups.

use std::collections::HashMap;
use std::time::Duration;

use super::sets::SetWalk;
use super::subject::Subject;
use crate::base::Timestamp;
use crate::base::limits::ALIGN_TIES_MAX;
use crate::model::VmId;

/// Machines to leave out.
#[derive(Debug, Default)]
pub(super) struct Removal {
    /// Their names, in plan order.
    pub(super) members: Vec<String>,
    /// Whether they are proved first in plan order among equally few.
    pub(super) exact: bool,
}

/// One way to form sets in a group: by id, or by instant among the members that report no ids.
#[derive(Debug)]
struct Table {
    group: usize,
    /// For each set the members that hold it, with the instant.
    sets: Vec<Vec<(usize, Timestamp)>>,
    /// For each set how many of its points lie in the window.
    inside: Vec<usize>,
    /// How many sets have so many points in the window.
    having: Vec<usize>,
    /// The most points that a set has in the window.
    most: usize,
}

/// A point that enters and leaves the window.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Timestamp,
    table: usize,
    set: usize,
}

/// The smallest removal, or nothing where no machine has an admissible point that could be kept; `walks` may
/// have been walked to any depth.
pub(super) fn smallest_removal(mut walks: Vec<(&Subject, SetWalk<'_>)>, within: Duration) -> Option<Removal> {
    let mut tables = Vec::new();
    for (group, (subject, walk)) in walks.iter_mut().enumerate() {
        while walk.next().is_some() {}
        tables.push(by_walk(group, subject, walk));
        if !walk.by_instant {
            tables.push(by_instant(group, subject, walk));
        }
    }
    let subjects: Vec<&Subject> = walks.iter().map(|(subject, _)| *subject).collect();
    slide(&mut tables, &subjects, within)
}

fn by_walk(group: usize, subject: &Subject, walk: &SetWalk<'_>) -> Table {
    let sets = (0..walk.seen.len())
        .map(|index| {
            let members = 0..subject.members.len();
            members.filter_map(|member| Some((member, walk.good(index, member)?.at))).collect()
        })
        .collect();
    Table::new(group, sets, subject.members.len())
}

/// Once every member that reports set ids is gone, equal instants make sets.
fn by_instant(group: usize, subject: &Subject, walk: &SetWalk<'_>) -> Table {
    let mut index: HashMap<Timestamp, usize> = HashMap::new();
    let mut sets: Vec<Vec<(usize, Timestamp)>> = Vec::new();
    for (member, points) in walk.timelines.iter().enumerate() {
        if points.iter().any(|point| point.set.is_some()) {
            continue;
        }
        for point in points.iter().filter(|point| walk.judge.faults(point) == 0) {
            let set = *index.entry(point.at).or_insert(sets.len());
            if set == sets.len() {
                sets.push(Vec::new());
            }
            if let Some(holders) = sets.get_mut(set).filter(|set| set.last() != Some(&(member, point.at))) {
                holders.push((member, point.at));
            }
        }
    }
    Table::new(group, sets, subject.members.len())
}

impl Table {
    fn new(group: usize, sets: Vec<Vec<(usize, Timestamp)>>, members: usize) -> Self {
        let mut having = vec![0; members + 1];
        if let Some(none) = having.first_mut() {
            *none = sets.len();
        }
        Self { group, inside: vec![0; sets.len()], sets, having, most: 0 }
    }

    fn change(&mut self, set: usize, step: isize) {
        let Some(count) = self.inside.get_mut(set) else { return };
        let next = count.saturating_add_signed(step);
        if let Some(having) = self.having.get_mut(*count) {
            *having -= 1;
        }
        if let Some(having) = self.having.get_mut(next) {
            *having += 1;
        }
        *count = next;
        self.most = self.most.max(next);
        while self.most > 0 && self.having.get(self.most) == Some(&0) {
            self.most -= 1;
        }
    }

    /// The members, by their place, that hold no point of `set` between the two instants.
    fn lacking(&self, set: usize, members: usize, floor: Timestamp, latest: Timestamp) -> Vec<usize> {
        let holders = self.sets.get(set).map(Vec::as_slice).unwrap_or_default();
        let holds = |member: usize| {
            holders.iter().any(|(holder, at)| *holder == member && *at >= floor && *at <= latest)
        };
        (0..members).filter(|member| !holds(*member)).collect()
    }
}

/// Moves a window of length `within` down through all points and keeps the smallest removal.
fn slide(tables: &mut [Table], subjects: &[&Subject], within: Duration) -> Option<Removal> {
    let mut entries: Vec<Entry> = Vec::new();
    for (table, content) in tables.iter().enumerate() {
        for (set, holders) in content.sets.iter().enumerate() {
            entries.extend(holders.iter().map(|(_, at)| Entry { at: *at, table, set }));
        }
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    let total: usize = subjects.iter().map(|subject| subject.members.len()).sum();
    let mut best: Option<Vec<(VmId, &str)>> = None;
    let (mut entered, mut left, mut budget, mut exact) = (0, 0, ALIGN_TIES_MAX, true);
    while let Some(Entry { at: floor, .. }) = entries.get(entered).copied() {
        while let Some(entry) = entries.get(entered).filter(|entry| entry.at == floor) {
            change(tables, *entry, 1);
            entered += 1;
        }
        let latest = floor.plus(within);
        while let Some(entry) = entries.get(left).filter(|entry| entry.at > latest) {
            change(tables, *entry, -1);
            left += 1;
        }
        let cost = total - kept(tables, subjects.len());
        let known = best.as_ref().map_or(usize::MAX, Vec::len);
        if cost > known || (cost == known && !exact) {
            continue;
        }
        let next = removal(tables, subjects, floor, latest, &mut budget);
        exact = budget > 0;
        if cost < known || best.as_ref().is_some_and(|best| next < *best) {
            best = Some(next);
        }
    }
    let members = best?.into_iter().map(|(_, name)| name.to_owned()).collect();
    Some(Removal { members, exact })
}

fn change(tables: &mut [Table], entry: Entry, step: isize) {
    if let Some(table) = tables.get_mut(entry.table) {
        table.change(entry.set, step);
    }
}

/// How many machines can stay in this window.
fn kept(tables: &[Table], groups: usize) -> usize {
    let of = |group: usize| tables.iter().filter(move |table| table.group == group).map(|table| table.most);
    (0..groups).map(|group| of(group).max().unwrap_or(0)).sum()
}

/// The machines to leave out for this window; among equally few of a group the first in plan order.
fn removal<'a>(
    tables: &[Table],
    subjects: &[&'a Subject],
    floor: Timestamp,
    latest: Timestamp,
    budget: &mut usize,
) -> Vec<(VmId, &'a str)> {
    let mut all = Vec::new();
    for (group, subject) in subjects.iter().enumerate() {
        let own = || tables.iter().filter(move |table| table.group == group);
        let most = own().map(|table| table.most).max().unwrap_or(0);
        let name = |member: usize| subject.members.get(member).map(|m| (m.vm, m.name.as_str()));
        let mut best: Option<Vec<(VmId, &str)>> = None;
        for table in own().filter(|table| table.most == most && most > 0) {
            for (set, inside) in table.inside.iter().enumerate() {
                if *budget == 0 && best.is_some() {
                    break;
                }
                *budget = budget.saturating_sub(1);
                if *inside == most {
                    let lacking = table.lacking(set, subject.members.len(), floor, latest);
                    let mut names: Vec<(VmId, &str)> = lacking.into_iter().filter_map(name).collect();
                    names.sort_unstable();
                    if best.as_ref().is_none_or(|best| names < *best) {
                        best = Some(names);
                    }
                }
            }
        }
        all.extend(best.unwrap_or_else(|| (0..subject.members.len()).filter_map(name).collect()));
    }
    all.sort_unstable();
    all
}
