//! Why a call to the simulated estate does not go through: its own answer, or its database's.

use std::path::Path;

use crate::event::EstateError;

/// What stops a call.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The estate says no; nothing has changed.
    No(EstateError),
    /// The database failed; the transaction is undone.
    Database(rusqlite::Error),
    /// What is stored does not read.
    Stored(serde_json::Error),
}

impl From<EstateError> for Trouble {
    fn from(error: EstateError) -> Self {
        Self::No(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Stored(error)
    }
}

/// What the disk below the database lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DiskTrouble {
    /// Space.
    Full,
    /// Leave to write.
    ReadOnly,
}

/// SQLite's extended code for a file of shared memory that cannot grow: the same full disk.
const IOERR_SHMSIZE: i32 = 10 | (19 << 8);

impl Trouble {
    /// Whether another process holds the database.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if is_busy(error))
    }

    /// Whether the disk that `path` lies on is what stops it.
    pub(super) fn of_disk(&self, path: &Path) -> Option<DiskTrouble> {
        let Self::Database(error) = self else { return None };
        let told = error.sqlite_error()?;
        if told.extended_code == IOERR_SHMSIZE || told.code == rusqlite::ErrorCode::DiskFull {
            return Some(DiskTrouble::Full);
        }
        if told.code == rusqlite::ErrorCode::ReadOnly {
            return Some(DiskTrouble::ReadOnly);
        }
        // Of a database on a medium that is only read SQLite says no more than that it does not open.
        let tried = std::fs::OpenOptions::new().write(true).open(path);
        let unwritable = tried.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem);
        unwritable.then_some(DiskTrouble::ReadOnly)
    }

    /// In words, where nothing was asked of the estate.
    pub(super) fn into_reason(self) -> String {
        match self {
            Self::Database(error) if !is_busy(&error) => error.to_string(),
            Self::Stored(error) => {
                format!("it holds what does not read ({})", crate::base::words::json(&error))
            }
            Self::No(_) | Self::Database(_) => self.into_answer().to_string(),
        }
    }

    /// The same in the words of the contract.
    pub(super) fn into_answer(self) -> EstateError {
        match self {
            Self::No(error) => error,
            Self::Database(error) if is_busy(&error) => {
                retry("estate_busy", "another process holds the simulated estate's database".to_owned())
            }
            Self::Database(error) => {
                EstateError::Unknown { message: format!("the simulated estate's database failed ({error})") }
            }
            Self::Stored(error) => EstateError::Unknown {
                message: format!("the simulated estate's database holds what does not read ({error})"),
            },
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

/// `Refused` with a stable code and a sentence.
pub(super) fn refused(code: &str, message: impl Into<String>) -> EstateError {
    EstateError::Refused { code: code.to_owned(), message: message.into() }
}

/// `Retry` with a stable code and a sentence.
pub(super) fn retry(code: &str, message: impl Into<String>) -> EstateError {
    EstateError::Retry { code: code.to_owned(), message: message.into() }
}
