//! One driver a run, fenced by its epoch; requests reach it once and are answered.

use std::sync::Arc;

use musterpoint::base::limits;
use musterpoint::store::{Answer, Owner, Store, StoreError};
use tokio::task::JoinSet;

use crate::common::{START, anna, at, begin, completed, count, drive, failover, open, running, wait};

fn take(store: &Store, run: &musterpoint::store::RunId, owner: &Owner, now: &str) -> Result<u64, StoreError> {
    wait(store.take_lease(run, owner, at(now)))
}

#[test]
fn a_lease_is_held_until_it_runs_out_and_every_taking_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let (run, _) = begin(&one, &failover()).unwrap();
    let (a, b) = (Owner::of("a", 1, 1), Owner::of("b", 2, 2));
    assert_eq!(take(&one, &run, &a, "2026-11-23T06:00:00Z"), Ok(1));
    let held = take(&two, &run, &b, "2026-11-23T06:00:09.999Z").unwrap_err();
    assert_eq!(
        held.to_string(),
        format!("run `{run}` is driven by process 1 on `a` until 2026-11-23T06:00:10Z")
    );
    wait(one.renew_lease(&run, 1, at("2026-11-23T06:00:05Z"))).unwrap();
    assert!(take(&two, &run, &b, "2026-11-23T06:00:14Z").is_err());
    assert_eq!(take(&two, &run, &b, "2026-11-23T06:00:15Z"), Ok(2));
    assert_eq!(
        wait(one.renew_lease(&run, 1, at("2026-11-23T06:00:16Z"))),
        Err(StoreError::LeaseLost { run: run.clone(), epoch: 1 })
    );
    wait(two.release_lease(&run, 2)).unwrap();
    assert_eq!(take(&one, &run, &a, "2026-11-23T06:00:16Z"), Ok(3));
}

#[test]
fn a_driver_that_lost_its_lease_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let (run, mut log, epoch) = drive(&one, &failover());
    let later = at(START).plus(limits::LEASE);
    let second = wait(two.take_lease(&run, &Owner::of("b", 2, 2), later)).unwrap();
    let mut stale = log.clone();
    let lost = wait(one.append(&run, epoch, vec![stale.paused()], running(at(START))));
    assert_eq!(lost, Err(StoreError::LeaseLost { run: run.clone(), epoch }));
    wait(two.append(&run, second, vec![log.paused()], running(at(START)))).unwrap();
    wait(two.release_lease(&run, second)).unwrap();
    let given_back = wait(two.append(&run, second, vec![log.paused()], running(at(START))));
    assert_eq!(given_back, Err(StoreError::LeaseLost { run: run.clone(), epoch: second }));
    assert_eq!(count(&one, &run), 2);
}

#[test]
fn a_dead_process_of_this_host_is_taken_over_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, _) = begin(&store, &failover()).unwrap();
    let me = Owner::this_process();
    let dead = Owner { started: me.started + 1, ..me.clone() };
    assert_eq!(take(&store, &run, &dead, START), Ok(1));
    assert!(store.run(&run).unwrap().is_interrupted(at(START)));
    assert_eq!(store.run(&run).unwrap().word(at(START)), "interrupted");
    assert_eq!(take(&store, &run, &me, START), Ok(2));
    assert!(!store.run(&run).unwrap().is_interrupted(at(START)));
    assert!(
        matches!(take(&store, &run, &me, START), Err(StoreError::LeaseHeld { .. })),
        "this process lives"
    );
}

#[test]
fn a_refusal_in_a_shared_commit_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let mut runs = Vec::new();
    for number in 0..8 {
        let mut plan = failover();
        plan.estate.name = format!("lab{number}");
        runs.push(drive(&store, &plan));
    }
    let done: Vec<_> = wait(async {
        let mut tasks = JoinSet::new();
        for (number, (run, log, epoch)) in runs.iter().enumerate() {
            let (store, run, mut log) = (Arc::clone(&store), run.clone(), log.clone());
            let epoch = if number % 2 == 0 { *epoch } else { epoch + 1 };
            tasks.spawn(async move {
                let mut done = 0;
                for _ in 0..50 {
                    done += u64::from(
                        store.append(&run, epoch, vec![log.paused()], running(at(START))).await.is_ok(),
                    );
                }
                (number, done)
            });
        }
        tasks.join_all().await
    });
    for (number, done) in done {
        let wanted = if number % 2 == 0 { 50 } else { 0 };
        assert_eq!(done, wanted);
        assert_eq!(count(&store, &runs[number].0), 1 + wanted);
    }
}

