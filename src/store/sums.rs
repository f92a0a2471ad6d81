//! Sums beside the rows that say what is driven, held and asked for, so that a row that was damaged is not
//! believed: the log has its chain, and these have their sums. Rows of an older version have none.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rusqlite::Connection;

use crate::base::Digest;

use super::StoreError;

/// What is kept of a digest: nobody is kept from changing a row on purpose, only a flipped bit is found.
const DIGITS: usize = 16;
/// The tables whose indexes and rows have to be there as SQLite wrote them. Small, whatever the log's length.
const SMALL: [&str; 5] = ["run_state", "lease", "machine_lock", "request", "seal"];

/// The sum of a row's fields.
pub(super) fn of(fields: &[&str]) -> String {
    let parts: Vec<&[u8]> = fields.iter().map(|field| field.as_bytes()).collect();
    let mut digest = Digest::of(&parts).as_str().to_owned();
    digest.truncate(DIGITS);
    digest
}

/// Refuses a row that is not what was written.
///
/// # Errors
/// `Damaged`, with what the row is.
pub(super) fn check(
    sum: Option<&str>,
    of_now: impl FnOnce() -> String,
    row: impl std::fmt::Display,
) -> Result<(), StoreError> {
    match sum {
        Some(sum) if sum != of_now() => Err(StoreError::Damaged { what: format!("{row} is damaged") }),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a file whose head names formats that no SQLite wrote: such a file passes for one that may only be
/// read. A file that cannot be read, or is none of SQLite's, is told by SQLite.
///
/// # Errors
/// `Damaged`.
pub(super) fn check_head(path: &Path) -> Result<(), StoreError> {
    let mut head = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    match (read, head) {
        // The format for writing and the one for reading: 1 is that of a rollback journal, 2 of a log.
        (Ok(()), [magic @ .., _, _, write, read])
            if magic == *b"SQLite format 3\0" && !matches!((write, read), (1, 1) | (2, 2)) =>
        {
            let what =
                format!("`{}` is damaged: its head names the formats {write} and {read}", path.display());
            Err(StoreError::Damaged { what })
        }
        (Ok(()) | Err(_), _) => Ok(()),
    }
}

/// Refuses a file in which a row of the small tables or of their indexes was lost: nobody would miss it.
///
/// # Errors
/// What SQLite says, and `Damaged`.
pub(super) fn check_small(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    for table in SMALL {
        let said: String = connection
            .query_row(&format!("PRAGMA integrity_check({table})"), [], |row| row.get(0))
            .map_err(|error| StoreError::of_sqlite(path, &error))?;
        if said != "ok" {
            let what = format!("`{}` is damaged: {}", path.display(), super::error::plain(&said));
            return Err(StoreError::Damaged { what });
        }
    }
    Ok(())
}
