//! A laboratory: an estate of disks in a folder of its own, writers and readers over NBD, and the
//! end of every daemon on every path.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use musterpoint::estate::Estate;
use musterpoint::estate::qemu::{Qemu, QemuOptions};
use musterpoint::event::{Detail, EstateError, Key, Network, Progress, Request, Submitted};
use musterpoint::inventory::{Inventory, PointKind};
use musterpoint::model::{Mode, ShutdownSpec, ShutdownThen};

pub(crate) use crate::bytes::*;

pub(crate) fn two_machines() -> String {
    r#"{ "format": "muster.disks/1",
         "sites": [ { "name": "north" }, { "name": "south" } ],
         "machines": { "orders": { "group": "shop", "disks": { "data": "2MiB" } },
                       "stock": { "group": "shop", "disks": { "data": "2MiB" } } } }"#
        .to_owned()
}

pub(crate) fn one_machine() -> String {
    r#"{ "format": "muster.disks/1",
         "sites": [ { "name": "north" }, { "name": "south" } ],
         "machines": { "orders": { "disks": { "data": "2MiB", "log": "1MiB" } } } }"#
        .to_owned()
}

pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) description: String,
    pub(crate) steps_per_call: Option<u32>,
    pub(crate) every_step_twice: bool,
    pub(crate) points_kept: usize,
    keys: std::cell::Cell<u32>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in ["north", "south", "north/test", "south/test"] {
            kill(self, host);
        }
    }
}

/// Kills a site's daemon with -9, if the process is the one of this folder.
pub(crate) fn kill(lab: &Lab, site: &str) {
    kill_daemon(lab.folder.path(), site);
}

impl Lab {
    pub(crate) fn new(description: String) -> Self {
        Self::at(tempfile::tempdir().unwrap(), description)
    }

