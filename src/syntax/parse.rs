//! The way in: text to tree and everything wrong with its syntax. Each statement is read alone; where
//! one fails and is a block, its inside is cut again, so that only the smallest broken part is lost.

use pest::Parser as _;

use crate::base::limits;
use crate::source::{Diagnostic, FileId, Span};

use super::ast::{Block, File, Name, Stmt, StmtKind, Value, ValueKind};
use super::brackets;
use super::build::{Builder, Built};
use super::grammar::{PlanParser, Rule};

use super::quick;
use super::scan;
use super::split::{self, Body, Piece, Slice};
use super::wrong::{self as mistakes, Failure};

/// What parsing a file gives: a tree, with `StmtKind::Broken` where a statement could not be read.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed<'a> {
    /// The tree.
    pub file: File<'a>,
    /// What is wrong, by position; none if the tree is whole.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a whole file. `text` is what `check_bytes` gave; `file` is only put into spans.
#[must_use]
pub fn parse(file: FileId, text: &str) -> Parsed<'_> {
    let split = split::split_file(file, text);
    let mut parser =
        Parser { file, text, missing: &split.missing, diagnostics: split.diagnostics, brace_expected: false };
    let mut items = Vec::new();
    let mut plan: Option<(Slice, Vec<Stmt<'_>>)> = None;
    for piece in split.pieces {
        match piece {
            Piece::Open(slice) => plan = Some((slice, Vec::new())),
            Piece::Close(end) => {
                if let Some((slice, body)) = plan.take() {
                    items.push(parser.plan(slice, body, end));
                }
            }
            Piece::Statement(slice) => {
                let list = plan.as_mut().map_or(&mut items, |(_, body)| body);
                list.push(parser.statement(slice, 0));
            }
        }
    }
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    diagnostics.truncate(limits::DIAGNOSTICS_MAX);
    Parsed { file: File { items }, diagnostics }
}

/// Reads a whole file by the grammar's `file` rule, without the splitter: what `parse` has to agree with
/// on every text that is right. Tests hold the two against each other.
///
/// # Errors
/// The first thing wrong.
pub fn parse_whole(file: FileId, text: &str) -> Result<File<'_>, Diagnostic> {
    if let Some(first) = split::split_file(file, text).diagnostics.into_iter().next() {
        return Err(first);
    }
    let builder = Builder { file, whole: text, base: 0 };
    let read = PlanParser::parse(Rule::file, text).map_err(|error| {
        let failure = Failure { file, text, start: 0, end: text.len() };
        failure.explain(&error)
    })?;
    builder.statements(read, 0).map(|items| File { items }).map_err(|boxed| *boxed)
}

/// Reads one value, as `--param` and `--point` give it.
///
/// # Errors
/// The first thing wrong.
pub fn parse_value(file: FileId, text: &str) -> Result<Value<'_>, Diagnostic> {
    if let Some(first) = split::split_file(file, text).diagnostics.into_iter().next() {
        return Err(first);
    }
    let builder = Builder { file, whole: text, base: 0 };
    match PlanParser::parse(Rule::lone_value, text) {
        Ok(read) => builder.only_value(read).map_err(|boxed| *boxed),
        Err(error) => Err(Failure { file, text, start: 0, end: text.len() }.explain(&error)),
    }
}

struct Parser<'a, 's> {
    file: FileId,
    text: &'a str,
    missing: &'s [usize],
    diagnostics: Vec<Diagnostic>,
    /// The statement before was told that its brace stands on the next line, so the brace itself is not
    /// complained of again.
    brace_expected: bool,
}

