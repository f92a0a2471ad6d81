//! Machines go down, come up at a point, go back: shut down, failover, start, change of point and
//! rollback. Each looks at records and daemons first and makes true what is not yet.

use crate::base::Timestamp;
use crate::event::Detail;
use crate::model::{Mode, ShutdownSpec, ShutdownThen};

use super::acts::{Next, settle};
use super::chain;
use super::describe::{Host, Side};
use super::files;
use super::guest::Stands;
use super::hands::{Hands, Place, is_served, runs};
use super::node;
use super::record::{DiskRecord, PointRecord, PointState, Role, VmRecord};
use crate::estate::trouble::Trouble;

/// A guest that powers itself off takes about a second.
const GUEST_LOOK: std::time::Duration = std::time::Duration::from_millis(100);

fn done(note: impl Into<String>) -> Next {
    Next::Done(Detail { note: note.into(), ..Detail::default() })
}

/// Shuts the source down: its exports end, its disks are closed, and with them its bitmaps are kept.
/// A writer that is connected is the guest: it has its time to leave by itself.
pub(super) async fn shut_down(
    hands: &mut Hands<'_>,
    slug: &str,
    began: Timestamp,
    machine: &str,
    spec: ShutdownSpec,
) -> Result<Next, Trouble> {
    if !settle(hands, &[machine.to_owned()], slug).await? {
        return Ok(Next::soon());
    }
    let Place { side, mut record } = hands.source(machine)?;
    if !guest_is_down(hands, began, side, &mut record, spec).await? {
        return Ok(Next::Wait(GUEST_LOOK));
    }
    let view = hands.view(side).await?;
    if is_served(&view, &record) {
        let late = hands.now().since(began) >= spec.guest;
        for disk in record.disks.values() {
            let id = node::export_of(&disk.file);
            let Some(qmp) = hands.qmp_if_up(side).await?.filter(|_| view.serves(&id)) else { continue };
            if node::end_export_gently(qmp, &id).await? {
                continue;
            }
            match spec.then {
                _ if !late => {}
                ShutdownThen::Halt => {
                    let limit = crate::base::time::format_duration(spec.guest);
                    let message = format!("`{machine}` still has a writer after {limit}");
                    return Err(Trouble::Refused("guest_did_not_stop", message));
                }
                ShutdownThen::PowerOff => {
                    // Said before it is done: a final point must not call this clean.
                    record.clean = Some(false);
                    hands.keep(side, &record)?;
                    node::end_export(hands.qmp(side).await?, &id).await?;
                }
            }
        }
        return Ok(Next::soon());
    }
    let was_open = record.disks.values().any(|disk| view.nodes.contains_key(&node::of_file(&disk.file)));
    close(hands, Host::Machines(side), &record).await?;
    // Neither served nor closed by anybody: it ended with its daemon.
    let clean = *record.clean.get_or_insert(was_open);
    hands.keep(side, &record)?;
    let note = if clean { "" } else { "its power was cut" };
    Ok(Next::Done(Detail { note: note.to_owned(), clean: Some(clean), ..Detail::default() }))
}

/// Whether a machine's guest is gone, if it has one. It has the plan's time to power itself off.
async fn guest_is_down(
    hands: &mut Hands<'_>,
    began: Timestamp,
    side: Side,
    record: &mut VmRecord,
    spec: ShutdownSpec,
) -> Result<bool, Trouble> {
    let machine = record.vm.clone();
    let Some((guest, known)) = hands.guest(&machine, side, false) else { return Ok(true) };
    match guest.stands(hands).await? {
        // Whatever ended it, it was not asked to by anybody who wrote that down.
        Stands::Gone => {
            if record.clean.is_none() {
                record.clean = Some(false);
                hands.keep(side, record)?;
            }
            return Ok(true);
        }
        Stands::PoweredOff => {
            // Said before its process is gone: afterwards nobody could tell.
            record.clean = Some(true);
            hands.keep(side, record)?;
        }
        Stands::Runs | Stands::Stuck | Stands::Silent if hands.now().since(began) < spec.guest => {
            match guest.ask_to_power_off(hands, known).await {
                Ok(()) | Err(Trouble::Later(_)) => return Ok(false),
                Err(trouble) => return Err(trouble),
            }
        }
        Stands::Runs | Stands::Stuck | Stands::Silent => match spec.then {
            ShutdownThen::Halt => {
                let limit = crate::base::time::format_duration(spec.guest);
                let message = format!("the guest of `{machine}` did not power itself off within {limit}");
                return Err(Trouble::Refused("guest_did_not_stop", message));
            }
            ShutdownThen::PowerOff => {
                record.clean = Some(false);
                hands.keep(side, record)?;
            }
        },
    }
    guest.end(hands).await?;
    Ok(true)
}

