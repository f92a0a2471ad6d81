//! Sources for miette by their line index: a place is found by binary search. Its built-in way walks
//! from the first byte for every label, which takes seconds in a large plan.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::source::{Source, Span};

/// Lines longer than this are not drawn: a generated plan may stand on one line of megabytes.
const LINE_BYTES_MAX: usize = 2000;
/// Lines of one label that are drawn; of a longer one its first line.
const LABEL_LINES_MAX: usize = 8;

/// A source with its line index.
#[derive(Debug)]
pub(super) struct Lines<'s>(pub(super) &'s Source);

impl SourceCode for Lines<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.0.text();
        let start = clamp(text, span.offset());
        let end = clamp(text, span.offset().saturating_add(span.len())).max(start);
        let (first, _) = self.0.line_of(offset(start));
        let (last, _) = self.0.line_of(offset(end));
        // Without context miette asks where the label itself begins; with it, for whole lines.
        let (from, to, line, column) = if before == 0 && after == 0 {
            let column = start - self.0.line_range(first).start.min(start);
            (start, end, first, column)
        } else {
            let line = first.saturating_sub(before);
            let to =
                self.0.line_range(last.saturating_add(after).min(self.0.line_count().saturating_sub(1))).end;
            (self.0.line_range(line).start, to.max(end), line, 0)
        };
        let data = text.as_bytes().get(from..to).unwrap_or_default();
        let contents = MietteSpanContents::new_named(
            super::clean(self.0.name()),
            data,
            SourceSpan::new(from.into(), to - from),
            line,
            column,
            last.saturating_sub(line) + 1,
        );
        Ok(Box::new(contents))
    }
}

/// A label's place as it is drawn: inside the text, not over too many lines. Nothing where its line is
/// too long to be drawn.
pub(super) fn place(source: &Source, span: Span) -> Option<(usize, usize)> {
    let text = source.text();
    let start = clamp(text, span.start as usize);
    let mut end = clamp(text, span.end as usize).max(start);
    let (first, _) = source.line_of(offset(start));
    let (last, _) = source.line_of(offset(end));
    if last - first >= LABEL_LINES_MAX {
        let line = source.line_range(first);
        end = line.end.min(end).max(start);
    }
    let (last, _) = source.line_of(offset(end));
    let near = first.saturating_sub(1)..=(last + 1);
    let drawable = near.into_iter().all(|line| source.line_range(line).len() <= LINE_BYTES_MAX);
    drawable.then_some((start, end - start))
}

/// The nearest place before `at` that is in the text and between two characters.
fn clamp(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
