//! No dead file: every module is declared, every plan is tested, every script and inventory is used.

use crate::tree::{files, none, rust_files, text};

/// The module files that `path` declares could be, by where it lies.
fn homes(path: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap();
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => vec![folder.to_owned()],
        _ if folder == "tests" || folder == "benches" => vec![folder.to_owned()],
        _ => vec![format!("{folder}/{}", name.trim_end_matches(".rs"))],
    }
}

/// Every file that `path` brings in by `mod name;`, with its `#[path]` if it has one.
fn declared(path: &str) -> Vec<String> {
    let text = text(path);
    let mut found = Vec::new();
    let mut at: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(written) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            at = Some(format!("{}/{written}", path.rsplit_once('/').unwrap().0));
        }
        let Some((head, name)) = line.strip_suffix(';').and_then(|line| line.split_once("mod ")) else {
            continue;
        };
        if !head.is_empty() && !head.starts_with("pub") {
            continue;
        }
        found.extend(at.take());
        found.extend(
            homes(path)
                .iter()
                .flat_map(|home| [format!("{home}/{name}.rs"), format!("{home}/{name}/mod.rs")]),
        );
    }
    found
}

#[test]
fn every_module_is_declared() {
    let all: Vec<String> = ["src", "tests", "benches"].into_iter().flat_map(rust_files).collect();
    let declared: Vec<String> = all.iter().flat_map(|path| declared(path)).collect();
    let is_root = |path: &str| {
        matches!(path, "src/lib.rs" | "src/main.rs")
            || path.ends_with("/main.rs") && path.matches('/').count() == 2
            || (path.starts_with("tests/") || path.starts_with("benches/")) && path.matches('/').count() == 1
    };
    let dead: Vec<String> =
        all.iter().filter(|path| !is_root(path) && !declared.contains(path)).cloned().collect();
    none("no module declares these files", &dead);
}

/// The plans that are named: in a test, in a paper whose commands `tests/docs.rs` runs, or by a named plan.
#[test]
fn every_plan_is_named_in_a_test() {
    let mut named: String = rust_files("tests").iter().map(|path| text(path)).collect();
    named.extend(["README.md", "docs/guide.md", "plans/README.md"].iter().map(|path| text(path)));
    let mut unnamed: Vec<String> =
        files("plans").into_iter().filter(|path| path.ends_with(".muster")).collect();
    loop {
        let (more, rest): (Vec<_>, Vec<_>) =
            unnamed.into_iter().partition(|path| named.contains(path.trim_start_matches("plans/")));
        unnamed = rest;
        if more.is_empty() {
            break;
        }
        named.extend(more.iter().map(|path| text(path)));
    }
    none("no test names these plans", &unnamed);
}

#[test]
fn everything_beside_a_plan_is_used_by_one() {
    let plans: String = files("plans")
        .iter()
        .filter(|path| path.ends_with(".muster") || path.ends_with(".sh"))
        .map(|path| text(path))
        .collect();
    let tests: String = rust_files("tests").iter().map(|path| text(path)).collect();
    let unused: Vec<String> = files("plans")
        .into_iter()
        .filter(|path| path.contains("/scripts/") || path.ends_with(".json"))
        .filter(|path| !plans.contains(path.trim_start_matches("plans/")) && !tests.contains(path.as_str()))
        .collect();
    none("no plan uses these files", &unused);
}
