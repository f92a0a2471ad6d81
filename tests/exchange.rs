//! Plans of other products: what an import keeps, what an export keeps, and that a round keeps the order.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "helpers of tests fail by panicking, and their texts are small"
)]

#[path = "exchange/bounds.rs"]
mod bounds;
#[path = "exchange/export.rs"]
mod export;
#[path = "exchange/import.rs"]
mod import;
#[path = "exchange/lab.rs"]
mod lab;
#[path = "exchange/rounds.rs"]
mod rounds;
#[path = "exchange/templates.rs"]
mod templates;
