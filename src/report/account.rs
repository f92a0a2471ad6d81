//! The report of a run, for people and auditors: what was promised and given, point by point, who
//! said yes, what was skipped, where the time went. Complete from runbook and log alone.

use std::time::Duration;

use serde::Serialize;

use crate::base::Timestamp;
use crate::base::time::{format_duration_short, format_loss};
use crate::base::words::{count, list};
use crate::event::{Event, Evidence};
use crate::run::Run;
use crate::runbook::Phase;

use super::asks;
use super::evidence::{Held, held};
use super::facts::{ApprovalFact, Facts, PointsFact};
use super::gather::gather;
use super::words::{Look, Page, instant, time_near};
use super::{made, status_text, verdict};

/// The format's name.
pub const FORMAT: &str = "muster.report/1";

/// The document.
#[derive(Clone, PartialEq, Debug, Serialize)]
struct Document {
    format: &'static str,
    #[serde(flatten)]
    facts: Facts,
}

/// The document with the run log that it was made from.
#[derive(Clone, PartialEq, Debug, Serialize)]
struct Proved<'a> {
    #[serde(flatten)]
    document: Document,
    evidence: Held<'a>,
}

/// The report for programs: one JSON document.
#[must_use]
pub fn json(run: &Run, events: &[Event]) -> String {
    pretty(&document(run, events))
}

/// The same with the run log and its seal: whoever gets it can verify it.
#[must_use]
pub fn json_with(run: &Run, events: &[Event], evidence: &Evidence) -> String {
    pretty(&Proved { document: document(run, events), evidence: held(evidence) })
}

fn document(run: &Run, events: &[Event]) -> Document {
    Document { format: FORMAT, facts: gather(run, events, run.last_at()) }
}

fn pretty<T: Serialize>(document: &T) -> String {
    match serde_json::to_string_pretty(document) {
        Ok(text) => format!("{text}\n"),
        Err(error) => crate::bug!("a report does not serialize: {error}"),
    }
}

/// The report for people. Of a live run it says what holds as of the last event.
#[must_use]
pub fn text(run: &Run, events: &[Event], look: Look) -> String {
    told(run, events, None, look)
}

/// The same with a line on whether the log is signed.
#[must_use]
pub fn text_with(run: &Run, events: &[Event], evidence: &Evidence, look: Look) -> String {
    told(run, events, Some(evidence), look)
}

fn told(run: &Run, events: &[Event], evidence: Option<&Evidence>, look: Look) -> String {
    let near = run.last_at();
    let facts = gather(run, events, near);
    let mut page = Page::new(look);
    status_text::title(&mut page, &facts, run);
    page.state(facts.state, &verdict::meaning(run, false));
    for warning in verdict::warnings(run, &facts) {
        page.text(0, &warning);
    }
    head(&mut page, run, &facts, near, evidence);
    for ask in if run.ended().is_none() { asks::asks(run) } else { Vec::new() } {
        page.heading(&format!("`{}` waits for a person", ask.step));
        status_text::one_ask(&mut page, &ask, near);
    }
    points(&mut page, run, &facts, near);
    status_text::machines(&mut page, &facts, near);
    sources(&mut page, &facts);
    made::section(&mut page, &facts, near, usize::MAX, true);
    approvals(&mut page, &facts, near);
    status_text::exceptions(&mut page, &facts, near);
    status_text::failures(&mut page, &facts);
    critical_path(&mut page, &facts);
    phases(&mut page, run, &facts, near);
    steps(&mut page, &facts, near);
    notifications(&mut page, &facts, near);
    page.finish()
}