/// Closes the disks of a copy that is not served.
async fn close(hands: &mut Hands<'_>, host: Host, record: &VmRecord) -> Result<(), Trouble> {
    let view = hands.view(host).await?;
    for disk in record.disks.values() {
        let name = node::of_file(&disk.file);
        if let (true, Some(qmp)) = (view.nodes.contains_key(&name), hands.qmp_if_up(host).await?) {
            node::close(qmp, &name).await?;
        }
    }
    Ok(())
}

/// Cuts a copy's power and closes its disks. Says whether it is down.
async fn power_off(hands: &mut Hands<'_>, host: Host, record: &VmRecord) -> Result<bool, Trouble> {
    if let Some((guest, _)) = hands.guest(&record.vm, host.side(), host.is_of_tests()) {
        guest.end(hands).await?;
    }
    let view = hands.view(host).await?;
    if is_served(&view, record) {
        for disk in record.disks.values() {
            let id = node::export_of(&disk.file);
            if let (true, Some(qmp)) = (view.has_export(&id), hands.qmp_if_up(host).await?) {
                node::end_export(qmp, &id).await?;
            }
        }
        return Ok(false);
    }
    close(hands, host, record).await?;
    Ok(true)
}

/// A point that can be gone to: declared, and whole down to its full copy.
async fn usable_point(
    hands: &Hands<'_>,
    side: Side,
    machine: &str,
    id: &str,
) -> Result<PointRecord, Trouble> {
    let found = chain::point(hands, side, machine, id)?.filter(|point| point.state == PointState::Complete);
    let Some(point) = found else {
        let message = format!("`{machine}` has no recovery point `{id}` at `{}`", hands.site(side));
        return Err(Trouble::Refused("unknown_point", message));
    };
    let points = chain::points(hands, side, machine)?;
    if let Some(why) = chain::damage(&chain::line(&points, id)) {
        let message = format!("the point `{id}` of `{machine}` cannot be used: {why}");
        return Err(Trouble::Refused("point_unusable", message));
    }
    for disk in point.disks.values() {
        let path = hands.file(side, &disk.file);
        hands.estate.tools.chain_is_whole(&path).await.map_err(|trouble| match trouble {
            Trouble::Retry(_, why) => {
                let message = format!("the point `{id}` of `{machine}` cannot be used: {why}");
                Trouble::Refused("point_unusable", message)
            }
            Trouble::Refused(..) | Trouble::Later(_) => trouble,
        })?;
    }
    Ok(point)
}

fn overlay_file(machine: &str, word: &str, slug: &str, disk: &str) -> String {
    format!("vms/{machine}/{word}-{slug}-{disk}.qcow2")
}

/// The file of a disk of the test copy that an act makes, relative to its site.
pub(super) fn test_disk(machine: &str, slug: &str, disk: &str) -> String {
    overlay_file(machine, "test", slug, disk)
}

/// New overlays over a point, durable, and the record of a copy that stands on them.
async fn overlays(
    hands: &Hands<'_>,
    side: Side,
    slug: &str,
    point: &PointRecord,
    word: &str,
) -> Result<VmRecord, Trouble> {
    let mut disks = indexmap::IndexMap::new();
    for (name, below) in &point.disks {
        let file = overlay_file(&point.vm, word, slug, name);
        let path = hands.file(side, &file);
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        files::remove(&path)?;
        hands.estate.tools.overlay(&path, &chain::backing(&file, &below.file)).await?;
        files::sync(&path)?;
        files::sync_folder_of(&path)?;
        disks.insert(name.clone(), DiskRecord { file, size: below.size });
    }
    Ok(VmRecord {
        format: "muster.vm/1".to_owned(),
        vm: point.vm.clone(),
        role: Role::Target,
        key: slug.to_owned(),
        stands_on: Some(point.id.clone()),
        started: false,
        clean: None,
        rests_at: None,
        replicates_to: None,
        base: None,
        resync: None,
        taking: None,
        disks,
        discard: Vec::new(),
    })
}

