//! The engine dies by `kill -9`, at moment after moment of several plans, while it comes back too, and its
//! files are cut and changed behind its back: the same end, one effect for each key, each script run once,
//! or a refusal that says what is lost. The simulated estate counts, and so do the scripts.
//!
//! `MUSTER_KILLS=N` has it die N times in each plan, and damages 4 N copies; without it a budget of time
//! decides.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "kill/again.rs"]
mod again;
#[path = "cli/bench.rs"]
#[expect(dead_code, reason = "shared with other tests of the binary")]
mod bench;
#[path = "kill/damage.rs"]
mod damage;
#[path = "kill/moments.rs"]
mod moments;
#[path = "kill/scenario.rs"]
mod scenario;
