//! The critical path as it was, in names and seconds.

use crate::run::{Held, Run};
use crate::runbook::{NodeId, Runbook};

use super::facts::PathStep;
use super::words::seconds;

impl PathStep {
    /// A step of a path.
    pub(super) fn of(held: &Held, runbook: &Runbook) -> Self {
        Self {
            step: runbook.nodes.at(held.node).name.clone(),
            took_s: seconds(held.ended.since(held.began)),
            waited_s: seconds(held.began.since(held.free)),
        }
    }
}

/// The steps that led to the end of `last`, first to last.
pub(super) fn critical(run: &Run, last: NodeId) -> Vec<PathStep> {
    run.critical_path(last).iter().map(|held| PathStep::of(held, run.runbook())).collect()
}
