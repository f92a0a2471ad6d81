//! Steps of a plan and the settings of machines, as authored, typed and complete with defaults.
//! The same types stand in a frozen runbook.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::time::{duration_text, duration_text_option};
use crate::source::Span;

use super::{GroupId, Plan, Secret, Template, VmId};

crate::id_type!(
    /// An authored step of a plan: approve, script, check, wait, call.
    StepId
);

/// What a runbook is compiled for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Copies come up in isolation, production untouched.
    Test,
    /// Away from home (the estate's first site).
    Failover,
    /// The way home.
    Failback,
}

impl Operation {
    /// The word of the language and of the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Failover => "failover",
            Self::Failback => "failback",
        }
    }
}

/// How the source site is treated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Both sites up: stops at the first error, no loss.
    Planned,
    /// Source lost or failing: its errors are reported, the run goes on.
    Unplanned,
    /// The source is never contacted.
    Forced,
}

impl Mode {
    /// The word of the language and of the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Unplanned => "unplanned",
            Self::Forced => "forced",
        }
    }
}

/// An authored step. Approve, script, check, wait or call.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, unique in the plan.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its doc comment.
    pub doc: String,
    /// What it does.
    pub kind: StepKind,
    /// The machine or group whose block it stands in.
    pub owner: Option<Owner>,
    /// When it runs, for a step inside a block.
    pub at: At,
    /// Where `at` is written.
    pub at_span: Option<Span>,
    /// The operations it applies to; all where the plan does not say.
    pub operations: Vec<Operation>,
    /// The modes it applies to; tests ignore them.
    pub modes: Vec<Mode>,
    /// How often it is tried.
    pub retry: Option<Retry>,
    /// One attempt's limit.
    pub timeout: Option<Duration>,
    /// What a failure does; the default depends on the mode.
    pub on_failure: Option<OnFailure>,
    /// A program that is run on rollback if the step had succeeded.
    pub undo: Option<ScriptSpec>,
    /// A failure counts as done and is listed.
    pub optional: bool,
}

/// The block a step stands in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A machine.
    Vm(VmId),
    /// A group or tier.
    Group(GroupId),
}

/// When a step inside a block runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Before the source is shut down.
    BeforeShutdown,
    /// After the source is shut down.
    AfterShutdown,
    /// After failover, before the target starts; its address is not known yet.
    BeforeStart,
    /// After the target started.
    #[default]
    AfterStart,
}

/// The kinds of step.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Waits for people.
    Approve(ApproveStep),
    /// Runs a program.
    Script(ScriptStep),
    /// Polls until something holds.
    Check(CheckStep),
    /// A fixed pause, and why it is there.
    Wait {
        /// How long.
        duration: Duration,
        /// Why a check cannot do it.
        because: String,
    },
    /// Another plan's whole life as one node.
    Call {
        /// That plan, on the same estate.
        plan: Box<Plan>,
    },
}

/// `approve`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApproveStep {
    /// What is asked.
    pub prompt: Template,
    /// The role that may answer.
    pub by: String,
    /// How many different people have to say yes.
    pub quorum: u32,
    /// How long it waits.
    #[serde(with = "duration_text")]
    pub within: Duration,
    /// What happens then.
    pub if_late: IfLate,
    /// What a no does.
    pub if_rejected: IfRejected,
}

/// What happens to an approval that nobody gave in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfLate {
    /// The run halts.
    #[default]
    Halt,
    /// It goes on waiting, and says so.
    KeepWaiting,
    /// It counts as given, and is an exception.
    Go,
}

/// What a no does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfRejected {
    /// The run halts.
    #[default]
    Halt,
    /// The run is rolled back.
    Rollback,
}

/// A program with its arguments; never a shell string unless `shell`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScriptSpec {
    /// Program and arguments. With `shell`, one element: the text handed to `/bin/sh -c`.
    pub run: Vec<Template>,
    /// Whether `run` is one shell text.
    #[serde(default)]
    pub shell: bool,
    /// Environment besides `MUSTER_*`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, EnvValue>,
    /// One attempt's limit.
    #[serde(with = "duration_text")]
    pub timeout: Duration,
}

