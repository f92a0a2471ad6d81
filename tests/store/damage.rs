//! Copies that were cut or changed give a prefix of what was acknowledged, or say what is damaged.

use std::path::Path;
use std::process::{Command, Stdio};

use musterpoint::event::Event;
use musterpoint::store::{OpenFor, Owner, RunId, Store, StoreError};

use crate::common::{Log, START, at, count, drive, failover, open, running, wait};

const EVENTS: u64 = 60;

fn fill(store: &Store, log: &mut Log, run: &RunId, epoch: u64, mut each: impl FnMut()) {
    while log.seq < EVENTS {
        wait(store.append(run, epoch, vec![log.paused()], running(at(START)))).unwrap();
        each();
    }
}

/// Everything that a reader may ask, as long as nothing is refused.
fn read(folder: &Path, run: &RunId) -> Result<Vec<Event>, (Vec<Event>, StoreError)> {
    let mut events = Vec::new();
    let mut all = || {
        let store = Store::open(folder, OpenFor::Read)?;
        store.runs()?;
        store.run(run)?;
        store.runbook(run)?;
        store.open_requests(run)?;
        for event in store.events(run, 1)? {
            events.push(event?);
        }
        Ok(())
    };
    match all() {
        Ok(()) => Ok(events),
        Err(error) => Err((events, error)),
    }
}

#[test]
fn a_log_cut_anywhere_keeps_every_event_that_was_complete_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let wal = folder.path().join("muster.db-wal");
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    let mut acknowledged = vec![(1, std::fs::metadata(&wal).unwrap().len())];
    let mut seq = 1;
    fill(&store, &mut log, &run, epoch, || {
        seq += 1;
        acknowledged.push((seq, std::fs::metadata(&wal).unwrap().len()));
    });
    let (db, whole) = (std::fs::read(folder.path().join("muster.db")).unwrap(), std::fs::read(&wal).unwrap());
    let copy = tempfile::tempdir().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for cut in (0..=whole.len()).rev().step_by(1571) {
        for file in std::fs::read_dir(copy.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        std::fs::write(copy.path().join("muster.db"), &db).unwrap();
        std::fs::write(copy.path().join("muster.db-wal"), &whole[..cut]).unwrap();
        let complete =
            acknowledged.iter().filter(|(_, length)| *length <= cut as u64).map(|(seq, _)| *seq).max();
        let again = open(copy.path());
        match complete {
            None => assert!(again.runs().unwrap().len() <= 1),
            Some(wanted) => {
                let found = count(&again, &run);
                assert_eq!(found, wanted, "cut at {cut} of {}", whole.len());
                seen.insert(found);
            }
        }
    }
    assert!(seen.len() as u64 > EVENTS / 2, "cuts fell between many events: {seen:?}");
}

#[test]
fn a_changed_byte_in_the_file_is_found_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    fill(&store, &mut log, &run, epoch, || {});
    drop(store);
    assert!(!folder.path().join("muster.db-wal").exists(), "the last one to close tidies");
    let whole = read(folder.path(), &run).unwrap();
    assert_eq!(whole.len() as u64, EVENTS);
    let db = std::fs::read(folder.path().join("muster.db")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let (mut found, mut harmless) = (0, 0);
    for (number, place) in (0..db.len()).step_by(197).enumerate() {
        let mut changed = db.clone();
        changed[place] ^= [0x01, 0x80, 0xff][number % 3];
        std::fs::write(copy.path().join("muster.db"), &changed).unwrap();
        match read(copy.path(), &run) {
            Ok(events) => {
                assert_eq!(events, whole, "changed at {place}");
                harmless += 1;
            }
            Err((events, error)) => {
                assert!(whole.starts_with(&events), "changed at {place}");
                let said = error.diagnostic().message;
                assert!(!said.contains('\n') && !said.ends_with('.'), "{said}");
                found += 1;
            }
        }
    }
    assert!(found > 50 && harmless > 0, "{found} found, {harmless} harmless");
}

