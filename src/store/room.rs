//! Keeps the write-ahead log's file longer than what is written of it: a commit that overwrites is synced
//! with one write to the disk, one that makes the file longer needs the file system's own records as well.
//!
//! What follows the last commit in that file means nothing to SQLite: it reads up to the first frame whose
//! checksum does not continue the one before.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The least that is added at once: fifteen pages, the commits of a short run.
const ADDED_BYTES_MIN: u64 = 64 * 1024;
/// The most: more would be felt by the commit that writes it out.
const ADDED_BYTES_MAX: u64 = 512 * 1024;
/// The file system has this many times as much free: room is no reason for a disk to be full.
const FREE_TIMES: u64 = 128;

/// The room behind a write-ahead log, as far as this process knows of it.
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
    file: Option<File>,
    /// The file's length when it was last looked at; none before this process wrote to it.
    end: Option<u64>,
}

impl Room {
    /// Of the database at `path`.
    pub(super) fn beside(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self { path: log.into(), file: None, end: None }
    }

    /// Adds room where the last commit used it up. Where that fails, the next commit makes the file longer
    /// by itself.
    ///
    /// Prereq: the caller holds the database's write lock, so that nobody else writes to the file.
    pub(super) fn make(&mut self) {
        if self.file.is_none() {
            self.file = File::options().write(true).open(&self.path).ok();
        }
        let Some(file) = &self.file else { return };
        let Ok(length) = file.metadata().map(|log| log.len()) else { return };
        // A process that writes once needs none. A file that became shorter was emptied by another process.
        let used_up = self.end.is_some_and(|end| length > end);
        self.end = Some(length);
        let added = length.clamp(ADDED_BYTES_MIN, ADDED_BYTES_MAX);
        if used_up && free(file) / FREE_TIMES >= added {
            match file.write_all_at(&vec![0; usize::try_from(added).unwrap_or(0)], length) {
                Ok(()) => self.end = Some(length + added),
                // A part of it only takes room from the commit.
                Err(_) => drop(file.set_len(length)),
            }
        }
    }
}

/// What the file's file system has left for this user, in bytes; none where it does not say.
fn free(file: &File) -> u64 {
    rustix::fs::fstatvfs(file).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}
