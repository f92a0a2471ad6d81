//! Lost at one site, recovered at the other, brought home: on the rows that the guests have.

use std::collections::BTreeSet;
use std::time::Instant;

use super::books::{Work, bad, put, rows};
use super::lab::{DONE, Lab, WAITING};

fn no_orphans() -> Vec<u32> {
    Vec::new()
}

fn orphans(app: &BTreeSet<u32>, db: &BTreeSet<u32>) -> Vec<u32> {
    app.difference(db).copied().collect()
}

#[test]
fn independent_latest_points_show_orphans_the_common_point_shows_none_and_failback_loses_nothing() {
    let began = Instant::now();
    let lab = Lab::new();
    let at = |machine: &str, site: &str| lab.address(machine, site);
    let work = Work::from(1, &at("db", "north"), &at("app", "north"));
    work.goes_on_by(10);
    lab.muster(&["estate", "guests.muster", "take-point", "books", "--app"], DONE);
    let app_consistent = work.goes_on_by(5);
    lab.muster(&["estate", "guests.muster", "take-point", "books"], DONE);
    // Later each machine by itself: `db` first, and `app` after more was done.
    work.goes_on_by(5);
    lab.muster(&["estate", "guests.muster", "take-point", "db"], DONE);
    work.goes_on_by(10);
    lab.muster(&["estate", "guests.muster", "take-point", "app"], DONE);
    work.goes_on_by(5);
    lab.kill_site("north");
    let acknowledged = work.ends();

    let args =
        ["failover", "guests.muster", "--unplanned", "--yes", "--quiet", "--point", "books=latest_processed"];
    lab.muster(&args, WAITING);
    let (db, app) = (at("db", "south"), at("app", "south"));
    let latest = (rows(&db), rows(&app));
    assert!(orphans(&latest.1, &latest.0).len() >= 5, "{latest:?}");

    lab.muster(&["change-point", "last", "books=common", "--quiet"], WAITING);
    let common = (rows(&db), rows(&app));
    assert_eq!(orphans(&common.1, &common.0), no_orphans(), "{common:?}");
    assert!(common.0.len() >= 10 && common.0.len() - common.1.len() <= 1, "{common:?}");
    assert_eq!((bad(&db), bad(&app)), ("0".to_owned(), "0".to_owned()));

    // And the point for which the file systems were at rest.
    lab.muster(&["change-point", "last", "books=common_app", "--quiet"], WAITING);
    let quiesced = (rows(&db), rows(&app));
    assert_eq!(orphans(&quiesced.1, &quiesced.0), no_orphans(), "{quiesced:?}");
    assert!(quiesced.0.iter().all(|n| *n <= app_consistent) && quiesced.0.len() >= 10, "{quiesced:?}");
    let log = std::fs::read_to_string(lab.estate("south/vms/db/guest.log")).unwrap();
    assert!(!log.contains("recovery complete"), "the file system was at rest: {log}");
    lab.accept();

    // Work goes on at the other site, and comes home without a loss.
    let last = quiesced.0.len() + 100;
    let work = Work::from(u32::try_from(last).unwrap(), &db, &app);
    work.goes_on_by(10);
    let done = work.ends();
    lab.muster(&["failback", "guests.muster", "--planned", "--yes", "--quiet"], WAITING);
    let (db, app) = (at("db", "north"), at("app", "north"));
    let home = (rows(&db), rows(&app));
    assert_eq!(orphans(&home.1, &home.0), no_orphans());
    assert!(quiesced.0.is_subset(&home.0) && home.1.contains(&done), "{done} {home:?}");
    lab.accept();
    assert!(put(&db, 9999), "the machine at home works");
    println!(
        "{acknowledged} acknowledged; latest {} and {}, {} orphans; common {} and {}; whole {:.0?}",
        latest.0.len(),
        latest.1.len(),
        orphans(&latest.1, &latest.0).len(),
        common.0.len(),
        common.1.len(),
        began.elapsed()
    );
}

#[test]
fn a_test_beside_running_production_leaves_nothing() {
    let lab = Lab::new();
    let (db, app) = (lab.address("db", "north"), lab.address("app", "north"));
    let work = Work::from(1, &db, &app);
    work.goes_on_by(5);
    let before = work.acknowledged();
    lab.muster(&["test", "guests.muster", "--yes", "--quiet"], WAITING);
    let report = lab.muster(&["report", "last", "--format", "json"], DONE).out;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let copies = ["db", "app"].map(|name| report["machines"][name]["address"].as_str().unwrap());
    assert!(copies.iter().all(|copy| *copy != db && *copy != app), "{copies:?}");
    let of_test = (rows(copies[0]), rows(copies[1]));
    assert_eq!(orphans(&of_test.1, &of_test.0), no_orphans());
    assert!(put(copies[0], 7777), "the copy can be written to");
    work.goes_on_by(5);
    assert!(work.acknowledged() >= before + 5, "production goes on meanwhile");
    lab.accept();
    assert!(lab.processes("south/test").is_empty(), "no process is left");
    for machine in ["db", "app"] {
        let left = std::fs::read_dir(lab.estate("south/vms").join(machine)).into_iter().flatten().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert_eq!(left, Vec::<std::ffi::OsString>::new(), "{machine}");
    }
    let last = work.ends();
    assert!(!rows(&db).contains(&7777) && rows(&db).contains(&last));
}