fn head(page: &mut Page, run: &Run, facts: &Facts, near: Timestamp, evidence: Option<&Evidence>) {
    let by = facts.started_by.as_ref().map_or_else(String::new, |by| {
        let claimed =
            if by.verified { String::new() } else { format!(" (claimed by OS user `{}`)", by.os_user) };
        format!(" by `{}`{claimed}", by.name)
    });
    let at = &facts.instants;
    let started = at.started_at.map_or_else(String::new, |at| format!("{}{by}", instant(at)));
    let ended = match (at.started_at, at.ended_at) {
        (Some(from), Some(to)) => format!("{}, after {}", instant(to), format_duration_short(to.since(from))),
        (_, _) => format!("not yet; this is as of {}", instant(near)),
    };
    let mut rows = vec![
        vec!["RTO".to_owned(), verdict::rto(run, near)],
        vec!["RPO".to_owned(), verdict::rpo(run)],
        vec!["started".to_owned(), started],
        vec!["ended".to_owned(), ended],
        vec!["digest".to_owned(), facts.digest.clone()],
    ];
    if let Some(evidence) = evidence {
        let sealed = match (&evidence.seal, run.ended()) {
            (Some(_), _) => "signed; `muster verify` checks it",
            (None, Some(_)) => "NOT SIGNED",
            (None, None) => "not signed yet",
        };
        rows.push(vec![
            "evidence".to_owned(),
            format!("{}, {sealed}", count(evidence.lines.len(), "record")),
        ]);
    }
    if let Some(lost) = at.lost_at {
        rows.push(vec![
            "source lost".to_owned(),
            format!("{}, as said; loss counts from then", instant(lost)),
        ]);
    }
    page.table(2, &["", ""], &rows);
}

fn as_duration(number: &serde_json::Number) -> Duration {
    number.as_f64().map_or(Duration::ZERO, Duration::from_secs_f64)
}

fn points(page: &mut Page, run: &Run, facts: &Facts, near: Timestamp) {
    if facts.points.is_empty() {
        return;
    }
    page.heading("points");
    for (name, fact) in &facts.points {
        let Some(fact) = fact else {
            page.text(2, &format!("`{name}`: none was bound"));
            continue;
        };
        page.text(2, &format!("`{name}`: {}", points_words(run, name, fact)));
        let rows: Vec<Vec<String>> = fact
            .vms
            .iter()
            .map(|(vm, point)| {
                let kind = match point.kind {
                    crate::inventory::PointKind::Crash => "crash-consistent",
                    crate::inventory::PointKind::App => "app-consistent",
                    crate::inventory::PointKind::Final => "final",
                };
                let loses = format!("loses {}", format_loss(as_duration(&point.loss_s)));
                vec![vm.clone(), point.point.clone(), time_near(point.at, near), kind.to_owned(), loses]
            })
            .collect();
        page.table(4, &["", "", "", "", ""], &rows);
    }
}

fn points_words(run: &Run, name: &str, fact: &PointsFact) -> String {
    let runbook = run.runbook();
    let found = runbook.subjects.iter_enumerated().find(|(_, subject)| subject.name == name);
    let rungs = found.and_then(|(id, _)| run.ladder(id)).map_or(1, |ladder| ladder.rungs.len());
    let mut text = format!("{}, loses {}", fact.policy, format_loss(as_duration(&fact.loss_s)));
    if rungs > 1 {
        text = format!("{text}; rung {} of {rungs}", fact.rung + 1);
    }
    if fact.chosen_by_person {
        text.push_str("; chosen by a person");
    }
    match (&fact.set, &fact.spread_s) {
        (Some(set), _) => {
            text.push_str("; common set ");
            text.push_str(set);
        }
        (None, Some(spread)) if fact.independent => {
            text = format!(
                "{text}; INDEPENDENT points, {} apart: no consistency between the machines",
                format_duration_short(as_duration(spread))
            );
        }
        (None, Some(_)) => text.push_str("; one common instant"),
        (None, None) => {}
    }
    text
}

fn sources(page: &mut Page, facts: &Facts) {
    let named = |word: &str| -> Vec<&str> {
        let of = facts.machines.iter().filter(|(_, fact)| fact.source == word);
        of.map(|(name, _)| name.as_str()).collect()
    };
    let at = &facts.source;
    for (word, what) in [
        ("deleted", "deleted at the source"),
        ("left-behind", "left behind at the source"),
        ("kept", "kept at the source"),
        ("started-again", "started again at the source"),
    ] {
        let names = named(word);
        if !names.is_empty() {
            page.text(2, &format!("{what} `{at}`: {}", list(&names, 20)));
        }
    }
}

fn approvals(page: &mut Page, facts: &Facts, near: Timestamp) {
    if facts.approvals.is_empty() {
        return;
    }
    page.heading("approvals");
    for approval in &facts.approvals {
        let waited = match (approval.asked_at, approval.answers.last()) {
            (Some(asked), Some(answer)) => {
                format!(", answered after {}", format_duration_short(answer.at.since(asked)))
            }
            (_, _) => String::new(),
        };
        let quorum = if approval.quorum > 1 {
            format!(", {} have to say yes", approval.quorum)
        } else {
            String::new()
        };
        let words = format!(
            "{} (role `{}`{quorum}): {}{waited}",
            approval.prompt,
            approval.role,
            approval.state.replace('-', " ")
        );
        page.after(&format!("`{}`:", approval.step), 2, &words);
        answers(page, approval, near);
    }
}

