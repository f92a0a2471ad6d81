//! From text to tree: the splitter finds the statements, pest parses each. Knows no kind and no key.

pub mod ast;
mod brackets;
mod build;
mod bytes;
mod grammar;
mod literal;
mod parse;
mod patterns;
mod same;
pub mod scan;
pub mod split;
mod text;

pub use bytes::check_bytes;
pub use parse::{Parsed, parse, parse_value, parse_whole};
pub use same::same_tree;
