//! From text to tree: the splitter finds the statements, pest parses each.

pub mod ast;
