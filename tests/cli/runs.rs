//! Runs through the binary: every exit code, the question before the start, requests, frozen runbooks.

use super::bench::Bench;

/// A run of `erp` home that waits in its commit window for `accept`.
fn failback_waits() -> Bench {
    let bench = Bench::new();
    bench
        .run(&["failback", "erp.muster", "--as", "dana", "--approve", "go=tested", "--yes"])
        .exits(6)
        .prints("waiting")
        .says("muster approve");
    bench
}

#[test]
fn a_run_is_not_started_unless_somebody_said_yes() {
    let bench = Bench::new();
    bench.run(&["failover", "one.muster", "--planned"]).exits(4).says("MP0702").says("--yes");
    assert!(bench.runs().is_empty());
    assert!(!bench.path(".muster").exists());
}

#[test]
fn a_whole_life_ends_with_0_and_every_reader_knows_it() {
    let bench = Bench::new();
    bench.run(&["test", "one.muster", "--yes"]).exits(0).prints("completed");
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(0);
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(4).says("MP0600");
    let runs = bench.runs();
    let told: Vec<_> = runs.iter().map(|run| (run["operation"].as_str(), run["state"].as_str())).collect();
    assert_eq!(told, [(Some("test"), Some("completed")), (Some("failover"), Some("completed"))]);
    for (verb, format) in
        [("status", "muster.status/1"), ("report", "muster.report/1"), ("log", "muster.log/1")]
    {
        let json = bench.run(&[verb, "last", "--format", "json"]).exits(0).json();
        assert_eq!((json["format"].as_str(), &json["id"]), (Some(format), &runs[1]["id"]));
        assert!(!bench.run(&[verb, "last"]).exits(0).out.is_empty());
    }
    bench.run(&["status", "one-"]).exits(1).says("MP0664");
    bench.run(&["status", "two"]).exits(1).says("MP0663");
    bench.run(&["resume", "last"]).exits(4).says("MP0665");
}

#[test]
fn the_state_folder_is_named_by_option_or_environment() {
    let bench = Bench::new();
    bench.run(&["--state", "here", "test", "one.muster", "--yes"]).exits(0);
    assert!(bench.path("here/muster.db").exists() && !bench.path(".muster").exists());
    bench.run_with("MUSTER_STATE", "here", &["status", "last"]).exits(0).prints("completed");
}

#[test]
fn an_approval_recorded_for_nobody_counts_when_the_run_goes_on() {
    let bench = failback_waits();
    bench.run(&["approve", "last", "accept", "-m", "all good"]).exits(0).says("muster resume");
    bench.run(&["resume", "last"]).exits(0).prints("completed");
    bench.run(&["log", "last"]).exits(0).prints("all good");
}

#[test]
fn only_a_holder_of_the_role_answers() {
    let bench = Bench::new();
    let start = ["failback", "erp.muster", "--yes", "--as", "sam"];
    bench.run(&[&start[..], &["--approve", "go"]].concat()).exits(4).says("MP0703").says("dana");
    assert!(bench.runs().is_empty());
    bench.run(&start).exits(6);
    bench.run(&["approve", "last", "go", "--as", "sam"]).exits(4).says("dr_lead");
    bench.run(&["approve", "last", "goo", "--as", "dana"]).exits(4).says("did you mean `go`?");
    bench.run(&["reject", "last", "go", "--as", "lee"]).exits(0);
    bench.run(&["resume", "last"]).exits(3).prints("halted");
}

#[test]
fn a_claimed_name_needs_an_estate_that_takes_it() {
    let bench = Bench::new();
    bench.edit("one.muster", "sites    = [office, cloud]", "sites    = [office, cloud]\n  identity = os");
    bench.run(&["test", "one.muster", "--yes", "--as", "nobody-of-that-name"]).exits(4).says("MP0704");
    assert!(bench.runs().is_empty());
}

#[test]
fn rollback_of_a_run_that_nobody_drives_happens_at_once_and_exits_with_3() {
    let bench = failback_waits();
    bench.run(&["rollback", "last", "--reason", "wrong data"]).exits(3).prints("rolled-back");
    bench.run(&["rollback", "last"]).exits(4).says("ended");
    let machines = bench.run(&["inventory", "erp.muster", "--format", "json"]).exits(0).json();
    assert_eq!(machines["vms"]["sql01"]["site"], "azure");
}

