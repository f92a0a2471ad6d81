//! Points that go away between the forecast and the binding, and other ones taken in the commit window.

use crate::bench::Bench;
use crate::lab::{acted_once, effects, event, log};

const FAILBACK: [&str; 7] = ["failback", "erp.muster", "--yes", "--as", "dana", "--approve", "go"];

fn acted_once_each(bench: &Bench) {
    acted_once(bench, "estates/contoso.json", "contoso");
}

#[test]
fn a_planned_run_asks_before_it_binds_worse_than_its_forecast() {
    let bench = Bench::new();
    // The set of the forecast goes bad while the run is under way.
    bench.edit("contoso.muster", "seed = 7 }", "seed = 7, faults = [\"spoil point db set-0530 at +2s\"] }");
    bench.edit(
        "erp.muster",
        "[common_app(max_age = 1h)",
        "[common_app(max_age = 1h, tag = \"after-posting\")",
    );
    bench.run(&FAILBACK).exits(6).prints("waiting").says("muster choose");
    assert!(log(&bench).iter().any(|event| event["event"] == "points_asked"), "{:#?}", log(&bench));
    assert!(
        !effects(&bench, "estates/contoso.json", "contoso").iter().any(|(verb, _, _)| verb == "fail_over")
    );
    // Nothing goes on by itself, and what does not fit is not taken.
    bench.run(&["resume", "last"]).exits(6);
    bench.run(&["choose", "last", "nobody=common"]).exits(4).says("nobody");
    bench.run(&["change-point", "last", "db=common"]).exits(4).says("MP0701");
    bench.run(&["choose", "last", "db=common(max_age = 4h)", "--as", "dana"]).exits(0).says("muster resume");
    bench.run(&["resume", "last"]).exits(6).prints("waiting").says("accept");
    let bound = log(&bench).iter().filter(|event| event["event"] == "points_bound").count();
    assert!(bound >= 1);
    bench.run(&["approve", "last", "accept"]).exits(0);
    bench.run(&["resume", "last"]).exits(0).prints("completed");
    acted_once_each(&bench);
}

#[test]
fn another_point_is_taken_in_the_commit_window_and_nowhere_else() {
    let bench = Bench::new();
    let change = ["change-point", "last", "db=common_app(max_age = 4h)"];
    bench.run(&["failback", "erp.muster", "--yes", "--as", "lee"]).exits(6).says("approve");
    bench.run(&change).exits(4).says("MP0701").says("commit window");
    assert!(effects(&bench, "estates/contoso.json", "contoso").is_empty(), "nothing was touched");
    bench.run(&["approve", "last", "go", "--as", "lee"]).exits(0);
    bench.run(&["resume", "last"]).exits(6).says("accept");
    bench.run(&["change-point", "last", "db=common_app(max_age = 1m)"]).exits(4).says("MP0701");
    bench.run(&["change-point", "last", "db=id(\"no-such-set\")"]).exits(4).says("no-such-set");
    bench.run(&change).exits(6).prints("waiting");
    let changed: Vec<_> = log(&bench).into_iter().filter(|event| event["event"] == "point_changed").collect();
    assert_eq!(changed.len(), 1, "{changed:#?}");
    bench.run(&["approve", "last", "accept"]).exits(0);
    bench.run(&["resume", "last"]).exits(0).prints("completed");
    bench.run(&change).exits(4).says("has ended");
    acted_once_each(&bench);
    for vm in ["sql01", "sql02"] {
        let all = effects(&bench, "estates/contoso.json", "contoso");
        let of =
            |wanted: &str| all.iter().filter(|(verb, machine, _)| verb == wanted && machine == vm).count();
        assert_eq!((of("fail_over"), of("change_point"), of("commit")), (1, 1, 1), "{vm}: {all:?}");
    }
    let started = event(&bench, "step_started", "commit sql01");
    assert_eq!(started["attempt"], 1);
}