/// A value of a script's environment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvValue {
    /// A text.
    Text(Template),
    /// A secret, by reference.
    Secret(Secret),
}

/// `script`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScriptStep {
    /// What is run.
    pub spec: ScriptSpec,
    /// Where it is run.
    #[serde(default)]
    pub place: ScriptWhere,
}

/// Where a script runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptWhere {
    /// On the machine that drives the run.
    #[default]
    Runner,
    /// In a guest, where the estate can.
    Guest(VmId),
}

/// `check`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckStep {
    /// What has to hold.
    pub kind: CheckKind,
    /// How long between two looks.
    #[serde(with = "duration_text")]
    pub every: Duration,
    /// How many looks in a row have to succeed.
    pub in_a_row: u32,
    /// How long until it counts as timed out.
    #[serde(with = "duration_text")]
    pub within: Duration,
    /// Sent for real from the runner even where the estate answers checks itself.
    #[serde(default)]
    pub real: bool,
}

/// What a check looks at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A connection to `host:port` is accepted.
    Tcp(Template),
    /// An HTTP GET answers with the status and, if said, a body that contains the text.
    Http {
        /// `http://…` or `https://…`.
        url: Template,
        /// The status wanted.
        status: u16,
        /// A text that the body has to contain.
        body: Option<String>,
    },
    /// A program exits with 0.
    Command(ScriptSpec),
    /// The guest answers its estate.
    Heartbeat(VmId),
}

/// `retry { … }`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts after the first; unbounded by number where only `limit` bounds it.
    #[serde(default)]
    pub times: Option<u32>,
    /// Pause before the second attempt.
    #[serde(with = "duration_text")]
    pub every: Duration,
    /// Each further pause is this many times the last.
    pub backoff: u32,
    /// No attempt starts later than this after the first (`for`).
    #[serde(default, with = "duration_text_option")]
    pub limit: Option<Duration>,
    /// Only these reason codes are tried again; any if empty.
    #[serde(default)]
    pub on: Vec<String>,
}

/// What a failure does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run halts: nothing new starts.
    Halt,
    /// What depends on it does not start; all else goes on.
    Block,
    /// It counts as done and is listed.
    Continue,
    /// A person decides: retry, skip or halt.
    Ask,
    /// The run is rolled back.
    Rollback,
}

/// `shutdown { … }`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShutdownSpec {
    /// How long the guest may take by itself.
    #[serde(with = "duration_text")]
    pub guest: Duration,
    /// What happens then.
    pub then: ShutdownThen,
}

/// What happens to a guest that did not shut down by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShutdownThen {
    /// Its power is cut; its final point is then crash-consistent.
    PowerOff,
    /// The step fails.
    Halt,
}

impl Default for ShutdownSpec {
    fn default() -> Self {
        Self { guest: Duration::from_secs(300), then: ShutdownThen::PowerOff }
    }
}

/// `start { … }`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartSpec {
    /// Pause before power-on.
    #[serde(with = "duration_text")]
    pub delay: Duration,
    /// When it counts as started.
    pub ready: StartReady,
    /// How long it may take to be ready.
    #[serde(with = "duration_text")]
    pub within: Duration,
}

/// When a machine counts as started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartReady {
    /// Its guest answers.
    Heartbeat,
    /// It is powered on.
    None,
}

impl Default for StartSpec {
    fn default() -> Self {
        Self { delay: Duration::ZERO, ready: StartReady::Heartbeat, within: Duration::from_secs(600) }
    }
}

/// When the commit window closes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitPolicy {
    /// When the gates have passed, if an arrow leads into it; else an operator says so.
    Gated,
    /// An operator says so.
    Manual,
    /// By itself, this long after the window opened, if the gates have passed.
    Auto(#[serde(with = "duration_text")] Duration),
    /// Rolled back by itself, this long after the window opened.
    Rollback(#[serde(with = "duration_text")] Duration),
}

/// `commit { … }`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitSpec {
    /// When the window closes.
    pub policy: CommitPolicy,
    /// Where it is written.
    pub span: Span,
}

/// Whose word a run believes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// The effective user of the process.
    Os,
    /// What `--as` says, recorded as not verified.
    Claimed,
}