#[test]
fn a_changed_byte_in_the_write_ahead_log_is_told_with_the_events_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    fill(&store, &mut log, &run, epoch, || {});
    let whole = read(folder.path(), &run).unwrap();
    let db = std::fs::read(folder.path().join("muster.db")).unwrap();
    let wal = std::fs::read(folder.path().join("muster.db-wal")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let mut short = 0;
    for place in (32..wal.len()).step_by(4099) {
        drop(std::fs::remove_dir_all(copy.path().join("marks")));
        for file in std::fs::read_dir(copy.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        let mut changed = wal.clone();
        changed[place] ^= 0x10;
        std::fs::write(copy.path().join("muster.db"), &db).unwrap();
        std::fs::write(copy.path().join("muster.db-wal"), &changed).unwrap();
        let events = match read(copy.path(), &run) {
            Ok(events) | Err((events, StoreError::NoSuchRun { .. } | StoreError::NoStore { .. })) => events,
            Err((_, error)) => panic!("changed at {place}: {error}"),
        };
        assert!(whole.starts_with(&events), "changed at {place}");
        if events.len() == whole.len() {
            continue;
        }
        short += 1;
        // The same with the mark: what is gone is told, and by whatever way the run is looked for.
        std::fs::write(copy.path().join("muster.db"), &db).unwrap();
        std::fs::write(copy.path().join("muster.db-wal"), &changed).unwrap();
        let marks = copy.path().join("marks");
        std::fs::create_dir_all(&marks).unwrap();
        std::fs::copy(folder.path().join("marks").join(run.as_str()), marks.join(run.as_str())).unwrap();
        let gone = |error: StoreError| match error {
            StoreError::Lost { run: of, from, last, .. } => assert!(
                of == run && from == events.len() as u64 + 1 && last == EVENTS,
                "changed at {place}: {from} to {last}"
            ),
            // Of its tables nothing is left.
            StoreError::NoStore { .. } => assert!(events.is_empty()),
            error => panic!("changed at {place}: {error}"),
        };
        match Store::open(copy.path(), OpenFor::Read) {
            Err(error) => gone(error),
            Ok(store) if events.is_empty() => {
                gone(store.find_run("last").unwrap_err());
                gone(store.find_run(run.as_str()).unwrap_err());
                gone(store.runs().unwrap_err());
            }
            Ok(store) => {
                gone(store.events(&run, 1).unwrap().find_map(Result::err).unwrap());
                std::fs::remove_file(marks.join(run.as_str())).unwrap();
                assert_eq!(count(&store, &run), events.len() as u64, "it goes on where a person says so");
            }
        }
    }
    assert!(short > 10, "{short} changes took the end away");
}

#[test]
fn a_changed_removed_or_added_event_is_named() {
    let refused = |sql: &str| {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (run, mut log, epoch) = drive(&store, &failover());
        fill(&store, &mut log, &run, epoch, || {});
        let other = rusqlite::Connection::open(folder.path().join("muster.db")).unwrap();
        other
            .execute_batch("DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted")
            .unwrap();
        other.execute_batch(sql).unwrap();
        let (events, error) = read(folder.path(), &run).unwrap_err();
        (events.len(), error.to_string().replace(run.as_str(), "R"))
    };
    let says = |why: &str| format!("the log of run `R` is damaged: {why}");
    let fit = "event 7 does not fit the digest of the one before it";
    assert_eq!(
        refused("UPDATE event SET body = replace(body, 'anna', 'otto') WHERE seq = 7"),
        (6, says(fit))
    );
    assert_eq!(refused("DELETE FROM event WHERE seq = 7"), (6, says("event 7 is missing")));
    assert_eq!(refused("DELETE FROM event WHERE seq > 6"), (6, says("event 7 is missing")));
    assert_eq!(
        refused("UPDATE run_state SET seq = 59"),
        (60, says("event 60 is not the last one that was recorded"))
    );
    let (_, runbook) = refused("UPDATE run SET runbook = replace(runbook, 'sql01', 'sql02')");
    assert_eq!(runbook, "the runbook of run `R` does not fit its digest");
}

/// Whose process is ended in the middle of its writes.
const VICTIM: &str = "MUSTER_STORE_VICTIM";

#[test]
fn a_killed_process_leaves_every_event_that_it_was_told_of() {
    use std::io::{BufRead as _, BufReader, Write as _};
    if let Some(folder) = std::env::var_os(VICTIM) {
        let store = open(Path::new(&folder));
        let (run, mut log) = crate::common::begin(&store, &failover()).unwrap();
        let epoch = wait(store.take_lease(&run, &Owner::this_process(), at(START))).unwrap();
        loop {
            wait(store.append(&run, epoch, vec![log.paused(), log.paused()], running(at(START)))).unwrap();
            let mut out = std::io::stdout();
            writeln!(out, "acknowledged {}", log.seq).unwrap();
            out.flush().unwrap();
        }
    }
    for stop_after in [1, 7, 40, 90] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "damage::a_killed_process_leaves_every_event_that_it_was_told_of",
                "--nocapture",
            ])
            .env(VICTIM, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = 0;
        let mut seen = 0;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            let Some((_, seq)) = line.split_once("acknowledged ") else { continue };
            told = seq.parse().unwrap();
            seen += 1;
            if seen == stop_after {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= stop_after);
        let store = open(folder.path());
        let run = store.find_run("last").unwrap();
        let kept = count(&store, &run);
        assert!(kept >= told && kept % 2 == 1, "told of {told}, kept {kept}: pairs of events stay together");
        let epoch = wait(store.take_lease(&run, &Owner::this_process(), at(START))).unwrap();
        assert_eq!(epoch, 2, "its lease has not run out, and it is known to be dead");
    }
}
