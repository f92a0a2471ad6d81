//! Runs begin whole or not at all, hold their machines, and are found by what a person says.

use musterpoint::event::EventKind;
use musterpoint::source::codes;
use musterpoint::store::{NewRun, OpenFor, RunId, RunState, Store, StoreError, Subfolder};

use crate::common::{START, at, begin, completed, count, drive, failover, open, runbook, running, wait};

#[test]
fn a_run_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("deep/state"));
    let plan = failover();
    let (run, mut log, epoch) = drive(&store, &plan);
    wait(store.append(&run, epoch, vec![log.paused(), log.paused()], running(at(START)))).unwrap();

    assert!(run.as_str().starts_with("erp-20261123-0600-"));
    let info = store.run(&run).unwrap();
    assert_eq!((info.plan.as_str(), info.source.as_str(), info.events), ("erp", "erp.muster", 3));
    assert_eq!((info.state, info.ended_at, info.started_at), (RunState::Running, None, at(START)));
    let back = store.runbook(&run).unwrap();
    assert_eq!(back.digest(), plan.digest());
    let events: Vec<_> = store.events(&run, 1).unwrap().map(Result::unwrap).collect();
    assert!(matches!(&events[0].kind, EventKind::RunStarted { run: named, .. } if named == run.as_str()));
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(store.tail(&run, 2).unwrap(), events[1..]);
    assert_eq!(store.tail(&run, 99).unwrap(), events);
}

#[test]
fn a_reader_at_the_end_finds_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    let other = Store::open(folder.path(), OpenFor::Read).unwrap();
    let mut events = other.events(&run, 1).unwrap();
    assert_eq!(events.next().unwrap().unwrap().seq, 1);
    assert!(events.next().is_none());
    wait(store.append(&run, epoch, vec![log.paused()], running(at(START)))).unwrap();
    assert_eq!(events.next().unwrap().unwrap().seq, 2);
    assert!(events.next().is_none());
    assert_eq!((events.seq(), events.digest()), (log.seq, &log.digest));
}

#[test]
fn a_store_opened_for_reading_makes_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let none = Store::open(&folder.path().join("none"), OpenFor::Read).unwrap_err();
    assert!(matches!(none, StoreError::NoStore { .. }));
    assert!(!folder.path().join("none").exists());
    drop(open(folder.path()));
    let store = Store::open(folder.path(), OpenFor::Read).unwrap();
    assert_eq!(store.runs().unwrap(), []);
    assert!(matches!(begin(&store, &failover()), Err(StoreError::ReadOnly { .. })));
}

#[test]
fn a_machine_belongs_to_one_live_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (first, mut log, epoch) = drive(&store, &failover());
    let held = StoreError::MachineHeld { machine: "vm-sql01".to_owned(), run: first.clone() };
    assert_eq!(begin(&store, &failover()).unwrap_err(), held);
    assert_eq!(begin(&store, &runbook("failover", Some("forced"))).unwrap_err(), held);
    assert_eq!(begin(&store, &runbook("test", None)).unwrap_err(), held, "a failover is under way");
    assert_eq!(store.runs().unwrap().len(), 1, "what was refused left nothing behind");

    wait(store.append(&first, epoch, vec![log.ended()], completed(at(START)))).unwrap();
    assert_eq!(store.run(&first).unwrap().ended_at, Some(at(START)));
    begin(&store, &failover()).unwrap();
}

#[test]
fn a_live_test_never_blocks_an_unplanned_or_forced_failover() {
    for mode in ["unplanned", "forced"] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (test, _) = begin(&store, &runbook("test", None)).unwrap();
        assert!(
            matches!(begin(&store, &runbook("test", None)), Err(StoreError::MachineHeld { run, .. }) if run == test)
        );
        assert!(
            matches!(begin(&store, &failover()), Err(StoreError::MachineHeld { run, .. }) if run == test)
        );
        let (real, _) = begin(&store, &runbook("failover", Some(mode))).unwrap();
        assert!(matches!(begin(&store, &runbook("failover", Some(mode))),
            Err(StoreError::MachineHeld { run, .. }) if run == real));
    }
}

