//! Evidence through the real binary: what is signed and when, that every change is found and named,
//! and that the report's page runs nothing, fetches nothing and tells what there is to tell.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "cli/bench.rs"]
mod bench;
#[path = "evidence/browser.rs"]
mod browser;
#[path = "evidence/keys.rs"]
mod keys;
#[path = "evidence/logs.rs"]
mod logs;
#[path = "evidence/python.rs"]
mod python;
#[path = "evidence/reports.rs"]
mod reports;
#[path = "evidence/signed.rs"]
mod signed;
