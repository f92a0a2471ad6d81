//! What goes wrong while a run is under way, through the real binary: each a clear message, the right exit
//! code, nothing lost, and no second act when it goes on.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "cli/bench.rs"]
mod bench;
#[path = "bad_input/clock.rs"]
mod clock;
#[path = "bad_input/commits.rs"]
mod commits;
#[path = "bad_input/disks.rs"]
mod disks;
#[path = "bad_input/engines.rs"]
mod engines;
#[path = "bad_input/lab.rs"]
mod lab;
#[path = "bad_input/names.rs"]
mod names;
#[path = "bad_input/points.rs"]
mod points;
#[path = "bad_input/runbooks.rs"]
mod runbooks;
#[path = "bad_input/scripts.rs"]
mod scripts;
#[path = "bad_input/secrets.rs"]
mod secrets;
#[path = "bad_input/signals.rs"]
mod signals;
#[path = "bad_input/surroundings.rs"]
mod surroundings;
