//! Estates behind programs: the shipped example, programs that break the protocol in every way, and the
//! papers of the protocol.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "command_provider/hostile.rs"]
mod hostile;
#[path = "command_provider/schema.rs"]
mod schema;
#[path = "command_provider/shelf.rs"]
mod shelf;
