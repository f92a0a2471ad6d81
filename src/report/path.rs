//! The critical path as it was: from the step that ended last back along what it waited for.

use crate::base::Timestamp;
use crate::run::Run;
use crate::runbook::{Act, NodeId};

use super::facts::PathStep;
use super::words::seconds;

/// The steps that led to the end of `last`, first to last; joins are passed through.
///
/// Approach: of all that a step waited for, what ended last is what held it up; of several that ended
/// together, the first of the runbook. Each step is seen once, for the graph has no cycle.
pub(super) fn critical(run: &Run, last: NodeId) -> Vec<PathStep> {
    let runbook = run.runbook();
    let mut path = Vec::new();
    let mut at = Some(last);
    for _ in 0..runbook.nodes.len() {
        let Some(node) = at.and_then(|id| runbook.nodes.get(id)) else { break };
        let before = node.after.iter().filter_map(|edge| {
            runbook.nodes.get(edge.on)?;
            run.times(edge.on).1.map(|ended| (ended, edge.on))
        });
        let held_by = before.reduce(|last, one| if one.0 > last.0 { one } else { last });
        if node.act != Act::Join {
            let (began, ended) = at.map_or((None, None), |id| run.times(id));
            path.extend(step(run, node.name.clone(), began, ended, held_by.map(|(ended, _)| ended)));
        }
        at = held_by.map(|(_, id)| id);
    }
    path.reverse();
    path
}

fn step(
    run: &Run,
    step: String,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    free: Option<Timestamp>,
) -> Option<PathStep> {
    let (began, ended) = (began?, ended?);
    let free = free.or_else(|| run.started().map(|(at, _, _)| *at)).unwrap_or(began);
    Some(PathStep { step, took_s: seconds(ended.since(began)), waited_s: seconds(began.since(free)) })
}
