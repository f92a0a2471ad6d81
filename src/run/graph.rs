//! The frozen graph as the ready queue needs it: dependants of each node in one flat table.

use crate::base::{Id, IdVec};
use crate::runbook::{Needs, NodeId, Runbook};

/// Dependants by node: compressed rows, in the order of the runbook.
#[derive(Clone, Debug)]
pub(super) struct Dependants {
    starts: Vec<u32>,
    edges: Vec<(NodeId, Needs)>,
}

impl Dependants {
    /// The rows of a runbook's graph.
    pub(super) fn of(runbook: &Runbook) -> Self {
        let count = runbook.nodes.len();
        let mut starts = vec![0u32; count + 1];
        for node in &runbook.nodes {
            for dependency in &node.after {
                if let Some(slot) = starts.get_mut(dependency.on.index() + 1) {
                    *slot += 1;
                }
            }
        }
        let mut total = 0u32;
        for slot in &mut starts {
            total += *slot;
            *slot = total;
        }
        let mut fill: IdVec<NodeId, u32> = IdVec::from_vec(starts.iter().copied().take(count).collect());
        let mut edges = vec![(NodeId::from_index(0), Needs::Done); total as usize];
        for (id, node) in runbook.nodes.iter_enumerated() {
            for dependency in &node.after {
                let place = fill.at_mut(dependency.on);
                if let Some(edge) = edges.get_mut(*place as usize) {
                    *edge = (id, dependency.needs);
                }
                *place += 1;
            }
        }
        Self { starts, edges }
    }

    /// The nodes that wait for this one, and what they need of it.
    pub(super) fn of_node(&self, node: NodeId) -> &[(NodeId, Needs)] {
        let range = self.starts.get(node.index()).zip(self.starts.get(node.index() + 1));
        range.and_then(|(from, to)| self.edges.get(*from as usize..*to as usize)).unwrap_or(&[])
    }
}
