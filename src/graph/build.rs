//! The graph while it grows: nodes and edges are added, joins that save no edges are taken out again.
//! Knows nothing of plans.

use std::collections::HashMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, Edge, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::source::Span;

use super::types::{GraphNode, Work};
use super::why::{Cause, Need};
use super::{Lane, Phase, UnitId, Why};

/// A growing graph.
#[derive(Debug, Default)]
pub(super) struct Builder {
    dag: DiGraph<GraphNode, Why>,
    dead: Vec<bool>,
}

/// Where a new node stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) unit: UnitId,
    pub(super) phase: Phase,
    pub(super) lane: Lane,
}

impl Builder {
    pub(super) fn add(&mut self, place: Place, name: String, work: Work) -> NodeIndex {
        self.dead.push(false);
        self.dag.add_node(GraphNode {
            name,
            unit: place.unit,
            phase: place.phase,
            lane: place.lane,
            work,
            span: None,
            optional: false,
            undoes: None,
        })
    }

    pub(super) fn set(&mut self, node: NodeIndex, span: Option<Span>, optional: bool) {
        let node = self.node_mut(node);
        node.span = span;
        node.optional = optional;
    }

    pub(super) fn edge(&mut self, from: NodeIndex, to: NodeIndex, why: Why) {
        self.dag.add_edge(from, to, why);
    }

    pub(super) fn len(&self) -> usize {
        self.dag.node_count()
    }

    pub(super) fn node(&self, index: NodeIndex) -> &GraphNode {
        &self.dag[index]
    }

    pub(super) fn node_mut(&mut self, index: NodeIndex) -> &mut GraphNode {
        &mut self.dag[index]
    }

    pub(super) fn alive(&self, index: NodeIndex) -> bool {
        self.dead.get(index.index()).is_some_and(|dead| !dead)
    }

    fn kill(&mut self, index: NodeIndex) {
        if let Some(dead) = self.dead.get_mut(index.index()) {
            *dead = true;
        }
    }

    /// The living neighbours with the reasons of their edges, in the order of insertion.
    pub(super) fn around(&self, node: NodeIndex, direction: Direction) -> Vec<(NodeIndex, Why)> {
        let mut list: Vec<(NodeIndex, Why)> = Vec::new();
        for edge in self.dag.edges_directed(node, direction) {
            let other = match direction {
                Direction::Incoming => edge.source(),
                Direction::Outgoing => edge.target(),
            };
            if self.alive(other) {
                list.push((other, edge.weight().clone()));
            }
        }
        list.reverse();
        list
    }

    /// Whether a living neighbour is as asked for.
    pub(super) fn any_around(
        &self,
        node: NodeIndex,
        direction: Direction,
        is: impl Fn(&GraphNode) -> bool,
    ) -> bool {
        let mut others = self.dag.neighbors_directed(node, direction);
        others.any(|other| self.alive(other) && is(self.node(other)))
    }

    /// Takes out the joins among the nodes `from..` that hang loose or save no edges. What has to
    /// wait for what does not change.
    pub(super) fn contract(&mut self, from: usize) {
        let joins: Vec<NodeIndex> = (from..self.len())
            .map(NodeIndex::new)
            .filter(|index| self.alive(*index) && self.node(*index).work == Work::Join)
            .collect();
        self.peel(&joins, Direction::Incoming);
        self.peel(&joins, Direction::Outgoing);
        for join in joins {
            if !self.alive(join) {
                continue;
            }
            let before = self.around(join, Direction::Incoming);
            let after = self.around(join, Direction::Outgoing);
            let on_itself = before.iter().any(|(node, _)| *node == join);
            let saves = before.len() * after.len() > before.len() + after.len();
            if on_itself || saves {
                continue;
            }
            self.kill(join);
            for (source, why) in &before {
                for (target, next) in &after {
                    self.edge(*source, *target, why.then(next));
                }
            }
        }
    }