/// The operator was asked to commit such a test, and its copies could not be removed.
#[test]
fn a_test_without_a_cleanup_node_waits_for_cleanup_and_is_ended_by_it() {
    let bench = Bench::new();
    bench.edit("one.muster", "    wiki_up -> cleanup\n", "");
    let waits = bench.run(&["test", "one.muster", "--yes"]).exits(6).says("muster cleanup");
    assert!(!waits.err.contains("muster commit"), "{}", waits.err);
    bench.run(&["commit", "last"]).exits(4).says("a test commits nothing");
    bench.run(&["cleanup", "last"]).exits(0).prints("completed");
    bench.run(&["cleanup", "last"]).exits(4).says("ended");

    bench.edit("one.muster", "within = 10m", "status = 503, within = 10m");
    bench.run(&["test", "one.muster", "--yes"]).exits(6).says("timed out");
    bench.run(&["cleanup", "last"]).exits(3).prints("failed");
    bench.edit("one.muster", "status = 503, ", "");
    bench.run(&["test", "one.muster", "--yes"]).exits(6);
}

#[test]
fn a_manual_commit_says_how_many_machines_it_deletes() {
    let bench = Bench::new();
    bench.edit("erp.muster", "commit    { }", "commit    { policy = manual }");
    bench.edit("erp.muster", "approve accept {", "approve accept {\n    operations = [test]");
    bench.run(&["failback", "erp.muster", "--as", "dana", "--approve", "go", "--yes"]).exits(6);
    bench.run(&["commit", "last"]).exits(4).says("--delete-sources 5");
    bench.run(&["commit", "last", "--delete-sources", "4"]).exits(4).says("not 4");
    bench.run(&["commit", "last", "--delete-sources", "5"]).exits(0).prints("completed");
}

#[test]
fn change_of_point_makes_the_targets_again_and_waits_again() {
    let bench = failback_waits();
    bench.run(&["change-point", "last", "db=common_app"]).exits(6);
    bench.run(&["change-point", "last", "nobody=common"]).exits(4).says("nobody");
    bench.run(&["log", "last"]).exits(0).prints("common_app");
}

#[test]
fn a_failed_step_halts_the_run_and_a_skip_is_taken_before_it_is_tried_again() {
    let bench = Bench::new();
    bench.edit("one.muster", "within = 10m }", "within = 10m, status = 500, retry { times = 1 } }");
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(3).prints("halted");
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(4);
    bench.run(&["retry", "last", "wiki_up"]).exits(3);
    bench.run(&["skip", "last", "wiki_up", "--reason", "it serves another status"]).exits(0);
    bench.run(&["resume", "last"]).exits(0).prints("completed-with-exceptions");
}

#[test]
fn what_became_of_an_act_is_asked_with_evidence_and_answered_by_resolve() {
    let bench = Bench::new();
    bench.edit("contoso.muster", "seed = 7 }", "seed = 7, faults = [\"forget fail_over sql01 once\"] }");
    let start = ["failback", "erp.muster", "--as", "dana", "--approve", "go", "--approve", "accept", "--yes"];
    bench.run(&start).exits(6).says("did it happen?").says("--did-not-happen --reason TEXT");
    let status = bench.run(&["status", "last"]).exits(0);
    for shown in ["asked", "key", "answer", "it keeps no record", "seen", "--happened"] {
        assert!(status.out.contains(shown), "no `{shown}` in\n{}", status.out);
    }
    let asked = bench.run(&["status", "last", "--format", "json"]).exits(0).json()["waiting"][0].clone();
    assert_eq!((asked["kind"].as_str(), asked["step"].as_str()), (Some("unclear"), Some("fail over sql01")));
    assert!(asked["evidence"].as_array().unwrap().iter().any(|proof| proof["about"] == "seen"), "{asked}");
    let page = bench.run(&["report", "last", "--format", "html"]).exits(0);
    assert!(page.out.contains("Waiting for a person") && page.out.contains("it keeps no record"));
    let resolve = ["resolve", "last", "fail over sql01"];
    bench.run(&resolve).exits(2);
    bench.run(&[&resolve[..], &["--happened"]].concat()).exits(2).says("--reason");
    bench.run(&[&resolve[..], &["--happened", "--did-not-happen", "--reason", "x"]].concat()).exits(2);
    bench.run(&["resolve", "last", "go", "--happened", "--reason", "x"]).exits(4).says("nobody is asked");
    let said = ["--happened", "--reason", "it is in the console"];
    bench.run(&[&resolve[..], &said].concat()).exits(0).says("muster resume");
    bench.run(&["resume", "last"]).exits(0).prints("completed-with-exceptions");
    bench.run(&["report", "last"]).exits(0).prints("said to have happened by");
    bench.run(&["log", "last"]).exits(0).prints("is said to have happened");
}

