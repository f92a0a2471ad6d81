//! The files of the repository, as the rules see them: paths from its root with `/`, sorted.

use std::path::{Path, PathBuf};

/// Folders that are made, not written.
const MADE: &[&str] = &["target", ".git", ".muster"];

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` (`""` for the root), sorted.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap().to_str().expect("names are UTF-8");
            // A worktree's `.git` is a file, a clone's is a folder.
            if folder == root() && MADE.contains(&name) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(named(&path));
            }
        }
    }
    found.sort();
    found
}

fn named(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().expect("names are UTF-8").replace('\\', "/")
}

/// The Rust files below `folder`, sorted.
pub(crate) fn rust_files(folder: &str) -> Vec<String> {
    files(folder).into_iter().filter(|path| path.ends_with(".rs")).collect()
}

/// The text of a file.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with every finding, one a line.
#[track_caller]
pub(crate) fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