#[test]
fn two_stores_on_one_folder_append_to_their_runs_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [Arc::new(open(folder.path())), Arc::new(open(folder.path()))];
    let mut runs = Vec::new();
    for (number, store) in stores.iter().enumerate() {
        let mut plan = failover();
        plan.estate.name = format!("lab{number}");
        runs.push(drive(store, &plan));
    }
    wait(async {
        let mut tasks = JoinSet::new();
        for (store, (run, log, epoch)) in stores.iter().zip(runs.clone()) {
            let (store, mut log) = (Arc::clone(store), log);
            tasks.spawn(async move {
                for _ in 0..100 {
                    store.append(&run, epoch, vec![log.paused()], running(at(START))).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
    for (run, ..) in &runs {
        assert_eq!(count(&stores[0], run), 101);
    }
}

#[test]
fn a_request_is_answered_once_with_the_events_that_come_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (driver, terminal) = (open(folder.path()), open(folder.path()));
    let (run, mut log, epoch) = drive(&driver, &failover());
    let ask = serde_json::json!({ "pause": true });
    let id = wait(terminal.post_request(&run, &anna(), &ask, at(START))).unwrap();
    let open = driver.open_requests(&run).unwrap();
    assert_eq!((open.len(), open[0].id, &open[0].by, &open[0].body), (1, id, &anna(), &ask));
    assert_eq!(terminal.request(id).unwrap().unwrap().answer, None);

    let answer = Answer { id, at: at(START), accepted: true, text: "paused".to_owned() };
    let stale = wait(driver.answer_request(&run, epoch + 1, answer.clone()));
    assert_eq!(stale, Err(StoreError::LeaseLost { run: run.clone(), epoch: epoch + 1 }));
    let lines = vec![log.paused()];
    wait(driver.append_answering(&run, epoch, lines, running(at(START)), vec![answer.clone()])).unwrap();
    assert_eq!(terminal.request(id).unwrap().unwrap().answer, Some(answer.clone()));
    assert_eq!(driver.open_requests(&run).unwrap(), []);

    let again =
        driver.append_answering(&run, epoch, vec![log.clone().paused()], running(at(START)), vec![answer]);
    assert_eq!(wait(again), Err(StoreError::NoSuchRequest { run: run.clone(), id }));
    assert_eq!(count(&driver, &run), 2, "events and answer go together");
}

#[test]
fn the_end_of_a_run_answers_what_is_open_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    let ask = serde_json::json!("halt");
    let id = wait(store.post_request(&run, &anna(), &ask, at(START))).unwrap();
    wait(store.append(&run, epoch, vec![log.ended()], completed(at(START)))).unwrap();
    let answer = store.request(id).unwrap().unwrap().answer.unwrap();
    assert!(!answer.accepted);
    assert_eq!(answer.text, format!("run `{run}` has ended"));
    let late = wait(store.post_request(&run, &anna(), &ask, at(START)));
    assert_eq!(late, Err(StoreError::RunOver { run: run.clone() }));
    assert!(!store.run(&run).unwrap().is_interrupted(at("2027-01-01T00:00:00Z")));
}

#[test]
fn open_requests_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let (run, ..) = drive(&store, &failover());
    wait(async {
        let mut tasks = JoinSet::new();
        for _ in 0..limits::REQUESTS_OPEN_MAX {
            let (store, run) = (Arc::clone(&store), run.clone());
            tasks.spawn(
                async move { store.post_request(&run, &anna(), &serde_json::json!(1), at(START)).await },
            );
        }
        assert!(tasks.join_all().await.iter().all(Result::is_ok));
    });
    let over = wait(store.post_request(&run, &anna(), &serde_json::json!(1), at(START)));
    assert_eq!(over, Err(StoreError::TooManyRequests { run, count: limits::REQUESTS_OPEN_MAX }));
}
