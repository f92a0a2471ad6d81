//! The sets of a group, newest first: a merge of the members' points that goes no deeper than it is asked.
//! A set is as old as its oldest point. Says which sets are complete; explaining the others is `candidates`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::judge::{Judge, TOO_OLD};
use crate::base::Timestamp;
use crate::inventory::{Point, Symbol};

/// No point, in a `Place`.
const NONE: u32 = u32::MAX;
/// A point that is only too old, in `Place::good`.
const NEAR: u32 = u32::MAX - 1;

/// Where a set's points stand in one member's timeline.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The newest of the set.
    first: u32,
    /// The newest admissible one, or `NEAR`, or `NONE`.
    good: u32,
}

/// A set of which at least one point was met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Its id; none where instants make the sets.
    pub(super) set: Option<Symbol>,
    /// Its newest instant.
    pub(super) first: Timestamp,
    /// Members with an admissible point of it.
    pub(super) good: usize,
    /// Members with one that is admissible or only too old.
    pub(super) near: usize,
}

/// A complete set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Its place in `SetWalk::seen`.
    pub(super) index: usize,
    /// Its oldest instant.
    pub(super) key: Timestamp,
    /// Points of no set that are newer than `key`.
    pub(super) without_set: u64,
}

/// How far the walk has come on one member.
#[derive(Clone, Copy, Debug)]
struct Head<'a> {
    /// The instant of the next point.
    at: Option<Timestamp>,
    /// Its place.
    cursor: usize,
    points: &'a [Point],
}

/// The walk through the points of a group.
#[derive(Debug)]
pub(super) struct SetWalk<'a> {
    pub(super) judge: Judge<'a>,
    pub(super) timelines: Vec<&'a [Point]>,
    /// Sets in the order met, so with falling `first`.
    pub(super) seen: Vec<Seen>,
    /// Whether instants make the sets, because no member reports any set id.
    pub(super) by_instant: bool,
    /// Points of no set met so far.
    pub(super) without_set: u64,
    places: Vec<Place>,
    index: HashMap<Symbol, usize, BuildHasherDefault<SymbolHasher>>,
    heads: Vec<Head<'a>>,
    /// Complete and not yet handed out, the best last.
    ready: Vec<Found>,
}

impl<'a> SetWalk<'a> {
    /// A walk that has not begun.
    pub(super) fn new(timelines: Vec<&'a [Point]>, judge: Judge<'a>) -> Self {
        let by_instant = timelines.iter().all(|points| points.iter().all(|point| point.set.is_none()));
        Self {
            judge,
            heads: timelines
                .iter()
                .map(|points| Head { at: points.first().map(|point| point.at), cursor: 0, points })
                .collect(),
            timelines,
            seen: Vec::new(),
            by_instant,
            without_set: 0,
            places: Vec::new(),
            index: HashMap::default(),
            ready: Vec::new(),
        }
    }

    /// The next complete set: those whose oldest point is newest come first; among equals the one with newer
    /// points in plan order, then the smaller id.
    pub(super) fn next(&mut self) -> Option<Found> {
        while self.ready.is_empty() {
            let instant = self.heads.iter().map(|head| head.at).max().flatten()?;
            self.step(instant);
        }
        self.ready.pop()
    }

    /// Takes all points of one instant.
    fn step(&mut self, instant: Timestamp) {
        let without_set = self.without_set;
        let mut last: Option<(Symbol, usize)> = None;
        if self.by_instant {
            self.meet(None, instant);
        }
        let mut heads = std::mem::take(&mut self.heads);
        for (member, head) in heads.iter_mut().enumerate().filter(|(_, head)| head.at == Some(instant)) {
            head.at = None;
            while let Some(point) = head.points.get(head.cursor) {
                if point.at != instant {
                    head.at = Some(point.at);
                    break;
                }
                match self.set_of(point, instant, &mut last) {
                    Some(index) => self.take(index, member, head.cursor, point, without_set),
                    None => self.without_set += 1,
                }
                head.cursor += 1;
            }
        }
        self.heads = heads;
        if self.ready.len() > 1 {
            let mut ready = std::mem::take(&mut self.ready);
            ready.sort_by(|one, other| self.rank(one).cmp(&self.rank(other)));
            self.ready = ready;
        }
    }

