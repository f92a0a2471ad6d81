//! The files of a run that was killed, cut and changed behind its back: the engine goes on to the same end,
//! or refuses and says what is lost; where a person then gives up what is lost, it goes on from what is left.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use musterpoint::event::Event;
use musterpoint::store::{OpenFor, Store, StoreError};

use crate::bench::Bench;
use crate::scenario::{Engine, FAILBACK, Log, Outcome, RESUME, bench, calm, effects, outcome};

/// Copies that are looked at however slow the machine is: every kind of damage three times.
const COPIES_MIN: u64 = 18;
const BUDGET: Duration = Duration::from_secs(15);

/// What may happen to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// It ends here.
    Cut(u64),
    /// One bit is the other way round.
    Flip(u64, u8),
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
    let (expected, whole) = calm(&FAILBACK);
    let bench = bench();
    let mut log = Log::of(&bench);
    let mut engine = Engine::start(&bench, FAILBACK.commands[0]);
    assert!(engine.gets_to(&mut log, whole * 2 / 3) && engine.kill());
    drop(log);
    let kept = tempfile::tempdir().unwrap();
    copy(&bench.path(".muster"), kept.path());
    let ran = bench.read("ran");
    let events = events(&bench).expect("nothing is damaged yet");

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
        look(&bench, &events, &expected, &mut seen, &format!("copy {seed}: {done:?}"));
    }
    assert!(seen.unharmed > 0 && seen.refused > 0 && seen.recovered > 0, "{seen:?}");
}

/// What the engine makes of a copy.
#[track_caller]
fn look(bench: &Bench, whole: &[Event], expected: &Outcome, seen: &mut Seen, what: &str) {
    let acts = effects(bench);
    match events(bench) {
        Ok(found) => {
            assert_eq!(found, whole, "{what}: what is read without a word is what was written");
            if goes_on(bench, expected, what) {
                seen.unharmed += 1;
            } else {
                // What only a writer reads was hit.
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
                std::fs::remove_file(mark).unwrap();
                let left = events(bench).unwrap_or_default();
                assert!(left.len() as u64 + 1 == from && whole.starts_with(&left), "{what}");
                if !left.is_empty() && goes_on(bench, expected, what) {
                    seen.recovered += 1;
                }
            }
        }
    }
}

/// Whether the run comes to the end that it should have; otherwise the engine says what is damaged.
#[track_caller]
fn goes_on(bench: &Bench, expected: &Outcome, what: &str) -> bool {
    let ended = bench.run(&RESUME);
    if ended.code == 0 {
        assert_eq!(&outcome(bench), expected, "{what}");
        return true;
    }
    assert!(ended.code == 5 && ended.err.contains("MP065"), "{what}: {ended:?}");
    effects(bench);
    false
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

/// Damages the database, its log, or both.
fn damage(bench: &Bench, seed: u64) -> Vec<(&'static str, Damage)> {
    let mut dice = Dice(seed);
    let files: &[&str] = match seed % 3 {
        0 => &["muster.db-wal"],
        1 => &["muster.db"],
        _ => &["muster.db", "muster.db-wal"],
    };
    let mut done = Vec::new();
    for name in files {
        let path = bench.path(".muster").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = dice.below(bytes.len() as u64);
        let at = usize::try_from(place).unwrap();
        if seed / 3 % 2 == 0 {
            bytes.truncate(at);
            done.push((*name, Damage::Cut(place)));
        } else {
            let bit = u8::try_from(dice.below(8)).unwrap();
            bytes[at] ^= 1 << bit;
            done.push((*name, Damage::Flip(place, bit)));
        }
        std::fs::write(&path, bytes).unwrap();
    }
    done
}

/// A seeded generator: the same seed damages the same place.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
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
