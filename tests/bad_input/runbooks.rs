//! Frozen runbooks that were tampered with, cut off or overtaken by the world.

use crate::bench::Bench;
use crate::lab::{came_to_its_end, lab};

const RUN: [&str; 3] = ["failover", "frozen.json", "--yes"];

/// A lab and its planned failover, frozen.
fn frozen() -> Bench {
    let bench = lab("scripts/hello.sh");
    bench.write("scripts/hello.sh", "#!/bin/sh\necho hello\n");
    bench.edit(
        "lab.muster",
        r#"run = ["/bin/sh", "-c", "scripts/hello.sh"]"#,
        r#"run = ["/bin/sh", "scripts/hello.sh"]"#,
    );
    bench.run(&["preview", "failover", "lab.muster", "--planned", "--out", "frozen.json"]).exits(0);
    bench
}

#[track_caller]
fn refused(bench: &Bench, exit: i32, code: &str, sentence: &str) {
    bench.run(&RUN).exits(exit).says(code).says(sentence);
    assert!(!bench.path(".muster").exists(), "nothing was begun");
}

#[test]
fn a_runbook_with_one_changed_character_is_refused_wherever_it_is() {
    let bench = frozen();
    let whole = bench.read("frozen.json").into_bytes();
    let letters: Vec<usize> = (0..whole.len()).filter(|at| whole[*at].is_ascii_alphanumeric()).collect();
    for part in 0..24 {
        let at = letters[part * letters.len() / 24];
        let mut changed = whole.clone();
        // A letter that no word of the format has.
        changed[at] = if changed[at].is_ascii_digit() { b'0' + (changed[at] - b'0' + 1) % 10 } else { b'Z' };
        bench.write("frozen.json", &changed);
        refused(&bench, 1, "MP0619", "frozen.json");
    }
    bench.write("frozen.json", &whole);
    bench.run(&RUN).exits(0);
    came_to_its_end(&bench);
}

#[test]
fn a_runbook_that_was_cut_off_or_added_to_is_refused() {
    let bench = frozen();
    let whole = bench.read("frozen.json");
    for part in 1..10 {
        bench.write("frozen.json", &whole[..whole.len() * part / 10]);
        refused(&bench, 1, "MP0619", "frozen.json");
    }
    for text in ["{", "{}", "{\"format\": 1}", "{\"runbook\":{}}", &format!("{whole}{whole}")] {
        bench.write("frozen.json", text);
        refused(&bench, 1, "MP0619", "frozen.json");
    }
    for (from, to) in [
        ("\"power_on\": null", "\"power_onn\": 5"),
        ("\"power_on\": null", "\"power_on\": 5, \"power_on\": null"),
    ] {
        assert!(whole.contains(from));
        bench.write("frozen.json", whole.replacen(from, to, 1));
        refused(&bench, 1, "MP0619", "frozen.json");
    }
    let twice = whole.replacen("\"runbook\":", "\"runbook\": {}, \"runbook\":", 1);
    bench.write("frozen.json", twice);
    refused(&bench, 1, "MP0619", "frozen.json");
    bench.write("frozen.json", whole.replacen("muster.runbook-file/1", "muster.runbook-file/2", 1));
    refused(&bench, 1, "MP0619", "muster.runbook-file/2");
    bench.write("frozen.json", [whole.as_bytes(), b"\xff"].concat());
    refused(&bench, 1, "MP0619", "frozen.json");
    bench.write("frozen.json", "");
    refused(&bench, 1, "MP0", "frozen.json");
}

#[test]
fn a_runbook_is_refused_where_a_fact_it_relies_on_has_changed_and_told_which() {
    let changes = [
        (
            "estates/office.json",
            r#""site": "office", "power": "on", "protection": "protected", "replicates_to": "cloud""#,
            r#""site": "cloud", "power": "on", "protection": "protected", "replicates_to": "office""#,
            "`wiki01` runs at `cloud`, not at `office`",
        ),
        (
            "estates/office.json",
            r#""group": null"#,
            r#""group": "wiki""#,
            "`wiki01` replicates in group `wiki`, it was in no group",
        ),
        (
            "estates/office.json",
            r#""protection": "protected""#,
            r#""protection": "resyncing""#,
            "the protection of `wiki01` is `resyncing`, it was `protected`",
        ),
        ("estates/office.json", r#""wiki01": {"#, r#""wiki02": {"#, "`wiki01` is not in the estate any more"),
        (
            "estates/office.json",
            r#""processed": false, "usable": true}"#,
            r#""processed": false, "usable": false}"#,
            "cannot be recovered any more",
        ),
        ("lab.muster", "within = 10m", "within = 11m", "`lab.muster` was edited"),
        ("scripts/hello.sh", "hello", "goodbye", "`scripts/hello.sh` was edited"),
    ];
    for (file, from, to, sentence) in changes {
        let bench = frozen();
        let whole = bench.read(file);
        let changed = whole.replace(from, to);
        assert_ne!(whole, changed, "{from} in {file}");
        bench.write(file, &changed);
        refused(&bench, 4, "MP0622", sentence);
        bench.write(file, &whole);
        bench.run(&RUN).exits(0);
        came_to_its_end(&bench);
    }
    let bench = frozen();
    std::fs::remove_file(bench.path("scripts/hello.sh")).unwrap();
    refused(&bench, 4, "MP0622", "`scripts/hello.sh` is not there any more");
}

#[test]
fn new_points_are_no_drift() {
    let bench = frozen();
    let newer = r#"{"id": "wiki01-0600", "at": "2026-11-23T06:00:00Z", "kind": "crash", "set": null, "processed": true, "usable": true},
        {"id": "wiki01-0559""#;
    bench.edit("estates/office.json", r#"{"id": "wiki01-0559""#, newer);
    bench.run(&RUN).exits(0);
    came_to_its_end(&bench);
}

#[test]
fn a_plan_that_is_edited_while_its_run_waits_does_not_change_the_run() {
    let bench = lab("exit 1");
    bench.run(&["failover", "lab.muster", "--planned", "--yes"]).exits(3);
    bench.write("lab.muster", "this is no plan any more {");
    bench.run(&["skip", "last", "before", "--reason", "done by hand"]).exits(0);
    bench.run(&["resume", "last"]).exits(0);
    came_to_its_end(&bench);
}
