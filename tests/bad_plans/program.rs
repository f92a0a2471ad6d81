//! The real program in a copy of a folder, with nothing around it that another machine would not have.

use std::path::Path;
use std::process::{Command, Stdio};

use super::COLUMNS;
use super::folder::Folder;

/// What the program said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A copy of a folder in which the program runs: it may write, and nobody sees it.
pub(crate) struct Workshop(tempfile::TempDir);

impl Workshop {
    /// With the files of a folder.
    pub(crate) fn of(folder: &Folder) -> Self {
        let made = Self::empty();
        copy(&folder.path, made.0.path());
        made
    }

    /// With nothing in it.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs the program to its end. Nobody is there to be asked.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", COLUMNS.to_string())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{args:?} was killed"));
        Said { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The words of a command line; a word in double quotes may hold spaces.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// What was said without what differs from run to run: the folder's place, the ids of runs
/// (`erp-20261123-0600-1a2b`) and the progress, of which other tests keep the words.
pub(crate) fn masked(text: &str, workshop: &Workshop) -> String {
    let here = workshop.0.path().to_str().unwrap();
    let mut kept = Vec::new();
    for line in text.lines() {
        if !is_progress(line) {
            kept.push(without_ids(&line.replace(here, "/here")));
        } else if kept.last().is_none_or(|last| last != PROGRESS) {
            kept.push(PROGRESS.to_owned());
        }
    }
    kept.into_iter().map(|line| line + "\n").collect()
}

const PROGRESS: &str = "(progress)";

/// The day, a line that begins with an instant, or the rest of one under its third column.
fn is_progress(line: &str) -> bool {
    let clock = |text: &str| text.chars().all(|letter| letter.is_ascii_digit() || letter == ':');
    let timed = line.get(..8).is_some_and(clock) && line.get(8..10) == Some("  ");
    timed || line.ends_with(" (UTC)") || line.starts_with(&" ".repeat(20))
}

/// The four letters that tell a run from another of the same minute.
fn without_ids(line: &str) -> String {
    let mut out = line.to_owned();
    while let Some(at) = out.match_indices("-20261123-0600-").map(|(at, found)| at + found.len()).find(|at| {
        out.get(*at..*at + 4).is_some_and(|id| id.chars().all(|letter| letter.is_ascii_hexdigit()))
    }) {
        out.replace_range(at..at + 4, "????");
    }
    out
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
