//! What the provider keeps on disk: a site's daemon, a machine as a site knows it, points, sets and
//! acts. Data only, versioned by `format`; who writes it when is told in the other files.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::event::{Detail, EstateError, Request};
use crate::inventory::PointKind;

use super::sums::Lies;

/// A site's daemon. Written before it is started, and again once its process is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct SiteRecord {
    /// `muster.site/1`
    pub(super) format: String,
    /// The site.
    pub(super) name: String,
    /// The port of its NBD server.
    pub(super) port: u16,
    /// Where that listens.
    #[serde(default = "loopback")]
    pub(super) listen: IpAddr,
    /// Whether its clients have to know the site's key.
    #[serde(default)]
    pub(super) tls: bool,
    /// Its command line: with the start time it tells the process from any other.
    pub(super) argv: Vec<String>,
    /// Its process; none between intent and start.
    pub(super) pid: Option<u32>,
    /// When the process started, in ticks since the host's boot.
    pub(super) started: Option<u64>,
}

const fn loopback() -> IpAddr {
    IpAddr::V4(Ipv4Addr::LOCALHOST)
}

impl SiteRecord {
    /// Where its disks are served.
    pub(super) const fn at(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }
}

/// What a machine's copy is at a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// The machine is here. At one site only.
    Source,
    /// Made by a failover that is not committed, or by a test.
    Target,
    /// Left behind by a commit and kept; never started again.
    Left,
}

/// A disk in use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct DiskRecord {
    /// Its file, relative to the site's folder.
    pub(super) file: String,
    /// Its size in bytes.
    pub(super) size: u64,
}

/// A machine's copy at a site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct VmRecord {
    /// `muster.vm/1`
    pub(super) format: String,
    /// The machine.
    pub(super) vm: String,
    /// What it is here.
    pub(super) role: Role,
    /// The act that made it what it is.
    pub(super) key: String,
    /// The point that its disks are overlays of.
    #[serde(default)]
    pub(super) stands_on: Option<String>,
    /// Whether it ever ran on these disks.
    #[serde(default)]
    pub(super) started: bool,
    /// Of the last shutdown: whether all writers had left by themselves. None while it runs.
    #[serde(default)]
    pub(super) clean: Option<bool>,
    /// The final point whose content the disks have still, byte for byte.
    #[serde(default)]
    pub(super) rests_at: Option<String>,
    /// The site that its points go to.
    #[serde(default)]
    pub(super) replicates_to: Option<String>,
    /// The newest confirmed point: the bitmap of its name records everything written since.
    #[serde(default)]
    pub(super) base: Option<String>,
    /// Why the next point has to be a full copy.
    #[serde(default)]
    pub(super) resync: Option<String>,
    /// The act that is taking a point now.
    #[serde(default)]
    pub(super) taking: Option<String>,
    /// Its disks.
    pub(super) disks: IndexMap<String, DiskRecord>,
    /// Files of an overlay that was replaced and are to be deleted.
    #[serde(default)]
    pub(super) discard: Vec<String>,
}

/// What a point's files are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PointState {
    /// Durable here with everything below it: a recovery point.
    Complete,
    /// Not offered any more; others stand on it.
    Base,
}

/// One disk of a point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct PointDisk {
    /// Its file, relative to the site's folder.
    pub(super) file: String,
    /// The disk's size in bytes.
    pub(super) size: u64,
    /// Bytes shipped.
    pub(super) bytes: u64,
    /// Of what was shipped, one sum a piece, compared with what was read back.
    pub(super) sums: Vec<String>,
    /// Its file as it lies, in which the name of the file below is written. None of a point of an earlier
    /// version, and of disks that became a base.
    #[serde(default)]
    pub(super) lies: Option<Lies>,
}

/// A machine's point. Its existence is the declaration: it is written last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct PointRecord {
    /// `muster.point/1`
    pub(super) format: String,
    /// Its id, unique on its machine.
    pub(super) id: String,
    /// The machine.
    pub(super) vm: String,
    /// The set it was taken in.
    pub(super) set: Option<String>,
    /// How it was made.
    pub(super) kind: PointKind,
    /// The instant of the transaction.
    pub(super) at: Timestamp,
    /// The point that its files stand on; none for a full copy.
    pub(super) parent: Option<String>,
    /// What it is for.
    pub(super) state: PointState,
    /// The act that made it.
    pub(super) key: String,
    /// Why it is a full copy.
    #[serde(default)]
    pub(super) full_because: Option<String>,
    /// The point at the other site that has the same content: a base for going on from there.
    #[serde(default)]
    pub(super) same_as: Option<String>,
    /// What is wrong with its own files, as found by reading them: it and all that stand on it are not usable.
    #[serde(default)]
    pub(super) damaged: Option<String>,
    /// Files that a merge left and that are to be deleted.
    #[serde(default)]
    pub(super) discard: Vec<String>,
    /// Its files.
    pub(super) disks: IndexMap<String, PointDisk>,
}

