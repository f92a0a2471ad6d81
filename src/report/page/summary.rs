//! The top of the page: what ran, how it ended, what was promised and given. What a person reads who
//! reads nothing else.

use crate::base::time::{format_duration_short, format_loss};
use crate::base::words::count;
use crate::report::verdict;
use crate::report::words::instant;

use super::markup::{Html, escaped, prose};
use super::sections::{Report, seconds};
use super::tables::class_of;

/// Title, verdict and the facts of the run.
pub(super) fn head(page: &mut Html, report: &Report<'_>) {
    let (facts, runbook) = (report.facts, report.run.runbook());
    let kind = if runbook.is_test() {
        "Drill: copies in isolation, production untouched"
    } else {
        "Real run: machines were moved"
    };
    let kind = if runbook.only_reprotects() { "Real run: replication was turned round" } else { kind };
    page.raw("<header>\n");
    page.raw(&format!(
        "<p class=\"eyebrow\">Recovery report · {kind}</p>\n<h1>{}</h1>\n",
        escaped(&runbook.plan)
    ));
    let what = format!("{} from `{}` to `{}`", runbook.what(), runbook.source.name, runbook.target.name);
    page.paragraph("lead", &what);
    if !runbook.doc.is_empty() {
        page.raw(&format!("<p class=\"quiet\">{}</p>\n", escaped(&runbook.doc)));
    }
    let class = class_of(facts.state);
    page.raw(&format!(
        "<p class=\"verdict {class}\" id=\"verdict\"><strong>{}</strong> <span>{}</span></p>\n",
        escaped(&facts.state.replace('-', " ")),
        prose(&verdict::meaning(report.run, false))
    ));
    let by = facts.started_by.as_ref().map_or_else(String::new, |by| {
        let claimed = if by.verified {
            " (verified)".to_owned()
        } else {
            format!(
                " <span class=\"quiet\">(claimed by OS user {}, not verified)</span>",
                escaped(&by.os_user)
            )
        };
        format!("<code>{}</code>{claimed}", escaped(&by.name))
    });
    let at = &facts.instants;
    let ended = match (at.started_at, at.ended_at) {
        (Some(from), Some(to)) => format!("{}, after {}", instant(to), format_duration_short(to.since(from))),
        (_, _) => format!("not yet; this is as of {}", instant(report.near)),
    };
    let mut rows = vec![
        ("Run", format!("<code>{}</code>", escaped(&facts.id))),
        ("Started", at.started_at.map_or_else(String::new, |at| escaped(&instant(at)))),
        ("Started by", by),
        ("Ended", escaped(&ended)),
    ];
    if let Some(lost) = at.lost_at {
        rows.push(("Source lost", format!("{}, as said; loss counts from then", escaped(&instant(lost)))));
    }
    rows.push((
        "Estate",
        format!(
            "<code>{}</code>, provider {}",
            escaped(&runbook.estate.name),
            escaped(&runbook.estate.provider)
        ),
    ));
    page.raw("<dl class=\"facts\">\n");
    for (word, markup) in rows {
        page.raw(&format!("<div><dt>{word}</dt><dd>{markup}</dd></div>\n"));
    }
    page.raw("</dl>\n");
    let day = crate::report::words::day(report.near);
    page.paragraph("quiet note", &format!("All times are UTC, and of {day} where no day is said."));
    page.raw("</header>\n");
}

/// A promise and what came of it.
struct Card {
    title: &'static str,
    value: String,
    class: &'static str,
    word: &'static str,
    text: String,
    /// Achieved and allowed, in seconds.
    bar: Option<(f64, f64)>,
}

