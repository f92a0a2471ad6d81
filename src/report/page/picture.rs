//! The timeline as a picture: when each machine and each step worked or waited, and the way that held
//! the whole. SVG inside the page; the tables beside it say the same in words.

use std::collections::BTreeSet;

use crate::base::Timestamp;
use crate::base::axis::Axis;
use crate::base::time::format_duration_short;
use crate::base::words::count;
use crate::report::gather::reached;
use crate::runbook::{NodeId, Phase};

use super::markup::{Html, escaped};
use super::rows::{self, Row, Rows};
use super::sections::Report;
use super::spans::{self, Doing, Span};

/// Room for the names, for the line of time, and above and below it.
const NAMES: f64 = 190.0;
const WIDTH: f64 = 900.0;
const ABOVE: f64 = 48.0;
const BELOW: f64 = 26.0;
/// Around everything.
const EDGE: f64 = 12.0;
/// Letters of a name before it is cut; the whole one is in the title.
const NAME_MAX: usize = 26;

/// Puts the picture on the page.
pub(super) fn timeline(page: &mut Html, report: &Report<'_>) {
    let run = report.run;
    let Some((zero, _, _)) = run.started() else { return };
    let spans = spans::of(run, report.events);
    if spans.is_empty() {
        return;
    }
    let critical = critical(report);
    let busy = spans.iter().filter(|span| matches!(span.doing, Doing::Work | Doing::Failed));
    let busy = busy.map(|span| (span.from, span.to)).collect();
    let axis = Axis::new(*zero, run.last_at().max(*zero), busy, WIDTH);
    let rows = rows::of(run, spans, &critical);
    let picture = Picture { report, axis, critical, zero: *zero, high: height(&rows) };
    page.section("timeline", "Timeline");
    legend(page, report, &rows);
    picture.draw(page, &rows);
    if rows.left_out > 0 {
        let text =
            format!("{} more are not drawn; the table of steps has them all.", count(rows.left_out, "row"));
        page.paragraph("quiet", &text);
    }
    page.paragraph("quiet", "The tables of phases and of steps below say the same in words.");
    page.end_section();
}

/// Less for each row where there are many.
fn height(rows: &Rows) -> f64 {
    match rows.steps.len() + rows.machines.len() {
        0..=40 => 20.0,
        41..=100 => 15.0,
        _ => 11.0,
    }
}

/// The nodes of the critical path.
fn critical(report: &Report<'_>) -> BTreeSet<NodeId> {
    let names: BTreeSet<&str> =
        report.facts.achieved.critical_path.iter().map(|step| step.step.as_str()).collect();
    let nodes = report.run.runbook().nodes.iter_enumerated();
    nodes.filter(|(_, node)| names.contains(node.name.as_str())).map(|(id, _)| id).collect()
}

fn phase_class(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "p-prepare",
        Phase::Shutdown => "p-shutdown",
        Phase::Bind => "p-bind",
        Phase::Failover => "p-failover",
        Phase::Start => "p-start",
        Phase::CommitWindow => "p-window",
        Phase::Commit => "p-commit",
        Phase::Reprotect => "p-reprotect",
        Phase::Cleanup => "p-cleanup",
        Phase::Rollback => "p-rollback",
    }
}

fn legend(page: &mut Html, report: &Report<'_>, rows: &Rows) {
    let nodes = &report.run.runbook().nodes;
    let spans = || rows.steps.iter().chain(&rows.machines).flat_map(|row| &row.spans);
    let at_work = spans().filter(|span| span.doing == Doing::Work);
    let phases: BTreeSet<Phase> =
        at_work.filter_map(|span| nodes.get(span.node)).map(|node| node.phase).collect();
    page.raw("<ul class=\"legend\">");
    let mut entry = |class: &str, word: &str| {
        page.raw(&format!(
            "<li><svg width=\"22\" height=\"12\" aria-hidden=\"true\"><rect x=\"1\" y=\"1\" width=\"20\" height=\"10\" rx=\"2\" class=\"{class}\"/></svg>{word}</li>"
        ));
    };
    for phase in phases {
        entry(phase_class(phase), phase.word());
    }
    let has = |doing: Doing| spans().any(|span| span.doing == doing);
    if has(Doing::Person) {
        entry("d-person", "waits for a person");
    }
    if has(Doing::Pause) {
        entry("d-pause", "waits for a time or another attempt");
    }
    if has(Doing::Failed) {
        entry("d-failed", "failed attempt");
    }
    if !report.facts.achieved.critical_path.is_empty() {
        entry("crit-key", "critical path");
    }
    page.raw("</ul>\n");
}