    /// The set of a point, met before or now; none if it belongs to none. Members mostly report the same set
    /// at the same instant, so the last one is tried first.
    fn set_of(
        &mut self,
        point: &Point,
        instant: Timestamp,
        last: &mut Option<(Symbol, usize)>,
    ) -> Option<usize> {
        if self.by_instant {
            return self.seen.len().checked_sub(1);
        }
        let set = point.set?;
        if let Some((_, index)) = last.filter(|(known, _)| *known == set) {
            return Some(index);
        }
        let index = match self.index.get(&set) {
            Some(index) => *index,
            None => self.meet(Some(set), instant),
        };
        *last = Some((set, index));
        Some(index)
    }

    fn meet(&mut self, set: Option<Symbol>, first: Timestamp) -> usize {
        let index = self.seen.len();
        self.seen.push(Seen { set, first, good: 0, near: 0 });
        self.places.resize(self.places.len() + self.timelines.len(), Place { first: NONE, good: NONE });
        if let Some(set) = set {
            self.index.insert(set, index);
        }
        index
    }

    fn take(&mut self, index: usize, member: usize, cursor: usize, point: &Point, without_set: u64) {
        let members = self.timelines.len();
        let faults = self.judge.faults(point);
        let cursor = u32::try_from(cursor).unwrap_or(NEAR - 1);
        let (Some(place), Some(seen)) =
            (self.places.get_mut(index * members + member), self.seen.get_mut(index))
        else {
            return;
        };
        if place.first == NONE {
            place.first = cursor;
        }
        if place.good == NONE && (faults == 0 || faults == TOO_OLD) {
            place.good = NEAR;
            seen.near += 1;
        }
        if place.good == NEAR && faults == 0 {
            place.good = cursor;
            seen.good += 1;
            if seen.good == members {
                self.ready.push(Found { index, key: point.at, without_set });
            }
        }
    }

    /// Greater is better.
    fn rank(&self, found: &Found) -> (Vec<Option<Timestamp>>, std::cmp::Reverse<&'a str>) {
        let instants = (0..self.timelines.len()).map(|member| self.good(found.index, member).map(|p| p.at));
        let id = self.seen.get(found.index).and_then(|seen| seen.set);
        (instants.collect(), std::cmp::Reverse(id.map_or("", |id| self.judge.inventory.text(id))))
    }

    fn place(&self, index: usize, member: usize) -> Option<Place> {
        self.places.get(index * self.timelines.len() + member).copied()
    }

    /// The newest admissible point of a set on a member, if one was met.
    pub(super) fn good(&self, index: usize, member: usize) -> Option<&'a Point> {
        let place = self.place(index, member)?;
        self.timelines.get(member)?.get(place.good as usize)
    }

    /// The newest point of a set on a member, if one was met.
    pub(super) fn first(&self, index: usize, member: usize) -> Option<&'a Point> {
        let place = self.place(index, member)?;
        self.timelines.get(member)?.get(place.first as usize)
    }

    /// The points of a member that were not met yet.
    pub(super) fn rest(&self, member: usize) -> &'a [Point] {
        self.heads.get(member).and_then(|head| head.points.get(head.cursor..)).unwrap_or_default()
    }
}

/// Spreads the bits of a symbol. Symbols are small numbers that the reader counted up, never hostile.
#[derive(Default)]
struct SymbolHasher(u64);

impl Hasher for SymbolHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }
    fn write_u32(&mut self, value: u32) {
        let mixed = (self.0 ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
