//! Cuts a text into statements before pest sees it, so that a broken one takes no other with it.
//! Knows texts, comments, brackets and arrows, and no statement. A text in, pieces and what is wrong
//! with its brackets and texts out.

use crate::base::limits;
use crate::source::{Diagnostic, FileId};

use super::brackets::{self, Brackets, Fault};
use super::scan::{self, TextEnd};

/// Offsets of a statement in the text. Between slices there is only trivia and commas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Where the trivia before it begins.
    pub gap: usize,
    /// Its first character.
    pub start: usize,
    /// One past its last character; comments after it are left out.
    pub end: usize,
    /// The braces of its body, if it is a block.
    pub body: Option<Body>,
    /// Whether its brackets or texts are wrong, which has been said.
    pub flawed: bool,
}

/// The braces of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Body {
    /// The opening brace.
    pub open: usize,
    /// The closing brace, or where it is missing.
    pub close: usize,
}

/// What a file is cut into: its statements, those of a plan one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A whole statement.
    Statement(Slice),
    /// The opening line of a plan, brace included; its statements follow.
    Open(Slice),
    /// The end of that plan, just after its brace or where that is missing.
    Close(usize),
}

/// A text cut into pieces.
#[derive(Debug, Default)]
pub struct Split {
    /// In order.
    pub pieces: Vec<Piece>,
    /// What is wrong with brackets, texts and commas.
    pub diagnostics: Vec<Diagnostic>,
    /// Where closing brackets are missing, by the indentation of the lines.
    pub missing: Vec<usize>,
}

/// Cuts a whole file. Runs twice over a file whose brackets do not match: the second time with the
/// missing ones put in where the indentation says.
#[must_use]
pub fn split_file(file: FileId, text: &str) -> Split {
    let mut splitter = Splitter::new(text, 0, text.len(), &[]);
    splitter.descend = true;
    splitter.run();
    let unmatched = splitter.brackets.unmatched();
    if unmatched == 0 || splitter.brackets.was_too_deep() {
        return splitter.finish(file, Vec::new());
    }
    let missing = brackets::missing_closers(text.as_bytes(), unmatched);
    let places: Vec<usize> = missing.iter().map(|closer| closer.at).collect();
    let mut splitter = Splitter::new(text, 0, text.len(), &places);
    splitter.descend = true;
    splitter.faults.extend(missing.iter().map(|closer| Fault::Missing(*closer)));
    splitter.run();
    splitter.finish(file, places.clone())
}

/// Cuts the inside of a block whose brackets have been judged before.
#[must_use]
pub(super) fn split_body(text: &str, body: Body, missing: &[usize]) -> Vec<Slice> {
    let mut splitter = Splitter::new(text, body.open + 1, body.close, missing);
    splitter.run();
    let statement = |piece| match piece {
        Piece::Statement(slice) => Some(slice),
        Piece::Open(_) | Piece::Close(_) => None,
    };
    splitter.pieces.into_iter().filter_map(statement).collect()
}

/// What the last significant token says about the next newline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// The statement goes on.
    Open,
    /// It ends there.
    Complete,
}

/// The statement being read.
#[derive(Clone, Copy)]
struct Current {
    slice: Slice,
    last: Last,
    /// Whether an `=` or `->` came before any brace, so that a brace opens no block.
    operator: bool,
}

struct Splitter<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    end: usize,
    missing: &'t [usize],
    /// Whether a plan's body is cut too.
    descend: bool,
    brackets: Brackets,
    /// How many brackets are open where statements are cut: 0, or 1 inside a plan.
    cut_depth: usize,
    current: Option<Current>,
    gap: usize,
    /// After a plan's closing brace, before the newline or comma that must follow it.
    after_close: bool,
    pieces: Vec<Piece>,
    faults: Vec<Fault>,
}

