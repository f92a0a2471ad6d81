//! Requests from another terminal to a run that is driven.

use std::process::{Child, Stdio};

use super::bench::Bench;

/// Looks asked of a run until it stands as wanted; each starts the binary, which takes a while.
const LOOKS_MAX: usize = 2000;

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _code = self.0.wait();
    }
}

fn driven(bench: &Bench, args: &[&str]) -> Driver {
    Driver(bench.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Waits until a step of the last run waits for a person.
#[track_caller]
fn waits_for(bench: &Bench, step: &str) {
    for _ in 0..LOOKS_MAX {
        let status = bench.run(&["status", "last", "--format", "json"]);
        if status.code == 0
            && status.json()["waiting"].as_array().unwrap().iter().any(|ask| ask["step"] == step)
        {
            return;
        }
    }
    panic!("`{step}` never waited");
}

#[test]
fn answers_from_another_terminal_reach_the_driver() {
    let bench = Bench::new();
    let mut driver = driven(&bench, &["failback", "erp.muster", "--yes", "--wait", "--as", "lee"]);
    waits_for(&bench, "go");
    bench.run(&["resume", "last"]).exits(4).says("MP0660");
    bench.run(&["approve", "last", "go", "--as", "sam"]).exits(4).says("dr_lead");
    bench.run(&["approve", "last", "go", "--as", "dana"]).exits(0).prints("approve: done");
    waits_for(&bench, "accept");
    bench.run(&["approve", "last", "--as", "sam"]).exits(0);
    assert_eq!(driver.0.wait().unwrap().code(), Some(0));
    assert_eq!(bench.runs()[0]["state"], "completed");
}

#[test]
fn a_halt_from_another_terminal_ends_the_driver_with_3_and_a_pause_with_6() {
    for (verb, code, state) in [("halt", 3, "halted"), ("pause", 6, "paused")] {
        let bench = Bench::new();
        let mut driver = driven(&bench, &["failback", "erp.muster", "--yes", "--wait", "--as", "lee"]);
        waits_for(&bench, "go");
        bench.run(&[verb, "last"]).exits(0).prints("done");
        assert_eq!(driver.0.wait().unwrap().code(), Some(code));
        assert_eq!(bench.runs()[0]["state"], state);
    }
}

#[test]
fn a_killed_driver_leaves_a_run_that_resume_goes_on_with() {
    let bench = Bench::new();
    let driver = driven(&bench, &["failback", "erp.muster", "--yes", "--wait", "--as", "lee"]);
    waits_for(&bench, "go");
    drop(driver);
    assert_eq!(bench.runs()[0]["state"], "interrupted");
    bench.run(&["approve", "last", "go", "--as", "lee"]).exits(0).says("nobody drives");
    bench.run(&["resume", "last"]).exits(6).prints("waiting");
    waits_for(&bench, "accept");
}
