//! The printer: walks the tree in source order and puts every comment where it was met, at the end of
//! a line or on its own. A comment forces a newline after it and nothing else.

use crate::syntax::ast::{Arg, Assign, Block, File, Link, Stmt, StmtKind, Value, ValueKind};
use crate::syntax::scan::{self, Comment};

use super::inline::Inline;
use super::layout::{self, Ground, Head, Row, STEP, WIDTH, width};

/// The canonical text of a tree without broken statements.
pub(super) fn print(text: &str, file: &File<'_>) -> String {
    let comments = scan::comments(text);
    let ground = Ground { inline: Inline { text }, comments: &comments };
    let mut printer = Printer {
        ground,
        comments: &comments,
        out: String::with_capacity(text.len() + text.len() / 8),
        level: 0,
        line_due: false,
        opened: true,
        commented: false,
        printed_to: 0,
    };
    printer.body(&file.items, text.len());
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

struct Printer<'a> {
    ground: Ground<'a>,
    /// Those not printed yet.
    comments: &'a [Comment],
    out: String,
    level: usize,
    /// Whether a newline comes before the next thing printed.
    line_due: bool,
    /// Whether nothing was printed since an opening bracket or the start, so that no blank line follows.
    opened: bool,
    /// Whether the line ends with a comment.
    commented: bool,
    /// The source up to here is printed.
    printed_to: usize,
}

