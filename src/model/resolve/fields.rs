//! One block read against its kind of the schema: every key known, said once, of its type, and the
//! required ones there. What is wrong is reported here, so that readers of a `Fields` need not ask.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::{time, words};
use crate::schema::{self, Key, Kind, Need, OneOf};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Assign, Block, Link, Name, Stmt, StmtKind, Value, ValueKind};

use super::context::Context;
use super::shape;

/// A block inside another, of a kind that may stand there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'t> {
    /// Its kind.
    pub(super) kind: &'static Kind,
    /// Its labels and body.
    pub(super) block: &'t Block<'t>,
    /// The statement, for its doc comment and its place.
    pub(super) stmt: &'t Stmt<'t>,
}

impl<'t> Part<'t> {
    /// Its doc comment in one text.
    pub(super) fn doc(&self) -> String {
        self.stmt.doc.join("\n")
    }

    /// Its body, read.
    pub(super) fn read(&self, context: &mut Context, name: Option<Name<'t>>) -> Fields<'t> {
        let heading =
            Heading { kind: self.kind, name, span: name.map_or(self.block.kind.span, |name| name.span) };
        Fields::read(context, heading, &self.block.body)
    }
}

/// Whose keys are read, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heading<'t> {
    /// The kind.
    pub(super) kind: &'static Kind,
    /// The block's name, if it has one.
    pub(super) name: Option<Name<'t>>,
    /// Where what is missing is reported.
    pub(super) span: Span,
}

impl Heading<'_> {
    /// ``check `sql_up` `` or `` `reprotect` ``.
    pub(super) fn subject(&self) -> String {
        match self.name {
            Some(name) => format!("{} `{}`", self.kind.word, name.text),
            None => format!("`{}`", self.kind.word),
        }
    }
}

/// The well-formed content of a block.
#[derive(Debug)]
pub(super) struct Fields<'t> {
    pub(super) heading: Heading<'t>,
    said: Vec<Said<'t>>,
    /// Blocks that may stand here several times, in order.
    pub(super) parts: Vec<Part<'t>>,
    once: Vec<Part<'t>>,
    /// Keys whose names the plan chooses, each once.
    pub(super) open: Vec<(Name<'t>, &'t Value<'t>)>,
    open_seen: HashMap<&'t str, Span>,
    /// Arrows, in an `order`.
    pub(super) chains: Vec<&'t [Link<'t>]>,
    /// Kind and name of statements with a syntax error, and of blocks that cannot stand here.
    pub(super) broken: Vec<(Option<Name<'t>>, Option<Name<'t>>)>,
}

#[derive(Debug)]
struct Said<'t> {
    key: &'static Key,
    name: Name<'t>,
    /// Nothing where the value is not of the key's type.
    value: Option<&'t Value<'t>>,
}

