//! Points at a site and the files that they stand on: which are needed, which can go, and how they
//! go. Deletes by recorded path only.

use std::collections::BTreeSet;

use super::describe::Side;
use super::files;
use super::hands::Hands;
use super::record::{PointRecord, PointState, VmRecord};
use crate::estate::trouble::Trouble;

/// Points of one machine at one site: far more than are ever kept.
const POINTS_MAX: usize = 100_000;

/// All points of a machine that a site holds, by id.
pub(super) fn points(hands: &Hands<'_>, side: Side, vm: &str) -> Result<Vec<PointRecord>, Trouble> {
    let folder = hands.estate.layout.points(hands.site(side), vm);
    let mut found = Vec::new();
    for path in files::json_files(&folder)?.into_iter().take(POINTS_MAX) {
        found.extend(files::read_json::<PointRecord>(&path)?);
    }
    Ok(found)
}

/// One point.
pub(super) fn point(
    hands: &Hands<'_>,
    side: Side,
    vm: &str,
    id: &str,
) -> Result<Option<PointRecord>, Trouble> {
    // An id becomes a file name, and may come from a person.
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Ok(None);
    }
    files::read_json(&hands.estate.layout.point(hands.site(side), vm, id))
}

/// Declares a point, or says what became of it.
pub(super) fn keep(hands: &Hands<'_>, side: Side, record: &PointRecord) -> Result<(), Trouble> {
    files::write_json(&hands.estate.layout.point(hands.site(side), &record.vm, &record.id), record)
}

/// A point with all that it stands on, itself first.
pub(super) fn line<'p>(points: &'p [PointRecord], id: &str) -> Vec<&'p PointRecord> {
    let mut found: Vec<&PointRecord> = Vec::new();
    let mut wanted = Some(id);
    while let Some(record) = wanted.and_then(|id| points.iter().find(|record| record.id == id)) {
        if found.len() > points.len() {
            break;
        }
        found.push(record);
        wanted = record.parent.as_deref();
    }
    found
}

/// What is wrong with a point that stands on these, itself first: the first of them that is damaged.
pub(super) fn damage(line: &[&PointRecord]) -> Option<String> {
    line.iter().find_map(|point| {
        let why = point.damaged.as_deref()?;
        let same = line.first().is_some_and(|first| first.id == point.id);
        Some(if same { why.to_owned() } else { format!("it stands on `{}`: {why}", point.id) })
    })
}

/// How a file names the one it stands on. Disks and points lie equally deep in their site.
pub(super) fn backing(of: &str, stands_on: &str) -> String {
    match (of.rsplit_once('/'), stands_on.rsplit_once('/')) {
        (Some((folder, _)), Some((other, name))) if folder == other => name.to_owned(),
        (Some(_), _) => format!("../../{stands_on}"),
        (None, _) => stands_on.to_owned(),
    }
}

/// Forgets a point: its offer first, then its files, then its record. A file that another point
/// took over in a merge is that point's.
fn delete(
    hands: &Hands<'_>,
    side: Side,
    points: &[PointRecord],
    mut record: PointRecord,
) -> Result<(), Trouble> {
    if record.state == PointState::Complete {
        record.state = PointState::Base;
        keep(hands, side, &record)?;
    }
    for disk in record.disks.values() {
        let others = points.iter().filter(|other| other.id != record.id);
        if !others.flat_map(|other| other.disks.values()).any(|other| other.file == disk.file) {
            files::remove(&hands.file(side, &disk.file))?;
        }
    }
    for file in &record.discard {
        files::remove(&hands.file(side, file))?;
    }
    files::remove(&hands.estate.layout.point(hands.site(side), &record.vm, &record.id))
}

/// Withdraws all points of a machine at a site. The files stay until `sweep`.
pub(super) fn withdraw(hands: &Hands<'_>, side: Side, vm: &str) -> Result<(), Trouble> {
    for mut record in points(hands, side, vm)? {
        if record.state == PointState::Complete {
            record.state = PointState::Base;
            keep(hands, side, &record)?;
        }
    }
    Ok(())
}

/// Deletes the withdrawn points that nothing stands on: no point, no copy in use, no test.
pub(super) fn sweep(hands: &Hands<'_>, side: Side, vm: &str) -> Result<(), Trouble> {
    let points = points(hands, side, vm)?;
    let located = hands.locate(vm)?;
    let copies = [&located.source, &located.target, &located.left, &located.test];
    let stood_on = copies
        .into_iter()
        .flatten()
        .filter(|place| place.side == side)
        .filter_map(|place| place.record.stands_on.as_deref());
    let offered =
        points.iter().filter(|point| point.state == PointState::Complete).map(|point| point.id.as_str());
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for tip in stood_on.chain(offered) {
        needed.extend(line(&points, tip).iter().map(|point| point.id.as_str()));
    }
    for point in &points {
        if !needed.contains(point.id.as_str()) {
            delete(hands, side, &points, point.clone())?;
        } else if !point.discard.is_empty() {
            let mut point = point.clone();
            for file in std::mem::take(&mut point.discard) {
                files::remove(&hands.file(side, &file))?;
            }
            keep(hands, side, &point)?;
        }
    }
    Ok(())
}

/// Makes a machine's disks a base of points: the machine is no longer at this site, its content is.
/// Returns the id of the base.
pub(super) fn seed(
    hands: &Hands<'_>,
    side: Side,
    record: &VmRecord,
    slug: &str,
    at: crate::base::Timestamp,
) -> Result<String, Trouble> {
    let id = format!("seed-{slug}");
    let mut disks = indexmap::IndexMap::new();
    for (name, disk) in &record.disks {
        let path = hands.file(side, &disk.file);
        let bytes = path.metadata().map_err(|error| Trouble::io("look at", &path, &error))?.len();
        let file = disk.file.clone();
        let sums = Vec::new();
        disks.insert(
            name.clone(),
            super::record::PointDisk { file, size: disk.size, bytes, sums, lies: None },
        );
    }
    let seed = PointRecord {
        format: "muster.point/1".to_owned(),
        id: id.clone(),
        vm: record.vm.clone(),
        set: None,
        kind: crate::inventory::PointKind::Crash,
        at,
        parent: record.stands_on.clone(),
        state: PointState::Base,
        key: slug.to_owned(),
        full_because: None,
        same_as: record.rests_at.clone(),
        damaged: None,
        discard: Vec::new(),
        disks,
    };
    keep(hands, side, &seed)?;
    // From here on the files belong to the base.
    files::remove(&hands.estate.layout.vm(hands.site(side), &record.vm))?;
    Ok(id)
}
