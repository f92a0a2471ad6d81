//! A rehearsal for people: what to expect, what holds it up, what does not survive, and how to see it again.

use std::time::Duration;

use indexmap::IndexMap;

use crate::base::time::{format_duration, format_duration_short};
use crate::base::words::{count, list};
use crate::rehearse::lengths::tally;
use crate::rehearse::singles::{Counts, Single, Singles, Sort};
use crate::rehearse::study::{Path, Spread};
use crate::rehearse::{Ended, Fault, Outcome, Source};
use crate::report::words::{Look, Page, quoted};
use crate::runbook::NodeId;

use super::json::HOLDERS;
use super::{Rehearsal, timeline};

/// Names in one sentence.
const NAMES: usize = 6;
/// Steps of a path that are shown; more are left out in the middle.
const PATH_STEPS: usize = 16;
/// Groups of what does not survive before the rest is counted.
const GROUPS: usize = 24;

/// The rehearsal in text.
#[must_use]
pub fn text(rehearsal: &Rehearsal<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let (runbook, study) = (rehearsal.scene.runbook(), rehearsal.study);
    let title = format!(
        "rehearsal of plan `{}`: {} from `{}` to `{}`, {} from seed {}; nothing was touched",
        runbook.plan,
        runbook.what(),
        runbook.source.name,
        runbook.target.name,
        count(study.runs as usize, "run"),
        study.seed
    );
    page.text(0, &title);
    let mut rows = vec![
        vec!["ended".to_owned(), ended(rehearsal)],
        vec!["RTO".to_owned(), rto(rehearsal)],
        vec!["whole".to_owned(), whole(rehearsal)],
        vec!["faults".to_owned(), faults(rehearsal)],
        vec!["digest".to_owned(), rehearsal.digest.unwrap_or_default().chars().take(12).collect()],
    ];
    rows.retain(|row| row.iter().all(|cell| !cell.is_empty()));
    page.table(2, &["", ""], &rows);
    if let Some(played) = rehearsal.played {
        page.heading("the run");
        for line in timeline::lines(rehearsal.scene, played, look).lines() {
            page.line(0, line);
        }
        if let Some(why) = study.lost.first().and_then(|outcome| outcome.why.as_ref()) {
            page.text(0, &format!("it did not reach its goal by itself: {why}"));
        }
    }
    holders(&mut page, rehearsal);
    if let Some(path) = &study.path {
        critical_path(&mut page, rehearsal, path);
    }
    sources(&mut page, rehearsal);
    if rehearsal.played.is_none() {
        lost_runs(&mut page, rehearsal);
    }
    if let Some(singles) = rehearsal.singles {
        single_faults(&mut page, rehearsal, singles);
    }
    page.finish()
}

fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or(0);
    // What is not all must not read as all, nor what is something as nothing.
    let tenths = if part < whole { tenths.min(999) } else { tenths };
    let tenths = if part > 0 { tenths.max(1) } else { tenths };
    if tenths.is_multiple_of(10) {
        format!("{}%", tenths / 10)
    } else {
        format!("{}.{}%", tenths / 10, tenths % 10)
    }
}

fn ended(rehearsal: &Rehearsal<'_>) -> String {
    let ends = rehearsal.study.ends.iter();
    ends.map(|(ended, count)| format!("{count} {}", ended.word())).collect::<Vec<_>>().join(", ")
}

/// `half of the runs within 15m, 95 of 100 within 17m; from 14m to 18m`
fn spread(spread: Spread, runs: u32) -> String {
    let short = format_duration_short;
    if spread.min == spread.max {
        return if runs == 1 { short(spread.min) } else { format!("{} in every run", short(spread.min)) };
    }
    format!(
        "p50 {}, p95 {}; from {} to {}",
        short(spread.p50),
        short(spread.p95),
        short(spread.min),
        short(spread.max)
    )
}

fn rto(rehearsal: &Rehearsal<'_>) -> String {
    let (runbook, study) = (rehearsal.scene.runbook(), rehearsal.study);
    let until = runbook.objective.until.map_or_else(
        || "the last machine is up".to_owned(),
        |node| format!("`{}` is done", runbook.nodes.at(node).name),
    );
    let Some(times) = study.rto else { return format!("never reached: no run came to where {until}") };
    let reached = if study.reached < study.runs {
        format!(", in the {} of {} runs that came there", study.reached, study.runs)
    } else {
        String::new()
    };
    let met = match (runbook.objective.rto, study.met) {
        (Some(allowed), Some(met)) => {
            let allowed = format_duration(allowed);
            match met {
                met if met == study.runs && study.runs == 1 => format!("; {allowed} allowed: met"),
                met if met == study.runs => format!("; {allowed} allowed: met by every run"),
                0 => format!("; {allowed} allowed: MISSED by every run"),
                met => {
                    let share = percent(met as usize, study.runs as usize);
                    format!("; {allowed} allowed: met by {met} of {} runs ({share})", study.runs)
                }
            }
        }
        _ => "; the plan states no RTO".to_owned(),
    };
    format!("{} until {until}{reached}{met}", spread(times, study.runs))
}

