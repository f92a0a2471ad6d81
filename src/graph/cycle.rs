//! Steps that wait for each other. Comes in: a plan or its graph. Goes out: for each knot one shortest
//! cycle, every edge with its reason. Loops only: a knot may be as large as the plan.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::model::{Mode, Operation, Plan};
use crate::source::Span;

use super::Why;
use super::expand::{Expand, expand_units};
use super::types::Graph;
use super::units::Units;
use super::why::{Along, Cause};

/// Nodes that wait for each other in a circle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cycle {
    /// The edges around it; each leads to the node that the next one leaves.
    pub edges: Vec<CycleEdge>,
}

/// An edge of a cycle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CycleEdge {
    /// The node that is waited for.
    pub from: String,
    /// The node that waits.
    pub to: String,
    /// The reason.
    pub why: Why,
}

impl Cycle {
    /// The names of its nodes in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.edges.iter().map(|edge| edge.from.as_str()).collect()
    }

    /// The places of its arrows, each once, in the order of the cycle.
    #[must_use]
    pub fn spans(&self) -> Vec<(Span, &CycleEdge)> {
        let mut spans: Vec<(Span, &CycleEdge)> = Vec::new();
        for edge in &self.edges {
            for cause in edge.why.causes.iter() {
                if let Cause::Arrow { span, .. } = cause
                    && !spans.iter().any(|(known, _)| known == span)
                {
                    spans.push((*span, edge));
                }
            }
        }
        spans
    }
}

/// The cycles of a plan, whatever the operation: every step is taken to apply.
#[must_use]
pub fn cycles(plan: &Plan) -> Vec<Cycle> {
    let mut options = Expand::new(Operation::Failover, Some(Mode::Planned));
    options.everything = true;
    cycles_of(&expand_units(Units::whole(plan), &options))
}

/// One shortest cycle for each knot of a graph, in the order of their earliest statements.
#[must_use]
pub fn cycles_of(graph: &Graph<'_>) -> Vec<Cycle> {
    let mut group = vec![usize::MAX; graph.dag.node_count()];
    let knots = kosaraju_scc(&graph.dag);
    for (number, knot) in knots.iter().enumerate() {
        for node in knot {
            if let Some(slot) = group.get_mut(node.index()) {
                *slot = number;
            }
        }
    }
    let place = |node: &NodeIndex| (graph.node(*node).span.is_none(), graph.node(*node).span, *node);
    let mut found: Vec<_> = knots
        .iter()
        .filter_map(|knot| {
            let first = knot.iter().copied().min_by_key(place)?;
            let cycle = shortest(graph, first, &group)?;
            let mirrored = |cause: &Cause| match cause {
                Cause::Arrow { along, .. } | Cause::Inside { along, .. } => *along != Along::Forward,
                Cause::Rule(_) | Cause::Own(_) => false,
            };
            // The way down and the way back are mirrors of the arrows: their cycles are no others.
            let image = cycle.edges.iter().flat_map(|edge| edge.why.causes.iter()).any(mirrored)
                && knot.iter().all(|node| {
                    matches!(graph.node(*node).phase, super::Phase::Shutdown | super::Phase::Rollback)
                });
            (!image).then_some((place(&first), cycle))
        })
        .collect();
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, cycle)| cycle).collect()
}

/// A shortest way from a node back to itself within its knot, breadth first.
fn shortest(graph: &Graph<'_>, first: NodeIndex, group: &[usize]) -> Option<Cycle> {
    let knot = group.get(first.index()).copied();
    let mut from: Vec<Option<NodeIndex>> = vec![None; group.len()];
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = graph.dag.edges(node).map(|edge| edge.target()).collect();
        next.sort();
        for target in next {
            if group.get(target.index()).copied() != knot {
                continue;
            }
            let Some(slot) = from.get_mut(target.index()).filter(|slot| slot.is_none()) else { continue };
            *slot = Some(node);
            if target == first {
                return Some(walk(graph, first, &from));
            }
            queue.push_back(target);
        }
    }
    None
}

fn walk(graph: &Graph<'_>, first: NodeIndex, from: &[Option<NodeIndex>]) -> Cycle {
    let mut edges = Vec::new();
    let mut at = first;
    while let Some(before) = from.get(at.index()).copied().flatten() {
        let why = graph.dag.edges_connecting(before, at).next().map(|edge| edge.weight().clone());
        edges.push(CycleEdge {
            from: graph.node(before).name.clone(),
            to: graph.node(at).name.clone(),
            why: why.unwrap_or_else(|| Why::rule("one waits for the other")),
        });
        at = before;
        if at == first {
            break;
        }
    }
    edges.reverse();
    Cycle { edges }
}
