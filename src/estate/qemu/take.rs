//! Takes a point of a machine, or a set of several, without ever losing a write: every member's disk
//! is cut in one transaction, which copies what the old bitmap says and begins a new one; the old
//! one is forgotten only when the point is durable at the other site.

use serde_json::{Value, json};

use crate::base::{Clock, Timestamp};
use crate::event::Detail;
use crate::inventory::PointKind;

use super::acts::{Next, settle};
use super::chain;
use super::confirm::{confirm, end_jobs, keep_set};
use super::describe::Side;
use super::files;
use super::freeze;
use super::hands::{Hands, is_served};
use super::merge;
use super::node::{self, View};
use super::record::{Member, PointRecord, PointState, SetState, Stage, TakeWork, VmRecord};
use super::ship::{self, scratch};
use crate::estate::trouble::Trouble;

/// Does what comes next of a point. Any stage may be done again.
pub(super) async fn step(hands: &mut Hands<'_>, slug: &str, work: &mut TakeWork) -> Result<Next, Trouble> {
    match work.stage {
        Stage::Begin => begin(hands, slug, work).await,
        Stage::Cut => cut(hands, work).await,
        Stage::Copy => copied(hands, work).await,
        Stage::Close => close_targets(hands, work).await,
        Stage::Ship => {
            if ship::step(hands, work).await? {
                work.stage = Stage::Confirm;
            }
            Ok(Next::Again)
        }
        Stage::Confirm => {
            for vm in work.machines.clone() {
                confirm(hands, slug, work, &vm).await?;
            }
            keep_set(hands, work, SetState::Complete)?;
            work.stage = Stage::Trim;
            Ok(Next::Again)
        }
        Stage::Trim => trim(hands, slug, work).await,
    }
}

async fn begin(hands: &mut Hands<'_>, slug: &str, work: &mut TakeWork) -> Result<Next, Trouble> {
    let (from, to) = (hands.side(&work.from)?, hands.side(&work.to)?);
    if !settle(hands, &work.machines, slug).await? {
        return Ok(Next::soon());
    }
    let mut records = Vec::new();
    for vm in &work.machines {
        let located = hands.locate(vm)?;
        let place = hands.source(vm)?;
        if located.target.is_some() {
            return Err(Trouble::Refused(
                "failed_over",
                format!("`{vm}` is failed over: commit or roll back"),
            ));
        }
        if place.side != from {
            let message = format!("`{vm}` is not at `{}`, so one transaction cannot hold it", work.from);
            return Err(Trouble::Refused("not_at_one_site", message));
        }
        records.push(place.record);
    }
    if work.last {
        stopped(hands, from, work, &records).await?;
    }
    for record in &mut records {
        record.taking = Some(slug.to_owned());
        hands.keep(from, record)?;
    }
    keep_set(hands, work, SetState::Open)?;
    let view = open_all(hands, from, &records).await?;
    work.members.clear();
    for record in &records {
        let parent = parent_of(hands, to, work, record, &view)?;
        for (disk, known) in &record.disks {
            let mut member = Member {
                vm: record.vm.clone(),
                disk: disk.clone(),
                file: known.file.clone(),
                size: known.size,
                opened: !is_served(&view, record),
                parent: None,
                bitmap: None,
                full_because: None,
                sums: Vec::new(),
                bytes: 0,
                first: None,
                shipped: false,
            };
            match &parent {
                Ok(parent) => {
                    member.parent =
                        parent.disks.get(disk).map(|below| (parent.id.clone(), below.file.clone()));
                    member.bitmap = record.base.as_deref().map(node::bitmap_since);
                }
                Err(because) => member.full_because = Some(because.clone()),
            }
            work.members.push(member);
        }
    }
    prepare_targets(hands, from, work, &view).await?;
    work.daemon = identity(hands, from)?;
    work.stage = Stage::Cut;
    Ok(Next::Again)
}

