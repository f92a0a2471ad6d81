//! The graph for other tools: `muster.graph/1`.

use serde_json::{Value, json as object};

use crate::graph::cycle::cycles_of;
use crate::graph::types::Graph;
use crate::graph::why::{Need, place};
use crate::source::Sources;

use super::{Show, kind, placed};

/// The version of the document.
pub const GRAPH_FORMAT: &str = "muster.graph/1";

/// Nodes by phase and level, edges with their reasons, cycles.
#[must_use]
pub fn json(graph: &Graph<'_>, show: Show, sources: &Sources) -> Value {
    let nodes: Vec<Value> = placed(graph, show)
        .into_iter()
        .map(|it| {
            let node = graph.node(it.index);
            object!({
                "name": node.name,
                "phase": node.phase,
                "lane": node.lane,
                "level": it.level,
                "kind": kind(&node.work),
                "machine": node.work.vm().map(|vm| graph.units.vm_name(vm)),
                "optional": node.optional,
                "undoes": node.undoes.map(|of| graph.node(of).name.clone()),
                "written": node.span.and_then(|span| place(sources, span)),
            })
        })
        .collect();
    let shown = |edge: &&petgraph::graph::Edge<crate::graph::Why>| {
        show.shows(graph.node(edge.source()).lane) && show.shows(graph.node(edge.target()).lane)
    };
    let edges: Vec<Value> = graph
        .dag
        .raw_edges()
        .iter()
        .filter(shown)
        .map(|edge| {
            object!({
                "from": graph.node(edge.source()).name,
                "to": graph.node(edge.target()).name,
                "needs": if edge.weight.need == Need::Done { "done" } else { "settled" },
                "why": edge.weight.words(sources),
            })
        })
        .collect();
    let cycles: Vec<Value> = cycles_of(graph).iter().map(|cycle| object!(cycle.names())).collect();
    object!({
        "format": GRAPH_FORMAT,
        "plan": graph.units.units.iter().next().map(|unit| unit.plan.name.clone()),
        "operation": graph.operation,
        "mode": graph.mode,
        "nodes": nodes,
        "edges": edges,
        "cycles": cycles,
    })
}
