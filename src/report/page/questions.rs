//! The section of what waits for people, of a run that goes on: each question with what is known and what
//! to type. Facts in, markup out.

use crate::report::asks;
use crate::run::RunState;

use super::markup::{Cell, Html, escaped, prose};
use super::sections::Report;

/// Every open question. A run that has ended has none.
pub(super) fn questions(page: &mut Html, report: &Report<'_>) {
    let asked = asks::asks(report.run);
    if asked.is_empty() || matches!(report.run.state(), RunState::Ended(_)) {
        return;
    }
    page.section("questions", "Waiting for a person");
    for ask in asked {
        page.raw(&format!("<h3><code>{}</code></h3>\n", escaped(&ask.step)));
        page.raw(&format!("<p>{}</p>\n", prose(&ask.what)));
        let rows: Vec<Vec<Cell>> = ask
            .evidence
            .iter()
            .map(|proof| vec![Cell::Text(proof.about.to_owned()), Cell::Text(proof.what.clone())])
            .collect();
        if !rows.is_empty() {
            page.table("What is known of it", &["", ""], &rows);
        }
        for line in [asks::who_may(&ask), asks::until(&ask, report.near)].into_iter().flatten() {
            page.paragraph("quiet", &line);
        }
        let commands = ask.alternatives.iter().map(|one| &one.command).chain(&ask.commands);
        for command in commands {
            page.raw(&format!("<p><code>{}</code></p>\n", escaped(command)));
        }
    }
    page.end_section();
}
