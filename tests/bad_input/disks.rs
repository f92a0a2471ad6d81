//! State folders that are full, read-only or cannot be made.

use crate::bench::Bench;
use crate::lab::{
    Driver, FAILOVER, came_to_its_end, exists, fill, free, gated, has_own_mounts, lab, mount, resumes,
    small_disk,
};

#[test]
fn a_full_disk_holds_a_run_which_says_so_once_and_goes_on_when_there_is_space() {
    let own = "disks::a_full_disk_holds_a_run_which_says_so_once_and_goes_on_when_there_is_space";
    if !has_own_mounts(own) {
        return;
    }
    let bench = lab(&gated("gate"));
    small_disk(&bench, ".muster", "3m");
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    fill(&bench, ".muster");
    bench.write("gate", "");
    driver.says("the engine holds: there is no space left for");
    // Long enough for it to try again, and to say it again if it would.
    for _ in 0..20 {
        bench.run(&["status", "last"]).exits(0).prints("running");
        bench.run(&["pause", "last"]).exits(5).says("MP0653").says("free space");
    }
    assert!(driver.runs());
    free(&bench, ".muster");
    let ended = driver.ends().exits(0).says("the engine goes on");
    assert_eq!(ended.err.matches("the engine holds").count(), 1, "{}", ended.err);
    assert_eq!(ended.err.matches("the engine goes on").count(), 1, "{}", ended.err);
    came_to_its_end(&bench);
}

#[test]
fn a_second_interrupt_leaves_a_run_that_holds_and_it_resumes_to_the_same_end() {
    let own = "disks::a_second_interrupt_leaves_a_run_that_holds_and_it_resumes_to_the_same_end";
    if !has_own_mounts(own) {
        return;
    }
    let bench = lab(&gated("gate"));
    small_disk(&bench, ".muster", "3m");
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    fill(&bench, ".muster");
    // The pause itself cannot be recorded.
    driver.signal("INT");
    driver.says("the engine holds");
    assert!(driver.runs());
    driver.signal("INT");
    driver.ends().exits(6).prints("interrupted");
    bench.run(&["resume", "last"]).exits(5).says("MP0653");
    bench.write("gate", "");
    free(&bench, ".muster");
    resumes(&bench);
}

#[test]
fn a_script_that_finds_no_space_for_its_output_is_waited_for() {
    if !has_own_mounts("disks::a_script_that_finds_no_space_for_its_output_is_waited_for") {
        return;
    }
    let bench = lab(&gated("gate"));
    small_disk(&bench, ".muster/output", "1m");
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    fill(&bench, ".muster/output");
    bench.write("gate", "");
    driver.says("the engine holds: there is no space left for");
    free(&bench, ".muster/output");
    let ended = driver.ends().exits(0).says("the engine goes on").says("let go");
    assert_eq!(ended.err.matches("the engine holds").count(), 1, "{}", ended.err);
    came_to_its_end(&bench);
}

#[test]
fn a_script_that_finds_no_space_to_begin_is_begun_once_when_there_is() {
    if !has_own_mounts("disks::a_script_that_finds_no_space_to_begin_is_begun_once_when_there_is") {
        return;
    }
    let bench = lab("echo ran >> ran");
    small_disk(&bench, ".muster/output", "64k");
    fill(&bench, ".muster/output");
    let mut driver = Driver::start(&bench, &FAILOVER);
    driver.says("the engine holds: there is no space left for");
    assert!(!bench.path("ran").exists());
    free(&bench, ".muster/output");
    driver.ends().exits(0).says("the engine goes on");
    assert_eq!(bench.read("ran"), "ran\n");
    came_to_its_end(&bench);
}

#[test]
fn a_disk_that_is_full_from_the_start_refuses_before_anything_is_touched() {
    if !has_own_mounts("disks::a_disk_that_is_full_from_the_start_refuses_before_anything_is_touched") {
        return;
    }
    let bench = lab("echo ran >> ran");
    small_disk(&bench, ".muster", "64k");
    fill(&bench, ".muster");
    bench.run(&FAILOVER).exits(5).says("MP0653");
    assert!(!bench.path("ran").exists());
    free(&bench, ".muster");
    small_disk(&bench, ".muster", "8m");
    bench.run(&FAILOVER).exits(0);
    came_to_its_end(&bench);
}

#[test]
fn a_read_only_state_folder_is_read_and_not_run_on() {
    if !has_own_mounts("disks::a_read_only_state_folder_is_read_and_not_run_on") {
        return;
    }
    let bench: Bench = lab("exit 1");
    bench.run(&FAILOVER).exits(3).prints("halted");
    let state = bench.path(".muster");
    mount(&["--bind", state.to_str().unwrap()], &state);
    mount(&["-o", "remount,ro,bind"], &state);
    for verb in ["status", "log", "report", "runs"] {
        bench.run(if verb == "runs" { vec![verb] } else { vec![verb, "last"] }.as_slice()).exits(0);
    }
    bench.run(&["resume", "last"]).exits(4).says("MP0652").says("can only be read");
    bench.run(&["halt", "last"]).exits(4);
    bench.run(&["rollback", "last"]).exits(4).says("MP0652");
    bench.run(&FAILOVER).exits(4).says("MP0652");
    mount(&["-o", "remount,rw,bind"], &state);
    bench.run(&["skip", "last", "before", "--reason", "it always fails"]).exits(0);
    resumes(&bench);
}
