//! What goes wrong does so as it was told, and is told apart.

use std::time::Duration;

use musterpoint::base::Timestamp;
use musterpoint::estate::Estate;

use musterpoint::event::{EstateError, Found, Progress, Submitted};

use musterpoint::model::Mode;

use crate::lab::{Lab, START, commit, contoso, fail_over, shut_down, start, try_open};

#[test]
fn hanging_losing_dropping_and_lying_are_told_apart() {
    let faults =
        ["hang shut_down sql01", "lose shut_down app01 once", "drop shut_down sql02 once", "lie start app01"];
    let lab = Lab::with("{}", &faults);
    let (key, request) = (lab.key(), shut_down("app01"));
    assert!(matches!(lab.submit(&key, &request), Err(EstateError::Unknown { .. })));
    assert!(matches!(lab.find(&key, &request), Found::Running(_)));
    lab.minutes(2);
    assert!(matches!(lab.find(&key, &request), Found::Done(_)));
    lab.end_by(&key, &request).unwrap();

    let (key, request) = (lab.key(), shut_down("sql02"));
    assert!(matches!(lab.submit(&key, &request), Err(EstateError::Unknown { .. })));
    assert_eq!(lab.find(&key, &request), Found::NeverArrived);
    lab.end_by(&key, &request).unwrap();

    let (key, request) = (lab.key(), shut_down("sql01"));
    let Submitted::Accepted(handle, _) = lab.submit(&key, &request).unwrap() else { panic!() };
    lab.minutes(60 * 24);
    assert!(matches!(lab.poll(&handle).unwrap(), Progress::Running(_)));
    lab.runtime.block_on(lab.sim.cancel(&handle)).unwrap();
    let Progress::Failed(EstateError::Refused { code, .. }) = lab.poll(&handle).unwrap() else { panic!() };
    assert_eq!(code, "cancelled");
    assert_eq!(lab.observe("sql01", false).source_running, Some(true));

    lab.done(&fail_over("app01", &lab.newest("app01"), Some(Mode::Planned), "azure"));
    lab.done(&start("app01"));
    lab.minutes(60);
    lab.heartbeat("app01").unwrap_err();
    assert_eq!(lab.observe("app01", false).target_running, Some(false));
    let acts: Vec<String> = lab.sim.effects().unwrap().into_iter().map(|effect| effect.verb).collect();
    assert_eq!(acts, ["shut_down", "shut_down", "fail_over"]);
}

#[test]
fn what_an_estate_forgets_it_has_done_and_cannot_tell() {
    let lab = Lab::with("{}", &["forget shut_down app01 once"]);
    let (key, request) = (lab.key(), shut_down("app01"));
    assert!(matches!(lab.submit(&key, &request), Err(EstateError::Unknown { .. })));
    assert!(matches!(lab.find(&key, &request), Found::CannotTell(_)));
    lab.minutes(5);
    assert!(matches!(lab.find(&key, &request), Found::CannotTell(_)));
    assert_eq!(lab.observe("app01", false).source_running, Some(false));
    assert_eq!(lab.sim.stated().unwrap().faults, [""; 0], "it has come, and is not to come any more");
}

#[test]
fn a_cut_site_is_not_reached_seen_or_replicated_until_its_time_is_up() {
    let lab = Lab::with("{}", &["cut site avs at +10m for 30m"]);
    lab.minutes(11);
    assert_eq!(lab.refusal(&shut_down("app01")), "retry site_unreachable");
    let seen = lab.observe("app01", false);
    assert_eq!((seen.source_running, seen.fenced), (None, None));
    let vm = lab.vm("app01");
    assert_eq!((vm.power, vm.agent_registered), (None, None));
    assert_eq!(lab.tcp("10.0.0.21:443").unwrap_err(), "connection timed out");
    let newest = vm.points[0].at;
    assert!(newest <= START.parse::<Timestamp>().unwrap().plus(Duration::from_secs(600)));
    lab.minutes(20);
    assert_eq!(lab.vm("app01").points[0].at, newest);
    assert_eq!(
        lab.refusal(&fail_over("app01", "p7", Some(Mode::Planned), "azure")),
        "retry site_unreachable"
    );
    lab.done(&fail_over("app01", "p7", Some(Mode::Forced), "azure"));
    lab.done(&start("app01"));
    lab.done(&commit("app01"));
    lab.minutes(20);
    let seen = lab.observe("app01", false);
    assert_eq!((seen.source_running, seen.target_running), (Some(true), Some(true)), "both copies run");
    assert!(lab.vm("sql01").points[0].at > newest);
}

