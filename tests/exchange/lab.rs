//! What the tests share: files, plans from text, and a recovery plan as what one run of it comes to.

use std::path::{Path, PathBuf};

use musterpoint::exchange::azure::{self, Exported, ImportOptions, Imported, Items};
use musterpoint::model::Plan;
use musterpoint::model::resolve::{Files, resolve};
use musterpoint::rules::{self, ScriptLookup, ScriptTrouble};
use musterpoint::source::{Diagnostic, Sources};
use serde_json::Value;

/// A file of `tests/exchange/files`.
pub(crate) fn file(name: &str) -> String {
    std::fs::read_to_string(format!("tests/exchange/files/{name}")).unwrap()
}

/// Options with the machines of `items.json`, or none.
pub(crate) fn options(items: Items) -> ImportOptions {
    ImportOptions { file: "export.json".to_owned(), items, ..ImportOptions::default() }
}

/// The machines of `items.json`.
pub(crate) fn items() -> Items {
    Items::read("items.json", &file("items.json")).unwrap()
}

/// Imports what has to be importable.
#[track_caller]
pub(crate) fn imported(json: &str, options: &ImportOptions) -> Imported {
    azure::import(json, options).unwrap_or_else(|found| panic!("{found:#?}\n{json}"))
}

/// What is said of a document that is refused, as `CODE message`.
#[track_caller]
pub(crate) fn refused(json: &str, options: &ImportOptions) -> Vec<String> {
    let found = azure::import(json, options).expect_err("is refused");
    found.iter().for_each(in_style);
    found.iter().map(|found| format!("{} {}", found.code, found.message)).collect()
}

/// One lowercase sentence with one action.
#[track_caller]
pub(crate) fn in_style(found: &Diagnostic) {
    for text in [&found.message, found.help.as_ref().expect("has a help")] {
        let first = text.chars().next().unwrap();
        assert!(first == '`' || first.is_lowercase(), "{text}");
        assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
        assert_eq!(text.matches('`').count() % 2, 0, "{text}");
    }
}

struct One(Vec<u8>);

impl Files for One {
    fn read(&mut self, _path: &Path) -> std::io::Result<Vec<u8>> {
        Ok(std::mem::take(&mut self.0))
    }

    fn canonical(&mut self, path: &Path) -> std::io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }
}

struct AnyScript;

impl ScriptLookup for AnyScript {
    fn trouble(&self, _folder: &Path, _program: &str) -> Option<ScriptTrouble> {
        None
    }
}

/// A plan from its text, with everything that the compiler says of it.
pub(crate) fn judged(text: &str) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let resolved = resolve(Path::new("plan.muster"), &mut One(text.as_bytes().to_vec()), &mut sources);
    let mut found = resolved.diagnostics;
    if let Some(plan) = &resolved.plan {
        found.extend(rules::check(plan, &AnyScript));
    }
    (resolved.plan, found)
}

/// A plan that compiles with at most warnings.
#[track_caller]
pub(crate) fn sound(text: &str) -> Plan {
    let (plan, found) = judged(text);
    let errors: Vec<&Diagnostic> = found.iter().filter(|found| found.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    assert_eq!(musterpoint::format::format(text).unwrap(), text, "is canonical");
    plan.unwrap_or_else(|| panic!("resolves\n{text}"))
}

/// Exports what has to be exportable.
#[track_caller]
pub(crate) fn exported(plan: &Plan, items: &Items) -> Exported {
    let options = azure::ExportOptions { operation: None, items: items.clone() };
    azure::export(plan, &options).unwrap_or_else(|found| panic!("{found:#?}"))
}

/// A kind of run: a failover type and a direction.
pub(crate) type Course = (&'static str, &'static str);

/// The runs that both sides know.
pub(crate) const COURSES: [Course; 4] = [
    ("TestFailover", "PrimaryToRecovery"),
    ("UnplannedFailover", "PrimaryToRecovery"),
    ("UnplannedFailover", "RecoveryToPrimary"),
    ("PlannedFailover", "RecoveryToPrimary"),
];

/// What one run of a recovery plan comes to, in order: the machines of each boot group by the last part of
/// their ids, sorted, and what its manual actions say.
pub(crate) fn run(properties: &Value, course: Course, counts: impl Fn(usize, &str) -> bool) -> Vec<String> {
    let mut happens = Vec::new();
    let has = |action: &Value, field: &str, word: &str| {
        action[field].as_array().unwrap().iter().any(|one| one == word)
    };
    for (at, group) in properties["groups"].as_array().unwrap().iter().enumerate() {
        for field in ["startGroupActions", "replicationProtectedItems", "endGroupActions"] {
            if field == "replicationProtectedItems" {
                let ids = group[field].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap());
                let mut names: Vec<&str> = ids.map(|id| id.rsplit('/').next().unwrap()).collect();
                names.sort_unstable();
                happens.extend((!names.is_empty()).then(|| format!("start {}", names.join(" "))));
                continue;
            }
            for action in group[field].as_array().unwrap() {
                let details = &action["customDetails"];
                if counts(at, field)
                    && details["instanceType"] == "ManualActionDetails"
                    && has(action, "failoverTypes", course.0)
                    && has(action, "failoverDirections", course.1)
                {
                    let says = details["description"]
                        .as_str()
                        .unwrap_or_else(|| action["actionName"].as_str().unwrap());
                    happens.push(format!("ask {says}"));
                }
            }
        }
    }
    happens
}
