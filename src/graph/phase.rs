//! Phases, lanes and the ids that graph and runbook share. Knows neither plan nor estate.

use serde::{Deserialize, Serialize};

crate::id_type!(
    /// A plan within a graph or runbook: the plan itself, or one that it calls.
    UnitId
);
crate::id_type!(
    /// What gets one choice of points: a replication group, or a machine outside any.
    SubjectId
);

/// Phases of a run, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Steps before anything is touched.
    Prepare,
    /// Sources go down.
    Shutdown,
    /// Points are bound.
    Bind,
    /// Targets are made.
    Failover,
    /// Targets start.
    Start,
    /// Every machine is done, nothing is final.
    CommitWindow,
    /// No way back.
    Commit,
    /// Replication the other way.
    Reprotect,
    /// The end of a test.
    Cleanup,
    /// The way back.
    Rollback,
}

impl Phase {
    /// The words for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Shutdown => "shutdown",
            Self::Bind => "bind",
            Self::Failover => "failover",
            Self::Start => "start",
            Self::CommitWindow => "commit window",
            Self::Commit => "commit",
            Self::Reprotect => "reprotect",
            Self::Cleanup => "cleanup",
            Self::Rollback => "rollback",
        }
    }
}

/// When a node may run at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// On the way forward.
    Forward,
    /// On the way forward, or, once an operator asks for it, whatever became of the nodes before
    /// it: the cleanup of a test.
    Cleanup,
    /// Asleep until the run is rolled back; then forward nodes that did not begin are skipped and
    /// these run. `undoes` nodes that never began are skipped.
    Rollback,
}
