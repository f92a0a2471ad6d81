//! Words that do not land on the main branch, and characters that nobody sees.

use crate::floors::floor;
use crate::rust;
use crate::tree::{files, none, root, rust_files, text};

/// Code that is not finished, or was left from looking for a mistake; a value is looked at, not a panic.
const NEVER: &[&str] = &["dbg!", "todo!", "unimplemented!", "should_panic"];

/// Own bugs end in `bug!`, and an exception to a lint says that it is expected. Helpers shared by tests
/// may be unused in some of them.
const NEVER_IN_SRC: &[&str] = &["unreachable!", "#[allow", "#![allow"];

/// What prints; only the command line talks to people.
const PRINTS: &[&str] = &["println!", "eprintln!", "print!(", "eprint!(", "stdout()", "stderr()"];

fn is_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !after.is_some_and(char::is_alphanumeric)
    })
}

#[test]
fn unfinished_code_does_not_land() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let never = NEVER.iter().chain(if path.starts_with("src/") { NEVER_IN_SRC } else { &[] });
        let code = rust::code(&text(&path));
        for (number, line) in code.lines().enumerate() {
            for word in never.clone().filter(|word| line.contains(**word)) {
                wrong.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    none("unfinished code", &wrong);
}

#[test]
fn only_the_victims_of_other_tests_are_left_out() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = text(&path);
        for (number, (code, line)) in rust::code(&text).lines().zip(text.lines()).enumerate() {
            if code.contains("#[ignore") && !line.contains("#[ignore = \"the victim of another test\"]") {
                wrong.push(format!("{path}:{}", number + 1));
            }
        }
    }
    none("a test that is left out proves nothing", &wrong);
}

#[test]
fn only_the_command_line_prints() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        if floor(&path) == Some("cli") || path == "src/main.rs" {
            continue;
        }
        for (number, line) in rust::code(&text(&path)).lines().enumerate() {
            for word in PRINTS.iter().filter(|word| is_word(line, word)) {
                wrong.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    none("only `cli` prints", &wrong);
}

#[test]
fn no_note_of_work_left_to_do() {
    // Written apart, so that this file does not find itself.
    let notes = [["TO", "DO"], ["FIX", "ME"], ["X", "XX"], ["HA", "CK"]].map(|parts| parts.concat());
    let mut wrong = Vec::new();
    for path in texts() {
        for (number, line) in text(&path).lines().enumerate() {
            for note in notes.iter().filter(|note| is_word(line, note)) {
                wrong.push(format!("{path}:{}: {note}", number + 1));
            }
        }
    }
    none("work left to do is an issue, not a comment", &wrong);
}

/// Folders in which each person or machine has one of its own.
const PLACES: &[&str] = &["/home/", "/root/", "/Users/", "/work/"];

#[test]
fn no_path_of_somebody_s_machine() {
    let mut wrong = Vec::new();
    for path in texts().into_iter().filter(|path| path != "tests/tidy/words.rs") {
        for (number, line) in text(&path).lines().enumerate() {
            if PLACES
                .iter()
                .any(|place| line.match_indices(place).any(|(at, _)| is_somebody_s(line, at, place)))
            {
                wrong.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    none("a path of one machine", &wrong);
}

/// Whether an absolute path begins at `at` and goes on with a name; one letter stands for any name.
fn is_somebody_s(line: &str, at: usize, place: &str) -> bool {
    let begins = !line[..at].ends_with(|c: char| c.is_alphanumeric() || "./-_}*~".contains(c));
    let name = line[at + place.len()..].chars().take_while(|c| c.is_alphanumeric()).count();
    begins && name > 1
}

#[test]
fn no_characters_that_nobody_sees() {
    let mut wrong = Vec::new();
    for path in texts() {
        for (number, line) in text(&path).split('\n').enumerate() {
            if let Some(unseen) = line.chars().find(|c| is_unseen(*c)) {
                wrong.push(format!("{path}:{}: {}", number + 1, unseen.escape_unicode()));
            }
        }
    }
    none("no control characters, no tabs, no invisible or turning characters", &wrong);
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Rust is formatted by its own tool, and what a test expects is kept as it is.
#[test]
fn files_end_with_one_newline_and_lines_with_no_blanks() {
    let mut wrong = Vec::new();
    let kept = |path: &String| !["tests/bad/", "tests/golden/"].iter().any(|folder| path.starts_with(folder));
    for path in texts().into_iter().filter(|path| kept(path) && !path.ends_with(".rs")) {
        let text = text(&path);
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            wrong.push(format!("{path}: its end"));
        }
        wrong.extend(
            text.lines()
                .enumerate()
                .filter(|(_, line)| line.ends_with(' '))
                .map(|(number, _)| format!("{path}:{}", number + 1)),
        );
    }
    none("one newline at the end, no blanks at the end of a line", &wrong);
}

/// Every text of the repository. Plans that are bad by their very bytes are left out.
fn texts() -> Vec<String> {
    let mut found = files("");
    found.retain(|path| !path.starts_with("tests/bad/MP010") && path != "Cargo.lock");
    found.retain(|path| {
        std::fs::read(root().join(path)).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok())
    });
    found
}
