//! The short way from a statement to its tree: reads what plans mostly hold and gives up at anything
//! else. It never refuses: where it gives up, the grammar reads the statement again and decides, and
//! only the grammar's reading is ever reported. `parse_whole` goes by the grammar alone, and property
//! tests hold the two together on right, wrong and random texts.

use crate::base::limits;
use crate::source::{FileId, Span};

use super::ast::{Arg, Assign, Block, Link, Name, Stmt, StmtKind, Value, ValueKind};
use super::scan::{self, TextEnd};
use super::{literal, text};

/// The statement from `start` to `end`, if it is of the usual kind; the trivia before it begins at `gap`.
///
/// Prereq: its brackets match and are no deeper than `limits::DEPTH_MAX`.
pub(super) fn statement(
    file: FileId,
    text: &str,
    gap: usize,
    range: std::ops::Range<usize>,
) -> Option<Stmt<'_>> {
    let bytes = text.as_bytes().get(..range.end)?;
    let mut quick = Quick { file, text, bytes, at: range.start };
    quick.statement(gap).filter(|_| quick.at == range.end)
}

struct Quick<'a> {
    file: FileId,
    text: &'a str,
    /// Up to the end of the statement.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Quick<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Takes `byte` if it comes next.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    /// Passes space on the line.
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes space, newlines and comments.
    fn trivia(&mut self) {
        self.at = scan::skip_trivia(self.bytes, self.at, self.bytes.len());
    }

    fn span(&self, start: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(start), offset(self.at))
    }

    fn statement(&mut self, gap: usize) -> Option<Stmt<'a>> {
        let start = self.at;
        let kind = if self.peek() == Some(b'[') {
            let first = self.link()?;
            self.chain(first)?
        } else {
            self.headed()?
        };
        Some(Stmt { kind, doc: scan::docs(self.text, gap, start), span: self.span(start) })
    }

    fn headed(&mut self) -> Option<StmtKind<'a>> {
        let name = self.word().filter(|name| name.text != "use")?;
        self.blanks();
        match self.peek()? {
            b'=' => {
                self.at += 1;
                self.trivia();
                Some(StmtKind::Assign(Assign { name, value: self.value()? }))
            }
            b'-' | b'\n' | b'#' => {
                let name = referable(name)?;
                let first = Link { names: vec![name], list: false, span: name.span };
                self.chain(first)
            }
            _ => self.block(name),
        }
    }

    fn block(&mut self, kind: Name<'a>) -> Option<StmtKind<'a>> {
        let mut labels = Vec::new();
        while self.peek()? != b'{' {
            labels.reserve_exact(1);
            labels.push(self.label()?);
            self.blanks();
        }
        let (body, braces) = self.body()?;
        Some(StmtKind::Block(Block { kind, labels, body, braces }))
    }

    fn label(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let kind = match self.peek()? {
            b'"' => return self.literal(),
            b'[' => {
                let word = |name: Name<'a>| Value { kind: ValueKind::Word(name.text), span: name.span };
                ValueKind::List(self.names()?.into_iter().map(word).collect())
            }
            _ => ValueKind::Word(referable(self.word()?)?.text),
        };
        Some(Value { kind, span: self.span(start) })
    }

    /// `{ … }`, its statements and its span.
    fn body(&mut self) -> Option<(Vec<Stmt<'a>>, Span)> {
        let start = self.at;
        self.take(b'{')?;
        let mut gap = self.at;
        self.trivia();
        let mut body = Vec::new();
        while self.peek()? != b'}' {
            grow(&mut body);
            body.push(self.statement(gap)?);
            gap = self.at;
            self.blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b'\n' | b'#' | b'}' => {}
                _ => return None,
            }
            self.trivia();
        }
        self.at += 1;
        body.shrink_to_fit();
        Some((body, self.span(start)))
    }

    fn chain(&mut self, first: Link<'a>) -> Option<StmtKind<'a>> {
        let mut links = Vec::with_capacity(2);
        links.push(first);
        loop {
            let end = self.at;
            self.trivia();
            if self.bytes.get(self.at..self.at + 2) != Some(b"->") {
                self.at = end;
                break;
            }
            self.at += 2;
            self.trivia();
            links.push(self.link()?);
        }
        links.shrink_to_fit();
        // A name alone is no chain; what else it is, the grammar tells.
        (links.len() > 1).then_some(StmtKind::Chain(links))
    }

    fn link(&mut self) -> Option<Link<'a>> {
        let start = self.at;
        let (names, list) = if self.peek() == Some(b'[') {
            (self.names()?, true)
        } else {
            (vec![referable(self.word()?)?], false)
        };
        Some(Link { names, list, span: self.span(start) })
    }

    fn names(&mut self) -> Option<Vec<Name<'a>>> {
        self.listed(|quick| quick.word().and_then(referable)).filter(|names| !names.is_empty())
    }

    /// `[…]`, by commas or by lines.
    fn listed<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.take(b'[')?;
        self.trivia();
        let mut items = Vec::new();
        let mut by_lines = None;
        while self.peek()? != b']' {
            grow(&mut items);
            items.push(item(self)?);
            let end = self.at;
            self.trivia();
            let lines = match self.peek()? {
                b']' => break,
                b',' => false,
                _ => self.bytes.get(end..self.at)?.contains(&b'\n').then_some(true)?,
            };
            if *by_lines.get_or_insert(lines) != lines {
                return None;
            }
            if !lines {
                self.at += 1;
                self.trivia();
            }
        }
        self.at += 1;
        items.shrink_to_fit();
        Some(items)
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let kind = match self.peek()? {
            b'"' => return self.literal(),
            b'[' => ValueKind::List(self.listed(Self::value)?),
            b'0'..=b'9' => self.quantity()?,
            _ => self.worded()?,
        };
        Some(Value { kind, span: self.span(start) })
    }

    fn worded(&mut self) -> Option<ValueKind<'a>> {
        let name = self.word()?;
        if self.peek() == Some(b'.') {
            let mut names = vec![name];
            while self.take(b'.').is_some() {
                names.push(self.word()?);
            }
            return Some(ValueKind::Path(names));
        }
        let end = self.at;
        self.blanks();
        match self.peek() {
            Some(b'(') => Some(ValueKind::Call { name, args: self.arguments()? }),
            Some(b'{') => {
                let (body, braces) = self.body()?;
                Some(ValueKind::Tagged { name, body, braces })
            }
            Some(_) | None => {
                self.at = end;
                Some(match name.text {
                    "true" => ValueKind::Bool(true),
                    "false" => ValueKind::Bool(false),
                    word => ValueKind::Word(word),
                })
            }
        }
    }

    fn arguments(&mut self) -> Option<Vec<Arg<'a>>> {
        self.take(b'(')?;
        self.trivia();
        let mut arguments = Vec::new();
        while self.peek()? != b')' {
            grow(&mut arguments);
            arguments.push(self.argument()?);
            self.trivia();
            if self.peek()? == b',' {
                self.at += 1;
                self.trivia();
            } else if self.peek()? != b')' {
                return None;
            }
        }
        self.at += 1;
        arguments.shrink_to_fit();
        Some(arguments)
    }

    fn argument(&mut self) -> Option<Arg<'a>> {
        let start = self.at;
        if let Some(name) = self.word() {
            self.blanks();
            if self.take(b'=').is_some() {
                self.trivia();
                return Some(Arg { name: Some(name), value: self.value()? });
            }
        }
        self.at = start;
        Some(Arg { name: None, value: self.value()? })
    }

    fn literal(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let TextEnd::Closed(end) = scan::text_end(self.bytes, start) else { return None };
        self.at = end;
        let span = self.span(start);
        let parts = text::parts(self.text.get(start..end)?, span).ok()?;
        Some(Value { kind: ValueKind::Text(parts), span })
    }

    /// A number with or without units; instants are left to the grammar.
    fn quantity(&mut self) -> Option<ValueKind<'a>> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'%') {
            self.at += 1;
        }
        if self.peek().is_some_and(|byte| matches!(byte, b'-' | b'.' | b'_' | b':') || byte >= 0x80) {
            return None;
        }
        let found = self.text.get(start..self.at)?;
        let unit = found.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let shaped = matches!(unit, "" | "%" | "B" | "KiB" | "MiB" | "GiB" | "TiB")
            || (found.ends_with(['d', 'h', 'm', 's']) && !found.contains('%'));
        if !shaped {
            return None;
        }
        literal::quantity(found, self.span(start)).ok()
    }

    /// A name of ASCII letters, digits, `_` and inner dashes.
    fn word(&mut self) -> Option<Name<'a>> {
        let start = self.at;
        let mut at = start;
        if !self.peek().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_') {
            return None;
        }
        let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        while let Some(byte) = self.bytes.get(at).copied() {
            if is_inside(byte) {
                at += 1;
                continue;
            }
            let rest = self.bytes.get(at..).unwrap_or_default();
            let dashes = rest.iter().take_while(|byte| **byte == b'-').count();
            let next = rest.get(dashes).copied().unwrap_or(b' ');
            if next >= 0x80 {
                return None;
            }
            if dashes == 0 || !is_inside(next) {
                break;
            }
            at += dashes;
        }
        self.at = at;
        let text = self.text.get(start..at).filter(|text| text.len() <= limits::NAME_CHARS_MAX)?;
        Some(Name { text, span: self.span(start) })
    }
}

/// Room for one more: most lists are short, so the first steps are small.
fn grow<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(items.len().max(1));
    }
}

fn referable(name: Name<'_>) -> Option<Name<'_>> {
    (!matches!(name.text, "true" | "false")).then_some(name)
}
