//! Graphviz and Mermaid.

use std::fmt::Write as _;

use crate::graph::Phase;
use crate::graph::types::{Graph, dense};
use crate::graph::why::Need;
use crate::source::Sources;

use super::{Placed, Show, placed};

/// The graph for Graphviz: a cluster for each phase, the reason of an edge as its tooltip.
#[must_use]
pub fn dot(graph: &Graph<'_>, show: Show, sources: &Sources) -> String {
    let nodes = placed(graph, show);
    let mut out = String::from(
        "digraph muster {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
    );
    for (phase, of) in by_phase(&nodes) {
        // Writing to a text cannot fail.
        writeln!(out, "  subgraph \"cluster_{}\" {{", phase.word()).unwrap_or_default();
        writeln!(out, "    label=\"{}\";", phase.word()).unwrap_or_default();
        for it in of {
            let node = graph.node(it.index);
            let shape = if node.work.is_join() { ", shape=plaintext, fontcolor=gray40" } else { "" };
            let dashed = if node.optional { ", style=\"rounded,dashed\"" } else { "" };
            let name = quoted(&node.name);
            writeln!(out, "    n{} [label={name}{shape}{dashed}];", dense(it.index)).unwrap_or_default();
        }
        out.push_str("  }\n");
    }
    for edge in graph.dag.raw_edges() {
        let (from, to) = (edge.source(), edge.target());
        if show.shows(graph.node(from).lane) && show.shows(graph.node(to).lane) {
            let style = if edge.weight.need == Need::Settled { ", style=dashed" } else { "" };
            let why = quoted(&edge.weight.words(sources));
            let (from, to) = (dense(from), dense(to));
            writeln!(out, "  n{from} -> n{to} [tooltip={why}{style}];").unwrap_or_default();
        }
    }
    out.push_str("}\n");
    out
}

/// The graph for Mermaid: a subgraph for each phase; barriers are dotted.
#[must_use]
pub fn mermaid(graph: &Graph<'_>, show: Show) -> String {
    let nodes = placed(graph, show);
    let mut out = String::from("flowchart LR\n");
    for (number, (phase, of)) in by_phase(&nodes).into_iter().enumerate() {
        writeln!(out, "  subgraph p{number}[\"{}\"]", phase.word()).unwrap_or_default();
        for it in of {
            let node = graph.node(it.index);
            let name = entities(&node.name);
            let (open, close) = if node.work.is_join() { ("([", "])") } else { ("[", "]") };
            writeln!(out, "    n{}{open}\"{name}\"{close}", dense(it.index)).unwrap_or_default();
        }
        out.push_str("  end\n");
    }
    for edge in graph.dag.raw_edges() {
        let (from, to) = (edge.source(), edge.target());
        if show.shows(graph.node(from).lane) && show.shows(graph.node(to).lane) {
            let arrow = if edge.weight.need == Need::Settled { "-.->" } else { "-->" };
            writeln!(out, "  n{} {arrow} n{}", dense(from), dense(to)).unwrap_or_default();
        }
    }
    out
}

fn by_phase(nodes: &[Placed]) -> Vec<(Phase, &[Placed])> {
    let groups = nodes.chunk_by(|one, other| one.phase == other.phase);
    groups.filter_map(|group| Some((group.first()?.phase, group))).collect()
}

/// A text in Graphviz' quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

/// A text in Mermaid's quotes, where only entities escape.
fn entities(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '\n' => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}
