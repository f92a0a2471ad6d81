//! From pest's pairs to the tree. Pairs of one slice in, nodes with spans in the whole file out.

use pest::iterators::{Pair, Pairs};

use crate::base::limits;
use crate::bug;
use crate::source::codes::syntax as codes;
use crate::source::{Diagnostic, FileId, Span};

use super::ast::{Arg, Assign, Block, Link, Name, Stmt, StmtKind, Value, ValueKind};
use super::grammar::Rule;
use super::{literal, scan, text};

/// What building one node gives; the diagnostic is boxed as it is the rare case.
pub(super) type Built<T> = Result<T, Box<Diagnostic>>;

/// Builds nodes of one slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Builder<'a> {
    /// The file of all spans.
    pub(super) file: FileId,
    /// The whole text, for doc comments.
    pub(super) whole: &'a str,
    /// Where the slice begins in it.
    pub(super) base: usize,
}

impl<'a> Builder<'a> {
    /// The statements among `pairs`, which begin at `gap` in the whole text or after it.
    pub(super) fn statements(self, pairs: Pairs<'a, Rule>, mut gap: usize) -> Built<Vec<Stmt<'a>>> {
        let mut statements = Vec::with_capacity(pairs.len());
        for pair in pairs {
            if matches!(pair.as_rule(), Rule::headed | Rule::joined | Rule::use_file) {
                let statement = self.statement(pair, gap)?;
                gap = statement.span.end as usize;
                statements.push(statement);
            }
        }
        Ok(statements)
    }

    /// One statement; the trivia before it begins at `gap`.
    fn statement(self, pair: Pair<'a, Rule>, gap: usize) -> Built<Stmt<'a>> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::use_file => StmtKind::Use(self.only_value(pair.into_inner())?),
            Rule::joined => StmtKind::Chain(self.links(pair.into_inner())?),
            _ => self.headed(pair)?,
        };
        Ok(Stmt { kind, doc: scan::docs(self.whole, gap, span.start as usize), span })
    }

    /// A statement that begins with a name; its second part tells what it is.
    fn headed(self, pair: Pair<'a, Rule>) -> Built<StmtKind<'a>> {
        let mut parts = pair.clone().into_inner();
        let Some(first) = parts.next() else { bug!("a statement without a head") };
        let second = next(&mut parts.clone()).map(|second| second.as_rule());
        match second {
            Some(Rule::arrow) => self.links(pair.into_inner()).map(StmtKind::Chain),
            Some(Rule::body | Rule::name | Rule::names) => self.block(&first, parts).map(StmtKind::Block),
            Some(Rule::text) if has_body(&parts) => self.block(&first, parts).map(StmtKind::Block),
            _ => {
                let name = self.name(&first)?;
                Ok(StmtKind::Assign(Assign { name, value: self.only_value(parts)? }))
            }
        }
    }

    fn block(self, kind: &Pair<'a, Rule>, parts: Pairs<'a, Rule>) -> Built<Block<'a>> {
        let kind = self.name(kind)?;
        let mut labels = Vec::with_capacity(parts.len().saturating_sub(1));
        for part in parts {
            match part.as_rule() {
                Rule::body => {
                    let braces = self.span(&part);
                    let body = self.statements(part.into_inner(), braces.start as usize + 1)?;
                    return Ok(Block { kind, labels, body, braces });
                }
                Rule::comment => {}
                _ => labels.push(self.label(part)?),
            }
        }
        bug!("a block without a body")
    }

    /// The name, and the labels, of the opening line of a block.
    pub(super) fn head(self, mut parts: Pairs<'a, Rule>) -> Built<(Name<'a>, Vec<Value<'a>>)> {
        let Some(kind) = parts.next() else { bug!("a head without a name") };
        let labels = parts
            .filter(|part| !matches!(part.as_rule(), Rule::EOI | Rule::comment))
            .map(|part| self.label(part))
            .collect::<Built<_>>()?;
        Ok((self.name(&kind)?, labels))
    }

