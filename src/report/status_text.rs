//! A status in words, for whoever is woken at three in the morning: what is, what waits, what to type.

use std::time::Duration;

use crate::base::Timestamp;
use crate::base::time::{format_duration_short, format_loss};
use crate::base::words::count;
use crate::run::Run;

use super::asks::{self, Ask};
use super::facts::{Facts, MachineFact};
use super::made;
use super::status::{Progress, Status};
use super::verdict;
use super::words::{Look, Page, instant, time_near};

/// Rows of a list before the rest is counted.
const ROWS: usize = 12;

pub(super) fn render(status: &Status, run: &Run, look: Look) -> String {
    let mut page = Page::new(look);
    let now = status.now;
    let facts = &status.facts;
    title(&mut page, facts, run);
    page.state(facts.state, &status.means);
    for warning in &status.warnings {
        page.text(0, warning);
    }
    let phase = status.phase.unwrap_or("none");
    let rows = [
        vec!["phase".to_owned(), format!("{phase}; {}", progress(&status.progress))],
        vec!["RTO".to_owned(), verdict::rto(run, now)],
        vec!["RPO".to_owned(), verdict::rpo(run)],
        vec!["started".to_owned(), started(facts, now)],
        vec!["driven".to_owned(), driver(status)],
        vec!["digest".to_owned(), facts.digest.chars().take(12).collect()],
    ];
    let said: Vec<Vec<String>> =
        rows.into_iter().filter(|row| row.iter().all(|cell| !cell.is_empty())).collect();
    page.table(2, &["", ""], &said);
    for ask in status.waiting.iter().filter(|ask| ask.kind != "points") {
        page.heading(&format!("`{}` waits for a person", ask.step));
        one_ask(&mut page, ask, now);
    }
    points(&mut page, &status.waiting);
    under_way(&mut page, status, now);
    failures(&mut page, facts);
    machines(&mut page, facts, now);
    made::section(&mut page, facts, now, ROWS, false);
    exceptions(&mut page, facts, now);
    if !status.ways_out.is_empty() {
        page.heading("what you can do");
        let rows: Vec<Vec<String>> =
            status.ways_out.iter().map(|way| vec![way.command.clone(), way.does.to_owned()]).collect();
        ways(&mut page, &rows);
    }
    page.finish()
}

/// What run this is.
pub(super) fn title(page: &mut Page, facts: &Facts, run: &Run) {
    let what = run.runbook().what();
    let (plan, from, to) = (&facts.plan, &facts.source, &facts.target);
    page.text(0, &format!("run `{}`: {what} of plan `{plan}` from `{from}` to `{to}`", facts.id));
}

fn started(facts: &Facts, now: Timestamp) -> String {
    let Some(at) = facts.instants.started_at else { return "not yet".to_owned() };
    let by = facts.started_by.as_ref().map_or_else(String::new, |by| {
        let claimed =
            if by.verified { String::new() } else { format!(" (claimed by OS user `{}`)", by.os_user) };
        format!(" by `{}`{claimed}", by.name)
    });
    match facts.instants.ended_at {
        Some(ended) => format!("{}{by}, ended {}", instant(at), time_near(ended, at)),
        None => format!("{}{by}, now {}", instant(at), time_near(now, at)),
    }
}

fn driver(status: &Status) -> String {
    match &status.driver {
        None => String::new(),
        Some(_) if status.facts.instants.ended_at.is_some() => String::new(),
        Some(driver) => match (&driver.process, driver.alive) {
            (Some(process), true) => format!("by {process}"),
            (Some(process), false) => format!("by nobody: the lease of {process} ran out"),
            (None, _) => "by nobody".to_owned(),
        },
    }
}

/// One question with its answers, as commands.
pub(super) fn one_ask(page: &mut Page, ask: &Ask, now: Timestamp) {
    if ask.evidence.is_empty() {
        page.text(2, &ask.what);
    } else {
        page.text(2, "did it happen? What became of it is not known");
        let rows: Vec<Vec<String>> =
            ask.evidence.iter().map(|proof| vec![proof.about.to_owned(), proof.what.clone()]).collect();
        page.table(4, &["", ""], &rows);
    }
    for line in [asks::who_may(ask), asks::until(ask, now)].into_iter().flatten() {
        page.text(2, &line);
    }
    for command in &ask.commands {
        page.line(4, command);
    }
}

/// All questions about points in one table, for one choice often depends on another.
fn points(page: &mut Page, asks: &[Ask]) {
    let asks: Vec<&Ask> = asks.iter().filter(|ask| ask.kind == "points").collect();
    if asks.is_empty() {
        return;
    }
    page.heading("points to choose");
    for ask in &asks {
        page.text(2, &ask.what);
    }
    let alternatives = || asks.iter().flat_map(|ask| &ask.alternatives);
    let rows: Vec<Vec<String>> =
        alternatives().map(|one| vec![one.subject.clone(), one.policy.clone(), one.what.clone()]).collect();
    page.table(2, &["for", "policy", "comes to"], &rows);
    for command in alternatives().map(|one| &one.command).chain(asks.iter().flat_map(|ask| &ask.commands)) {
        page.line(4, command);
    }
}

