//! Musterpoint: recovery plans as code.
//!
//! The folders are floors, lowest first; a file imports only from lower floors or its own folder
//! (kept by `tests/tidy.rs`). Text flows up: source, schema, syntax, model, point and graph, rules,
//! runbook, exchange, event, run, rehearse, estate, emulate and store, drive, report, cli.

pub mod base;
pub mod cli;
pub mod drive;
pub mod emulate;
pub mod estate;
pub mod event;
pub mod exchange;
pub mod format;
pub mod graph;
pub mod inventory;
pub mod model;
pub mod point;
pub mod rehearse;
pub mod report;
pub mod rules;
pub mod run;
pub mod runbook;
pub mod schema;
pub mod source;
pub mod store;
pub mod syntax;
