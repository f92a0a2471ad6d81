//! The recovery points that come as time passes. They follow from the seed, the grid and the time, and are
//! made when somebody looks: no task makes them. Knows machines, never the database.

use std::time::Duration;

use crate::base::{Chance, Timestamp};
use crate::inventory::PointKind;

use super::machine::{KeptPoint, Pending, SimMachine};
use super::settings::Settings;

const SECOND: i64 = 1_000_000_000;
const HOUR_S: i64 = 3600;
/// An app-consistent point is taken that long after the crash-consistent one of its hour.
const APP_DELAY_S: i64 = 60;
/// Points of one stream that are looked at, so that a grid of seconds over months stays bounded: a week of
/// five-minute points, three times over.
const GRID_MAX: i64 = 6048;

/// A time in which a site cannot be reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    pub(super) site: String,
    pub(super) from: Timestamp,
    /// The first instant at which it can be reached again.
    pub(super) to: Timestamp,
}

impl Cut {
    pub(super) fn holds(&self, site: &str, at: Timestamp) -> bool {
        self.site == site && self.from <= at && at < self.to
    }
}

/// What replication depends on besides the machine.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) seed: u64,
    pub(super) settings: Settings,
    pub(super) cuts: Vec<Cut>,
}

impl Rules {
    /// Whether data can flow between the machine's sites.
    fn flows(&self, machine: &SimMachine, at: Timestamp) -> bool {
        !self.cuts.iter().any(|cut| touches(cut, machine) && cut.from <= at && at < cut.to)
    }

    /// The last instant whose data has been received: now, or the beginning of the cut under way.
    fn head(&self, machine: &SimMachine, now: Timestamp) -> Timestamp {
        let mut head = now;
        for cut in self.cuts.iter().filter(|cut| touches(cut, machine)) {
            if cut.from <= head && now < cut.to {
                head = head.min(cut.from);
            }
        }
        head
    }

    fn change_rate(&self, machine: &SimMachine) -> u64 {
        let own = self.settings.vm(&machine.name).and_then(|vm| vm.change_rate);
        own.unwrap_or_else(|| 50_000 + Chance::of(self.seed, &["rate", &machine.name]).below(1_950_000))
    }

    fn replicates(&self, machine: &SimMachine) -> bool {
        self.settings.vm(&machine.name).is_none_or(|vm| vm.replicates)
    }
}

fn touches(cut: &Cut, machine: &SimMachine) -> bool {
    cut.site == machine.active.site || machine.replicates_to.as_ref() == Some(&cut.site)
}

/// All points of a machine, newest first.
pub(super) fn points(rules: &Rules, machine: &SimMachine, now: Timestamp) -> Vec<KeptPoint> {
    let mut all = streamed(rules, machine, now);
    // A point that was asked for at an instant of the grid is that instant's point.
    all.retain(|point| !machine.kept.iter().any(|kept| kept.at == point.at && kept.id == point.id));
    let newest = all.iter().map(|point| point.at).max();
    let oldest_kept = newest.map(|newest| {
        let shown = Duration::from_secs(machine.shown_age_s);
        newest.minus(rules.settings.replication.retention.0.max(shown))
    });
    let kept = machine.kept.iter().filter(|point| oldest_kept.is_none_or(|oldest| point.at >= oldest));
    all.extend(kept.cloned());
    // Stable, so that equal instants stay as they were reported.
    all.sort_by_key(|point| std::cmp::Reverse(point.at));
    all
}

/// Whether a point is processed.
pub(super) fn processed(machine: &SimMachine, point: &KeptPoint, now: Timestamp) -> bool {
    point.processed_at.is_some_and(|at| at <= now)
        || machine.processed_through.is_some_and(|through| point.at <= through)
}

/// Data received and not yet in a point, in bytes.
pub(super) fn pending_bytes(rules: &Rules, machine: &SimMachine, now: Timestamp) -> u64 {
    if machine.streaming_since.is_none() || !rules.replicates(machine) {
        return machine.pending.bytes;
    }
    let head = rules.head(machine, now);
    let newest = streamed(rules, machine, now).iter().map(|point| point.at).max();
    let (base, since) = match newest.filter(|at| *at > machine.pending.since) {
        Some(at) => (0, at),
        None => (machine.pending.bytes, machine.pending.since),
    };
    let passed_s = head.since(since).as_secs();
    base.saturating_add(rules.change_rate(machine).saturating_mul(passed_s))
}

/// Replication of the active copy begins.
pub(super) fn begin(machine: &mut SimMachine, at: Timestamp) {
    machine.streaming_since = Some(at);
    machine.pending = Pending { bytes: 0, since: at };
}

/// Replication ends: what it had made so far becomes fixed.
pub(super) fn end(rules: &Rules, machine: &mut SimMachine, at: Timestamp) {
    if machine.streaming_since.is_none() {
        return;
    }
    let bytes = pending_bytes(rules, machine, at);
    machine.kept = points(rules, machine, at);
    machine.streaming_since = None;
    machine.pending = Pending { bytes, since: at };
}