struct Picture<'a> {
    report: &'a Report<'a>,
    axis: Axis,
    critical: BTreeSet<NodeId>,
    zero: Timestamp,
    /// Of one row.
    high: f64,
}

impl Picture<'_> {
    fn x(&self, at: Timestamp) -> f64 {
        EDGE + NAMES + self.axis.x(at)
    }

    fn draw(&self, page: &mut Html, rows: &Rows) {
        let gap = if rows.steps.is_empty() || rows.machines.is_empty() { 0.0 } else { self.high * 0.7 };
        #[expect(clippy::cast_precision_loss, reason = "places of a picture")]
        let lines = (rows.steps.len() + rows.machines.len()) as f64;
        let bottom = ABOVE + lines * self.high + gap;
        let (width, height) = (NAMES + WIDTH + 2.0 * EDGE, bottom + BELOW);
        page.raw(&format!(
            "<div class=\"scroll picture\" role=\"region\" tabindex=\"0\" aria-label=\"Timeline\"><svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-labelledby=\"tl-title tl-desc\" class=\"timeline{}\">\n",
            if self.high < 14.0 { " dense" } else { "" }
        ));
        page.raw(&format!(
            "<title id=\"tl-title\">Timeline of the run</title>\n<desc id=\"tl-desc\">{}</desc>\n",
            escaped(&self.described(rows))
        ));
        page.raw(concat!(
            "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">",
            "<rect width=\"5\" height=\"5\" class=\"hatch-ground\"/><rect width=\"2\" height=\"5\" class=\"hatch-line\"/></pattern></defs>\n"
        ));
        self.grid(page, bottom);
        let mut y = ABOVE;
        let mut way: Vec<(Timestamp, f64, f64, f64)> = Vec::new();
        for (index, row) in rows.steps.iter().enumerate() {
            self.row(page, row, y, index % 2 == 1, &mut way);
            y += self.high;
        }
        y += gap;
        let mut band = false;
        let mut before: Option<&Option<String>> = None;
        for row in &rows.machines {
            // Members of a group stand on one ground.
            if before.is_some_and(|group| group.is_none() || *group != row.group) {
                band = !band;
            }
            before = Some(&row.group);
            self.row(page, row, y, band, &mut way);
            y += self.high;
        }
        self.way(page, way);
        self.goals(page, bottom);
        page.raw("</svg></div>\n");
    }

    /// What the picture shows, in a few sentences.
    fn described(&self, rows: &Rows) -> String {
        let facts = self.report.facts;
        let path: Vec<&str> = facts.achieved.critical_path.iter().map(|step| step.step.as_str()).collect();
        let held = if path.is_empty() {
            String::new()
        } else {
            format!(" The critical path: {}.", path.join(", then "))
        };
        let whole = format_duration_short(self.report.run.last_at().since(self.zero));
        format!(
            "{} and {} over {whole}, a row each; bars are work in the colour of the phase, hatched bars are waiting.{held}",
            count(rows.steps.len(), "step of the plan").replace("step of the plans", "steps of the plan"),
            count(rows.machines.len(), "machine"),
        )
    }

    fn grid(&self, page: &mut Html, bottom: f64) {
        for (x, since) in self.axis.marks(self.zero) {
            let x = EDGE + NAMES + x;
            let since_text = if since.is_zero() {
                "start".to_owned()
            } else {
                format!("+{}", format_duration_short(since))
            };
            let clock = self.zero.plus(since).time_of_day();
            let clock = clock.split('.').next().unwrap_or(&clock);
            page.raw(&format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\" class=\"grid\"/><text x=\"{x:.1}\" y=\"{:.1}\" class=\"mark\">{since_text}</text><text x=\"{x:.1}\" y=\"{:.1}\" class=\"mark clock\">{clock}Z</text>\n",
                ABOVE - 6.0,
                ABOVE - 24.0,
                bottom + 16.0
            ));
        }
        for piece in self.axis.pieces.iter().filter(|piece| piece.folded) {
            let (left, right) = (EDGE + NAMES + piece.left, EDGE + NAMES + piece.right);
            let took = format_duration_short(piece.to.since(piece.from));
            page.raw(&format!(
                "<g><title>{took} in which nothing worked, folded</title><rect x=\"{left:.1}\" y=\"{ABOVE:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"fold\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"mark foldmark\">⋯ {took} ⋯</text></g>\n",
                right - left,
                bottom - ABOVE,
                (left + right) / 2.0,
                ABOVE - 36.0
            ));
        }
    }

    fn row(&self, page: &mut Html, row: &Row, y: f64, band: bool, way: &mut Vec<(Timestamp, f64, f64, f64)>) {
        if band {
            page.raw(&format!(
                "<rect x=\"{EDGE}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"band\"/>",
                NAMES + WIDTH,
                self.high
            ));
        }
        let full = match &row.group {
            Some(group) => format!("{} · {group}", row.name),
            None => row.name.clone(),
        };
        let name = escaped(&crate::report::words::clip(&full, NAME_MAX));
        page.raw(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"name\">{name}<title>{}</title></text>",
            EDGE + NAMES - 10.0,
            y + self.high * 0.72,
            escaped(&full)
        ));
        for span in &row.spans {
            self.span(page, span, y, way);
        }
        page.raw("\n");
    }

    fn span(&self, page: &mut Html, span: &Span, y: f64, way: &mut Vec<(Timestamp, f64, f64, f64)>) {
        let Some(node) = self.report.run.runbook().nodes.get(span.node) else { return };
        let inset = if self.high < 14.0 { 1.5 } else { 3.5 };
        let (left, right) = (self.x(span.from), self.x(span.to));
        let class = match span.doing {
            Doing::Work => phase_class(node.phase),
            Doing::Failed => "d-failed",
            Doing::Person => "d-person",
            Doing::Pause => "d-pause",
        };
        let held = self.critical.contains(&span.node) && span.doing != Doing::Pause;
        let doing = match span.doing {
            Doing::Work => node.phase.word(),
            Doing::Failed => "failed",
            Doing::Person => "waits for a person",
            Doing::Pause => "waits",
        };
        let attempt = if span.attempt > 1 { format!(", attempt {}", span.attempt) } else { String::new() };
        let critical = if held { ", on the critical path" } else { "" };
        let said = format!(
            "{}: {doing}{attempt}, {}, from {} to {}{critical}",
            node.name,
            format_duration_short(span.to.since(span.from)),
            self.report.time(span.from),
            self.report.time(span.to)
        );
        page.raw(&format!(
            "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"1.5\" class=\"{class}{}\"><title>{}</title></rect>",
            y + inset,
            (right - left).max(1.6),
            self.high - 2.0 * inset,
            if held { " crit" } else { "" },
            escaped(&said)
        ));
        if held {
            way.push((span.from, left, right.max(left + 1.6), y + self.high / 2.0));
        }
    }

    /// The critical path as a line from the end of each step to the beginning of the next.
    fn way(&self, page: &mut Html, mut way: Vec<(Timestamp, f64, f64, f64)>) {
        way.sort_by(|one, other| one.0.cmp(&other.0).then(one.2.total_cmp(&other.2)));
        let steps = way.iter().zip(way.iter().skip(1));
        let parts: Vec<String> = steps
            .map(|((_, _, right, y), (_, left, _, down))| format!("M{right:.1} {y:.1}V{down:.1}H{left:.1}"))
            .collect();
        if !parts.is_empty() {
            page.raw(&format!("<path d=\"{}\" class=\"way\"/>\n", parts.join("")));
        }
    }

    /// When the objective was reached, and until when it was to be.
    fn goals(&self, page: &mut Html, bottom: f64) {
        let mut goal = |at: Timestamp, class: &str, text: &str| {
            let x = self.x(at);
            let (anchor, side) = if x > NAMES + WIDTH - 90.0 { ("end", -4.0) } else { ("start", 4.0) };
            page.raw(&format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\" class=\"goal {class}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" class=\"goal-text {class}\">{text}</text>\n",
                ABOVE - 14.0,
                x + side,
                ABOVE - 6.0
            ));
        };
        let run = self.report.run;
        if let Some((at, _)) = reached(run) {
            goal(at, "reached", if run.runbook().is_test() { "up" } else { "back" });
        }
        if let Some(rto) = run.runbook().objective.rto {
            let at = self.zero.plus(rto);
            if at <= run.last_at() {
                goal(at, "allowed", "RTO");
            }
        }
    }
}
