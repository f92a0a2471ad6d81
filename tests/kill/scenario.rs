//! Plans that are run to their end by a few commands, and what they brought about.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use musterpoint::estate::sim::{Sim, SimOptions};
use rusqlite::{Connection, OpenFlags};

use crate::bench::Bench;

/// Whatever is waited for comes long before this.
const PATIENCE: Duration = Duration::from_secs(120);
/// Goes on after a death, whoever has to say yes.
pub(crate) const RESUME: [&str; 4] = ["resume", "last", "--as", "dana"];

/// Commands that bring a run to its end when nothing goes wrong.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) commands: &'static [&'static [&'static str]],
}

/// A planned failback with scripts, approvals given beforehand, checks, commits and reprotection.
pub(crate) const FAILBACK: Scenario = Scenario {
    name: "failback",
    commands: &[&[
        "failback",
        "erp.muster",
        "--planned",
        "--yes",
        "--as",
        "dana",
        "--approve",
        "go",
        "--approve",
        "accept",
    ]],
};
/// The same with approvals that come from another terminal while nobody drives.
pub(crate) const APPROVED: Scenario = Scenario {
    name: "failback, approved on the way",
    commands: &[
        &["failback", "erp.muster", "--planned", "--yes", "--as", "dana"],
        &["approve", "last", "go", "--as", "dana"],
        &RESUME,
        &["approve", "last", "accept", "--as", "dana"],
        &RESUME,
    ],
};
/// A test that removes what it made.
pub(crate) const TEST: Scenario = Scenario {
    name: "test",
    commands: &[&["test", "erp.muster", "--yes", "--as", "dana", "--approve", "go", "--approve", "accept"]],
};
/// A failback that is taken back from within its commit window.
pub(crate) const ROLLBACK: Scenario = Scenario {
    name: "rollback",
    commands: &[
        &["failback", "erp.muster", "--planned", "--yes", "--as", "dana", "--approve", "go"],
        &["rollback", "last", "--as", "dana", "--reason", "it is not what we wanted"],
    ],
};

/// What became of a run: its end, how often each verb acted on each machine, how often each script ran.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    end: String,
    acts: BTreeMap<(String, String), usize>,
    scripts: BTreeMap<String, usize>,
}

/// The shipped plans, with scripts that note each time they run.
pub(crate) fn bench() -> Bench {
    let bench = Bench::new();
    for script in ["scripts/freeze-batch.sh", "scripts/isolate.sh"] {
        bench.edit(script, "set -eu\n", "set -eu\necho \"$MUSTER_STEP\" >>ran\n");
    }
    bench
}

/// The run's end and its effects; no key had two.
#[track_caller]
pub(crate) fn outcome(bench: &Bench) -> Outcome {
    let runs = bench.runs();
    let ran = std::fs::read_to_string(bench.path("ran")).unwrap_or_default();
    Outcome {
        end: runs[0]["state"].to_string(),
        acts: count(effects(bench).into_iter()),
        scripts: count(ran.lines().map(str::to_owned)),
    }
}

/// What was done on the estate so far: machine and verb, one for each key.
#[track_caller]
pub(crate) fn effects(bench: &Bench) -> Vec<(String, String)> {
    let inventory = "estates/contoso.json";
    let read = musterpoint::inventory::read_file(inventory, &bench.path(inventory)).unwrap();
    let mut options = SimOptions::new(bench.path(".muster/estates/contoso.db"), read);
    options.seed = 7;
    let sim = Sim::open(options).unwrap();
    let one = |effect: musterpoint::estate::sim::Effect| {
        assert_eq!(effect.count, 1, "one effect for one key: {effect:?}");
        (effect.machine, effect.verb)
    };
    sim.effects().unwrap().into_iter().map(one).collect()
}

fn count<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counted = BTreeMap::new();
    all.for_each(|one| *counted.entry(one).or_insert(0) += 1);
    counted
}

/// The scenario without any trouble: what comes of it, and how many events it takes.
pub(crate) fn calm(scenario: &Scenario) -> (Outcome, u64) {
    let bench = bench();
    for command in scenario.commands {
        let ended = bench.run(command);
        assert!([0, 3, 6].contains(&ended.code), "{}: {command:?}: {ended:?}", scenario.name);
    }
    let outcome = outcome(&bench);
    assert!(!outcome.acts.is_empty() && outcome.end != "\"running\"", "{}: {outcome:?}", scenario.name);
    (outcome, Log::of(&bench).events())
}

/// A command in the background that nobody listens to. Killed when dropped.
pub(crate) struct Engine(Child);

impl Engine {
    pub(crate) fn start(bench: &Bench, args: &[&str]) -> Self {
        let mut command = bench.command(args);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// How it ended by itself, if it did within the time.
    pub(crate) fn ends_within(&mut self, time: Duration) -> Option<Option<i32>> {
        let began = Instant::now();
        loop {
            if let Some(ended) = self.0.try_wait().unwrap() {
                return Some(ended.code());
            }
            let left = time.checked_sub(began.elapsed())?;
            std::thread::sleep(left.min(Duration::from_millis(1)));
        }
    }

    /// Ends it in the middle of whatever it does, and says whether it still ran.
    pub(crate) fn kill(mut self) -> bool {
        let ran = self.runs();
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        ran
    }

    /// Whether the log got so long before the command ended by itself.
    #[track_caller]
    pub(crate) fn gets_to(&mut self, log: &mut Log, events: u64) -> bool {
        let began = Instant::now();
        loop {
            if log.events() >= events {
                return true;
            }
            if !self.runs() {
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "it does not get to event {events}");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _code = self.0.wait();
    }
}

/// How long the log of the only run is, looked at often.
pub(crate) struct Log {
    path: std::path::PathBuf,
    open: Option<Connection>,
}

impl Log {
    pub(crate) fn of(bench: &Bench) -> Self {
        Self { path: bench.path(".muster/muster.db"), open: None }
    }

    pub(crate) fn events(&mut self) -> u64 {
        if self.open.is_none() && self.path.exists() {
            self.open = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
        }
        let Some(connection) = &self.open else { return 0 };
        let found =
            connection.query_row("SELECT max(seq) FROM run_state", [], |row| row.get::<_, Option<i64>>(0));
        found.ok().flatten().and_then(|seq| u64::try_from(seq).ok()).unwrap_or(0)
    }
}