/// A last point is of machines that nobody can write to, and as clean as their shutdown was.
async fn stopped(
    hands: &mut Hands<'_>,
    from: Side,
    work: &mut TakeWork,
    records: &[VmRecord],
) -> Result<(), Trouble> {
    let view = hands.view(from).await?;
    if let Some(record) = records.iter().find(|record| is_served(&view, record)) {
        let message = format!("`{}` still runs at `{}`", record.vm, work.from);
        return Err(Trouble::Refused("source_running", message));
    }
    let clean = records.iter().all(|record| record.clean == Some(true));
    work.kind = if clean { PointKind::Final } else { PointKind::Crash };
    Ok(())
}

async fn open_all(hands: &mut Hands<'_>, from: Side, records: &[VmRecord]) -> Result<View, Trouble> {
    let view = node::view(hands.qmp(from).await?).await?;
    let mut opened = false;
    for disk in records.iter().flat_map(|record| record.disks.values()) {
        let name = node::of_file(&disk.file);
        if !view.nodes.contains_key(&name) {
            let path = hands.file(from, &disk.file);
            node::open(hands.qmp(from).await?, &name, &path).await?;
            opened = true;
        }
    }
    if opened { node::view(hands.qmp(from).await?).await } else { Ok(view) }
}

/// The point that a machine's next one can stand on, or why it has to be a full copy.
fn parent_of(
    hands: &Hands<'_>,
    to: Side,
    work: &TakeWork,
    record: &VmRecord,
    view: &View,
) -> Result<Result<PointRecord, String>, Trouble> {
    let Some(base) = record.base.as_deref() else {
        return Ok(Err(record.resync.clone().unwrap_or_else(|| "it is the first copy".to_owned())));
    };
    let bitmap = node::bitmap_since(base);
    for disk in record.disks.values() {
        match view.bitmap(&node::of_file(&disk.file), &bitmap) {
            Some(known) if known.sound => {}
            Some(_) => return Ok(Err("the record of its writes was cut off".to_owned())),
            None => return Ok(Err("the record of its writes is lost".to_owned())),
        }
    }
    let seed = work.seeds.get(&record.vm).map(String::as_str);
    let goes_on = record.replicates_to.as_deref() == Some(hands.site(to));
    let Some(parent) = seed.or(Some(base).filter(|_| goes_on)) else {
        let why = work.note.clone();
        return Ok(Err(if why.is_empty() { "it is the first copy".to_owned() } else { why }));
    };
    let points = chain::points(hands, to, &record.vm)?;
    if let Some(why) = chain::damage(&chain::line(&points, parent)) {
        return Ok(Err(format!("the point `{parent}` is damaged: {why}")));
    }
    let found = chain::point(hands, to, &record.vm, parent)?;
    Ok(found
        .filter(|found| record.disks.keys().all(|disk| found.disks.contains_key(disk)))
        .ok_or_else(|| format!("the point `{parent}` is not at `{}` any more", hands.site(to))))
}

async fn prepare_targets(
    hands: &mut Hands<'_>,
    from: Side,
    work: &TakeWork,
    view: &View,
) -> Result<(), Trouble> {
    for member in &work.members {
        let file = scratch(&work.point, member);
        let (path, name) = (hands.file(from, &file), node::of_file(&file));
        if view.nodes.contains_key(&name) {
            node::close(hands.qmp(from).await?, &name).await?;
        }
        files::remove(&path)?;
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        hands.estate.tools.create(&path, member.size).await?;
        node::open(hands.qmp(from).await?, &name, &path).await?;
    }
    Ok(())
}

fn identity(hands: &Hands<'_>, side: Side) -> Result<Option<(u32, u64)>, Trouble> {
    Ok(hands.daemon(side)?.and_then(|daemon| Some((daemon.pid?, daemon.started?))))
}

/// Jobs, and data that is not yet flushed, live as long as the daemon that was asked.
fn same_daemon(hands: &Hands<'_>, from: Side, work: &TakeWork) -> Result<(), Trouble> {
    if work.daemon.is_some() && identity(hands, from)? == work.daemon {
        return Ok(());
    }
    Err(Trouble::Retry("source_lost", format!("the storage daemon of `{}` ended meanwhile", work.from)))
}

