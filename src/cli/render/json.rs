//! Diagnostics as `muster.diagnostics/1`: all of them, each place with line and column from 1.

use serde::Serialize;

use crate::source::{Diagnostic, FileId, Severity, Source, Sources};

/// The format that is written.
pub(in crate::cli) const FORMAT: &str = "muster.diagnostics/1";

/// One diagnostic.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct DiagnosticJson {
    code: &'static str,
    severity: Severity,
    message: String,
    labels: Vec<LabelJson>,
    help: Option<String>,
}

/// A place. Columns count characters; offsets count bytes of the text without a byte-order mark.
#[derive(Debug, Serialize)]
struct LabelJson {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: u32,
    end: u32,
    text: String,
}

/// The diagnostics in their order.
pub(in crate::cli) fn list(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<DiagnosticJson> {
    let mut columns = Columns::default();
    diagnostics.iter().map(|diagnostic| one(sources, diagnostic, &mut columns)).collect()
}

/// The last column that was counted. Diagnostics come in the order of the text, so that even in a file
/// of one long line each character is counted about once.
#[derive(Debug, Default)]
struct Columns {
    last: Option<(FileId, usize, u32, usize)>,
}

impl Columns {
    /// Line and column of an offset, as `Source::line_column` gives them.
    fn of(&mut self, source: &Source, file: FileId, offset: u32) -> (usize, usize) {
        let (line, start) = source.line_of(offset);
        let (from, before) = match self.last {
            Some((known, at, counted, column)) if known == file && at == line && counted <= offset => {
                (counted, column)
            }
            Some(_) | None => (start, 1),
        };
        let between = source.text().get(from as usize..offset as usize).unwrap_or("");
        let column = before + between.chars().count();
        self.last = Some((file, line, offset, column));
        (line + 1, column)
    }
}

fn one(sources: &Sources, diagnostic: &Diagnostic, columns: &mut Columns) -> DiagnosticJson {
    let labels = diagnostic.labels.iter().filter_map(|label| {
        let source = sources.find(label.span.file)?;
        let (line, column) = columns.of(source, label.span.file, label.span.start);
        let (end_line, end_column) = columns.of(source, label.span.file, label.span.end);
        Some(LabelJson {
            file: source.name().to_owned(),
            line,
            column,
            end_line,
            end_column,
            start: label.span.start,
            end: label.span.end,
            text: label.text.clone(),
        })
    });
    DiagnosticJson {
        code: diagnostic.code.as_str(),
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        labels: labels.collect(),
        help: diagnostic.help.clone(),
    }
}
