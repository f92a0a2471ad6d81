//! What tests leave at an estate of disks: files with names that only tests bear, what the daemons of the
//! tests have open and serve, and those daemons. Looked for in folders and at daemons, not in records,
//! named before it is made, and removed thing by thing.

use crate::event::{Artifact, ArtifactKind, Detail, Request};

use super::acts::Next;
use super::describe::{Host, Side};
use super::files;
use super::hands::{Hands, Place};
use super::node::{self, View};
use super::switch;
use crate::estate::trouble::Trouble;

/// How the files of a machine's test begin.
const PREFIX: &str = "test";

/// What a guest has besides its disks, see `Layout::guest`.
const GUEST_FILES: [&str; 6] = ["json", "qmp", "agent", "pid", "log", "err"];

/// A thing of a machine's test.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Trace {
    /// A disk, or the record of the copy, relative to its site.
    File(Side, String),
    /// A disk that the daemon of the tests has open.
    Node(Side, String),
    /// A disk that it serves.
    Export(Side, String),
    /// That daemon, with nothing of others' tests.
    Daemon(Side),
    /// The process of the copy's guest.
    Guest(Side),
}

impl Trace {
    fn artifact(&self, hands: &Hands<'_>, machine: &str) -> Artifact {
        let at = |side: Side, name: &str| format!("{}/{name}", hands.host_name(Host::Tests(side)));
        match self {
            Self::File(side, file) => {
                let is_disk = std::path::Path::new(file).extension().is_some_and(|end| end == "qcow2");
                let kind = if is_disk { ArtifactKind::Disk } else { ArtifactKind::File };
                Artifact::new(machine, kind, format!("{}/{file}", hands.site(*side)))
            }
            Self::Node(side, name) => Artifact::new(machine, ArtifactKind::Node, at(*side, name)),
            Self::Export(side, id) => Artifact::new(machine, ArtifactKind::Export, at(*side, id)),
            Self::Daemon(side) => {
                Artifact::new(machine, ArtifactKind::Process, hands.host_name(Host::Tests(*side)))
            }
            Self::Guest(side) => {
                Artifact::new(machine, ArtifactKind::Process, at(*side, &format!("guest of {machine}")))
            }
        }
    }
}

/// What an act will make: a failover the copy's disks and its record, a start what serves them.
pub(super) fn will_create(
    hands: &Hands<'_>,
    slug: &str,
    request: &Request,
) -> Result<Vec<Artifact>, Trouble> {
    let (machine, traces) = match request {
        Request::FailOver { machine, mode: None, to, .. } => {
            let spec = hands.estate.description.machines.get(machine);
            // What names no site or machine of the estate is refused, and makes nothing.
            let (Some(spec), Ok(side)) = (spec, hands.side(to)) else { return Ok(Vec::new()) };
            let disks = spec.disks.keys().map(|disk| switch::test_disk(machine, slug, disk));
            (machine, disks.chain([record_of(machine)]).map(|file| Trace::File(side, file)).collect())
        }
        Request::Start { machine, test: true } => {
            let Some(Place { side, record }) = hands.locate(machine)?.test else { return Ok(Vec::new()) };
            let served = record.disks.values().flat_map(|disk| {
                let (name, id) = (node::of_file(&disk.file), node::export_of(&disk.file));
                [Trace::Node(side, name), Trace::Export(side, id)]
            });
            let guest = hands.guest(machine, side, true).into_iter().flat_map(|_| {
                let files =
                    GUEST_FILES.map(|what| Trace::File(side, format!("vms/{machine}/{PREFIX}-guest.{what}")));
                std::iter::once(Trace::Guest(side)).chain(files)
            });
            (machine, std::iter::once(Trace::Daemon(side)).chain(served).chain(guest).collect::<Vec<_>>())
        }
        _ => return Ok(Vec::new()),
    };
    Ok(traces.iter().map(|trace| trace.artifact(hands, machine)).collect())
}

fn record_of(machine: &str) -> String {
    format!("vms/{machine}/{PREFIX}.json")
}

/// Everything of a machine's tests that is there.
pub(super) async fn remains(hands: &mut Hands<'_>, machine: &str) -> Result<Vec<Artifact>, Trouble> {
    let traces = traces(hands, machine).await?;
    Ok(traces.iter().map(|trace| trace.artifact(hands, machine)).collect())
}

