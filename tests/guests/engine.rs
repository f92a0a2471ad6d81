//! The engine is killed, and the guests and their rows are what they would be without.

use std::process::Child;

use super::books::{Work, bad, rows};
use super::lab::{DONE, Lab, WAITING, pause, until};

/// Kills it after a while, if it has not ended by itself. Says whether it was killed.
fn kill_after(mut child: Child, milliseconds: u64) -> bool {
    for _ in 0..milliseconds.div_ceil(5) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        pause(5);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn a_failover_whose_engine_is_killed_ten_times_loses_nothing() {
    let lab = Lab::new();
    let work = Work::from(1, &lab.address("db", "north"), &lab.address("app", "north"));
    work.goes_on_by(10);
    let done = work.ends();
    let mut deaths = 0;
    // From its first moments to the start of the guests.
    let mut args: Vec<&str> = vec!["failover", "guests.muster", "--planned", "--yes", "--quiet"];
    for after in [150, 250, 200, 400, 300, 650, 350, 800, 500, 1000] {
        if !kill_after(lab.start(&args), after) {
            break;
        }
        deaths += 1;
        if !lab.muster(&["runs"], DONE).out.contains("guests-") {
            // It died before its run began.
            continue;
        }
        args = vec!["resume", "last", "--quiet"];
    }
    let ended = lab.try_muster(&args);
    assert_eq!(ended.code, WAITING, "{ended:?}\n{}", lab.story());
    let (db, app) = (lab.address("db", "south"), lab.address("app", "south"));
    for (machine, address) in [("db", &db), ("app", &app)] {
        assert!(rows(address).contains(&done), "{machine}: {:?} lacks {done}", rows(address));
        assert_eq!(bad(address), "0", "{machine}");
    }
    assert!(deaths >= 8, "only {deaths} deaths");
    lab.accept();
    println!("{deaths} deaths");
}

#[test]
fn guests_that_a_dead_engine_left_frozen_are_let_go_on_by_whoever_comes_next() {
    let lab = Lab::new();
    let (db, app) = (lab.address("db", "north"), lab.address("app", "north"));
    let work = Work::from(1, &db, &app);
    work.goes_on_by(3);
    let mut frozen = 0;
    for after in 0..60 {
        let mut child = lab.start(&["estate", "guests.muster", "take-point", "books", "--app"]);
        // Who is frozen is written down before anybody is.
        let marked = lab.estate("frozen.json");
        let mut seen = false;
        while child.try_wait().unwrap().is_none() {
            if marked.exists() {
                pause(after % 12 * 10);
                seen = true;
                break;
            }
            std::thread::yield_now();
        }
        let _gone = child.kill();
        child.wait().unwrap();
        if seen && marked.exists() {
            frozen += 1;
        }
        // Any look at the estate lets them go on.
        lab.inventory();
        assert!(!marked.exists(), "somebody is frozen still");
        if frozen == 5 {
            break;
        }
    }
    assert!(frozen >= 3, "the engine died only {frozen} times while guests were frozen");
    work.goes_on_by(3);
    let last = work.ends();
    lab.muster(&["estate", "guests.muster", "take-point", "books", "--app"], DONE);
    until("the rows", || rows(&app).contains(&last));
}
