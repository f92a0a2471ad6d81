//! Order of a layered random graph of a million nodes and three million edges, beside petgraph's
//! `toposort` over the same graph: `order [NODES]`.

mod support;

use std::hint::black_box;

use musterpoint::graph::order::{Csr, order};
use petgraph::graph::{DiGraph, NodeIndex};
use support::{Work, heading, line, measure};

const EDGES_A_NODE: u32 = 3;
const LAYERS: u32 = 100;

fn main() {
    let nodes = std::env::args().filter_map(|arg| arg.parse::<u32>().ok()).next().unwrap_or(1_000_000);
    heading(&format!("order of {nodes} nodes"));
    let edges = layered(nodes);
    let csr = Csr::new(nodes as usize, edges.iter().copied());
    let ordered = order(&csr);
    assert!(ordered.stuck.is_empty(), "a layered graph has no cycle");
    let mut graph: DiGraph<u32, ()> = DiGraph::with_capacity(nodes as usize, edges.len());
    for node in 0..nodes {
        graph.add_node(node);
    }
    for (from, to) in &edges {
        graph.add_edge(NodeIndex::new(*from as usize), NodeIndex::new(*to as usize), ());
    }
    let works = vec![
        Work::new("build", || Csr::new(nodes as usize, edges.iter().copied())),
        Work::new("order", || order(black_box(&csr))),
        Work::new("toposort", || petgraph::algo::toposort(black_box(&graph), None)),
    ];
    let figures = measure(7, works);
    let [build, order, toposort] = figures.as_slice() else { return };
    line("adjacency from edges", *build, &format!("{} edges", edges.len()));
    line("graph::order", *order, "goal 60 ms, floor 250 ms");
    let ratio = toposort.seconds() / order.seconds();
    line("petgraph toposort", *toposort, &format!("{ratio:.1} times as long"));
}

/// Edges from one layer to the next, numbers mixed so that neighbours are not neighbours in memory.
fn layered(nodes: u32) -> Vec<(u32, u32)> {
    let width = (nodes / LAYERS).max(1);
    let mut state = 1_u64;
    let mut edges = Vec::with_capacity((nodes * EDGES_A_NODE) as usize);
    for to in width..nodes {
        let layer = to / width * width - width;
        for _ in 0..EDGES_A_NODE {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let far = u32::try_from(state >> 33).unwrap_or(0) % width;
            edges.push((layer + far, to));
        }
    }
    edges
}
