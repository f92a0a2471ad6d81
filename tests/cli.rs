//! The command line through the real binary: wiring, exit codes, and inputs that nobody should send.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/desk.rs"]
mod desk;
#[path = "cli/inputs.rs"]
mod inputs;
#[path = "cli/live.rs"]
mod live;
#[path = "cli/reading.rs"]
mod reading;
#[path = "cli/runs.rs"]
mod runs;
