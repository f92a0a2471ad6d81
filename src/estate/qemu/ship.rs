//! Brings a scratch file to the other site: piece by piece, each synced and compared with what is
//! read back, then set on its parent and given its name. Any step may be done again.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::chain;
use super::files;
use super::hands::Hands;
use super::record::{Member, TakeWork};
use super::sums::{PIECE, pass, sum_of};
use crate::estate::trouble::Trouble;

/// A disk's scratch file, relative to the machine's site.
pub(super) fn scratch(point: &str, member: &Member) -> String {
    format!("scratch/{}/{point}-{}.qcow2", member.vm, member.disk)
}

/// Its file while it is being shipped, relative to the other site.
pub(super) fn part(point: &str, member: &Member) -> String {
    format!("points/{}/{point}-{}.part", member.vm, member.disk)
}

/// Its file at the other site.
pub(super) fn landed(point: &str, member: &Member) -> String {
    format!("points/{}/{point}-{}.qcow2", member.vm, member.disk)
}

/// Ships the next piece, or finishes the next file. Says whether everything is there.
pub(super) async fn step(hands: &Hands<'_>, work: &mut TakeWork) -> Result<bool, Trouble> {
    let (from, to) = (hands.side(&work.from)?, hands.side(&work.to)?);
    let point = work.point.clone();
    let Some(member) = work.members.iter_mut().find(|member| !member.shipped) else { return Ok(true) };
    let source = hands.file(from, &scratch(&point, member));
    let arriving = hands.file(to, &part(&point, member));
    let there = hands.file(to, &landed(&point, member));
    let total = source.metadata().map_err(|error| Trouble::io("look at", &source, &error))?.len();
    let done = (member.sums.len() as u64).saturating_mul(PIECE);
    if done < total {
        if let Some(folder) = arriving.parent() {
            files::make_folder(folder)?;
        }
        let length = PIECE.min(total - done);
        let sum = copy(&source, &arriving, done, length).await?;
        if sum_of(&arriving, done, length).await? != sum {
            let message = format!("`{}` reads back other bytes than were written", arriving.display());
            return Err(Trouble::Retry("copy_differs", message));
        }
        member.sums.push(sum);
        member.bytes = done + length;
        return Ok(false);
    }
    if arriving.exists() {
        if let Some((_, file)) = &member.parent {
            let backing = chain::backing(&landed(&point, member), file);
            hands.estate.tools.rebase(&arriving, &backing).await?;
        }
        files::sync(&arriving)?;
        files::rename(&arriving, &there)?;
    } else if !there.exists() {
        let message = format!("`{}` is gone from the other site", there.display());
        return Err(Trouble::Retry("copy_lost", message));
    }
    if member.parent.is_some() {
        // Its header names the parent now; everything else was compared with what was shipped.
        member.first = Some(sum_of(&there, 0, PIECE.min(total)).await?);
    }
    member.shipped = true;
    Ok(work.members.iter().all(|member| member.shipped))
}

async fn copy(source: &Path, target: &Path, at: u64, length: u64) -> Result<String, Trouble> {
    let reading = |error: std::io::Error| Trouble::io("read", source, &error);
    let writing = |error: std::io::Error| Trouble::io("write", target, &error);
    let mut input = File::open(source).map_err(reading)?;
    let mut output =
        OpenOptions::new().create(true).truncate(false).write(true).open(target).map_err(writing)?;
    // What an attempt that was cut off left beyond the last recorded piece.
    output.set_len(at).map_err(writing)?;
    input.seek(SeekFrom::Start(at)).map_err(reading)?;
    output.seek(SeekFrom::Start(at)).map_err(writing)?;
    let sum = pass(&mut input, length, source, &mut |bytes| output.write_all(bytes).map_err(writing)).await?;
    output.sync_all().map_err(writing)?;
    files::sync_folder_of(target)?;
    Ok(sum)
}
