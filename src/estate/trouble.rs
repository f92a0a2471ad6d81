//! What can go wrong inside a provider, before it is said as an `EstateError`.

use std::io;
use std::path::Path;

use crate::event::EstateError;

/// Why a step did not go through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::estate) enum Trouble {
    /// It will not, whatever is tried.
    Refused(&'static str, String),
    /// It did not; another attempt under another key may.
    Retry(&'static str, String),
    /// A daemon or a lock was not to be had: the same step is tried again by the next poll.
    Later(String),
}

impl Trouble {
    /// What a file operation ran into.
    pub(in crate::estate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let message = format!("cannot {doing} `{}`: {}", path.display(), crate::base::words::system(error));
        if error.kind() == io::ErrorKind::StorageFull {
            Self::Retry("no_space", message)
        } else {
            Self::Retry("io", message)
        }
    }

    /// As the engine is told.
    pub(in crate::estate) fn into_error(self) -> EstateError {
        match self {
            Self::Refused(code, message) => EstateError::Refused { code: code.to_owned(), message },
            Self::Retry(code, message) => EstateError::Retry { code: code.to_owned(), message },
            Self::Later(message) => EstateError::Retry { code: "estate_busy".to_owned(), message },
        }
    }
}
