//! The graph as a picture of its own: phases as bands from left to right, levels as columns in them,
//! reasons as tooltips. Text is measured by its number of characters, widely enough for any font.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use petgraph::graph::NodeIndex;

use crate::graph::Phase;
use crate::graph::types::{Graph, Work};
use crate::graph::why::Need;
use crate::source::Sources;

use super::{Placed, Show, placed};

const CHAR_WIDTH: usize = 8;
const BOX_HEIGHT: usize = 28;
const BOX_PAD: usize = 12;
const ROW_GAP: usize = 14;
const COLUMN_GAP: usize = 56;
const BAND_PAD: usize = 18;
const BAND_GAP: usize = 14;
const TITLE: usize = 44;
const MARGIN: usize = 20;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1b1f24}\
.band{fill:#f4f6f8;stroke:#d5dae0}.title{font-weight:600;fill:#4a5560}\
.box{fill:#fff;stroke:#57606a}.act{fill:#e7f0fb;stroke:#2f6fb3}.end{fill:#fdeceb;stroke:#c2372e}\
.join{fill:none;stroke:none}.join+text{fill:#6a737d;font-style:italic}.optional{stroke-dasharray:5 3}\
path{fill:none;stroke:#8b949e}.settled{stroke-dasharray:4 4}.back{stroke:#c2372e;stroke-width:2}";

/// A box on the page.
#[derive(Clone, Copy, Debug)]
struct Spot {
    column: usize,
    x: usize,
    y: usize,
    width: usize,
}

/// The graph as a picture.
#[must_use]
pub fn svg(graph: &Graph<'_>, show: Show, sources: &Sources) -> String {
    let nodes = placed(graph, show);
    let (spots, bands, width, height) = lay_out(graph, &nodes);
    let mut out = String::new();
    // Writing to a text cannot fail.
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">"
    )
    .unwrap_or_default();
    writeln!(out, "<style>{STYLE}</style>").unwrap_or_default();
    out.push_str("<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" style=\"fill:#8b949e;stroke:none\"/></marker></defs>\n");
    for (phase, x, wide) in bands {
        let tall = height - 2 * MARGIN;
        writeln!(
            out,
            "<rect class=\"band\" x=\"{x}\" y=\"{MARGIN}\" width=\"{wide}\" height=\"{tall}\" rx=\"8\"/>"
        )
        .unwrap_or_default();
        let (x, y) = (x + BAND_PAD, MARGIN + 26);
        writeln!(out, "<text class=\"title\" x=\"{x}\" y=\"{y}\">{}</text>", phase.word())
            .unwrap_or_default();
    }
    edges(&mut out, graph, &spots, sources);
    for it in &nodes {
        if let Some(spot) = spots.get(&it.index) {
            node(&mut out, graph, it, *spot);
        }
    }
    out.push_str("</svg>\n");
    out
}

type LaidOut = (BTreeMap<NodeIndex, Spot>, Vec<(Phase, usize, usize)>, usize, usize);

fn lay_out(graph: &Graph<'_>, nodes: &[Placed]) -> LaidOut {
    let mut spots = BTreeMap::new();
    let mut bands: Vec<(Phase, usize, usize)> = Vec::new();
    let (mut x, mut height) = (MARGIN, 0);
    let mut column = 0;
    for band in nodes.chunk_by(|one, other| one.phase == other.phase) {
        let Some(phase) = band.first().map(|it| it.phase) else { continue };
        let begin = x;
        x += BAND_PAD;
        // A band is never narrower than its title.
        let title = phase.word().chars().count() * CHAR_WIDTH + 2 * BAND_PAD;
        for (number, level) in band.chunk_by(|one, other| one.level == other.level).enumerate() {
            if number > 0 {
                x += COLUMN_GAP;
            }
            let wide = |it: &Placed| graph.node(it.index).name.chars().count() * CHAR_WIDTH + 2 * BOX_PAD;
            let widest = level.iter().map(wide).max().unwrap_or(0);
            for (row, it) in by_neighbours(graph, level, &spots).into_iter().enumerate() {
                let y = MARGIN + TITLE + row * (BOX_HEIGHT + ROW_GAP);
                height = height.max(y + BOX_HEIGHT);
                spots.insert(it, Spot { column, x, y, width: widest });
            }
            x += widest;
            column += 1;
        }
        x = (x + BAND_PAD).max(begin + title);
        bands.push((phase, begin, x - begin));
        x += BAND_GAP + COLUMN_GAP / 2;
    }
    (spots, bands, x + MARGIN, height + BAND_PAD + MARGIN)
}

/// The nodes of a column from top to bottom by where what they wait for stands: fewer crossings.
fn by_neighbours(graph: &Graph<'_>, level: &[Placed], spots: &BTreeMap<NodeIndex, Spot>) -> Vec<NodeIndex> {
    let mut keyed: Vec<(usize, NodeIndex)> = level
        .iter()
        .map(|it| {
            let before = graph.dag.neighbors_directed(it.index, petgraph::Direction::Incoming);
            let rows: Vec<usize> = before.filter_map(|node| spots.get(&node).map(|spot| spot.y)).collect();
            (rows.iter().sum::<usize>().checked_div(rows.len()).unwrap_or(0), it.index)
        })
        .collect();
    keyed.sort();
    keyed.into_iter().map(|(_, index)| index).collect()
}

fn edges(out: &mut String, graph: &Graph<'_>, spots: &BTreeMap<NodeIndex, Spot>, sources: &Sources) {
    for edge in graph.dag.raw_edges() {
        let Some((from, to)) = spots.get(&edge.source()).zip(spots.get(&edge.target())) else { continue };
        let (x1, y1) = (from.x + from.width, from.y + BOX_HEIGHT / 2);
        let (x2, y2) = (to.x, to.y + BOX_HEIGHT / 2);
        let mut class = if edge.weight.need == Need::Settled { "settled" } else { "done" };
        // Only an edge of a cycle leads to its own column or back.
        if to.column <= from.column {
            class = "back";
        }
        let bend = COLUMN_GAP;
        let why = escaped(&edge.weight.words(sources));
        let (start, end) =
            (escaped(&graph.node(edge.source()).name), escaped(&graph.node(edge.target()).name));
        writeln!(
            out,
            "<path class=\"{class}\" marker-end=\"url(#tip)\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"><title>{end} waits for {start}: {why}</title></path>",
            x1 + bend,
            x2.saturating_sub(bend),
        )
        .unwrap_or_default();
    }
}

fn node(out: &mut String, graph: &Graph<'_>, it: &Placed, spot: Spot) {
    let node = graph.node(it.index);
    let class = match node.work {
        Work::Join | Work::Mark => "join",
        Work::Step(_) | Work::Undo(_) | Work::AskPoints(_) => "box",
        Work::Commit(_) | Work::CommitGate | Work::CleanUpGate | Work::Fence => "end",
        Work::ShutDown(_)
        | Work::ConfirmStopped(_)
        | Work::ProcessPending(_)
        | Work::TakeFinal(_)
        | Work::Bind(_)
        | Work::FailOver(_)
        | Work::Start(_)
        | Work::Ready(_)
        | Work::Reprotect(_)
        | Work::CleanUp(_)
        | Work::RollBack(_) => "act",
    };
    let optional = if node.optional { " optional" } else { "" };
    let Spot { x, y, width, .. } = spot;
    let name = escaped(&node.name);
    writeln!(
        out,
        "<rect class=\"{class}{optional}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"6\"/><text x=\"{}\" y=\"{}\">{name}</text>",
        x + BOX_PAD,
        y + 19
    )
    .unwrap_or_default();
}

/// A text inside XML; control characters, which XML cannot hold, become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ if letter.is_control() => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}
