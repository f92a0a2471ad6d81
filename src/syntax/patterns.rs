//! What to say where pest failed.
use pest::error::{Error, ErrorVariant, InputLocation};

use crate::source::codes::syntax as codes;
use crate::source::{Diagnostic, FileId, Span};

use super::grammar::{Rule, human_name};

pub(super) struct Failure<'t> {
    pub(super) file: FileId,
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Failure<'_> {
    pub(super) fn explain(&self, error: &Error<Rule>) -> Diagnostic {
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        let ErrorVariant::ParsingError { positives, .. } = &error.variant else { crate::bug!("custom") };
        let names: Vec<_> = positives.iter().filter_map(|r| human_name(*r)).collect();
        let at = u32::try_from(self.start + at).unwrap_or(0);
        let _ = self.text;
        let _ = self.end;
        Diagnostic::error(
            codes::UNEXPECTED,
            format!("expected {}", names.join(", ")),
            Span::new(self.file, at, at),
        )
    }
}

pub(super) fn is_brace_on_next_line(wrong: &Diagnostic) -> bool {
    wrong.code == codes::BRACE_ON_NEXT_LINE
}

/// The name at the start of `rest`, if there is one.
pub(super) fn word(rest: &str) -> Option<&str> {
    let is_start = |c: char| c.is_alphabetic() || c == '_';
    if !rest.starts_with(is_start) {
        return None;
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    rest.get(..end).map(|w| w.trim_end_matches('-'))
}
