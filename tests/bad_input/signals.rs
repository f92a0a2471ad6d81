//! Signals to the engine, and terminals and pipes that go away.

use std::process::Stdio;

use crate::bench::Bench;
use crate::lab::{Driver, FAILOVER, came_to_its_end, exists, gated, lab, log, resumes, status};

fn paused_events(bench: &Bench) -> usize {
    log(bench).iter().filter(|event| event["event"] == "paused").count()
}

#[test]
fn one_interrupt_termination_or_lost_terminal_pauses_and_follows_what_runs_to_its_end() {
    for signal in ["INT", "TERM", "HUP"] {
        let bench = lab(&gated("gate"));
        let mut driver = Driver::start(&bench, &FAILOVER);
        exists(&bench, "begun-gate");
        driver.signal(signal);
        driver.says("paused");
        assert_eq!(status(&bench)["state"], "paused", "{signal}");
        assert!(driver.runs(), "{signal}: the script is followed");
        bench.write("gate", "");
        driver.ends().exits(6).prints("paused").says("muster resume");
        assert_eq!(paused_events(&bench), 1, "{signal}");
        resumes(&bench);
    }
}

/// Whoever paused had to wait for the script to end before the run could go on.
#[test]
fn a_run_that_is_paused_goes_on_under_its_own_engine_when_somebody_says_resume() {
    let bench = lab(&gated("gate"));
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    driver.signal("INT");
    driver.says("paused");
    bench.run(&["resume", "last"]).exits(0).prints("resume: done");
    assert_eq!(status(&bench)["state"], "running");
    bench.run(&["resume", "last"]).exits(4).says("MP0660");
    bench.write("gate", "");
    driver.ends().exits(0).prints("completed");
    came_to_its_end(&bench);
}

#[test]
fn a_second_interrupt_leaves_at_once_and_the_run_resumes_to_the_same_end() {
    for signal in ["INT", "TERM", "HUP"] {
        let bench = lab(&format!("echo ran >> ran; {}", gated("gate")));
        let mut driver = Driver::start(&bench, &FAILOVER);
        exists(&bench, "begun-gate");
        driver.signal("INT");
        driver.says("paused");
        driver.signal(signal);
        driver.ends().exits(6).prints("interrupted");
        bench.write("gate", "");
        resumes(&bench);
        assert_eq!(bench.read("ran"), "ran\n", "{signal}");
    }
}

#[test]
fn a_second_interrupt_does_not_wait_for_a_notification() {
    let bench = lab("true");
    let page = "notify ops { run = [\"/bin/sh\", \"-c\", \"touch paging; exec sleep 98766\"], on = [ended], \
                timeout = 60s }\nplan lab {";
    bench.edit("lab.muster", "plan lab {", page);
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "paging");
    driver.says("ends as completed");
    assert!(driver.runs(), "the notification is let finish");
    driver.signal("INT");
    driver.signal("TERM");
    driver.ends().exits(0).prints("completed");
    came_to_its_end(&bench);
}

#[test]
fn what_the_engine_was_started_to_ignore_it_ignores() {
    let bench = lab(&gated("gate"));
    let mut command =
        bench.command(&["-c", "trap '' HUP INT; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_muster")]);
    command = {
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(command.get_args()).args(FAILOVER).current_dir(bench.path("")).stdin(Stdio::null());
        shell
    };
    let mut driver = Driver::of(&bench, &command);
    exists(&bench, "begun-gate");
    driver.signal("HUP");
    driver.signal("INT");
    bench.run(&["status", "last"]).exits(0).prints("running");
    bench.write("gate", "");
    driver.ends().exits(0).prints("completed");
    assert_eq!(paused_events(&bench), 0);
    came_to_its_end(&bench);
}

#[test]
fn a_run_does_not_mind_that_nobody_hears_it() {
    for redirection in [">&- 2>&-", "<&- >&- 2>&-", ">/dev/null 2>/dev/full", "2>&1 | head -n 1 >/dev/null"] {
        let bench = lab("echo hello");
        let line = format!("\"$0\" failover lab.muster --planned --yes {redirection}");
        let mut shell = bench.command(&["-c", &line, env!("CARGO_BIN_EXE_muster")]);
        let args: Vec<_> = shell.get_args().map(ToOwned::to_owned).collect();
        shell = std::process::Command::new("/bin/sh");
        let ended = shell.args(args).current_dir(bench.path("")).stdin(Stdio::null()).output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{redirection}: {}", String::from_utf8_lossy(&ended.stderr));
        came_to_its_end(&bench);
    }
}

#[test]
fn a_result_that_cannot_be_written_is_the_engines_failure_and_the_run_stands() {
    let bench = lab("echo hello");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = bench.command(&FAILOVER).stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(5), "{said}");
    assert!(said.contains("MP0712") && said.contains("standard output cannot be written"), "{said}");
    came_to_its_end(&bench);
}
