//! What becomes of application-consistent points where a guest cannot be quiesced.

use super::books::Work;
use super::lab::{DONE, Lab};

#[test]
fn a_guest_without_an_agent_that_answers_gets_crash_consistent_points_and_nobody_stays_frozen() {
    let lab = Lab::bare();
    // `db` has an agent, and `app` says that it has one while its guest has no port for it to listen on: told by
    // a kernel that boots into nothing which would start one.
    lab.edit("estates/guests.json", "vm=app panic=1", "vm=app rdinit=/bin/sh panic=1");
    lab.edit("estates/guests.json", "\"app_every\": \"5m\"", "\"app_every\": \"1s\"");
    lab.muster(&["estate", "guests.muster", "set-up"], DONE);
    let db = lab.address("db", "north");
    super::books::wait_for(&db, 7000);
    let refused = lab.try_muster(&["estate", "guests.muster", "take-point", "books", "--app"]);
    assert!(
        refused.err.contains("`app` was not quiesced") && refused.err.contains("does not answer"),
        "{refused:?}"
    );
    assert!(!lab.estate("frozen.json").exists(), "nobody is frozen");
    let turn = lab.muster(&["replicate", "guests.muster", "--once"], DONE);
    assert!(turn.out.contains(" books ") && turn.out.contains(" crash in "), "{turn:?}");
    assert!(turn.err.contains("was not quiesced"), "and it is said why: {turn:?}");
    let work = Work::from(1, &db, &db);
    work.goes_on_by(2);
    work.ends();
}