impl Printer<'_> {
    fn body(&mut self, body: &[Stmt<'_>], end: usize) {
        let rows = layout::rows(&self.ground, body, self.level);
        for (statement, row) in body.iter().zip(rows) {
            self.comments_before(statement.span.start as usize);
            self.line_start(statement.span.start as usize);
            self.statement(statement, &row);
            self.printed_to = statement.span.end as usize;
            self.line_due = true;
        }
        self.comments_before(end);
    }

    fn statement(&mut self, statement: &Stmt<'_>, row: &Row) {
        match &statement.kind {
            StmtKind::Assign(assign) => self.assign(assign, row),
            StmtKind::Block(block) => self.block(block, row),
            StmtKind::Chain(links) => self.chain(links),
            StmtKind::Use(_) | StmtKind::Broken { .. } => {
                self.ground.inline.statement(&mut self.out, statement);
            }
        }
    }

    fn assign(&mut self, assign: &Assign<'_>, row: &Row) {
        self.padded(assign.name.text, row.first_width + 1);
        if let Some(tail) = &row.tail {
            self.out.push_str(tail);
            return;
        }
        self.out.push('=');
        self.value_after_sign(&assign.value);
    }

    /// A value after `=`: on the same line, unless a comment stands between.
    fn value_after_sign(&mut self, value: &Value<'_>) {
        let start = value.span.start as usize;
        self.level += 1;
        self.comments_before(start);
        if self.line_due {
            self.line_start(start);
            self.broken_value(value);
            self.level -= 1;
        } else {
            self.level -= 1;
            self.out.push(' ');
            self.broken_value(value);
        }
    }

    fn block(&mut self, block: &Block<'_>, row: &Row) {
        match &row.head {
            Head::Labelled(Some(labels)) => {
                self.padded(block.kind.text, row.first_width + 1);
                self.padded(labels, row.second_width + 1);
            }
            Head::Labelled(None) => {
                self.out.push_str(block.kind.text);
                for label in &block.labels {
                    self.out.push(' ');
                    self.element(label, "");
                }
                self.out.push(' ');
            }
            Head::Key | Head::Other => self.padded(block.kind.text, row.first_width + 1),
        }
        match &row.tail {
            Some(tail) => self.out.push_str(tail),
            None => self.braces(&block.body, block.braces.start as usize, block.braces.end as usize),
        }
    }

    /// A body on lines of its own, braces included.
    fn braces(&mut self, body: &[Stmt<'_>], start: usize, end: usize) {
        self.open('{', start);
        self.body(body, end - 1);
        self.close('}', end);
    }

    fn open(&mut self, bracket: char, start: usize) {
        self.out.push(bracket);
        self.printed_to = start + 1;
        self.level += 1;
        self.line_due = true;
        self.opened = true;
        self.commented = false;
    }

    fn close(&mut self, bracket: char, end: usize) {
        self.comments_before(end - 1);
        self.level -= 1;
        self.opened = true;
        self.line_due = true;
        self.line_start(end - 1);
        self.out.push(bracket);
        self.printed_to = end;
    }

    /// A chain keeps its line breaks, before the arrows; a line too long gets more.
    fn chain(&mut self, links: &[Link<'_>]) {
        let mut column = self.level * STEP;
        for (at, link) in links.iter().enumerate() {
            let mut text = String::new();
            self.ground.inline.link(&mut text, link);
            let start = link.span.start as usize;
            if at > 0 {
                let broken = self.ground.has_newline(self.end_of(links, at - 1), link.span.start);
                if broken || column + width(&text) + 4 > WIDTH {
                    self.level += 1;
                    self.comments_before(start);
                    self.line_due = true;
                    self.opened = true;
                    self.line_start(start);
                    self.level -= 1;
                    self.out.push_str("-> ");
                    column = (self.level + 1) * STEP + 3;
                } else {
                    self.out.push_str(" -> ");
                    column += 4;
                }
            }
            if self.ground.has_comment(link.span.start, link.span.end) {
                self.broken_names(link);
            } else {
                self.out.push_str(&text);
            }
            column += width(&text);
            self.printed_to = link.span.end as usize;
        }
    }

    fn end_of(&self, links: &[Link<'_>], at: usize) -> u32 {
        links.get(at).map_or(0, |link| link.span.end)
    }

    fn broken_names(&mut self, link: &Link<'_>) {
        self.open('[', link.span.start as usize);
        for name in &link.names {
            self.comments_before(name.span.start as usize);
            self.line_start(name.span.start as usize);
            self.out.push_str(name.text);
            self.printed_to = name.span.end as usize;
            self.line_due = true;
        }
        self.close(']', link.span.end as usize);
    }

    /// A value on a line of its own with `after` behind it: on one line if it was and fits.
    fn element(&mut self, value: &Value<'_>, after: &str) {
        if self.ground.is_flat(value) {
            let mut text = String::new();
            self.ground.inline.value(&mut text, value);
            if self.level * STEP + width(&text) + after.len() <= WIDTH {
                self.out.push_str(&text);
                self.out.push_str(after);
                return;
            }
        }
        self.broken_value(value);
        self.out.push_str(after);
    }

    /// A value that does not fit, each of its parts on a line of its own.
    fn broken_value(&mut self, value: &Value<'_>) {
        let (start, end) = (value.span.start as usize, value.span.end as usize);
        match &value.kind {
            ValueKind::List(values)
                if !values.is_empty() || self.ground.has_comment(value.span.start, value.span.end) =>
            {
                self.open('[', start);
                for value in values {
                    self.comments_before(value.span.start as usize);
                    self.line_start(value.span.start as usize);
                    self.element(value, "");
                    self.printed_to = value.span.end as usize;
                    self.line_due = true;
                }
                self.close(']', end);
            }
            ValueKind::Call { name, args }
                if !args.is_empty() || self.ground.has_comment(value.span.start, value.span.end) =>
            {
                self.out.push_str(name.text);
                self.open('(', name.span.end as usize);
                for argument in args {
                    self.argument(argument);
                }
                self.close(')', end);
            }
            ValueKind::Tagged { name, body, braces }
                if !body.is_empty() || self.ground.has_comment(braces.start, braces.end) =>
            {
                self.out.push_str(name.text);
                self.out.push(' ');
                self.braces(body, braces.start as usize, end);
            }
            ValueKind::Text(_)
            | ValueKind::Int(_)
            | ValueKind::Duration(_)
            | ValueKind::Size(_)
            | ValueKind::Percent(_)
            | ValueKind::Instant(_)
            | ValueKind::Bool(_)
            | ValueKind::Word(_)
            | ValueKind::Path(_)
            | ValueKind::List(_)
            | ValueKind::Call { .. }
            | ValueKind::Tagged { .. } => self.ground.inline.value(&mut self.out, value),
        }
    }

    fn argument(&mut self, argument: &Arg<'_>) {
        let span = argument.value.span;
        let start = argument.name.map_or(span.start, |name| name.span.start);
        self.comments_before(start as usize);
        self.line_start(start as usize);
        let mut text = String::new();
        self.ground.inline.argument(&mut text, argument);
        let flat = self.ground.is_flat(&argument.value) && !self.ground.has_comment(start, span.end);
        if flat && self.level * STEP + width(&text) < WIDTH {
            self.out.push_str(&text);
        } else if let Some(name) = argument.name {
            self.out.push_str(name.text);
            self.out.push_str(" =");
            self.value_after_sign(&argument.value);
        } else {
            self.broken_value(&argument.value);
        }
        self.out.push(',');
        self.printed_to = span.end as usize;
        self.line_due = true;
    }

    /// Prints the comments that begin before `end`: at the end of the line where they were so.
    fn comments_before(&mut self, end: usize) {
        while let Some((comment, rest)) =
            self.comments.split_first().filter(|(comment, _)| comment.start < end)
        {
            self.comments = rest;
            if comment.own_line || self.commented || self.out.is_empty() {
                self.line_due = true;
                self.line_start(comment.start);
            } else {
                self.out.push_str("  ");
            }
            self.out.push_str(self.ground.inline.text.get(comment.start..comment.end).unwrap_or(""));
            self.printed_to = comment.end;
            self.commented = true;
            self.line_due = true;
        }
    }

    /// Begins the line of what stands at `start` in the source, if a line is due; a blank line before
    /// it stays one.
    fn line_start(&mut self, start: usize) {
        if self.line_due && !self.out.is_empty() {
            if !self.opened && self.ground.has_blank_line(self.printed_to, start) {
                self.out.push('\n');
            }
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.level * STEP));
        }
        self.line_due = false;
        self.opened = false;
        self.commented = false;
    }

    /// `text`, and spaces up to `columns`.
    fn padded(&mut self, text: &str, columns: usize) {
        self.out.push_str(text);
        self.out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    }
}