/// `6 of 25 steps done, 2 under way`.
fn progress(counts: &Progress) -> String {
    let mut text = format!("{} of {} done", counts.done, count(counts.steps, "step"));
    for (number, what) in
        [(counts.begun, "begun"), (counts.failed, "failed"), (counts.blocked, "held up behind")]
    {
        if number > 0 {
            text = format!("{text}, {number} {what}");
        }
    }
    text
}

/// Commands with what they do; where a command leaves no room, its meaning stands below it.
fn ways(page: &mut Page, rows: &[Vec<String>]) {
    for row in rows {
        if let [command, does] = row.as_slice() {
            page.line(2, command);
            page.text(6, does);
        }
    }
}

fn under_way(page: &mut Page, status: &Status, now: Timestamp) {
    let mut rows: Vec<Vec<String>> = status
        .running
        .iter()
        .map(|one| {
            let again = if one.attempt > 1 { format!(", attempt {}", one.attempt) } else { String::new() };
            let unknown = if one.state == "unknown" { ", outcome not known yet" } else { "" };
            let since = time_near(one.since, now);
            vec![
                one.step.clone(),
                format_duration_short(now.since(one.since)),
                format!("since {since}{again}{unknown}"),
            ]
        })
        .collect();
    rows.extend(status.retrying.iter().map(|one| {
        let because =
            format!("again at {} after attempt {}: {}", time_near(one.at, now), one.attempt, one.because);
        vec![one.step.clone(), format!("in {}", format_duration_short(one.at.since(now))), because]
    }));
    if !rows.is_empty() {
        page.heading("under way");
        limited(page, &["", "", ""], &rows);
    }
}

/// A table of at most `ROWS` rows; the rest is counted.
fn limited(page: &mut Page, head: &[&str], rows: &[Vec<String>]) {
    page.table(2, head, rows.get(..ROWS).unwrap_or(rows));
    if let Some(more) = rows.len().checked_sub(ROWS).filter(|more| *more > 0) {
        page.line(2, &format!("and {more} more"));
    }
}

/// Steps that failed or were held up by them.
pub(super) fn failures(page: &mut Page, facts: &Facts) {
    let failed =
        facts.steps.iter().filter(|step| matches!(step.state, "failed" | "timed-out") && !step.tolerated);
    let rows: Vec<Vec<String>> = failed
        .map(|step| {
            let times =
                if step.attempts > 1 { format!(" ({} attempts)", step.attempts) } else { String::new() };
            let kept = step.output.as_ref().map_or_else(String::new, |path| format!("; output in `{path}`"));
            let reason = step.reason.as_deref().unwrap_or_default();
            vec![step.name.clone(), step.state.to_owned(), format!("{reason}{times}{kept}")]
        })
        .collect();
    if !rows.is_empty() {
        page.heading("failed");
        limited(page, &["", "", ""], &rows);
    }
    let blocked: Vec<&str> = facts
        .steps
        .iter()
        .filter(|step| step.reason.as_deref().is_some_and(|reason| reason.starts_with("blocked by")))
        .map(|step| step.name.as_str())
        .collect();
    if !blocked.is_empty() {
        page.text(
            2,
            &format!(
                "{} behind that did not begin: {}",
                count(blocked.len(), "step"),
                crate::base::words::list(&blocked, ROWS)
            ),
        );
    }
}

/// The machines, a row each.
pub(super) fn machines(page: &mut Page, facts: &Facts, now: Timestamp) {
    if facts.machines.is_empty() {
        return;
    }
    page.heading("machines");
    let rows: Vec<Vec<String>> = facts.machines.iter().map(|(name, fact)| machine(name, fact, now)).collect();
    page.table(2, &["machine", "source", "target", "address", "point", "loses", "remarks"], &rows);
}

fn machine(name: &str, fact: &MachineFact, now: Timestamp) -> Vec<String> {
    let loss = fact.loss_s.as_ref().and_then(serde_json::Number::as_f64).map(Duration::from_secs_f64);
    let point = fact.point.as_ref().zip(fact.at);
    let mut notes: Vec<String> = fact.note.iter().cloned().collect();
    if fact.fenced == Some(false) {
        notes.push("not fenced".to_owned());
    }
    vec![
        name.to_owned(),
        fact.source.replace('-', " "),
        fact.target.replace('-', " "),
        fact.address.clone().unwrap_or_default(),
        point.map_or_else(String::new, |(id, at)| format!("{id} {}", time_near(at, now))),
        loss.map_or_else(String::new, format_loss),
        notes.join("; "),
    ]
}

/// The exceptions, a row each.
pub(super) fn exceptions(page: &mut Page, facts: &Facts, now: Timestamp) {
    if facts.exceptions.is_empty() {
        return;
    }
    page.heading("exceptions");
    let rows: Vec<Vec<String>> = facts
        .exceptions
        .iter()
        .map(|one| vec![time_near(one.at, now), one.about.clone(), one.what.clone()])
        .collect();
    page.table(2, &["", "", ""], &rows);
}
