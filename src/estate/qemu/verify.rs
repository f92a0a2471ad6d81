//! Proves recovery points without booting them: each file of a chain is there, is what it was, and everything
//! can be read through it. Reads without the estate's lock, so that acts go on; a chain that was changed
//! meanwhile is read again. What is found is kept in the points' records, so that no damaged one is offered.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::base::Timestamp;
use crate::event::EstateError;

use super::Qemu;
use super::chain::{self, backing};
use super::describe::Side;
use super::hands::Hands;
use super::record::{PointDisk, PointRecord, PointState};
use crate::estate::trouble::Trouble;

/// How often a chain that is changed meanwhile is read again: each merge changes one twice or so.
const TRIES_MAX: u32 = 20;

/// A point that the estate offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    /// The machine.
    pub machine: String,
    /// The point's id.
    pub point: String,
    /// When it was taken.
    pub at: Timestamp,
    side: Side,
}

/// What is proved of a point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// Its files are sound, and their bytes are those that were shipped.
    Bytes,
    /// Its files are sound. Of the one that is named there are no sums to compare its bytes with.
    Structure(String),
    /// It cannot be relied on, and why.
    Damaged(String),
}

/// One file of a chain as a point's record has it, and the file below it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Link {
    disk: PointDisk,
    below: Option<String>,
}

/// Verifies points one after another; a file that several stand on is read once.
#[derive(Debug)]
pub struct Verifier<'a> {
    estate: &'a Qemu,
    /// By path: as what it was looked at, and what is wrong with it.
    known: BTreeMap<PathBuf, (Link, Option<String>)>,
}

impl Qemu {
    /// Proves the points of this estate.
    #[must_use]
    pub const fn verifier(&self) -> Verifier<'_> {
        Verifier { estate: self, known: BTreeMap::new() }
    }
}

impl Verifier<'_> {
    /// Every point that is offered now, usable or not: machines in the estate's order, newest first.
    ///
    /// # Errors
    /// A record that cannot be read, or an estate that another process holds.
    pub async fn offered(&self) -> Result<Vec<Offered>, EstateError> {
        let hands = self.estate.look().await?;
        let mut all = Vec::new();
        for machine in self.estate.description.machines.keys() {
            let mut found = Vec::new();
            for side in Side::BOTH {
                for record in chain::points(&hands, side, machine).map_err(Trouble::into_error)? {
                    if record.state == PointState::Complete {
                        let (machine, point, at) = (machine.clone(), record.id, record.at);
                        found.push(Offered { machine, point, at, side });
                    }
                }
            }
            found.sort_by_key(|offered| std::cmp::Reverse(offered.at));
            all.append(&mut found);
        }
        Ok(all)
    }

    /// Proves one point, and keeps in its record whether it is damaged. None if it was withdrawn meanwhile.
    ///
    /// # Errors
    /// What keeps from looking: a program that is missing, an estate that another process holds, a chain
    /// that changes each time.
    pub async fn verify(&mut self, offered: &Offered) -> Result<Option<Proof>, EstateError> {
        self.proved(offered).await.map_err(Trouble::into_error)
    }

    async fn proved(&mut self, offered: &Offered) -> Result<Option<Proof>, Trouble> {
        for _ in 0..TRIES_MAX {
            let before = line(&Hands::look(self.estate).await?, offered)?;
            let Some(top) = before.first() else { return Ok(None) };
            let found = self.read(offered.side, top, &before).await?;
            let hands = Hands::look(self.estate).await?;
            if line(&hands, offered)? == before {
                return mark(&hands, offered.side, &before, &found)
                    .map(|()| Some(proof(top, &before, found)));
            }
        }
        let (point, machine) = (&offered.point, &offered.machine);
        Err(Trouble::Later(format!("what the point `{point}` of `{machine}` stands on is being merged")))
    }

    /// What is wrong with each point of a chain by its own files, up to the lowest damaged one; of the points
    /// that were looked at.
    async fn read(&mut self, side: Side, top: &PointRecord, line: &[PointRecord]) -> Result<Found, Trouble> {
        let mut found = Found::new();
        let mut below: Option<&PointRecord> = None;
        for record in line.iter().rev() {
            let lost = record.parent.as_deref().filter(|_| below.is_none());
            let mut fault = lost.map(|parent| format!("the point `{parent}` that it stands on is gone"));
            for (name, disk) in &top.disks {
                if fault.is_some() {
                    break;
                }
                fault = match (record.disks.get(name), below.map(|below| below.disks.get(name))) {
                    (None, _) | (_, Some(None)) => Some(format!("it has no disk `{name}`")),
                    (Some(own), below) => {
                        let below = below.flatten().map(|below| backing(&own.file, &below.file));
                        let why = self.file(side, Link { disk: own.clone(), below }, disk.size).await?;
                        why.map(|why| format!("disk `{name}`: `{}` {why}", own.file))
                    }
                };
            }
            let stop = fault.is_some();
            found.push((record.id.clone(), fault));
            if stop {
                return Ok(found);
            }
            below = Some(record);
        }
        for (name, disk) in &top.disks {
            let path = self.estate.layout.site(self.site(side)).join(&disk.file);
            let read = self.estate.tools.read_through(&path, disk.size).await;
            if let (Some(why), Some((_, fault))) = (as_fault(read)?, found.last_mut()) {
                *fault = Some(format!("disk `{name}`: `{}` cannot be read through: {why}", disk.file));
            }
        }
        Ok(found)
    }

    fn site(&self, side: Side) -> &str {
        &self.estate.description.sites.at(side).name
    }

    /// What is wrong with one file. One that was looked at as it is now is not read again.
    async fn file(&mut self, side: Side, link: Link, size: u64) -> Result<Option<String>, Trouble> {
        let path = self.estate.layout.site(self.site(side)).join(&link.disk.file);
        if let Some((_, fault)) = self.known.get(&path).filter(|(known, _)| *known == link) {
            return Ok(fault.clone());
        }
        let fault = self.look_at(&path, &link, size).await?;
        self.known.insert(path, (link, fault.clone()));
        Ok(fault)
    }

    async fn look_at(&self, path: &PathBuf, link: &Link, size: u64) -> Result<Option<String>, Trouble> {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_file() => {}
            Ok(_) => return Ok(Some("is no plain file".to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Some("is missing".to_owned()));
            }
            Err(error) => return Err(Trouble::io("look at", path, &error)),
        }
        let real =
            |path: &PathBuf| fs::canonicalize(path).map_err(|error| Trouble::io("look at", path, &error));
        if !real(path)?.starts_with(real(&self.estate.layout.root().to_path_buf())?) {
            return Ok(Some("lies outside the estate's folder".to_owned()));
        }
        let pieces = link.disk.lies.as_ref().map_or(0, |lies| lies.sums.len());
        for piece in 0..pieces {
            let Some(lies) = &link.disk.lies else { break };
            match lies.fault(path, piece).await {
                Ok(None) => {}
                Ok(Some(why)) => return Ok(Some(format!("is damaged: {why}"))),
                Err(trouble) => {
                    return as_fault(Err(trouble)).map(|why| why.map(|why| format!("is damaged: {why}")));
                }
            }
        }
        // The files below are looked at by their own names: only then may a program follow this one's header.
        let header = match self.estate.tools.header(path).await {
            Ok(header) => header,
            Err(trouble) => {
                return as_fault(Err(trouble)).map(|why| why.map(|why| format!("is damaged: {why}")));
            }
        };
        if header.backing_filename != link.below {
            let said = header.backing_filename.as_deref().unwrap_or("nothing");
            let wanted = link.below.as_deref().unwrap_or("nothing");
            return Ok(Some(format!("says that it stands on `{said}`, and stands on `{wanted}`")));
        }
        if let Some(other) = header.elsewhere() {
            return Ok(Some(format!("keeps its bytes in `{other}`")));
        }
        if header.virtual_size != size {
            return Ok(Some(format!(
                "is a disk of {} bytes, and the machine's has {size}",
                header.virtual_size
            )));
        }
        let checked = self.estate.tools.check(path).await;
        Ok(as_fault(checked)?.map(|why| format!("is damaged: {why}")))
    }
}

