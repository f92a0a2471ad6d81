//! The graph of a plan in every operation and mode, and what can be read off it.

mod plans;

use musterpoint::graph::{Expand, Graph, expand};
use musterpoint::model::{Mode, Operation};
use musterpoint::source::Sources;
use petgraph::Direction;
use petgraph::visit::EdgeRef;

/// Every node with its phase, and below it what it waits for and why.
fn text(graph: &Graph<'_>, sources: &Sources) -> String {
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
                &format!("  {mark} {}: {}\n", graph.node(edge.source()).name, edge.weight().words(sources));
        }
    }
    text
}

#[test]
fn erp_in_every_operation_and_mode() {
    let (plan, sources) = plans::shipped("erp");
    let mut every = vec![("test".to_owned(), Operation::Test, None)];
    for operation in [Operation::Failover, Operation::Failback] {
        for mode in [Mode::Planned, Mode::Unplanned, Mode::Forced] {
            every.push((format!("{}-{}", operation.word(), mode.word()), operation, Some(mode)));
        }
    }
    for (name, operation, mode) in every {
        let graph = expand(&plan, &Expand::new(operation, mode));
        let path = format!("{}/tests/golden/graph-erp-{name}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_test::expect_file![path].assert_eq(&text(&graph, &sources));
    }
}