#[test]
fn a_frozen_runbook_runs_as_it_was_approved_or_not_at_all() {
    let bench = Bench::new();
    bench.run(&["preview", "failover", "one.muster", "--planned", "--out", "one.json"]).exits(0);
    bench.run(&["failback", "one.json", "--yes"]).exits(4).says("planned failover");
    bench.run(&["failover", "one.json", "--forced", "--yes"]).exits(4).says("planned failover");
    bench.run(&["failover", "one.json", "--without", "wiki01", "--yes"]).exits(4).says("`--without`");
    bench.run(&["failover", "one.json", "--approve", "go", "--yes"]).exits(4).says("`go`");
    assert!(bench.runs().is_empty());
    bench.edit("one.muster", "within = 10m", "within = 9m");
    bench.run(&["failover", "one.json", "--yes"]).exits(4).says("MP0622").says("one.muster");
    bench.edit("one.muster", "within = 9m", "within = 10m");
    bench.run(&["failover", "one.json", "--yes"]).exits(0);
    bench.run(&["failover", "one.json", "--yes"]).exits(4).says("MP0622").says("wiki01");
}

#[test]
fn reprotect_is_a_run_of_its_own() {
    let bench = Bench::new();
    bench.edit("one.muster", "commit -> reprotect", "commit");
    bench.edit(
        "one.muster",
        "  reprotect { retry { on = agent_not_registered, every = 60s, for = 15m } }\n",
        "",
    );
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(0);
    bench.run(&["reprotect", "one.muster", "--yes"]).exits(4).says("MP0614");
    bench.edit("one.muster", "wiki_up -> commit", "wiki_up -> commit -> reprotect");
    bench.edit(
        "one.muster",
        "  order {",
        "  reprotect { retry { on = agent_not_registered, every = 60s, for = 15m } }\n  order {",
    );
    bench.run(&["reprotect", "one.muster"]).exits(4).says("--yes");
    bench.run(&["reprotect", "one.muster", "--yes"]).exits(0).says("reprotect of plan `one`");
    let machines = bench.run(&["inventory", "one.muster", "--format", "json"]).exits(0).json();
    assert_eq!(machines["vms"]["wiki01"]["protection"], "protected");
    bench.run(&["reprotect", "one.muster", "--yes"]).exits(4).says("MP0614");
}

#[test]
fn a_damaged_run_log_is_the_engines_failure_and_exits_with_5() {
    let bench = Bench::new();
    bench.run(&["test", "one.muster", "--yes"]).exits(0);
    let db = rusqlite::Connection::open(bench.path(".muster/muster.db")).unwrap();
    db.execute_batch(
        "DROP TRIGGER event_is_never_changed; UPDATE event SET body = body || ' ' WHERE seq = 2",
    )
    .unwrap();
    drop(db);
    bench.run(&["status", "last"]).exits(5).says("MP0658");
}

#[test]
fn a_file_that_is_no_run_log_is_left_as_it_is() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path(".muster")).unwrap();
    bench.write(
        ".muster/muster.db",
        "something else, and long enough to be looked at as a database\n".repeat(40),
    );
    bench.run(&["runs"]).exits(4).says("MP0654");
    bench.run(&["test", "one.muster", "--yes"]).exits(4).says("MP0654");
}
