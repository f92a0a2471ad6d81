//! Lists: their pages, their filters, and what each entry shows.

use serde_json::Value;

use crate::lab::StandIn;

/// All entries of a list, page by page, and how many pages there were.
fn all(service: &StandIn, path: &str) -> (Vec<Value>, usize) {
    let mut page = service.get(path);
    let (mut entries, mut pages) = (Vec::new(), 1);
    loop {
        entries.extend(page["value"].as_array().unwrap().iter().cloned());
        let Some(next) = page["nextLink"].as_str() else { return (entries, pages) };
        page = service.ask("GET", next, None).unwrap().json();
        pages += 1;
    }
}

#[test]
fn lists_come_in_pages_that_leave_nothing_out() {
    let whole = StandIn::start(&["--speed", "1"]);
    let paged = StandIn::start(&["--speed", "1", "--page-size", "2"]);
    let points = format!("{}/recoveryPoints", whole.item("sql01"));
    for (path, least) in [("replicationProtectedItems", 2), (points.as_str(), 3), ("replicationFabrics", 1)] {
        let (one, _) = all(&whole, path);
        let (other, pages) = all(&paged, path);
        let names = |entries: &[Value]| entries.iter().map(|entry| entry["name"].clone()).collect::<Vec<_>>();
        assert_eq!(names(&one), names(&other), "{path}");
        assert!(pages >= least && other.len() <= pages * 2, "{path}: {pages}");
    }
    let answer = paged.call("GET", "replicationProtectedItems?skipToken=x", None).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidSkipToken"));
}

#[test]
fn points_of_a_set_show_one_instant_and_say_that_they_are_one() {
    let service = StandIn::start(&["--speed", "1"]);
    let (points, _) = all(&service, &format!("{}/recoveryPoints", service.item("sql02")));
    let multi = |point: &Value| point["properties"]["providerSpecificDetails"]["isMultiVmSyncPoint"].clone();
    let times = |points: &[Value]| -> Vec<Value> {
        let together = points.iter().filter(|point| multi(point) == "true");
        together.map(|point| point["properties"]["recoveryPointTime"].clone()).collect()
    };
    assert!(points.iter().any(|point| multi(point) == "false"), "{points:?}");
    let (others, _) = all(&service, &format!("{}/recoveryPoints", service.item("sql01")));
    assert_eq!(times(&points), times(&others));
    let (alone, _) = all(&service, &format!("{}/recoveryPoints", service.item("app01")));
    assert!(alone.iter().all(|point| multi(point) == "false"));
}

#[test]
fn jobs_are_listed_newest_first_and_filtered_by_state() {
    let service = StandIn::start(&["--fault", "fail unplannedFailover app01"]);
    service.ends(&service.fail_over_app(), "Failed", "Failed");
    service.succeeds(&service.fail_over_app());
    let states = |path: &str| {
        all(&service, path).0.iter().map(|job| job["properties"]["state"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(states("replicationJobs"), ["Succeeded", "Failed"]);
    assert_eq!(states("replicationJobs?$filter=JobStatus%20eq%20'Failed'"), ["Failed"]);
    assert_eq!(states("replicationJobs?$filter=nonsense%20gt%205"), ["Succeeded", "Failed"]);
}

#[test]
fn a_failed_job_can_be_begun_again_and_its_status_is_arm_s() {
    let service = StandIn::start(&["--fault", "fail unplannedFailover app01"]);
    let answer = service.fail_over_app();
    let status = |answer: &crate::lab::Answer| {
        service.ask("GET", answer.header("azure-asyncoperation").unwrap(), None).unwrap().json()
    };
    let job = service.ends(&answer, "Failed", "Failed");
    assert_eq!(job["allowedActions"], serde_json::json!(["Restart"]));
    let failed = status(&answer);
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&"Failed".into(), &"StandInFault".into()));
    let again = service.post(&format!("replicationJobs/{}/restart", answer.job()), &Value::Null);
    assert_eq!(again.job(), answer.job());
    service.succeeds(&again);
    assert_eq!(status(&answer)["status"], "Succeeded");
    assert_eq!(service.properties("app01")["activeLocation"], "Recovery");
}
