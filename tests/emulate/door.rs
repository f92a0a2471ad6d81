//! Who may ask, and what every request has to have.

use std::process::Command;

use crate::lab::{ESTATE, StandIn};

#[test]
fn a_token_has_to_be_there_and_not_expired() {
    let mut service = StandIn::modernized();
    service.authorization = None;
    let answer = service.call("GET", "replicationFabrics", None).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (401, "AuthenticationFailed"));
    service.authorization = Some("Bearer expired".to_owned());
    let answer = service.call("GET", "replicationFabrics", None).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (401, "ExpiredAuthenticationToken"));
}

#[test]
fn a_demanded_token_is_the_only_one_that_counts() {
    let mut service = StandIn::start(&["--token-from", "STAND_IN_TOKEN"]);
    assert_eq!(service.call("GET", "replicationFabrics", None).unwrap().status, 401);
    service.authorization = Some("Bearer open sesame".to_owned());
    assert_eq!(service.call("GET", "replicationFabrics", None).unwrap().status, 200);
}

#[test]
fn signing_in_gives_a_token_for_a_secret_and_none_for_a_wrong_one() {
    let mut service = StandIn::start(&["--token-from", "STAND_IN_TOKEN"]);
    let host = service.url.split("/subscriptions").next().unwrap().to_owned();
    let sign_in = |service: &StandIn, secret: &str| {
        let form = format!("grant_type=client_credentials&client_id=c&scope=s&client_secret={secret}");
        service.ask("POST", &format!("{host}/tenant/oauth2/v2.0/token"), Some(&form)).unwrap()
    };
    let wrong = sign_in(&service, "wrong");
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &"invalid_client".into()));
    let given = sign_in(&service, "open+sesame").json();
    assert_eq!(given["token_type"], "Bearer");
    service.authorization = Some(format!("Bearer {}", given["access_token"].as_str().unwrap()));
    assert_eq!(service.call("GET", "replicationJobs", None).unwrap().status, 200);
}

#[test]
fn a_managed_identity_gets_a_token_only_with_its_header() {
    let service = StandIn::modernized();
    let host = service.url.split("/subscriptions").next().unwrap();
    let url = format!("{host}/metadata/identity/oauth2/token?resource=r&api-version=2018-02-01");
    assert_eq!(service.ask("GET", &url, None).unwrap().status, 400);
    let mut answer = ureq::get(&url).header("metadata", "true").call().unwrap();
    let given: serde_json::Value =
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    assert!(given["access_token"].is_string() && given["resource"] == "r");
    assert!(given["expires_on"].as_str().unwrap().parse::<u64>().is_ok(), "a number as a text: {given}");
}

#[test]
fn only_loopback_is_listened_on_unless_a_token_is_demanded() {
    let ended = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["emulate", "azure", "--estate", ESTATE, "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("MP1001") && said.contains("no token is demanded"), "{said}");
    assert!(ended.stdout.is_empty());
}

#[test]
fn what_the_command_line_cannot_mean_is_refused_before_anything_listens() {
    for (args, code) in [
        (["--fault", "throttle never"], "MP1002"),
        (["--fault", "fail reProtect sql09"], "MP1002"),
        (["--token-from", "NO_SUCH_VARIABLE"], "MP1001"),
        (["--record", "/nowhere/at/all"], "MP1001"),
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["emulate", "azure", "--estate", ESTATE, "--listen", "127.0.0.1:0"])
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && said.contains(code), "{args:?}: {said}");
    }
}

#[test]
fn a_version_is_demanded_and_paths_compare_without_case() {
    let service = StandIn::modernized();
    let answer = service.ask("GET", &format!("{}/replicationFabrics", service.url), None).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (400, "MissingApiVersionParameter"));
    let url =
        service.url.replace("resourceGroups", "RESOURCEgroups").replace("vault-standin", "Vault-StandIn");
    let answer = service.ask("GET", &format!("{url}/REPLICATIONfabrics?api-version=1"), None).unwrap();
    assert_eq!(answer.status, 200);
    let url = service.url.replace("vault-standin", "other");
    let answer = service.ask("GET", &format!("{url}/replicationFabrics?api-version=1"), None).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (404, "ResourceNotFound"));
}

#[test]
fn answers_carry_the_estate_s_time() {
    let service = StandIn::modernized();
    let answer = service.call("GET", "replicationFabrics", None).unwrap();
    let date = answer.header("date").unwrap();
    assert!(date.contains("Nov 2026") && date.ends_with(" GMT"), "{date}");
    for name in
        ["x-ms-request-id", "x-ms-correlation-request-id", "x-ms-ratelimit-remaining-subscription-reads"]
    {
        assert!(answer.header(name).is_some(), "{name}");
    }
}
