//! What a test makes at an estate, thing by thing: whatever would be left there if nobody removed it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// A machine as the estate lists it.
    Copy,
    /// A disk of one.
    Disk,
    /// A snapshot or clone that disks stand on.
    Snapshot,
    /// What attaches one to a network.
    Port,
    /// A file that is no disk.
    File,
    /// A disk that a daemon has open.
    Node,
    /// A disk that a daemon serves.
    Export,
    /// A process that runs for it.
    Process,
    /// Anything else that an estate keeps.
    Other,
}

impl ArtifactKind {
    /// Its word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Disk => "disk",
            Self::Snapshot => "snapshot",
            Self::Port => "network port",
            Self::File => "file",
            Self::Node => "open disk",
            Self::Export => "export",
            Self::Process => "process",
            Self::Other => "object",
        }
    }
}

/// One thing that a test makes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Artifact {
    /// The machine whose test it belongs to, by its name in the estate.
    pub machine: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Its name in the estate: what an operator looks for there. One thing has one name, before it is
    /// made and as long as it is there.
    pub id: String,
}

impl Artifact {
    /// A thing of a machine's test.
    #[must_use]
    pub fn new(machine: &str, kind: ArtifactKind, id: impl Into<String>) -> Self {
        Self { machine: machine.to_owned(), kind, id: id.into() }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind.word(), self.id)
    }
}

/// Things in one line, at most `most` of them: ``disk `a`, file `b` and 3 more``.
#[must_use]
pub fn artifact_list<'a>(artifacts: impl IntoIterator<Item = &'a Artifact>, most: usize) -> String {
    let all: Vec<String> = artifacts.into_iter().map(ToString::to_string).collect();
    let shown = all.get(..most).unwrap_or(&all).join(", ");
    match all.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
