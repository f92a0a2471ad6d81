//! Which brackets are open, which do not match, and where a missing one belongs by the indentation of
//! the lines. Used by the splitter alone.

use crate::base::{limits, words};
use crate::source::codes::syntax as codes;
use crate::source::{Diagnostic, FileId, Span};

use super::scan;

/// An opening bracket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Open {
    kind: u8,
    at: usize,
}

/// The brackets that are open, outermost first.
#[derive(Default)]
pub(super) struct Brackets {
    open: Vec<Open>,
    /// Opened past the limit and not closed since; of which kind is not kept.
    beyond: usize,
    too_deep: bool,
    mismatched: usize,
}

impl Brackets {
    /// How many are open, those past the limit too.
    pub(super) const fn depth(&self) -> usize {
        self.open.len() + self.beyond
    }

    /// Opens one; false if that is one too many.
    pub(super) fn open(&mut self, kind: u8, at: usize) -> bool {
        if self.open.len() >= limits::DEPTH_MAX {
            self.beyond += 1;
            return false;
        }
        self.open.push(Open { kind, at });
        true
    }

    /// True the first time that the limit was passed.
    pub(super) fn first_too_deep(&mut self) -> bool {
        !std::mem::replace(&mut self.too_deep, true)
    }

    /// Whether the limit was passed.
    pub(super) const fn was_too_deep(&self) -> bool {
        self.too_deep
    }

    /// Closes the innermost of this kind and returns those inside it that were not closed; none if
    /// nothing of the kind is open, and then nothing changes.
    pub(super) fn close(&mut self, closer: u8) -> Option<Vec<Open>> {
        if self.beyond > 0 {
            self.beyond -= 1;
            return Some(Vec::new());
        }
        let wanted = opener_of(closer);
        if self.open.last().is_some_and(|innermost| innermost.kind == wanted) {
            self.open.pop();
            return Some(Vec::new());
        }
        let place = self.open.iter().rposition(|open| open.kind == wanted)?;
        let dropped = self.open.split_off(place).split_off(1);
        self.mismatched += dropped.len();
        Some(dropped)
    }

    /// Closes the innermost, of whatever kind.
    pub(super) fn close_innermost(&mut self) {
        self.open.pop();
    }

    /// Those still open at the end.
    pub(super) fn still_open(&self) -> &[Open] {
        &self.open
    }

    /// How many were never closed by one of their kind.
    pub(super) const fn unmatched(&self) -> usize {
        self.open.len() + self.mismatched
    }
}

const fn opener_of(closer: u8) -> u8 {
    match closer {
        b'}' => b'{',
        b']' => b'[',
        _ => b'(',
    }
}

const fn closer_of(opener: u8) -> char {
    match opener {
        b'{' => '}',
        b'[' => ']',
        _ => ')',
    }
}

/// A closing bracket that is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MissingCloser {
    open: Open,
    /// Where it belongs: after the last character that can be inside.
    pub(super) at: usize,
    /// The first word after it.
    next: usize,
}

/// Something wrong that the splitter alone can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// A closing bracket without an opening one.
    Extra(usize),
    /// Another bracket's closer came first.
    Mismatch { open: Open, closer: usize },
    /// A closer is missing, and the indentation tells where.
    Missing(MissingCloser),
    /// One bracket too many is open.
    TooDeep(usize),
    /// A text without an end.
    OpenText { start: usize, end: usize },
    /// A comma with no statement before it.
    ExtraComma(usize),
    /// Something follows a closing brace on its line.
    NoSeparator(usize),
}

/// Finds where closing brackets are missing: before the first line that is indented no deeper than
/// the line of an open bracket and does not close it. At most `most` of them.
pub(super) fn missing_closers(bytes: &[u8], most: usize) -> Vec<MissingCloser> {
    let mut open: Vec<(Open, usize, usize)> = Vec::new();
    let mut found = Vec::new();
    let (mut at, mut last_end, mut line, mut indent) = (0, 0, usize::MAX, 0);
    while at < bytes.len() && found.len() < most {
        at = scan::skip_trivia(bytes, at, bytes.len());
        let Some(byte) = bytes.get(at).copied() else { break };
        // Bytes before a comment or newline are never looked at twice, so this stays linear.
        let new_line = bytes.get(last_end..at).is_some_and(|gap| gap.contains(&b'\n')) || last_end == 0;
        if new_line {
            line = scan::line_start(bytes, at);
            indent = at - line;
            let starts_statement = byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80;
            while let Some((bracket, opened_on, opened_indent)) = open.last().copied() {
                if !starts_statement || opened_on == line || opened_indent < indent || found.len() >= most {
                    break;
                }
                found.push(MissingCloser { open: bracket, at: last_end, next: at });
                open.pop();
            }
        }
        at = match byte {
            b'"' => scan::text_end(bytes, at).offset(),
            b'{' | b'[' | b'(' => {
                open.push((Open { kind: byte, at }, line, indent));
                at + 1
            }
            b'}' | b']' | b')' => {
                let wanted = opener_of(byte);
                if let Some(place) = open.iter().rposition(|(bracket, _, _)| bracket.kind == wanted) {
                    open.truncate(place);
                }
                at + 1
            }
            _ => at + 1,
        };
        last_end = at;
    }
    found
}

