//! How a run stands, as the summary row keeps it so that runs can be listed without replay.

use crate::base::Timestamp;
use crate::event::FinalState;
pub use crate::run::RunState;

const ALL: [RunState; 8] = [
    RunState::Running,
    RunState::Waiting,
    RunState::Paused,
    RunState::Halted,
    RunState::Ended(FinalState::Completed),
    RunState::Ended(FinalState::CompletedWithExceptions),
    RunState::Ended(FinalState::Failed),
    RunState::Ended(FinalState::RolledBack),
];

/// The state of a stored word.
pub(super) fn from_word(word: &str) -> Option<RunState> {
    ALL.into_iter().find(|state| state.word() == word)
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
