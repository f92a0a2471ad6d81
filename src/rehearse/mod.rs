//! Rehearses a runbook: the real core on a clock of its own, in a world that is imagined. Durations, faults and
//! a seed in, what came of it out. Nothing is touched, nothing is read, nothing is kept.

mod acts;
mod fate;
pub mod fault;
pub mod file;
pub mod kind;
pub mod lengths;
mod open;
pub mod outcome;
pub mod past;
mod people;
mod reach;
pub mod scene;
pub mod singles;
pub mod study;
mod world;

pub use fault::Fault;
pub use lengths::{Known, Length, Lengths, Source, Sources};
pub use outcome::{Ended, Outcome, Verdict};
pub use past::Past;
pub use scene::{Scene, Told};
pub use singles::{Singles, singles};
pub use study::{Study, study};
pub use world::{Keep, Played, play};
