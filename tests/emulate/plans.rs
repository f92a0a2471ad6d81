//! Recovery plans: their limits, their order, their points, and what an error does to them.

use serde_json::{Value, json};

use crate::lab::{ESTATE, StandIn};

const ALL: [&str; 3] = ["sql01", "sql02", "app01"];

/// A stand-in over an estate that takes no new points, changed before it starts.
fn still(change: impl FnOnce(&mut Value)) -> StandIn {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.json");
    let mut estate: Value = serde_json::from_str(&std::fs::read_to_string(ESTATE).unwrap()).unwrap();
    estate["sim"]["replication"] = json!({ "crash_every": "100h", "app_every": "0s", "retention": "1000h" });
    change(&mut estate);
    std::fs::write(&path, estate.to_string()).unwrap();
    StandIn::over(path.to_str().unwrap(), &["--speed", "3600"])
}

/// The point that a plan's failover bound for each machine, and the instants that they show.
fn bound(job: &Value) -> Vec<(String, String)> {
    let details = job["customDetails"]["protectedItemDetails"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    details.map(|one| (text(&one["friendlyName"]), text(&one["recoveryPointTime"]))).collect()
}

fn children(job: &Value) -> Vec<(String, String, String)> {
    let groups = job["tasks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    groups
        .flat_map(|group| group["groupTaskCustomDetails"]["childTasks"].as_array().unwrap())
        .map(|task| {
            let name = text(&task["customDetails"]["jobTask"]["targetObjectName"]);
            (text(&task["name"]), name, text(&task["stateDescription"]))
        })
        .collect()
}

#[test]
fn a_multi_vm_failover_goes_to_one_point_and_another_to_each_machine_s_own() {
    for (multi, one) in [("True", true), ("False", false)] {
        // The newest point of sql02 is its own, and the one before it is the group's.
        let service = still(|_| {});
        service.plan("night", &[&ALL]);
        let job = service.succeeds(&service.fail_over("night", "LatestProcessed", multi));
        let bound = bound(&job);
        let of = |name: &str| bound.iter().find(|(own, _)| own == name).unwrap().1.clone();
        assert_eq!(of("sql01") == of("sql02"), one, "{bound:?}");
        let points = service.get(&format!("{}/recoveryPoints", service.item("sql02")))["value"].clone();
        let gone_to = service.properties("sql02")["failoverRecoveryPointId"].clone();
        let point = points.as_array().unwrap().iter().find(|point| point["id"] == gone_to).unwrap();
        assert_eq!(
            point["properties"]["providerSpecificDetails"]["isMultiVmSyncPoint"] == "true",
            one,
            "{point}"
        );
    }
}

#[test]
fn all_disks_are_prepared_before_the_first_group_boots() {
    let service = StandIn::modernized();
    service.plan("night", &[&["app01"], &["sql01", "sql02"]]);
    let job = service.succeeds(&service.fail_over("night", "LatestProcessed", "True"));
    let names: Vec<String> =
        children(&job).into_iter().map(|(task, machine, _)| format!("{task}: {machine}")).collect();
    let expected = [
        "Shutting down the source machine: app01",
        "Shutting down the source machine: sql01",
        "Shutting down the source machine: sql02",
        "Preparing the target machine: app01",
        "Preparing the target machine: sql01",
        "Preparing the target machine: sql02",
        "Starting the machine: app01",
        "Starting the machine: sql01",
        "Starting the machine: sql02",
    ];
    assert_eq!(names, expected);
    let groups = job["tasks"].as_array().unwrap();
    for pair in groups.windows(2) {
        assert!(pair[0]["endTime"].as_str() <= pair[1]["startTime"].as_str(), "{pair:?}");
    }
}

#[test]
fn limits_and_broken_plans_are_refused() {
    let service = StandIn::modernized();
    let boot = |machines: &[&str]| service.boot(machines);
    let action = |details: Value| {
        let mut group = boot(&["app01"]);
        group["startGroupActions"] = json!([{
            "actionName": "a", "failoverTypes": ["TestFailover"], "failoverDirections": ["PrimaryToRecovery"],
            "customDetails": details,
        }]);
        group
    };
    let mut shutdown = boot(&["app01"]);
    shutdown["groupType"] = "Shutdown".into();
    let mut unknown = boot(&["app01"]);
    unknown["replicationProtectedItems"][0]["id"] = "/nowhere".into();
    for (groups, code) in [
        (vec![boot(&["sql01"]), boot(&["sql02"])], "ReplicationGroupSplit"),
        (vec![boot(&["app01"]), boot(&["app01"])], "DuplicateProtectedItem"),
        (vec![unknown], "ProtectedItemNotFound"),
        (vec![shutdown], "InvalidParameter"),
        (vec![boot(&[]); 8], "TooManyGroups"),
        (vec![json!({ "groupType": "Reboot" })], "InvalidParameter"),
        (vec![action(json!({ "instanceType": "ScriptActionDetails", "path": "x" }))], "InvalidParameter"),
        (vec![action(json!({ "instanceType": "Prayer" }))], "InvalidParameter"),
    ] {
        let answer = service.put("night", &groups);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{groups:?}");
    }
    assert_eq!(service.get("replicationRecoveryPlans")["value"], json!([]));
}

#[test]
fn a_plan_is_made_changed_and_deleted_by_jobs() {
    let service = StandIn::modernized();
    service.plan("Night", &[&["app01"]]);
    let plan = service.get("replicationRecoveryPlans/nIGHT");
    assert_eq!(plan["name"], "Night");
    let kinds: Vec<&Value> =
        plan["properties"]["groups"].as_array().unwrap().iter().map(|group| &group["groupType"]).collect();
    assert_eq!(kinds, ["Shutdown", "Failover", "Boot"]);
    let body =
        json!({ "properties": { "groups": [service.boot(&["app01"]), service.boot(&["sql01", "sql02"])] } });
    service.succeeds(&service.call("PATCH", "replicationRecoveryPlans/Night", Some(&body)).unwrap());
    let listed = service.get("replicationProtectedItems?$filter=RecoveryPlanName%20eq%20'night'");
    assert_eq!(listed["value"].as_array().unwrap().len(), 3);
    service.succeeds(&service.call("DELETE", "replicationRecoveryPlans/Night", None).unwrap());
    assert_eq!(service.call("DELETE", "replicationRecoveryPlans/Night", None).unwrap().status, 204);
    assert_eq!(service.call("GET", "replicationRecoveryPlans/Night", None).unwrap().status, 404);
}

#[test]
fn an_unplanned_failover_goes_on_without_the_machine_that_failed() {
    let service = StandIn::start(&["--fault", "fail unplannedFailover app01"]);
    service.plan("night", &[&ALL]);
    let answer = service.fail_over("night", "LatestProcessed", "True");
    let job = service.ends(&answer, "Succeeded", "PartiallySucceeded");
    assert_eq!(job["errors"].as_array().unwrap().len(), 1, "{job}");
    assert_eq!(job["errors"][0]["providerErrorDetails"]["errorCode"], 2);
    for (machine, location) in [("sql01", "Recovery"), ("sql02", "Recovery"), ("app01", "Primary")] {
        assert_eq!(service.properties(machine)["activeLocation"], location, "{machine}");
    }
    let skipped: Vec<_> = children(&job).into_iter().filter(|(_, _, state)| state == "Skipped").collect();
    assert_eq!(skipped, [("Starting the machine".to_owned(), "app01".to_owned(), "Skipped".to_owned())]);
    // The second time machines that are up are skipped, and the one that failed goes.
    let job = service.succeeds(&service.fail_over("night", "LatestProcessed", "True"));
    let prepared: Vec<_> =
        children(&job).into_iter().filter(|(task, ..)| task.starts_with("Preparing")).collect();
    let states: Vec<(&str, &str)> =
        prepared.iter().map(|(_, machine, state)| (&**machine, &**state)).collect();
    assert_eq!(states, [("app01", "Completed"), ("sql01", "Skipped"), ("sql02", "Skipped")]);
}

#[test]
fn a_planned_failback_stops_at_the_first_error_and_is_taken_back() {
    let service = StandIn::start(&["--fault", "fail plannedFailover sql01"]);
    service.plan("night", &[&ALL]);
    service.succeeds(&service.fail_over("night", "LatestProcessed", "True"));
    service.succeeds(&service.post("replicationRecoveryPlans/night/failoverCommit", &Value::Null));
    ALL.iter().for_each(|machine| service.reprotect_home(machine));
    let body = json!({ "properties": {
        "failoverDirection": "RecoveryToPrimary",
        "providerSpecificDetails": [{
            "instanceType": "InMageRcmFailback", "recoveryPointType": "CrashConsistent", "useMultiVmSyncPoint": "True",
        }],
    } });
    let home = || service.post("replicationRecoveryPlans/night/plannedFailover", &body);
    let job = service.ends(&home(), "Failed", "Failed");
    assert!(children(&job).iter().all(|(task, ..)| task != "Starting the machine"), "{job}");
    assert_eq!(job["errors"].as_array().unwrap().len(), 1);
    assert_eq!(service.allowed("sql01"), ["PlannedFailover"], "it is put back by itself");
    // The others had been failed over beside it. Repaired and run again, the plan starts them too.
    let job = service.succeeds(&home());
    let started = children(&job).into_iter().filter(|(task, ..)| task == "Starting the machine");
    assert_eq!(started.map(|(_, machine, _)| machine).collect::<Vec<_>>(), ALL);
    for machine in ALL {
        assert_eq!(service.properties(machine)["activeLocation"], "Primary", "{machine}");
    }
}

#[test]
fn a_group_without_a_common_point_fails_and_says_so() {
    let service = still(|estate| {
        for point in estate["vms"]["sql02"]["points"].as_array_mut().unwrap() {
            point["set"] = Value::Null;
        }
    });
    service.plan("night", &[&["sql01", "sql02"]]);
    let job = service.ends(&service.fail_over("night", "LatestProcessed", "True"), "Failed", "Failed");
    for error in job["errors"].as_array().unwrap() {
        assert_eq!(error["serviceErrorDetails"]["code"], "NoCommonRecoveryPoint");
    }
    assert_eq!(service.properties("sql01")["activeLocation"], "Primary");
}

#[test]
fn a_manual_action_holds_the_plan_until_somebody_says_that_it_is_done() {
    let service = StandIn::modernized();
    let mut group = service.boot(&["app01"]);
    let action = |name: &str, kinds: Value, details: Value| {
        json!({
            "actionName": name, "failoverTypes": kinds, "failoverDirections": ["PrimaryToRecovery"],
            "customDetails": details,
        })
    };
    let manual = json!({ "instanceType": "ManualActionDetails", "description": "turn the key" });
    let script =
        json!({ "instanceType": "ScriptActionDetails", "path": "s.ps1", "fabricLocation": "Recovery" });
    group["startGroupActions"] = json!([
        action("key", json!(["UnplannedFailover"]), manual.clone()),
        action("script", json!(["UnplannedFailover"]), script),
        action("only a test", json!(["TestFailover"]), manual),
    ]);
    service.succeeds(&service.put("night", &[group]));
    let id = service.fail_over("night", "Latest", "False").job();
    let job = service.rests(&id);
    assert_eq!((&job["state"], &job["allowedActions"]), (&json!("Suspended"), &json!(["Resume"])));
    assert_eq!(service.post(&format!("replicationJobs/{id}/resume"), &Value::Null).status, 400);
    let empty = json!({ "properties": {} });
    assert_eq!(service.post(&format!("replicationJobs/{id}/resume"), &empty).code(), "InvalidParameter");
    let said = json!({ "properties": { "comments": "turned" } });
    service.succeeds(&service.post(&format!("replicationJobs/{id}/resume"), &said));
    let job = service.job(&id);
    let text = job.to_string();
    assert!(text.contains("turn the key") && text.contains("turned") && text.contains("s.ps1"), "{text}");
    assert!(!text.contains("only a test"), "{text}");
    let again = service.post(&format!("replicationJobs/{id}/resume"), &said);
    assert_eq!(again.code(), "JobNotSuspended");
}

#[test]
fn a_plan_neither_reprotects_nor_takes_what_it_cannot_mean() {
    let service = StandIn::classic();
    service.plan("night", &[&ALL]);
    let path = |action: &str| format!("replicationRecoveryPlans/night/{action}");
    assert_eq!(service.post(&path("reProtect"), &Value::Null).code(), "OperationNotSupported");
    let body = |direction: &str, details: Value| {
        json!({ "properties": {
            "failoverDirection": direction, "sourceSiteOperations": "Required", "providerSpecificDetails": details,
        } })
    };
    let v2 = |kind: &str| json!([{ "instanceType": "InMageAzureV2", "recoveryPointType": kind }]);
    for (body, code) in [
        (body("PrimaryToRecovery", v2("LatestTag")), "InvalidParameter"),
        (body("PrimaryToRecovery", json!([])), "InvalidParameter"),
        (body("PrimaryToSecondary", v2("Latest")), "InvalidParameter"),
        (body("RecoveryToPrimary", v2("Latest")), "InvalidInstanceType"),
        (
            body("RecoveryToPrimary", json!([{ "instanceType": "InMage", "recoveryPointType": "Custom" }])),
            "InvalidParameter",
        ),
    ] {
        let answer = service.post(&path("unplannedFailover"), &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
}
