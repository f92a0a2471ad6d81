//! The state folder: what was acknowledged is there, what was refused is not, and nobody writes under
//! another's epoch.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]

#[path = "store/alike.rs"]
mod alike;
#[path = "store/common.rs"]
mod common;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/disks.rs"]
mod disks;
#[path = "store/flips.rs"]
mod flips;
#[path = "store/folders.rs"]
mod folders;
#[path = "store/leases.rs"]
mod leases;
#[path = "store/runs.rs"]
mod runs;
#[path = "store/versions.rs"]
mod versions;
