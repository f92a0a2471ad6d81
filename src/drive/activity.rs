//! What the driver is doing for a node, in memory only: everything that has to outlast it is in the
//! run log.

use crate::base::Timestamp;
use crate::event::{
    Artifact, EstateError, EventKind, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request,
    Sighting, Submitted,
};
use crate::inventory::Inventory;
use crate::runbook::NodeId;

use super::program::ProgramEnd;
use super::script::ScriptFound;
use super::witness::Glance;

/// One node's work.
#[derive(Debug)]
pub(super) struct Activity {
    pub(super) key: Key,
    /// When the attempt began: its deadline counts from here, also after a restart.
    pub(super) since: Timestamp,
    pub(super) deadline: Option<Timestamp>,
    pub(super) work: Work,
    /// A task is out for it.
    pub(super) in_flight: bool,
    /// When to look again, if no task is out.
    pub(super) wake: Option<Timestamp>,
}

/// The kinds of work.
#[derive(Debug)]
pub(super) enum Work {
    /// A verb of the estate.
    Verb { request: Box<Request>, handle: Option<Handle>, cancelled: bool, turn: Turn },
    /// A look at a source after its shutdown.
    Confirm { machine: String },
    /// A check that asks the estate or the network.
    Probe { probe: Probe, good: u32, last: String },
    /// A check that runs a program.
    Command { program: Box<super::program::Program>, good: u32, last: String },
    /// Points are looked at.
    Points,
    /// Machines are looked at before a person is asked what became of an act on them; `evidence` is why.
    Look { glance: Glance, evidence: String },
    /// A script on the runner.
    Script { folder: std::path::PathBuf },
}

/// What is asked of the estate about a verb.
#[derive(Debug)]
pub(super) enum Turn {
    /// Of a test: what it will make, so that it is recorded first.
    Announce,
    /// The verb itself.
    Act,
    /// Of a cleanup that has ended: what is left. Then this follows.
    Look { then: Box<EventKind> },
}

impl Work {
    /// A verb that was not asked for yet.
    pub(super) fn verb(request: Request) -> Self {
        let turn = if request.makes_for_a_test() { Turn::Announce } else { Turn::Act };
        Self::Verb { request: Box::new(request), handle: None, cancelled: false, turn }
    }
}

/// What a task comes back with.
#[derive(Debug)]
pub(super) enum Report {
    Announced(Result<Vec<Artifact>, EstateError>),
    Remaining(Result<Vec<Artifact>, EstateError>),
    Submitted(Result<Submitted, EstateError>),
    Polled(Result<Progress, EstateError>),
    /// Granted or not: the outcome is polled either way.
    Cancelled,
    Found(Result<Found, EstateError>),
    Observed(Result<Observation, EstateError>),
    Seen(Vec<Sighting>),
    Probed(ProbeAnswer),
    Inventory(Box<Result<Inventory, EstateError>>),
    Script(ScriptFound),
    /// Nothing was begun; it is tried again.
    Again,
    Command(ProgramEnd),
}

impl Report {
    /// The same, with the estate's instants said in the run's time.
    pub(super) fn in_run_time(self, of_estate: impl Fn(Timestamp) -> Timestamp) -> Self {
        match self {
            Self::Submitted(Ok(Submitted::Accepted(handle, at))) => {
                Self::Submitted(Ok(Submitted::Accepted(handle, of_estate(at))))
            }
            Self::Polled(Ok(Progress::Running(at))) => Self::Polled(Ok(Progress::Running(of_estate(at)))),
            other => other,
        }
    }
}

/// A report and whose it is.
#[derive(Debug)]
pub(super) struct FromTask {
    pub(super) node: NodeId,
    pub(super) key: Key,
    pub(super) report: Report,
}
