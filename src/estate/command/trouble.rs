//! What can go wrong with a provider's program, each with its code, and what the engine is told of it.

use crate::event::EstateError;
use crate::source::codes::estate as codes;
use crate::source::{Code, Diagnostic};

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// It does not start.
    NotStarted,
    /// It speaks another version.
    Version,
    /// It does not know a verb that every plan needs.
    Lacks,
    /// It ended.
    Died,
    /// It did not answer.
    Silent,
    /// It wrote what is no message.
    Garbage,
    /// It writes without end.
    Flood,
    /// It answered what nobody asked.
    NotAsked,
    /// It answered about something else.
    Subject,
    /// Others were before this call, or the program is not started again just yet.
    Busy,
    /// It is asked no more.
    Closed,
}

impl Kind {
    fn code(self) -> Option<Code> {
        Some(match self {
            Self::NotStarted => codes::PROVIDER_NOT_STARTED,
            Self::Version => codes::PROVIDER_VERSION,
            Self::Lacks => codes::PROVIDER_LACKS,
            Self::Died => codes::PROVIDER_DIED,
            Self::Silent => codes::PROVIDER_SILENT,
            Self::Garbage => codes::PROVIDER_GARBAGE,
            Self::Flood => codes::PROVIDER_FLOOD,
            Self::NotAsked => codes::PROVIDER_NOT_ASKED,
            Self::Subject => codes::PROVIDER_SUBJECT,
            Self::Busy | Self::Closed => return None,
        })
    }

    /// The word by which `retry { on }` names it.
    const fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "provider_not_started",
            Self::Version => "provider_version",
            Self::Lacks => "provider_lacks",
            Self::Died => "provider_died",
            Self::Silent => "provider_silent",
            Self::Garbage => "provider_garbage",
            Self::Flood => "provider_flood",
            Self::NotAsked => "provider_not_asked",
            Self::Subject => "provider_subject",
            Self::Busy | Self::Closed => "provider_busy",
        }
    }
}

/// Whether the program may have read the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    /// It may.
    Perhaps,
    /// It was not sent.
    Never,
}

/// One trouble.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Trouble {
    /// What.
    pub(super) kind: Kind,
    /// A sentence for people.
    pub(super) message: String,
    /// Whether the call that met it may have been read.
    pub(super) sent: Sent,
}

impl Trouble {
    /// Trouble with a call that the program may have read.
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), sent: Sent::Perhaps }
    }

    /// Trouble before the call was sent.
    pub(super) fn before(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), sent: Sent::Never }
    }

    /// The sentence with its code.
    pub(super) fn text(&self) -> String {
        match self.kind.code() {
            Some(code) => format!("{} [{code}]", self.message),
            None => self.message.clone(),
        }
    }

    /// As the engine is told by a call that acts: what may have been read may have come about.
    pub(super) fn of_act(self) -> EstateError {
        match self.sent {
            Sent::Perhaps => EstateError::Unknown { message: self.text() },
            Sent::Never => self.of_look(),
        }
    }

    /// As the engine is told by a call that only reads.
    pub(super) fn of_look(self) -> EstateError {
        let (code, message) = (self.kind.word().to_owned(), self.text());
        match self.kind {
            Kind::Version | Kind::Lacks => EstateError::Refused { code, message },
            Kind::NotStarted
            | Kind::Died
            | Kind::Silent
            | Kind::Garbage
            | Kind::Flood
            | Kind::NotAsked
            | Kind::Subject
            | Kind::Busy
            | Kind::Closed => EstateError::Retry { code, message },
        }
    }

    /// As an operator is told.
    pub(super) fn diagnostic(&self) -> Diagnostic {
        let code = self.kind.code().unwrap_or(codes::PROVIDER_SILENT);
        Diagnostic::placeless(code, self.message.clone())
            .help("mend the program; `docs/providers.md` says what it has to do")
    }
}
