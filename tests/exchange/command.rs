//! The command line around both: files in, files out, notes beside.

use std::process::{Command, Output};

use serde_json::Value;

fn muster(arguments: &[&str]) -> Output {
    let done = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(arguments)
        .current_dir("tests/exchange/files")
        .env_clear()
        .env("COLUMNS", "100")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&done.stderr));
    done
}

#[test]
fn a_plan_is_imported_to_a_file_checked_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("erp.muster");
    let plan = file.to_str().unwrap();
    let done = muster(&["import", "azure", "plan.json", "--items", "items.json", "--output", plan]);
    assert!(done.stdout.is_empty(), "the plan is in the file");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), crate::lab::file("plan.muster"));
    assert_eq!(String::from_utf8(done.stderr).unwrap(), crate::lab::file("plan.notes"));
    let printed = muster(&["import", "azure", "plan.json", "--items", "items.json", "--quiet"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), crate::lab::file("plan.muster"));
    assert!(printed.stderr.is_empty(), "quiet says nothing but the result");
    let checked = muster(&["check", plan]);
    assert!(String::from_utf8(checked.stdout).unwrap().contains("is sound: 4 machines, 3 steps"));
    let exported = muster(&["export", "azure", plan, "--items", "items.json", "--operation", "failback"]);
    let body: Value = serde_json::from_slice(&exported.stdout).unwrap();
    let groups = body["properties"]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 4);
    assert_eq!(groups[0]["startGroupActions"].as_array().unwrap().len(), 0, "it is for the way out only");
    assert_eq!(groups[3]["endGroupActions"][0]["actionName"], "Come-home");
}
