//! Pictures of a graph: dot, mermaid, svg, and json for other tools. Every name is escaped for its
//! format; graphs with cycles are drawn too.

mod json;
mod svg;
mod text;

use petgraph::graph::NodeIndex;

use super::order::{Csr, order};
use super::types::{Graph, Work, dense};
use super::{Lane, Phase};

pub use json::{GRAPH_FORMAT, json};
pub use svg::svg;
pub use text::{dot, mermaid};

/// What is drawn of a graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// The way forward.
    Forward,
    /// The way back too.
    WithRollback,
}

/// A node with its place.
#[derive(Clone, Debug)]
struct Placed {
    index: NodeIndex,
    phase: Phase,
    /// Counted within its phase.
    level: u32,
}

impl Show {
    const fn shows(self, lane: Lane) -> bool {
        match (self, lane) {
            (Self::WithRollback, _) | (Self::Forward, Lane::Forward | Lane::Cleanup) => true,
            (Self::Forward, Lane::Rollback) => false,
        }
    }
}

/// The nodes drawn, by phase and level, in plan order within one.
fn placed(graph: &Graph<'_>, show: Show) -> Vec<Placed> {
    let csr = Csr::new(graph.dag.node_count(), graph.pairs());
    let order = order(&csr);
    let mut levels = vec![0_u32; csr.len()];
    let phase = |node: u32| graph.node(NodeIndex::new(node as usize)).phase;
    for node in order.nodes.iter().chain(&order.stuck).copied() {
        let own = levels.get(node as usize).copied().unwrap_or(0);
        for target in csr.after(node).iter().filter(|target| phase(**target) == phase(node)) {
            // Behind a cycle the first look counts: going on would go around.
            let stuck = order.stuck.binary_search(target).is_ok();
            if let Some(slot) = levels.get_mut(*target as usize).filter(|slot| !stuck || **slot == 0) {
                *slot = (*slot).max(own + 1);
            }
        }
    }
    let mut list: Vec<Placed> = graph
        .dag
        .node_indices()
        .filter(|index| show.shows(graph.node(*index).lane))
        .map(|index| Placed {
            index,
            phase: graph.node(index).phase,
            level: levels.get(index.index()).copied().unwrap_or(0),
        })
        .collect();
    list.sort_by_key(|it| (it.phase, it.level, dense(it.index)));
    list
}

/// The kind of a node, for colours and for other tools.
const fn kind(work: &Work) -> &'static str {
    match work {
        Work::Join | Work::Mark => "join",
        Work::Step(_) => "step",
        Work::Undo(_) => "undo",
        Work::AskPoints(_) => "ask_points",
        Work::Fence => "fence",
        Work::ShutDown(_) => "shut_down",
        Work::ConfirmStopped(_) => "confirm_stopped",
        Work::ProcessPending(_) => "process_pending",
        Work::TakeFinal(_) => "take_final",
        Work::Bind(_) => "bind",
        Work::FailOver(_) => "fail_over",
        Work::Start(_) => "start",
        Work::Ready(_) => "ready",
        Work::CommitGate => "commit_gate",
        Work::Commit(_) => "commit",
        Work::Reprotect(_) => "reprotect",
        Work::CleanUpGate => "cleanup_gate",
        Work::CleanUp(_) => "clean_up",
        Work::RollBack(_) => "roll_back",
    }
}
