//! What a test made, thing by thing: what is there by its name in the estate, what was left, what was seen
//! to be gone.

use crate::base::Timestamp;
use crate::base::words::count;
use crate::run::{Known, Made, Run, Standing};

use super::facts::{ArtifactFact, Facts};
use super::words::{Page, time_near};

/// What the test made, what is not gone first.
pub(super) fn facts(run: &Run) -> Vec<ArtifactFact> {
    let (open, gone): (Vec<_>, Vec<_>) = run.artifacts().partition(|(_, made)| made.is_open());
    open.into_iter().chain(gone).map(|(vm, made)| fact(run, vm, made)).collect()
}

fn fact(run: &Run, vm: crate::model::VmId, made: &Made) -> ArtifactFact {
    let runbook = run.runbook();
    let (state, seen_at) = match made.stands {
        Standing::MayBe => ("announced", None),
        Standing::There => ("made", None),
        Standing::Left { at } => ("left-behind", Some(at)),
        Standing::Gone { at } => ("gone", Some(at)),
    };
    ArtifactFact {
        machine: runbook.machines.get(vm).map_or_else(String::new, |machine| machine.name.clone()),
        kind: made.artifact.kind,
        id: made.artifact.id.clone(),
        state,
        known: match made.known {
            Known::Announced => "announced",
            Known::Told => "told",
            Known::Found => "found",
        },
        step: runbook.nodes.get(made.node).map_or_else(String::new, |node| node.name.clone()),
        since: made.since,
        seen_at,
    }
}

/// What the state of a thing means.
pub(super) fn meaning(fact: &ArtifactFact, near: Timestamp) -> String {
    let at = fact.seen_at.map_or_else(String::new, |at| time_near(at, near));
    let found = if fact.known == "found" { ", which nobody had announced" } else { "" };
    match fact.state {
        "announced" => "announced, may be there".to_owned(),
        "made" => "there".to_owned(),
        "left-behind" => format!("STILL THERE, seen {at}{found}"),
        _ => format!("gone, seen {at}{found}"),
    }
}

/// A table of at most `most` things; what is gone only counts in it where `gone` is not asked for.
pub(super) fn section(page: &mut Page, facts: &Facts, near: Timestamp, most: usize, gone: bool) {
    let all = &facts.artifacts;
    let open = all.iter().filter(|fact| fact.state != "gone").count();
    if all.is_empty() || (open == 0 && !gone) {
        return;
    }
    page.heading("what the test made");
    let seen_gone = all.len() - open;
    page.text(
        2,
        &format!("{} named before it was made, {seen_gone} seen to be gone", count(all.len(), "thing")),
    );
    let rows: Vec<Vec<String>> = all
        .iter()
        .filter(|fact| gone || fact.state != "gone")
        .map(|fact| {
            let (machine, kind) = (fact.machine.clone(), fact.kind.word().to_owned());
            vec![machine, kind, fact.id.clone(), meaning(fact, near)]
        })
        .collect();
    page.table(2, &["", "", "", ""], rows.get(..most).unwrap_or(&rows));
    if let Some(more) = rows.len().checked_sub(most).filter(|more| *more > 0) {
        page.line(2, &format!("and {more} more; `muster report` has all of them"));
    }
}