/// Makes the target at a point; in a test, the copy.
pub(super) async fn fail_over(
    hands: &mut Hands<'_>,
    slug: &str,
    machine: &str,
    id: &str,
    mode: Option<Mode>,
    to: &str,
) -> Result<Next, Trouble> {
    let side = hands.side(to)?;
    let located = hands.locate(machine)?;
    let made = if mode.is_some() { &located.target } else { &located.test };
    if let Some(made) = made {
        if made.record.key == slug {
            return Ok(done(""));
        }
        let (code, what) = match mode {
            Some(_) => ("already_failed_over", "is failed over"),
            None => ("test_exists", "has a test copy"),
        };
        return Err(Trouble::Refused(code, format!("`{machine}` {what} already")));
    }
    let source = hands.source(machine)?;
    if source.side == side {
        return Err(Trouble::Refused("already_there", format!("`{machine}` is at `{to}` already")));
    }
    if mode == Some(Mode::Planned) {
        if !settle(hands, &[machine.to_owned()], slug).await? {
            return Ok(Next::soon());
        }
        if hands.is_live(&source).await? {
            let message = format!("`{machine}` still runs at `{}`", hands.site(source.side));
            return Err(Trouble::Refused("source_running", message));
        }
    }
    let point = usable_point(hands, side, machine, id).await?;
    if mode == Some(Mode::Unplanned)
        && let Some((guest, _)) = hands.guest(machine, source.side, false)
        && matches!(guest.stands(hands).await?, Stands::Runs | Stands::Silent)
    {
        // Whatever was not learnt of it before: two guests that run are worse than none that does.
        let message = format!("the guest of `{machine}` still runs at `{}`", hands.site(source.side));
        return Err(Trouble::Refused("source_running", message));
    }
    let word = if mode.is_some() { "fo" } else { "test" };
    let record = overlays(hands, side, slug, &point, word).await?;
    if mode.is_some() {
        hands.keep(side, &record)?
    } else {
        hands.keep_test(side, &record)?
    }
    Ok(done(format!("made at point `{id}`")))
}

/// Removes what a failover that came to nothing may have left.
pub(super) fn undo_fail_over(hands: &Hands<'_>, slug: &str, machine: &str, to: &str) -> Result<(), Trouble> {
    let (Ok(side), Some(spec)) = (hands.side(to), hands.estate.description.machines.get(machine)) else {
        return Ok(());
    };
    for (disk, word) in spec.disks.keys().flat_map(|disk| [(disk, "fo"), (disk, "test")]) {
        files::remove(&hands.file(side, &overlay_file(machine, word, slug, disk)))?;
    }
    Ok(())
}

/// Powers a machine's target or its test copy on: its disks are opened and served.
pub(super) async fn start(hands: &mut Hands<'_>, machine: &str, test: bool) -> Result<Next, Trouble> {
    let located = hands.locate(machine)?;
    let place = if test { located.test } else { located.target };
    let Some(Place { side, record }) = place else {
        let what = if test { "has no test copy" } else { "is not failed over" };
        return Err(Trouble::Refused("nothing_to_start", format!("`{machine}` {what}")));
    };
    power_on(hands, side, record, test).await?;
    let address = hands.address(machine, side, test)?;
    Ok(Next::Done(Detail { address, ..Detail::default() }))
}

