//! Faults of the line come when they were told to, and do what they say.

use serde_json::Value;

use crate::lab::{Answer, StandIn};

/// So many reads of the fabrics, one after the other.
fn reads(service: &StandIn, count: usize) -> Vec<Result<Answer, String>> {
    (0..count).map(|_| service.call("GET", "replicationFabrics", None)).collect()
}

fn statuses(service: &StandIn, count: usize) -> Vec<u16> {
    reads(service, count).into_iter().map(|answer| answer.map_or(0, |answer| answer.status)).collect()
}

#[test]
fn requests_are_throttled_refused_and_sent_elsewhere_by_their_number() {
    let service = StandIn::start(&["--fault", "throttle 3"]);
    assert_eq!(statuses(&service, 6), [200, 200, 429, 200, 200, 429]);
    let service = StandIn::start(&["--fault", "throttle 1"]);
    assert_eq!(reads(&service, 1).remove(0).unwrap().header("retry-after"), Some("1"));
    let service = StandIn::start(&["--fault", "unavailable 2..3"]);
    assert_eq!(statuses(&service, 4), [200, 503, 503, 200]);
    let service = StandIn::start(&["--fault", "redirect 2"]);
    assert_eq!(statuses(&service, 2), [200, 307]);
    let service = StandIn::start(&["--fault", "forbid replicationFabrics"]);
    let answer = reads(&service, 1).remove(0).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (403, "AuthorizationFailed"));
}

#[test]
fn answers_are_no_json_or_end_half_way() {
    let service = StandIn::start(&["--fault", "html 2"]);
    let page = reads(&service, 2).remove(1).unwrap();
    assert!(page.status == 502 && page.text.starts_with("<!DOCTYPE"), "{page:?}");
    let service = StandIn::start(&["--fault", "truncate 2"]);
    let mut answers = reads(&service, 3);
    assert!(answers.remove(1).is_err(), "an answer that is not whole is none");
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|answer| answer.status == 200)));
}

#[test]
fn a_lost_answer_is_to_something_that_was_done_and_a_dropped_one_to_nothing() {
    for (fault, done) in [("lose unplannedFailover 1", true), ("drop unplannedFailover 1", false)] {
        let service = StandIn::start(&["--fault", fault]);
        let path = format!("{}/unplannedFailover", service.item("app01"));
        let body = crate::lab::unplanned("true", &Value::Null);
        assert!(service.call("POST", &path, Some(&body)).is_err(), "{fault}");
        let jobs = service.get("replicationJobs")["value"].as_array().unwrap().len();
        assert_eq!(jobs, usize::from(done), "{fault}");
        let scenario = &service.properties("app01")["currentScenario"]["scenarioName"];
        assert_eq!(scenario == "UnplannedFailover", done, "{fault}");
    }
}

#[test]
fn each_request_is_written_down_without_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record.jsonl");
    let mut service = StandIn::start(&["--record", record.to_str().unwrap()]);
    service.authorization = Some("Bearer secret".to_owned());
    service.succeeds(&service.fail_over_app());
    let text = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let post = lines.iter().find(|line| line["method"] == "POST").unwrap();
    assert_eq!(post["status"], 202);
    assert_eq!(post["request"]["properties"]["failoverDirection"], "PrimaryToRecovery");
    assert!(
        post["headers"]["location"].is_string() && post["path"].as_str().unwrap().contains("api-version=")
    );
    assert!(!text.contains("secret"));
}