#[test]
fn faults_count_over_the_death_of_the_process() {
    let lab = Lab::with("{}", &["fail shut_down app01 once"]);
    assert_eq!(lab.refusal(&shut_down("app01")), "injected_fault");
    let lab = lab.reopen(&["fail shut_down app01 once"]);
    lab.shut_down("app01");
}

#[test]
fn a_late_guest_answers_later_and_a_late_verb_ends_later() {
    let lab = Lab::with(
        r#"{ "durations": { "start": "60s", "commit": "30s" } }"#,
        &["late start app01 5m", "late commit app01 1m"],
    );
    lab.shut_down("app01");
    lab.done(&fail_over("app01", "p7", Some(Mode::Planned), "azure"));
    let asked = lab.now();
    lab.done(&start("app01"));
    assert_eq!(lab.now().since(asked), Duration::from_secs(5));
    lab.sim.clock().jump(asked.plus(Duration::from_secs(359)));
    lab.heartbeat("app01").unwrap_err();
    lab.sim.clock().jump(asked.plus(Duration::from_secs(360)));
    lab.heartbeat("app01").unwrap();
    let asked = lab.now();
    lab.done(&commit("app01"));
    assert_eq!(lab.now().since(asked), Duration::from_secs(90));
}

#[test]
fn wrong_faults_and_settings_are_all_named_with_a_code_and_a_help() {
    let refused = |sim: &str, faults: &[&str]| -> Vec<(String, String, bool)> {
        let folder = tempfile::tempdir().unwrap();
        let found = try_open(&folder, contoso(sim), faults).map(|_| ()).unwrap_err();
        found.into_iter().map(|d| (d.code.to_string(), d.message, d.help.is_some())).collect()
    };
    let faults = refused(
        "{}",
        &[
            "fial commit app01",
            "fail failover app01",
            "hang commit app1",
            "cut site mars",
            "fail commit",
            "",
            "late start app01 soon",
            "lie start app01 sometimes",
            "cut site avs tomorrow",
            "no luck app01",
            "lose commit app01 retry",
            "down server ps-x",
        ],
    );
    assert_eq!(faults.len(), 12, "{faults:#?}");
    assert!(faults.iter().all(|(code, ..)| code == "MP0521" || code == "MP0522"));
    assert!(faults.iter().filter(|(_, _, help)| *help).count() >= 10, "{faults:#?}");
    assert_eq!(refused(r#"{ "durations": { "fail_over": "fast" } }"#, &[])[0].0, "MP0520");
    assert_eq!(refused(r#"{ "duration": {} }"#, &[])[0].0, "MP0520");
    assert_eq!(refused(r#"{ "durations": { "failover": "2m" } }"#, &[])[0].0, "MP0522");
    assert_eq!(refused(r#"{ "services": { "app1": {} } }"#, &[])[0].0, "MP0522");
    assert_eq!(refused(r#"{ "faults": ["fial"] }"#, &[])[0].0, "MP0521");
    assert!(musterpoint::source::codes::find("mp0521").is_some());
}

#[test]
fn the_documented_settings_and_every_documented_fault_read() {
    let page = include_str!("../../docs/simulator.md");
    let block = page.split("```json\n\"sim\": ").nth(1).unwrap().split("```").next().unwrap();
    let table = page.split("## Faults").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let faults: Vec<String> = rows
        .filter_map(|row| row.split('`').next())
        .map(|form| {
            let form = form.replace("refused\\|retry", "retry").replace("CODE", "full");
            let form = form.replace("VERB", "commit").replace("MACHINE", "app01").replace("SUBJECT", "db");
            form.replace("SITE", "avs").replace("NAME", "ps-avs").replace("ID", "s7").replace(['[', ']'], "")
        })
        .collect();
    assert_eq!(faults.len(), 16, "{faults:#?}");
    let told: Vec<&str> = faults.iter().map(String::as_str).collect();
    Lab::with(block.trim(), &told);
}