impl<'a> Parser<'a, '_> {
    /// A plan whose body was cut into `body`; its end is just after its brace.
    fn plan(&mut self, slice: Slice, body: Vec<Stmt<'a>>, end: usize) -> Stmt<'a> {
        let open = slice.end - 1;
        let span = self.span(slice.start, end);
        let doc = scan::docs(self.text, slice.gap, slice.start);
        let (kind, labels) = match self.head(slice.start, open) {
            Ok(head) => head,
            // A plan with a wrong opening line keeps its statements, so that they are judged too.
            Err(wrong) => {
                self.say(*wrong);
                let (kind, name) = self.first_words(slice);
                let Some(kind) = kind else {
                    return Stmt { kind: StmtKind::Broken { kind, name }, doc, span };
                };
                let label = |name: Name<'a>| Value { kind: ValueKind::Word(name.text), span: name.span };
                (kind, name.map(label).into_iter().collect())
            }
        };
        let block = Block { kind, labels, body, braces: self.span(open, end) };
        Stmt { kind: StmtKind::Block(block), doc, span }
    }

    /// One statement, `depth` blocks inside the cut.
    fn statement(&mut self, slice: Slice, depth: usize) -> Stmt<'a> {
        let brace_expected = std::mem::take(&mut self.brace_expected);
        if brace_expected && self.text.get(slice.start..).is_some_and(|rest| rest.starts_with('{')) {
            return self.broken(slice);
        }
        // Inside a block that failed, blocks are taken apart at once: reading each whole first would read
        // what is deep once for every level.
        let wrong = if slice.flawed || (depth > 0 && slice.body.is_some()) {
            None
        } else {
            match self.whole_statement(slice) {
                Ok(statement) => return statement,
                Err(wrong) => Some(wrong),
            }
        };
        if let Some(body) = slice.body.filter(|_| depth < limits::DEPTH_MAX) {
            let before = self.diagnostics.len();
            let statement = self.block_by_parts(slice, body, depth);
            if self.diagnostics.len() == before {
                wrong.into_iter().for_each(|wrong| self.say(*wrong));
            }
            return statement;
        }
        if let Some(wrong) = wrong {
            self.brace_expected = mistakes::is_brace_on_next_line(&wrong);
            self.say(*wrong);
        }
        self.broken(slice)
    }

    /// A statement read in one go.
    fn whole_statement(&self, slice: Slice) -> Built<Stmt<'a>> {
        let Slice { gap, start, end, .. } = slice;
        if let Some(statement) = quick::statement(self.file, self.text, gap, start..end) {
            return Ok(statement);
        }
        let builder = Builder { file: self.file, whole: self.text, base: start };
        let text = self.text.get(start..end).unwrap_or("");
        match PlanParser::parse(Rule::single, text) {
            Ok(read) => builder.statements(read, gap).and_then(|list| {
                list.into_iter().next().ok_or_else(|| crate::bug!("a statement without a statement"))
            }),
            Err(error) => Err(self.explain(start, end, &error)),
        }
    }

    /// A block with something wrong in it, or whose brackets are wrong: head and statements apart.
    fn block_by_parts(&mut self, slice: Slice, body: Body, depth: usize) -> Stmt<'a> {
        let head = self.head(slice.start, body.open);
        // A brace alone inside of wrong brackets has been complained of enough.
        let lone_brace = slice.flawed && slice.start == body.open;
        if let Err(wrong) = &head
            && !lone_brace
        {
            self.say(*wrong.clone());
        }
        let mut statements = Vec::new();
        for inner in split::split_body(self.text, body, self.missing) {
            statements.push(self.statement(inner, depth + 1));
        }
        let closed = self.text.as_bytes().get(body.close) == Some(&b'}');
        let end = if closed { body.close + 1 } else { body.close };
        let next = scan::skip_trivia(self.text.as_bytes(), end, slice.end);
        if !slice.flawed && next < slice.end {
            let end = next + scan::char_length(self.text, next);
            self.say(brackets::two_on_a_line(self.span(next, end)));
        }
        let Ok((kind, labels)) = head else { return self.broken(slice) };
        let braces = self.span(body.open, end);
        let block = Block { kind, labels, body: statements, braces };
        let doc = scan::docs(self.text, slice.gap, slice.start);
        Stmt { kind: StmtKind::Block(block), doc, span: self.span(slice.start, end) }
    }

    /// The opening line of a block, from its kind to its brace.
    fn head(&self, start: usize, open: usize) -> Built<(Name<'a>, Vec<Value<'a>>)> {
        let text = self.text.get(start..=open).unwrap_or("");
        let builder = Builder { file: self.file, whole: self.text, base: start };
        match PlanParser::parse(Rule::head, text) {
            Ok(read) => builder.head(read),
            Err(error) => Err(self.explain(start, open + 1, &error)),
        }
    }

    fn broken(&self, slice: Slice) -> Stmt<'a> {
        let (mut kind, mut name) = self.first_words(slice);
        // A text of several lines that is not closed has swallowed what followed, and nobody knows what.
        let swallows = |text: &str| text.matches("\"\"\"").count() % 2 == 1;
        if slice.flawed && self.text.get(slice.start..slice.end).is_some_and(swallows) {
            (kind, name) = (None, None);
        }
        Stmt {
            kind: StmtKind::Broken { kind, name },
            doc: scan::docs(self.text, slice.gap, slice.start),
            span: self.span(slice.start, slice.end),
        }
    }

    /// The first two words of a statement, the second only if it follows the first with space between.
    fn first_words(&self, slice: Slice) -> (Option<Name<'a>>, Option<Name<'a>>) {
        let first = self.word_at(slice.start);
        let second = first.and_then(|first| {
            let end = first.span.end as usize;
            let rest = self.text.get(end..slice.end)?;
            let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if space == 0 { None } else { self.word_at(end + space) }
        });
        (first, second)
    }

    fn word_at(&self, start: usize) -> Option<Name<'a>> {
        let rest = self.text.get(start..)?;
        let text = mistakes::word(rest)?;
        Some(Name { text, span: self.span(start, start + text.len()) })
    }

    fn explain(&self, start: usize, end: usize, error: &pest::error::Error<Rule>) -> Box<Diagnostic> {
        Box::new(Failure { file: self.file, text: self.text, start, end }.explain(error))
    }

    /// Keeps a diagnostic while there is room.
    fn say(&mut self, wrong: Diagnostic) {
        if self.diagnostics.len() < limits::DIAGNOSTICS_MAX {
            self.diagnostics.push(wrong);
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(start), offset(end))
    }
}
