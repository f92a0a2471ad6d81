//! The tree of a plan file, as written: no name is resolved, no key is known. Borrows the text.

use std::time::Duration;

use crate::base::Timestamp;
use crate::source::Span;

/// A whole file.
#[derive(Clone, PartialEq, Debug)]
pub struct File<'a> {
    /// Its statements in order.
    pub items: Vec<Stmt<'a>>,
}

/// One statement with the `##` lines above it.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt<'a> {
    /// What it is.
    pub kind: StmtKind<'a>,
    /// The lines of its doc comment, without `##` and one space.
    pub doc: Vec<&'a str>,
    /// From its first to its last character, comments left out.
    pub span: Span,
}

/// The forms of a statement.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind<'a> {
    /// `use "contoso.muster"`
    Use(Value<'a>),
    /// `rto = 2h`
    Assign(Assign<'a>),
    /// `group db { … }`
    Block(Block<'a>),
    /// `db -> [app01, app02] -> web`
    Chain(Vec<Link<'a>>),
    /// A statement with a syntax error, its kind and name guessed from its first two words, so that
    /// the name is not reported as unknown elsewhere.
    Broken {
        /// Its first word.
        kind: Option<Name<'a>>,
        /// Its second.
        name: Option<Name<'a>>,
    },
}

/// A word with its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name<'a> {
    /// The word.
    pub text: &'a str,
    /// Where it stands.
    pub span: Span,
}

/// `name = value`
#[derive(Clone, PartialEq, Debug)]
pub struct Assign<'a> {
    /// The key.
    pub name: Name<'a>,
    /// The value.
    pub value: Value<'a>,
}

/// `kind label … { body }`
#[derive(Clone, PartialEq, Debug)]
pub struct Block<'a> {
    /// Its kind, such as `group`.
    pub kind: Name<'a>,
    /// Words, strings or lists of words between kind and brace: `vm [web01, web02] { … }`.
    pub labels: Vec<Value<'a>>,
    /// What is between the braces.
    pub body: Vec<Stmt<'a>>,
    /// From the opening to the closing brace.
    pub braces: Span,
}

/// One station of a chain: a word, or a list that is joined before the next arrow goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Link<'a> {
    /// The names; one unless `list`.
    pub names: Vec<Name<'a>>,
    /// Whether it was written in brackets.
    pub list: bool,
    /// All of it.
    pub span: Span,
}

/// A value with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Value<'a> {
    /// What it is.
    pub kind: ValueKind<'a>,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a value.
#[derive(Clone, PartialEq, Debug)]
pub enum ValueKind<'a> {
    /// `"text with ${path}"` or `"""…"""`, escapes resolved, common indentation removed.
    Text(Vec<TextPart<'a>>),
    /// `3`
    Int(u64),
    /// `1h30m`
    Duration(Duration),
    /// `64GiB`, in bytes.
    Size(u64),
    /// `80%`
    Percent(u64),
    /// `2026-11-23T06:00:00Z`
    Instant(Timestamp),
    /// `true`, `false`
    Bool(bool),
    /// A bare word, `planned`.
    Word(&'a str),
    /// `sql01.address`: two words or more.
    Path(Vec<Name<'a>>),
    /// `[a, b]`
    List(Vec<Value<'a>>),
    /// `common(max_age = 1h)`
    Call {
        /// What is called.
        name: Name<'a>,
        /// Its arguments in order.
        args: Vec<Arg<'a>>,
    },
    /// `sim { inventory = "…" }`
    Tagged {
        /// The word.
        name: Name<'a>,
        /// What is between the braces.
        body: Vec<Stmt<'a>>,
        /// From the opening to the closing brace.
        braces: Span,
    },
}

/// A part of a text.
#[derive(Clone, PartialEq, Debug)]
pub enum TextPart<'a> {
    /// Characters as they are; borrowed unless an escape or indentation changed them.
    Plain(std::borrow::Cow<'a, str>),
    /// `${sql01.address}`: one word or more.
    Path(Vec<Name<'a>>),
}

/// An argument of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg<'a> {
    /// Its name, unless positional.
    pub name: Option<Name<'a>>,
    /// Its value.
    pub value: Value<'a>,
}
