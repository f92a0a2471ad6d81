//! The plan compiled for one operation and mode, with its points forecast, frozen under a digest.
//! Self-contained: whoever runs it needs neither the plan's text nor its tree.

pub mod act;
mod compile;
mod drift;
mod freeze;
pub mod node;
mod preview;
mod time;
pub mod types;

pub use act::{Act, BindAct, CommitGate, Slot};
pub use compile::{CompileOptions, ReadDigest, compile, forecast_of, missing_servers, reprotect};
pub use drift::{Drift, drift, drift_diagnostics};
pub use freeze::{RUNBOOK_FILE_FORMAT, freeze, looks_frozen, sound, thaw};
pub use node::{Dependency, Lane, Needs, Node, NodeId, NodePolicy, Phase, Unit, UnitId};
pub use preview::preview;
pub use time::{attempt_bound, forward, goal, longest, upper_bound};
pub use types::{
    AlignSpec, BoundPoint, EstateSpec, Facts, Forecast, LeftOut, MachineFact, RUNBOOK_FORMAT, Runbook,
    RunbookMachine, RunbookObjective, Site, Subject, SubjectId,
};
