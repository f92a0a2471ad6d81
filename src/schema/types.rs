//! The shape of the schema's tables: kinds of blocks, their keys, and the types of values.

use std::time::Duration;

use crate::base::{time, words};

/// A kind of block, such as `group`.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its word.
    pub word: &'static str,
    /// What stands between word and brace.
    pub labels: Labels,
    /// The kinds it may stand in; `file` is the file itself.
    pub places: &'static [&'static str],
    /// Whether one parent may hold several. Named kinds always may.
    pub repeats: bool,
    /// What it is for, one sentence.
    pub doc: &'static str,
    /// A line or two that show it.
    pub example: &'static str,
    /// Its keys, in the order in which the formatter writes them.
    pub keys: &'static [Key],
    /// Keys whose names the plan chooses, besides `keys`.
    pub open: Option<Open>,
    /// Sets of keys that depend on each other.
    pub one_of: Option<OneOf>,
}

impl Kind {
    /// A kind with nothing in it, to be filled in by the tables.
    pub const EMPTY: Self = Self {
        word: "",
        labels: Labels::None,
        places: &[],
        repeats: false,
        doc: "",
        example: "",
        keys: &[],
        open: None,
        one_of: None,
    };

    /// The key of a word.
    #[must_use]
    pub fn key(&self, word: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.word == word)
    }
}

/// What stands between a block's kind and its brace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Labels {
    /// Nothing: `limits { … }`.
    None,
    /// One name: `group db { … }`.
    Name,
    /// One name or a list of names, a machine each: `vm [app01, app02] { … }`.
    Names,
    /// The names of groups: `align [orders, stock] { … }`.
    Groups,
}

/// Keys whose names the plan chooses.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// What the names are.
    pub names: OpenNames,
    /// The type of each value.
    pub ty: Type,
    /// One line.
    pub doc: &'static str,
}

/// What the names of open keys are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenNames {
    /// Sites of the plan's estate.
    Sites,
    /// Sites of the plan's estate, or `test`.
    SitesAndTest,
    /// Any word.
    Words,
}

/// Keys of which some are needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OneOf {
    /// Exactly one of these.
    Exactly(&'static [&'static str]),
    /// At least one of these.
    AtLeast(&'static [&'static str]),
}

/// A key with its type.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its word.
    pub word: &'static str,
    /// What its value is.
    pub ty: Type,
    /// Whether it has to be said.
    pub need: Need,
    /// One line of documentation, without a full stop.
    pub doc: &'static str,
}

impl Key {
    /// A key, one line a table row.
    #[must_use]
    pub const fn new(word: &'static str, ty: Type, need: Need, doc: &'static str) -> Self {
        Self { word, ty, need, doc }
    }
}

/// Whether a key has to be said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It has to.
    Required,
    /// If unsaid, this value, written as in a plan.
    Default(&'static str),
    /// It may be left out; what holds then, for people.
    Optional(&'static str),
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A text without holes.
    Text,
    /// A text that may have holes such as `${sql01.address}`.
    Template,
    /// A name that need not be a word: a person's, or what the estate calls something.
    Given,
    /// A path below the folder of the file that says it.
    Path,
    /// A whole number from the first to the second.
    Int(u64, u64),
    /// A duration up to `limits::WAIT_MAX`; zero is allowed.
    Duration,
    /// A duration above zero up to `limits::WAIT_MAX`.
    Time,
    /// A duration above zero up to this one.
    TimeUpTo(Duration),
    /// A size in bytes.
    Size,
    /// An instant.
    Instant,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Word(&'static [Choice]),
    /// A word or a text, whatever the estate calls it.
    Label,
    /// The name of something else in the plan; the text says what, such as `role`.
    Name(&'static str),
    /// One of these, or a list of them, never empty and without repeats.
    Many(&'static Type),
    /// A list of any length, order kept, repeats allowed; one value stands for a list of one.
    List(&'static Type),
    /// One of these types, tried in order.
    Either(&'static [Type]),
    /// A policy or a ladder of them.
    Ladder,
    /// `manual`, `auto(60m)`, `rollback(60m)`.
    Commit,
    /// `guest(sql01)`.
    Guest,
    /// A secret by reference: `env("NAME")` or `file("path")`.
    Secret,
    /// A provider with its keys: `sim { … }`.
    Provider,
    /// A value of the type that `type` beside it names.
    Param,
}

impl Type {
    /// What a message and the reference call it, with an example: ``a duration such as `10m` ``.
    #[must_use]
    pub fn wanted(&self) -> String {
        match self {
            Self::Text => "a text such as `\"text\"`".to_owned(),
            Self::Template => "a text such as `\"${sql01.address}:1433\"`".to_owned(),
            Self::Given => "a name in quotes such as `\"SQL 01\"`".to_owned(),
            Self::Path => "a path in quotes such as `\"estates/erp.json\"`".to_owned(),
            Self::Int(least, most) if *most == u64::from(u32::MAX) => {
                format!("a whole number from {least} up")
            }
            Self::Int(least, most) => format!("a whole number from {least} to {most}"),
            Self::Duration | Self::Time => "a duration such as `10m`".to_owned(),
            Self::TimeUpTo(most) => {
                format!("a duration such as `10s`, at most `{}`", time::format_duration(*most))
            }
            Self::Size => "a size such as `64GiB`".to_owned(),
            Self::Instant => "an instant such as `2026-11-23T06:00:00Z`".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Word(choices) => {
                let words: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.word)).collect();
                match words.split_last() {
                    None => String::new(),
                    Some((last, [])) => last.clone(),
                    Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
                }
            }
            Self::Label => "a word or a text".to_owned(),
            Self::Name(what) => format!("the name of {}", words::a(what)),
            Self::Many(one) => format!("{}, or a list of such", one.wanted()),
            Self::List(one) => format!("a list, each {}", one.wanted()),
            Self::Either(types) => types.iter().map(Self::wanted).collect::<Vec<_>>().join(", or "),
            Self::Ladder => {
                "a policy such as `latest` or `common(max_age = 4h)`, or a list of them".to_owned()
            }
            Self::Commit => "`manual`, `auto(60m)` or `rollback(60m)`".to_owned(),
            Self::Guest => "`guest(sql01)`".to_owned(),
            Self::Secret => "a secret by reference, `env(\"NAME\")` or `file(\"path\")`".to_owned(),
            Self::Provider => "a provider such as `sim { inventory = \"estates/erp.json\" }`".to_owned(),
            Self::Param => "a value of the parameter's type".to_owned(),
        }
    }
}

/// A word that a key may say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// What it does, one line without a full stop.
    pub doc: &'static str,
}

impl Choice {
    /// A word with its line.
    #[must_use]
    pub const fn new(word: &'static str, doc: &'static str) -> Self {
        Self { word, doc }
    }
}
