//! What an operator does to an estate of disks outside any run: set machines up, take points, find
//! their disks, stop the daemons.

use std::time::Duration;

use indexmap::IndexMap;

use crate::base::Digest;
use crate::event::EstateError;

use super::acts;
use super::describe::{Host, Side};
use super::files;
use super::hands::{Hands, runs};
use super::node;
use super::record::{ActState, DiskRecord, Role, TakeWork, VmRecord, Work};
use super::switch;
use super::tls;
use super::{Clock, Qemu};
use crate::estate::trouble::Trouble;

/// A first copy of a large disk: four hours at 75 MB/s are a tebibyte.
const TAKE_MAX: Duration = Duration::from_secs(4 * 3600);

/// A point or set that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The point's id, the same on each of its machines.
    pub point: String,
    /// The set's id, where it is of a group.
    pub set: Option<String>,
    /// What was copied, for people.
    pub note: String,
    /// For how long writers had to wait for the cut; zero where an engine ended between it and its record.
    pub cut: Duration,
}

impl Qemu {
    /// Makes what the description says and is not yet there: disks at the first site, machines
    /// running, each with a full copy at the other site and each group with a set. A machine that was
    /// shut down by a run stays down. Harmless to repeat.
    ///
    /// # Errors
    /// As of any act; what was made stays and is gone on from.
    pub async fn set_up(&self) -> Result<(), EstateError> {
        for name in self.description.machines.keys() {
            let mut hands = self.hands().await?;
            let located = hands.locate(name).map_err(Trouble::into_error)?;
            let made = match located.source {
                None if located.target.is_none() => self.create(&mut hands, name).await,
                // Its daemon ended, or could not be started then.
                Some(place) if located.target.is_none() && place.record.clean.is_none() => {
                    switch::power_on(&mut hands, place.side, place.record, false).await
                }
                Some(_) | None => Ok(()),
            };
            made.map_err(Trouble::into_error)?;
        }
        let mut targets: Vec<&str> = Vec::new();
        for (name, machine) in &self.description.machines {
            let target = machine.group.as_deref().unwrap_or(name);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        for target in targets {
            if !self.has_points(target).await? {
                self.take_point(target).await?;
            }
        }
        Ok(())
    }

    /// Starts a machine where it is now, if it does not run: after a shutdown that no failover
    /// followed. Returns its address.
    ///
    /// # Errors
    /// `Refused` for an unknown machine and for one whose failover is not committed.
    pub async fn start_machine(&self, machine: &str) -> Result<String, EstateError> {
        let mut hands = self.hands().await?;
        let started = async {
            if hands.locate(machine)?.target.is_some() {
                let message = format!("`{machine}` is failed over: commit it or roll it back");
                return Err(Trouble::Refused("failed_over", message));
            }
            let source = hands.source(machine)?;
            let side = source.side;
            switch::power_on(&mut hands, side, source.record, false).await?;
            Ok(hands.address(machine, side, false)?.unwrap_or_default())
        };
        started.await.map_err(Trouble::into_error)
    }

    async fn create(&self, hands: &mut Hands<'_>, name: &str) -> Result<(), Trouble> {
        let Some(spec) = self.description.machines.get(name) else { return Ok(()) };
        let mut disks = IndexMap::new();
        for (disk, size) in &spec.disks {
            let file = format!("vms/{name}/disk-{disk}.qcow2");
            let path = hands.file(Side::Home, &file);
            if let Some(folder) = path.parent() {
                files::make_folder(folder)?;
            }
            // Without a record the file is what an attempt that was cut off left.
            files::remove(&path)?;
            self.tools.create(&path, *size).await?;
            files::sync(&path)?;
            files::sync_folder_of(&path)?;
            disks.insert(disk.clone(), DiskRecord { file, size: *size });
        }
        let record = VmRecord {
            format: "muster.vm/1".to_owned(),
            vm: name.to_owned(),
            role: Role::Source,
            key: String::new(),
            stands_on: None,
            started: false,
            clean: None,
            rests_at: None,
            replicates_to: None,
            base: None,
            resync: None,
            taking: None,
            disks,
            discard: Vec::new(),
        };
        hands.keep(Side::Home, &record)?;
        switch::power_on(hands, Side::Home, record, false).await
    }

    /// Whether every machine of a group, or the machine, has been copied wherever it is now.
    async fn has_points(&self, target: &str) -> Result<bool, EstateError> {
        let hands = self.hands().await?;
        for vm in self.description.members(target) {
            let located = hands.locate(&vm).map_err(Trouble::into_error)?;
            if located.current().is_some_and(|place| place.record.base.is_none()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a point of a group, as one set cut in one transaction, or of a machine, and waits until
    /// it is durable at the other site.
    ///
    /// # Errors
    /// `Refused` for an unknown name or a machine that is failed over; `Retry` where nothing came
    /// about and nothing was lost; `Unknown` where the estate did not answer.
    pub async fn take_point(&self, target: &str) -> Result<Taken, EstateError> {
        self.take(target, acts::How::Crash).await
    }

    /// As `take_point`, with the applications of the guests quiesced by their agents: their file systems are
    /// frozen for the moment of the cut.
    ///
    /// # Errors
    /// As `take_point`; `Retry` also where a guest could not be quiesced.
    pub async fn take_app_point(&self, target: &str) -> Result<Taken, EstateError> {
        self.take(target, acts::How::App).await
    }

    async fn take(&self, target: &str, how: acts::How) -> Result<Taken, EstateError> {
        let machines = self.description.members(target);
        if machines.is_empty() {
            let message = format!("the estate has no machine or group `{target}`");
            return Err(EstateError::Refused { code: "unknown_machine".to_owned(), message });
        }
        let now = self.clock.now();
        let seed = [target.as_bytes(), &now.as_nanos().to_be_bytes(), &std::process::id().to_be_bytes()];
        let slug: String = Digest::of(&seed).as_str().chars().take(16).collect();
        let mut work = None;
        loop {
            let mut hands = self.hands().await?;
            let known = acts::read(&hands, &slug).map_err(Trouble::into_error)?;
            let mut act = match known {
                Some(act) => act,
                None => acts::new_take(&hands, &slug, &machines, how)
                    .and_then(|new| acts::begin(&hands, &slug, None, Work::Take(new)))
                    .map_err(Trouble::into_error)?,
            };
            let pause = acts::advance(&mut hands, &mut act).await.map_err(super::unknown)?;
            if let Work::Take(take) = &act.work {
                work = Some(take.clone());
            }
            match act.state {
                ActState::Done(detail) => {
                    acts::forget(&hands, &slug).map_err(Trouble::into_error)?;
                    return Ok(taken(work, detail.note));
                }
                ActState::Failed(error) => {
                    acts::forget(&hands, &slug).map_err(Trouble::into_error)?;
                    return Err(error);
                }
                ActState::Running | ActState::Undoing(_) => {}
            }
            drop(hands);
            if self.clock.now().since(now) > TAKE_MAX {
                let message = format!("the point of `{target}` did not end within 4h");
                return Err(EstateError::Unknown { message });
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Where a machine's disks are served, by disk: `nbd://127.0.0.1:PORT/MACHINE.DISK`, or `nbds://…` with the
    /// file of the key that a client has to know. Empty while the machine does not run. Of its test copy, if said.
    ///
    /// # Errors
    /// An unknown machine, or a daemon that does not answer.
    pub async fn uris(&self, machine: &str, test: bool) -> Result<IndexMap<String, String>, EstateError> {
        let mut hands = self.look().await?;
        let found = async {
            let located = hands.locate(machine)?;
            let place = if test { located.test.as_ref() } else { located.current() };
            let Some(place) = place.cloned() else { return Ok(IndexMap::new()) };
            let host = Host::of(place.side, test);
            let view = hands.view(host).await?;
            let Some(daemon) = hands.daemon(host)?.filter(|_| runs(&view, &place.record)) else {
                return Ok(IndexMap::new());
            };
            let uri = |disk: &String| {
                let name = node::export_name(machine, disk);
                (disk.clone(), tls::uri(&self.layout, &daemon, &name))
            };
            Ok(place.record.disks.keys().map(uri).collect())
        };
        found.await.map_err(Trouble::into_error)
    }

    /// Where the guest of a machine is reached now, if it has one; of its test copy, if said.
    ///
    /// # Errors
    /// An unknown machine, or a record that cannot be read.
    pub async fn guest_address(&self, machine: &str, test: bool) -> Result<Option<String>, EstateError> {
        let hands = self.look().await?;
        let located = hands.locate(machine).map_err(Trouble::into_error)?;
        let place = if test { located.test.as_ref() } else { located.current() };
        let guest = place.and_then(|place| hands.guest(machine, place.side, test));
        Ok(guest.map(|(guest, _)| guest.address(&hands).to_string()))
    }

    /// The process of a site's daemon, while it lives.
    ///
    /// # Errors
    /// An unknown site, or a record that cannot be read.
    pub async fn daemon_process(&self, site: &str) -> Result<Option<u32>, EstateError> {
        let hands = self.look().await?;
        let side = hands.side(site).map_err(Trouble::into_error)?;
        Ok(hands.daemon(side).map_err(Trouble::into_error)?.and_then(|daemon| daemon.pid))
    }

    /// Ends all daemons cleanly; every machine and every test's copy is off afterwards, its bitmaps kept.
    ///
    /// # Errors
    /// A daemon that does not answer or does not end.
    pub async fn stop_daemons(&self) -> Result<(), EstateError> {
        let mut hands = self.look().await?;
        for (name, test) in self.description.machines.keys().flat_map(|name| [(name, true), (name, false)]) {
            for (guest, _) in Side::BOTH.into_iter().filter_map(|side| hands.guest(name, side, test)) {
                guest.end(&hands).await.map_err(Trouble::into_error)?;
            }
        }
        for host in Side::BOTH.into_iter().flat_map(|side| [Host::Tests(side), Host::Machines(side)]) {
            hands.stop(host).await.map_err(Trouble::into_error)?;
        }
        Ok(())
    }
}

fn taken(work: Option<TakeWork>, note: String) -> Taken {
    work.map_or_else(
        || crate::bug!("a point was taken by an act of another kind"),
        |work| Taken { point: work.point, set: work.set, note, cut: Duration::from_nanos(work.cut_nanos) },
    )
}
