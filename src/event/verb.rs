//! What an estate is asked, and what it answers. Machines go by their names in the estate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::duration_text;
use crate::base::{Digest, Timestamp};
use crate::model::{Mode, ShutdownSpec};

use super::Artifact;

/// The name of one intent: digest of run, node and attempt. An estate does one effect per key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// The key of an attempt at a node of a run.
    #[must_use]
    pub fn of(run: &str, node: u32, attempt: u32) -> Self {
        let digest = Digest::of(&[run.as_bytes(), &node.to_be_bytes(), &attempt.to_be_bytes()]);
        Self(digest.as_str().get(..24).unwrap_or_default().to_owned())
    }

    /// A key as stored or sent.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// 24 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The estate's own name of a long operation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub String);

/// Where a target is attached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Network {
    /// The estate's name of the network.
    pub name: Option<String>,
    /// The address wanted, where the plan says one.
    pub address: Option<String>,
}

/// An act on the world. Idempotent by its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Request {
    /// Make points of data already received.
    ProcessPending {
        /// Of these machines.
        machines: Vec<String>,
    },
    /// Shut the source down.
    ShutDown {
        /// The machine.
        machine: String,
        /// How.
        spec: ShutdownSpec,
    },
    /// Take the last point from sources that are down, as one set where there are several.
    TakeFinal {
        /// The machines.
        machines: Vec<String>,
    },
    /// Make the target at a point; it does not run yet.
    FailOver {
        /// The machine.
        machine: String,
        /// The point's id.
        point: String,
        /// How the source is treated; none in a test.
        mode: Option<Mode>,
        /// The site it comes up at, by its name in the estate.
        to: String,
        /// Where it is attached.
        network: Network,
    },
    /// Power the target on (in a test, the copy).
    Start {
        /// The machine.
        machine: String,
        /// Whether it is a test's copy.
        test: bool,
    },
    /// Take the target down and make it again at another point; it does not run yet.
    ChangePoint {
        /// The machine.
        machine: String,
        /// The point's id.
        point: String,
    },
    /// Drop the target, and start the source again if said.
    RollBack {
        /// The machine.
        machine: String,
        /// Whether to start the source.
        start_source: bool,
    },
    /// Make the failover final. No way back.
    Commit {
        /// The machine.
        machine: String,
    },
    /// Replicate in the other direction.
    Reprotect {
        /// The machine.
        machine: String,
        /// The site replicated to, by its name in the estate.
        to: String,
        /// The process server.
        via: Option<String>,
    },
    /// Remove a test's copy and all that belongs to it.
    CleanUp {
        /// The machine.
        machine: String,
    },
    /// Run a program in the guest of the target.
    GuestScript(GuestScript),
}

impl Request {
    /// The verb as the run log and `faults` of the simulator write it.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::ProcessPending { .. } => "process_pending",
            Self::ShutDown { .. } => "shut_down",
            Self::TakeFinal { .. } => "take_final",
            Self::FailOver { .. } => "fail_over",
            Self::Start { .. } => "start",
            Self::ChangePoint { .. } => "change_point",
            Self::RollBack { .. } => "roll_back",
            Self::Commit { .. } => "commit",
            Self::Reprotect { .. } => "reprotect",
            Self::CleanUp { .. } => "clean_up",
            Self::GuestScript(_) => "guest_script",
        }
    }

    /// Whether doing it a second time under another key does no harm: it only makes true what may
    /// be true already.
    #[must_use]
    pub const fn harmless_to_repeat(&self) -> bool {
        match self {
            Self::ProcessPending { .. }
            | Self::ShutDown { .. }
            | Self::Start { .. }
            | Self::CleanUp { .. } => true,
            Self::TakeFinal { .. }
            | Self::FailOver { .. }
            | Self::ChangePoint { .. }
            | Self::RollBack { .. }
            | Self::Commit { .. }
            | Self::Reprotect { .. }
            | Self::GuestScript(_) => false,
        }
    }

    /// Whether it is an act of a test that makes things which its cleanup has to remove.
    #[must_use]
    pub const fn makes_for_a_test(&self) -> bool {
        match self {
            Self::FailOver { mode, .. } => mode.is_none(),
            Self::Start { test, .. } => *test,
            Self::ProcessPending { .. }
            | Self::ShutDown { .. }
            | Self::TakeFinal { .. }
            | Self::ChangePoint { .. }
            | Self::RollBack { .. }
            | Self::Commit { .. }
            | Self::Reprotect { .. }
            | Self::CleanUp { .. }
            | Self::GuestScript(_) => false,
        }
    }

    /// The machines it acts on.
    #[must_use]
    pub fn machines(&self) -> &[String] {
        match self {
            Self::ProcessPending { machines } | Self::TakeFinal { machines } => machines,
            Self::ShutDown { machine, .. }
            | Self::FailOver { machine, .. }
            | Self::Start { machine, .. }
            | Self::ChangePoint { machine, .. }
            | Self::RollBack { machine, .. }
            | Self::Commit { machine }
            | Self::Reprotect { machine, .. }
            | Self::CleanUp { machine } => std::slice::from_ref(machine),
            Self::GuestScript(script) => std::slice::from_ref(&script.machine),
        }
    }
}