    pub(crate) fn at(folder: tempfile::TempDir, description: String) -> Self {
        let keys = std::cell::Cell::new(0);
        Self { folder, description, steps_per_call: None, every_step_twice: false, points_kept: 24, keys }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn options(&self) -> QemuOptions {
        let mut options = QemuOptions::new(self.path("."), self.description.clone(), self.path("."));
        options.steps_per_call = self.steps_per_call.unwrap_or(options.steps_per_call);
        options.every_step_twice = self.every_step_twice;
        options.points_kept = Some(self.points_kept);
        options
    }

    /// A new engine: it knows nothing but what is on disk.
    pub(crate) fn engine(&self) -> Qemu {
        Qemu::open(self.options()).unwrap()
    }

    pub(crate) async fn set_up(&self) -> Qemu {
        let engine = self.engine();
        engine.set_up().await.unwrap();
        engine
    }

    pub(crate) fn key(&self) -> Key {
        self.keys.set(self.keys.get() + 1);
        Key::of("run", self.keys.get(), 1)
    }

    /// Does an act, with a new engine for every call.
    pub(crate) async fn act(&self, request: Request) -> Result<Detail, EstateError> {
        self.act_by(&self.key(), request).await
    }

    pub(crate) async fn act_by(&self, key: &Key, request: Request) -> Result<Detail, EstateError> {
        let mut at = match self.engine().submit(key, &request).await? {
            Submitted::Done(detail) => return Ok(detail),
            Submitted::Accepted(handle, _) => handle,
        };
        for _ in 0..5000 {
            match self.engine().poll(&at).await? {
                Progress::Done(detail) => return Ok(detail),
                Progress::Failed(error) => return Err(error),
                Progress::Running(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
            if let Ok(musterpoint::event::Found::Running(handle)) =
                self.engine().find(key, &request, musterpoint::base::Timestamp::default()).await
            {
                at = handle;
            }
        }
        panic!("{request:?} does not end");
    }

    pub(crate) async fn inventory(&self) -> Inventory {
        self.engine().inventory().await.unwrap()
    }

    pub(crate) async fn uri(&self, machine: &str, disk: &str, test: bool) -> String {
        self.engine().uris(machine, test).await.unwrap()[disk].clone()
    }

    /// Writes a transaction: the block `n` of a disk is filled with `n`, and flushed.
    pub(crate) async fn write(&self, machine: &str, n: u8) {
        let uri = self.uri(machine, "data", false).await;
        write_to(&uri, n);
    }

    /// The transactions on a running machine's disk.
    pub(crate) async fn rows(&self, machine: &str, test: bool) -> BTreeSet<u8> {
        rows_of(&self.uri(machine, "data", test).await, "raw")
    }

    /// The transactions in a point's file, read through its chain.
    pub(crate) fn rows_at(&self, site: &str, machine: &str, point: &str) -> BTreeSet<u8> {
        let path = self.path(&format!("{site}/points/{machine}/{point}-data.qcow2"));
        rows_of(path.to_str().unwrap(), "qcow2")
    }

    pub(crate) async fn newest(&self, machine: &str) -> String {
        let inventory = self.inventory().await;
        inventory.text(inventory.vms[machine].points[0].id).to_owned()
    }

    pub(crate) async fn point_count(&self, machine: &str) -> usize {
        self.inventory().await.vms[machine].points.len()
    }

    /// The newest set that every machine has, with each machine's point.
    pub(crate) async fn common(&self) -> (String, Vec<(String, String)>) {
        let inventory = self.inventory().await;
        let first = inventory.vms.values().next().unwrap();
        for set in first.points.iter().filter_map(|point| point.set) {
            let points: Vec<(String, String)> = inventory
                .vms
                .values()
                .filter_map(|vm| {
                    let point = vm.points.iter().find(|point| point.set == Some(set))?;
                    Some((vm.name.clone(), inventory.text(point.id).to_owned()))
                })
                .collect();
            if points.len() == inventory.vms.len() {
                return (inventory.text(set).to_owned(), points);
            }
        }
        panic!("there is no common set");
    }

    pub(crate) async fn kind(&self, machine: &str, point: &str) -> PointKind {
        let inventory = self.inventory().await;
        let points = &inventory.vms[machine].points;
        points.iter().find(|known| inventory.text(known.id) == point).unwrap().kind
    }

    /// Every file of the estate but the records of acts and what daemons print.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
                if path.is_dir() && name != "acts" {
                    folders.push(path);
                } else if !path.is_dir() && !name.contains("qsd.") && !name.ends_with("site.json") {
                    found.insert(name);
                }
            }
        }
        found
    }
}

pub(crate) fn shut_down(machine: &str) -> Request {
    let spec = ShutdownSpec { guest: Duration::ZERO, then: ShutdownThen::PowerOff };
    Request::ShutDown { machine: machine.to_owned(), spec }
}

pub(crate) fn fail_over(machine: &str, point: &str, to: &str, mode: Option<Mode>) -> Request {
    Request::FailOver {
        machine: machine.to_owned(),
        point: point.to_owned(),
        mode,
        to: to.to_owned(),
        network: Network { name: None, address: None },
    }
}

pub(crate) fn start(machine: &str, test: bool) -> Request {
    Request::Start { machine: machine.to_owned(), test }
}

pub(crate) fn commit(machine: &str) -> Request {
    Request::Commit { machine: machine.to_owned() }
}

pub(crate) fn reprotect(machine: &str, to: &str) -> Request {
    Request::Reprotect { machine: machine.to_owned(), to: to.to_owned(), via: None }
}

pub(crate) fn take_final(machines: &[&str]) -> Request {
    Request::TakeFinal { machines: machines.iter().map(|name| (*name).to_owned()).collect() }
}

pub(crate) fn code(error: &EstateError) -> &str {
    match error {
        EstateError::Retry { code, .. } | EstateError::Refused { code, .. } => code,
        EstateError::Unknown { message } => message,
    }
}

/// A client that stays connected: a guest that does not stop by itself.
pub(crate) fn stay_connected(uri: &str) -> Child {
    let mut child = Command::new("qemu-io")
        .args(["-f", "raw", uri])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.as_mut().unwrap();
    stdin.write_all(b"read 0 512\n").unwrap();
    stdin.flush().unwrap();
    // Its answer says that it is connected.
    let mut byte = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
    child
}