/// Makes a point of the data received until `at`, if any waits; all that is received is then processed.
pub(super) fn process(rules: &Rules, machine: &mut SimMachine, at: Timestamp) -> Option<String> {
    let waiting = pending_bytes(rules, machine, at);
    machine.processed_through = Some(at);
    if waiting == 0 {
        return None;
    }
    let head = rules.head(machine, at).min(machine.streaming_since.map_or(machine.pending.since, |_| at));
    machine.pending = Pending { bytes: 0, since: head };
    Some(take(machine, whole_second(head), PointKind::Crash, None))
}

/// Adds a processed point and says its id.
pub(super) fn take(machine: &mut SimMachine, at: Timestamp, kind: PointKind, set: Option<String>) -> String {
    let stem = point_id(kind, at);
    let taken = |id: &String| machine.kept.iter().any(|point| point.id == *id);
    let mut id = stem.clone();
    let mut number = 2_usize;
    while taken(&id) {
        id = format!("{stem}-{number}");
        number += 1;
    }
    let point =
        KeptPoint { id: id.clone(), at, kind, set, tags: Vec::new(), processed_at: Some(at), usable: true };
    machine.kept.push(point);
    id
}

/// The name of a set that a group takes.
pub(super) fn set_id(group: &str, kind: PointKind, at: Timestamp) -> String {
    format!("{group}-{}", point_id(kind, at))
}

/// The instant without its fraction of a second.
pub(super) const fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.as_nanos().div_euclid(SECOND))
}

fn point_id(kind: PointKind, at: Timestamp) -> String {
    let letter = match kind {
        PointKind::Crash => 'c',
        PointKind::App => 'a',
        PointKind::Final => 'f',
    };
    let text = at.to_string();
    let plain = text.chars().filter(|c| *c != '-' && *c != ':');
    std::iter::once(letter).chain(std::iter::once('-')).chain(plain).collect()
}

/// What the stream under way has made and kept: everything young, of what is older one an hour.
fn streamed(rules: &Rules, machine: &SimMachine, now: Timestamp) -> Vec<KeptPoint> {
    let Some(since) = machine.streaming_since.filter(|_| rules.replicates(machine)) else {
        return Vec::new();
    };
    let replication = &rules.settings.replication;
    let step = seconds(replication.crash_every.0).max(1);
    let head = rules.head(machine, now);
    let young = seconds_of(head.minus(replication.keep_all.0));
    let first = seconds_of(since.max(head.minus(replication.retention.0)));
    let phase = i64::try_from(machine.phase_s).unwrap_or(0).rem_euclid(step);
    let last = seconds_of(head);
    let first = first.max(last.saturating_sub(step.saturating_mul(GRID_MAX)));
    let mut found = Vec::new();
    let mut at_s = (first - phase).div_euclid(step) * step + phase;
    while at_s <= last {
        for (kind, taken_s) in taken_at(at_s, step, seconds(replication.app_every.0)) {
            let at = Timestamp::from_seconds(taken_s);
            let keeps = taken_s > young || thinned_keeps(kind, at_s, step, seconds(replication.app_every.0));
            let in_range = at > since && at <= head && taken_s >= first;
            if keeps && in_range && rules.flows(machine, at) {
                found.push(grid_point(rules, machine, kind, at));
            }
        }
        at_s += step;
    }
    found
}

/// What is taken at one instant of the grid: a crash-consistent point, and once an hour an app-consistent
/// one shortly after it.
fn taken_at(at_s: i64, step: i64, app_every: i64) -> impl Iterator<Item = (PointKind, i64)> {
    let app = app_every > 0 && at_s.rem_euclid(app_every) < step;
    let app = app.then_some((PointKind::App, at_s + APP_DELAY_S.min(step / 2)));
    std::iter::once((PointKind::Crash, at_s)).chain(app)
}

/// Of an hour that is no longer young, its first app-consistent point stays, or its first one.
const fn thinned_keeps(kind: PointKind, at_s: i64, step: i64, app_every: i64) -> bool {
    let first_of_hour = at_s.rem_euclid(HOUR_S) < step;
    let app_this_hour = app_every > 0 && at_s.rem_euclid(app_every) < step;
    match kind {
        PointKind::App => first_of_hour,
        PointKind::Crash | PointKind::Final => first_of_hour && !app_this_hour,
    }
}

fn grid_point(rules: &Rules, machine: &SimMachine, kind: PointKind, at: Timestamp) -> KeptPoint {
    let lag = Chance::of(rules.seed, &["lag", &machine.name]).instant(at).seconds(20, 150);
    KeptPoint {
        id: point_id(kind, at),
        at,
        kind,
        set: machine.group.as_ref().map(|group| set_id(group, kind, at)),
        tags: Vec::new(),
        processed_at: Some(at.plus(lag)),
        usable: true,
    }
}

const fn seconds_of(at: Timestamp) -> i64 {
    at.as_nanos().div_euclid(SECOND)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / SECOND)
}
