//! Scripts that are missing, hang, flood, die or hold on: the run says what happened and goes on from it.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use crate::bench::Bench;
use crate::lab::{Driver, FAILOVER, came_to_its_end, event, exists, gated, lab, resumes, until};

/// The script fails so, the run halts with it, and a skip with a reason brings it to its end.
#[track_caller]
fn halts_with(bench: &Bench, code: &str, sentence: &str) {
    bench.run(&FAILOVER).exits(3).prints("halted").says("muster skip");
    let failed = event(bench, "step_failed", "before");
    assert_eq!(failed["code"], code, "{failed}");
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains(sentence), "no `{sentence}` in {message}");
    bench.run(&["skip", "last", "before", "--reason", "done by hand"]).exits(0);
    resumes(bench);
}

fn allow(bench: &Bench, name: &str, mode: u32) {
    std::fs::set_permissions(bench.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The processes whose command line is these words.
fn processes(words: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = all.filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.map(|line| line.replace('\0', " ").trim().to_owned()).filter(|line| line == words).collect()
}

#[test]
fn a_script_that_is_missing_is_refused_before_the_run_or_named_in_it() {
    let bench = lab("true");
    bench.edit("lab.muster", r#"run = ["/bin/sh", "-c", "true"]"#, r#"run = ["scripts/gone.sh"]"#);
    bench.run(&FAILOVER).exits(1).says("MP0314").says("scripts/gone.sh");
    assert!(bench.runs().is_empty());
    // It goes while the run is under way.
    let bench = lab("true");
    bench.write("scripts/gone.sh", "#!/bin/sh\necho hello\n");
    allow(&bench, "scripts/gone.sh", 0o755);
    bench.edit(
        "lab.muster",
        "  order  { before -> wiki01",
        "  approve go { prompt = \"Go?\", by = all, within = 1h }\n  script gone { operations = [failover, failback, test], \
         run = [\"scripts/gone.sh\"], timeout = 5s }\n  order  { before -> go -> gone -> wiki01",
    );
    bench.edit("lab.muster", "plan lab {", "role all { members = anyone }\nplan lab {");
    bench.run(&FAILOVER).exits(6).prints("waiting");
    std::fs::remove_file(bench.path("scripts/gone.sh")).unwrap();
    bench.run(&["approve", "last", "go"]).exits(0);
    bench.run(&["resume", "last"]).exits(3);
    let failed = event(&bench, "step_failed", "gone");
    assert_eq!(failed["code"], "not_started");
    assert!(failed["message"].as_str().unwrap().contains("scripts/gone.sh"), "{failed}");
    bench.write("scripts/gone.sh", "#!/bin/sh\necho hello\n");
    allow(&bench, "scripts/gone.sh", 0o755);
    resumes(&bench);
}

#[test]
fn a_script_that_is_not_executable_or_has_no_interpreter_is_named() {
    for (text, mode) in [("#!/bin/sh\n", 0o644), ("#!/no/such/shell\n", 0o755)] {
        let bench = lab("true");
        bench.write("scripts/odd.sh", text);
        allow(&bench, "scripts/odd.sh", mode);
        bench.edit("lab.muster", r#"run = ["/bin/sh", "-c", "true"]"#, r#"run = ["scripts/odd.sh"]"#);
        if mode == 0o644 {
            bench.run(&FAILOVER).exits(1).says("MP0314").says("scripts/odd.sh");
        } else {
            halts_with(&bench, "not_started", "scripts/odd.sh");
        }
    }
}

#[test]
fn a_script_that_hangs_is_killed_with_everything_it_started() {
    let bench = lab("trap '' TERM INT HUP; sleep 98761 & (sleep 98762 & sleep 98763); sleep 98764");
    bench.edit("lab.muster", "timeout = 20s", "timeout = 300ms");
    halts_with(&bench, "timed_out", "it did not end within 300ms and was killed");
    until("all of it to be gone", || {
        (98761..=98764).all(|seconds| processes(&format!("sleep {seconds}")).is_empty())
    });
}

#[test]
fn a_flood_of_a_million_lines_is_kept_bounded_and_the_run_goes_on() {
    let bench = lab("yes 'a line of output' | head -n 1000000; echo the last line");
    bench.run(&FAILOVER).exits(0);
    let done = event(&bench, "step_succeeded", "before");
    let note = done["note"].as_str().or(done["detail"]["note"].as_str()).unwrap_or_default();
    assert!(note.contains("the last line") && note.contains("of output not kept"), "{done}");
    let output = done["output"].as_str().or(done["detail"]["output"].as_str()).unwrap();
    let kept = std::fs::metadata(bench.path(".muster").join(output).join("stdout")).unwrap().len();
    assert_eq!(kept, 1024 * 1024);
    came_to_its_end(&bench);
}

#[test]
fn a_script_that_dies_by_a_signal_is_told_by_its_name() {
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11)] {
        let bench = lab(&format!("echo nearly; kill -{name} $$"));
        halts_with(&bench, "killed", &format!("it was killed by signal {number} (SIG{name}): nearly"));
    }
}

#[test]
fn a_child_that_holds_the_pipes_does_not_hold_the_run() {
    let bench = lab("sleep 98765 & echo the parent is done");
    let began = Instant::now();
    bench.run(&FAILOVER).exits(0).says("the parent is done");
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    until("the child to be gone", || processes("sleep 98765").is_empty());
    came_to_its_end(&bench);
}

#[test]
fn a_script_that_writes_to_a_closed_output_and_exits_with_0_has_succeeded() {
    for script in
        ["exec >&- 2>&-; echo unheard; exit 0", "exec <&-; exit 0", "exec >/dev/full; echo x; exit 0"]
    {
        let bench = lab(script);
        bench.run(&FAILOVER).exits(0);
        came_to_its_end(&bench);
    }
}

#[test]
fn a_script_outlives_a_killed_engine_and_is_not_run_again() {
    let bench = lab(&format!("echo ran >> ran; {}", gated("gate")));
    let driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    driver.signal("KILL");
    drop(driver);
    bench.write("gate", "");
    resumes(&bench);
    assert_eq!(bench.read("ran"), "ran\n");
}

#[test]
fn a_script_whose_host_is_killed_waits_for_a_person_and_is_never_run_again_unasked() {
    let bench = lab(&format!("echo ran >> ran; {}", gated("gate")));
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    let output = std::fs::read_dir(bench.path(".muster/output")).unwrap().next().unwrap().unwrap();
    let attempt = std::fs::read_dir(output.path()).unwrap().next().unwrap().unwrap();
    let claim = std::fs::read_to_string(attempt.path().join("host.json")).unwrap();
    let claim: serde_json::Value = serde_json::from_str(&claim).unwrap();
    let pid = claim["host"]["pid"].to_string();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    driver.ends().exits(6).prints("waiting").says("its process is gone without an end");
    bench.run(&["resume", "last"]).exits(6).prints("waiting");
    assert_eq!(bench.read("ran"), "ran\n");
    bench.write("gate", "");
    bench.run(&["skip", "last", "before", "--reason", "it happened, as its own log shows"]).exits(0);
    resumes(&bench);
    assert_eq!(bench.read("ran"), "ran\n");
}
