//! Which statements of a body fit on one line, and where the `=` and `{` of neighbouring lines stand.
//! Decided from widths alone and before anything is padded, so that a second run decides the same.

use crate::syntax::ast::{Block, Stmt, StmtKind, Value, ValueKind};
use crate::syntax::scan::Comment;

use super::inline::Inline;

/// Columns of a line.
pub(super) const WIDTH: usize = 100;
/// Columns of a level.
pub(super) const STEP: usize = 2;
/// Names whose widths differ by more are not aligned: the gap would tear key and value apart.
const PADDING_MAX: usize = 16;

/// The source with its comments, and what can be asked of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) inline: Inline<'a>,
    pub(super) comments: &'a [Comment],
}

impl Ground<'_> {
    /// Whether a comment begins in the range.
    pub(super) fn has_comment(&self, start: u32, end: u32) -> bool {
        let first = self.comments.partition_point(|comment| comment.start < start as usize);
        self.comments.get(first).is_some_and(|comment| comment.start < end as usize)
    }

    /// Whether a newline stands in the range.
    pub(super) fn has_newline(&self, start: u32, end: u32) -> bool {
        let range = self.inline.text.get(start as usize..end as usize).unwrap_or("");
        memchr::memchr(b'\n', range.as_bytes()).is_some()
    }

    /// Whether a value is written on one line, or has nothing inside to put on another.
    pub(super) fn is_flat(&self, value: &Value<'_>) -> bool {
        let (start, end) = (value.span.start, value.span.end);
        let empty = match &value.kind {
            ValueKind::List(values) => values.is_empty(),
            ValueKind::Call { args, .. } => args.is_empty(),
            ValueKind::Tagged { body, .. } => body.is_empty(),
            ValueKind::Text(_)
            | ValueKind::Int(_)
            | ValueKind::Duration(_)
            | ValueKind::Size(_)
            | ValueKind::Percent(_)
            | ValueKind::Instant(_)
            | ValueKind::Bool(_)
            | ValueKind::Word(_)
            | ValueKind::Path(_) => false,
        };
        !self.has_newline(start, end) || (empty && !self.has_comment(start, end))
    }

    /// Whether a line of nothing but space stands in the range.
    pub(super) fn has_blank_line(&self, start: usize, end: usize) -> bool {
        let gap = self.inline.text.get(start..end).unwrap_or("");
        // Only what lies between two newlines is a whole line.
        let lines = gap.find('\n').zip(gap.rfind('\n')).and_then(|(first, last)| gap.get(first + 1..last));
        lines.is_some_and(|lines| lines.split('\n').any(|line| line.trim().is_empty()))
    }
}

/// What stands before the `=` or `{` of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Head {
    /// A key, or the kind of a block without labels.
    Key,
    /// Kind and labels; a list of labels with comments inside has no text.
    Labelled(Option<String>),
    /// Nothing to align: `use` and chains.
    Other,
}

/// One statement of a body.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) head: Head,
    /// Value or braces on one line; none if they are not.
    pub(super) tail: Option<String>,
    /// Columns to which the key or kind is padded.
    pub(super) first_width: usize,
    /// Columns to which the labels are padded.
    pub(super) second_width: usize,
}

/// The rows of a body `level` deep.
pub(super) fn rows(ground: &Ground<'_>, body: &[Stmt<'_>], level: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = body.iter().map(|statement| row(ground, statement, level)).collect();
    let mut start = 0;
    for at in 1..=rows.len() {
        if at < rows.len() && joined(ground, body, &rows, at) {
            continue;
        }
        if let Some(run) = rows.get_mut(start..at) {
            align(run);
        }
        start = at;
    }
    rows
}

fn row(ground: &Ground<'_>, statement: &Stmt<'_>, level: usize) -> Row {
    let mut tail = String::new();
    let (head, first, second, flat) = match &statement.kind {
        StmtKind::Assign(assign) => {
            let flat = ground.is_flat(&assign.value);
            if flat {
                tail.push_str("= ");
                ground.inline.value(&mut tail, &assign.value);
            }
            (Head::Key, width(assign.name.text), 0, flat)
        }
        StmtKind::Block(block) => {
            let empty = block.body.is_empty();
            let flat = empty || !ground.has_newline(block.braces.start, block.braces.end);
            if flat {
                ground.inline.body(&mut tail, &block.body);
            }
            let labels = labels(ground, block);
            let second = labels.as_ref().map_or(0, |labels| width(labels));
            let head = if block.labels.is_empty() { Head::Key } else { Head::Labelled(labels) };
            (head, width(block.kind.text), second, flat)
        }
        StmtKind::Use(_) | StmtKind::Chain(_) | StmtKind::Broken { .. } => (Head::Other, 0, 0, false),
    };
    let columns = level * STEP + first + usize::from(second > 0) + second + 1 + width(&tail);
    let span = statement.span;
    let fits = flat && columns <= WIDTH && !ground.has_comment(span.start, span.end);
    Row { head, tail: fits.then_some(tail), first_width: first, second_width: second }
}

/// The labels of a block on one line; none if a comment is among them.
fn labels(ground: &Ground<'_>, block: &Block<'_>) -> Option<String> {
    if ground.has_comment(block.kind.span.end, block.braces.start) {
        return None;
    }
    let mut text = String::new();
    for (at, label) in block.labels.iter().enumerate() {
        text.push_str(if at > 0 { " " } else { "" });
        ground.inline.value(&mut text, label);
    }
    Some(text)
}

/// Whether the statement at `at` is aligned with the one before: both of one form, that one on one
/// line, and nothing between them.
fn joined(ground: &Ground<'_>, body: &[Stmt<'_>], rows: &[Row], at: usize) -> bool {
    let (Some(before), Some(this)) = (body.get(at - 1), body.get(at)) else { return false };
    let (Some(before_row), Some(row)) = (rows.get(at - 1), rows.get(at)) else { return false };
    let one_form = match (&before_row.head, &row.head) {
        (Head::Key, Head::Key) => true,
        (Head::Labelled(one), Head::Labelled(two)) => one.is_some() && two.is_some(),
        (Head::Key | Head::Labelled(_) | Head::Other, _) => false,
    };
    let (from, to) = (before.span.end as usize, this.span.start as usize);
    let first = ground.comments.partition_point(|comment| comment.start < from);
    let own_line = ground.comments.get(first..).unwrap_or_default().iter();
    let between = own_line.take_while(|comment| comment.start < to).any(|comment| comment.own_line);
    one_form && before_row.tail.is_some() && !between && !ground.has_blank_line(from, to)
}

/// Gives the rows of a run one width, unless theirs differ too much.
fn align(run: &mut [Row]) {
    let spread = |of: fn(&Row) -> usize| {
        let most = run.iter().map(of).max().unwrap_or(0);
        let least = run.iter().map(of).min().unwrap_or(0);
        (most - least <= PADDING_MAX).then_some(most)
    };
    let Some((first, second)) = spread(|row| row.first_width).zip(spread(|row| row.second_width)) else {
        return;
    };
    for row in run {
        row.first_width = first;
        row.second_width = second;
    }
}

/// Columns of a text.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