impl<'t> Fields<'t> {
    /// Reads the body of a block.
    pub(super) fn read(context: &mut Context, heading: Heading<'t>, body: &'t [Stmt<'t>]) -> Self {
        let mut fields = Self {
            heading,
            said: Vec::new(),
            parts: Vec::new(),
            once: Vec::new(),
            open: Vec::new(),
            open_seen: HashMap::new(),
            chains: Vec::new(),
            broken: Vec::new(),
        };
        // Keys that a misspelt word probably meant: not reported as missing too.
        let mut meant: Vec<&'static str> = Vec::new();
        for stmt in body {
            match &stmt.kind {
                StmtKind::Assign(assign) => fields.assign(context, assign, &mut meant),
                StmtKind::Block(block) => fields.block(context, block, stmt),
                StmtKind::Chain(links) => fields.chain(context, links, stmt.span),
                StmtKind::Use(_) if heading.kind.word == FILE.word => {}
                StmtKind::Use(_) => context.report(
                    Diagnostic::error(
                        codes::WRONG_PLACE,
                        "`use` stands in a file, outside every block",
                        stmt.span,
                    )
                    .help("move it to the top of the file"),
                ),
                StmtKind::Broken { kind, name } => fields.broken.push((*kind, *name)),
            }
        }
        fields.check_missing(context, &meant);
        fields
    }

    fn assign(&mut self, context: &mut Context, assign: &'t Assign<'t>, meant: &mut Vec<&'static str>) {
        let kind = self.heading.kind;
        let name = assign.name;
        if let Some(key) = kind.key(name.text) {
            if let Some(first) = self.said.iter().find(|said| said.key.word == key.word) {
                return context.report(said_twice(name, first.name.span));
            }
            let fits = shape::check(context, key.word, &key.ty, &assign.value);
            self.said.push(Said { key, name, value: fits.then_some(&assign.value) });
        } else if let Some(open) = &kind.open {
            if let Some(first) = self.open_seen.get(name.text) {
                return context.report(said_twice(name, *first));
            }
            self.open_seen.insert(name.text, name.span);
            if shape::check(context, name.text, &open.ty, &assign.value) {
                self.open.push((name, &assign.value));
            }
        } else {
            self.unknown_key(context, name, meant);
        }
    }

    fn unknown_key(&self, context: &mut Context, name: Name<'t>, meant: &mut Vec<&'static str>) {
        let kind = self.heading.kind;
        if let Some(inner) = schema::kind_in(kind.word, name.text) {
            let shown = match inner.labels {
                schema::Labels::None => format!("{} {{ … }}", inner.word),
                schema::Labels::Name | schema::Labels::Names => format!("{} name {{ … }}", inner.word),
                schema::Labels::Groups => format!("{} [a, b] {{ … }}", inner.word),
            };
            return context.report(
                Diagnostic::error(
                    codes::WRONG_TYPE,
                    format!("`{}` is a block, not a key", name.text),
                    name.span,
                )
                .help(format!("write `{shown}`")),
            );
        }
        let near = words::nearest(name.text, kind.keys.iter().map(|key| key.word));
        meant.extend(near);
        let message = format!("unknown key `{}` in {}", name.text, self.heading.subject());
        let known: Vec<&str> = kind.keys.iter().map(|key| key.word).collect();
        let listed = match known.as_slice() {
            [] => format!("`{}` has no keys", kind.word),
            [..] => format!("`{}` has {}", kind.word, words::list(&known, 20)),
        };
        let help = context.nearest(name.text, known.iter().copied()).unwrap_or(listed);
        context.report(Diagnostic::error(codes::UNKNOWN_KEY, message, name.span).help(help));
    }

    fn block(&mut self, context: &mut Context, block: &'t Block<'t>, stmt: &'t Stmt<'t>) {
        let parent = self.heading.kind;
        let word = block.kind;
        let Some(kind) = schema::kind_in(parent.word, word.text) else {
            // The names that it would have declared are not unknown elsewhere.
            self.broken.push((Some(word), block.labels.first().and_then(shape::name)));
            return self.unknown_block(context, word);
        };
        let part = Part { kind, block, stmt };
        if kind.labels != schema::Labels::None || kind.repeats {
            self.parts.push(part);
        } else if let Some(first) = self.part(kind.word) {
            return context.report(said_twice(word, first.block.kind.span));
        } else {
            self.once.push(part);
        }
        if kind.labels == schema::Labels::None
            && let Some(label) = block.labels.first()
        {
            context.report(
                Diagnostic::error(codes::LABEL, format!("`{}` has no name", kind.word), label.span)
                    .help(format!("write `{} {{ … }}`", kind.word)),
            );
        }
    }

    fn unknown_block(&self, context: &mut Context, word: Name<'t>) {
        let parent = self.heading.kind;
        let place = if parent.word == FILE.word { "a file".to_owned() } else { self.heading.subject() };
        if let Some(key) = parent.key(word.text) {
            let message = format!("`{}` is a key, not a block", word.text);
            let help = format!("write `{} = …` with {}", word.text, key.ty.wanted());
            return context.report(Diagnostic::error(codes::WRONG_TYPE, message, word.span).help(help));
        }
        if let Some(kind) = schema::kind(word.text) {
            let places: Vec<&str> = kind.places.to_vec();
            let place =
                if parent.word == FILE.word { "the file outside of every block" } else { place.as_str() };
            let message = format!("`{}` does not belong in {place}", word.text);
            let help = format!("it belongs in {}", words::either(&places, 6));
            return context.report(Diagnostic::error(codes::WRONG_PLACE, message, word.span).help(help));
        }
        let known: Vec<&str> = schema::words_in(parent.word).collect();
        let listed = format!("{place} holds {}", words::list(&known, 20));
        let help = context.nearest(word.text, known.iter().copied()).unwrap_or(listed);
        let message = format!("unknown kind of block `{}` in {place}", word.text);
        context.report(Diagnostic::error(codes::UNKNOWN_KIND, message, word.span).help(help));
    }

    fn chain(&mut self, context: &mut Context, links: &'t [Link<'t>], span: Span) {
        if self.heading.kind.word == "order" {
            return self.chains.push(links);
        }
        context.report(
            Diagnostic::error(codes::WRONG_PLACE, "arrows stand in an `order` block", span)
                .help("write `order { … }` around them"),
        );
    }

