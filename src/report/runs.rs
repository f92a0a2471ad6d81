//! The history: runs as the store lists them, as a table or as `muster.runs/1`.

use serde::Serialize;

use crate::base::Timestamp;
use crate::base::time::format_duration_short;
use crate::model::Mode;
use crate::store::RunInfo;

use super::words::{Look, Page, instant, time_near};

/// The format's name.
pub const FORMAT: &str = "muster.runs/1";

#[derive(Debug, Serialize)]
struct Document<'a> {
    format: &'static str,
    runs: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    id: &'a str,
    plan: &'a str,
    operation: &'static str,
    mode: Option<&'static str>,
    state: &'static str,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// The runs for programs, in the order given; `wall` tells which have lost their driver.
#[must_use]
pub fn json(runs: &[RunInfo], wall: Timestamp) -> String {
    let runs = runs
        .iter()
        .map(|run| Entry {
            id: run.id.as_str(),
            plan: &run.plan,
            operation: run.operation.word(),
            mode: run.mode.map(Mode::word),
            state: run.word(wall),
            started_at: run.started_at,
            ended_at: run.ended_at,
        })
        .collect();
    match serde_json::to_string_pretty(&Document { format: FORMAT, runs }) {
        Ok(text) => format!("{text}\n"),
        Err(error) => crate::bug!("a list of runs does not serialize: {error}"),
    }
}

/// The runs for people, in the order given.
#[must_use]
pub fn text(runs: &[RunInfo], wall: Timestamp, look: Look) -> String {
    let mut page = Page::new(look);
    if runs.is_empty() {
        page.text(0, "there are no runs yet; `muster test PLAN` makes a good first one");
        return page.finish();
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let mode = run.mode.map_or_else(String::new, |mode| format!("{} ", mode.word()));
            let took = match run.ended_at {
                Some(ended) => format!("took {}", format_duration_short(ended.since(run.started_at))),
                None => format!("last event {}", time_near(run.updated_at, run.started_at)),
            };
            vec![
                run.id.to_string(),
                run.plan.clone(),
                format!("{mode}{}", run.operation.word()),
                run.word(wall).to_owned(),
                instant(run.started_at),
                took,
            ]
        })
        .collect();
    page.table(0, &["run", "plan", "operation", "state", "started", ""], &rows);
    page.finish()
}
