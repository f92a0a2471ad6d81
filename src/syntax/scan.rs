//! The few lexical facts that splitter, tree builder and formatter share: where a text ends, what is
//! trivia, which comments there are. Bytes in, offsets out; knows no statement.

use memchr::{memchr, memchr2, memchr3};

/// How a text literal ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextEnd {
    /// Its closing quote is the byte before this one.
    Closed(usize),
    /// A newline at this offset comes before the closing quote.
    Line(usize),
    /// The file ends before the closing quotes of a `"""`, or before the closing quote.
    File(usize),
}

impl TextEnd {
    /// Where scanning goes on.
    #[must_use]
    pub const fn offset(self) -> usize {
        match self {
            Self::Closed(at) | Self::Line(at) | Self::File(at) => at,
        }
    }
}

/// Where the text literal that opens at `at` ends.
///
/// Prereq: `bytes[at]` is a double quote.
#[must_use]
pub fn text_end(bytes: &[u8], at: usize) -> TextEnd {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(b"\"\"\"") { triple_end(bytes, at + 3) } else { line_text_end(bytes, at + 1) }
}

fn triple_end(bytes: &[u8], mut at: usize) -> TextEnd {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        match memchr2(b'"', b'\\', rest) {
            None => return TextEnd::File(bytes.len()),
            Some(found) if rest.get(found) == Some(&b'\\') => at += found + 2,
            Some(found) if rest.get(found..found + 3) == Some(b"\"\"\"") => {
                return TextEnd::Closed(at + found + 3);
            }
            Some(found) => at += found + 1,
        }
    }
}

fn line_text_end(bytes: &[u8], mut at: usize) -> TextEnd {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr3(b'"', b'\\', b'\n', rest) else { return TextEnd::File(bytes.len()) };
        match (rest.get(found), rest.get(found + 1)) {
            (Some(b'"'), _) => return TextEnd::Closed(at + found + 1),
            (Some(b'\n'), _) => return TextEnd::Line(at + found),
            (_, Some(b'\n')) => return TextEnd::Line(at + found + 1),
            (_, _) => at += found + 2,
        }
    }
}

/// The end of the comment at `at`: its newline or the end of the file.
#[must_use]
pub fn comment_end(bytes: &[u8], at: usize) -> usize {
    memchr(b'\n', bytes.get(at..).unwrap_or_default()).map_or(bytes.len(), |found| at + found)
}

/// The first byte from `at` on that is neither space, newline nor comment; at most `end`.
#[must_use]
pub fn skip_trivia(bytes: &[u8], mut at: usize, end: usize) -> usize {
    while at < end {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'#') => at = comment_end(bytes, at).min(end),
            Some(_) | None => break,
        }
    }
    at
}

/// Where the line of `at` begins.
#[must_use]
pub fn line_start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', bytes.get(..at).unwrap_or_default()).map_or(0, |found| found + 1)
}

/// How far the line of `at` is indented: bytes of space before its first character.
#[must_use]
pub fn indentation(bytes: &[u8], at: usize) -> usize {
    let line = bytes.get(line_start(bytes, at)..).unwrap_or_default();
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Whether nothing but space stands before `at` on its line.
#[must_use]
pub fn begins_line(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(line_start(bytes, at)..at).unwrap_or_default();
    before.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// Bytes of the character at `at`; zero at the end.
#[must_use]
pub fn char_length(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
}

/// A comment of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Its first sign.
    pub start: usize,
    /// One past its last character, trailing space left out.
    pub end: usize,
    /// Whether it has its line to itself.
    pub own_line: bool,
}

/// All comments of a text in order. Prereq: its texts are closed.
#[must_use]
pub fn comments(text: &str) -> Vec<Comment> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = memchr2(b'"', b'#', bytes.get(at..).unwrap_or_default()).map(|next| at + next) {
        if bytes.get(next) == Some(&b'"') {
            at = text_end(bytes, next).offset();
            continue;
        }
        at = comment_end(bytes, next);
        let end = next + text.get(next..at).map_or(0, |comment| comment.trim_end().len());
        found.push(Comment { start: next, end, own_line: begins_line(bytes, next) });
    }
    found
}

/// The doc lines in the trivia `gap` before a statement: each `##` that has its line to itself,
/// without the signs and one space.
#[must_use]
pub fn docs(text: &str, start: usize, end: usize) -> Vec<&str> {
    let Some(gap) = text.get(start..end) else { return Vec::new() };
    if memchr(b'#', gap.as_bytes()).is_none() {
        return Vec::new();
    }
    let at_line_start = begins_line(text.as_bytes(), start);
    gap.split('\n')
        .enumerate()
        .filter(|(line, _)| *line > 0 || at_line_start)
        .filter_map(|(_, line)| line.trim().strip_prefix("##"))
        .filter(|doc| !doc.starts_with('#'))
        .map(|doc| doc.strip_prefix(' ').unwrap_or(doc))
        .collect()
}
