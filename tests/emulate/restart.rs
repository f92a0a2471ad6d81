//! With `--state` a stand-in that was killed goes on where it was.

use std::process::Command;

use serde_json::{Value, json};

use crate::lab::{ESTATE, StandIn};

#[test]
fn a_killed_stand_in_goes_on_with_its_jobs_plans_and_machines() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let slow = ["--state", state.to_str().unwrap(), "--speed", "10"];
    let quick = ["--state", state.to_str().unwrap()];
    let service = StandIn::start(&slow);
    let mut group = service.boot(&["app01"]);
    group["endGroupActions"] = json!([{
        "actionName": "look", "failoverTypes": ["UnplannedFailover"], "failoverDirections": ["PrimaryToRecovery"],
        "customDetails": { "instanceType": "ManualActionDetails", "description": "look" },
    }]);
    assert_eq!(service.put("night", &[group]).status, 202);
    service.kill();

    let service = StandIn::start(&quick);
    // Made before the kill, and its job ends after it.
    let jobs = service.get("replicationJobs");
    service.rests(jobs["value"][0]["name"].as_str().unwrap());
    assert_eq!(service.get("replicationRecoveryPlans/night")["name"], "night");
    service.kill();

    let service = StandIn::start(&slow);
    let id = service.fail_over("night", "Latest", "False").job();
    assert_eq!(service.job(&id)["state"], "InProgress");
    service.kill();

    let service = StandIn::start(&quick);
    assert_eq!(service.rests(&id)["state"], "Suspended");
    service.kill();

    let service = StandIn::start(&quick);
    assert_eq!(service.job(&id)["state"], "Suspended", "a person is waited for across restarts");
    let said = json!({ "properties": { "comments": "seen" } });
    service.succeeds(&service.post(&format!("replicationJobs/{id}/resume"), &said));
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    assert_eq!(service.properties("app01")["activeLocation"], "Recovery");
}

#[test]
fn without_a_folder_nothing_is_left_behind() {
    let service = StandIn::modernized();
    service.succeeds(&service.fail_over_app());
    service.kill();
    let service = StandIn::modernized();
    assert_eq!(service.properties("app01")["activeLocation"], "Primary");
    assert_eq!(service.get("replicationJobs")["value"], json!([]));
}

#[test]
fn a_folder_is_used_by_one_stand_in_at_a_time_and_a_damaged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let service = StandIn::start(&["--state", state]);
    assert!(said(state).contains("another stand-in uses the folder"));
    service.succeeds(&service.fail_over_app());
    service.kill();
    std::fs::write(folder.path().join("service.json"), "{").unwrap();
    assert!(said(state).contains("MP1003"));
}

/// What a stand-in says that does not start over a folder.
fn said(state: &str) -> String {
    let args = ["emulate", "azure", "--estate", ESTATE, "--listen", "127.0.0.1:0", "--state", state];
    let ended = Command::new(env!("CARGO_BIN_EXE_muster")).args(args).output().unwrap();
    assert!(!ended.status.success() && ended.stdout.is_empty());
    String::from_utf8(ended.stderr).unwrap()
}
