//! What an act works with: the estate's lock, connections to the daemons, and the records of
//! machines. One holder at a time, over all processes; held for one call, never across calls.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::MutexGuard;

use crate::base::{Clock, Timestamp};

use super::Qemu;
use super::daemon;
use super::describe::{Host, Pair, Side, SiteSpec};
use super::files;
use super::freeze;
use super::guest::{Guest, Stands};
use super::guest_spec::GuestSpec;
use super::node::{self, View};
use super::qmp::Qmp;
use super::record::{Role, SiteRecord, VmRecord};
use crate::estate::trouble::Trouble;

/// How long another process may hold the estate: less than a call may take.
const LOCK_MAX: Duration = Duration::from_secs(20);
/// Where a site keeps what belongs to the daemon of its tests.
pub(super) const TESTS_FOLDER: &str = "test";
/// How often the lock is tried.
const LOCK_LOOK: Duration = Duration::from_millis(5);

/// A machine's copy at a site.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The site.
    pub(super) side: Side,
    /// What is known of it there.
    pub(super) record: VmRecord,
}

/// All copies of a machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Located {
    /// The machine.
    pub(super) source: Option<Place>,
    /// Made by a failover that is not committed.
    pub(super) target: Option<Place>,
    /// Kept by a commit.
    pub(super) left: Option<Place>,
    /// A test's copy.
    pub(super) test: Option<Place>,
}

impl Located {
    /// The copy that counts as the machine now.
    pub(super) fn current(&self) -> Option<&Place> {
        self.target.as_ref().or(self.source.as_ref())
    }
}

/// The right to act on the estate.
#[derive(Debug)]
pub(super) struct Hands<'a> {
    /// Whose.
    pub(super) estate: &'a Qemu,
    links: Pair<Option<Qmp>>,
    test_links: Pair<Option<Qmp>>,
    _turn: MutexGuard<'a, ()>,
    _lock: Option<File>,
}