fn whole(rehearsal: &Rehearsal<'_>) -> String {
    rehearsal
        .study
        .whole
        .map_or_else(String::new, |times| format!("{} to the end", spread(times, rehearsal.study.runs)))
}

fn faults(rehearsal: &Rehearsal<'_>) -> String {
    let texts = |faults: &[Fault]| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut parts = Vec::new();
    if !rehearsal.faults.is_empty() {
        parts.push(list(&texts(rehearsal.faults), NAMES));
    }
    if !rehearsal.estate_faults.is_empty() {
        parts.push(format!("{} of the estate", list(&texts(rehearsal.estate_faults), NAMES)));
    }
    if !rehearsal.left_out.is_empty() {
        parts.push(format!("not rehearsed, of the estate: {}", list(rehearsal.left_out, NAMES)));
    }
    parts.join("; ")
}

fn holders(page: &mut Page, rehearsal: &Rehearsal<'_>) {
    let (runbook, study) = (rehearsal.scene.runbook(), rehearsal.study);
    if study.holders.is_empty() || study.runs == 1 {
        return;
    }
    page.heading("what holds the RTO most");
    let seconds = |time: Duration| format_duration_short(Duration::from_secs(time.as_secs()));
    let rows: Vec<Vec<String>> = study
        .holders
        .iter()
        .take(HOLDERS)
        .map(|holder| {
            vec![
                runbook.nodes.at(holder.node).name.clone(),
                percent(holder.runs as usize, study.reached as usize),
                seconds(holder.mean_held()),
                if holder.mean_waited().as_secs() > 0 {
                    seconds(holder.mean_waited())
                } else {
                    String::new()
                },
            ]
        })
        .collect();
    let head = ["step", "on the path in", "holds it for", "of it waiting", "and that is"];
    page.table(2, &head, &rows);
}

fn critical_path(page: &mut Page, rehearsal: &Rehearsal<'_>, path: &Path) {
    let runbook = rehearsal.scene.runbook();
    let of = if rehearsal.study.runs == 1 {
        String::new()
    } else {
        format!(" of the middle run, seed {}", path.seed)
    };
    page.heading(&format!("critical path{of}"));
    let took = |held: &crate::run::Held| held.ended.since(held.free);
    let long: Vec<&crate::run::Held> = path.steps.iter().filter(|held| took(held).as_millis() > 0).collect();
    let words = |held: &&crate::run::Held| {
        format!("{} {}", runbook.nodes.at(held.node).name, format_duration_short(took(held)))
    };
    let mut parts: Vec<String> = long.iter().map(words).collect();
    if parts.len() > PATH_STEPS {
        let left_out = parts.len() - PATH_STEPS;
        let at = PATH_STEPS / 2;
        parts.splice(at..at + left_out, [format!("… {} …", count(left_out, "step"))]);
    }
    page.text(2, &parts.join(", then "));
}

fn sources(page: &mut Page, rehearsal: &Rehearsal<'_>) {
    let (runbook, lengths) = (rehearsal.scene.runbook(), rehearsal.scene.lengths());
    let runs = count(rehearsal.past_runs, "earlier run");
    let mut rows = Vec::new();
    for (source, nodes) in tally(runbook, lengths) {
        let (whence, named) = match source {
            Source::SaidStep => ("stated by step".to_owned(), false),
            Source::SaidKind => ("stated by kind".to_owned(), false),
            Source::SaidAnswer => ("stated: people answer".to_owned(), true),
            Source::PastStep => (format!("the same step, {runs}"), false),
            Source::PastKind => (format!("others of the kind, {runs}"), true),
            Source::Estate => (format!("stated by the estate `{}`", runbook.estate.name), false),
            Source::Guess => ("a guess: people think for 5m".to_owned(), true),
            Source::Bound => ("nobody knows: the upper bound".to_owned(), true),
            Source::Nothing => continue,
        };
        let names: Vec<&str> = nodes.iter().map(|node| runbook.nodes.at(*node).name.as_str()).collect();
        let names = if named { format!(": {}", list(&names, NAMES)) } else { String::new() };
        rows.push(vec![whence, format!("{}{names}", count(nodes.len(), "step"))]);
    }
    page.heading("where the times come from");
    page.table(2, &["", ""], &rows);
}