#[test]
fn a_run_is_found_by_a_unique_start_or_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.find_run("last").unwrap_err().to_string(), "there is no run yet");
    for id in ["erp-20261123-0600-aaaa", "erp-20261123-0600-aaab", "erp-20261123-0600", "shop_%-1"] {
        let plan = failover();
        let mut new = NewRun::of(RunId::from_text(id), &plan, "erp.muster", running(at(START)));
        new.locks.clear();
        wait(store.create_run(new, Vec::new())).unwrap();
    }
    let found = |said: &str| store.find_run(said).map(|run| run.to_string());
    assert_eq!(found("last").unwrap(), "shop_%-1");
    assert_eq!(found("s").unwrap(), "shop_%-1");
    assert_eq!(found("erp-20261123-0600").unwrap(), "erp-20261123-0600", "whole ids come first");
    assert_eq!(found("erp-20261123-0600-aaab").unwrap(), "erp-20261123-0600-aaab");
    assert_eq!(
        found("erp-20261123-0600-a").unwrap_err().to_string(),
        "`erp-20261123-0600-a` is the start of `erp-20261123-0600-aaaa` and `erp-20261123-0600-aaab`"
    );
    assert!(matches!(found(""), Err(StoreError::NoSuchRun { .. })));
    assert!(matches!(found("%"), Err(StoreError::NoSuchRun { .. })));
    let near = found("erp-20261123-0600-aaac").unwrap_err().diagnostic();
    assert_eq!(near.message, "there is no run `erp-20261123-0600-aaac`");
    assert!(near.help.unwrap().starts_with("did you mean"));
    let ids: Vec<_> = store.runs().unwrap().into_iter().map(|run| run.id.to_string()).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(ids[0], "erp-20261123-0600-aaaa", "oldest first");
}

#[test]
fn an_id_is_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let plan = runbook("test", None);
    let new = || {
        let mut new = NewRun::of(RunId::from_text("erp-1"), &plan, "erp.muster", running(at(START)));
        new.locks.clear();
        new
    };
    wait(store.create_run(new(), Vec::new())).unwrap();
    let again = wait(store.create_run(new(), Vec::new())).unwrap_err();
    assert_eq!(again, StoreError::RunExists { run: RunId::from_text("erp-1") });
    let ids: std::collections::BTreeSet<_> =
        (0..200).map(|_| store.fresh_run_id("erp", at(START)).unwrap()).collect();
    assert!(ids.len() > 190, "four digits: {} of 200 differ", ids.len());
}

#[test]
fn events_have_to_continue_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    let before = log.clone();
    let (two, three) = (log.paused(), log.paused());
    let gap = wait(store.append(&run, epoch, vec![three.clone()], running(at(START)))).unwrap_err();
    assert_eq!(
        gap.to_string(),
        format!("event 3 does not continue the log of run `{run}`, which ends at event 1")
    );
    let mut other = before;
    other.digest = failover().digest();
    let broken = wait(store.append(&run, epoch, vec![other.paused()], running(at(START)))).unwrap_err();
    assert!(matches!(broken, StoreError::OutOfOrder { seq: 2, last: 1, .. }));
    wait(store.append(&run, epoch, vec![two.clone(), three], running(at(START)))).unwrap();
    let twice = wait(store.append(&run, epoch, vec![two], running(at(START)))).unwrap_err();
    assert!(matches!(twice, StoreError::OutOfOrder { seq: 2, last: 3, .. }));
    assert_eq!(count(&store, &run), 3);
}

#[test]
fn nothing_is_appended_to_a_run_that_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    wait(store.append(&run, epoch, vec![log.ended()], completed(at(START)))).unwrap();
    let late = wait(store.append(&run, epoch, vec![log.paused()], running(at(START))));
    assert_eq!(late, Err(StoreError::RunOver { run }));
}

#[test]
fn a_backup_is_whole_in_one_file_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a"));
    let (run, mut log, epoch) = drive(&store, &failover());
    wait(store.append(&run, epoch, vec![log.paused()], running(at(START)))).unwrap();
    let copy = folder.path().join("b/muster.db");
    std::fs::create_dir(folder.path().join("b")).unwrap();
    store.backup_to(&copy).unwrap();
    assert!(matches!(store.backup_to(&copy), Err(StoreError::Folder { .. })));
    for how in [OpenFor::Read, OpenFor::Write] {
        let copied = Store::open(&folder.path().join("b"), how).unwrap();
        assert_eq!(count(&copied, &run), 2);
    }
}

#[test]
fn subfolders_are_made_when_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert!(!folder.path().join("output").exists());
    for (which, name) in
        [(Subfolder::Output, "output"), (Subfolder::Keys, "keys"), (Subfolder::Estates, "estates")]
    {
        assert_eq!(store.subfolder(which).unwrap(), folder.path().join(name));
        assert!(store.subfolder(which).unwrap().is_dir());
    }
}

#[test]
fn the_file_is_legible_and_guards_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, _) = begin(&store, &failover()).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("muster.db")).unwrap();
    let (kind, when): (String, String) = other
        .query_row("SELECT kind, at FROM event_seen WHERE run = ?1", [run.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((kind.as_str(), when.as_str()), ("run_started", START));
    for sql in ["UPDATE event SET digest = ''", "DELETE FROM event"] {
        assert!(other.execute(sql, []).unwrap_err().to_string().contains("events are never"), "{sql}");
    }
}

#[test]
fn every_code_of_the_store_has_a_page() {
    for code in 650..=669 {
        let info = codes::find(&format!("MP0{code}")).unwrap();
        assert!(info.page.len() > 100, "{code}");
        assert!(info.title.starts_with(char::is_lowercase) && !info.title.ends_with('.'), "{code}");
    }
}
