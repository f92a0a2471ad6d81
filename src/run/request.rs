//! What an operator may ask of a run, and how it is typed.

use serde::{Deserialize, Serialize};

use crate::base::words::quoted;
use crate::event::Outcome;
use crate::model::Ladder;

/// What an operator asks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum OperatorRequest {
    /// Says yes.
    Approve {
        /// The step; may be absent where only one waits.
        step: Option<String>,
        /// What is added.
        comment: String,
    },
    /// Says no.
    Reject {
        /// The step; may be absent where only one waits.
        step: Option<String>,
        /// What is added.
        comment: String,
    },
    /// Says what became of an act whose outcome the estate cannot tell.
    Resolve {
        /// The step.
        step: String,
        /// What.
        outcome: Outcome,
        /// How they know.
        reason: String,
    },
    /// Chooses points for a subject that is asked about.
    Choose {
        /// The group or machine.
        subject: String,
        /// What is wanted.
        ladder: Ladder,
    },
    /// No new starts.
    Pause,
    /// Goes on.
    Resume,
    /// Tries a failed step again; all failed ones if absent. Of a step whose outcome is not known, has the
    /// estate asked once more, and repeats nothing.
    Retry {
        /// The step.
        step: Option<String>,
    },
    /// Goes on without a step: it counts as done.
    Skip {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// Nothing starts any more.
    Halt {
        /// Why.
        reason: String,
    },
    /// Takes another point.
    ChangePoint {
        /// The group or machine.
        subject: String,
        /// What is wanted.
        ladder: Ladder,
    },
    /// Goes back.
    Rollback {
        /// Why.
        reason: String,
    },
    /// Closes the commit window.
    Commit {
        /// How many machines the operator knows will be deleted.
        delete_sources: Option<u32>,
    },
    /// Cleans a test up.
    CleanUp,
}

impl OperatorRequest {
    /// The verb of the command line.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Resolve { .. } => "resolve",
            Self::Choose { .. } => "choose",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retry { .. } => "retry",
            Self::Skip { .. } => "skip",
            Self::Halt { .. } => "halt",
            Self::ChangePoint { .. } => "change-point",
            Self::Rollback { .. } => "rollback",
            Self::Commit { .. } => "commit",
            Self::CleanUp => "cleanup",
        }
    }

    /// What to type for it: ``muster retry erp-… 'start sql01'``. What the operator has to fill in stands in
    /// capitals.
    #[must_use]
    pub fn command(&self, run: &str) -> String {
        let (verb, run) = (self.verb(), quoted(run));
        let rest = match self {
            Self::Approve { step, .. } | Self::Reject { step, .. } | Self::Retry { step } => {
                step.as_ref().map_or_else(String::new, |step| format!(" {}", quoted(step)))
            }
            Self::Resolve { step, outcome, .. } => {
                format!(" {} {} --reason TEXT", quoted(step), outcome.option())
            }
            Self::Skip { step, .. } => format!(" {} --reason TEXT", quoted(step)),
            Self::Choose { subject, .. } | Self::ChangePoint { subject, .. } => {
                format!(" {}=POLICY", quoted(subject))
            }
            Self::Commit { delete_sources: Some(count) } => format!(" --delete-sources {count}"),
            Self::Pause
            | Self::Resume
            | Self::Halt { .. }
            | Self::Rollback { .. }
            | Self::Commit { delete_sources: None }
            | Self::CleanUp => String::new(),
        };
        format!("muster {verb} {run}{rest}")
    }
}
