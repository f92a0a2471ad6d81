//! Diagnostics through miette: drawn with their source, or narrated for a screen reader.

use std::fmt;

use miette::{
    Diagnostic as Shown, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NarratableReportHandler,
    Severity as Weight, SourceCode,
};

use crate::source::{Diagnostic, Label, Severity, Source, Sources};

use super::lines::{Lines, place};

/// One diagnostic as miette wants it: labels of one file; those of others are diagnostics of their own.
#[derive(Debug)]
struct Page<'d> {
    code: Option<&'d str>,
    weight: Weight,
    message: String,
    source: Option<Lines<'d>>,
    labels: Vec<LabeledSpan>,
    help: Option<&'d str>,
    elsewhere: Vec<Page<'d>>,
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Page<'_> {}

impl Shown for Page<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Weight> {
        Some(self.weight)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<_>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Shown> + 'a>> {
        let pages = self.elsewhere.iter().map(|page| page as &dyn Shown);
        (!self.elsewhere.is_empty()).then(|| Box::new(pages) as Box<_>)
    }
}

/// Draws a diagnostic with its source.
pub(super) fn drawn(out: &mut String, sources: &Sources, diagnostic: &Diagnostic, color: bool, width: usize) {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    match page(sources, diagnostic) {
        Some(page) if handler.render_report(out, &page).is_ok() => out.push('\n'),
        Some(_) | None => super::plain::plain(out, sources, diagnostic),
    }
}

/// Tells a diagnostic in sentences.
pub(super) fn narrated(out: &mut String, sources: &Sources, diagnostic: &Diagnostic) {
    match page(sources, diagnostic) {
        Some(page) if NarratableReportHandler::new().render_report(out, &page).is_ok() => out.push('\n'),
        Some(_) | None => super::plain::plain(out, sources, diagnostic),
    }
}

/// Nothing where a place cannot be drawn.
fn page<'d>(sources: &'d Sources, diagnostic: &'d Diagnostic) -> Option<Page<'d>> {
    let main = diagnostic.labels.first().map(|label| label.span.file);
    let mut page = Page {
        code: Some(diagnostic.code.as_str()),
        weight: match diagnostic.severity {
            Severity::Error => Weight::Error,
            Severity::Warning => Weight::Warning,
        },
        message: diagnostic.message.clone(),
        source: main.and_then(|file| sources.find(file)).map(Lines),
        labels: Vec::new(),
        help: diagnostic.help.as_deref(),
        elsewhere: Vec::new(),
    };
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let source = sources.find(label.span.file)?;
        let span = labelled(source, label, index == 0)?;
        if Some(label.span.file) == main {
            page.labels.push(span);
        } else {
            page.elsewhere.push(Page {
                code: None,
                weight: Weight::Advice,
                message: if label.text.is_empty() { "and here".to_owned() } else { label.text.clone() },
                source: Some(Lines(source)),
                labels: vec![span],
                help: None,
                elsewhere: Vec::new(),
            });
        }
    }
    Some(page)
}

fn labelled(source: &Source, label: &Label, main: bool) -> Option<LabeledSpan> {
    let (start, len) = place(source, label.span)?;
    let text = (!label.text.is_empty()).then(|| label.text.clone());
    Some(if main {
        LabeledSpan::new_primary_with_span(text, (start, len))
    } else {
        LabeledSpan::new_with_span(text, (start, len))
    })
}
