//! Ordering a layered random graph of a million nodes and three million edges: our order beside
//! petgraph's toposort, in interleaved rounds. Floor 250 ms, goal 60 ms.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::panic,
    reason = "a bench measures and prints, and stops when the result is wrong"
)]

use std::time::{Duration, Instant};

use musterpoint::graph::order::{Csr, critical_path, order};
use petgraph::graph::{DiGraph, NodeIndex};

const NODES: u32 = 1_000_000;
const LAYERS: u32 = 1000;
const ROUNDS: usize = 5;

/// A small seeded generator: the same graph in every round and on every machine.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::from(bound)) as u32
    }
}

fn edges() -> Vec<(u32, u32)> {
    let wide = NODES / LAYERS;
    let mut random = Seeded(0x9e37_79b9_7f4a_7c15);
    let mut edges = Vec::with_capacity(3 * NODES as usize);
    for node in wide..NODES {
        let layer = node / wide;
        for _ in 0..3 {
            let before = layer - 1 - random.below(layer.min(4));
            edges.push((before * wide + random.below(wide), node));
        }
    }
    edges
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn main() {
    let edges = edges();
    let (built, pet) = timed(|| {
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(NODES as usize, edges.len());
        for _ in 0..NODES {
            graph.add_node(());
        }
        for (from, to) in &edges {
            graph.add_edge(NodeIndex::new(*from as usize), NodeIndex::new(*to as usize), ());
        }
        graph
    });
    println!("{NODES} nodes, {} edges; petgraph build {built:?}", edges.len());
    let mut best = [Duration::MAX; 4];
    let cost = vec![Duration::from_secs(1); NODES as usize];
    for round in 1..=ROUNDS {
        let (build, csr) = timed(|| Csr::new(NODES as usize, edges.iter().copied()));
        let (ours, ordered) = timed(|| order(&csr));
        let (theirs, sorted) = timed(|| petgraph::algo::toposort(&pet, None));
        let (path, longest) = timed(|| critical_path(&csr, &ordered, &cost, None));
        assert!(ordered.stuck.is_empty() && sorted.is_ok_and(|nodes| nodes.len() == ordered.nodes.len()));
        assert!(longest.nodes.len() <= LAYERS as usize);
        for (slot, time) in best.iter_mut().zip([build, ours, theirs, path]) {
            *slot = (*slot).min(time);
        }
        println!(
            "round {round}: build {build:?}, order {ours:?}, petgraph toposort {theirs:?}, longest path {path:?}"
        );
    }
    let [build, ours, theirs, path] = best;
    println!("best: build {build:?}, order {ours:?}, petgraph toposort {theirs:?}, longest path {path:?}");
    if ours > Duration::from_millis(250) {
        panic!("the order took {ours:?}, the floor is 250 ms");
    }
}
