//! The stand-in of Azure Site Recovery behaves as the documents of that service say, refuses what they refuse, fails
//! as it was told to, and serves Microsoft's own client through the whole cycle.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod door;
mod failback;
mod faults;
mod lab;
mod lists;
mod plans;
mod restart;
mod sdk;
mod states;