    fn label(self, part: Pair<'a, Rule>) -> Built<Value<'a>> {
        let span = self.span(&part);
        let kind = match part.as_rule() {
            Rule::name => ValueKind::Word(self.referable(&part)?.text),
            Rule::text => ValueKind::Text(text::parts(part.as_str(), span)?),
            _ => ValueKind::List(
                self.names(part)?
                    .into_iter()
                    .map(|name| Value { kind: ValueKind::Word(name.text), span: name.span })
                    .collect(),
            ),
        };
        Ok(Value { kind, span })
    }

    fn links(self, parts: Pairs<'a, Rule>) -> Built<Vec<Link<'a>>> {
        let mut links = Vec::with_capacity(parts.len() / 2 + 1);
        for part in parts {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::name => links.push(Link { names: vec![self.referable(&part)?], list: false, span }),
                Rule::names => links.push(Link { names: self.names(part)?, list: true, span }),
                _ => {}
            }
        }
        Ok(links)
    }

    fn names(self, list: Pair<'a, Rule>) -> Built<Vec<Name<'a>>> {
        list.into_inner()
            .filter(|part| part.as_rule() == Rule::name)
            .map(|part| self.referable(&part))
            .collect()
    }

    /// A name that values refer to, so no value itself.
    fn referable(self, pair: &Pair<'a, Rule>) -> Built<Name<'a>> {
        let name = self.name(pair)?;
        if matches!(name.text, "true" | "false") {
            let message = format!("`{}` is a value and no name", name.text);
            let wrong = Diagnostic::error(codes::BAD_NAME, message, name.span);
            return Err(Box::new(wrong.help("choose another name")));
        }
        Ok(name)
    }

    /// A word with its place.
    fn name(self, pair: &Pair<'a, Rule>) -> Built<Name<'a>> {
        let (text, span) = (pair.as_str(), self.span(pair));
        if text.len() > limits::NAME_CHARS_MAX && text.chars().count() > limits::NAME_CHARS_MAX {
            return Err(too_long(text, span));
        }
        Ok(Name { text, span })
    }

    /// The one value among `parts`.
    pub(super) fn only_value(self, mut parts: Pairs<'a, Rule>) -> Built<Value<'a>> {
        let Some(first) = next(&mut parts) else { bug!("no value where the grammar has one") };
        self.value(first, &mut parts)
    }

    /// The value that begins with `first`; its tail, if it has one, is taken from `rest`.
    fn value(self, first: Pair<'a, Rule>, rest: &mut Pairs<'a, Rule>) -> Built<Value<'a>> {
        let span = self.span(&first);
        let kind = match first.as_rule() {
            Rule::word => return self.worded(&first, rest),
            Rule::quantity => literal::quantity(first.as_str(), span)?,
            Rule::text => ValueKind::Text(text::parts(first.as_str(), span)?),
            _ => ValueKind::List(self.list(first.into_inner())?),
        };
        Ok(Value { kind, span })
    }

    fn list(self, mut parts: Pairs<'a, Rule>) -> Built<Vec<Value<'a>>> {
        let mut values = Vec::with_capacity(parts.len());
        while let Some(part) = next(&mut parts) {
            values.push(self.value(part, &mut parts)?);
        }
        Ok(values)
    }

    /// A word, a path, a call, or a word with a block.
    fn worded(self, first: &Pair<'a, Rule>, rest: &mut Pairs<'a, Rule>) -> Built<Value<'a>> {
        let name = self.name(first)?;
        let tail = match rest.peek().map(|tail| tail.as_rule()) {
            Some(Rule::dots | Rule::arguments | Rule::body) => rest.next(),
            _ => None,
        };
        let Some(tail) = tail else {
            let kind = match name.text {
                "true" => ValueKind::Bool(true),
                "false" => ValueKind::Bool(false),
                word => ValueKind::Word(word),
            };
            return Ok(Value { kind, span: name.span });
        };
        let tail_span = self.span(&tail);
        let kind = match tail.as_rule() {
            Rule::dots => ValueKind::Path(self.path(name, tail.as_str())?),
            Rule::arguments => ValueKind::Call { name, args: self.arguments(tail.into_inner())? },
            _ => {
                let body = self.statements(tail.into_inner(), tail_span.start as usize + 1)?;
                ValueKind::Tagged { name, body, braces: tail_span }
            }
        };
        Ok(Value { kind, span: name.span.to(tail_span) })
    }

    /// `first` and the words of `.address.port`.
    fn path(self, first: Name<'a>, dots: &'a str) -> Built<Vec<Name<'a>>> {
        let mut at = first.span.end;
        let mut names = vec![first];
        for text in dots.split('.').skip(1) {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let span = Span::new(self.file, at + 1, at + 1 + length);
            if text.chars().count() > limits::NAME_CHARS_MAX {
                return Err(too_long(text, span));
            }
            names.push(Name { text, span });
            at = span.end;
        }
        Ok(names)
    }

    fn arguments(self, mut parts: Pairs<'a, Rule>) -> Built<Vec<Arg<'a>>> {
        let mut arguments = Vec::with_capacity(parts.len());
        while let Some(part) = next(&mut parts) {
            let named = part.as_rule() == Rule::word
                && parts.peek().is_some_and(|sign| sign.as_rule() == Rule::equals);
            if !named {
                arguments.push(Arg { name: None, value: self.value(part, &mut parts)? });
                continue;
            }
            let name = Some(self.name(&part)?);
            parts.next();
            let Some(first) = next(&mut parts) else { bug!("a named argument without a value") };
            arguments.push(Arg { name, value: self.value(first, &mut parts)? });
        }
        Ok(arguments)
    }

    fn span(self, pair: &Pair<'a, Rule>) -> Span {
        let inner = pair.as_span();
        let offset = |at: usize| u32::try_from(self.base + at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(inner.start()), offset(inner.end()))
    }
}

/// The next part that is no comment.
fn next<'a>(parts: &mut Pairs<'a, Rule>) -> Option<Pair<'a, Rule>> {
    parts.find(|part| !matches!(part.as_rule(), Rule::comment | Rule::EOI))
}

fn has_body(parts: &Pairs<'_, Rule>) -> bool {
    parts.clone().next_back().is_some_and(|last| last.as_rule() == Rule::body)
}

fn too_long(text: &str, span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            codes::BAD_NAME,
            format!(
                "the name is {} characters long, at most {} are allowed",
                text.chars().count(),
                limits::NAME_CHARS_MAX
            ),
            span,
        )
        .help("shorten the name"),
    )
}
