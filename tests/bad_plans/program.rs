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

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the program to its end. Nobody is there to be asked. Words such as `PATH=/nowhere` before
    /// the first that is none are the surroundings of this one command.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let own = args.iter().take_while(|word| word.split('=').next().is_some_and(is_variable));
        let own: Vec<(&str, &str)> = own.filter_map(|word| word.split_once('=')).collect();
        let args = &args[own.len()..];
        let output = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", COLUMNS.to_string())
            .envs(own)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{args:?} was killed"));
        Said { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn is_variable(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_ascii_uppercase())
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
    let user = user();
    let mut kept = Vec::new();
    for line in text.lines() {
        if !is_progress(line) {
            let line = line.replace(here, "/here").replace(&format!("`{user}`"), "`operator`");
            kept.push(without_ids(&line));
        } else if kept.last().is_none_or(|last| last != PROGRESS) {
            kept.push(PROGRESS.to_owned());
        }
    }
    kept.into_iter().map(|line| line + "\n").collect()
}

const PROGRESS: &str = "(progress)";

/// Whose word counts where a name cannot be claimed.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The day, a line that begins with an instant, or the rest of one under its third column.
fn is_progress(line: &str) -> bool {
    let clock = |text: &str| text.chars().all(|letter| letter.is_ascii_digit() || letter == ':');
    let timed = line.get(..8).is_some_and(clock) && line.get(8..10) == Some("  ");
    timed || line.ends_with(" (UTC)") || line.starts_with(&" ".repeat(20))
}

/// The ids of runs and the digests of runbooks: the estate's clock goes on between two commands.
fn without_ids(line: &str) -> String {
    let hex = |text: &str| text.chars().all(|letter| letter.is_ascii_hexdigit());
    let parts = line.split_inclusive([' ', '`', ':']).map(|part| {
        let word = part.trim_end_matches([' ', '`', ':']);
        let end = &part[word.len()..];
        match word.split_once("-20261123-") {
            Some((plan, id)) if id.len() == 9 => format!("{plan}-20261123-????-????{end}"),
            _ if word.len() == 12 && hex(word) => format!("{}{end}", "?".repeat(12)),
            _ => part.to_owned(),
        }
    });
    parts.collect()
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