/// Prereq: the copy may run. Before its first write its writes are recorded, so that the way back can
/// be a copy of changes.
pub(super) async fn power_on(
    hands: &mut Hands<'_>,
    side: Side,
    mut record: VmRecord,
    test: bool,
) -> Result<(), Trouble> {
    let host = Host::of(side, test);
    let mut view = node::view(hands.qmp(host).await?).await?;
    let vm = record.vm.clone();
    let guest = hands.guest(&vm, side, test);
    if runs(&view, &record) {
        // A shutdown that began and was given up.
        if !test && record.clean.is_some() {
            (record.clean, record.rests_at) = (None, None);
            hands.keep(side, &record)?;
        }
        return match guest {
            Some((guest, spec)) => guest.start(hands, spec, &record).await,
            None => Ok(()),
        };
    }
    if let Some((guest, _)) = guest {
        // One that lost its disks with their daemon has lost what it held in memory for them, too.
        guest.end(hands).await?;
    }
    for disk in record.disks.values() {
        let (name, path) = (node::of_file(&disk.file), hands.file(side, &disk.file));
        if !view.nodes.contains_key(&name) {
            node::open(hands.qmp(host).await?, &name, &path).await?;
        }
    }
    view = node::view(hands.qmp(host).await?).await?;
    if !test {
        if let (false, Some(point)) = (record.started, record.stands_on.clone()) {
            let bitmap = node::bitmap_since(&point);
            for disk in record.disks.values() {
                let name = node::of_file(&disk.file);
                if view.bitmap(&name, &bitmap).is_none() {
                    node::add_bitmap(hands.qmp(host).await?, &name, &bitmap).await?;
                }
            }
            record.base = Some(point);
        } else if let Some(base) = record.base.clone() {
            let bitmap = node::bitmap_since(&base);
            let sound = record.disks.values().all(|disk| {
                view.bitmap(&node::of_file(&disk.file), &bitmap).is_some_and(|bitmap| bitmap.sound)
            });
            if !sound {
                record.base = None;
                record.resync =
                    Some("it did not end cleanly, so the record of its writes is lost".to_owned());
            }
        }
        record.started = true;
        record.clean = None;
        record.rests_at = None;
        hands.keep(side, &record)?;
    }
    for (disk, known) in &record.disks {
        let id = node::export_of(&known.file);
        if !view.serves(&id) {
            let name = node::export_name(&record.vm, disk);
            node::export(hands.qmp(host).await?, &id, &node::of_file(&known.file), &name).await?;
        }
    }
    match guest {
        Some((guest, spec)) => guest.start(hands, spec, &record).await,
        None => Ok(()),
    }
}

/// Takes the target down and makes it again at another point.
pub(super) async fn change_point(
    hands: &mut Hands<'_>,
    slug: &str,
    machine: &str,
    id: &str,
) -> Result<Next, Trouble> {
    let Place { side, mut record } = hands.target(machine)?;
    if record.key != slug {
        let point = usable_point(hands, side, machine, id).await?;
        if !power_off(hands, Host::Machines(side), &record).await? {
            return Ok(Next::soon());
        }
        let mut fresh = overlays(hands, side, slug, &point, "fo").await?;
        fresh.discard = record.disks.values().map(|disk| disk.file.clone()).collect();
        fresh.discard.extend(record.discard);
        hands.keep(side, &fresh)?;
        record = fresh;
    }
    for file in std::mem::take(&mut record.discard) {
        files::remove(&hands.file(side, &file))?;
    }
    hands.keep(side, &record)?;
    Ok(done(format!("made again at point `{id}`")))
}

/// Removes a copy that runs on overlays: its power, its files by recorded path, its record.
async fn drop_copy(
    hands: &mut Hands<'_>,
    host: Host,
    record: &VmRecord,
    kept_at: &std::path::Path,
) -> Result<bool, Trouble> {
    if !power_off(hands, host, record).await? {
        return Ok(false);
    }
    for file in record.disks.values().map(|disk| &disk.file).chain(&record.discard) {
        files::remove(&hands.file(host.side(), file))?;
    }
    files::remove(kept_at)?;
    Ok(true)
}

/// Drops the target, and starts the source again if said.
pub(super) async fn roll_back(
    hands: &mut Hands<'_>,
    machine: &str,
    start_source: bool,
) -> Result<Next, Trouble> {
    let located = hands.locate(machine)?;
    let Some(source) = located.source else {
        let message = format!("`{machine}` has no source any more, so there is nothing to go back to");
        return Err(Trouble::Refused("no_source", message));
    };
    if let Some(Place { side, record }) = located.target {
        let path = hands.estate.layout.vm(hands.site(side), machine);
        if !drop_copy(hands, Host::Machines(side), &record, &path).await? {
            return Ok(Next::soon());
        }
    } else if source.record.replicates_to.is_none() {
        let message = format!("`{machine}` is not failed over, so there is nothing to roll back");
        return Err(Trouble::Refused("not_failed_over", message));
    }
    if start_source {
        power_on(hands, source.side, source.record, false).await?;
        return Ok(done("the target is dropped, the source runs"));
    }
    Ok(done("the target is dropped"))
}