async fn traces(hands: &mut Hands<'_>, machine: &str) -> Result<Vec<Trace>, Trouble> {
    // A name of no machine is refused here.
    hands.locate(machine)?;
    let mut found = Vec::new();
    for side in Side::BOTH {
        let folder = hands.file(side, &format!("vms/{machine}"));
        for name in files::names(&folder)? {
            if name.starts_with(&format!("{PREFIX}-")) || name.starts_with(&format!("{PREFIX}.")) {
                found.push(Trace::File(side, format!("vms/{machine}/{name}")));
            }
        }
        if let Some((guest, _)) = hands.guest(machine, side, true)
            && guest.lives(hands)?
        {
            found.push(Trace::Guest(side));
        }
        let host = Host::Tests(side);
        if hands.daemon(host)?.is_none() {
            continue;
        }
        let view = hands.view(host).await?;
        let (ours, others) = open_for(hands, side, machine, &view);
        found.extend(ours.iter().map(|name| Trace::Node(side, name.clone())));
        let of_ours = |node: &String| ours.contains(node);
        let exports = view.served.iter().filter(|(_, node)| of_ours(node));
        found.extend(exports.map(|(id, _)| Trace::Export(side, id.clone())));
        if !others {
            found.push(Trace::Daemon(side));
        }
    }
    Ok(found)
}

/// The nodes of a machine's test that a daemon has open, and whether it has any of another machine's.
fn open_for(hands: &Hands<'_>, side: Side, machine: &str, view: &View) -> (Vec<String>, bool) {
    let begin = |machine: &str| hands.file(side, &format!("vms/{machine}/{PREFIX}-")).display().to_string();
    // Nodes that QEMU opened for itself below another one go with that one. The file of one that stands on
    // another is told inside of a longer text.
    let named = || view.files.iter().filter(|(name, _)| !name.starts_with('#'));
    let ours = begin(machine);
    let others: Vec<String> = hands
        .estate
        .description
        .machines
        .keys()
        .filter(|other| *other != machine)
        .map(|other| begin(other))
        .collect();
    let is_others = |file: &str| others.iter().any(|other| file.contains(other));
    (
        named().filter(|(_, file)| file.contains(&ours)).map(|(name, _)| name.clone()).collect(),
        named().any(|(_, file)| is_others(file)),
    )
}

/// Removes everything of a machine's tests, also what no record knows of: its power, its disks, their
/// files, and last the record, so that whoever goes on finds it.
pub(super) async fn clean_up(hands: &mut Hands<'_>, machine: &str) -> Result<Next, Trouble> {
    let found = traces(hands, machine).await?;
    for trace in &found {
        if let Trace::Guest(side) = trace
            && let Some((guest, _)) = hands.guest(machine, *side, true)
        {
            guest.end(hands).await?;
        }
    }
    let mut serves = false;
    for trace in &found {
        if let Trace::Export(side, id) = trace
            && let Some(qmp) = hands.qmp_if_up(Host::Tests(*side)).await?
        {
            node::end_export(qmp, id).await?;
            serves = true;
        }
    }
    if serves {
        return Ok(Next::soon());
    }
    // One that another stands on is closed after it, whatever their names.
    let mut held = None;
    for trace in &found {
        if let Trace::Node(side, name) = trace
            && let Some(qmp) = hands.qmp_if_up(Host::Tests(*side)).await?
            && let Err(trouble) = node::close(qmp, name).await
        {
            held = Some(trouble);
        }
    }
    if let Some(trouble) = held {
        return Err(trouble);
    }
    let record = record_of(machine);
    let files = || {
        found.iter().filter_map(|trace| match trace {
            Trace::File(side, file) => Some((*side, file)),
            Trace::Node(..) | Trace::Export(..) | Trace::Daemon(_) | Trace::Guest(_) => None,
        })
    };
    for (side, file) in files().filter(|(_, file)| **file != record) {
        files::remove(&hands.file(side, file))?;
    }
    for (side, file) in files().filter(|(_, file)| **file == record) {
        files::remove(&hands.file(side, file))?;
    }
    // The last copy takes the daemon of the tests with it.
    for host in Side::BOTH.map(Host::Tests) {
        if hands.view(host).await?.nodes.is_empty() {
            hands.stop(host).await?;
        }
    }
    Ok(Next::Done(Detail::default()))
}
