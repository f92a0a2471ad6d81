//! Choices in words, for whoever reads them at three in the morning: what, how much is lost, why not newer.

use super::choice::{
    Alternative, Choice, NoAlign, NoChoice, Outcome, Pick, Reason, Refused, RungFailed, RungFault,
};
use super::forecast::{Forecast, PointlessWhy};
use crate::base::Timestamp;
use crate::base::time::{format_duration, format_duration_short, format_loss};
use crate::base::words::{count, list};
use crate::inventory::PointKind;
use crate::model::{LadderEnd, Policy};

/// Machines shown in one line; the rest is counted.
const SHOWN: usize = 8;

/// A forecast, a paragraph for each group and machine.
#[must_use]
pub fn render(forecast: &Forecast) -> String {
    let mut lines = Vec::new();
    for outcome in &forecast.outcomes {
        match outcome {
            Outcome::Chosen(choice) => chosen(choice, &mut lines),
            Outcome::NotChosen(no_choice) => not_chosen(no_choice, &mut lines),
        }
    }
    for machine in &forecast.pointless {
        let why = match machine.why {
            PointlessWhy::NotInInventory => "it is not in the inventory",
            PointlessWhy::NoPoints => "it has no recovery points",
            PointlessWhy::NoneUsable => "none of its recovery points is usable",
        };
        lines.push(format!("{} cannot be recovered: {why}", machine.name));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One choice with its certificate.
#[must_use]
pub fn render_choice(choice: &Choice) -> String {
    let mut lines = Vec::new();
    chosen(choice, &mut lines);
    lines.join("\n")
}

/// Why there is no choice, and what there is to choose from.
#[must_use]
pub fn render_no_choice(no_choice: &NoChoice) -> String {
    let mut lines = Vec::new();
    not_chosen(no_choice, &mut lines);
    lines.join("\n")
}

fn chosen(choice: &Choice, lines: &mut Vec<String>) {
    let what = match (&choice.set, choice.picks.as_slice()) {
        (Some(set), _) => format!("set {set}"),
        (None, [one]) => format!("point {}", one.point),
        (None, [one, ..]) if choice.matched == super::Matched::Instant => format!("instant {}", one.at),
        (None, picks) => format!("independent points of {}", count(picks.len(), "machine")),
    };
    let (loss, policy) = (format_loss(choice.loss()), &choice.policy);
    lines.push(format!("{}: {what} by {policy}, loses {loss}", choice.subject));
    let wide = choice.picks.iter().map(|pick| pick.name.chars().count()).max().unwrap_or(0);
    lines.extend(choice.picks.iter().map(|pick| pick_line(pick, wide)));
    for failed in &choice.failed {
        rung_lines(failed, choice.reference, lines);
    }
    if !choice.refused.is_empty() {
        lines.push("  newer, and why not:".to_owned());
        let refused = choice.refused.iter();
        lines.extend(
            refused.map(|one| format!("    {}", refused_line(one, Some(&choice.policy), choice.reference))),
        );
        if choice.refused_more > 0 {
            lines.push(format!("    and {} more", choice.refused_more));
        }
    }
    if let Some(limiting) = &choice.limiting {
        lines.push(format!("  held back by {limiting}"));
    }
    if choice.without_set > 0 {
        let what = if choice.without_set == 1 { "point belongs" } else { "points belong" };
        lines.push(format!("  {} newer {what} to no set", choice.without_set));
    }
    if let Some(aligned) = &choice.aligned {
        let others: Vec<&String> = aligned.groups.iter().filter(|name| **name != choice.subject).collect();
        let (apart, within) =
            (format_duration(aligned.newest.apart(aligned.oldest)), format_duration(aligned.within));
        lines.push(format!(
            "  aligned with {}: {apart} apart, {within} allowed; {}",
            list(&others, SHOWN),
            aligned.note
        ));
    }
}

fn pick_line(pick: &Pick, wide: usize) -> String {
    let kind = kind_words(pick.kind);
    let pending = if pick.processed { "" } else { ", to be processed first" };
    let pad = " ".repeat(wide.saturating_sub(pick.name.chars().count()));
    let loss = format_loss(pick.loss);
    format!("  {}{pad}  {}  {}  {kind}{pending}, loses {loss}", pick.name, pick.point, pick.at)
}

/// What a kind promises.
pub(super) const fn kind_words(kind: PointKind) -> &'static str {
    match kind {
        PointKind::Crash => "crash-consistent",
        PointKind::App => "app-consistent",
        PointKind::Final => "final",
    }
}

fn rung_lines(failed: &RungFailed, reference: Timestamp, lines: &mut Vec<String>) {
    let why = match &failed.fault {
        RungFault::IdOnGroup => "names one point, and a group has several".to_owned(),
        RungFault::Unaligned(others) => format!("holds, but not near {}", list(others, SHOWN)),
        RungFault::NothingFits => match (failed.closest.as_slice(), failed.blamed.as_slice()) {
            ([], []) => "nothing fits".to_owned(),
            ([], blamed) => format!("nothing fits, because of {}", list(blamed, SHOWN)),
            (closest, _) => {
                let closest: Vec<String> =
                    closest.iter().map(|one| refused_line(one, Some(&failed.policy), reference)).collect();
                format!("nothing fits; closest is {}", closest.join("; "))
            }
        },
    };
    lines.push(format!("  {}: {why}", failed.policy));
}

fn not_chosen(no_choice: &NoChoice, lines: &mut Vec<String>) {
    let end = match no_choice.end {
        LadderEnd::Ask => "a person has to choose",
        LadderEnd::Fail => "the run is refused",
    };
    lines.push(format!("{}: no recovery point, {end}", no_choice.subject));
    for failed in &no_choice.failed {
        rung_lines(failed, no_choice.reference, lines);
    }
    if let Some(align) = &no_choice.align {
        lines.push(format!("  {}", align_line(align)));
    }
    if !no_choice.alternatives.is_empty() {
        lines.push("  to choose from:".to_owned());
        lines.extend(no_choice.alternatives.iter().map(|one| format!("    {}", alternative_line(one))));
    }
}

fn align_line(align: &NoAlign) -> String {
    match align.removal.as_slice() {
        [] => align.why.clone(),
        names => format!("{}; they would without {}", align.why, list(names, SHOWN)),
    }
}

/// One alternative: what it is, what it loses.
#[must_use]
pub fn alternative_line(alternative: &Alternative) -> String {
    let policy = &alternative.policy;
    let loss = alternative.picks.iter().map(|pick| pick.loss).max();
    match (loss, &alternative.set, alternative.picks.as_slice()) {
        (None, _, _) => format!("{policy}: nothing, because of {}", list(&alternative.blamed, SHOWN)),
        (Some(loss), Some(set), _) => format!("{policy}: set {set}, loses {}", format_loss(loss)),
        (Some(loss), None, [one]) => {
            format!("{policy}: point {}, loses {}", one.point, format_loss(loss))
        }
        (Some(loss), None, _) if policy.kind.is_common() => {
            format!("{policy}: one instant, loses {}", format_loss(loss))
        }
        (Some(loss), None, _) => {
            format!("{policy}: each machine its own point, loses up to {}", format_loss(loss))
        }
    }
}

/// `s9 of 2026-11-23T05:59:00Z: missing on …`. The policy adds its `max_age` to what is too old.
#[must_use]
pub fn refused_line(refused: &Refused, policy: Option<&Policy>, reference: Timestamp) -> String {
    let mut faults: Vec<(Reason, Vec<&str>)> = Vec::new();
    for because in &refused.because {
        for reason in &because.reasons {
            match faults.iter_mut().find(|(known, _)| known == reason) {
                Some((_, names)) => names.push(&because.vm),
                None => faults.push((*reason, vec![&because.vm])),
            }
        }
    }
    faults.sort_by_key(|(reason, _)| *reason);
    let faults: Vec<String> = faults
        .iter()
        .map(|(reason, names)| format!("{} {}", reason_words(*reason), list(names, SHOWN)))
        .collect();
    let age = format_duration_short(reference.since(refused.at));
    let limit = policy
        .and_then(|policy| policy.max_age)
        .filter(|_| refused.because.iter().any(|because| because.reasons.contains(&Reason::TooOld)))
        .map_or_else(String::new, |most| format!(", `max_age` is {}", format_duration(most)));
    let name = refused.set.as_ref().or(refused.point.as_ref());
    let name = name.map_or_else(String::new, |name| format!("`{name}` of "));
    format!("{name}{} ({age} old{limit}): {}", refused.at, faults.join(", "))
}

const fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Missing => "missing on",
        Reason::NotUsable => "not usable on",
        Reason::NotProcessed => "not processed on",
        Reason::NotAppConsistent => "not app-consistent on",
        Reason::TooOld => "too old on",
        Reason::AfterAsOf => "after `as_of` on",
        Reason::WithoutTag => "without the tag on",
        Reason::OtherId => "another point was named on",
        Reason::Older => "older than the choice on",
        Reason::Tie => "equally good, and second in order, on",
        Reason::Unaligned => "not near a common point of",
    }
}
