//! The papers: what is generated is fresh, what is shown is true.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::fmt::Write as _;
use std::path::PathBuf;

use musterpoint::base::Id as _;
use musterpoint::source::{FileId, codes};
use musterpoint::syntax::parse;

#[path = "docs/console.rs"]
mod console;

use console::{Desk, Shown};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// Compares a generated paper with what is kept; `UPDATE_DOCS=1` writes it instead.
#[track_caller]
fn fresh(path: &str, wanted: &str) {
    let file = root().join(path);
    if is_updating() {
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

/// Runs every command of a paper; `UPDATE_DOCS=1` writes what they print where it is something else.
#[track_caller]
fn transcripts_are_true(path: &str) {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let shown = console::shown(&text);
    assert!(!shown.is_empty(), "{path} shows no command");
    let desk = Desk::new(&root());
    let mut wrong = Vec::new();
    let mut new: Vec<(&Shown, String)> = Vec::new();
    for one in &shown {
        let done = desk.run(&one.command);
        if done.code != one.code {
            wrong.push(format!(
                "$ {}\nexit code {}, shown {}\n{}",
                one.command, done.code, one.code, done.output
            ));
        } else if !console::matches(&one.output, &done.output) {
            wrong.push(format!("$ {}\n{}", one.command, done.output));
            new.push((one, done.output));
        }
    }
    if is_updating() {
        console::rewrite(&root().join(path), &text, &new);
    }
    assert!(wrong.is_empty(), "{path} shows something else than is printed:\n{}", wrong.join("\n\n"));
}

#[test]
fn commands_of_the_readme_print_what_it_shows() {
    transcripts_are_true("README.md");
}

#[test]
fn commands_of_the_guide_print_what_it_shows() {
    transcripts_are_true("docs/guide.md");
}

#[test]
fn the_readme_s_way_to_run_the_scenario_is_complete() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = blocks(&text, "sh");
    let commands: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    assert_eq!(commands.len(), 2, "exactly two commands: {commands:?}");
    let done = Desk::new(&root()).run(commands[0]);
    assert_eq!(done.code, 0, "{}", done.output);
    assert!(done.output.contains("completed"), "{}", done.output);
    assert_eq!(commands[1], "scripts/test");
    assert!(root().join(commands[1]).is_file());
}

/// What can be tried stands in a table; nobody is attached, so a run may end by waiting for people.
#[test]
fn commands_of_the_plans_table_work() {
    let text = std::fs::read_to_string(root().join("plans/README.md")).unwrap();
    let commands: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|code| code.starts_with("muster "))
        .collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        let runs = ["failover", "failback", "test"]
            .iter()
            .any(|verb| command.starts_with(&format!("muster {verb} ")));
        let line = if runs { format!("{command} --yes --quiet") } else { command.to_owned() };
        let done = Desk::new(&root()).run(&line);
        assert!(done.code == 0 || done.code == 6 && runs, "{line}: {}\n{}", done.code, done.output);
    }
}

/// The blocks of a language in Markdown.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let starts = text.match_indices(&opening).filter(|(at, _)| text[..*at].ends_with('\n'));
    starts.map(|(at, _)| text[at + opening.len()..].split("\n```").next().unwrap().to_owned()).collect()
}

fn papers() -> Vec<String> {
    let mut found =
        vec!["README.md".to_owned(), "plans/README.md".to_owned(), "grammar/GRAMMAR.md".to_owned()];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        found.push(format!("docs/{}", entry.unwrap().file_name().into_string().unwrap()));
    }
    // Pages of diagnostics show what is wrong; `tests/bad` says which of it is.
    found.retain(|path| path != "docs/diagnostics.md");
    found.sort();
    found
}

/// A block that begins with the name of a plan is a piece of it, word for word.
#[test]
fn plan_text_in_papers_parses_and_is_what_it_says_it_is() {
    for path in papers() {
        for block in blocks(&std::fs::read_to_string(root().join(&path)).unwrap(), "muster") {
            let found = parse(FileId::from_index(0), &block.replace('…', "")).diagnostics;
            assert!(found.is_empty(), "{path}:\n{block}\n{found:#?}");
            let Some((plan, piece)) = block.strip_prefix("# plans/").and_then(|rest| rest.split_once('\n'))
            else {
                continue;
            };
            let whole = std::fs::read_to_string(root().join("plans").join(plan)).unwrap();
            assert!(
                whole.contains(piece.trim_end()),
                "{path}: this does not stand in plans/{plan}:\n{piece}"
            );
        }
    }
}

#[test]
fn links_of_papers_lead_somewhere() {
    for path in papers().into_iter().chain(["ARCHITECTURE.md".to_owned(), "CHANGELOG.md".to_owned()]) {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        let folder = root().join(&path).parent().unwrap().to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            let is_ours = !file.is_empty() && !file.contains("://") && !file.contains(' ');
            assert!(!is_ours || folder.join(file).exists(), "{path} leads to {link}");
        }
    }
}