impl<'a> Hands<'a> {
    /// Waits for the turn in this process, then for the lock among processes.
    pub(super) async fn take(estate: &'a Qemu) -> Result<Self, Trouble> {
        let turn = estate.turn.lock().await;
        files::make_folder(estate.layout.root())?;
        let path = estate.layout.lock();
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Trouble::io("open", &path, &error))?;
        let mut waited = Duration::ZERO;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(Trouble::io("lock", &path, &error)),
                Err(TryLockError::WouldBlock) if waited >= LOCK_MAX => {
                    return Err(Trouble::Later("another process holds the estate for 20s".to_owned()));
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_LOOK).await,
            }
            waited += LOCK_LOOK;
        }
        let hands = Self::new(estate, turn, Some(lock));
        // Left by a holder that ended: nothing else is done before. One that cannot be reached holds up no others.
        let _tried = freeze::thaw_left(&hands).await;
        Ok(hands)
    }

    /// The right to look. Where the estate has no folder there is nothing to look at or to lock, and
    /// nothing is made.
    pub(super) async fn look(estate: &'a Qemu) -> Result<Self, Trouble> {
        if estate.layout.root().exists() {
            return Self::take(estate).await;
        }
        let turn = estate.turn.lock().await;
        Ok(Self::new(estate, turn, None))
    }

    fn new(estate: &'a Qemu, turn: MutexGuard<'a, ()>, lock: Option<File>) -> Self {
        Self { estate, links: Pair::default(), test_links: Pair::default(), _turn: turn, _lock: lock }
    }

    /// The instant.
    pub(super) fn now(&self) -> Timestamp {
        self.estate.clock.now()
    }

    /// A site's name.
    pub(super) fn site(&self, side: Side) -> &'a str {
        &self.estate.description.sites.at(side).name
    }

    /// The side of a site's name.
    pub(super) fn side(&self, site: &str) -> Result<Side, Trouble> {
        self.estate
            .description
            .side(site)
            .ok_or_else(|| Trouble::Refused("unknown_site", format!("the estate has no site `{site}`")))
    }

    /// A file that a record names relative to its site.
    pub(super) fn file(&self, side: Side, relative: &str) -> PathBuf {
        self.estate.layout.site(self.site(side)).join(relative)
    }

    /// What a daemon is called: it is the folder of what belongs to it, too.
    pub(super) fn host_name(&self, host: Host) -> String {
        match host {
            Host::Machines(side) => self.site(side).to_owned(),
            Host::Tests(side) => format!("{}/{TESTS_FOLDER}", self.site(side)),
        }
    }

    fn spec(&self, host: Host) -> SiteSpec {
        let site = self.estate.description.sites.at(host.side());
        let port = site.port.filter(|_| !host.is_of_tests());
        SiteSpec { name: self.host_name(host), port, ..site.clone() }
    }

    fn link(&mut self, host: Host) -> &mut Option<Qmp> {
        match host {
            Host::Machines(side) => self.links.at_mut(side),
            Host::Tests(side) => self.test_links.at_mut(side),
        }
    }

    /// Where a machine's copy is reached: its guest's own address, or where its disks are served.
    pub(super) fn address(&self, vm: &str, side: Side, test: bool) -> Result<Option<String>, Trouble> {
        if let Some((guest, _)) = self.guest(vm, side, test) {
            return Ok(Some(guest.address(self).to_string()));
        }
        let path = self.estate.layout.site_record(&self.host_name(Host::of(side, test)));
        Ok(files::read_json::<SiteRecord>(&path)?.map(|record| record.at().to_string()))
    }

    /// The guest of a machine's copy, if it has one.
    pub(super) fn guest<'v>(
        &self,
        vm: &'v str,
        side: Side,
        test: bool,
    ) -> Option<(Guest<'v>, &'a GuestSpec)> {
        let spec = self.estate.description.machines.get(vm)?.guest.as_ref()?;
        Some((Guest { vm, side, test }, spec))
    }

    /// Whether anything at a site may write to a machine's disks: whoever its daemon serves, or its guest.
    pub(super) async fn is_live(&mut self, place: &Place) -> Result<bool, Trouble> {
        let guest_lives = match self.guest(&place.record.vm, place.side, false) {
            Some((guest, _)) => guest.stands(self).await? == Stands::Runs,
            None => false,
        };
        Ok(guest_lives || is_served(&self.view(place.side).await?, &place.record))
    }

    /// The record of a living daemon.
    pub(super) fn daemon(&self, host: impl Into<Host>) -> Result<Option<SiteRecord>, Trouble> {
        daemon::find(&self.estate.layout, &self.host_name(host.into()))
    }

    /// A connection to a daemon, which is started where it is missing.
    pub(super) async fn qmp(&mut self, host: impl Into<Host>) -> Result<&mut Qmp, Trouble> {
        let host = host.into();
        if self.daemon(host)?.is_none() {
            *self.link(host) = None;
            daemon::start(&self.estate.layout, &self.estate.tools, &self.spec(host)).await?;
        }
        self.connect(host).await
    }

    /// A connection to a daemon, if it lives.
    pub(super) async fn qmp_if_up(&mut self, host: impl Into<Host>) -> Result<Option<&mut Qmp>, Trouble> {
        let host = host.into();
        if self.daemon(host)?.is_none() {
            *self.link(host) = None;
            return Ok(None);
        }
        self.connect(host).await.map(Some)
    }

    async fn connect(&mut self, host: Host) -> Result<&mut Qmp, Trouble> {
        let name = self.host_name(host);
        let socket = self.estate.layout.socket(&name);
        let link = self.link(host);
        let qmp = match link.take().filter(Qmp::is_alive) {
            Some(qmp) => qmp,
            None => Qmp::connect(&socket)
                .await
                .map_err(|trouble| trouble.at(&format!("reach the storage daemon of `{name}`")))?,
        };
        let qmp = link.insert(qmp);
        // Whatever they say is asked for by queries: they are only kept from growing.
        drop(qmp.take_events());
        Ok(qmp)
    }

    /// What a daemon has open; nothing where none lives.
    pub(super) async fn view(&mut self, host: impl Into<Host>) -> Result<View, Trouble> {
        match self.qmp_if_up(host).await? {
            Some(qmp) => node::view(qmp).await,
            None => Ok(View::default()),
        }
    }

    /// Ends a daemon cleanly: its disks are closed, their bitmaps kept.
    pub(super) async fn stop(&mut self, host: Host) -> Result<(), Trouble> {
        let name = self.host_name(host);
        let layout = &self.estate.layout;
        let Some(qmp) = self.qmp_if_up(host).await? else { return Ok(()) };
        // The answer may be lost with the daemon; whether it is gone is looked at below.
        let _asked = qmp.call("quit", serde_json::json!({})).await;
        *self.link(host) = None;
        daemon::gone(layout, &name).await
    }

    /// What a site knows of a machine.
    pub(super) fn vm(&self, side: Side, vm: &str) -> Result<Option<VmRecord>, Trouble> {
        files::read_json(&self.estate.layout.vm(self.site(side), vm))
    }

    /// Keeps what a site knows of a machine.
    pub(super) fn keep(&self, side: Side, record: &VmRecord) -> Result<(), Trouble> {
        files::write_json(&self.estate.layout.vm(self.site(side), &record.vm), record)
    }

    /// Keeps the record of a machine's test copy.
    pub(super) fn keep_test(&self, side: Side, record: &VmRecord) -> Result<(), Trouble> {
        files::write_json(&self.estate.layout.test(self.site(side), &record.vm), record)
    }

    /// All copies of a machine.
    pub(super) fn locate(&self, vm: &str) -> Result<Located, Trouble> {
        if !self.estate.description.machines.contains_key(vm) {
            return Err(Trouble::Refused("unknown_machine", format!("the estate has no machine `{vm}`")));
        }
        let mut found = Located::default();
        for side in Side::BOTH {
            if let Some(record) = self.vm(side, vm)? {
                let slot = match record.role {
                    Role::Source => &mut found.source,
                    Role::Target => &mut found.target,
                    Role::Left => &mut found.left,
                };
                *slot = Some(Place { side, record });
            }
            let test = files::read_json(&self.estate.layout.test(self.site(side), vm))?;
            if let Some(record) = test {
                found.test = Some(Place { side, record });
            }
        }
        Ok(found)
    }

    /// The machine itself, at the site where it counts.
    pub(super) fn source(&self, vm: &str) -> Result<Place, Trouble> {
        self.locate(vm)?.source.ok_or_else(|| {
            Trouble::Refused("not_set_up", format!("`{vm}` is not set up: it has no disks at either site"))
        })
    }

    /// The target of a failover that is not committed.
    pub(super) fn target(&self, vm: &str) -> Result<Place, Trouble> {
        self.locate(vm)?
            .target
            .ok_or_else(|| Trouble::Refused("not_failed_over", format!("`{vm}` is not failed over")))
    }
}

/// Whether all disks of a copy are served: then it runs.
pub(super) fn runs(view: &View, record: &VmRecord) -> bool {
    !record.disks.is_empty() && record.disks.values().all(|disk| view.serves(&node::export_of(&disk.file)))
}

/// Whether any disk of a copy can be written by anybody.
pub(super) fn is_served(view: &View, record: &VmRecord) -> bool {
    record.disks.values().any(|disk| view.has_export(&node::export_of(&disk.file)))
}