/// A program run in a guest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GuestScript {
    /// The machine.
    pub machine: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Its limit.
    #[serde(with = "duration_text")]
    pub timeout: Duration,
    /// Whether the machine is a test's copy.
    pub test: bool,
}

/// What an act brought about.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Detail {
    /// A sentence for people; empty where the verb says enough.
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
    /// Where a program's output is kept, below the state folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Of a test: what it made besides what was announced, where the estate gives the names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<Artifact>,
}

/// The answer to an act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Submitted {
    /// It is done.
    Done(Detail),
    /// It goes on; ask again by the handle, not before the given instant of the estate's clock.
    Accepted(Handle, Timestamp),
}

/// How a long operation stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It goes on; ask again, not before the given instant.
    Running(Timestamp),
    /// It is done.
    Done(Detail),
    /// It failed.
    Failed(EstateError),
}

/// What the estate knows of a key after a crash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// The act is done.
    Done(Detail),
    /// It goes on under this handle.
    Running(Handle),
    /// It ended in a failure.
    Failed(EstateError),
    /// The estate is sure that it never saw the key.
    NeverArrived,
    /// It cannot say.
    CannotTell(String),
}

/// Why an act did not come about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
pub enum EstateError {
    /// Not now: trying again may help.
    #[error("{message} ({code})")]
    Retry {
        /// A stable word such as `agent_not_registered`, which `retry { on }` names.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// No: trying the same again does not help.
    #[error("{message} ({code})")]
    Refused {
        /// A stable word.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// It is not known whether it came about: no answer, or none that could be understood.
    #[error("{message}, so it is not known whether it came about")]
    Unknown {
        /// What happened instead of an answer.
        message: String,
    },
}

/// Where a machine is, as seen now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Observation {
    /// Whether the source runs; none where its site cannot be asked.
    pub source_running: Option<bool>,
    /// Whether the target (in a test, the copy) runs.
    pub target_running: Option<bool>,
    /// The target's address.
    pub address: Option<String>,
    /// Whether the source cannot write.
    pub fenced: Option<bool>,
}

/// A look at a machine or a service. Reads only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Is a connection to `host:port` accepted?
    Tcp {
        /// `10.0.0.11:1433`
        address: String,
    },
    /// Does an HTTP GET answer so?
    Http {
        /// The URL.
        url: String,
        /// The status wanted.
        status: u16,
        /// A text that the body has to contain.
        body: Option<String>,
    },
    /// Does the guest answer its estate?
    Heartbeat {
        /// The machine.
        machine: String,
        /// Whether it is a test's copy.
        test: bool,
    },
}

/// The answer to a probe: what was seen, or what was seen instead.
pub type ProbeAnswer = Result<String, String>;
