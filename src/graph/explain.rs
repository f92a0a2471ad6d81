//! Why a step waits: what it waits for, what those wait for, and who waits for it. Comes in: a graph
//! and a name. Goes out: data, and the same as text.

use std::fmt::Write as _;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use serde::Serialize;

use crate::source::Sources;

use super::types::{Graph, Work};
use super::why::{Need, place};

/// Why one node waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// The node.
    pub node: String,
    /// Its phase.
    pub phase: &'static str,
    /// Where it is written: `erp.muster:33`.
    pub written: Option<String>,
    /// What it waits for, and one level up.
    pub waits_for: Vec<Waits>,
    /// Who waits for it, and why.
    pub waited_for_by: Vec<Waits>,
}

/// A node at the other end of an edge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Waits {
    /// The node.
    pub node: String,
    /// Its phase.
    pub phase: &'static str,
    /// Whether it only has to be settled, well or not.
    pub settled: bool,
    /// Why, in words that complete "waits for X: …".
    pub why: String,
    /// What that node waits for in turn, by name.
    pub waits_for: Vec<String>,
}

/// Explains the node of a name, or every node that acts on the machine of that name, or on a machine
/// of the group of that name. Empty if the name is none of these.
#[must_use]
pub fn explain(graph: &Graph<'_>, name: &str, sources: &Sources) -> Vec<Explanation> {
    named(graph, name).into_iter().map(|index| one(graph, index, sources)).collect()
}

/// Every name that `explain` knows: nodes, machines, groups.
#[must_use]
pub fn names(graph: &Graph<'_>) -> Vec<String> {
    let mut names: Vec<String> = graph.dag.node_weights().map(|node| node.name.clone()).collect();
    names.extend(graph.units.machines.ids().map(|vm| graph.units.vm_name(vm)));
    for unit in &graph.units.units {
        names.extend(unit.plan.groups.iter().map(|group| format!("{}{}", unit.prefix, group.name)));
    }
    names
}

fn named(graph: &Graph<'_>, name: &str) -> Vec<NodeIndex> {
    if let Some(index) = graph.find(name) {
        return vec![index];
    }
    let mut vms: Vec<_> = graph.units.find_vm(name).into_iter().collect();
    for (id, unit) in graph.units.units.iter_enumerated() {
        for group in unit.plan.groups.iter().filter(|group| format!("{}{}", unit.prefix, group.name) == name)
        {
            vms.extend(group.members.iter().map(|vm| graph.units.global(id, *vm)));
        }
    }
    graph
        .works(move |work| match work {
            Work::Bind(subjects) => subjects.iter().any(|id| graph.units.subjects.at(*id).name == name),
            Work::TakeFinal(id) | Work::ProcessPending(id) => graph.units.subjects.at(*id).name == name,
            Work::Join
            | Work::Mark
            | Work::Step(_)
            | Work::Undo(_)
            | Work::AskPoints(_)
            | Work::Fence
            | Work::ShutDown(_)
            | Work::ConfirmStopped(_)
            | Work::FailOver(_)
            | Work::Start(_)
            | Work::Ready(_)
            | Work::CommitGate
            | Work::Commit(_)
            | Work::Reprotect(_)
            | Work::CleanUpGate
            | Work::CleanUp(_)
            | Work::RollBack(_) => work.vm().is_some_and(|vm| vms.contains(&vm)),
        })
        .collect()
}

fn one(graph: &Graph<'_>, index: NodeIndex, sources: &Sources) -> Explanation {
    let node = graph.node(index);
    let ends = |direction: Direction| {
        let mut list: Vec<(NodeIndex, Waits)> = graph
            .dag
            .edges_directed(index, direction)
            .map(|edge| {
                let other = if direction == Direction::Incoming { edge.source() } else { edge.target() };
                let waits = Waits {
                    node: graph.node(other).name.clone(),
                    phase: graph.node(other).phase.word(),
                    settled: edge.weight().need == Need::Settled,
                    why: edge.weight().words(sources),
                    waits_for: above(graph, other),
                };
                (other, waits)
            })
            .collect();
        list.sort_by_key(|(other, _)| *other);
        list.into_iter().map(|(_, waits)| waits).collect()
    };
    Explanation {
        node: node.name.clone(),
        phase: node.phase.word(),
        written: node.span.and_then(|span| place(sources, span)),
        waits_for: ends(Direction::Incoming),
        waited_for_by: ends(Direction::Outgoing),
    }
}

fn above(graph: &Graph<'_>, index: NodeIndex) -> Vec<String> {
    let mut above: Vec<NodeIndex> = graph.dag.neighbors_directed(index, Direction::Incoming).collect();
    above.sort();
    above.into_iter().map(|node| graph.node(node).name.clone()).collect()
}

impl Explanation {
    /// The same for people.
    #[must_use]
    pub fn text(&self) -> String {
        let written = self.written.as_ref().map_or_else(String::new, |at| format!(", {at}"));
        let mut text = format!("{} ({}{written})\n", self.node, self.phase);
        if self.waits_for.is_empty() {
            text.push_str("  waits for nothing\n");
        }
        for waits in &self.waits_for {
            let end = if waits.settled { ", done or not" } else { "" };
            // Writing to a text cannot fail.
            writeln!(text, "  waits for {}{end}: {}", waits.node, waits.why).unwrap_or_default();
            if !waits.waits_for.is_empty() {
                writeln!(text, "    which waits for {}", waits.waits_for.join(", ")).unwrap_or_default();
            }
        }
        for waits in &self.waited_for_by {
            writeln!(text, "  {} waits for it: {}", waits.node, waits.why).unwrap_or_default();
        }
        text
    }
}
