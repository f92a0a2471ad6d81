//! Transcripts in Markdown: a `console` block holds `$ muster …` lines, each with its exit code (`? 6`) if
//! it is not 0, and with what is printed. Commands of one paper share a state folder, in order.
//! What differs from run to run (instants, durations, ids of runs, digests) is compared by its sort
//! alone, and how lines are broken is not compared. `[..]` stands for one word, `...` for any number.

use std::borrow::Borrow;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One command of a paper: where its output stands (lines, from 0), and what is said of it.
pub(crate) struct Shown {
    pub(crate) command: String,
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) lines: std::ops::Range<usize>,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) output: String,
}

/// The commands of a paper in order.
pub(crate) fn shown(text: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let (mut inside, mut begun) = (false, false);
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            (inside, begun) = (line == "```console", false);
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            begun = true;
            let lines = number + 1..number + 1;
            found.push(Shown { command: command.to_owned(), code: 0, output: String::new(), lines });
        } else if let Some(last) = found.last_mut().filter(|_| inside && begun) {
            match line.strip_prefix("? ").and_then(|code| code.parse().ok()) {
                Some(code) if last.output.is_empty() => {
                    last.code = code;
                    last.lines = number + 1..number + 1;
                }
                _ => {
                    last.output.push_str(line);
                    last.output.push('\n');
                    last.lines.end = number + 1;
                }
            }
        }
    }
    found
}

/// Writes what is printed now into a paper, where it shows something else.
pub(crate) fn rewrite<S: Borrow<Shown>>(paper: &Path, text: &str, new: &[(S, String)]) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let new = new.iter().map(|(one, output)| (one.borrow(), output));
    for (one, output) in new.rev().filter(|(one, output)| !matches(&one.output, output)) {
        lines.splice(one.lines.clone(), output.lines().map(str::to_owned));
    }
    std::fs::write(paper, lines.join("\n") + "\n").unwrap();
}

/// A place to run the commands of one paper.
pub(crate) struct Desk {
    root: PathBuf,
    state: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), state: tempfile::tempdir().unwrap() }
    }

    /// Runs `muster …` or `cargo run --release -- …` through the binary of this build.
    pub(crate) fn run(&self, command: &str) -> Done {
        let arguments = ["muster ", "cargo run --release -- "]
            .iter()
            .find_map(|program| command.strip_prefix(program))
            .unwrap_or_else(|| panic!("no command of ours: {command}"));
        let fresh = self.state.path().join("fresh").display().to_string();
        let done = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(words(&arguments.replace("$(mktemp -d)", &fresh)))
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.state.path())
            .env("COLUMNS", "100")
            .env("MUSTER_STATE", self.state.path().join("state"))
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the program runs");
        let said = String::from_utf8(done.stderr).unwrap() + &String::from_utf8(done.stdout).unwrap();
        let output = said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        Done { code: done.status.code().expect("no signal"), output: output.trim_end().to_owned() }
    }
}

/// The words of a command line; double quotes hold blanks together.
fn words(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    for char in line.chars() {
        match char {
            '"' => quoted = !quoted,
            ' ' if !quoted => found.push(String::new()),
            _ => found.last_mut().unwrap().push(char),
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

/// Whether an output is what a paper shows of it.
pub(crate) fn matches(shown: &str, printed: &str) -> bool {
    let shown: Vec<String> = shown.split_whitespace().map(sort_of).collect();
    let printed: Vec<String> = printed.split_whitespace().map(sort_of).collect();
    // Approach: between two `...`, the words that are shown stand somewhere in what is left, in one piece;
    // the first piece at the beginning, the last at the end.
    let pieces: Vec<&[String]> = shown.split(|word| word == "...").collect();
    let fits = |piece: &[String], at: usize| {
        printed.get(at..at + piece.len()).is_some_and(|there| {
            piece.iter().zip(there).all(|(shown, printed)| shown == printed || shown == "[..]")
        })
    };
    let mut at = 0;
    for (number, piece) in pieces.iter().enumerate() {
        let found = if number == 0 {
            fits(piece, 0).then_some(0)
        } else if number + 1 == pieces.len() {
            printed.len().checked_sub(piece.len()).filter(|last| *last >= at && fits(piece, *last))
        } else {
            (at..=printed.len()).find(|begin| fits(piece, *begin))
        };
        let Some(found) = found else { return false };
        at = found + piece.len();
    }
    pieces.len() > 1 || at == printed.len()
}

/// A word with what differs from run to run replaced by its sort.
fn sort_of(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let part = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        if end == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (atom, after) = rest.split_at(end);
        let bare = atom.trim_end_matches(['.', ':']);
        out.push_str(sort_of_atom(bare).unwrap_or(bare));
        out.push_str(&atom[bare.len()..]);
        rest = after;
    }
    out
}

fn sort_of_atom(atom: &str) -> Option<&'static str> {
    let digits = atom.bytes().filter(u8::is_ascii_digit).count();
    let is_clock = |text: &str| matches!(text.as_bytes(), [a, b, b':', _, _, ..] if a.is_ascii_digit() && b.is_ascii_digit());
    let stamp = atom.split('-').any(|part| part.len() == 16 && part.ends_with('Z') && part.contains('T'));
    let tail = atom.rsplit('-').next().unwrap_or_default();
    if is_clock(atom) && digits >= 4 || atom.split_once('T').is_some_and(|(_, clock)| is_clock(clock)) {
        Some("<time>")
    } else if stamp {
        Some("<point>")
    } else if atom.starts_with(|c: char| c.is_ascii_digit())
        && atom.ends_with(['d', 'h', 'm', 's'])
        && atom.chars().all(|c| c.is_ascii_digit() || "dhms".contains(c))
    {
        Some("<duration>")
    } else if tail.len() == 4
        && is_hex(tail)
        && atom.split('-').any(|part| part.len() == 8 && is_number(part))
    {
        Some("<run>")
    } else if atom.len() >= 12 && is_hex(atom) && digits > 0 {
        Some("<digest>")
    } else {
        None
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn what_differs_from_run_to_run_is_compared_by_its_sort() {
    assert!(matches("run `erp-20261123-0600-077e` took 2m3s", "run\n`erp-20261123-0601-0aa1`  took 41s7ms"));
    assert!(matches("at 06:00:01Z, point f-20261123T060246Z", "at 06:59:59Z, point f-20261123T070000Z"));
    assert!(!matches("2 machines", "3 machines"));
    assert!(!matches("loses 3m", "loses sql01"));
    assert!(!matches("a b", "a b c"));
}

#[test]
fn what_is_left_out_is_marked() {
    assert!(
        matches("a ... d", "a b c d") && matches("a ... c ... e", "a b c d e") && matches("a ...", "a b")
    );
    assert!(!matches("a ... d", "a b c") && !matches("a [..] d", "a b c d") && matches("a [..] c", "a b c"));
}

#[test]
fn transcripts_are_found_in_their_blocks() {
    let text = "x\n```console\n$ muster a\nout\n\n$ muster b\n? 6\n```\n```sh\n$ muster c\n```\n";
    let found: Vec<(String, i32, String)> =
        shown(text).into_iter().map(|it| (it.command, it.code, it.output)).collect();
    assert_eq!(found[0], ("muster a".to_owned(), 0, "out\n\n".to_owned()));
    assert_eq!(found[1], ("muster b".to_owned(), 6, String::new()));
    assert_eq!(found.len(), 2);
}
