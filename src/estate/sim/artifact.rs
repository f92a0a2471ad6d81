//! What tests make at the simulated estate, a row a thing. The rows are the world: a machine's own idea of
//! its copy may be gone while a disk of it is still there, as in a real estate.

use rusqlite::{Connection, params};

use crate::base::Timestamp;
use crate::event::{Artifact, ArtifactKind, Key, Request};

use super::submit::sites;
use super::trouble::Trouble;
use super::world::World;

/// The table, as version 2 of the database has it.
pub(super) const SCHEMA: &str = "
    create table artifact (
        seq integer primary key, machine text not null, kind text not null, id text not null,
        site text not null, key text not null, made_at integer not null, gone_at integer,
        unique (machine, kind, id)) strict;
    create index artifact_there on artifact (machine) where gone_at is null;
";
/// Of a database of version 1: its test copies, which were made before anything of them had a name.
pub(super) const ADOPT: &str = "
    insert into artifact (machine, kind, id, site, key, made_at)
    select name, 'copy', name || '-test', state ->> '$.test.copy.site', '', (select now from clock)
    from machine where state ->> '$.test' is not null;
";

/// A thing that a test made, for tests of the simulator's users.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SimArtifact {
    /// What.
    pub artifact: Artifact,
    /// Where.
    pub site: String,
    /// The act that made it.
    pub key: Key,
    /// When it came to be.
    pub made_at: Timestamp,
    /// When it was removed; none while it is there.
    pub gone_at: Option<Timestamp>,
}

/// The part of a key that names bear.
const KEY_CHARS: usize = 8;

/// The name of a thing of the test that an act makes.
fn named(machine: &str, kind: ArtifactKind, key: &Key) -> Artifact {
    let key: String = key.as_str().chars().take(KEY_CHARS).collect();
    let end = match kind {
        ArtifactKind::Disk => "-disk",
        ArtifactKind::Port => "-port",
        ArtifactKind::Copy
        | ArtifactKind::Snapshot
        | ArtifactKind::File
        | ArtifactKind::Node
        | ArtifactKind::Export
        | ArtifactKind::Process
        | ArtifactKind::Other => "",
    };
    Artifact::new(machine, kind, format!("{machine}-test-{key}{end}"))
}

/// What an act will make: the disk at once, the copy and its port with its end.
pub(super) fn will_create(key: &Key, request: &Request) -> Vec<Artifact> {
    match request {
        Request::FailOver { machine, mode: None, .. } => {
            let all = [ArtifactKind::Disk, ArtifactKind::Copy, ArtifactKind::Port];
            all.map(|kind| named(machine, kind, key)).to_vec()
        }
        Request::FailOver { mode: Some(_), .. }
        | Request::ProcessPending { .. }
        | Request::ShutDown { .. }
        | Request::TakeFinal { .. }
        | Request::Start { .. }
        | Request::ChangePoint { .. }
        | Request::RollBack { .. }
        | Request::Commit { .. }
        | Request::Reprotect { .. }
        | Request::CleanUp { .. }
        | Request::GuestScript(_) => Vec::new(),
    }
}

/// Makes a thing of a machine's test at a site, if it is not there.
pub(super) fn make(
    world: &World<'_>,
    machine: &str,
    kind: ArtifactKind,
    (key, site): (&Key, &str),
) -> Result<(), Trouble> {
    if world.dry {
        return Ok(());
    }
    let Artifact { machine, kind, id } = named(machine, kind, key);
    world
        .tx
        .prepare_cached(
            "insert into artifact (machine, kind, id, site, key, made_at) values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (machine, kind, id) do update set gone_at = null",
        )?
        .execute(params![machine, word(kind)?, id, site, key.as_str(), world.at.as_nanos()])?;
    Ok(())
}

/// Removes what an act made.
pub(super) fn remove_of(world: &World<'_>, key: &Key) -> Result<(), Trouble> {
    world
        .tx
        .prepare_cached("update artifact set gone_at = ?2 where key = ?1 and gone_at is null")?
        .execute(params![key.as_str(), world.at.as_nanos()])?;
    Ok(())
}

/// Removes everything of a machine's tests; all but its newest disk, if that is to be left.
pub(super) fn remove_all(world: &World<'_>, machine: &str, leaves_disk: bool) -> Result<(), Trouble> {
    if world.dry {
        return Ok(());
    }
    let left = standing(world.tx, machine)?
        .into_iter()
        .rfind(|thing| leaves_disk && thing.artifact.kind == ArtifactKind::Disk);
    let left = left.map(|thing| thing.artifact.id);
    world
        .tx
        .prepare_cached(
            "update artifact set gone_at = ?2 where machine = ?1 and gone_at is null and id is not ?3",
        )?
        .execute(params![machine, world.at.as_nanos(), left])?;
    Ok(())
}

/// What of a machine's tests is there, in the order in which it was made.
pub(super) fn standing(tx: &Connection, machine: &str) -> Result<Vec<SimArtifact>, Trouble> {
    read(tx, "where machine = ?1 and gone_at is null order by seq", [machine])
}

/// Everything that ever was, in the order in which it was made.
pub(super) fn ever(tx: &Connection) -> Result<Vec<SimArtifact>, Trouble> {
    read(tx, "order by seq", [])
}

/// What of the machines' tests is there, as seen from outside: a site that is cut off cannot be looked at.
pub(super) fn remains(world: &World<'_>, machines: &[String]) -> Result<Vec<Artifact>, Trouble> {
    let mut found = Vec::new();
    for name in machines {
        let machine = world.machine(name)?;
        world.reach(&sites(world, &Request::CleanUp { machine: name.clone() }, &[machine])?)?;
        found.extend(standing(world.tx, name)?.into_iter().map(|thing| thing.artifact));
    }
    Ok(found)
}

fn word(kind: ArtifactKind) -> Result<String, Trouble> {
    let value = serde_json::to_value(kind)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

fn read(
    tx: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<SimArtifact>, Trouble> {
    let mut select = tx.prepare_cached(&format!(
        "select machine, kind, id, site, key, made_at, gone_at from artifact {condition}"
    ))?;
    let mut rows = select.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get::<_, String>(column);
        let kind = serde_json::from_value(serde_json::Value::String(text(1)?))?;
        found.push(SimArtifact {
            artifact: Artifact { machine: text(0)?, kind, id: text(2)? },
            site: text(3)?,
            key: Key::from_text(text(4)?),
            made_at: Timestamp::from_nanos(row.get(5)?),
            gone_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_nanos),
        });
    }
    Ok(found)
}
