//! The pure core: events in, commands out. Reads no clock, no random number, no map in hash order.
//! The driver, the simulation tests and any later engine drive this same core.

pub mod again;
pub mod apply;
pub mod artifacts;
pub mod command;
pub mod core;
pub mod decide;
pub mod exception;
pub mod graph;
pub mod lanes;
pub mod next;
pub mod of_steps;
pub mod of_window;
pub mod overdue;
pub mod path;
mod ready;
pub mod refuse;
pub mod request;
pub mod retry;
pub mod said;
pub mod state;
pub mod unclear;
pub mod view;
pub mod window;

pub use artifacts::{Known, Made, Standing};
pub use command::{Command, Wake};
pub use core::{HaltCause, ReplayError, Run};
pub use decide::Decision;
pub use exception::Exception;
pub use path::Held;
pub use refuse::{Refusal, Way, Who};
pub use request::OperatorRequest;
pub use state::{Failure, NodeState, Question, RunState, SkipReason};