/// The job of a disk.
pub(super) fn job(work: &TakeWork, member: &Member) -> String {
    node::job_of(&work.point, &member.vm, &member.disk)
}

async fn cut(hands: &mut Hands<'_>, work: &mut TakeWork) -> Result<Next, Trouble> {
    let from = hands.side(&work.from)?;
    same_daemon(hands, from, work)?;
    let jobs = node::jobs(hands.qmp(from).await?).await?;
    if jobs.iter().any(|known| work.members.iter().any(|member| job(work, member) == known.id)) {
        // One transaction: where one job is, all are.
        work.stage = Stage::Copy;
        return Ok(Next::Again);
    }
    // The instant is durable before the cut, and a late one is said again: never too new, and never
    // older than what another try would copy.
    let now = after_all_points(hands, work)?;
    if work.at.is_none_or(|at| now.since(at) > std::time::Duration::from_secs(1)) {
        work.at = Some(now);
        return Ok(Next::Again);
    }
    let mut actions = Vec::new();
    for member in &work.members {
        let device = node::of_file(&member.file);
        let new = node::bitmap_since(&work.point);
        let add = json!({ "node": device, "name": new, "persistent": true });
        actions.push(json!({ "type": "block-dirty-bitmap-add", "data": add }));
        let mut data = json!({
            "job-id": job(work, member), "device": device,
            "target": node::of_file(&scratch(&work.point, member)), "auto-dismiss": false,
        });
        let sync = match &member.bitmap {
            // The old bitmap goes on recording until the new point is confirmed.
            Some(old) => json!({ "sync": "bitmap", "bitmap": old, "bitmap-mode": "never" }),
            None => json!({ "sync": "full" }),
        };
        if let (Value::Object(data), Value::Object(sync)) = (&mut data, sync) {
            data.extend(sync);
        }
        actions.push(json!({ "type": "blockdev-backup", "data": data }));
    }
    let began = hands.estate.clock.steady();
    if work.app {
        freeze::freeze(hands, &work.from, &work.machines).await?;
    }
    let cut = match hands.qmp(from).await {
        Ok(qmp) => qmp
            .call("transaction", json!({ "actions": actions }))
            .await
            .map_err(|trouble| trouble.at("cut the disks in one transaction")),
        Err(trouble) => Err(trouble),
    };
    if work.app {
        // Whatever became of the cut. One that does not thaw is thawed by the next call, before anything else.
        let _tried = freeze::thaw(hands).await;
        work.kind = PointKind::App;
    }
    cut?;
    let waited = hands.estate.clock.steady().zip(began).map(|(now, began)| now.saturating_sub(began));
    work.cut_nanos = waited.map_or(0, |waited| u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX));
    work.stage = Stage::Copy;
    Ok(Next::Again)
}

/// Now, or just after the newest point where the clock was set back: points keep their order.
fn after_all_points(hands: &Hands<'_>, work: &TakeWork) -> Result<Timestamp, Trouble> {
    let to = hands.side(&work.to)?;
    let mut now = hands.estate.clock.now();
    for vm in &work.machines {
        for point in chain::points(hands, to, vm)? {
            if point.state == PointState::Complete && point.at >= now {
                now = point.at.plus(std::time::Duration::from_nanos(1));
            }
        }
    }
    Ok(now)
}

async fn copied(hands: &mut Hands<'_>, work: &mut TakeWork) -> Result<Next, Trouble> {
    let from = hands.side(&work.from)?;
    same_daemon(hands, from, work)?;
    let jobs = node::jobs(hands.qmp(from).await?).await?;
    for member in &work.members {
        let id = job(work, member);
        match jobs.iter().find(|known| known.id == id) {
            None => {
                let message = format!("the copy of the disk `{}` of `{}` is gone", member.disk, member.vm);
                return Err(Trouble::Retry("copy_lost", message));
            }
            Some(known) if !known.concluded => return Ok(Next::soon()),
            Some(known) => {
                if let Some(why) = &known.error {
                    let code = if why.contains("No space left") { "no_space" } else { "copy_failed" };
                    let message =
                        format!("the disk `{}` of `{}` was not copied: {why}", member.disk, member.vm);
                    return Err(Trouble::Retry(code, message));
                }
            }
        }
    }
    work.stage = Stage::Close;
    Ok(Next::Again)
}

