//! The long tables: machines, phases, steps. They say in words what the timeline shows.

use crate::base::time::{format_duration_short, format_loss};
use crate::base::words::count;
use crate::runbook::Phase;

use super::markup::{Cell, Html};
use super::sections::{Report, seconds};

/// Rows up to which a table is open from the start.
const OPEN_MAX: usize = 60;

/// The class of a word: whether it is good, bad, to be looked at, or neither.
pub(super) fn class_of(word: &str) -> &'static str {
    match word {
        "completed" | "succeeded" | "up" | "approved" | "removed" | "gone" | "shut-down"
        | "started-again" => "good",
        "failed" | "halted" | "interrupted" | "rejected" | "not-shut-down" => "bad",
        "completed-with-exceptions"
        | "rolled-back"
        | "skipped"
        | "unknown"
        | "waiting"
        | "paused"
        | "late"
        | "announced"
        | "left-behind"
        | "not-contacted"
        | "left-out"
        | "undone" => "warn",
        _ => "",
    }
}

/// What became of each machine.
pub(super) fn machines(page: &mut Html, report: &Report<'_>) {
    let machines = &report.facts.machines;
    page.section("machines", "Machines");
    let fenced = |fenced: Option<bool>| match fenced {
        Some(true) => Cell::Word("good", "yes".to_owned()),
        Some(false) => Cell::Word("bad", "NO".to_owned()),
        None => Cell::Text(String::new()),
    };
    let rows: Vec<Vec<Cell>> = machines
        .iter()
        .map(|(name, fact)| {
            let optional = if fact.optional { "optional" } else { "" };
            let notes: Vec<&str> = [optional, fact.note.as_deref().unwrap_or("")]
                .into_iter()
                .filter(|note| !note.is_empty())
                .collect();
            vec![
                Cell::Code(name.clone()),
                Cell::Text(fact.group.clone().unwrap_or_default()),
                Cell::Word(class_of(fact.target), fact.target.replace('-', " ")),
                Cell::Word(class_of(fact.source), fact.source.replace('-', " ")),
                fenced(fact.fenced),
                fenced(fact.guarded),
                Cell::Code(fact.address.clone().unwrap_or_default()),
                Cell::Code(fact.point.clone().unwrap_or_default()),
                Cell::Number(
                    fact.loss_s.as_ref().map_or_else(String::new, |loss| format_loss(seconds(loss))),
                ),
                Cell::Text(notes.join("; ")),
            ]
        })
        .collect();
    let head = [
        "machine",
        "group",
        "target",
        "source",
        "fenced",
        "protected",
        "address",
        "point",
        "lost",
        "remarks",
    ];
    page.folded(&count(rows.len(), "machine"), rows.len(), OPEN_MAX, |page| {
        page.table("What became of each machine", &head, &rows);
    });
    page.end_section();
}

/// What a test made, thing by thing.
pub(super) fn artifacts(page: &mut Html, report: &Report<'_>) {
    let rows: Vec<Vec<Cell>> = report
        .facts
        .artifacts
        .iter()
        .map(|fact| {
            vec![
                Cell::Code(fact.machine.clone()),
                Cell::Text(fact.kind.word().to_owned()),
                Cell::Code(fact.id.clone()),
                Cell::Word(class_of(fact.state), fact.state.replace('-', " ")),
                Cell::Text(fact.known.to_owned()),
                Cell::Text(fact.step.clone()),
                Cell::Time(report.time(fact.since)),
                Cell::Time(fact.seen_at.map_or_else(String::new, |at| report.time(at))),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["machine", "what", "in the estate", "state", "known", "by", "since", "last looked for"];
        page.folded(&count(rows.len(), "thing"), rows.len(), OPEN_MAX, |page| {
            page.table("What the test made", &head, &rows);
        });
    }
}

/// From the first beginning to the last end of each phase.
pub(super) fn phases(page: &mut Html, report: &Report<'_>) {
    let mut phases: Vec<Phase> = report.run.runbook().nodes.iter().map(|node| node.phase).collect();
    phases.sort_unstable();
    phases.dedup();
    let mut rows = Vec::new();
    for phase in phases {
        let steps = || report.facts.steps.iter().filter(|step| step.phase == phase.word());
        let from = steps().filter_map(|step| step.started_at).min();
        let to = steps().filter_map(|step| step.ended_at).max();
        let (Some(from), Some(to)) = (from, to) else { continue };
        let began = steps().filter(|step| step.started_at.is_some()).count();
        let done = steps().filter(|step| step.state == "succeeded").count();
        rows.push(vec![
            Cell::Text(phase.word().to_owned()),
            Cell::Time(report.time(from)),
            Cell::Time(report.time(to)),
            Cell::Number(format_duration_short(to.since(from))),
            Cell::Number(began.to_string()),
            Cell::Number(done.to_string()),
        ]);
    }
    if !rows.is_empty() {
        page.section("phases", "Phases");
        page.table("Phases", &["phase", "from", "to", "took", "steps begun", "succeeded"], &rows);
        page.end_section();
    }
}

/// Every step.
pub(super) fn steps(page: &mut Html, report: &Report<'_>) {
    let steps = &report.facts.steps;
    if steps.is_empty() {
        return;
    }
    page.section("steps", "Steps");
    let rows: Vec<Vec<Cell>> = steps
        .iter()
        .map(|step| {
            let attempts =
                if step.attempts > 1 { format!("{} attempts", step.attempts) } else { String::new() };
            let tolerated = if step.tolerated { "tolerated" } else { "" };
            let parts = [attempts, tolerated.to_owned(), step.reason.clone().unwrap_or_default()];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let at = |at: Option<crate::base::Timestamp>| at.map_or_else(String::new, |at| report.time(at));
            vec![
                Cell::Text(step.phase.to_owned()),
                Cell::Code(step.name.clone()),
                Cell::Word(class_of(step.state), step.state.to_owned()),
                Cell::Time(at(step.started_at)),
                Cell::Time(at(step.ended_at)),
                Cell::Number(
                    step.took_s
                        .as_ref()
                        .map_or_else(String::new, |took| format_duration_short(seconds(took))),
                ),
                Cell::Text(parts.join("; ")),
                Cell::Code(step.written.clone().unwrap_or_default()),
            ]
        })
        .collect();
    let head = ["phase", "step", "state", "began", "ended", "took", "remarks", "in the plan"];
    page.folded(&count(rows.len(), "step"), rows.len(), OPEN_MAX, |page| {
        page.table("Every step", &head, &rows);
    });
    page.end_section();
}