    fn check_missing(&self, context: &mut Context, meant: &[&str]) {
        let kind = self.heading.kind;
        let excused = |word: &str| {
            meant.contains(&word)
                || self.broken.iter().any(|(kind, _)| kind.is_none_or(|kind| kind.text == word))
                || self.said.iter().any(|said| said.key.word == word)
        };
        for key in kind.keys {
            if key.need == Need::Required && !excused(key.word) {
                context.report(
                    Diagnostic::error(
                        codes::MISSING_KEY,
                        format!("{} has no `{}`", self.heading.subject(), key.word),
                        self.heading.span,
                    )
                    .help(format!(
                        "add `{} = …`, {}: {}",
                        key.word,
                        key.ty.wanted(),
                        key.doc
                    )),
                );
            }
        }
        let Some(OneOf::Exactly(set) | OneOf::AtLeast(set)) = kind.one_of else { return };
        let said: Vec<&Said<'_>> = self.said.iter().filter(|said| set.contains(&said.key.word)).collect();
        match (said.as_slice(), kind.one_of) {
            ([], _) if set.iter().any(|word| excused(word)) => {}
            ([], _) => context.report(
                Diagnostic::error(
                    codes::MISSING_KEY,
                    format!("{} has none of {}", self.heading.subject(), words::list(set, 6)),
                    self.heading.span,
                )
                .help(format!("add one of {}", words::list(set, 6))),
            ),
            ([first, second, ..], Some(OneOf::Exactly(_))) => context.report(
                Diagnostic::error(
                    codes::EXCLUSIVE,
                    format!(
                        "{} has both `{}` and `{}`",
                        self.heading.subject(),
                        first.name.text,
                        second.name.text
                    ),
                    second.name.span,
                )
                .at(first.name.span, "first here")
                .help("keep one of them"),
            ),
            ([_, ..], _) => {}
        }
    }

    /// The value of a key, if it was said and is of its type.
    pub(super) fn value(&self, word: &str) -> Option<&'t Value<'t>> {
        // Words of readers are fixed in the program: tests meet all of them, a run need not ask again.
        if cfg!(debug_assertions) && self.heading.kind.key(word).is_none() {
            crate::bug!("`{}` has no key `{word}`", self.heading.kind.word);
        }
        self.said.iter().find(|said| said.key.word == word)?.value
    }

    /// Where a key was said, right or wrong.
    pub(super) fn place(&self, word: &str) -> Option<Span> {
        self.said.iter().find(|said| said.key.word == word).map(|said| said.name.span)
    }

    /// A duration, or the default of the schema.
    pub(super) fn duration(&self, word: &str) -> Option<Duration> {
        match self.value(word) {
            Some(Value { kind: ValueKind::Duration(duration), .. }) => Some(*duration),
            Some(_) | None => time::parse_duration(self.default(word)?).ok(),
        }
    }

    /// A number, or the default of the schema.
    pub(super) fn int(&self, word: &str) -> Option<u32> {
        match self.value(word) {
            Some(Value { kind: ValueKind::Int(number), .. }) => u32::try_from(*number).ok(),
            Some(_) | None => self.default(word)?.parse().ok(),
        }
    }

    /// `true` or `false`, or the default of the schema.
    pub(super) fn flag(&self, word: &str) -> Option<bool> {
        match self.value(word) {
            Some(Value { kind: ValueKind::Bool(flag), .. }) => Some(*flag),
            Some(_) | None => Some(self.default(word)? == "true"),
        }
    }

    /// A word, or the default of the schema.
    pub(super) fn word(&self, word: &str) -> Option<&'t str> {
        match self.value(word) {
            Some(Value { kind: ValueKind::Word(said), .. }) => Some(said),
            Some(_) | None => self.default(word),
        }
    }

    /// The words of a list, or of its default; nothing if there is neither.
    pub(super) fn words(&self, word: &str) -> Option<Vec<String>> {
        if let Some(value) = self.value(word) {
            return Some(shape::each(value).iter().filter_map(shape::label).collect());
        }
        let listed = self.default(word)?.trim_matches(['[', ']']);
        Some(listed.split(", ").map(str::to_owned).collect())
    }

    /// A text without holes.
    pub(super) fn text(&self, word: &str) -> Option<String> {
        self.value(word).and_then(shape::plain_text)
    }

    /// A name with its place.
    pub(super) fn name(&self, word: &str) -> Option<Name<'t>> {
        self.value(word).and_then(shape::name)
    }

    /// The block of a kind that stands here at most once.
    pub(super) fn part(&self, word: &str) -> Option<Part<'t>> {
        self.once.iter().find(|part| part.kind.word == word).copied()
    }

    fn default(&self, word: &str) -> Option<&'static str> {
        match self.heading.kind.key(word)?.need {
            Need::Default(text) => Some(text),
            Need::Required | Need::Optional(_) => None,
        }
    }
}

/// The file itself, as a kind.
pub(super) static FILE: Kind = Kind { word: "file", ..Kind::EMPTY };

fn said_twice(again: Name<'_>, first: Span) -> Diagnostic {
    Diagnostic::error(codes::DUPLICATE_KEY, format!("`{}` is said twice", again.text), again.span)
        .labelled("again here")
        .at(first, "first here")
        .help("keep one of them")
}
