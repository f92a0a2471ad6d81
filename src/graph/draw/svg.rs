//! The graph as a picture of its own: phases as bands one below the other, levels as columns in them,
//! reasons as tooltips. Text is measured by its number of characters, widely enough for any font.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use petgraph::graph::NodeIndex;

use crate::base::words::escaped;
use crate::graph::Phase;
use crate::graph::types::{Graph, Work};
use crate::graph::why::Need;
use crate::source::Sources;

use super::{Placed, Show, placed};

const CHAR_WIDTH: usize = 8;
const BOX_HEIGHT: usize = 28;
const BOX_PAD: usize = 12;
const ROW_GAP: usize = 12;
const COLUMN_GAP: usize = 48;
const BAND_PAD: usize = 16;
const BAND_GAP: usize = 36;
const TITLE: usize = 30;
const MARGIN: usize = 20;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1b1f24}\
.band{fill:#f4f6f8;stroke:#d5dae0}.title{font-weight:600;fill:#4a5560}\
.box{fill:#fff;stroke:#57606a}.act{fill:#e7f0fb;stroke:#2f6fb3}.end{fill:#fdeceb;stroke:#c2372e}\
.join{fill:none;stroke:none}.join+text{fill:#6a737d;font-style:italic}.optional{stroke-dasharray:5 3}\
path{fill:none;stroke:#8b949e}.settled{stroke-dasharray:4 4}.far{stroke:#c9d1d9}.back{stroke:#c2372e;stroke-width:2}";

/// A box on the page.
#[derive(Clone, Copy, Debug)]
struct Spot {
    band: usize,
    column: usize,
    x: usize,
    y: usize,
    width: usize,
}

/// A phase on the page.
#[derive(Clone, Copy, Debug)]
struct Band {
    phase: Phase,
    y: usize,
    height: usize,
}

/// Where everything goes.
#[derive(Debug, Default)]
struct Layout {
    spots: BTreeMap<NodeIndex, Spot>,
    bands: Vec<Band>,
    width: usize,
    height: usize,
}

/// The graph as a picture.
#[must_use]
pub fn svg(graph: &Graph<'_>, show: Show, sources: &Sources) -> String {
    let nodes = placed(graph, show);
    let layout = lay_out(graph, &nodes);
    let (width, height) = (layout.width, layout.height);
    let mut out = String::new();
    // Writing to a text cannot fail.
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">"
    )
    .unwrap_or_default();
    writeln!(out, "<style>{STYLE}</style>").unwrap_or_default();
    out.push_str(concat!(
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" ",
        "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" style=\"fill:#8b949e;stroke:none\"/></marker></defs>\n"
    ));
    for Band { phase, y, height } in &layout.bands {
        let wide = width - 2 * MARGIN;
        writeln!(
            out,
            "<rect class=\"band\" x=\"{MARGIN}\" y=\"{y}\" width=\"{wide}\" height=\"{height}\" rx=\"8\"/>"
        )
        .unwrap_or_default();
        let (x, y) = (MARGIN + BAND_PAD, y + 21);
        writeln!(out, "<text class=\"title\" x=\"{x}\" y=\"{y}\">{}</text>", phase.word())
            .unwrap_or_default();
    }
    edges(&mut out, graph, &layout.spots, sources);
    for it in &nodes {
        if let Some(spot) = layout.spots.get(&it.index) {
            node(&mut out, graph, it, *spot);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn lay_out(graph: &Graph<'_>, nodes: &[Placed]) -> Layout {
    let mut layout = Layout::default();
    let mut y = MARGIN;
    for (number, band) in nodes.chunk_by(|one, other| one.phase == other.phase).enumerate() {
        let Some(phase) = band.first().map(|it| it.phase) else { continue };
        let (begin, mut x, mut rows) = (y, MARGIN + BAND_PAD, 0);
        for (column, level) in band.chunk_by(|one, other| one.level == other.level).enumerate() {
            let wide = |it: &Placed| graph.node(it.index).name.chars().count() * CHAR_WIDTH + 2 * BOX_PAD;
            let width = level.iter().map(wide).max().unwrap_or(0);
            for (row, it) in by_neighbours(graph, level, &layout.spots).into_iter().enumerate() {
                let y = begin + TITLE + row * (BOX_HEIGHT + ROW_GAP);
                layout.spots.insert(it, Spot { band: number, column, x, y, width });
                rows = rows.max(row + 1);
            }
            x += width + COLUMN_GAP;
        }
        let height = TITLE + rows * (BOX_HEIGHT + ROW_GAP) + BAND_PAD - ROW_GAP;
        layout.bands.push(Band { phase, y: begin, height });
        layout.width = layout.width.max(x - COLUMN_GAP + BAND_PAD + MARGIN);
        y += height + BAND_GAP;
    }
    layout.height = y.saturating_sub(BAND_GAP) + MARGIN;
    layout.width = layout.width.max(4 * MARGIN);
    layout
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
        // Only an edge of a cycle leads to its own column or back.
        let back = (to.band, to.column) <= (from.band, from.column);
        // What leads from phase to phase is paler: the barrier is plain without it.
        let class = match (back, edge.weight.need, from.band == to.band) {
            (true, _, _) => "back",
            (false, Need::Done, true) => "done",
            (false, Need::Settled, true) => "settled",
            (false, Need::Done, false) => "far",
            (false, Need::Settled, false) => "settled far",
        };
        let line = if from.band == to.band { across(from, to) } else { down(from, to) };
        let why = escaped(&edge.weight.words(sources));
        let (start, end) =
            (escaped(&graph.node(edge.source()).name), escaped(&graph.node(edge.target()).name));
        writeln!(
            out,
            "<path class=\"{class}\" marker-end=\"url(#tip)\" d=\"{line}\"><title>{end} waits for {start}: {why}</title></path>"
        )
        .unwrap_or_default();
    }
}

/// From the right side of one box to the left side of another.
fn across(from: &Spot, to: &Spot) -> String {
    let (x1, y1) = (from.x + from.width, from.y + BOX_HEIGHT / 2);
    let (x2, y2) = (to.x, to.y + BOX_HEIGHT / 2);
    let (one, two) = (x1 + COLUMN_GAP / 2, x2.saturating_sub(COLUMN_GAP / 2));
    format!("M{x1} {y1}C{one} {y1} {two} {y2} {x2} {y2}")
}

/// From the lower side of one box to the upper side of another, in a band below.
fn down(from: &Spot, to: &Spot) -> String {
    let (x1, y1) = (from.x + from.width / 2, from.y + BOX_HEIGHT);
    let (x2, y2) = (to.x + to.width / 2, to.y);
    let (one, two) = (y1 + BAND_GAP, y2.saturating_sub(BAND_GAP));
    format!("M{x1} {y1}C{x1} {one} {x2} {two} {x2} {y2}")
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