/// By point, from the lowest: what is wrong with its own files.
type Found = Vec<(String, Option<String>)>;

/// A point with all that it stands on, itself first; nothing if it is not offered any more.
fn line(hands: &Hands<'_>, offered: &Offered) -> Result<Vec<PointRecord>, Trouble> {
    let points = chain::points(hands, offered.side, &offered.machine)?;
    let line = chain::line(&points, &offered.point);
    let complete = line.first().is_some_and(|point| point.state == PointState::Complete);
    Ok(if complete { line.into_iter().cloned().collect() } else { Vec::new() })
}

/// What a file or a program complains of is a fault of the point; that nobody could look is not.
fn as_fault(looked: Result<(), Trouble>) -> Result<Option<String>, Trouble> {
    match looked {
        Ok(()) => Ok(None),
        Err(Trouble::Retry("tool_failed" | "io", why)) => Ok(Some(why)),
        Err(trouble) => Err(trouble),
    }
}

/// Keeps what was found, where it is news. The lock is held.
fn mark(hands: &Hands<'_>, side: Side, line: &[PointRecord], found: &Found) -> Result<(), Trouble> {
    for (id, fault) in found {
        let Some(record) = line.iter().find(|record| record.id == *id) else { continue };
        if record.damaged != *fault {
            let mut record = record.clone();
            record.damaged.clone_from(fault);
            chain::keep(hands, side, &record)?;
        }
    }
    Ok(())
}

fn proof(top: &PointRecord, line: &[PointRecord], found: Found) -> Proof {
    if let Some((id, Some(why))) = found.into_iter().next_back() {
        let own = id == top.id;
        return Proof::Damaged(if own { why } else { format!("it stands on `{id}`: {why}") });
    }
    let unsummed =
        |disk: &&PointDisk| disk.lies.as_ref().is_none_or(|lies| lies.sums.is_empty() || !lies.is_whole());
    match line.iter().flat_map(|record| record.disks.values()).find(unsummed) {
        Some(disk) => Proof::Structure(disk.file.clone()),
        None => Proof::Bytes,
    }
}
