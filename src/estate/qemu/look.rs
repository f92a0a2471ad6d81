//! Looks at the estate without touching it: inventory, machines as they are now, their heartbeat.
//! Starts nothing: a daemon that is gone means machines that are off.

use std::collections::BTreeMap;

use crate::event::{Observation, Probe, ProbeAnswer};
use crate::inventory::{Inventory, LeftBehind, Machine, Point, Power, Protection, TagSet};

use super::chain;
use super::describe::{Host, Pair, Side};
use super::files;
use super::guest::Stands;
use super::hands::{Hands, Located, Place, is_served, runs};
use super::node::{self, View};
use super::record::{PointState, SetRecord, SetState, VmRecord};
use crate::estate::trouble::Trouble;

const fn power(on: bool) -> Power {
    if on { Power::On } else { Power::Off }
}

/// Everything that the estate has.
pub(super) async fn inventory(hands: &mut Hands<'_>) -> Result<Inventory, Trouble> {
    let sites = Side::BOTH.map(|side| hands.site(side).to_owned()).to_vec();
    let mut inventory = Inventory::empty(hands.now(), sites);
    let mut views = Pair::default();
    for side in Side::BOTH {
        *views.at_mut(side) = hands.view(side).await?;
    }
    let mut whole = BTreeMap::new();
    for name in hands.estate.description.machines.keys() {
        let machine = machine(hands, &mut inventory, &views, &mut whole, name)?;
        let guest = guest_of(hands, name).await?;
        let machine = Machine { address: addresses(hands, name)?, ..guest.seen_in(machine) };
        inventory.vms.insert(name.clone(), machine);
    }
    Ok(inventory)
}

/// Where a machine is reached at each site.
fn addresses(hands: &Hands<'_>, name: &str) -> Result<indexmap::IndexMap<String, String>, Trouble> {
    let mut found = indexmap::IndexMap::new();
    for side in Side::BOTH {
        if let Some(address) = hands.address(name, side, false)? {
            found.insert(hands.site(side).to_owned(), address);
        }
    }
    Ok(found)
}

/// What is seen of a machine's guest where the machine is now.
#[derive(Clone, Copy, Debug)]
enum Seen {
    /// It has none.
    None,
    /// It has one; of its agent, whether that answers.
    Guest { runs: bool, agent: Option<bool> },
}

impl Seen {
    fn seen_in(self, machine: Machine) -> Machine {
        match self {
            Self::None => machine,
            Self::Guest { runs, agent } => {
                let power = machine.power.map(|seen| power(seen == Power::On && runs));
                Machine { power, agent_registered: agent, ..machine }
            }
        }
    }
}

async fn guest_of(hands: &Hands<'_>, name: &str) -> Result<Seen, Trouble> {
    let located = hands.locate(name)?;
    let side = located.current().map_or(Side::Home, |place| place.side);
    let Some((guest, spec)) = hands.guest(name, side, false) else { return Ok(Seen::None) };
    let runs = guest.stands(hands).await? == Stands::Runs;
    let agent = match spec.agent {
        true if runs => Some(guest.answers(hands, spec).await?.is_ok()),
        true => Some(false),
        false => None,
    };
    Ok(Seen::Guest { runs, agent })
}

fn machine(
    hands: &Hands<'_>,
    inventory: &mut Inventory,
    views: &Pair<View>,
    whole: &mut BTreeMap<String, bool>,
    name: &str,
) -> Result<Machine, Trouble> {
    let located = hands.locate(name)?;
    let spec = hands.estate.description.machines.get(name);
    let current = located.current();
    let side = current.map_or(Side::Home, |place| place.side);
    // Before commit the points are beside the target that stands on one of them.
    let points_at = if located.target.is_some() { side } else { side.other() };
    let on = current.is_some_and(|place| runs(views.at(side), &place.record));
    let left_behind = located.target.as_ref().and(located.source.as_ref()).map(|source| LeftBehind {
        site: hands.site(source.side).to_owned(),
        power: Some(power(is_served(views.at(source.side), &source.record))),
    });
    let replicates_to =
        current.filter(|_| located.target.is_none()).and_then(|place| place.record.replicates_to.clone());
    Ok(Machine {
        name: name.to_owned(),
        group: spec.and_then(|spec| spec.group.clone()),
        site: hands.site(side).to_owned(),
        power: Some(power(on)),
        protection: protection(&located),
        replicates_to,
        os: spec.and_then(|spec| spec.os.clone()),
        address: indexmap::IndexMap::new(),
        agent_registered: None,
        left_behind,
        pending_bytes: Some(pending(hands, &located)?),
        points: points(hands, inventory, whole, points_at, name)?,
    })
}

fn protection(located: &Located) -> Protection {
    let Some(source) = located.source.as_ref().filter(|_| located.target.is_none()) else {
        return if located.target.is_some() { Protection::FailedOver } else { Protection::Unprotected };
    };
    let record = &source.record;
    match (&record.replicates_to, &record.resync, &record.taking) {
        (Some(_), Some(_), _) => Protection::Resyncing,
        (Some(_), None, _) => Protection::Protected,
        (None, _, Some(_)) => Protection::Reprotecting,
        (None, _, None) => Protection::Unprotected,
    }
}

