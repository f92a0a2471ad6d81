//! The states of a node and of a run. Data exists only in the state that has it.

use serde::Serialize;

use crate::base::Timestamp;
use crate::event::{AskedPoints, FinalState, Handle, Key, Person, Sighting};
use crate::runbook::NodeId;

/// The state of a node.
#[derive(Clone, PartialEq, Debug)]
pub enum NodeState {
    /// Something it waits for is not settled, or no slot is free, or its delay is not over.
    NotStarted,
    /// Its intent is in the run log; the act goes on.
    Running {
        /// From 1.
        attempt: u32,
        /// When this attempt began.
        since: Timestamp,
        /// Names the intent.
        key: Key,
        /// The estate's own name of it, once it was accepted.
        handle: Option<Handle>,
    },
    /// A person has to say something.
    Waiting {
        /// From 1.
        attempt: u32,
        /// When it began to wait.
        since: Timestamp,
        /// What.
        question: Box<Question>,
    },
    /// An attempt failed; the next one begins at an instant.
    BackingOff {
        /// The attempt that failed.
        attempt: u32,
        /// When the next begins.
        until: Timestamp,
        /// Why it failed.
        last: Box<Failure>,
    },
    /// Begun, and its outcome is not recorded. The estate is asked by key.
    Unknown {
        /// The attempt.
        attempt: u32,
        /// When it began.
        since: Timestamp,
        /// Names the intent.
        key: Key,
        /// The estate's own name of it, if it was accepted.
        handle: Option<Handle>,
    },
    /// The effect was seen, not only reported.
    Succeeded {
        /// When.
        at: Timestamp,
    },
    /// It failed after its retries, or was refused.
    Failed {
        /// When.
        at: Timestamp,
        /// The last failure.
        last: Box<Failure>,
        /// It counts as done: optional, or told to continue.
        tolerated: bool,
    },
    /// It is not done, and will not be.
    Skipped {
        /// When.
        at: Timestamp,
        /// Why.
        because: SkipReason,
    },
}

/// What a person is asked.
#[derive(Clone, PartialEq, Debug)]
pub enum Question {
    /// An approval: who said yes so far, and whether its time was up.
    Approval {
        /// Who said yes.
        given: Vec<Person>,
        /// Whether it goes on waiting past its time.
        late: bool,
    },
    /// The commit window.
    Commit {
        /// Its rollback timer ran out while nobody drove the run.
        overdue: bool,
    },
    /// Which points.
    Points(Vec<AskedPoints>),
    /// A failed step: retry, skip or halt. For a fence, `approve` says that it is fenced.
    Failed(Failure),
    /// An unknown outcome that the estate cannot clear up: did it happen, or did it not?
    Unclear {
        /// The intent.
        key: Key,
        /// The estate's own name of it, if it was accepted.
        handle: Option<Handle>,
        /// What came instead of an answer, where one was lost.
        lost: Option<String>,
        /// What was asked after that, and what came back.
        evidence: String,
        /// Its machines as they were seen when the person was asked.
        seen: Vec<Sighting>,
        /// When that was.
        asked_at: Timestamp,
    },
}

/// Why an attempt failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Failure {
    /// A stable word.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Whether its time was up.
    pub timed_out: bool,
    /// The attempt.
    pub attempt: u32,
}

/// Why a node is not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SkipReason {
    /// An operator said so. Counts as done.
    Operator {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// An operator went on without it, although nobody knows what became of it. Counts as done.
    Unclear {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// A node before it failed.
    Blocked {
        /// That node.
        by: NodeId,
    },
    /// Its machine's target is not done.
    TargetNotDone,
    /// The run went back, or was cleaned up, before it began.
    RunEnded,
    /// What it would undo never began.
    NothingToUndo,
}

impl NodeState {
    /// Whether dependants that need it done may go on.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self {
            Self::Succeeded { .. } => true,
            Self::Failed { tolerated, .. } => *tolerated,
            Self::Skipped { because, .. } => matches!(
                because,
                SkipReason::Operator { .. }
                    | SkipReason::Unclear { .. }
                    | SkipReason::NothingToUndo
                    | SkipReason::TargetNotDone
            ),
            Self::NotStarted
            | Self::Running { .. }
            | Self::Waiting { .. }
            | Self::BackingOff { .. }
            | Self::Unknown { .. } => false,
        }
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Succeeded { .. } | Self::Failed { .. } | Self::Skipped { .. } => true,
            Self::NotStarted
            | Self::Running { .. }
            | Self::Waiting { .. }
            | Self::BackingOff { .. }
            | Self::Unknown { .. } => false,
        }
    }

    /// Whether something of it goes on, or may, outside the engine.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Running { .. } | Self::Unknown { .. })
    }

    /// Whether it ever began (and may have acted).
    #[must_use]
    pub const fn began(&self) -> bool {
        match self {
            Self::NotStarted | Self::Skipped { .. } => false,
            Self::Running { .. }
            | Self::Waiting { .. }
            | Self::BackingOff { .. }
            | Self::Unknown { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. } => true,
        }
    }

    /// The word of `words.md`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::Running { .. } => "running",
            Self::Waiting { question, .. } => match **question {
                Question::Unclear { .. } => "unknown",
                Question::Approval { .. }
                | Question::Commit { .. }
                | Question::Points(_)
                | Question::Failed(_) => "waiting",
            },
            Self::BackingOff { .. } => "waiting",
            Self::Unknown { .. } => "unknown",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { last, .. } => {
                if last.timed_out {
                    "timed-out"
                } else {
                    "failed"
                }
            }
            Self::Skipped { .. } => "skipped",
        }
    }
}

/// The state of a run. Interrupted is not among them: it is a running run whose lease ran out,
/// which only the store can tell.
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
    /// The end.
    Ended(FinalState),
}

impl RunState {
    /// Whether it is final.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ended(_))
    }

    /// The word of `words.md`.
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
}
