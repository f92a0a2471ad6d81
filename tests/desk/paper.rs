//! The condensed table, in `docs/desk.md`: a line a state, a column a request.

use std::fmt::Write as _;
use std::path::Path;

use crate::{scenes, table};

const HEADING: &str = "## Every state\n";

/// The columns: requests that are one verb share one.
const COLUMNS: &[(&str, &[&str])] = &[
    ("approve, reject", &["approve STEP", "reject STEP"]),
    ("resolve", &["resolve STEP --happened"]),
    ("choose", &["choose db=POLICY"]),
    ("retry", &["retry STEP", "retry"]),
    ("skip", &["skip STEP --reason TEXT"]),
    ("pause", &["pause"]),
    ("halt", &["halt"]),
    ("resume", &["resume"]),
    ("change-point", &["change-point db=POLICY"]),
    ("commit", &["commit"]),
    ("rollback", &["rollback"]),
    ("cleanup", &["cleanup"]),
];

fn table() -> String {
    let heads: Vec<&str> = COLUMNS.iter().map(|(head, _)| *head).collect();
    let mut text =
        format!("| how it stands | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for scene in scenes::all() {
        let requests = table::requests(&scene.world, scene.step);
        let allowed = |label: &&str| {
            let (_, request) = requests.iter().find(|(known, _)| known == label).expect("a request");
            scene.world.clone().asked(request, "dana").is_ok()
                // The count of machines is what is missing, not the moment.
                || scene.world.run.weigh(request, &crate::lab::person("dana")).is_err_and(|refusal| {
                    refusal.instead.first().is_some_and(|way| way.request.verb() == request.verb() && way.by.is_none())
                })
        };
        let marks: Vec<&str> =
            COLUMNS.iter().map(|(_, labels)| if labels.iter().any(&allowed) { "✓" } else { "" }).collect();
        writeln!(text, "| {} | {} |", scene.name, marks.join(" | ")).unwrap();
    }
    text
}

#[test]
fn the_condensed_table_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/desk.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(HEADING).expect("the heading of the table");
    let intro = rest.split("\n| how it stands |").next().unwrap_or_default().trim();
    let wanted = format!("{head}{HEADING}\n{intro}\n\n{}", table());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    } else {
        assert!(
            page == wanted,
            "docs/desk.md is stale; write it with: UPDATE_EXPECT=1 cargo test --test desk"
        );
    }
}
