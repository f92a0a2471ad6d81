//! Floors: a file imports only from lower floors or from its own folder.

use crate::rust;
use crate::tree::{none, rust_files, text};

/// The floors, lowest first; the one list that says their order.
pub(crate) const FLOORS: &[&str] = &[
    "base",
    "source",
    "schema",
    "syntax",
    "format",
    "inventory",
    "model",
    "point",
    "graph",
    "rules",
    "runbook",
    "exchange",
    "event",
    "run",
    "rehearse",
    "estate",
    "emulate",
    "store",
    "drive",
    "report",
    "cli",
];

/// What a floor must not know although it lies lower, beyond the order: (floor, what, why).
const APART: &[(&str, &str, &str)] = &[
    ("syntax", "schema", "the grammar knows no kind and no key"),
    ("format", "schema", "the formatter knows no kind and no key"),
    ("inventory", "syntax", "an inventory is no plan text"),
    ("inventory", "schema", "an inventory is no plan text"),
    ("model", "format", "text is not written while it is read"),
    ("model", "inventory", "a plan is resolved without asking an estate"),
    ("point", "syntax", "points are chosen for subjects, not for text"),
    ("graph", "point", "order and points are decided apart"),
    ("graph", "inventory", "order follows from the plan alone"),
    ("rules", "point", "rules judge what is written, not what an estate has"),
    ("rules", "inventory", "rules judge what is written, not what an estate has"),
    ("runbook", "rules", "a runbook is compiled, not judged"),
    ("exchange", "runbook", "a plan of another product is no runbook"),
    ("exchange", "inventory", "plans are exchanged without asking an estate"),
    ("run", "point", "choices arrive as events; they are never computed again"),
    ("run", "graph", "a runbook is self-contained"),
    ("event", "graph", "an event is read without its plan"),
    ("rehearse", "point", "a rehearsal binds what was forecast"),
    ("rehearse", "graph", "a runbook is self-contained"),
    ("estate", "rehearse", "a provider never decides order"),
    ("estate", "run", "a provider never decides order"),
    ("estate", "runbook", "a provider never decides order"),
    ("estate", "graph", "a provider never decides order"),
    ("estate", "point", "a provider never decides points"),
    ("store", "estate", "only the driver sees both"),
    ("store", "point", "a store does not know what an event means"),
    ("report", "estate", "live and replayed runs are shown by the same readers of events"),
];

/// The floor of a file below `src`; the crate's two roots have none.
pub(crate) fn floor(path: &str) -> Option<&str> {
    path.strip_prefix("src/")?.split_once('/').map(|(floor, _)| floor)
}

fn height(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|known| *known == floor)
}

#[test]
fn every_folder_is_a_floor_and_every_floor_a_folder() {
    let mut folders: Vec<String> =
        rust_files("src").iter().filter_map(|path| floor(path)).map(str::to_owned).collect();
    folders.dedup();
    let mut floors: Vec<&str> = FLOORS.to_vec();
    floors.sort_unstable();
    assert_eq!(folders, floors);
}

#[test]
fn files_import_from_lower_floors_or_their_own() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some(own) = floor(&path) else { continue };
        for used in rust::words_after(&rust::code(&text(&path)), "crate::") {
            // What is no floor is one of the macros of `base`.
            if height(&used) > height(own) && height(&used).is_some() {
                wrong.push(format!("{path} imports `{used}`, which lies higher"));
            }
            for (floor, what, why) in APART {
                if own == *floor && used == *what {
                    wrong.push(format!("{path} imports `{used}`: {why}"));
                }
            }
        }
    }
    none("a file imports only from lower floors or its own folder", &wrong);
}

#[test]
fn no_file_climbs_out_of_its_floor_by_super() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some(inside) = path.strip_prefix("src/") else { continue };
        let code = rust::code(&text(&path));
        let module = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        // Inline modules of tests lie one deeper.
        let depth = module.split('/').count() + usize::from(code.contains("mod tests"));
        if code.contains(&"super::".repeat(depth)) {
            wrong.push(path);
        }
    }
    none("`super` stays within the floor", &wrong);
}

#[test]
fn nothing_is_imported_wholesale() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        for (number, line) in rust::code(&text(&path)).lines().enumerate() {
            let line = line.trim();
            if line.starts_with("use ") && line.ends_with("::*;") && line != "use super::*;" {
                wrong.push(format!("{path}:{} {line}", number + 1));
            }
        }
    }
    none("imports name what they import", &wrong);
}
