//! The papers: what is generated is fresh, what is shown is true.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use musterpoint::source::codes;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a generated paper with what is kept; `UPDATE_DOCS=1` writes it instead.
#[track_caller]
fn fresh(path: &str, wanted: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let first = kept.lines().zip(wanted.lines()).position(|(kept, wanted)| kept != wanted);
    assert!(
        kept == wanted,
        "{path} is stale (line {first:?}); write it with: UPDATE_DOCS=1 cargo test --test docs"
    );
}

#[test]
fn generated_language_reference_is_fresh() {
    fresh("docs/language.md", &musterpoint::schema::reference());
}

#[test]
fn generated_page_of_diagnostics_is_fresh() {
    let mut page = String::from("# Diagnostics\n\nGenerated. `muster explain CODE` prints one of these.\n");
    for info in codes::all() {
        write!(page, "\n## {}: {}\n\n{}\n", info.code, info.title, info.page.trim()).unwrap();
    }
    fresh("docs/diagnostics.md", &page);
}
