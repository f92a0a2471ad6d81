//! Every request from another terminal, to a run whose engine lives and to one whose engine was killed: both
//! come to the same.

use std::process::{Child, Stdio};

use serde_json::Value;

use super::bench::Bench;

/// Looks asked of a run until it stands as wanted; each starts the binary, which takes a while.
const LOOKS_MAX: usize = 2000;

const FAILBACK: &[&str] = &["failback", "erp.muster", "--yes", "--wait", "--as", "dana"];

/// A way to a state, a request, and how the run stands after it.
struct Case {
    /// Edits of a plan: file, from, to.
    edits: &'static [(&'static str, &'static str, &'static str)],
    start: &'static [&'static str],
    /// The step that waits for a person when the request comes.
    at: &'static str,
    request: &'static [&'static str],
    /// The run's state, and the steps that wait.
    then: (&'static str, &'static [&'static str]),
}

const MANUAL: &[(&str, &str, &str)] = &[
    ("erp.muster", "commit    { }", "commit    { policy = manual }"),
    ("erp.muster", "approve accept {", "approve accept {\n    operations = [test]"),
];
const FORGETS: &[(&str, &str, &str)] =
    &[("contoso.muster", "seed = 7 }", "seed = 7, faults = [\"forget fail_over sql01 once\"] }")];
const ASKS: &[(&str, &str, &str)] = &[(
    "erp.muster",
    "point = [common_app(max_age = 1h), common(max_age = 4h), ask]",
    "point = [common_app(max_age = 1s), ask]",
)];
/// A check that never passes, and asks.
const BROKEN: &[(&str, &str, &str)] = &[(
    "erp.muster",
    "status = 200, in_a_row = 3, within = 10m",
    "status = 500, within = 1m, on_failure = ask",
)];
const GO: &[&str] = &["failback", "erp.muster", "--yes", "--wait", "--as", "dana", "--approve", "go"];
const UNPLANNED: &[&str] =
    &["failback", "erp.muster", "--unplanned", "--yes", "--wait", "--as", "dana", "--approve", "go"];
const TEST: &[&str] = &["test", "erp.muster", "--yes", "--wait", "--as", "dana", "--approve", "go"];

const CASES: &[Case] = &[
    Case {
        edits: &[],
        start: FAILBACK,
        at: "go",
        request: &["approve", "go"],
        then: ("waiting", &["accept"]),
    },
    Case { edits: &[], start: FAILBACK, at: "go", request: &["reject", "go"], then: ("halted", &[]) },
    Case { edits: &[], start: FAILBACK, at: "go", request: &["pause"], then: ("paused", &["go"]) },
    Case {
        edits: &[],
        start: FAILBACK,
        at: "go",
        request: &["halt", "--reason", "x"],
        then: ("halted", &["go"]),
    },
    Case { edits: &[], start: FAILBACK, at: "go", request: &["rollback"], then: ("rolled-back", &[]) },
    Case {
        edits: ASKS,
        start: UNPLANNED,
        at: "choose points",
        request: &["choose", "db=common"],
        then: ("waiting", &["accept"]),
    },
    Case {
        edits: FORGETS,
        start: GO,
        at: "fail over sql01",
        request: &["resolve", "fail over sql01", "--happened", "--reason", "x"],
        then: ("waiting", &["accept"]),
    },
    Case {
        edits: FORGETS,
        start: GO,
        at: "fail over sql01",
        request: &["retry", "fail over sql01"],
        then: ("waiting", &["fail over sql01"]),
    },
    Case {
        edits: BROKEN,
        start: GO,
        at: "erp_up",
        request: &["retry", "erp_up"],
        then: ("waiting", &["erp_up"]),
    },
    Case {
        edits: BROKEN,
        start: GO,
        at: "erp_up",
        request: &["skip", "erp_up", "--reason", "x"],
        then: ("waiting", &["accept"]),
    },
    Case {
        edits: &[],
        start: GO,
        at: "accept",
        request: &["change-point", "db=common_app"],
        then: ("waiting", &["accept"]),
    },
    Case { edits: &[], start: GO, at: "accept", request: &["rollback"], then: ("rolled-back", &[]) },
    Case {
        edits: MANUAL,
        start: GO,
        at: "commit",
        request: &["commit", "--delete-sources", "5"],
        then: ("completed", &[]),
    },
    Case { edits: &[], start: TEST, at: "accept", request: &["cleanup"], then: ("failed", &[]) },
];

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _code = self.0.wait();
    }
}

fn status(bench: &Bench) -> Option<Value> {
    let status = bench.run(&["status", "last", "--format", "json"]);
    (status.code == 0).then(|| status.json())
}

fn waiting(status: &Value) -> Vec<String> {
    let asks = status["waiting"].as_array().unwrap();
    asks.iter().map(|ask| ask["step"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the run stands so.
#[track_caller]
fn until(bench: &Bench, what: &str, so: impl Fn(&Value) -> bool) {
    let mut last = Value::Null;
    for _ in 0..LOOKS_MAX {
        if let Some(status) = status(bench) {
            if so(&status) {
                return;
            }
            last = status;
        }
    }
    panic!("{what}: it stands as {} and waits for {:?}", last["state"], waiting(&last));
}

/// How many requests of a kind the log tells of: events since the start that are by a person.
fn events(bench: &Bench) -> usize {
    bench.run(&["log", "last", "--format", "json"]).exits(0).json()["events"].as_array().unwrap().len()
}

#[track_caller]
fn comes_to(case: &Case, alive: bool) {
    let engine = if alive { "alive" } else { "killed" };
    let what = format!("{} of {} with its engine {engine}", case.request[0], case.at);
    let bench = Bench::new();
    for (file, from, to) in case.edits {
        bench.edit(file, from, to);
    }
    let mut command = bench.command(case.start);
    let driver = Driver(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    until(&bench, &what, |status| status["state"] == "waiting" && waiting(status) == [case.at]);
    let before = events(&bench);
    let request = [&case.request[..1], &["last"], &case.request[1..], &["--as", "dana"]].concat();
    if alive {
        bench.run(&request).exits(0);
    } else {
        drop(driver);
        assert_eq!(status(&bench).unwrap()["state"], "interrupted", "{what}");
        let ended = bench.run(&request);
        assert!(matches!(ended.code, 0 | 3 | 6), "{what}: {}", ended.err);
        // Only recorded: whoever resumes takes it in.
        if ended.out.contains(" recorded") {
            bench.run(&["resume", "last", "--as", "dana"]);
        }
    }
    let (state, steps) = case.then;
    until(&bench, &what, |status| {
        status["state"] == state && waiting(status) == *steps && events(&bench) > before
    });
}

#[test]
fn a_request_comes_to_the_same_whether_the_engine_lives_or_was_killed() {
    for case in CASES {
        comes_to(case, true);
        comes_to(case, false);
    }
}

#[test]
fn every_request_of_the_desk_is_among_the_cases() {
    let help = Bench::new().run(&["--help"]).exits(0).out;
    for verb in ["approve", "reject", "resolve", "choose", "pause", "retry", "skip", "halt", "change-point"] {
        assert!(help.contains(&format!("  {verb} ")), "{verb}");
        assert!(CASES.iter().any(|case| case.request[0] == verb), "{verb}");
    }
    for verb in ["rollback", "commit", "cleanup"] {
        assert!(CASES.iter().any(|case| case.request[0] == verb), "{verb}");
    }
}