impl<'t> Splitter<'t> {
    fn new(text: &'t str, start: usize, end: usize, missing: &'t [usize]) -> Self {
        let skipped = missing.partition_point(|at| *at < start);
        Self {
            text,
            bytes: text.as_bytes(),
            at: start,
            end,
            missing: missing.get(skipped..).unwrap_or_default(),
            descend: false,
            brackets: Brackets::default(),
            cut_depth: 0,
            current: None,
            gap: start,
            after_close: false,
            pieces: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn run(&mut self) {
        while self.at < self.end {
            let Some(byte) = self.bytes.get(self.at).copied() else { break };
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' | b'#' => self.line_end(),
                b',' if self.brackets.depth() == self.cut_depth => self.comma(),
                b'"' => self.text_literal(),
                b'{' | b'[' | b'(' => self.open(byte),
                b'}' | b']' | b')' => self.close(byte),
                b'=' => self.operator(1),
                b'-' if self.bytes.get(self.at + 1) == Some(&b'>') => self.operator(2),
                _ => self.plain(),
            }
        }
        self.close_missing(self.end);
        self.cut(self.end);
        if self.cut_depth == 1 {
            self.pieces.push(Piece::Close(self.end));
        }
    }

    /// A comment or a newline. All trivia is passed; if a newline was in it and no bracket is open, the
    /// statement ends, unless the token before or after says that it goes on.
    fn line_end(&mut self) {
        let from = self.at;
        self.close_missing(from);
        self.at = scan::skip_trivia(self.bytes, from, self.end);
        if self.brackets.depth() != self.cut_depth {
            return;
        }
        let goes_on = self.current.is_some_and(|current| current.last == Last::Open)
            || self.bytes.get(self.at..self.end).unwrap_or_default().starts_with(b"->");
        if self.current.is_none() || !goes_on {
            self.cut(from);
            self.after_close = false;
        }
    }

    fn comma(&mut self) {
        if self.current.is_none() && !self.after_close {
            self.faults.push(Fault::ExtraComma(self.at));
        }
        self.cut(self.at);
        self.after_close = false;
        self.at += 1;
        // One comma and the newline after it are one separator.
        if self.current.is_none() {
            self.gap = self.at;
        }
    }

    fn text_literal(&mut self) {
        let start = self.at;
        let end = scan::text_end(self.bytes, start);
        self.token(end.offset().min(self.end), Last::Complete);
        match end {
            TextEnd::Closed(_) => return,
            TextEnd::Line(at) => self.faults.push(Fault::OpenText { start, end: at }),
            TextEnd::File(at) => self.faults.push(Fault::OpenText { start, end: at }),
        }
        self.flaw();
    }

    fn operator(&mut self, length: usize) {
        let at_cut = self.brackets.depth() == self.cut_depth;
        self.token(self.at + length, Last::Open);
        if let Some(current) = self.current.as_mut().filter(|_| at_cut) {
            current.operator = true;
        }
    }

    fn plain(&mut self) {
        let rest = self.bytes.get(self.at + 1..self.end).unwrap_or_default();
        let length = 1 + rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80))
            .unwrap_or(rest.len());
        self.token(self.at + length, Last::Complete);
    }

    /// Takes what lies before `to` into the current statement.
    fn token(&mut self, to: usize, last: Last) {
        let slice = Slice { gap: self.gap, start: self.at, end: to, body: None, flawed: false };
        if self.current.is_none() && self.after_close {
            self.faults.push(Fault::NoSeparator(self.at));
            self.after_close = false;
        }
        let current = self.current.get_or_insert(Current { slice, last, operator: false });
        current.slice.end = to;
        current.last = last;
        self.at = to;
    }

    fn open(&mut self, bracket: u8) {
        let (at, depth) = (self.at, self.brackets.depth());
        self.token(at + 1, Last::Complete);
        if !self.brackets.open(bracket, at) {
            if depth == limits::DEPTH_MAX && self.brackets.first_too_deep() {
                self.faults.push(Fault::TooDeep(at));
            }
            return self.flaw();
        }
        let Some(current) = self.current.as_mut() else { return };
        if depth != self.cut_depth || bracket != b'{' || current.operator || current.slice.body.is_some() {
            return;
        }
        current.slice.body = Some(Body { open: at, close: self.end });
        let first = self.text.get(current.slice.start..at).unwrap_or("");
        let is_plan = first.strip_prefix("plan").is_some_and(|rest| rest.starts_with([' ', '\t', '"', '[']));
        if self.descend && depth == 0 && (is_plan || first == "plan") {
            self.pieces.push(Piece::Open(current.slice));
            self.current = None;
            self.gap = self.at;
            self.cut_depth = 1;
        }
    }

    fn close(&mut self, bracket: u8) {
        let at = self.at;
        let Some(dropped) = self.brackets.close(bracket) else {
            // Nothing like it is open: it is left out, and what surrounds it goes on.
            self.token(at + 1, Last::Complete);
            self.faults.push(Fault::Extra(at));
            return self.flaw();
        };
        if self.brackets.depth() < self.cut_depth {
            self.unclosed_in_current(dropped.len(), &dropped, at);
            return self.close_plan(at, at + 1);
        }
        self.token(at + 1, Last::Complete);
        self.unclosed_in_current(dropped.len(), &dropped, at);
        self.body_closed(at);
    }

    fn unclosed_in_current(&mut self, count: usize, dropped: &[brackets::Open], closer: usize) {
        if count > 0 {
            self.faults.extend(dropped.iter().map(|open| Fault::Mismatch { open: *open, closer }));
            self.flaw();
        }
    }

    fn close_plan(&mut self, body_end: usize, after: usize) {
        self.cut(body_end);
        self.pieces.push(Piece::Close(after));
        self.cut_depth = 0;
        self.at = after;
        self.gap = after;
        self.after_close = true;
    }

    fn body_closed(&mut self, at: usize) {
        if self.brackets.depth() != self.cut_depth {
            return;
        }
        if let Some(body) = self.current.as_mut().and_then(|current| current.slice.body.as_mut()) {
            body.close = body.close.min(at);
        }
    }

    /// Closes brackets whose closing one is missing at `to` or before.
    fn close_missing(&mut self, to: usize) {
        while let Some((at, rest)) = self.missing.split_first().filter(|(at, _)| **at <= to) {
            self.missing = rest;
            self.flaw();
            self.brackets.close_innermost();
            if self.brackets.depth() < self.cut_depth {
                self.close_plan(*at, *at);
                self.at = to;
            } else {
                self.body_closed(*at);
            }
        }
    }

    fn flaw(&mut self) {
        if let Some(current) = self.current.as_mut() {
            current.slice.flawed = true;
        }
    }

    /// Ends the current statement; trivia before the next begins at `gap`.
    fn cut(&mut self, gap: usize) {
        if let Some(mut current) = self.current.take() {
            if self.brackets.depth() > self.cut_depth {
                current.slice.flawed = true;
            }
            self.pieces.push(Piece::Statement(current.slice));
            self.gap = gap;
        }
    }

    fn finish(self, file: FileId, missing: Vec<usize>) -> Split {
        // A text without an end swallows the closing brackets, and what is too deep is not counted.
        let swallowed = |fault: &Fault| matches!(fault, Fault::OpenText { end, .. } if *end >= self.end);
        let known = self.brackets.was_too_deep() || self.faults.iter().any(swallowed);
        let open = if known { &[] } else { self.brackets.still_open() };
        let mut diagnostics: Vec<Diagnostic> = self
            .faults
            .iter()
            .take(limits::DIAGNOSTICS_MAX)
            .map(|fault| brackets::describe(file, self.text, fault))
            .collect();
        diagnostics.extend(brackets::describe_unclosed(file, self.text, open));
        Split { pieces: self.pieces, diagnostics, missing }
    }
}
