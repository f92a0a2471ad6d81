//! Drives a run: stores the event, then acts. The only folder that spawns tasks, and the only place
//! where the core, the store, an estate and events meet. Decides nothing that the core can decide.

mod act;
mod activity;
mod begin;
mod bind;
mod call;
mod driver;
mod estate_act;
mod fill;
mod hold;
mod interrupts;
mod leave_nothing;
mod notify;
pub mod program;
mod record;
mod requests;
mod run_clock;
mod runner;
pub mod script;
mod surroundings;
mod tenure;
mod turn;
mod witness;

pub use driver::{Attendance, DriveEnd, DriveError, DriveOptions, Watch, drive, drive_in};
pub use record::{begin_run, replay};
pub use runner::Runner;
pub use surroundings::{Surroundings, World};
