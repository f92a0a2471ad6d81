//! The simulated estate keeps the contract, behaves like the real thing, and does so again from the same seed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod durable;
mod faults;
mod lab;
mod points;
mod probes;
mod suite;
mod verbs;
mod walk;
