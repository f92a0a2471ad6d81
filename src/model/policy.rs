//! Which recovery point is wanted. The choice itself is in `point`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::base::time::{duration_text_option, format_duration};

/// What is wanted of a point or a set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// Pending data is processed first, then each member its own newest point.
    Latest,
    /// Each member its own newest processed point.
    LatestProcessed,
    /// Each member its own newest app-consistent point.
    LatestApp,
    /// The newest set that is complete, processed and usable on every member.
    Common,
    /// The same, app-consistent on every member.
    CommonApp,
    /// That very point; for a machine outside any group.
    Id(String),
}

impl PolicyKind {
    /// The word of the language.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::LatestProcessed => "latest_processed",
            Self::LatestApp => "latest_app",
            Self::Common => "common",
            Self::CommonApp => "common_app",
            Self::Id(_) => "id",
        }
    }

    /// Whether it brings all members of a group to one common point.
    #[must_use]
    pub const fn is_common(&self) -> bool {
        match self {
            Self::Common | Self::CommonApp => true,
            Self::Latest | Self::LatestProcessed | Self::LatestApp | Self::Id(_) => false,
        }
    }

    /// Whether it takes app-consistent points only.
    #[must_use]
    pub const fn needs_app(&self) -> bool {
        match self {
            Self::LatestApp | Self::CommonApp => true,
            Self::Latest | Self::LatestProcessed | Self::Common | Self::Id(_) => false,
        }
    }
}

/// One rung: a kind with its arguments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// What is wanted.
    pub kind: PolicyKind,
    /// Nothing older than this, counted from the reference instant.
    #[serde(default, with = "duration_text_option", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// Nothing newer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Only points that carry this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl Policy {
    /// A kind without arguments.
    #[must_use]
    pub const fn plain(kind: PolicyKind) -> Self {
        Self { kind, max_age: None, as_of: None, tag: None }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut args = Vec::new();
        if let PolicyKind::Id(id) = &self.kind {
            args.push(format!("{id:?}"));
        }
        args.extend(self.max_age.map(|age| format!("max_age = {}", format_duration(age))));
        args.extend(self.as_of.map(|at| format!("as_of = {at}")));
        args.extend(self.tag.as_ref().map(|tag| format!("tag = {tag:?}")));
        f.write_str(self.kind.word())?;
        if args.is_empty() { Ok(()) } else { write!(f, "({})", args.join(", ")) }
    }
}

/// What happens when no rung holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LadderEnd {
    /// The run is refused before anything is touched.
    Fail,
    /// A person chooses.
    Ask,
}

/// Policies tried in order. At least one rung.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ladder {
    /// The rungs, the wanted one first; never empty.
    pub rungs: Vec<Policy>,
    /// What happens past the last.
    pub end: LadderEnd,
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = self.rungs.iter().map(ToString::to_string).collect();
        if self.end == LadderEnd::Ask {
            words.push("ask".to_owned());
        }
        match words.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}
