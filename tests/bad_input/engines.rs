//! Several engines on one state folder, engines that are gone, requests for runs that are not there.

use std::process::Stdio;

use crate::bench::Bench;
use crate::lab::{Driver, FAILOVER, came_to_its_end, exists, gated, lab, log, resumes, until};

fn database(bench: &Bench) -> rusqlite::Connection {
    rusqlite::Connection::open(bench.path(".muster/muster.db")).unwrap()
}

#[test]
fn a_state_folder_of_a_newer_version_is_refused_by_every_verb_and_left_as_it_is() {
    let bench = lab("true");
    bench.run(&["test", "lab.muster", "--yes"]).exits(0);
    let own: u32 = database(&bench).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    database(&bench).pragma_update(None, "user_version", 99).unwrap();
    for args in [&["runs"][..], &["status", "last"], &["resume", "last"], &["pause", "last"], &FAILOVER] {
        bench.run(args).exits(4).says("MP0655").says("version 99").says("newer program");
    }
    database(&bench).pragma_update(None, "user_version", own).unwrap();
    assert_eq!(bench.runs().len(), 1);
    bench.run(&FAILOVER).exits(0);
}

#[test]
fn of_two_engines_on_one_run_one_drives_and_the_other_is_told_which() {
    let bench = lab(&gated("gate"));
    let driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    driver.signal("KILL");
    drop(driver);
    assert_eq!(bench.runs()[0]["state"], "interrupted");

    let mut both: Vec<Driver> = (0..2).map(|_| Driver::start(&bench, &["resume", "last"])).collect();
    until("one of them to be refused", || both.iter_mut().any(|driver| !driver.runs()));
    let refused = both.iter_mut().position(|driver| !driver.runs()).unwrap();
    let pid = both[1 - refused].child.id();
    both[refused].ends().exits(4).says("MP0660").says(&format!("driven by process {pid} on"));
    bench.write("gate", "");
    both[1 - refused].ends().exits(0).prints("completed");
    came_to_its_end(&bench);
}

#[test]
fn of_two_runs_on_one_machine_the_second_is_told_which_run_holds_it() {
    let bench = lab(&gated("gate"));
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    let run = bench.runs()[0]["id"].as_str().unwrap().to_owned();
    let said = format!("machine `wiki01` belongs to run `{run}`");
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(4).says("MP0662").says(&said);
    bench.run(&["test", "one.muster", "--yes"]).exits(4).says("MP0662");
    assert_eq!(bench.runs().len(), 1);
    bench.write("gate", "");
    driver.ends().exits(0);
    came_to_its_end(&bench);
}

#[test]
fn an_engine_that_was_stopped_and_taken_over_writes_nothing_when_it_wakes() {
    let bench = lab(&gated("gate"));
    let mut first = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    first.signal("STOP");
    bench.run(&["resume", "last"]).exits(4).says("MP0660");
    // Its lease runs out.
    database(&bench).execute("UPDATE lease SET until = '2020-01-01T00:00:00Z', sum = NULL", []).unwrap();
    let mut second = Driver::start(&bench, &["resume", "last"]);
    until("the second to drive", || log(&bench).iter().any(|event| event["epoch"] == 2));
    first.signal("CONT");
    first.ends().exits(5).says("MP0661").says("(epoch 1) drives it no more");
    bench.write("gate", "");
    second.ends().exits(0).prints("completed");
    came_to_its_end(&bench);
}

#[test]
fn a_lease_of_a_dead_process_whose_number_was_given_out_again_is_taken_at_once() {
    let bench = lab(&gated("gate"));
    let driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    driver.signal("KILL");
    drop(driver);
    // The same number is now this test's process, which began earlier.
    let owner: String = database(&bench).query_row("SELECT owner FROM lease", [], |row| row.get(0)).unwrap();
    let mut owner: serde_json::Value = serde_json::from_str(&owner).unwrap();
    owner["pid"] = std::process::id().into();
    database(&bench)
        .execute(
            "UPDATE lease SET owner = ?1, until = '2200-01-01T00:00:00Z', sum = NULL",
            [owner.to_string()],
        )
        .unwrap();
    bench.write("gate", "");
    resumes(&bench);
}

