//! How a commit window closes, and limits on what happens at once.

use std::collections::BTreeMap;

use crate::bench::Bench;
use crate::lab::{FAILOVER, acted_once, came_to_its_end, effects, event, lab, log};

fn with_commit(policy: &str) -> Bench {
    let bench = lab("true");
    bench.edit("lab.muster", "  fence ", &format!("  commit {{ policy = {policy} }}\n  fence "));
    bench
}

fn verbs(bench: &Bench) -> Vec<String> {
    let all = effects(bench, "estates/office.json", "office");
    all.into_iter().map(|(verb, _, _)| verb).collect()
}

#[test]
fn a_manual_commit_waits_for_an_operator_however_often_the_run_is_resumed() {
    let bench = with_commit("manual");
    bench.run(&FAILOVER).exits(6).says("muster commit").says("muster rollback");
    for _ in 0..2 {
        bench.run(&["resume", "last"]).exits(6).says("muster commit");
    }
    assert!(!verbs(&bench).contains(&"commit".to_owned()));
    bench.run(&["skip", "last", "commit", "--reason", "x"]).exits(4).says("MP0701").says("not skipped");
    bench.run(&["commit", "last"]).exits(0).prints("completed");
    bench.run(&["commit", "last"]).exits(4).says("has ended");
    came_to_its_end(&bench);
}

#[test]
fn a_commit_behind_its_gates_comes_by_itself_and_never_behind_a_failed_one() {
    let bench = lab("true");
    bench.run(&FAILOVER).exits(0);
    let (up, gate) = (event(&bench, "step_succeeded", "up"), event(&bench, "step_succeeded", "commit"));
    assert!(up["seq"].as_u64() < gate["seq"].as_u64());
    came_to_its_end(&bench);

    let bench = lab("true");
    bench.edit(
        "lab.muster",
        "heartbeat = wiki01, within = 10m",
        "tcp = \"${wiki01.address}:81\", within = 1m",
    );
    bench.edit(
        "estates/office.json",
        "\"sites\"",
        "\"sim\": { \"services\": { \"wiki01\": { \"80\": {} } } }, \"sites\"",
    );
    bench.run(&FAILOVER).exits(3).prints("halted");
    bench.run(&["commit", "last"]).exits(4).says("MP0701");
    bench.run(&["resume", "last"]).exits(3);
    assert!(!verbs(&bench).contains(&"commit".to_owned()));
    bench.run(&["rollback", "last", "--reason", "it serves nobody"]).exits(3).prints("rolled-back");
    acted_once(&bench, "estates/office.json", "office");
}

#[test]
fn a_rollback_by_timer_comes_by_itself_and_a_commit_before_it_stands() {
    let bench = with_commit("rollback(60m)");
    bench.run(&FAILOVER).exits(3).prints("rolled-back");
    assert!(!verbs(&bench).contains(&"commit".to_owned()));
    acted_once(&bench, "estates/office.json", "office");
    bench.run(&["commit", "last"]).exits(4).says("has ended");
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(0);
}

#[test]
fn a_commit_by_timer_that_deletes_machines_is_refused() {
    let bench = with_commit("auto(60m)");
    bench.run(&FAILOVER).exits(1).says("MP0308");
    assert!(!bench.path(".muster").exists());
}

/// How many machines were between the start of one step and the end of another at once, at most.
fn at_once(bench: &Bench, first: &str, last: &str) -> usize {
    let (mut open, mut most) = (BTreeMap::new(), 0);
    for event in log(bench) {
        let step = event["step"].as_str().unwrap_or_default();
        match event["event"].as_str().unwrap() {
            "step_started" => {
                if let Some(vm) = step.strip_prefix(first) {
                    open.insert(vm.to_owned(), ());
                    most = most.max(open.len());
                }
            }
            "step_succeeded" | "step_failed" => {
                if let Some(vm) = step.strip_prefix(last) {
                    open.remove(vm);
                }
            }
            _ => {}
        }
    }
    most
}

#[test]
fn a_limit_of_one_is_really_one_after_the_other() {
    let erp = ["failback", "erp.muster", "--yes", "--as", "dana", "--approve", "go", "--approve", "accept"];
    let free = Bench::new();
    free.run(&erp).exits(0);
    assert!(at_once(&free, "start ", "ready ") > 1, "the plan starts several at once by itself");
    let bench = Bench::new();
    bench.edit("erp.muster", "power_on = 20", "power_on = 1, shut_down = 1, fail_over = 1");
    bench.run(&erp).exits(0);
    for (first, last) in [("start ", "ready "), ("shut down ", "shut down "), ("fail over ", "fail over ")] {
        assert_eq!(at_once(&bench, first, last), 1, "{first}");
    }
    acted_once(&bench, "estates/contoso.json", "contoso");
}
