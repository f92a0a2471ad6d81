//! What to say where the grammar could not go on: mistakes that are known first, else what could have
//! stood there. A place and pest's error in, one diagnostic out.

mod numbers;
mod place;
mod shape;
mod signs;

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::source::codes::syntax as codes;
use crate::source::{Diagnostic, FileId};

use super::grammar::{Rule, human_name};
use place::Place;

/// The most things that are named as expected.
const EXPECTED_MAX: usize = 4;

/// A stretch of a text that the grammar refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure<'t> {
    /// The file.
    pub(super) file: FileId,
    /// Its whole text.
    pub(super) text: &'t str,
    /// Where the stretch begins.
    pub(super) start: usize,
    /// And ends.
    pub(super) end: usize,
}

impl Failure<'_> {
    /// Why it was refused.
    pub(super) fn explain(self, error: &Error<Rule>) -> Diagnostic {
        let (InputLocation::Pos(offset) | InputLocation::Span((offset, _))) = error.location;
        let expected: &[Rule] = match &error.variant {
            ErrorVariant::ParsingError { positives, .. } => positives,
            ErrorVariant::CustomError { .. } => &[],
        };
        let place = Place::new(self, self.start + offset);
        signs::explain(&place)
            .or_else(|| numbers::explain(&place, expected))
            .or_else(|| shape::explain(&place))
            .unwrap_or_else(|| unexpected(&place, expected))
    }
}

/// Whether a diagnostic says that a block's brace stands on the next line.
pub(super) fn is_brace_on_next_line(wrong: &Diagnostic) -> bool {
    wrong.code == codes::BRACE_ON_NEXT_LINE
}

/// The name at the start of `rest`, if there is one.
pub(super) fn word(rest: &str) -> Option<&str> {
    let end = place::word_end(rest);
    rest.get(..end).filter(|word| !word.is_empty() && !word.starts_with(|first: char| first.is_ascii_digit()))
}

fn unexpected(place: &Place<'_>, expected: &[Rule]) -> Diagnostic {
    let has = |rule| expected.contains(&rule);
    let mut names: Vec<&str> = Vec::new();
    // Signs such as `=` and `,` are no rules, so where they decide the place tells what can stand there.
    if place.assigned && shape::after_operand(place) {
        names.push(match place.bracket {
            Some('[') => "`,` or `]`",
            Some('(') => "`,` or `)`",
            _ => "the end of the statement",
        });
    } else if has(Rule::arrow) && has(Rule::body) {
        names.extend(["`=`", "`{`", "`->`"]);
    } else if has(Rule::body) && has(Rule::names) {
        names.extend(["`{`", "another name"]);
    } else if has(Rule::use_file) || has(Rule::statement) || has(Rule::joined) {
        names.push("a statement");
    } else if has(Rule::name) && has(Rule::names) {
        names.extend(["a name", "a list of names"]);
    } else {
        for name in expected.iter().filter_map(|rule| human_name(*rule)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.truncate(EXPECTED_MAX);
    }
    let wanted = match names.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
    };
    let message = format!("expected {wanted}, found {}", place.found_name());
    let diagnostic = Diagnostic::error(codes::UNEXPECTED, message, place.span());
    match place.found.chars().next() {
        Some('+' | '-' | '*' | '/' | '%') if place.assigned => {
            diagnostic.help("write the result: a plan does not calculate")
        }
        Some('(') if names.contains(&"`{`") => diagnostic.help("write `{` and `}` around what belongs to it"),
        Some(_) | None => diagnostic,
    }
}