/// Objectives against what was given.
pub(super) fn cards(page: &mut Html, report: &Report<'_>) {
    let (facts, run) = (report.facts, report.run);
    let (achieved, objectives) = (&facts.achieved, &facts.objectives);
    let judged = |met: Option<bool>, promised: bool| match (met, promised) {
        (Some(true), _) => ("good", "met"),
        (Some(false), _) => ("bad", "missed"),
        (None, true) => ("warn", "open"),
        (None, false) => ("", "not promised"),
    };
    let number =
        |number: &Option<serde_json::Number>| number.as_ref().map(|number| seconds(number).as_secs_f64());
    let rto = judged(achieved.rto_met, objectives.rto_s.is_some());
    let rpo = judged(achieved.rpo_met, objectives.rpo_s.is_some());
    let up = facts
        .machines
        .values()
        .filter(|machine| matches!(machine.target, "up" | "removed" | "left-behind"))
        .count();
    let all = facts.machines.len();
    let whole = if up == all { ("good", "all") } else { ("warn", "not all") };
    let machines = if run.runbook().is_test() { "came up in isolation" } else { "came up at the target" };
    let exceptions = facts.exceptions.len();
    let cards = [
        Card {
            title: "Recovery time (RTO)",
            value: achieved
                .rto_s
                .as_ref()
                .map_or_else(|| "–".to_owned(), |took| format_duration_short(seconds(took))),
            class: rto.0,
            word: rto.1,
            text: verdict::rto(run, report.near),
            bar: number(&achieved.rto_s).zip(number(&objectives.rto_s)),
        },
        Card {
            title: "Data loss (RPO)",
            value: achieved.rpo_s.as_ref().map_or_else(|| "–".to_owned(), |loss| format_loss(seconds(loss))),
            class: rpo.0,
            word: rpo.1,
            text: verdict::rpo(run),
            bar: number(&achieved.rpo_s).zip(number(&objectives.rpo_s)),
        },
        Card {
            title: "Machines",
            value: format!("{up} of {all}"),
            class: whole.0,
            word: whole.1,
            text: machines.to_owned(),
            bar: None,
        },
        Card {
            title: "Exceptions",
            value: exceptions.to_string(),
            class: if exceptions == 0 { "good" } else { "warn" },
            word: if exceptions == 0 { "none" } else { "see below" },
            text: format!("{} recorded", count(report.events.len(), "event")),
            bar: None,
        },
    ];
    page.raw("<section id=\"objectives\" aria-label=\"Objectives\" class=\"cards\">\n");
    for card in &cards {
        draw(page, card);
    }
    page.raw("</section>\n");
}

fn draw(page: &mut Html, card: &Card) {
    page.raw(&format!(
        "<div class=\"card\"><h2>{}</h2><p class=\"value\">{} <span class=\"w {}\">{}</span></p>",
        card.title,
        escaped(&card.value),
        card.class,
        card.word
    ));
    if let Some((got, allowed)) = card.bar {
        // The whole is the larger one, so that a miss shows how far past the line it is.
        let whole = got.max(allowed).max(0.001);
        page.raw(&format!(
            "<svg class=\"gauge\" viewBox=\"0 0 200 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect x=\"0\" y=\"4\" width=\"200\" height=\"6\" class=\"rail\"/><rect x=\"0\" y=\"4\" width=\"{:.1}\" height=\"6\" class=\"fill {}\"/><rect x=\"{:.1}\" y=\"0\" width=\"1.6\" height=\"14\" class=\"line\"/></svg>",
            (got / whole * 200.0).max(1.5),
            card.class,
            (allowed / whole * 200.0).min(198.4)
        ));
    }
    page.raw(&format!("<p class=\"quiet\">{}</p></div>\n", prose(&card.text)));
}

/// What must not be overlooked.
pub(super) fn warnings(page: &mut Html, report: &Report<'_>) {
    let found = verdict::warnings(report.run, report.facts);
    let compiled = &report.run.runbook().warnings;
    if found.is_empty() && compiled.is_empty() {
        return;
    }
    page.raw("<section id=\"warnings\" aria-label=\"Warnings\">\n");
    for warning in found {
        page.paragraph("alarm", &warning);
    }
    for warning in compiled {
        page.paragraph("alarm mild", &format!("told before the start: {warning}"));
    }
    page.end_section();
}
