//! How a run stands, as the summary row keeps it so that runs can be listed without replay.

use crate::base::Timestamp;
use crate::event::FinalState;

/// How a run stands. Interrupted is not among them: it follows from the lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunState {
    /// Steps start.
    Running,
    /// No step can go on without a person.
    Waiting,
    /// No new starts, by an operator's word.
    Paused,
    /// Nothing starts; the cause is in the run log.
    Halted,
    /// Final.
    Ended(FinalState),
}

impl RunState {
    const ALL: [Self; 8] = [
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Halted,
        Self::Ended(FinalState::Completed),
        Self::Ended(FinalState::CompletedWithExceptions),
        Self::Ended(FinalState::Failed),
        Self::Ended(FinalState::RolledBack),
    ];

    /// The word for people and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Halted => "halted",
            Self::Ended(FinalState::Completed) => "completed",
            Self::Ended(FinalState::CompletedWithExceptions) => "completed-with-exceptions",
            Self::Ended(FinalState::Failed) => "failed",
            Self::Ended(FinalState::RolledBack) => "rolled-back",
        }
    }

    /// Whether it is final.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ended(_))
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// The summary row after a batch of events. A final one releases the run's machines and answers
/// what requests are still open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunSummary {
    /// How the run stands.
    pub state: RunState,
    /// The instant of the last event.
    pub at: Timestamp,
}
