//! The graph while it grows: nodes and edges are added, joins that save no edges are taken out again.
//! Knows nothing of plans.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::source::Span;

use super::types::{GraphNode, Work};
use super::why::Cause;
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
        let mut graph: DiGraph<GraphNode, Why> = DiGraph::new();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let (nodes, edges) = self.dag.into_nodes_edges();
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
        let mut best: Vec<((NodeIndex, NodeIndex), usize, Why)> = Vec::with_capacity(edges.len());
        for (at, edge) in edges.into_iter().enumerate() {
            if let Some((from, to)) = to(edge.source()).zip(to(edge.target())) {
                best.push(((from, to), at, edge.weight));
            }
        }
        let arrowless = |why: &Why| !why.causes.iter().any(|cause| matches!(cause, Cause::Arrow { .. }));
        best.sort_by_key(|(ends, at, why)| (ends.1, ends.0, why.need, arrowless(why), *at));
        best.dedup_by_key(|(ends, _, _)| *ends);
        for ((from, to), _, why) in best {
            graph.add_edge(from, to, why);
        }
        graph
    }
}
