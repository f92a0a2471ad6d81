//! Copies that were cut or changed give a prefix of what was acknowledged, or say what is damaged.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use musterpoint::event::Event;
use musterpoint::store::{OpenFor, OperatorRequest, Owner, RunId, RunInfo, Store, StoreError};

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

/// How far a write-ahead log that was never begun anew is written: to the end of its last commit. What is
/// behind that is only room. A frame is a head of 24 bytes and a page; its salts are those of the file.
fn written(wal: &Path) -> usize {
    let bytes = std::fs::read(wal).unwrap();
    let mut end = 0;
    for (number, frame) in bytes[32..].chunks_exact(24 + 4096).enumerate() {
        if frame[8..16] != bytes[16..24] {
            break;
        }
        if frame[4..8] != [0; 4] {
            end = 32 + (number + 1) * (24 + 4096);
        }
    }
    end
}

#[test]
fn a_log_cut_anywhere_keeps_every_event_that_was_complete_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let wal = folder.path().join("muster.db-wal");
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    let mut acknowledged = vec![(1, written(&wal))];
    let mut seq = 1;
    fill(&store, &mut log, &run, epoch, || {
        seq += 1;
        acknowledged.push((seq, written(&wal)));
    });
    let (db, whole) = (std::fs::read(folder.path().join("muster.db")).unwrap(), std::fs::read(&wal).unwrap());
    let copy = crate::folders::scratch();
    let mut seen = std::collections::BTreeSet::new();
    for cut in (0..=whole.len()).rev().step_by(1571) {
        for file in std::fs::read_dir(copy.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        std::fs::write(copy.path().join("muster.db"), &db).unwrap();
        std::fs::write(copy.path().join("muster.db-wal"), &whole[..cut]).unwrap();
        let complete = acknowledged.iter().filter(|(_, length)| *length <= cut).map(|(seq, _)| *seq).max();
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

/// What became of damaged copies.
#[derive(Default, Debug)]
struct Seen {
    /// Everything is there.
    unharmed: u32,
    /// It is said what is wrong.
    refused: u32,
    /// Of the refused ones: a person gave the lost end up, and the run goes on from what is left.
    recovered: u32,
}

#[test]
fn a_copy_cut_or_changed_anywhere_is_whole_or_refused_and_goes_on_from_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (run, mut log, epoch) = drive(&store, &failover());
    // Half of the events are in the database, half in its log; and somebody has asked for something.
    let mut halves = 0;
    fill(&store, &mut log, &run, epoch, || {
        halves += 1;
        if halves == EVENTS / 2 {
            let other = rusqlite::Connection::open(folder.path().join("muster.db")).unwrap();
            other.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
        }
    });
    wait(store.post_request(&run, &crate::common::anna(), &serde_json::json!("halt"), at(START))).unwrap();
    let files = ["muster.db", "muster.db-wal"].map(|name| std::fs::read(folder.path().join(name)).unwrap());
    let marks = std::fs::read_dir(folder.path().join("marks")).unwrap().map(Result::unwrap);
    let marks = marks.map(|mark| (mark.file_name(), std::fs::read(mark.path()).unwrap())).collect();
    let whole = Whole { run, marks, all: everything(folder.path()).unwrap() };
    assert_eq!((whole.all.1.len() as u64, whole.all.2.len()), (EVENTS, 1));
    let (copy, mut seen, mut copies) = (crate::folders::scratch(), Seen::default(), 0);
    for hit in [[true, false], [false, true], [true, true]] {
        let longest =
            files.iter().zip(hit).filter(|(_, hit)| *hit).map(|(file, _)| file.len()).max().unwrap();
        for number in 0..150 {
            // Cuts and single bits in turns, a step apart that hits no place twice.
            let place = number * 7_919_017 % longest;
            let damaged = files.iter().zip(hit).map(|(file, hit)| {
                let mut bytes = file.clone();
                let at = place * file.len() / longest;
                match (hit, number % 3) {
                    (false, _) => {}
                    (true, 0) => bytes.truncate(at),
                    (true, _) => bytes[at] ^= 1 << (number % 8),
                }
                bytes
            });
            let damaged: Vec<Vec<u8>> = damaged.collect();
            whole.look(
                copy.path(),
                &damaged,
                &mut seen,
                &format!("files {hit:?}, number {number} at {place}"),
            );
            copies += 1;
        }
    }
    println!("{copies} damaged copies: {seen:?}");
    assert!(seen.unharmed > 20 && seen.refused > 20 && seen.recovered > 20, "{seen:?}");
    assert_eq!(seen.unharmed + seen.refused, copies);
}

/// What a store says that is not damaged.
struct Whole {
    run: RunId,
    /// By their names.
    marks: Vec<(OsString, Vec<u8>)>,
    all: Everything,
}

/// Runs, the events of the only one, and what is asked of it.
type Everything = (Vec<RunInfo>, Vec<Event>, Vec<OperatorRequest>);

fn everything(folder: &Path) -> Result<Everything, StoreError> {
    let store = Store::open(folder, OpenFor::Read)?;
    let run = store.find_run("last")?;
    store.runbook(&run)?;
    let events = store.events(&run, 1)?.collect::<Result<_, _>>()?;
    Ok((store.runs()?, events, store.open_requests(&run)?))
}

impl Whole {
    fn put(&self, copy: &Path, files: &[Vec<u8>]) {
        std::fs::remove_dir_all(copy).unwrap();
        std::fs::create_dir_all(copy.join("marks")).unwrap();
        std::fs::write(copy.join("muster.db"), &files[0]).unwrap();
        std::fs::write(copy.join("muster.db-wal"), &files[1]).unwrap();
        for (name, mark) in &self.marks {
            std::fs::write(copy.join("marks").join(name), mark).unwrap();
        }
    }

    /// What is made of a copy, by a reader and by a writer.
    fn look(&self, copy: &Path, files: &[Vec<u8>], seen: &mut Seen, what: &str) {
        self.put(copy, files);
        let read = everything(copy);
        self.put(copy, files);
        // A writer may find more damage than a reader, and never less.
        let written = Store::open(copy, OpenFor::Write).and_then(|store| {
            drop(store);
            everything(copy)
        });
        for found in [&read, &written] {
            match found {
                Ok(all) => {
                    assert_eq!(all, &self.all, "{what}: what is read without a word is what was written")
                }
                Err(error) => {
                    let said = error.diagnostic();
                    assert!(!said.message.contains('\n') && !said.message.ends_with('.'), "{what}: {said:?}");
                    assert!(said.help.is_some(), "{what}: {said:?}");
                }
            }
        }
        match (read, written) {
            (Ok(_), Ok(_)) => seen.unharmed += 1,
            (_, Err(StoreError::Lost { .. } | StoreError::LostRequests { .. })) => {
                seen.refused += 1;
                // As the help says, however many are named one after the other.
                std::fs::remove_dir_all(copy.join("marks")).unwrap();
                seen.recovered += u32::from(self.goes_on(copy, what));
            }
            (Ok(_) | Err(_), Err(_)) => seen.refused += 1,
            (Err(error), Ok(_)) => panic!("{what}: a reader alone says {error}"),
        }
    }

    /// Takes the run over where its log ends now, and adds to it.
    fn goes_on(&self, copy: &Path, what: &str) -> bool {
        let added = || {
            let store = Store::open(copy, OpenFor::Write)?;
            let mut events = store.events(&self.run, 1)?;
            let found: Vec<Event> = events.by_ref().collect::<Result<_, _>>()?;
            assert!(self.all.1.starts_with(&found), "{what}");
            let left = found.len() as u64;
            let mut log = Log { seq: left, digest: events.digest().clone() };
            let later = at("2026-11-24T06:00:00Z");
            let epoch = wait(store.take_lease(&self.run, &Owner::of("there", 1, 1), later))?;
            wait(store.append(&self.run, epoch, vec![log.paused()], running(at(START))))?;
            Ok::<_, StoreError>(count(&store, &self.run) == left + 1)
        };
        match added() {
            Ok(one_more) => one_more,
            Err(error) => {
                let none_left = matches!(error, StoreError::NoSuchRun { .. });
                assert!(none_left || error.is_fatal(), "{what}: {error}");
                false
            }
        }
    }
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
    let copy = crate::folders::scratch();
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
        refused("UPDATE run_state SET seq = 59, sum = NULL"),
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
