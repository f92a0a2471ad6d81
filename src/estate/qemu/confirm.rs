//! The end of taking a point, one way or the other: declared, and only then the old bitmap goes; or
//! undone, and the old bitmap has never been touched.

use super::chain;
use super::describe::Side;
use super::files;
use super::hands::{Hands, is_served};
use super::node::{self, View};
use super::record::{Member, PointDisk, PointRecord, PointState, SetRecord, SetState, TakeWork};
use super::ship::{self, scratch};
use super::sums::Lies;
use super::take::job;
use crate::estate::trouble::Trouble;

/// Ends the jobs of a point for good.
pub(super) async fn end_jobs(hands: &mut Hands<'_>, from: Side, work: &TakeWork) -> Result<(), Trouble> {
    let Some(qmp) = hands.qmp_if_up(from).await? else { return Ok(()) };
    for known in node::jobs(qmp).await? {
        if work.members.iter().any(|member| job(work, member) == known.id) {
            node::end_job(qmp, &known).await?;
        }
    }
    Ok(())
}

/// Declares a machine's point, then lets the old bitmap and the scratch files go.
pub(super) async fn confirm(
    hands: &mut Hands<'_>,
    slug: &str,
    work: &TakeWork,
    vm: &str,
) -> Result<(), Trouble> {
    let (from, to) = (hands.side(&work.from)?, hands.side(&work.to)?);
    let members: Vec<&Member> = work.members.iter().filter(|member| member.vm == vm).collect();
    let first = members.first();
    if chain::point(hands, to, vm, &work.point)?.is_none() {
        let disk = |member: &&Member| {
            let file = ship::landed(&work.point, member);
            let (sums, lies) = (member.sums.clone(), lies(member));
            (member.disk.clone(), PointDisk { file, size: member.size, bytes: member.bytes, sums, lies })
        };
        let record = PointRecord {
            format: "muster.point/1".to_owned(),
            id: work.point.clone(),
            vm: vm.to_owned(),
            set: work.set.clone(),
            kind: work.kind,
            at: work.at.unwrap_or_else(|| hands.now()),
            parent: first.and_then(|member| member.parent.as_ref()).map(|(id, _)| id.clone()),
            state: PointState::Complete,
            key: slug.to_owned(),
            full_because: first.and_then(|member| member.full_because.clone()),
            same_as: None,
            damaged: None,
            discard: Vec::new(),
            disks: members.iter().map(disk).collect(),
        };
        chain::keep(hands, to, &record)?;
    }
    if let Some(mut record) = hands.vm(from, vm)? {
        record.base = Some(work.point.clone());
        record.replicates_to = Some(work.to.clone());
        record.resync = None;
        record.rests_at = Some(work.point.clone()).filter(|_| work.last);
        hands.keep(from, &record)?;
    }
    let keep = node::bitmap_since(&work.point);
    let view = hands.view(from).await?;
    for member in &members {
        let name = node::of_file(&member.file);
        for bitmap in view.nodes.get(&name).into_iter().flatten() {
            if bitmap.name != keep && bitmap.name.starts_with("since-") {
                node::remove_bitmap(hands.qmp(from).await?, &name, &bitmap.name).await?;
            }
        }
        files::remove(&hands.file(from, &scratch(&work.point, member)))?;
    }
    release(hands, from, slug, &view, vm).await
}

/// A member's file as it lies: as shipped, but for the first piece where that names a parent.
fn lies(member: &Member) -> Option<Lies> {
    let mut sums = member.sums.clone();
    if member.parent.is_some() {
        // None where an earlier version shipped it.
        sums.first_mut()?.clone_from(member.first.as_ref()?);
    }
    Some(Lies { length: member.bytes, sums })
}

/// Closes a machine's disks where only this act had them open, and lets others take points of it.
async fn release(
    hands: &mut Hands<'_>,
    from: Side,
    slug: &str,
    view: &View,
    vm: &str,
) -> Result<(), Trouble> {
    let Some(mut record) = hands.vm(from, vm)? else { return Ok(()) };
    if !is_served(view, &record) {
        for disk in record.disks.values() {
            let name = node::of_file(&disk.file);
            if let (true, Some(qmp)) = (view.nodes.contains_key(&name), hands.qmp_if_up(from).await?) {
                node::close(qmp, &name).await?;
            }
        }
    }
    if record.taking.as_deref() == Some(slug) {
        record.taking = None;
        hands.keep(from, &record)?;
    }
    Ok(())
}

/// Keeps what is known of a set, where there is one.
pub(super) fn keep_set(hands: &Hands<'_>, work: &TakeWork, state: SetState) -> Result<(), Trouble> {
    let Some(set) = &work.set else { return Ok(()) };
    let record = SetRecord {
        format: "muster.set/1".to_owned(),
        id: set.clone(),
        members: work.machines.clone(),
        kind: work.kind,
        state,
    };
    files::write_json(&hands.estate.layout.set(&work.to, set), &record)
}

/// Removes what an attempt left: the new bitmaps, the scratch files, what has arrived. The old
/// bitmaps were never touched. A member whose point is declared keeps it, outside any set.
pub(super) async fn undo(hands: &mut Hands<'_>, slug: &str, work: &TakeWork) -> Result<(), Trouble> {
    let (from, to) = (hands.side(&work.from)?, hands.side(&work.to)?);
    end_jobs(hands, from, work).await?;
    for vm in &work.machines {
        let ours = hands.vm(from, vm)?.is_some_and(|record| record.taking.as_deref() == Some(slug));
        let declared = chain::point(hands, to, vm, &work.point)?.is_some_and(|point| point.key == slug);
        if declared {
            confirm(hands, slug, work, vm).await?;
            continue;
        }
        let view = hands.view(from).await?;
        let new = node::bitmap_since(&work.point);
        for member in work.members.iter().filter(|member| member.vm == *vm) {
            let file = scratch(&work.point, member);
            let (device, target) = (node::of_file(&member.file), node::of_file(&file));
            if let Some(qmp) = hands.qmp_if_up(from).await? {
                if view.nodes.contains_key(&target) {
                    node::close(qmp, &target).await?;
                }
                if view.bitmap(&device, &new).is_some() {
                    node::remove_bitmap(qmp, &device, &new).await?;
                }
            }
            files::remove(&hands.file(from, &file))?;
            files::remove(&hands.file(to, &ship::part(&work.point, member)))?;
            files::remove(&hands.file(to, &ship::landed(&work.point, member)))?;
        }
        if ours {
            release(hands, from, slug, &view, vm).await?;
        }
    }
    work.set.as_ref().map_or(Ok(()), |set| files::remove(&hands.estate.layout.set(&work.to, set)))
}
