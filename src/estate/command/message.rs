//! The messages between the engine and a provider's program, version 1: one JSON object a line. Types
//! alone; `docs/provider-protocol.schema.json` says the same in another way, and a test compares them.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::event::{ArtifactKind, Key, Probe, Request};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The verbs that a program has to know.
pub const VERBS: [&str; 10] = [
    "process_pending",
    "shut_down",
    "take_final",
    "fail_over",
    "start",
    "change_point",
    "roll_back",
    "commit",
    "reprotect",
    "clean_up",
];

/// What a program is started for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To act.
    Act,
    /// To be looked at: it is asked for nothing that changes anything.
    Look,
}

/// A call of the engine.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call<'a> {
    /// The first one: who speaks, and about which estate.
    Hello {
        /// `PROTOCOL`
        protocol: u32,
        /// Program and version of the engine.
        engine: &'a str,
        /// The estate's name in the plan.
        estate: &'a str,
        /// What for.
        purpose: Purpose,
        /// A folder of the estate's own, below the state folder; made by the program if it wants one.
        folder: &'a str,
    },
    /// Everything that the estate reports.
    Inventory {},
    /// What an act of a test will make; only to a program that said `artifacts`.
    WillCreate {
        /// Its key.
        key: &'a Key,
        /// What.
        request: &'a Request,
    },
    /// What of tests of machines is there now; only to a program that said `artifacts`.
    Remains {
        /// Their names in the estate.
        machines: &'a [String],
    },
    /// Asks for an act.
    Submit {
        /// Its key.
        key: &'a Key,
        /// What.
        request: &'a Request,
    },
    /// How an act stands that goes on.
    Poll {
        /// Its key.
        key: &'a str,
        /// The program's own name of it.
        handle: &'a str,
    },
    /// Asks that an act be given up.
    Cancel {
        /// Its key.
        key: &'a str,
        /// The program's own name of it.
        handle: &'a str,
    },
    /// What became of a key.
    Find {
        /// The key.
        key: &'a Key,
        /// What was asked under it.
        request: &'a Request,
        /// When.
        since: Timestamp,
    },
    /// Where a machine is.
    Observe {
        /// Its name in the estate.
        machine: &'a str,
        /// Whether a test's copy is the target.
        test: bool,
    },
    /// Looks at a machine or a service.
    Probe {
        /// What at.
        probe: &'a Probe,
    },
    /// The last one: the program answers, and ends.
    Bye {},
}

impl Call<'_> {
    /// Its word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Inventory {} => "inventory",
            Self::WillCreate { .. } => "will_create",
            Self::Remains { .. } => "remains",
            Self::Submit { .. } => "submit",
            Self::Poll { .. } => "poll",
            Self::Cancel { .. } => "cancel",
            Self::Find { .. } => "find",
            Self::Observe { .. } => "observe",
            Self::Probe { .. } => "probe",
            Self::Bye {} => "bye",
        }
    }

    /// Whether it only reads, so that asking again does no harm.
    #[must_use]
    pub const fn reads(&self) -> bool {
        match self {
            Self::Hello { .. }
            | Self::Inventory {}
            | Self::WillCreate { .. }
            | Self::Remains { .. }
            | Self::Poll { .. }
            | Self::Find { .. }
            | Self::Observe { .. }
            | Self::Probe { .. }
            | Self::Bye {} => true,
            Self::Submit { .. } | Self::Cancel { .. } => false,
        }
    }
}

/// A call on its line.
#[derive(Clone, Debug, Serialize)]
pub struct CallLine<'a> {
    /// Its number, counted from 1 by each process.
    pub id: u64,
    /// The call.
    #[serde(flatten)]
    pub call: &'a Call<'a>,
}

/// The answer to `hello`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The version that the program speaks.
    pub protocol: u32,
    /// What it calls itself.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// The verbs that it knows.
    pub verbs: Vec<String>,
    /// Whether it gives up acts that go on.
    #[serde(default)]
    pub cancel: bool,
    /// Whether it answers for tcp and http probes itself; if not, the engine connects.
    #[serde(default)]
    pub probes: bool,
    /// Whether it names what tests make, before and after: `will_create` and `remains`.
    #[serde(default)]
    pub artifacts: bool,
    /// Calls that it may be sent before the first of them is answered.
    #[serde(default = "one")]
    pub at_once: u32,
    /// Whether its machines are not real.
    #[serde(default)]
    pub simulated: bool,
}

const fn one() -> u32 {
    1
}

/// Only the version: an answer of another version may have other fields.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Version {
    /// It.
    pub(super) protocol: u32,
}

/// How an act stands: the answer to `submit`, `poll` and `find`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum Standing {
    /// It is done.
    Done {
        /// The act's key.
        key: String,
        /// The machines acted on.
        machines: Vec<String>,
        /// What came of it.
        #[serde(default)]
        detail: Outcome,
    },
    /// It goes on.
    Running {
        /// The act's key.
        key: String,
        /// The machines acted on.
        machines: Vec<String>,
        /// The program's own name of it.
        handle: String,
        /// When to poll it.
        again_in_ms: u64,
    },
    /// It failed.
    Failed {
        /// The act's key.
        key: String,
        /// The machines acted on.
        machines: Vec<String>,
        /// Why.
        error: Wrong,
    },
    /// Only to `find`: the program is sure that it never saw the key.
    NeverArrived {
        /// The key.
        key: String,
    },
    /// Only to `find`: it cannot say.
    CannotTell {
        /// The key.
        key: String,
        /// Why not.
        why: String,
    },
}

/// What an act brought about.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The target's address, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Of a shutdown: whether the guest went down by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<bool>,
    /// It counts as done and belongs on the list of exceptions, with these words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// Of a test: what it made besides what `will_create` had said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<Thing>,
}

/// One thing that a test makes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    /// The machine whose test it belongs to.
    pub machine: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Its name in the estate.
    pub id: String,
}

/// The answer to `will_create`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// The act's key.
    pub key: String,
    /// What it will make.
    pub artifacts: Vec<Thing>,
}

/// The answer to `remains`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remaining {
    /// The machines that were looked at.
    pub machines: Vec<String>,
    /// What of their tests is there.
    pub artifacts: Vec<Thing>,
}

/// Why something did not come about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wrong {
    /// Not now, and nothing came about.
    Retry {
        /// A stable word that `retry { on }` may name.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// No, and nothing came about.
    Refused {
        /// A stable word.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// It is not known whether it came about.
    Unknown {
        /// A sentence for people.
        message: String,
    },
}

/// The answer to `cancel`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancelled {
    /// The act's key.
    pub key: String,
}

/// The answer to `observe`. What is left out is not known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The machine that was looked at.
    pub machine: String,
    /// Whether its source runs.
    #[serde(default)]
    pub source_running: Option<bool>,
    /// Whether its target, or a test's copy, runs.
    #[serde(default)]
    pub target_running: Option<bool>,
    /// The target's address.
    #[serde(default)]
    pub address: Option<String>,
    /// Whether the source cannot write.
    #[serde(default)]
    pub fenced: Option<bool>,
}

/// The answer to `probe`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probed {
    /// Of a heartbeat: the machine that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Whether it is as wanted.
    pub passed: bool,
    /// What was seen, a sentence for people.
    pub seen: String,
}

/// The answer to `bye`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Farewell {}

/// How much a line for the log matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As a rule.
    #[default]
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}
