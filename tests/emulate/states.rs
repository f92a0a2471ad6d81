//! The way of one machine to Azure: what is allowed when, and what is refused.

use serde_json::{Value, json};

use crate::lab::{StandIn, planned, unplanned};

#[test]
fn a_failover_binds_a_point_before_it_starts_and_a_commit_closes_it() {
    let service = StandIn::modernized();
    assert_eq!(service.allowed("app01"), ["UnplannedFailover", "TestFailover"]);
    let answer = service.fail_over_app();
    assert!(answer.header("azure-asyncoperation").unwrap().contains("/replicationOperationStatus/"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let job = service.succeeds(&answer);
    assert_eq!(job["scenarioName"], "UnplannedFailover");
    assert_eq!(job["targetObjectName"], "app01");
    let point = &job["customDetails"]["protectedItemDetails"][0]["recoveryPointId"];
    let item = service.properties("app01");
    assert_eq!(item["failoverRecoveryPointId"], *point);
    assert_eq!(item["activeLocation"], "Recovery");
    assert_eq!(item["protectionState"], "UnplannedFailoverCommitRequired");
    assert_eq!(item["currentScenario"]["scenarioName"], "UnplannedFailover");
    assert_eq!(service.allowed("app01"), ["Commit", "ChangePit"]);
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    let item = service.properties("app01");
    assert_eq!(item["protectionState"], "UnplannedFailoverCommitted");
    assert_eq!(
        item["providerSpecificDetails"]["instanceType"], "InMageRcm",
        "it keeps its provider until reprotected"
    );
    assert_eq!(service.allowed("app01"), ["ReverseReplicate"]);
    let points = service.get(&format!("{}/recoveryPoints", service.item("app01")));
    assert_eq!(points["value"], json!([]), "commit deletes all other points");
}

#[test]
fn what_is_not_allowed_is_refused_and_changes_nothing() {
    let service = StandIn::modernized();
    let before = service.properties("app01");
    for (action, body) in [
        ("failoverCommit", Value::Null),
        ("failoverCancel", Value::Null),
        ("repairReplication", Value::Null),
        ("plannedFailover", planned()),
        ("testFailoverCleanup", json!({ "properties": {} })),
    ] {
        let answer = service.act("app01", action, &body);
        assert_eq!(answer.status, 409, "{action}: {answer:?}");
        assert!(!answer.code().is_empty(), "{action}");
    }
    let after = service.properties("app01");
    for name in ["allowedOperations", "protectionState", "activeLocation", "currentScenario"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(service.get("replicationJobs")["value"], json!([]), "a refusal is no job");
}

#[test]
fn bodies_that_lack_what_the_description_requires_are_wrong() {
    let service = StandIn::modernized();
    let rcm = |details: Value| json!({ "properties": { "providerSpecificDetails": details } });
    for (body, code) in [
        (Value::Null, "InvalidRequestContent"),
        (json!({ "failoverDirection": "PrimaryToRecovery" }), "InvalidRequestContent"),
        (json!({ "properties": {} }), "InvalidParameter"),
        (rcm(json!({ "instanceType": "InMageRcm" })), "InvalidParameter"),
        (rcm(json!({ "instanceType": "InMageRcm", "performShutdown": true })), "InvalidParameter"),
        (rcm(json!({ "instanceType": "InMageRcm", "performShutdown": "yes" })), "InvalidParameter"),
        (rcm(json!({ "instanceType": "InMageAzureV2", "performShutdown": "true" })), "InvalidInstanceType"),
        (unplanned("true", &json!("none")), "RecoveryPointNotFound"),
    ] {
        let answer = service.act("app01", "unplannedFailover", &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
    let mut body = unplanned("true", &Value::Null);
    body["properties"]["failoverDirection"] = "RecoveryToPrimary".into();
    assert_eq!(service.act("app01", "unplannedFailover", &body).code(), "InvalidFailoverDirection");
    assert_eq!(service.properties("app01")["activeLocation"], "Primary");
}

#[test]
fn a_member_of_a_replication_group_cannot_fail_over_alone() {
    let service = StandIn::modernized();
    let test = json!({ "properties": { "providerSpecificDetails": { "instanceType": "InMageRcm" } } });
    for (action, body) in [("unplannedFailover", unplanned("true", &Value::Null)), ("testFailover", test)] {
        let answer = service.act("sql01", action, &body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "ReplicationGroupMemberCannotFailoverAlone"),
            "{action}"
        );
    }
}

#[test]
fn a_point_that_is_named_is_gone_to_and_can_be_changed_until_the_commit() {
    let service = StandIn::modernized();
    let path = format!("{}/recoveryPoints", service.item("app01"));
    let points = service.get(&path)["value"].clone();
    let [newest, .., oldest] = points.as_array().unwrap().as_slice() else { panic!("points: {points}") };
    service.succeeds(&service.act("app01", "unplannedFailover", &unplanned("false", &oldest["id"])));
    assert_eq!(service.properties("app01")["failoverRecoveryPointId"], oldest["id"]);
    // Still listed: until the commit one can go to another.
    let name = newest["name"].as_str().unwrap();
    assert_eq!(service.get(&format!("{path}/{name}"))["id"], newest["id"]);
    let change = |point: &Value| {
        let details = json!({ "instanceType": "InMageRcm", "recoveryPointId": point });
        service.act(
            "app01",
            "applyRecoveryPoint",
            &json!({ "properties": { "providerSpecificDetails": details } }),
        )
    };
    service.succeeds(&change(&newest["name"]));
    assert_eq!(service.properties("app01")["failoverRecoveryPointId"], newest["id"]);
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    assert_eq!(change(&newest["id"]).status, 400, "the points are gone");
}

#[test]
fn while_a_job_runs_on_an_item_nothing_else_begins_and_it_is_not_to_be_cancelled() {
    // Time stands nearly still, so that the job is under way for sure.
    let service = StandIn::start(&["--speed", "1"]);
    let answer = service.fail_over_app();
    let job = service.job(&answer.job());
    assert_eq!((&job["state"], &job["allowedActions"]), (&json!("InProgress"), &json!([])));
    assert_eq!(answer.header("retry-after"), Some("30"));
    assert_eq!(service.allowed("app01"), Vec::<String>::new());
    assert_eq!(service.properties("app01")["protectionState"], "UnplannedFailoverStatesBegin");
    assert_eq!(service.fail_over_app().code(), "OperationInProgress");
    let cancel = service.post(&format!("replicationJobs/{}/cancel", answer.job()), &Value::Null);
    assert_eq!((cancel.status, cancel.code().as_str()), (409, "JobCannotBeCancelled"));
}

#[test]
fn jobs_come_out_the_same_however_seldom_somebody_asks() {
    let ends = |looks: usize| {
        let service = StandIn::modernized();
        let id = service.fail_over_app().job();
        for _ in 0..looks {
            service.job(&id);
        }
        let job = service.rests(&id);
        let span = |time: &str| job[time].as_str().unwrap().to_owned();
        let tasks = job["tasks"].as_array().unwrap().iter();
        // Relative to the beginning, which is when the request came.
        let began: musterpoint::base::Timestamp = span("startTime").parse().unwrap();
        tasks
            .map(|task| {
                let ended: musterpoint::base::Timestamp = task["endTime"].as_str().unwrap().parse().unwrap();
                ended.since(began).as_secs()
            })
            .collect::<Vec<u64>>()
    };
    assert_eq!(ends(0), ends(50));
}

#[test]
fn a_test_leaves_production_alone_and_is_cleaned_up() {
    let service = StandIn::modernized();
    let body = json!({ "properties": {
        "networkType": "VmNetworkAsInput", "networkId": "/networks/isolated",
        "providerSpecificDetails": { "instanceType": "InMageRcm", "recoveryPointId": null },
    } });
    let job = service.succeeds(&service.act("app01", "testFailover", &body));
    assert_eq!(job["customDetails"]["instanceType"], "TestFailoverJobDetails");
    let item = service.properties("app01");
    assert_eq!(
        (&item["testFailoverState"], &item["activeLocation"]),
        (&json!("WaitingForCleanup"), &json!("Primary"))
    );
    assert_eq!(item["protectionState"], "Protected");
    assert_eq!(service.act("app01", "testFailover", &body).status, 409, "one test at a time");
    let cleanup = json!({ "properties": { "comments": "seen" } });
    service.succeeds(&service.act("app01", "testFailoverCleanup", &cleanup));
    assert_eq!(service.properties("app01")["testFailoverState"], "None");
}

#[test]
fn a_classic_vault_takes_the_point_beside_the_provider_s_object() {
    let service = StandIn::classic();
    let details = json!({ "instanceType": "InMageAzureV2" });
    let body =
        json!({ "properties": { "sourceSiteOperations": "Required", "providerSpecificDetails": details } });
    service.succeeds(&service.act("app01", "unplannedFailover", &body));
    let points = service.get(&format!("{}/recoveryPoints", service.item("app01")));
    let point = points["value"][1].clone();
    let inside = json!({ "instanceType": "InMageAzureV2", "recoveryPointId": point["id"] });
    let change = |body: Value| service.act("app01", "applyRecoveryPoint", &json!({ "properties": body }));
    assert_eq!(change(json!({ "providerSpecificDetails": inside })).code(), "InvalidParameter");
    service.succeeds(&change(json!({ "recoveryPointId": point["id"], "providerSpecificDetails": details })));
    assert_eq!(service.properties("app01")["failoverRecoveryPointId"], point["id"]);
}
