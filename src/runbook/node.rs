//! The frozen graph: nodes, what they wait for and why.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::{duration_text, duration_text_option};
use crate::model::{OnFailure, Retry};

use super::{Act, Slot};

pub use crate::graph::{Lane, Phase, UnitId};

crate::id_type!(
    /// A node of a runbook: a step as run.
    NodeId
);
/// The plan itself, or a plan that it calls; each goes through its own phases.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unit {
    /// Empty for the plan itself, else the call's name with a slash: `shop/`.
    pub prefix: String,
    /// The plan's name.
    pub plan: String,
    /// Whether its commit deletes the machines left behind.
    pub commit_deletes: bool,
    /// Whether its plan has a commit node: without one it stays in its commit window.
    pub has_commit: bool,
}

/// A step as run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Its name for people and for requests, unique in the runbook: `go`, `start sql01`, `bind db`.
    pub name: String,
    /// The plan it belongs to.
    pub unit: UnitId,
    /// Its phase.
    pub phase: Phase,
    /// When it may run at all.
    pub lane: Lane,
    /// What it does.
    pub act: Act,
    /// What it waits for.
    pub after: Vec<Dependency>,
    /// Limits and failure rules.
    pub policy: NodePolicy,
    /// In the rollback lane: the forward node whose effect it undoes.
    pub undoes: Option<NodeId>,
    /// Where in the plan it comes from: `erp.muster:33`.
    pub written: Option<String>,
}

/// What an edge needs of the node it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// It is done: succeeded, skipped by an operator, or failed where that counts as done. Where it
    /// failed or was blocked, the node after it is blocked too. Arrows, and a machine's own acts.
    Done,
    /// It is settled: done, failed or blocked alike. The barriers between phases, so that a machine
    /// that failed does not hold up the others. A change of point does not run again what only
    /// waits for it so.
    Settled,
}

/// An edge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dependency {
    /// The node waited for.
    pub on: NodeId,
    /// What has to be true of it.
    pub needs: Needs,
    /// Why, in words that complete "waits for X: …".
    pub why: String,
}

/// Limits and failure rules of a node, complete with the mode's defaults.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodePolicy {
    /// What a failure does.
    pub on_failure: OnFailure,
    /// A failure counts as done and is listed.
    pub optional: bool,
    /// How often it is tried.
    pub retry: Option<Retry>,
    /// One attempt's limit.
    #[serde(with = "duration_text_option")]
    pub timeout: Option<Duration>,
    /// Pause between being ready and starting.
    #[serde(with = "duration_text")]
    pub delay: Duration,
    /// The slot it takes, and the node whose end gives it back (itself if absent).
    pub slot: Option<Slot>,
    /// See `slot`.
    pub slot_until: Option<NodeId>,
}
