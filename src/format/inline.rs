//! Nodes on one line. Nodes without a newline or comment inside in, their canonical text out.

use crate::source::Span;
use crate::syntax::ast::{Arg, Link, Name, Stmt, StmtKind, Value, ValueKind};

/// Writes nodes on one line; numbers and texts as they stand in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inline<'a> {
    pub(super) text: &'a str,
}

impl<'a> Inline<'a> {
    /// The source of a span.
    pub(super) fn source(self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// `rto = 2h`, `vm sql01 { os = windows }`, `db -> app`
    pub(super) fn statement(self, out: &mut String, statement: &Stmt<'_>) {
        match &statement.kind {
            StmtKind::Use(value) => {
                out.push_str("use ");
                self.value(out, value);
            }
            StmtKind::Assign(assign) => {
                out.push_str(assign.name.text);
                out.push_str(" = ");
                self.value(out, &assign.value);
            }
            StmtKind::Block(block) => {
                out.push_str(block.kind.text);
                for label in &block.labels {
                    out.push(' ');
                    self.value(out, label);
                }
                out.push(' ');
                self.body(out, &block.body);
            }
            StmtKind::Chain(links) => {
                for (at, link) in links.iter().enumerate() {
                    out.push_str(if at > 0 { " -> " } else { "" });
                    self.link(out, link);
                }
            }
            StmtKind::Broken { .. } => out.push_str(self.source(statement.span)),
        }
    }

    /// `{ os = windows, optional = true }`, `{ }`
    pub(super) fn body(self, out: &mut String, body: &[Stmt<'_>]) {
        out.push_str("{ ");
        for (at, statement) in body.iter().enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            self.statement(out, statement);
        }
        out.push_str(if body.is_empty() { "}" } else { " }" });
    }

    /// `db`, `[app01, app02]`
    pub(super) fn link(self, out: &mut String, link: &Link<'_>) {
        if link.list {
            self.names(out, &link.names);
        } else {
            link.names.iter().for_each(|name| out.push_str(name.text));
        }
    }

    fn names(self, out: &mut String, names: &[Name<'_>]) {
        out.push('[');
        for (at, name) in names.iter().enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            out.push_str(name.text);
        }
        out.push(']');
    }

    /// Any value.
    pub(super) fn value(self, out: &mut String, value: &Value<'_>) {
        match &value.kind {
            ValueKind::Text(_) => out.push_str(&self.source(value.span).replace("\r\n", "\n")),
            ValueKind::Int(_)
            | ValueKind::Duration(_)
            | ValueKind::Size(_)
            | ValueKind::Percent(_)
            | ValueKind::Instant(_)
            | ValueKind::Bool(_)
            | ValueKind::Word(_)
            | ValueKind::Path(_) => out.push_str(self.source(value.span)),
            ValueKind::List(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    self.value(out, value);
                }
                out.push(']');
            }
            ValueKind::Call { name, args } => {
                out.push_str(name.text);
                out.push('(');
                for (at, argument) in args.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    self.argument(out, argument);
                }
                out.push(')');
            }
            ValueKind::Tagged { name, body, .. } => {
                out.push_str(name.text);
                out.push(' ');
                self.body(out, body);
            }
        }
    }

    /// `max_age = 1h`, `"NAME"`
    pub(super) fn argument(self, out: &mut String, argument: &Arg<'_>) {
        if let Some(name) = argument.name {
            out.push_str(name.text);
            out.push_str(" = ");
        }
        self.value(out, &argument.value);
    }
}
