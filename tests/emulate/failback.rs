//! The way home, and what makes it differ between the two products.

use serde_json::{Value, json};

use crate::lab::{StandIn, planned};

/// `app01` in Azure, committed and replicating home.
fn away(args: &[&str]) -> StandIn {
    let service = StandIn::start(args);
    service.succeeds(&service.fail_over_app());
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    service.reprotect_home("app01");
    assert_eq!(service.allowed("app01"), ["PlannedFailover"]);
    service
}

#[test]
fn an_appliance_makes_the_point_of_its_failback_when_it_begins() {
    let service = away(&[]);
    let points = service.get(&format!("{}/recoveryPoints", service.item("app01")));
    assert_eq!(points["value"], json!([]));
    let answer = service.act("app01", "plannedFailover", &planned());
    let job = service.succeeds(&answer);
    let instant = |text: &Value| text.as_str().unwrap().parse::<musterpoint::base::Timestamp>().unwrap();
    let point = instant(&job["customDetails"]["protectedItemDetails"][0]["recoveryPointTime"]);
    assert!(point >= instant(&job["startTime"]).whole_second(), "{job}");
    let item = service.properties("app01");
    assert_eq!(item["activeLocation"], "Primary");
    assert_eq!(item["protectionState"], "PlannedFailoverCommitRequired");
    assert_eq!(service.allowed("app01"), ["Commit", "CancelFailover"]);
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    let item = service.properties("app01");
    assert_eq!(item["protectionState"], "FailoverCommited", "spelt as the service spells it");
    assert_eq!(item["providerSpecificDetails"]["instanceType"], "InMageRcmFailback");
}

#[test]
fn an_appliance_s_failback_can_be_called_off_until_its_commit() {
    let service = away(&[]);
    service.succeeds(&service.act("app01", "plannedFailover", &planned()));
    service.succeeds(&service.act("app01", "failoverCancel", &Value::Null));
    assert_eq!(service.properties("app01")["activeLocation"], "Recovery");
    assert_eq!(service.allowed("app01"), ["PlannedFailover"]);
    // And it can be tried again.
    service.succeeds(&service.act("app01", "plannedFailover", &planned()));
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    assert_eq!(service.act("app01", "failoverCancel", &Value::Null).status, 409);
}

#[test]
fn reprotection_fails_until_the_agent_is_back_and_says_so() {
    // Fifteen hours until the agent is back are fifteen seconds here.
    let service = away(&["--speed", "3600"]);
    service.succeeds(&service.act("app01", "plannedFailover", &planned()));
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    let servers =
        service.get("replicationFabrics")["value"][0]["properties"]["customDetails"]["processServers"]
            .clone();
    let server = servers.as_array().unwrap().iter().find(|one| one["name"] == "ps-westeurope-01").unwrap();
    let policies = service.get("replicationPolicies")["value"].clone();
    let policy = |provider: &str| {
        let of = |one: &&Value| one["properties"]["providerSpecificDetails"]["instanceType"] == provider;
        policies.as_array().unwrap().iter().find(of).unwrap()["id"].clone()
    };
    let with = |policy: Value| {
        json!({ "properties": { "providerSpecificDetails": {
            "instanceType": "InMageRcmFailback", "processServerId": server["id"], "policyId": policy,
        } } })
    };
    let other = service.act("app01", "reProtect", &with(policy("InMageRcmFailback")));
    let error = service.ends(&other, "Failed", "Failed")["errors"][0]["serviceErrorDetails"].clone();
    assert_eq!(error["code"], "ResourceNotRegistered", "a policy of the way that it came");
    let body = with(policy("InMageRcm"));
    let job = service.ends(&service.act("app01", "reProtect", &body), "Failed", "Failed");
    let error = &job["errors"][0];
    assert_eq!(error["serviceErrorDetails"]["code"], "MobilityAgentNotInstalled");
    assert!(error["serviceErrorDetails"]["message"].as_str().unwrap().contains("agent is not installed"));
    assert!(error["providerErrorDetails"]["errorCode"].is_i64());
    assert_eq!(service.allowed("app01"), ["ReverseReplicate"]);
    service.registered("app01");
    service.succeeds(&service.act("app01", "reProtect", &body));
    assert_eq!(service.properties("app01")["providerSpecificDetails"]["instanceType"], "InMageRcm");
}

