//! The sections of the page that tell of choices, people and what was not as planned. Facts in, markup
//! out.

use std::time::Duration;

use crate::base::Timestamp;
use crate::base::time::{format_duration, format_duration_short, format_loss};
use crate::base::words::count;
use crate::event::Event;
use crate::inventory::PointKind;
use crate::point::Choice;
use crate::point::text::render_choice;
use crate::report::facts::{Answer, ApprovalFact, Facts, PointsFact};
use crate::report::words::time_near;
use crate::run::Run;

use super::markup::{Cell, Html, escaped, prose};

/// What every section reads from.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) run: &'a Run,
    pub(super) events: &'a [Event],
    pub(super) facts: &'a Facts,
    /// The last event: days are told where they are not its.
    pub(super) near: Timestamp,
}

impl Report<'_> {
    /// An instant for people.
    pub(super) fn time(&self, at: Timestamp) -> String {
        time_near(at.whole_second(), self.near)
    }
}

/// A JSON number of seconds as a duration.
pub(super) fn seconds(number: &serde_json::Number) -> Duration {
    Duration::try_from_secs_f64(number.as_f64().unwrap_or(0.0)).unwrap_or(Duration::ZERO)
}

/// The steps that made up the time, each with a bar as long as its part.
pub(super) fn critical_path(page: &mut Html, report: &Report<'_>) {
    let achieved = &report.facts.achieved;
    let (Some(total), false) = (&achieved.rto_s, achieved.critical_path.is_empty()) else { return };
    let whole = seconds(total).as_secs_f64().max(0.001);
    page.section("path", "Where the time went");
    let took = format_duration_short(seconds(total));
    page.paragraph(
        "",
        &format!("One after the other, these steps made up the {took}. To be faster, shorten these."),
    );
    let bar = |from: f64, part: f64, class: &str| {
        format!(
            "<rect x=\"{:.1}\" y=\"2\" width=\"{:.1}\" height=\"8\" class=\"{class}\"/>",
            from * 240.0,
            (part * 240.0).max(0.8)
        )
    };
    let mut at = 0.0;
    let mut rows = Vec::new();
    for step in &achieved.critical_path {
        let (took, waited) = (seconds(&step.took_s), seconds(&step.waited_s));
        let (work, wait) = (took.as_secs_f64() / whole, waited.as_secs_f64() / whole);
        let mut bars = String::from(
            "<svg class=\"bar\" viewBox=\"0 0 240 12\" aria-hidden=\"true\"><rect x=\"0\" y=\"2\" width=\"240\" height=\"8\" class=\"rail\"/>",
        );
        if waited >= Duration::from_secs(1) {
            bars.push_str(&bar(at, wait, "d-pause"));
        }
        bars.push_str(&bar(at + wait, work, "crit-fill"));
        bars.push_str("</svg>");
        at += work + wait;
        // Below a second it is only the engine's own turn.
        let before = if waited < Duration::from_secs(1) {
            String::new()
        } else {
            format!("after {} for a slot, a delay or the driver", format_duration_short(waited))
        };
        rows.push(vec![
            Cell::Code(step.step.clone()),
            Cell::Made(bars),
            Cell::Number(format_duration_short(took)),
            Cell::Number(format!("{:.0} %", work * 100.0)),
            Cell::Text(before),
        ]);
    }
    page.table("Critical path", &["step", "when", "took", "part", "waited"], &rows);
    page.end_section();
}

