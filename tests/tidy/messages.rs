//! What is said of every bad plan keeps to one style, and what is said of the good ones is nothing.

use std::path::Path;

use musterpoint::model::resolve::{DiskFiles, resolve};
use musterpoint::rules::{self, DiskScripts};
use musterpoint::source::{Diagnostic, Severity, Sources, codes};

use crate::tree::{files, none, root};

/// Words that blame, or that only the parser understands.
const NEVER_SAID: &[&str] =
    &["invalid", "illegal", "oops", "please", "sorry", "EOI", "should never", "None", "Some("];

/// Everything that is said of a plan on disk.
fn said(path: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let resolved = resolve(&root().join(Path::new(path)), &mut DiskFiles, &mut sources);
    let mut said = resolved.diagnostics;
    if let Some(plan) = &resolved.plan {
        said.extend(rules::check(plan, &DiskScripts));
    }
    said
}

/// What a sentence does against the style.
fn faults(part: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let first = text.chars().next().unwrap_or(' ');
    if first.is_uppercase() || !(first.is_alphanumeric() || "`\"".contains(first)) {
        found.push(format!("{part} begins with `{first}`"));
    }
    if text.ends_with('.') || text.contains('\n') || text.contains('!') && !text.contains('`') {
        found.push(format!("{part} ends a sentence"));
    }
    let bare: String = text.split('`').step_by(2).collect();
    found.extend(
        NEVER_SAID.iter().filter(|word| bare.contains(**word)).map(|word| format!("{part} says `{word}`")),
    );
    if text.matches('`').count() % 2 == 1 {
        found.push(format!("{part} leaves a backtick open"));
    }
    found
}

#[test]
fn every_message_keeps_the_style() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let bad = files("tests/bad").into_iter().filter(|path| path.ends_with("/bad.muster"));
    for path in bad.chain(files("plans").into_iter().filter(|path| path.ends_with(".muster"))) {
        for diagnostic in said(&path) {
            count += 1;
            let mut found = faults("message", &diagnostic.message);
            found.extend(diagnostic.help.iter().flat_map(|help| faults("help", help)));
            for label in diagnostic.labels.iter().filter(|label| !label.text.is_empty()) {
                found.extend(faults("label", &label.text));
            }
            if codes::find(diagnostic.code.as_str()).is_none() {
                found.push("the code has no page".to_owned());
            }
            wrong.extend(found.into_iter().map(|fault| format!("{path}: {fault}: {}", diagnostic.message)));
        }
    }
    assert!(count > 80, "the bad plans say too little: {count}");
    none("one lowercase sentence, no full stop, no newline", &wrong);
}

#[test]
fn bad_plans_give_their_code_and_good_ones_no_error() {
    let mut wrong = Vec::new();
    for path in files("tests/bad") {
        let code = path.trim_start_matches("tests/bad/").get(..6).unwrap_or("").to_owned();
        let is_said = |wanted: &dyn Fn(&Diagnostic) -> bool| said(&path).iter().any(wanted);
        if path.ends_with("/bad.muster") && !is_said(&|found| found.code.as_str() == code) {
            wrong.push(format!("{path} does not give {code}"));
        }
        if path.ends_with("/good.muster") && is_said(&|found| found.code.as_str() == code) {
            wrong.push(format!("{path} gives {code}"));
        }
    }
    none("bad plans and their twins", &wrong);
}

#[test]
fn shipped_plans_have_no_errors() {
    let mut wrong = Vec::new();
    for path in files("plans").into_iter().filter(|path| path.ends_with(".muster")) {
        // A file to be used by others holds no plan, and that is its only fault.
        for found in said(&path).iter().filter(|found| found.severity == Severity::Error) {
            if found.code != codes::names::PLAN_COUNT {
                wrong.push(format!("{path}: {} {}", found.code, found.message));
            }
        }
    }
    none("shipped plans", &wrong);
}
