//! A file has one subject, a function fits a screen.

use crate::rust;
use crate::tree::{none, rust_files, text};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn no_file_is_longer_than_500_lines() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let lines = text(&path).lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{path}: {lines} lines"));
        }
    }
    none("a file has at most 500 lines", &wrong);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        for function in rust::functions(&rust::code(&text(&path))) {
            if function.lines > FUNCTION_LINES_MAX {
                wrong.push(format!("{path}:{} `{}`: {} lines", function.line, function.name, function.lines));
            }
        }
    }
    none("a function has at most 70 lines", &wrong);
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let silent: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(rust_files)
        .filter(|path| !text(path).starts_with("//! "))
        .collect();
    none("a file begins with its `//!` header", &silent);
}
