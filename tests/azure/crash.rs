//! An engine that is killed again and again while it drives a vault: nothing is asked for twice.

use std::time::Duration;

use super::lab::Lab;

#[test]
fn a_killed_engine_finds_its_calls_again_and_asks_for_none_twice() {
    let lab = Lab::over("modernized", &["--speed", "240"]);
    let mut engine = lab.quiet("failback erp.muster --planned --yes").spawn().unwrap();
    // Before there is a run nothing can be lost.
    while lab.muster("status last").code != 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Each life is a little longer than the last, so that deaths fall into every phase. What never arrived is sent
    // again after some seconds, so later lives are long enough for that.
    let mut lives = 0;
    loop {
        std::thread::sleep(Duration::from_millis(if lives < 16 { 120 + 70 * lives } else { 8_000 }));
        if engine.try_wait().unwrap().is_some() {
            break;
        }
        engine.kill().unwrap();
        engine.wait().unwrap();
        lives += 1;
        assert!(lives < 60, "it never comes to its end: {}", lab.muster("log last").out);
        engine = lab.quiet("resume last").spawn().unwrap();
    }
    assert!(lives > 3, "{lives}");
    lab.muster("approve last accept").ok();
    let ended = lab.muster("resume last");
    assert_eq!(ended.code, 0, "{}", ended.all());
    let report = lab.muster("report last").all();
    assert!(!report.contains("exceptions"), "{report}");
    // One call for the group and one for each other machine; five commits, five times protected again.
    assert_eq!(
        (lab.posts("plannedFailover"), lab.posts("failoverCommit"), lab.posts("reProtect")),
        (4, 5, 5)
    );
}
