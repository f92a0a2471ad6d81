//! The files of a run that was killed, cut and changed behind its back: the engine goes on to the same end,
//! or refuses and says what is lost; where a person then gives up what is lost, it goes on from what is left,
//! and still no key has a second effect.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use musterpoint::event::Event;
use musterpoint::store::{OpenFor, Store, StoreError};

use crate::bench::Bench;
use crate::scenario::{Engine, FAILBACK, Log, Outcome, RESUME, bench, calm, effects, outcome};

/// Copies that are looked at however slow the machine is: every kind of damage three times.
const COPIES_MIN: u64 = 18;
const BUDGET: Duration = Duration::from_secs(8);

/// The log of the killed run before anything was damaged.
struct Whole {
    events: Vec<Event>,
    /// How many of them cannot be lost without a word.
    marked: u64,
}

/// What became of the copies.
#[derive(Default, Debug)]
struct Seen {
    /// The whole log is there, and the run goes on.
    unharmed: usize,
    /// The engine refuses.
    refused: usize,
    /// The end of the log is given up, and the run goes on from what is left.
    recovered: usize,
}

#[test]
fn a_damaged_copy_of_a_killed_run_goes_on_to_the_same_end_or_is_refused_with_what_is_lost() {
    let (expected, length) = calm(&FAILBACK);
    let bench = bench();
    let mut log = Log::of(&bench);
    let mut engine = Engine::start(&bench, FAILBACK.commands[0]);
    assert!(engine.gets_to(&mut log, length * 2 / 3) && engine.kill());
    drop(log);
    let kept = tempfile::tempdir().unwrap();
    copy(&bench.path(".muster"), kept.path());
    let ran = bench.read("ran");
    let whole = Whole { events: events(&bench).unwrap(), marked: marked(&bench) };
    assert!(whole.marked > 0 && whole.marked <= whole.events.len() as u64);

    let wanted = std::env::var("MUSTER_KILLS").ok().and_then(|kills| kills.parse::<u64>().ok());
    let (mut seen, began) = (Seen::default(), Instant::now());
    for seed in 0.. {
        let enough =
            wanted.map_or(seed >= COPIES_MIN && began.elapsed() > BUDGET, |wanted| seed >= 4 * wanted);
        if enough {
            println!("{seed} damaged copies: {seen:?}");
            break;
        }
        std::fs::remove_dir_all(bench.path(".muster")).unwrap();
        copy(kept.path(), &bench.path(".muster"));
        bench.write("ran", &ran);
        let done = damage(&bench, seed);
        look(&bench, &whole, &expected, &mut seen, &format!("copy {seed}: {done}"));
    }
    assert!(seen.unharmed > 0 && seen.refused > 0 && seen.recovered > 0, "{seen:?}");
}

/// What the engine makes of a copy.
#[track_caller]
fn look(bench: &Bench, whole: &Whole, expected: &Outcome, seen: &mut Seen, what: &str) {
    let acts = effects(bench);
    match events(bench) {
        Ok(found) => {
            let kept = whole.events.starts_with(&found) && found.len() as u64 >= whole.marked;
            assert!(kept, "{what}: {} events of {} are believed", found.len(), whole.events.len());
            let ended = bench.run(&RESUME);
            effects(bench);
            if ended.code == 0 {
                assert_eq!(&outcome(bench), expected, "{what}");
                seen.unharmed += 1;
            } else {
                // What only a writer reads was hit.
                assert!(ended.code == 5 && ended.err.contains("MP065"), "{what}: {ended:?}");
                seen.refused += 1;
            }
        }
        Err(error) => {
            let ended = bench.run(&RESUME);
            assert!([1, 4, 5].contains(&ended.code), "{what}: {ended:?}");
            let said = error.diagnostic();
            assert!(ended.err.contains(&said.code.to_string()), "{what}: {said:?} and {ended:?}");
            assert_eq!(effects(bench), acts, "{what}: nothing was touched");
            seen.refused += 1;
            if let StoreError::Lost { mark, from, .. } = error {
                // As the help says.
                assert!(ended.err.contains("to go on with what is left, delete"), "{what}: {ended:?}");
                if mark.is_dir() {
                    std::fs::remove_dir_all(mark).unwrap();
                } else {
                    std::fs::remove_file(mark).unwrap();
                }
                let left = events(bench).unwrap_or_default();
                assert!(left.len() as u64 + 1 == from && whole.events.starts_with(&left), "{what}");
                if left.is_empty() {
                    return;
                }
                // It may halt or wait for a person, or leave a machine out: the estate is further than the log says.
                let ended = bench.run(&RESUME);
                assert!([0, 3, 5, 6].contains(&ended.code), "{what}: {ended:?}");
                effects(bench);
                seen.recovered += usize::from(ended.code != 5);
            }
        }
    }
}

/// The log of the only run, as whoever reads it sees it.
fn events(bench: &Bench) -> Result<Vec<Event>, StoreError> {
    let store = Store::open(&bench.path(".muster"), OpenFor::Read)?;
    let run = store.find_run("last")?;
    store.runbook(&run)?;
    store.run(&run)?;
    store.open_requests(&run)?;
    store.events(&run, 1)?.collect()
}

/// How far the only run is marked. The engine died, so its mark may be one commit behind its log: nothing was
/// done after that commit, and nobody misses it.
fn marked(bench: &Bench) -> u64 {
    let marks = std::fs::read_dir(bench.path(".muster/marks")).unwrap().map(Result::unwrap);
    let of_runs = marks.filter(|mark| !mark.file_name().to_string_lossy().starts_with('.'));
    of_runs.map(|mark| std::fs::read_to_string(mark.path()).unwrap().trim().parse::<u64>().unwrap()).sum()
}

/// Damages the database, its log, or both, and says how.
fn damage(bench: &Bench, seed: u64) -> String {
    let mut dice = Dice(seed);
    let files: &[&str] = match seed % 3 {
        0 => &["muster.db-wal"],
        1 => &["muster.db"],
        _ => &["muster.db", "muster.db-wal"],
    };
    let mut done = String::new();
    for name in files {
        let path = bench.path(".muster").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = dice.below(bytes.len() as u64);
        let at = usize::try_from(place).unwrap();
        if (seed / 3).is_multiple_of(2) {
            bytes.truncate(at);
            done += &format!("{name} is cut to {place}; ");
        } else {
            let bit = u8::try_from(dice.below(8)).unwrap();
            bytes[at] ^= 1 << bit;
            done += &format!("{name} has bit {bit} of {place} flipped; ");
        }
        std::fs::write(&path, bytes).unwrap();
    }
    done
}

/// A seeded generator: the same seed damages the same place.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target: PathBuf = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
