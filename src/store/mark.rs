//! How far each run log was recorded, noted once more beside the database. A damaged or missing
//! write-ahead log reads as a shorter one, in which nothing is wrong: the mark is what tells.
//!
//! A mark is written after the commit was synced and is not synced itself: it may lag behind the log,
//! and never claims more than was durable. It is taken before the log is read, for the same reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::base::limits;

use super::{RunId, StoreError};

/// The folder beside the database.
const FOLDER: &str = "marks";
/// A mark is twenty digits and the end of a line: written in one piece, always as long.
const MARK_BYTES: u64 = 21;

/// The marks of the runs that this process writes.
#[derive(Debug)]
pub(super) struct Marks {
    folder: PathBuf,
    open: Mutex<BTreeMap<RunId, (File, u64)>>,
}

impl Marks {
    /// Those of the database at `path`.
    pub(super) fn beside(path: &Path) -> Self {
        Self { folder: folder(path), open: Mutex::default() }
    }

    /// Notes that event `seq` is durable. A mark that cannot be written is left behind: the log is what
    /// counts, and it has the event.
    pub(super) fn note(&self, run: &RunId, seq: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.contains_key(run) {
            let Some(file) = self.make(run) else { return };
            open.insert(run.clone(), (file, 0));
        }
        let Some((file, noted)) = open.get_mut(run) else { return };
        // Two answers may overtake each other on their way here.
        if seq > *noted && write(file, seq).is_ok() {
            *noted = seq;
        }
    }

    fn make(&self, run: &RunId) -> Option<File> {
        let path = path(&self.folder, run)?;
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
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!run.as_str().is_empty() && run.as_str().chars().all(plain)).then(|| folder.join(run.as_str()))
}

/// The last event that is known to have been recorded, where there is a mark.
pub(super) fn last(database: &Path, run: &RunId) -> Option<u64> {
    let file = File::open(path(&folder(database), run)?).ok()?;
    let mut text = String::new();
    file.take(MARK_BYTES).read_to_string(&mut text).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

/// The runs that have a mark.
pub(super) fn runs(database: &Path) -> BTreeSet<RunId> {
    let Ok(entries) = std::fs::read_dir(folder(database)) else { return BTreeSet::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.take(limits::MARKS_MAX).map(RunId::from_text).collect()
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