    /// Takes out joins that nothing leads to (or that lead nowhere), and those that hang loose then.
    fn peel(&mut self, joins: &[NodeIndex], side: Direction) {
        let mut loose: Vec<NodeIndex> = joins.to_vec();
        while let Some(join) = loose.pop() {
            if !self.alive(join) || self.any_around(join, side, |_| true) {
                continue;
            }
            let others = self.around(join, side.opposite());
            self.kill(join);
            let at_first = joins.first().map_or(usize::MAX, |first| first.index());
            let joins_only = |node: &NodeIndex| node.index() >= at_first;
            let next = others.into_iter().map(|(node, _)| node).filter(joins_only);
            loose.extend(next.filter(|node| self.node(*node).work == Work::Join));
        }
    }

    /// The graph of what is alive, each edge once, joins with names of their own.
    pub(super) fn finish(self) -> DiGraph<GraphNode, Why> {
        let alive = self.dead.iter().filter(|dead| !**dead).count();
        let mut graph: DiGraph<GraphNode, Why> = DiGraph::with_capacity(alive, self.dag.edge_count());
        // Only looked up, never gone through.
        let mut names: HashMap<String, usize> = HashMap::new();
        let (nodes, mut edges) = self.dag.into_nodes_edges();
        let mut moved: Vec<Option<NodeIndex>> = Vec::with_capacity(nodes.len());
        for (node, dead) in nodes.into_iter().zip(&self.dead) {
            let mut node = node.weight;
            if *dead {
                moved.push(None);
                continue;
            }
            if node.work == Work::Join {
                let used = names.entry(node.name.clone()).or_insert(0);
                *used += 1;
                if *used > 1 {
                    node.name = format!("{} #{used}", node.name);
                }
            }
            moved.push(Some(graph.add_node(node)));
        }
        let to = |index: NodeIndex| moved.get(index.index()).copied().flatten();
        for node in graph.node_weights_mut() {
            node.undoes = node.undoes.and_then(to);
        }
        let ends = |edge: &Edge<Why>| to(edge.source()).zip(to(edge.target()));
        for (from, to, at) in kept(&edges, alive, ends) {
            if let Some(edge) = edges.get_mut(at) {
                graph.add_edge(from, to, std::mem::replace(&mut edge.weight, Why::own("")));
            }
        }
        graph
    }
}

/// The edges that stay, by what they lead to and then by what they leave, with their places in `edges`:
/// of those between the same two nodes the one that needs least, with an arrow, first.
fn kept(
    edges: &[Edge<Why>],
    nodes: usize,
    ends: impl Fn(&Edge<Why>) -> Option<(NodeIndex, NodeIndex)>,
) -> Vec<(NodeIndex, NodeIndex, usize)> {
    let arrowless = |why: &Why| !why.causes.iter().any(|cause| matches!(cause, Cause::Arrow { .. }));
    // Counted by target first: most nodes wait for few, and those few are in order already.
    let mut next = vec![0_usize; nodes + 1];
    let living = || edges.iter().enumerate().filter_map(|(at, edge)| Some((at, edge, ends(edge)?)));
    for (_, _, (_, to)) in living() {
        if let Some(count) = next.get_mut(to.index() + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for slot in &mut next {
        sum += *slot;
        *slot = sum;
    }
    let none = NodeIndex::new(0);
    let mut sorted = vec![(none, none, (Need::Done, false), 0); sum];
    for (at, edge, (from, to)) in living() {
        if let Some(slot) = next.get_mut(to.index()) {
            if let Some(entry) = sorted.get_mut(*slot) {
                *entry = (to, from, (edge.weight.need, arrowless(&edge.weight)), at);
            }
            *slot += 1;
        }
    }
    for same_target in sorted.chunk_by_mut(|one, next| one.0 == next.0) {
        if !same_target.is_sorted() {
            same_target.sort_unstable();
        }
    }
    sorted.dedup_by_key(|(to, from, ..)| (*to, *from));
    sorted.into_iter().map(|(to, from, _, at)| (from, to, at)).collect()
}

/// The name of a node: of its unit, then of itself in two parts.
pub(super) fn joined(prefix: &str, [first, second]: [&str; 2]) -> String {
    [prefix, first, second].concat()
}