/// Whether a set is whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SetState {
    /// The intent.
    Open,
    /// Every member's point is durable.
    Complete,
}

/// Points of several machines, cut in one transaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct SetRecord {
    /// `muster.set/1`
    pub(super) format: String,
    /// Its id.
    pub(super) id: String,
    /// Its machines.
    pub(super) members: Vec<String>,
    /// How it was made.
    pub(super) kind: PointKind,
    /// Whether it is whole.
    pub(super) state: SetState,
}

/// What an act is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Work {
    /// One of the engine's requests, made true by looking at records and daemons.
    Request(Request),
    /// A point or a set, stage by stage.
    Take(TakeWork),
}

/// Where taking stands. Each stage may be done again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Nothing is done.
    Begin,
    /// Scratch files are open as targets.
    Cut,
    /// The jobs run.
    Copy,
    /// The jobs ended well.
    Close,
    /// The scratch files are whole; they go to the other site.
    Ship,
    /// Everything is durable there; it is declared.
    Confirm,
    /// Chains are kept short.
    Trim,
}

/// A point or set that is being taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct TakeWork {
    /// Of these machines, all at one site.
    pub(super) machines: Vec<String>,
    /// Where they are.
    pub(super) from: String,
    /// Where the points go.
    pub(super) to: String,
    /// Whether it is a last point, of machines that are down.
    pub(super) last: bool,
    /// Whether the guests' applications are quiesced for it.
    #[serde(default)]
    pub(super) app: bool,
    /// How it is made.
    pub(super) kind: PointKind,
    /// The set's id, for several machines.
    pub(super) set: Option<String>,
    /// The point's id on each machine.
    pub(super) point: String,
    /// The instant of the transaction.
    pub(super) at: Option<Timestamp>,
    /// For how long writers had to wait for it, in nanoseconds: the transaction, and with quiesced applications
    /// from the first freeze to the last thaw.
    #[serde(default)]
    pub(super) cut_nanos: u64,
    /// Where it stands.
    pub(super) stage: Stage,
    /// The daemon that holds the jobs, by process and start time: another one never had them.
    #[serde(default)]
    pub(super) daemon: Option<(u32, u64)>,
    /// One a disk.
    pub(super) members: Vec<Member>,
    /// The seed that the first point of a machine may stand on, by machine.
    pub(super) seeds: IndexMap<String, String>,
    /// Whether a set of the group follows once all its machines are protected.
    pub(super) then_set: bool,
    /// For people, with the outcome.
    pub(super) note: String,
    /// How far the files of the next merge are compared.
    #[serde(default)]
    pub(super) compared: Option<Box<Compared>>,
}

/// Before a merge, files are compared with their sums piece by piece: what is damaged is not merged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Compared {
    /// The machine.
    pub(super) vm: String,
    /// The oldest point, which is merged into.
    pub(super) oldest: String,
    /// Pieces that agree.
    pub(super) pieces: usize,
}

/// One disk of a point that is being taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Member {
    /// The machine.
    pub(super) vm: String,
    /// The disk.
    pub(super) disk: String,
    /// The disk's file, relative to the site that it is at.
    pub(super) file: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Whether it was opened only for this, and is closed again.
    pub(super) opened: bool,
    /// The parent's id and file; none for a full copy.
    pub(super) parent: Option<(String, String)>,
    /// The bitmap that says what to copy; none for a full copy.
    pub(super) bitmap: Option<String>,
    /// Why it is a full copy.
    pub(super) full_because: Option<String>,
    /// Sums of the pieces that are durable at the other site.
    pub(super) sums: Vec<String>,
    /// Bytes shipped.
    pub(super) bytes: u64,
    /// Sum of the first piece after the name of the parent was written into it.
    #[serde(default)]
    pub(super) first: Option<String>,
    /// Whether its file has its final name there.
    pub(super) shipped: bool,
}

/// How an act stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ActState {
    /// It goes on.
    Running,
    /// It failed, and what it left is being removed.
    Undoing(EstateError),
    /// It is done.
    Done(Detail),
    /// It failed and left nothing.
    Failed(EstateError),
}

/// An act, durable before its first effect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ActRecord {
    /// `muster.act/1`
    pub(super) format: String,
    /// Its name: from the engine's key.
    pub(super) slug: String,
    /// When it began.
    pub(super) began: Timestamp,
    /// Since when the same trouble stops it.
    pub(super) stuck_since: Option<Timestamp>,
    /// What the engine asked; none for an operator's point.
    pub(super) request: Option<Request>,
    /// What it is.
    pub(super) work: Work,
    /// How it stands.
    pub(super) state: ActState,
}