/// Bytes that are copied and not yet a point.
fn pending(hands: &Hands<'_>, located: &Located) -> Result<u64, Trouble> {
    let Some(Place { side, record }) = &located.source else { return Ok(0) };
    let Some(act) =
        record.taking.as_ref().map(|taking| super::acts::read(hands, taking)).transpose()?.flatten()
    else {
        return Ok(0);
    };
    let super::record::Work::Take(work) = &act.work else { return Ok(0) };
    let files = work.members.iter().filter(|member| member.vm == record.vm);
    let sizes = files.filter_map(|member| {
        let path = hands.file(*side, &super::ship::scratch(&work.point, member));
        path.metadata().ok().map(|meta| meta.len())
    });
    Ok(sizes.sum())
}

fn points(
    hands: &Hands<'_>,
    inventory: &mut Inventory,
    whole: &mut BTreeMap<String, bool>,
    side: Side,
    name: &str,
) -> Result<Vec<Point>, Trouble> {
    let site = hands.site(side);
    let mut found = Vec::new();
    let records = chain::points(hands, side, name)?;
    let any_damaged = records.iter().any(|record| record.damaged.is_some());
    for record in &records {
        if record.state != PointState::Complete {
            continue;
        }
        let mut set = None;
        if let Some(id) = &record.set {
            // A set counts only once every member's point is durable.
            if !whole.contains_key(id) {
                let known = files::read_json::<SetRecord>(&hands.estate.layout.set(site, id))?;
                whole.insert(id.clone(), known.is_some_and(|known| known.state == SetState::Complete));
            }
            set = whole.get(id).filter(|whole| **whole).map(|_| inventory.symbols.intern(id));
        }
        found.push(Point {
            at: record.at,
            id: inventory.symbols.intern(&record.id),
            set,
            tags: TagSet::default(),
            kind: record.kind,
            processed: true,
            usable: record.disks.values().all(|disk| hands.file(side, &disk.file).exists())
                && !(any_damaged && chain::damage(&chain::line(&records, &record.id)).is_some()),
        });
    }
    found.sort_by_key(|point| std::cmp::Reverse(point.at));
    Ok(found)
}

/// Where a machine is, as seen now.
pub(super) async fn observe(
    hands: &mut Hands<'_>,
    machine: &str,
    test: bool,
) -> Result<Observation, Trouble> {
    let located = hands.locate(machine)?;
    let mut source_running = None;
    if let Some(Place { side, record }) = &located.source {
        let place = Place { side: *side, record: record.clone() };
        source_running = Some(hands.is_live(&place).await?);
    }
    let target = if test { &located.test } else { &located.target };
    let mut target_running = Some(false);
    let mut at = None;
    if let Some(Place { side, record }) = target {
        let host = Host::of(*side, test);
        let view = hands.view(host).await?;
        let up = match hands.guest(machine, *side, test) {
            Some((guest, _)) => guest.stands(hands).await? == Stands::Runs,
            None => true,
        };
        target_running = Some(up && runs(&view, record));
        at = hands.address(machine, *side, test)?;
    }
    // A disk that no daemon serves has no writer: both sites' daemons are on this host.
    let fenced = source_running.map(|running| !running);
    Ok(Observation { source_running, target_running, address: at, fenced })
}

/// Whether a machine answers: its disks are served, and its guest is up or, where it has none, its site's port
/// takes connections.
pub(super) async fn heartbeat(hands: &mut Hands<'_>, machine: &str, test: bool) -> ProbeAnswer {
    let looked = async {
        let located = hands.locate(machine)?;
        let place = if test { located.test } else { located.target.or(located.source) };
        let Some(Place { side, record }) = place else {
            return Ok(Err(format!("`{machine}` has no such copy")));
        };
        let host = Host::of(side, test);
        let view = hands.view(host).await?;
        let Some(daemon) = hands.daemon(host)? else {
            return Ok(Err(format!("the storage daemon of `{}` is not running", hands.host_name(host))));
        };
        if let Some(disk) = unserved(&view, &record) {
            return Ok(Err(format!("the disk `{disk}` of `{machine}` is not served")));
        }
        if let Some((guest, spec)) = hands.guest(machine, side, test) {
            let answered = guest.answers(hands, spec).await?;
            return Ok(answered.map(|()| String::new()));
        }
        let port = Probe::Tcp { address: daemon.at().to_string() };
        Ok(crate::estate::real_probe(&port).await)
    };
    looked.await.unwrap_or_else(|trouble: Trouble| Err(trouble.into_error().to_string()))
}

fn unserved<'r>(view: &View, record: &'r VmRecord) -> Option<&'r str> {
    let mut disks = record.disks.iter();
    disks.find(|(_, disk)| !view.serves(&node::export_of(&disk.file))).map(|(name, _)| name.as_str())
}