fn answers(page: &mut Page, approval: &ApprovalFact, near: Timestamp) {
    for answer in &approval.answers {
        let worth = if answer.by.verified {
            "verified".to_owned()
        } else {
            format!("claimed by OS user `{}`, not verified", answer.by.os_user)
        };
        let beforehand = if answer.beforehand { ", beforehand" } else { "" };
        let comment =
            if answer.comment.is_empty() { String::new() } else { format!(": “{}”", answer.comment) };
        page.text(
            4,
            &format!(
                "{} by `{}` at {}{beforehand} ({worth}){comment}",
                answer.said,
                answer.by.name,
                time_near(answer.at, near)
            ),
        );
    }
}

fn critical_path(page: &mut Page, facts: &Facts) {
    let path = &facts.achieved.critical_path;
    let Some(total) = &facts.achieved.rto_s else { return };
    if path.is_empty() {
        return;
    }
    page.heading("where the time went");
    page.text(
        2,
        &format!(
            "these steps, one after the other, made up the {}:",
            format_duration_short(as_duration(total))
        ),
    );
    let rows: Vec<Vec<String>> = path
        .iter()
        .map(|one| {
            let waited = as_duration(&one.waited_s);
            // Below a second it is only the engine's own turn.
            let before = if waited < Duration::from_secs(1) {
                String::new()
            } else {
                format!("after {} for a slot, a delay or the driver", format_duration_short(waited))
            };
            vec![one.step.clone(), format_duration_short(as_duration(&one.took_s)), before]
        })
        .collect();
    page.table(2, &["", "", ""], &rows);
}

/// From the first beginning to the last end of each phase.
fn phases(page: &mut Page, run: &Run, facts: &Facts, near: Timestamp) {
    let mut phases: Vec<Phase> = run.runbook().nodes.iter().map(|node| node.phase).collect();
    phases.sort_unstable();
    phases.dedup();
    let mut rows = Vec::new();
    for phase in phases {
        let steps = || facts.steps.iter().filter(|step| step.phase == phase.word());
        let from = steps().filter_map(|step| step.started_at).min();
        let to = steps().filter_map(|step| step.ended_at).max();
        let (Some(from), Some(to)) = (from, to) else { continue };
        let began = steps().filter(|step| step.started_at.is_some()).count();
        rows.push(vec![
            phase.word().to_owned(),
            format_duration_short(to.since(from)),
            format!("{} to {}", time_near(from, near), time_near(to, near)),
            count(began, "step"),
        ]);
    }
    if !rows.is_empty() {
        page.heading("phases");
        page.table(2, &["", "", "", ""], &rows);
    }
}

fn steps(page: &mut Page, facts: &Facts, near: Timestamp) {
    if facts.steps.is_empty() {
        return;
    }
    page.heading("steps");
    let rows: Vec<Vec<String>> = facts
        .steps
        .iter()
        .map(|step| {
            let attempts =
                if step.attempts > 1 { format!("{} attempts", step.attempts) } else { String::new() };
            let tolerated = if step.tolerated { "tolerated" } else { "" };
            let parts = [attempts, tolerated.to_owned(), step.reason.clone().unwrap_or_default()];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            vec![
                step.started_at.map_or_else(String::new, |at| time_near(at, near)),
                step.phase.to_owned(),
                step.name.clone(),
                step.state.to_owned(),
                step.took_s
                    .as_ref()
                    .map_or_else(String::new, |took| format_duration_short(as_duration(took))),
                parts.join("; "),
            ]
        })
        .collect();
    page.table(2, &["began", "phase", "step", "state", "took", "remarks"], &rows);
}

fn notifications(page: &mut Page, facts: &Facts, near: Timestamp) {
    if facts.notifications.is_empty() {
        return;
    }
    page.heading("notifications that reached nobody");
    let rows: Vec<Vec<String>> = facts
        .notifications
        .iter()
        .map(|one| {
            vec![time_near(one.at, near), format!("`{}` on {}", one.notify, one.occasion), one.failed.clone()]
        })
        .collect();
    page.table(2, &["", "", ""], &rows);
}
