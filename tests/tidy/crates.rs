//! Who may use which crate. A dependency that only one folder knows can be replaced in one folder.

use crate::floors::floor;
use crate::rust;
use crate::tree::{none, rust_files, text};

/// Crates that belong to some floors only, and why.
const BELONGS: &[(&str, &[&str], &str)] = &[
    ("clap", &["cli"], "only the command line reads arguments"),
    ("clap_complete", &["cli"], "only the command line reads arguments"),
    ("clap_mangen", &["cli"], "only the command line reads arguments"),
    ("miette", &["cli"], "diagnostics are data until they are shown"),
    ("pest", &["syntax"], "one parser"),
    ("pest_derive", &["syntax"], "one parser"),
    ("petgraph", &["graph", "runbook"], "whoever executes a graph keeps its own lists"),
    ("strsim", &["base"], "one idea of what is near"),
    ("jiff", &["base"], "one idea of an instant"),
    ("ed25519_dalek", &["event"], "one kind of signature, and no key on disk where it is made"),
    ("sha2", &["base", "estate"], "one digest, and that of shipped disks"),
    ("rusqlite", &["store", "estate"], "the run log and the simulated estate are the only databases"),
    ("reqwest", &["estate"], "only estates and notifications leave the process"),
    ("azure_core", &["estate"], "one place signs in to Azure"),
    ("azure_identity", &["estate"], "one place signs in to Azure"),
    ("rustls", &["estate"], "one cryptography for every connection"),
    ("ureq", &["estate", "drive"], "only estates and notifications leave the process"),
    ("axum", &["emulate"], "only a stand-in serves"),
    ("http_body", &["emulate"], "only a stand-in serves"),
    ("tokio", &["estate", "emulate", "store", "drive", "cli"], "everything below the estate is synchronous"),
    ("tokio_util", &["drive", "cli"], "everything below the estate is synchronous"),
];

/// What starts tasks; only the driver does, so that one place owns all of them.
const SPAWNS: &[&str] = &["JoinSet", "tokio::spawn", "task::spawn("];

#[test]
fn crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some(own) = floor(&path) else { continue };
        let code = rust::code(&text(&path));
        for (name, floors, why) in BELONGS {
            let used = rust::words_after(&code, &format!("{name}::")).len()
                + rust::words_after(&code, &format!("use {name};")).len();
            if used > 0 && !floors.contains(&own) {
                wrong.push(format!("{path} uses `{name}`: {why}"));
            }
        }
    }
    none("a crate stays where it belongs", &wrong);
}

#[test]
fn only_the_driver_starts_tasks() {
    let mut wrong = Vec::new();
    for path in rust_files("src").into_iter().filter(|path| floor(path) != Some("drive")) {
        let code = rust::code(&text(&path));
        wrong.extend(
            SPAWNS.iter().filter(|word| code.contains(**word)).map(|word| format!("{path}: `{word}`")),
        );
    }
    none("only `drive` starts tasks", &wrong);
}

/// The names under a heading of `Cargo.toml`.
fn section(heading: &str) -> Vec<String> {
    let manifest = text("Cargo.toml");
    let after = manifest.split(&format!("[{heading}]\n")).nth(1).expect("the section");
    let lines = after.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_dependency_is_used_and_has_its_line_in_the_architecture() {
    let sources: String = rust_files("src").iter().map(|path| rust::code(&text(path))).collect();
    let tests: String =
        ["tests", "benches"].into_iter().flat_map(rust_files).map(|path| rust::code(&text(&path))).collect();
    let architecture = text("ARCHITECTURE.md");
    let mut wrong = Vec::new();
    for (heading, code) in [("dependencies", &sources), ("dev-dependencies", &tests)] {
        for name in section(heading) {
            if !code.contains(&format!("{}::", name.replace('-', "_"))) {
                wrong.push(format!("{name} of [{heading}] is used nowhere"));
            }
            if !architecture.contains(&format!("`{name}`")) {
                wrong.push(format!("{name} has no line in ARCHITECTURE.md"));
            }
        }
    }
    none("a dependency earns its place", &wrong);
}
