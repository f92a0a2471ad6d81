//! Machines answer as real ones do, and nobody else does.

use std::time::Duration;

use musterpoint::event::{GuestScript, Probe, Request};

use musterpoint::model::Mode;

use crate::lab::{Lab, commit, fail_over, start};

#[test]
fn vmware_tools_are_off_in_the_cloud_and_on_again_at_home() {
    let tools = |lab: &Lab| {
        let sim = lab.inventory().sim.unwrap();
        sim["vms"]["sql01"]["tools"].as_str().unwrap().to_owned()
    };
    let round = |lab: &Lab| {
        lab.go("sql01");
        assert_eq!(tools(lab), "off");
        assert!(lab.heartbeat("sql01").unwrap().contains("agent"));
        lab.done(&commit("sql01"));
        lab.reprotect("sql01", "avs");
        lab.shut_down("sql01");
        lab.done(&fail_over("sql01", &lab.newest("sql01"), Some(Mode::Planned), "avs"));
        let detail = lab.done(&start("sql01"));
        lab.minutes(3);
        detail
    };
    let lab = Lab::new();
    assert_eq!(tools(&lab), "on");
    assert!(lab.heartbeat("sql01").unwrap().contains("VMware Tools"));
    assert_eq!(round(&lab).exception, None);
    assert_eq!(tools(&lab), "on");

    let broken = Lab::with("{}", &["no tools sql01"]);
    let exception = round(&broken).exception.unwrap();
    assert_eq!(exception, "VMware Tools of `sql01` did not come back");
    assert!(broken.heartbeat("sql01").unwrap().contains("agent"));
    assert_eq!(tools(&broken), "off");
}

#[test]
fn services_answer_as_the_settings_say_and_only_where_somebody_is() {
    let sim = r#"{ "services": { "app01": { "8080": { "after": "30s", "status": 503,
        "paths": { "/health": { "status": 200, "body": "all is well" } } } } } }"#;
    let lab = Lab::with(sim, &[]);
    assert_eq!(lab.tcp("10.0.0.21:8080").unwrap_err(), "connection refused");
    lab.pass(Duration::from_secs(30));
    lab.tcp("10.0.0.21:8080").unwrap();
    assert_eq!(lab.tcp("10.0.0.21:22").unwrap_err(), "connection refused");
    assert_eq!(lab.http("http://10.0.0.21:8080/", 200).unwrap_err(), "answered 503, not 200");
    lab.http("http://10.0.0.21:8080/health?deep=1", 200).unwrap();
    let body = |body: &str| Probe::Http {
        url: "http://10.0.0.21:8080/health".to_owned(),
        status: 200,
        body: Some(body.to_owned()),
    };
    lab.probe(&body("is well")).unwrap();
    assert!(lab.probe(&body("ill")).unwrap_err().contains("`ill`"));
    lab.tcp("10.0.0.11:1433").unwrap();
    lab.http("http://10.0.0.11/", 200).unwrap();
    assert_eq!(lab.tcp("10.9.9.9:80").unwrap_err(), "connection timed out");
    assert_eq!(lab.tcp("10.8.0.21:8080").unwrap_err(), "connection timed out", "nothing runs there yet");
    for wrong in ["10.0.0.21", ":80", "10.0.0.21:http", "10.0.0.21:99999"] {
        assert!(lab.tcp(wrong).unwrap_err().contains("not `host:port`"), "{wrong}");
    }
    for wrong in ["10.0.0.21/x", "ftp://10.0.0.21/", "http://"] {
        assert!(lab.http(wrong, 200).unwrap_err().contains("is not an address"), "{wrong}");
    }
    lab.shut_down("app01");
    assert_eq!(lab.tcp("10.0.0.21:8080").unwrap_err(), "connection timed out");
}

#[test]
fn programs_in_the_guest_end_as_the_settings_say() {
    let sim = r#"{ "vms": { "app01": { "programs": {
        "/opt/ok": { "output": "3 jobs stopped" }, "/opt/bad": { "exit": 4 }, "/opt/slow": { "takes": "1h" } } } } }"#;
    let lab = Lab::with(sim, &[]);
    let run = |path: &str| {
        Request::GuestScript(GuestScript {
            machine: "app01".to_owned(),
            argv: vec![path.to_owned()],
            timeout: Duration::from_secs(60),
            test: false,
        })
    };
    assert_eq!(lab.done(&run("/opt/ok")).note, "3 jobs stopped");
    lab.done(&run("/opt/anything"));
    assert_eq!(lab.refusal(&run("/opt/bad")), "script_failed");
    assert_eq!(lab.refusal(&run("/opt/slow")), "script_timeout");
    lab.shut_down("app01");
    assert_eq!(lab.refusal(&run("/opt/ok")), "retry guest_silent");
}
