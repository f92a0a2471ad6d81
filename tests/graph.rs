//! The graph of a plan in every operation and mode, and what can be read off it.

mod plans;

use expect_test::{Expect, expect};
use musterpoint::graph::{Expand, Graph, expand};
use musterpoint::model::{Mode, Operation};
use petgraph::Direction;
use petgraph::visit::EdgeRef;

/// Every node with its phase, and below it what it waits for and why.
fn text(graph: &Graph<'_>) -> String {
    let sources = plans::sources();
    let mut text = String::new();
    for index in graph.dag.node_indices() {
        let node = graph.node(index);
        let optional = if node.optional { " (optional)" } else { "" };
        let undoes = node.undoes.map(|of| format!(" undoes {}", graph.node(of).name)).unwrap_or_default();
        text += &format!("{} [{}]{optional}{undoes}\n", node.name, node.phase.word());
        let mut before: Vec<_> = graph.dag.edges_directed(index, Direction::Incoming).collect();
        before.sort_by_key(|edge| edge.source());
        for edge in before {
            let mark = match edge.weight().need {
                musterpoint::graph::Need::Done => "<-",
                musterpoint::graph::Need::Settled => "<~",
            };
            text +=
                &format!("  {mark} {}: {}\n", graph.node(edge.source()).name, edge.weight().words(&sources));
        }
    }
    text
}

fn check(operation: Operation, mode: Option<Mode>, expected: &Expect) {
    let plan = plans::erp();
    expected.assert_eq(&text(&expand(&plan, &Expand::new(operation, mode))));
}

#[test]
fn erp_failed_over_as_planned() {
    check(Operation::Failover, Some(Mode::Planned), &expect![[]]);
}

#[test]
fn erp_failed_over_unplanned() {
    check(Operation::Failover, Some(Mode::Unplanned), &expect![[]]);
}

#[test]
fn erp_failed_over_by_force() {
    check(Operation::Failover, Some(Mode::Forced), &expect![[]]);
}

#[test]
fn erp_tested() {
    check(Operation::Test, None, &expect![[]]);
}
