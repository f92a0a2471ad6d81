//! Every diagnostic has a stable code, a page that helps, and where it is about plan text a plan that
//! gives it and a twin that does not.

use std::collections::BTreeSet;

use musterpoint::source::CodeInfo;
use musterpoint::source::codes;

use crate::rust;
use crate::tree::{files, none, rust_files, text};

/// About plan text, and yet not shown by a file of this repository: (code, why).
const WITHOUT_PLAN: &[(&str, &str)] =
    &[("MP0101", "its plan would have to be larger than the bound on plans")];

/// Codes of plan text: the parser's, the resolver's, the rules'.
fn is_about_text(info: &CodeInfo) -> bool {
    ["MP01", "MP02", "MP03"].iter().any(|area| info.code.as_str().starts_with(area))
}

#[test]
fn codes_are_unique_and_in_order_within_their_area() {
    let all: Vec<&str> = codes::all().map(|info| info.code.as_str()).collect();
    let unique: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(all.len(), unique.len(), "a code stands for one thing");
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert_eq!(all, sorted);
    let mut wrong = all;
    wrong.retain(|code| {
        code.len() != 6 || !code.starts_with("MP") || !code[2..].bytes().all(|c| c.is_ascii_digit())
    });
    assert!(wrong.is_empty(), "`MP` and four digits: {wrong:?}");
}

#[test]
fn every_code_has_a_title_and_a_page_that_helps() {
    let mut wrong = Vec::new();
    for info in codes::all() {
        let title = info.title;
        if title.is_empty()
            || title.ends_with('.')
            || title.contains('\n')
            || title.starts_with(|c: char| c.is_uppercase() && !title_word(title))
        {
            wrong.push(format!("{}: title `{title}`", info.code));
        }
        let page = info.page.trim();
        if page.len() < 80
            || page.starts_with('#')
            || !page.ends_with(['.', '`', ')'])
                && !page.lines().last().is_some_and(|line| line.starts_with("    "))
        {
            wrong.push(format!("{}: page ends `{}`", info.code, page.lines().last().unwrap_or("")));
        }
        if page.matches("```").count() % 2 == 1 {
            wrong.push(format!("{}: a code block of its page is left open", info.code));
        }
    }
    none("title: a lowercase fragment; page: why, an example, what to do", &wrong);
}

/// Whether a title begins with a name that is written in capitals (`UTF-16`, `QEMU`).
fn title_word(title: &str) -> bool {
    title
        .split([' ', '-'])
        .next()
        .is_some_and(|word| word.len() > 1 && !word.contains(|c: char| c.is_lowercase()))
}

#[test]
fn every_code_of_plan_text_has_a_bad_plan_and_its_good_twin() {
    let kept = files("tests/bad");
    let mut wrong = Vec::new();
    for info in codes::all().filter(|info| is_about_text(info)) {
        let code = info.code.as_str();
        if WITHOUT_PLAN.iter().any(|(known, _)| *known == code) {
            continue;
        }
        for file in ["bad.muster", "good.muster"] {
            let found = kept
                .iter()
                .filter(|path| {
                    path.starts_with(&format!("tests/bad/{code}-")) && path.ends_with(&format!("/{file}"))
                })
                .count();
            if found != 1 {
                wrong.push(format!("{code}: {found} × {file}"));
            }
        }
    }
    none("a code of plan text has one folder in tests/bad", &wrong);
}

#[test]
fn every_folder_of_bad_plans_is_of_a_code() {
    let known: BTreeSet<&str> = codes::all().map(|info| info.code.as_str()).collect();
    let strange: Vec<String> = files("tests/bad")
        .into_iter()
        .filter(|path| {
            !path.trim_start_matches("tests/bad/").get(..6).is_some_and(|code| known.contains(code))
        })
        .collect();
    none("these are of no code", &strange);
}

#[test]
fn every_code_is_used() {
    let code: String = rust_files("src")
        .iter()
        .filter(|path| !path.starts_with("src/source/codes/"))
        .map(|path| rust::code(&text(path)))
        .collect();
    let mut unused = Vec::new();
    for path in rust_files("src/source/codes") {
        for line in text(&path).lines() {
            if let Some((name, rest)) = line.trim_start().split_once(" = \"MP") {
                let written = rust::words_after(&code, "codes::").contains(&name.to_owned())
                    || contains_word(&code, name);
                if !written {
                    unused.push(format!("{name} = MP{}", rest.get(..4).unwrap_or(rest)));
                }
            }
        }
    }
    none("no code says these", &unused);
}

fn contains_word(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        !code[..at].ends_with(is_word) && !code[at + name.len()..].starts_with(is_word)
    })
}
