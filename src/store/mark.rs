//! How far each run log was recorded, and how many requests, noted once more beside the database. A damaged
//! or missing write-ahead log reads as a shorter one, in which nothing is wrong: the mark is what tells.
//!
//! A mark is written after the commit was synced and is not synced itself: it may lag behind the log,
//! and never claims more than was durable. It is taken before the log is read, for the same reason.
//!
//! What has no mark is who holds a lease, an answer without an event, and a seal. Where a commit of those alone
//! was lost with the end of the log, the store reads as before it: nothing was driven under that lease without
//! an event, and the answer and the seal are given again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};

use crate::base::limits;

use super::{RequestId, RunId, StoreError};

/// The folder beside the database.
const FOLDER: &str = "marks";
/// The mark of the requests, beside those of the runs: no run is called so.
const REQUESTS: &str = ".requests";
/// A mark is twenty digits and the end of a line: written in one piece, always as long.
const MARK_BYTES: u64 = 21;

/// The marks of the runs that this process writes.
#[derive(Debug)]
pub(super) struct Marks {
    folder: PathBuf,
    open: Mutex<BTreeMap<PathBuf, (File, u64)>>,
}

impl Marks {
    /// Those of the database at `path`.
    pub(super) fn beside(path: &Path) -> Self {
        Self { folder: folder(path), open: Mutex::default() }
    }

    /// Notes that event `seq` is durable. A mark that cannot be written is left behind: the log is what
    /// counts, and it has the event.
    pub(super) fn note(&self, run: &RunId, seq: u64) {
        if let Some(path) = path(&self.folder, run) {
            self.write(&path, seq);
        }
    }

    /// Notes that a request is durable, as `note`.
    pub(super) fn note_request(&self, id: RequestId) {
        if let Ok(number) = u64::try_from(id.number()) {
            self.write(&self.folder.join(REQUESTS), number);
        }
    }

    fn write(&self, path: &Path, number: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.contains_key(path) {
            let Some(file) = self.make(path) else { return };
            // Another process may have been further.
            let noted = read(path).unwrap_or(0);
            open.insert(path.to_owned(), (file, noted));
        }
        let Some((file, noted)) = open.get_mut(path) else { return };
        // Two answers may overtake each other on their way here.
        if number > *noted && write(file, number).is_ok() {
            *noted = number;
        }
    }

    fn make(&self, path: &Path) -> Option<File> {
        std::fs::create_dir_all(&self.folder).ok()?;
        File::options().read(true).write(true).create(true).truncate(false).open(path).ok()
    }
}

fn write(file: &File, seq: u64) -> std::io::Result<()> {
    file.write_all_at(format!("{seq:020}\n").as_bytes(), 0)
}

fn folder(database: &Path) -> PathBuf {
    database.with_file_name(FOLDER)
}

/// The file of a run's mark; none for an id that this program does not give.
fn path(folder: &Path, run: &RunId) -> Option<PathBuf> {
    is_plain(run.as_str()).then(|| folder.join(run.as_str()))
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The last event that is known to have been recorded, where there is a mark.
pub(super) fn last(database: &Path, run: &RunId) -> Option<u64> {
    read(&path(&folder(database), run)?)
}

fn read(path: &Path) -> Option<u64> {
    let file = File::open(path).ok()?;
    let mut text = String::new();
    file.take(MARK_BYTES).read_to_string(&mut text).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

/// The runs that have a mark.
pub(super) fn runs(database: &Path) -> BTreeSet<RunId> {
    let Ok(entries) = std::fs::read_dir(folder(database)) else { return BTreeSet::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| is_plain(name)).take(limits::MARKS_MAX).map(RunId::from_text).collect()
}

/// Refuses a log that ends before its mark.
///
/// # Errors
/// `Lost`.
pub(super) fn check(database: &Path, run: &RunId, marked: Option<u64>, found: u64) -> Result<(), StoreError> {
    match marked {
        Some(last) if last > found => Err(StoreError::Lost {
            run: run.clone(),
            from: found + 1,
            last,
            mark: folder(database).join(run.as_str()),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a database that is empty or not there where something was recorded.
///
/// # Errors
/// `Lost`, `LostRequests`; the mark is the folder of all of them.
pub(super) fn check_empty(database: &Path) -> Result<(), StoreError> {
    let mark = folder(database);
    for run in runs(database) {
        if let Some(last) = last(database, &run) {
            return Err(StoreError::Lost { run, from: 1, last, mark });
        }
    }
    match read(&mark.join(REQUESTS)) {
        Some(last) => Err(StoreError::LostRequests { from: 1, last, mark }),
        None => Ok(()),
    }
}

/// Refuses a database that has fewer requests than were recorded.
///
/// # Errors
/// `LostRequests`, and what SQLite says.
pub(super) fn check_requests(database: &Path, connection: &Connection) -> Result<(), StoreError> {
    let mark = folder(database).join(REQUESTS);
    let Some(last) = read(&mark) else { return Ok(()) };
    let given: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'request'", [], |row| row.get(0))
        .optional()
        .map_err(|error| StoreError::of_sqlite(database, &error))?;
    let found = u64::try_from(given.unwrap_or(0)).unwrap_or(0);
    if last > found { Err(StoreError::LostRequests { from: found + 1, last, mark }) } else { Ok(()) }
}