/// Everything besides success: exceptions, and steps that were skipped or failed.
pub(super) fn exceptions(page: &mut Html, report: &Report<'_>) {
    let facts = report.facts;
    page.section("exceptions", "Exceptions");
    if facts.exceptions.is_empty() {
        page.paragraph("", "None were recorded.");
    } else {
        let rows: Vec<Vec<Cell>> = facts
            .exceptions
            .iter()
            .map(|one| {
                vec![
                    Cell::Time(report.time(one.at)),
                    Cell::Code(one.about.clone()),
                    Cell::Text(one.what.clone()),
                ]
            })
            .collect();
        page.table("What did not go as planned", &["at", "about", "what"], &rows);
    }
    let other =
        facts.steps.iter().filter(|step| matches!(step.state, "skipped" | "failed" | "unknown" | "waiting"));
    let rows: Vec<Vec<Cell>> = other
        .map(|step| {
            vec![
                Cell::Time(step.started_at.map_or_else(String::new, |at| report.time(at))),
                Cell::Code(step.name.clone()),
                Cell::Word(super::tables::class_of(step.state), step.state.to_owned()),
                Cell::Text(step.reason.clone().unwrap_or_default()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let text = format!("{} not done", count(rows.len(), "step"));
        page.folded(&text, rows.len(), 40, |page| {
            page.table("Steps that did not succeed", &["began", "step", "state", "why"], &rows);
        });
    }
    page.end_section();
}

/// The chosen points, each choice with its certificate.
pub(super) fn points(page: &mut Html, report: &Report<'_>) {
    if report.facts.points.is_empty() {
        return;
    }
    page.section("points", "Recovery points");
    let few = report.facts.points.len() <= 12;
    for (name, fact) in &report.facts.points {
        let Some(fact) = fact else {
            page.raw(&format!("<h3><code>{}</code></h3>\n", escaped(name)));
            page.paragraph("", "No point was bound.");
            continue;
        };
        page.raw(&format!(
            "<h3><code>{}</code> <span class=\"quiet\">{}</span></h3>\n",
            escaped(name),
            prose(&chosen(report, name, fact))
        ));
        let rows: Vec<Vec<Cell>> = fact
            .vms
            .iter()
            .map(|(vm, point)| {
                let kind = match point.kind {
                    PointKind::Crash => "crash-consistent",
                    PointKind::App => "app-consistent",
                    PointKind::Final => "final",
                };
                vec![
                    Cell::Code(vm.clone()),
                    Cell::Code(point.point.clone()),
                    Cell::Time(report.time(point.at)),
                    Cell::Text(kind.to_owned()),
                    Cell::Number(format_loss(seconds(&point.loss_s))),
                ]
            })
            .collect();
        page.table(&format!("Points of {name}"), &["machine", "point", "taken", "kind", "lost"], &rows);
        certificate(page, fact, few);
    }
    page.end_section();
}

fn chosen(report: &Report<'_>, name: &str, fact: &PointsFact) -> String {
    let runbook = report.run.runbook();
    let found = runbook.subjects.iter_enumerated().find(|(_, subject)| subject.name == name);
    let rungs = found.and_then(|(id, _)| report.run.ladder(id)).map_or(1, |ladder| ladder.rungs.len());
    let mut text = format!("{}, loses {}", fact.policy, format_loss(seconds(&fact.loss_s)));
    if rungs > 1 {
        text = format!("{text}; rung {} of {rungs}", fact.rung + 1);
    }
    if fact.chosen_by_person {
        text.push_str("; chosen by a person");
    }
    match (&fact.set, &fact.spread_s) {
        (Some(set), _) => text = format!("{text}; common set {set}"),
        (None, Some(spread)) if fact.independent => {
            let apart = format_duration_short(seconds(spread));
            text = format!("{text}; INDEPENDENT points, {apart} apart: no consistency between the machines");
        }
        (None, Some(_)) => text.push_str("; one common instant"),
        (None, None) => {}
    }
    text
}

/// Why this point and no newer one, in words where the certificate is one of ours.
fn certificate(page: &mut Html, fact: &PointsFact, open: bool) {
    let words =
        serde_json::from_value::<Choice>(fact.certificate.clone()).ok().map(|choice| render_choice(&choice));
    let text = words.unwrap_or_else(|| format!("{:#}", fact.certificate));
    let lines: Vec<String> = text.lines().map(escaped).collect();
    let open_max = if open { 12 } else { 0 };
    page.folded("certificate: why this point, and no newer one", lines.len(), open_max, |page| {
        page.raw(&format!("<pre>{}</pre>\n", lines.join("\n")));
    });
}

/// What a test left behind, or that it left nothing; sources that were kept.
pub(super) fn leftovers(page: &mut Html, report: &Report<'_>) {
    let run = report.run;
    let kept: Vec<Vec<Cell>> = report
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            crate::event::EventKind::RunEnded { kept, .. } => Some(kept),
            _ => None,
        })
        .flatten()
        .map(|(vm, why)| {
            let machine = run.runbook().machines.get(*vm);
            let (name, id) = machine.map_or((String::new(), String::new()), |machine| {
                (machine.name.clone(), machine.estate_name.clone())
            });
            vec![Cell::Code(name), Cell::Code(id), Cell::Text(why.clone())]
        })
        .collect();
    if !run.runbook().is_test() && kept.is_empty() {
        return;
    }
    page.section("leftovers", "Left behind");
    if kept.is_empty() {
        let text = if run.ended().is_some() {
            "Nothing: every copy that the test made was removed again."
        } else {
            "The test goes on; its copies stay up until it is cleaned up."
        };
        page.paragraph("", text);
    } else {
        page.paragraph("", "These stand as the run left them, and somebody has to look after them.");
        page.table("Left as they were", &["machine", "in the estate", "why"], &kept);
    }
    super::tables::artifacts(page, report);
    page.end_section();
}

/// Who said yes or no to what.
pub(super) fn approvals(page: &mut Html, report: &Report<'_>) {
    let all = &report.facts.approvals;
    if all.is_empty() {
        return;
    }
    page.section("approvals", "Approvals");
    let mut rows = Vec::new();
    for approval in all {
        let asked = vec![
            Cell::Code(approval.step.clone()),
            Cell::Text(approval.prompt.clone()),
            Cell::Made(role(approval)),
            Cell::Word(super::tables::class_of(approval.state), approval.state.replace('-', " ")),
        ];
        if approval.answers.is_empty() {
            rows.push(asked);
            continue;
        }
        let mut asked = Some(asked);
        for answer in &approval.answers {
            let blank = || (0..4).map(|_| Cell::Text(String::new())).collect();
            let mut row: Vec<Cell> = asked.take().unwrap_or_else(blank);
            row.extend(answered(report, approval, answer));
            rows.push(row);
        }
    }
    let head = ["step", "question", "role", "state", "answer", "by", "at", "after", "comment"];
    page.table("Who was asked, and what they said", &head, &rows);
    page.end_section();
}

fn role(approval: &ApprovalFact) -> String {
    let quorum =
        if approval.quorum > 1 { format!(", {} have to say yes", approval.quorum) } else { String::new() };
    format!("<code>{}</code>{quorum}", escaped(&approval.role))
}

fn answered(report: &Report<'_>, approval: &ApprovalFact, answer: &Answer) -> Vec<Cell> {
    let worth = if answer.by.verified {
        "verified".to_owned()
    } else {
        format!("claimed by OS user {}, not verified", escaped(&answer.by.os_user))
    };
    let beforehand = if answer.beforehand { ", beforehand" } else { "" };
    let after = approval.asked_at.map_or_else(String::new, |asked| format_duration(answer.at.since(asked)));
    vec![
        Cell::Word(if answer.said == "yes" { "good" } else { "bad" }, answer.said.to_owned()),
        Cell::Made(format!(
            "<code>{}</code> <span class=\"quiet\">({worth})</span>",
            escaped(&answer.by.name)
        )),
        Cell::Text(format!("{}{beforehand}", report.time(answer.at))),
        Cell::Number(after),
        Cell::Made(escaped(&answer.comment)),
    ]
}

/// Whom nobody could reach.
pub(super) fn notifications(page: &mut Html, report: &Report<'_>) {
    let rows: Vec<Vec<Cell>> = report
        .facts
        .notifications
        .iter()
        .map(|one| {
            vec![
                Cell::Time(report.time(one.at)),
                Cell::Code(one.notify.clone()),
                Cell::Text(one.occasion.clone()),
                Cell::Text(one.failed.clone()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        page.section("notifications", "Notifications that reached nobody");
        page.table("Notifications that failed", &["at", "to", "on", "why"], &rows);
        page.end_section();
    }
}
