//! Real machines: two guests on two sites, moved by an ordinary plan through the program itself. A database
//! that says yes only after its write is on the disk, and an application that records afterwards what the
//! database said yes to: what `app` has and `db` lacks is an orphan.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what they measured"
)]

mod books;
#[path = "../docs/console.rs"]
#[expect(dead_code, reason = "shared with the tests of the other papers")]
mod console;
mod cycle;
mod engine;
mod lab;
mod paper;
mod quiesce;
mod refused;
mod tls;
