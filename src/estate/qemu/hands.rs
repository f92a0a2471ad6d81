//! What an act works with: the estate's lock, connections to the daemons, and the records of
//! machines. One holder at a time, over all processes; held for one call, never across calls.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::MutexGuard;

use crate::base::{Clock, Timestamp};

use super::Qemu;
use super::daemon;
use super::describe::{Pair, Side};
use super::files;
use super::node::{self, View};
use super::qmp::Qmp;
use super::record::{Role, SiteRecord, VmRecord};
use super::trouble::Trouble;

/// How long another process may hold the estate: less than a call may take.
const LOCK_MAX: Duration = Duration::from_secs(20);
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
    _turn: MutexGuard<'a, ()>,
    _lock: File,
}

impl<'a> Hands<'a> {
    /// Waits for the turn in this process, then for the lock among processes.
    pub(super) async fn take(estate: &'a Qemu) -> Result<Self, Trouble> {
        let turn = estate.turn.lock().await;
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
        Ok(Self { estate, links: Pair::default(), _turn: turn, _lock: lock })
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

    /// The record of a living daemon.
    pub(super) fn daemon(&self, side: Side) -> Result<Option<SiteRecord>, Trouble> {
        daemon::find(&self.estate.layout, self.site(side))
    }

    /// A connection to a site's daemon, which is started where it is missing.
    pub(super) async fn qmp(&mut self, side: Side) -> Result<&mut Qmp, Trouble> {
        if self.daemon(side)?.is_none() {
            *self.links.at_mut(side) = None;
            let spec = self.estate.description.sites.at(side);
            daemon::start(&self.estate.layout, &self.estate.tools, spec).await?;
        }
        self.connect(side).await
    }

    /// A connection to a site's daemon, if it lives.
    pub(super) async fn qmp_if_up(&mut self, side: Side) -> Result<Option<&mut Qmp>, Trouble> {
        if self.daemon(side)?.is_none() {
            *self.links.at_mut(side) = None;
            return Ok(None);
        }
        self.connect(side).await.map(Some)
    }

    async fn connect(&mut self, side: Side) -> Result<&mut Qmp, Trouble> {
        let site = self.site(side);
        let socket = self.estate.layout.socket(site);
        let link = self.links.at_mut(side);
        let qmp = match link.take().filter(Qmp::is_alive) {
            Some(qmp) => qmp,
            None => Qmp::connect(&socket)
                .await
                .map_err(|trouble| trouble.at(&format!("reach the storage daemon of `{site}`")))?,
        };
        let qmp = link.insert(qmp);
        // Whatever they say is asked for by queries: they are only kept from growing.
        drop(qmp.take_events());
        Ok(qmp)
    }

    /// What a site's daemon has open; nothing where none lives.
    pub(super) async fn view(&mut self, side: Side) -> Result<View, Trouble> {
        match self.qmp_if_up(side).await? {
            Some(qmp) => node::view(qmp).await,
            None => Ok(View::default()),
        }
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
