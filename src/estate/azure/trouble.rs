//! What can go wrong with a call, and what it means for the engine.

use std::time::Duration;

use crate::base::{limits, words};
use crate::estate::trouble::Trouble as FileTrouble;
use crate::event::EstateError;

/// Whether what was asked for may have come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    /// Certainly not.
    No,
    /// Nobody knows.
    Perhaps,
}

/// Why a call did not go through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Trouble {
    /// Whether it may have come about.
    pub(super) came: Came,
    /// Whether another attempt may help.
    pub(super) again: bool,
    /// The status that the service answered with.
    pub(super) status: Option<u16>,
    /// When the service wants to be asked again, where it says so.
    pub(super) after: Option<Duration>,
    /// A stable word, or the service's own code.
    pub(super) code: String,
    /// A sentence for people.
    pub(super) message: String,
}

impl Trouble {
    /// Trying the same again does not help.
    pub(super) fn refused(code: &str, message: impl Into<String>) -> Self {
        Self {
            came: Came::No,
            again: false,
            status: None,
            after: None,
            code: code.to_owned(),
            message: said(&message.into()),
        }
    }

    /// Trying again may help.
    pub(super) fn retry(code: &str, message: impl Into<String>) -> Self {
        Self { again: true, ..Self::refused(code, message) }
    }

    /// As it is after a call that was sent: nobody knows whether it came about.
    pub(super) fn perhaps(self) -> Self {
        Self { came: Came::Perhaps, ..self }
    }

    /// As the engine is told of an act.
    pub(super) fn of_act(self) -> EstateError {
        match self {
            Self { came: Came::Perhaps, message, .. } => EstateError::Unknown { message },
            other => other.of_look(),
        }
    }

    /// As the engine is told of what only reads.
    pub(super) fn of_look(self) -> EstateError {
        let Self { again, code, message, .. } = self;
        if again { EstateError::Retry { code, message } } else { EstateError::Refused { code, message } }
    }
}

impl From<FileTrouble> for Trouble {
    fn from(trouble: FileTrouble) -> Self {
        match trouble {
            FileTrouble::Refused(code, message) => Self::refused(code, message),
            FileTrouble::Retry(code, message) => Self::retry(code, message),
            FileTrouble::Later(message) => Self::retry("estate_busy", message),
        }
    }
}

/// A text of the service in a message: one line, bounded.
pub(super) fn said(text: &str) -> String {
    words::one_line(text, limits::AZURE_TEXT_CHARS_MAX)
}
