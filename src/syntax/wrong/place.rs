//! Where the grammar stopped, and what stands around: the token found, the one before, the bracket
//! that both are in.

use crate::source::{FileId, Span};
use crate::syntax::scan;

use super::Failure;

/// A place in a text that the grammar refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'t> {
    pub(super) file: FileId,
    /// The whole text.
    pub(super) text: &'t str,
    /// The refused statement.
    pub(super) statement: &'t str,
    /// Where it ends.
    pub(super) end: usize,
    /// Where the found token begins.
    pub(super) at: usize,
    /// The token found; empty at the end of the statement.
    pub(super) found: &'t str,
    /// What follows, that token included.
    pub(super) rest: &'t str,
    /// The token before; empty at the start of the statement.
    pub(super) previous: &'t str,
    /// Where that ends.
    pub(super) previous_end: usize,
    /// The token before that one.
    pub(super) earlier: &'t str,
    /// The innermost open bracket.
    pub(super) bracket: Option<char>,
    /// Whether an `=` came before in the same statement.
    pub(super) assigned: bool,
    /// Whether a newline stands between the token before and the one before that.
    pub(super) broken_line: bool,
}

impl<'t> Place<'t> {
    /// Looks around the offset where pest stopped.
    pub(super) fn new(failure: Failure<'t>, stopped: usize) -> Self {
        let Failure { file, text, start, end } = failure;
        let bytes = text.as_bytes();
        let statement = text.get(start..end).unwrap_or("");
        let mut at = scan::skip_trivia(bytes, start, end);
        let (mut brackets, mut assigned, mut broken_line) = (Vec::new(), false, false);
        let (mut previous, mut earlier, mut previous_end) = ("", "", start);
        while at < stopped {
            let token = token(text, at, end);
            if token.is_empty() {
                break;
            }
            match token {
                "{" | "[" | "(" => {
                    brackets.push((token, assigned));
                    assigned = false;
                }
                "}" | "]" | ")" => assigned = brackets.pop().is_some_and(|(_, before)| before),
                "=" => assigned = true,
                "," => assigned = assigned && brackets.last().is_some_and(|(bracket, _)| *bracket != "{"),
                _ => {}
            }
            broken_line = text.get(previous_end..at).is_some_and(|gap| gap.contains('\n'));
            (earlier, previous, previous_end) = (previous, token, at + token.len());
            at = scan::skip_trivia(bytes, previous_end, end);
            let next_line = text.get(previous_end..at).is_some_and(|gap| gap.contains('\n'));
            let in_block = brackets.last().is_none_or(|(bracket, _)| *bracket == "{");
            if next_line && in_block && !matches!(previous, "=" | "->") {
                assigned = false;
            }
        }
        let found = token(text, at, end);
        let bracket = brackets.last().and_then(|(bracket, _)| bracket.chars().next());
        let rest = text.get(at..end).unwrap_or("");
        Self {
            file,
            text,
            statement,
            end,
            at,
            found,
            rest,
            previous,
            previous_end,
            earlier,
            bracket,
            assigned,
            broken_line,
        }
    }

    /// The found token, or the empty place after the token before if there is none.
    pub(super) fn span(&self) -> Span {
        if self.found.is_empty() {
            return self.range(self.previous_end, self.previous_end);
        }
        self.range(self.at, self.at + self.found.len())
    }

    /// `length` bytes from the found token on.
    pub(super) fn span_of(&self, length: usize) -> Span {
        self.range(self.at, self.at + length)
    }

    /// From one offset to another.
    pub(super) fn range(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(start), offset(end))
    }

    /// Whether the found token touches the one before.
    pub(super) const fn touches(&self) -> bool {
        self.previous_end == self.at
    }

    /// What was found, for people.
    pub(super) fn found_name(&self) -> String {
        if !self.found.is_empty() {
            return format!("`{}`", shown(self.found));
        }
        let after = self.text.get(self.end..).unwrap_or("").trim_start_matches([' ', '\t', '\r']);
        match after.chars().next() {
            None => "the end of the file".to_owned(),
            Some('\n' | '#') => "the end of the line".to_owned(),
            Some(other) => format!("`{other}`"),
        }
    }
}

/// The user's words, cut to one line of a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(40).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

/// The token at `at`: a text, a run of what words and numbers are made of, an arrow, or one character.
fn token(text: &str, at: usize, end: usize) -> &str {
    let rest = text.get(at..end).unwrap_or("");
    let length = match rest.chars().next() {
        None => 0,
        Some('"') => scan::text_end(text.as_bytes(), at).offset().min(end) - at,
        Some('-') if rest.starts_with("->") => 2,
        Some(first) if first.is_alphanumeric() || first == '_' => {
            let number = first.is_ascii_digit();
            if number { number_end(rest) } else { word_end(rest) }
        }
        Some(first) => first.len_utf8(),
    };
    rest.get(..length).unwrap_or(rest)
}

/// Where a run of letters, digits, `_` and inner dashes ends.
pub(super) fn word_end(rest: &str) -> usize {
    run_end(rest, |letter| letter.is_alphanumeric() || letter == '_')
}

/// As `word_end`, with the signs that stand inside of numbers and instants.
fn number_end(rest: &str) -> usize {
    run_end(rest, |letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | ':' | '+' | '%'))
}

fn run_end(rest: &str, inside: impl Fn(char) -> bool) -> usize {
    let mut end = 0;
    for (at, letter) in rest.char_indices() {
        if inside(letter) {
            end = at + letter.len_utf8();
        } else if letter != '-' || end == 0 {
            break;
        }
    }
    end
}