/// Runs that did not survive, those that hang on the same step together.
fn lost_runs(page: &mut Page, rehearsal: &Rehearsal<'_>) {
    let study = rehearsal.study;
    if study.lost.is_empty() {
        return;
    }
    let mut groups: IndexMap<(Ended, Option<NodeId>), Vec<&Outcome>> = IndexMap::new();
    for outcome in &study.lost {
        groups.entry((outcome.ended, outcome.step)).or_default().push(outcome);
    }
    page.heading(&format!("{} did not survive", count(study.lost.len(), "run")));
    for ((ended, _), outcomes) in groups.iter().take(GROUPS) {
        let Some(first) = outcomes.first() else { continue };
        let why = first.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        page.text(2, &format!("{} {}{why}", outcomes.len(), ended.word()));
        page.line(6, &rehearsal.replay(first.seed, None));
    }
    rest(page, groups.len());
}

fn rest(page: &mut Page, groups: usize) {
    if groups > GROUPS {
        page.text(2, &format!("and {} more; `--format json` has all", groups - GROUPS));
    }
}

fn single_faults(page: &mut Page, rehearsal: &Rehearsal<'_>, singles: &Singles) {
    let of = &singles.counts;
    let tried = if of.tried < singles.possible {
        format!("{} of {} tried, evenly over all", of.tried, singles.possible)
    } else {
        format!("{} tried", of.tried)
    };
    let share = percent(of.survived, of.tried);
    page.heading(&format!("single faults: {tried}, {} survived ({share})", of.survived));
    let mut kinds: IndexMap<&'static str, Counts> = IndexMap::new();
    for (sort, of) in &singles.by_sort {
        kinds.entry(sort.kind).or_default().join(of);
    }
    let row = |(kind, of): (&&str, &Counts)| {
        let cell = |number: usize| if number == 0 { String::new() } else { number.to_string() };
        let mut row = vec![(*kind).to_owned(), of.tried.to_string()];
        row.extend([of.survived, of.needs_person, of.rolled_back, of.failed].map(cell));
        row
    };
    let rows: Vec<Vec<String>> = kinds.iter().map(row).collect();
    let head = ["on", "tried", "survived", "stopped for a person", "rolled back", "failed"];
    page.table(2, &head, &rows);
    if let Some((slowest, took)) =
        singles.slowest.as_ref().and_then(|single| Some((single, single.outcome.reached?)))
    {
        let missed = match singles.missed {
            Some(missed) if missed > 0 => format!("; {} and still missed the RTO", survive(missed)),
            Some(_) | None => String::new(),
        };
        let took = format_duration_short(took);
        page.text(2, &format!("the slowest that survived took {took}: `{}`{missed}", slowest.fault));
    }
    if !singles.lost.is_empty() {
        lost_singles(page, rehearsal, singles);
    }
}

fn survive(number: usize) -> String {
    if number == 1 { "1 survived".to_owned() } else { format!("{number} survived") }
}

/// Single faults that did not survive, those of one sort with one end together.
fn lost_singles(page: &mut Page, rehearsal: &Rehearsal<'_>, singles: &Singles) {
    page.heading("what does not survive; to see one, add its fault to");
    page.line(2, &rehearsal.replay(singles.seed, None));
    let mut groups: IndexMap<(Sort, Ended), Vec<&Single>> = IndexMap::new();
    for single in &singles.lost {
        groups.entry((single.sort, single.outcome.ended)).or_default().push(single);
    }
    for ((sort, ended), found) in groups.iter().take(GROUPS) {
        let Some(first) = found.first() else { continue };
        let names: Vec<String> = found.iter().map(|single| about(&single.fault)).collect();
        let (sort, names) = (format!("{} {}", sort.kind, sort.what), list(&names, NAMES));
        page.text(2, &format!("{sort}: {} {} ({names})", found.len(), ended.word()));
        page.line(6, &format!("--fault {}", quoted(&first.fault.to_string())));
    }
    rest(page, groups.len());
}

/// What a fault is about, in a word.
fn about(fault: &Fault) -> String {
    match fault {
        Fault::Verb(fault) => fault.machine.clone().unwrap_or_else(|| "*".to_owned()),
        Fault::Step(fault) => fault.name.clone(),
        Fault::Cut { site, .. } => site.clone(),
        Fault::Dies(write) => format!("write {write}"),
    }
}
