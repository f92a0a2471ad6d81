//! Why a call to the simulated estate does not go through: its own answer, or its database's.

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

impl Trouble {
    /// Whether another process holds the database.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if is_busy(error))
    }

    /// What is wrong, for an estate that does not open: nothing was asked of it yet.
    pub(super) fn words(self) -> String {
        match self {
            Self::Database(error) if !is_busy(&error) => error.to_string(),
            Self::No(_) | Self::Database(_) | Self::Stored(_) => match self.into_answer() {
                EstateError::Retry { message, .. }
                | EstateError::Refused { message, .. }
                | EstateError::Unknown { message } => message,
            },
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
