//! Diagnostics for files and pipes: one line a place, in the form that editors jump to.

use std::fmt::Write as _;

use crate::source::{Diagnostic, Severity, Sources};

/// Appends a diagnostic.
pub(super) fn plain(out: &mut String, sources: &Sources, diagnostic: &Diagnostic) {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    // Writing into a string does not fail.
    let _ = writeln!(out, "{word}[{}]: {}", diagnostic.code, diagnostic.message);
    for label in &diagnostic.labels {
        let Some(source) = sources.find(label.span.file) else { continue };
        let (line, column) = source.line_column(label.span.start);
        let text = if label.text.is_empty() { String::new() } else { format!(": {}", label.text) };
        let _ = writeln!(out, "  --> {}:{line}:{column}{text}", super::clean(source.name()));
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  help: {help}");
    }
}
