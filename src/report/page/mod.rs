//! The report as one page that stands by itself: no script, nothing fetched, the run log inside. A run,
//! its events and its evidence in, HTML out; the same in gives the same bytes.

mod markup;
mod picture;
mod proof;
mod questions;
mod rows;
mod sections;
mod spans;
mod summary;
mod tables;

use crate::event::{Event, Evidence};
use crate::run::Run;

use super::gather::gather;
use markup::{Html, escaped, unescaped};

/// Nothing is fetched and nothing runs, whatever the texts of the run hold.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("page.css");

/// Where the run log begins and ends. What is between is text: `<` and `&` are written as entities.
const HELD_BEGINS: &str = "<template id=\"evidence\">";
const HELD_ENDS: &str = "</template>";

/// The page of a run.
#[must_use]
pub fn html(run: &Run, events: &[Event], evidence: &Evidence) -> String {
    let facts = gather(run, events, run.last_at());
    let runbook = run.runbook();
    let mut page = Html::default();
    let title = format!("{} · {} · {}", runbook.plan, runbook.what(), facts.state);
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n"));
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw(&format!(
        "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(&title)
    ));
    let report = sections::Report { run, events, facts: &facts, near: run.last_at() };
    summary::head(&mut page, &report);
    summary::cards(&mut page, &report);
    summary::warnings(&mut page, &report);
    questions::questions(&mut page, &report);
    picture::timeline(&mut page, &report);
    sections::critical_path(&mut page, &report);
    sections::exceptions(&mut page, &report);
    sections::points(&mut page, &report);
    tables::machines(&mut page, &report);
    sections::leftovers(&mut page, &report);
    sections::approvals(&mut page, &report);
    tables::phases(&mut page, &report);
    tables::steps(&mut page, &report);
    sections::notifications(&mut page, &report);
    proof::seal(&mut page, &report, evidence);
    proof::log(&mut page, &report, evidence);
    page.raw("</main>\n");
    held(&mut page, evidence);
    page.raw("</body>\n</html>\n");
    page.finish()
}

/// The run log in the page, where nobody sees it and `muster verify` finds it.
fn held(page: &mut Html, evidence: &Evidence) {
    let text = match serde_json::to_string(&super::evidence::held(evidence)) {
        Ok(text) => text,
        Err(error) => crate::bug!("evidence does not serialize: {error}"),
    };
    page.raw(HELD_BEGINS);
    page.raw(&text.replace('&', "&amp;").replace('<', "&lt;"));
    page.raw(HELD_ENDS);
    page.raw("\n");
}

/// The run log that a page holds, as JSON.
pub(super) fn held_in(page: &str) -> Option<String> {
    let inside = page.split_once(HELD_BEGINS)?.1.split_once(HELD_ENDS)?.0;
    Some(unescaped(inside))
}
