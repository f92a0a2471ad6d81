//! Diagnostics for people and for programs. Comes in: `source::Diagnostic` and the texts. Goes out:
//! text. Only this folder knows miette.

mod drawn;
pub(super) mod json;
mod lines;
mod plain;

use crate::base::limits::DIAGNOSTICS_SHOWN_MAX;
use crate::base::words::count;
use crate::source::{Diagnostic, Sources};

/// How diagnostics are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// With the source and arrows, for a terminal.
    Drawn {
        /// In colour.
        color: bool,
    },
    /// In sentences, for a screen reader.
    Narrated,
    /// A line a place, for files and pipes.
    Plain,
}

/// The first diagnostics whole, the rest as a count, then how many there are of each kind.
#[must_use]
pub fn text(sources: &Sources, diagnostics: &[&Diagnostic], style: Style, width: usize) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(DIAGNOSTICS_SHOWN_MAX) {
        match style {
            Style::Drawn { color } => drawn::drawn(&mut out, sources, diagnostic, color, width),
            Style::Narrated => drawn::narrated(&mut out, sources, diagnostic),
            Style::Plain => plain::plain(&mut out, sources, diagnostic),
        }
    }
    let more = diagnostics.len().saturating_sub(DIAGNOSTICS_SHOWN_MAX);
    if more > 0 {
        out.push_str("and ");
        out.push_str(&more.to_string());
        out.push_str(" more; `muster check --format json` prints all\n");
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    if diagnostics.len() > 1 {
        let counts: Vec<String> = [(errors, "error"), (warnings, "warning")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| count(number, noun))
            .collect();
        out.push_str(&counts.join(", "));
        out.push('\n');
    }
    out
}
