//! What an operator reads when a plan, an estate or a command is wrong: one folder of `tests/bad` for
//! each diagnostic, run by the real program, with the exact words. `UPDATE_EXPECT=1` rewrites them; they
//! are then read, not only kept.
//!
//! - `bad.muster`, `good.muster`, `bad.stderr`: `muster check` says the code of the first, not of its twin.
//! - `plan.muster`, `command`, `said.txt`: each line of `command` is given to the program in turn; what
//!   it says and its exit code are kept.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "bad_plans/by_hand.rs"]
mod by_hand;
#[path = "bad_plans/elsewhere.rs"]
mod elsewhere;
#[path = "bad_plans/folder.rs"]
mod folder;
mod plans;
#[path = "bad_plans/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use musterpoint::source::{CodeInfo, codes};

use elsewhere::ELSEWHERE;
use folder::folders;
use program::{Said, Workshop};

/// Columns that the program is told to have.
const COLUMNS: usize = 100;

/// Codes of plan text: the parser's, the resolver's, the rules'.
fn is_about_text(info: &CodeInfo) -> bool {
    ["MP01", "MP02", "MP03"].iter().any(|area| info.code.as_str().starts_with(area))
}

/// Whether a text says a code as an error or a warning.
fn says(text: &str, code: &str) -> bool {
    text.contains(&format!("error[{code}]")) || text.contains(&format!("warning[{code}]"))
}

#[test]
fn every_bad_plan_is_told_of_in_these_words() {
    let mut wrong = String::new();
    for folder in folders().iter().filter(|folder| !folder.has("command")) {
        let said = Workshop::of(folder).run(&["check", "bad.muster"]);
        let expected = if said.stderr.contains("error[") { 1 } else { 0 };
        if said.code != expected {
            writeln!(wrong, "{}: exit {}, not {expected}", folder.name, said.code).unwrap();
        }
        if !says(&said.stderr, folder.code()) {
            writeln!(wrong, "{} is not said:\n{}", folder.name, said.stderr).unwrap();
        }
        folder.compare("bad.stderr", &said.stderr, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_good_twin_is_sound() {
    let mut wrong = String::new();
    for folder in folders().iter().filter(|folder| folder.has("good.muster")) {
        let Said { code, stderr, .. } = Workshop::of(folder).run(&["check", "good.muster"]);
        if code != 0 || says(&stderr, folder.code()) {
            writeln!(wrong, "{}: exit {code}\n{stderr}", folder.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_wrong_command_is_answered_in_these_words() {
    let mut wrong = String::new();
    for folder in folders().iter().filter(|folder| folder.has("command")) {
        let workshop = Workshop::of(folder);
        let mut all = String::new();
        let mut last = 0;
        for line in folder.text("command").lines() {
            let words = program::words(line);
            let said = workshop.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            last = said.code;
            writeln!(all, "$ muster {line}\n{}exit {last}", program::masked(&said.stderr, &workshop))
                .unwrap();
        }
        let warned = all.contains(&format!("warning[{}]", folder.code()));
        if !says(&all, folder.code()) || (last == 0 && !warned) {
            writeln!(wrong, "{} is not said:\n{all}", folder.name).unwrap();
        }
        folder.compare("said.txt", &all, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_code_is_shown_here_or_says_why_not() {
    let shown: BTreeSet<String> = folders().iter().map(|folder| folder.code().to_owned()).collect();
    let mut wrong = Vec::new();
    for info in codes::all() {
        let code = info.code.as_str();
        let excused = ELSEWHERE.iter().filter(|known| known.code == code).count();
        match (shown.contains(code), excused) {
            (true, 0) | (false, 1) => {}
            (true, _) => wrong.push(format!("{code} has a folder and an excuse")),
            (false, 0) => wrong.push(format!("{code} ({}) has neither folder nor excuse", info.title)),
            (false, _) => wrong.push(format!("{code} is excused twice")),
        }
        if is_about_text(info) && excused > 0 && info.code != codes::syntax::FILE_TOO_LARGE {
            wrong.push(format!("{code} is about plan text, so it has a folder"));
        }
    }
    for code in ELSEWHERE.iter().map(|known| known.code).chain(shown.iter().map(String::as_str)) {
        if codes::find(code).is_none() {
            wrong.push(format!("there is no {code}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_shown_elsewhere_is_shown_there() {
    let mut wrong = Vec::new();
    for known in ELSEWHERE {
        let text = std::fs::read_to_string(known.file).unwrap_or_default();
        let begins = text.find(&format!("fn {}(", known.test));
        let body = begins.map(|at| {
            let rest = &text[at..];
            &rest[..rest.find("\n}").unwrap_or(rest.len())]
        });
        if !body.is_some_and(|body| body.contains(known.by)) || known.why.is_empty() {
            wrong.push(format!(
                "{}: `{}` in {} does not say `{}`",
                known.code, known.test, known.file, known.by
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_said_is_short_enough_to_read_and_says_no_words_of_ours() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let file = if folder.has("command") { "said.txt" } else { "bad.stderr" };
        for line in folder.text(file).lines() {
            let said = ["error[", "warning["].iter().find_map(|word| line.strip_prefix(word));
            let text = said.and_then(|said| said.split_once("]: ")).map(|(_, text)| text);
            if let Some(text) = text.or_else(|| line.strip_prefix("  help: ")) {
                let small = text.starts_with(|c: char| c.is_lowercase() || c.is_numeric() || c == '`');
                if !small || text.ends_with(['.', '!']) {
                    wrong.push(format!("{}: not one lowercase fragment: {line}", folder.name));
                }
            }
            // The system's own words and its error numbers help nobody who runs a recovery.
            for word in [
                "os error",
                "/tmp/",
                "panicked",
                "Some(",
                "a estate",
                "invalid",
                "illegal",
                "oops",
                "EOI",
                "word_tail",
                "label_text",
                "text_inside",
                " struct ",
                "u64",
            ] {
                if line.contains(word) {
                    wrong.push(format!("{}: `{word}` in {line}", folder.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_explained_within_the_columns() {
    let workshop = Workshop::empty();
    let mut wrong = Vec::new();
    for info in codes::all() {
        let Said { code, stdout, stderr } = workshop.run(&["explain", info.code.as_str()]);
        let head = format!("{}: {}", info.code, info.title);
        if code != 0 || !stderr.is_empty() || stdout.lines().next() != Some(head.as_str()) {
            wrong.push(format!("{}: exit {code} {stderr}", info.code));
        }
        let long = stdout.lines().filter(|line| line.chars().count() > COLUMNS);
        wrong.extend(long.map(|line| format!("{}: {line}", info.code)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reference_has_a_section_for_every_code() {
    let text = std::fs::read_to_string("docs/diagnostics.md").unwrap();
    let missing: Vec<&str> = codes::all()
        .filter(|info| !text.lines().any(|line| line == format!("## {}: {}", info.code, info.title)))
        .map(|info| info.code.as_str())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