/// Says what is wrong.
pub(super) fn describe(file: FileId, text: &str, fault: &Fault) -> Diagnostic {
    let span = |start: usize, end: usize| span(file, start, end);
    match fault {
        Fault::Extra(at) => {
            let found = text.get(*at..=*at).unwrap_or("");
            Diagnostic::error(codes::EXTRA_CLOSER, format!("`{found}` closes nothing"), span(*at, at + 1))
                .help(format!("remove the `{found}`, or look above for one too many"))
        }
        Fault::Mismatch { open, closer } => {
            let found = text.get(*closer..=*closer).unwrap_or("");
            unclosed(file, text, *open)
                .at(span(*closer, closer + 1), format!("this `{found}` comes first"))
                .help(format!("add `{}` before the `{found}`", closer_of(open.kind)))
        }
        Fault::Missing(MissingCloser { open, at: _, next }) => {
            let line = text.get(*next..).unwrap_or("").lines().next().unwrap_or("");
            let next_words: Vec<&str> = line
                .split([' ', '\t', '=', '{', '[', '"', '(', ',', '\r'])
                .filter(|word| !word.is_empty())
                .take(2)
                .collect();
            let next_words = next_words.join(" ").chars().take(40).collect::<String>();
            unclosed(file, text, *open)
                .at(
                    span(*next, next + next_words.split(' ').next().map_or(1, str::len)),
                    "this line is not inside it",
                )
                .help(format!("add `{}` before `{next_words}`", closer_of(open.kind)))
        }
        Fault::TooDeep(at) => Diagnostic::error(
            codes::TOO_DEEP,
            format!("more than {} brackets are open at once", limits::DEPTH_MAX),
            span(*at, at + 1),
        )
        .labelled(format!("bracket number {} opens here", limits::DEPTH_MAX + 1))
        .help("move the inner blocks out"),
        Fault::OpenText { start, end } => open_text(file, text, *start, *end),
        Fault::ExtraComma(at) => {
            Diagnostic::error(codes::EXTRA_COMMA, "nothing stands before this comma", span(*at, at + 1))
                .help("remove the comma")
        }
        Fault::NoSeparator(at) => two_on_a_line(span(*at, at + scan::char_length(text, *at))),
    }
}

/// Two statements with nothing between; `place` is the second.
pub(super) fn two_on_a_line(place: Span) -> Diagnostic {
    Diagnostic::error(codes::NO_SEPARATOR, "two statements stand on one line with nothing between", place)
        .labelled("the second begins here")
        .help("put a comma or a newline before it")
}

fn open_text(file: FileId, text: &str, start: usize, end: usize) -> Diagnostic {
    if text.get(start..).is_some_and(|rest| rest.starts_with("\"\"\"")) {
        return Diagnostic::error(
            codes::OPEN_BLOCK_TEXT,
            "a `\"\"\"` text is not closed",
            span(file, start, start + 3),
        )
        .labelled("opened here")
        .help("add `\"\"\"` where the text ends");
    }
    let end = text.get(..end).map_or(end, |before| before.trim_end().len()).max(start + 1);
    Diagnostic::error(codes::OPEN_TEXT, "a text is not closed on its line", span(file, start, start + 1))
        .labelled("opened here")
        .at(span(file, end, end), "the line ends here")
        .help("add `\"` where the text ends; a text of several lines stands between `\"\"\"`")
}

/// Says that brackets were open at the end of the file; none if there are none.
pub(super) fn describe_unclosed(file: FileId, text: &str, open: &[Open]) -> Option<Diagnostic> {
    let (first, more) = open.split_first()?;
    let closers: String = open.iter().rev().map(|open| closer_of(open.kind)).collect();
    if more.is_empty() {
        return Some(unclosed(file, text, *first).help(format!("add `{closers}` where it ends")));
    }
    let message = format!("{} are not closed at the end of the file", words::count(open.len(), "bracket"));
    let start = Diagnostic::placeless(codes::NOT_CLOSED, message);
    let all =
        open.iter().fold(start, |so_far, open| so_far.at(span(file, open.at, open.at + 1), "opened here"));
    Some(all.help(format!("add `{closers}` where they end")))
}

/// An unclosed bracket, called by the block that it opens if it does.
fn unclosed(file: FileId, text: &str, open: Open) -> Diagnostic {
    let line = text.get(scan::line_start(text.as_bytes(), open.at)..open.at).unwrap_or("").trim();
    let kind = line.split([' ', '\t']).next().unwrap_or("");
    let is_block = open.kind == b'{' && !kind.is_empty() && !line.contains(['=', '{', '[', '(', '"', ',']);
    let what = if is_block {
        let kind: String = kind.chars().take(40).collect();
        format!("`{kind}` block is not closed")
    } else {
        format!("`{}` is not closed", char::from(open.kind))
    };
    Diagnostic::error(codes::NOT_CLOSED, what, span(file, open.at, open.at + 1)).labelled("opened here")
}

fn span(file: FileId, start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(file, offset(start), offset(end))
}