#[test]
fn one_that_stands_by_takes_the_run_over_when_its_engine_dies() {
    let bench = lab(&gated("gate"));
    let mut first = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    let pid = first.child.id();
    let mut stand_bys: Vec<Driver> =
        (0..2).map(|_| Driver::start(&bench, &["resume", "last", "--stand-by"])).collect();
    for stand_by in &mut stand_bys {
        stand_by.says(&format!("standing by: process {pid} on"));
    }
    first.signal("KILL");
    first.ends();
    until("one to take over", || stand_bys.iter().any(|one| one.err().contains("taking it over")));
    until("the run to be driven", || log(&bench).iter().any(|event| event["epoch"] == 2));
    bench.write("gate", "");
    // The one drives it to its end, the other says how it ended; neither was told that it came too late.
    let said: Vec<String> = stand_bys.iter_mut().map(|one| one.ends().exits(0).err.clone()).collect();
    let ended_without = said.iter().filter(|said| said.contains("has ended without this stand-by")).count();
    assert_eq!(ended_without, 1, "{said:?}");
    assert!(said.iter().all(|said| !said.contains("MP0660")), "{said:?}");
    came_to_its_end(&bench);
}

#[test]
fn one_that_stands_by_takes_the_run_from_an_engine_that_hangs() {
    let bench = lab(&gated("gate"));
    let mut first = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    first.signal("STOP");
    let mut second = Driver::start(&bench, &["resume", "last", "--stand-by"]);
    until("the second to drive", || log(&bench).iter().any(|event| event["epoch"] == 2));
    first.signal("CONT");
    first.ends().exits(5).says("MP0661");
    bench.write("gate", "");
    second.ends().exits(0).prints("completed");
    came_to_its_end(&bench);
}

#[test]
fn one_that_stands_by_leaves_a_run_alone_that_was_put_down_on_purpose() {
    let bench = lab(&gated("gate"));
    let mut first = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    let mut second = Driver::start(&bench, &["resume", "last", "--stand-by"]);
    second.says("standing by: process");
    bench.run(&["pause", "last"]);
    bench.write("gate", "");
    first.ends().exits(6);
    second.says("standing by: nobody drives run");
    assert_eq!(bench.runs()[0]["state"], "paused");
    assert!(second.runs());
    bench.run(&["resume", "last"]).exits(0);
    second.ends().exits(0).says("has ended without this stand-by");
    came_to_its_end(&bench);
}

#[test]
fn requests_for_runs_that_are_not_there_or_have_ended_say_so() {
    let bench = lab("true");
    let requests: [&[&str]; 12] = [
        &["approve"],
        &["reject"],
        &["pause"],
        &["retry"],
        &["halt"],
        &["rollback"],
        &["commit"],
        &["cleanup"],
        &["choose", "wiki01=latest"],
        &["change-point", "wiki01=latest"],
        &["skip", "before", "--reason", "x"],
        &["resolve", "before", "--happened", "--reason", "x"],
    ];
    let of = |run: &'static str, request: &[&'static str]| [&[request[0], run], &request[1..]].concat();
    for request in requests {
        bench.run(&of("last", request)).exits(1).says("MP0650");
    }
    assert!(!bench.path(".muster").exists(), "a question leaves nothing behind");
    bench.run(&FAILOVER).exits(0);
    for request in requests {
        bench.run(&of("nowhere", request)).exits(1).says("MP0663").says("`nowhere`");
        bench.run(&of("last", request)).exits(4).says("MP0701").says("has ended as completed");
    }
    bench.run(&["resume", "last"]).exits(4).says("MP0665");
    bench.run(&["resume", "nowhere"]).exits(1).says("MP0663");
    came_to_its_end(&bench);
}

#[test]
fn a_database_that_another_program_holds_is_waited_for_and_named() {
    let bench = lab(&gated("gate"));
    let mut driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    let other = database(&bench);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    bench.write("gate", "");
    driver.says("the engine holds");
    assert!(driver.err().contains("is held by another process"), "{}", driver.err());
    bench.command(&["status", "last"]).stdout(Stdio::null()).status().unwrap();
    other.execute_batch("COMMIT").unwrap();
    driver.ends().exits(0).says("the engine goes on");
    came_to_its_end(&bench);
}