/// A job that completed says that the data was accepted; closed and synced, it is durable.
async fn close_targets(hands: &mut Hands<'_>, work: &mut TakeWork) -> Result<Next, Trouble> {
    let from = hands.side(&work.from)?;
    same_daemon(hands, from, work)?;
    let view = node::view(hands.qmp(from).await?).await?;
    end_jobs(hands, from, work).await?;
    for member in &work.members {
        let file = scratch(&work.point, member);
        let name = node::of_file(&file);
        if view.nodes.contains_key(&name) {
            node::close(hands.qmp(from).await?, &name).await?;
        }
        files::sync(&hands.file(from, &file))?;
    }
    work.stage = Stage::Ship;
    Ok(Next::Again)
}

async fn trim(hands: &mut Hands<'_>, slug: &str, work: &mut TakeWork) -> Result<Next, Trouble> {
    let to = hands.side(&work.to)?;
    let mut left = String::new();
    for vm in &work.machines {
        // The point is declared: what is left of old ones is tried again after the next.
        let swept = chain::sweep(hands, to, vm);
        match swept.and(merge::trim(hands, to, vm, &work.point, &mut work.compared).await) {
            Ok(true) => return Ok(Next::Again),
            Ok(false) => {}
            Err(Trouble::Refused(_, why) | Trouble::Retry(_, why) | Trouble::Later(why)) => {
                left = format!("; old points are not yet merged: {why}");
            }
        }
    }
    if let Some(next) =
        Some(&*work).filter(|work| work.then_set).and_then(|work| set_after(hands, slug, work))
    {
        *work = next;
        return Ok(Next::Again);
    }
    let what = work.set.as_ref().map_or_else(
        || format!("point `{}` at `{}`", work.point, work.to),
        |set| format!("set `{set}` at `{}`", work.to),
    );
    let copied = work.members.iter().map(|member| member.bytes).sum::<u64>();
    let because = work.members.iter().find_map(|member| member.full_because.as_deref());
    let because = because.map_or_else(|| "changes only".to_owned(), |why| format!("a full copy: {why}"));
    let first = if work.note.is_empty() { String::new() } else { format!("{}; ", work.note) };
    // Not known where an engine ended between the cut and its record.
    let cut = match work.cut_nanos {
        0 => String::new(),
        nanos => format!(", cut in {}ms", nanos.div_ceil(1_000_000)),
    };
    let note = format!("{first}{what}, {copied} bytes, {because}{cut}{left}");
    Ok(Next::Done(Detail { note, ..Detail::default() }))
}

/// Once the last machine of a group is protected, the group gets a set to go to.
fn set_after(hands: &Hands<'_>, slug: &str, work: &TakeWork) -> Option<TakeWork> {
    let machine = work.machines.first()?;
    let group = hands.estate.description.machines.get(machine)?.group.clone()?;
    let members = hands.estate.description.members(&group);
    let protected = |vm: &String| {
        hands.source(vm).is_ok_and(|place| {
            place.record.replicates_to.as_deref() == Some(work.to.as_str())
                && hands.site(place.side) == work.from
        })
    };
    if !members.iter().all(protected) {
        return None;
    }
    let full = work.members.iter().find_map(|member| member.full_because.as_deref());
    let note = full.map_or_else(
        || format!("only changes of `{machine}` were copied"),
        |why| format!("`{machine}` was copied in full: {why}"),
    );
    Some(TakeWork {
        machines: members,
        point: format!("{}s", work.point),
        set: Some(format!("set-{slug}")),
        kind: PointKind::Crash,
        at: None,
        cut_nanos: 0,
        stage: Stage::Begin,
        daemon: None,
        members: Vec::new(),
        seeds: indexmap::IndexMap::new(),
        then_set: false,
        last: false,
        app: false,
        compared: None,
        note,
        from: work.from.clone(),
        to: work.to.clone(),
    })
}
