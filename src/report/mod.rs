//! Readers of events: a run and its log in, text and JSON for people out. Live and replay are the
//! same code. Nothing here prints or knows a terminal: its size and colour come in as arguments.

pub mod account;
mod asks;
pub mod evidence;
mod facts;
mod gather;
mod ledger;
mod live;
pub mod log;
mod machines;
mod made;
pub mod page;
mod path;
mod plain;
mod points;
pub mod rehearsal;
pub mod runs;
pub mod status;
mod status_text;
mod steps;
mod tell;
mod verdict;
pub mod verify;
mod words;

pub use facts::{
    Achieved, Answer, ApprovalFact, ArtifactFact, ExceptionFact, Facts, Instants, MachineFact,
    NotificationFact, Objectives, PathStep, PointFact, PointsFact, StepFact, Who,
};
pub use gather::gather;
pub use live::{Live, Marks, Screen, frame};
pub use plain::Plain;
pub use status::{Moment, Seen, Status};
pub use words::{Colour, Look};