#[test]
fn a_server_that_the_fabric_does_not_list_fails_the_job() {
    let service = StandIn::modernized();
    service.succeeds(&service.fail_over_app());
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    service.registered("app01");
    let through = |agent: Value| {
        let body = json!({ "properties": { "providerSpecificDetails": {
            "instanceType": "InMageRcm", "reprotectAgentId": agent, "datastoreName": "datastore1",
            "logStorageAccountId": "logs",
        } } });
        let job = service.ends(&service.act("app01", "reProtect", &body), "Failed", "Failed");
        job["errors"][0]["serviceErrorDetails"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(through(json!("nobody")), "ResourceNotRegistered");
    assert_eq!(through(service.agent("ps-westeurope-01")), "ProcessServerElsewhere");
    assert_eq!(service.allowed("app01"), ["ReverseReplicate"]);
}

#[test]
fn a_failed_failback_of_an_appliance_puts_the_source_back_by_itself() {
    let service = StandIn::start(&["--fault", "fail plannedFailover app01"]);
    service.succeeds(&service.fail_over_app());
    service.succeeds(&service.act("app01", "failoverCommit", &Value::Null));
    service.reprotect_home("app01");
    let job = service.ends(&service.act("app01", "plannedFailover", &planned()), "Failed", "Failed");
    assert_eq!(job["errors"][0]["serviceErrorDetails"]["code"], "StandInFault");
    let tasks = job["tasks"].as_array().unwrap();
    assert_eq!(tasks.last().unwrap()["name"], "Restoring the source machine");
    assert_eq!(service.properties("app01")["activeLocation"], "Recovery");
    assert_eq!(service.allowed("app01"), ["PlannedFailover"]);
    service.succeeds(&service.act("app01", "plannedFailover", &planned()));
}

#[test]
fn a_job_that_is_cancelled_takes_back_what_it_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let state = ["--state", folder.path().to_str().unwrap()];
    away(&state).kill();
    let slow = StandIn::start(&[state.as_slice(), &["--speed", "1"]].concat());
    let answer = slow.act("app01", "plannedFailover", &planned());
    assert_eq!(slow.allowed("app01"), ["CancelFailover"], "an appliance's failback can be called off");
    let job = answer.job();
    assert_eq!(slow.job(&job)["allowedActions"], json!(["Cancel"]));
    assert_eq!(slow.post(&format!("replicationJobs/{job}/cancel"), &Value::Null).job(), job);
    slow.kill();
    let quick = StandIn::start(&state);
    let ended = quick.rests(&job);
    assert_eq!(ended["state"], "Cancelled", "as jobs spell it");
    let operation =
        answer.header("azure-asyncoperation").unwrap().split("/vaults/vault-standin/").nth(1).unwrap();
    let status = quick.get(operation.split('?').next().unwrap());
    assert_eq!(status["status"], "Canceled", "as ARM spells it");
    assert_eq!(quick.allowed("app01"), ["PlannedFailover"]);
    quick.succeeds(&quick.act("app01", "plannedFailover", &planned()));
}

#[test]
fn calling_a_failback_off_while_it_runs_ends_its_job() {
    let folder = tempfile::tempdir().unwrap();
    let state = ["--state", folder.path().to_str().unwrap()];
    away(&state).kill();
    let slow = StandIn::start(&[state.as_slice(), &["--speed", "1"]].concat());
    let job = slow.act("app01", "plannedFailover", &planned()).job();
    let off = slow.act("app01", "failoverCancel", &Value::Null);
    assert_eq!(slow.job(&job)["state"], "Cancelled");
    slow.kill();
    let quick = StandIn::start(&state);
    quick.rests(&off.job());
    assert_eq!(quick.properties("app01")["activeLocation"], "Recovery");
    assert_eq!(quick.allowed("app01"), ["PlannedFailover"]);
}
