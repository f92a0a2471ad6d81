//! From text to tree: the splitter finds the statements, pest parses each. Knows no kind and no key.

pub mod ast;
mod brackets;
#[expect(clippy::wildcard_enum_match_arm, reason = "a pair holds only what its grammar rule allows")]
mod build;
mod bytes;
mod grammar;
mod literal;
mod parse;

mod quick;
mod same;
pub mod scan;
pub mod split;
#[expect(clippy::wildcard_enum_match_arm, reason = "a pair holds only what its grammar rule allows")]
mod text;
mod wrong;

pub use bytes::check_bytes;
pub use parse::{Parsed, parse, parse_value, parse_whole};
pub use same::same_tree;
