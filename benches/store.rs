//! Durable events beside the disk's own floor: commits a second by how many tasks wait. Floor and store are
//! measured in turns in one folder; a round whose floor is far off the best one says nothing about the store
//! and is left out.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musterpoint::base::{Digest, Timestamp};
use musterpoint::event::{Event, EventKind, EventLine, Handle};
use musterpoint::runbook::Runbook;
use musterpoint::store::{NewRun, OpenFor, Owner, RunId, RunState, RunSummary, Store};
use tokio::task::JoinSet;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 5;
const FLOOR_WRITES: usize = 1500;
const RECORD_BYTES: usize = 256;
const PREALLOCATED_BYTES: usize = 64 * 1024 * 1024;
const WAITING: [usize; 4] = [1, 8, 32, 128];
const APPENDS_A_ROUND: usize = 12_000;

/// Times of one kind of write.
struct Times {
    all: Duration,
    each: Vec<Duration>,
}

impl Times {
    fn at(&self, per_mille: usize) -> f64 {
        let place = (self.each.len() * per_mille / 1000).min(self.each.len().saturating_sub(1));
        self.each.get(place).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }

    fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.each.len()).unwrap_or(u32::MAX)) / self.all.as_secs_f64()
    }

    fn of(all: Duration, mut each: Vec<Duration>) -> Self {
        each.sort_unstable();
        Self { all, each }
    }
}

struct Round {
    append: Times,
    overwrite: Times,
    one_run: Vec<Times>,
    own_runs: Vec<Times>,
}

fn main() -> Result<(), Failed> {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut rounds = Vec::new();
    for number in 0..ROUNDS {
        let folder = place.path().join(number.to_string());
        std::fs::create_dir(&folder)?;
        let append = floor(&folder.join("append"), 0)?;
        let overwrite = floor(&folder.join("overwrite"), PREALLOCATED_BYTES)?;
        let (mut one_run, mut own_runs) = (Vec::new(), Vec::new());
        for waiting in WAITING {
            one_run.push(in_flight(&folder.join(format!("one{waiting}")), waiting)?);
            own_runs.push(commits(&folder.join(format!("own{waiting}")), waiting)?);
        }
        rounds.push(Round { append, overwrite, one_run, own_runs });
        std::fs::remove_dir_all(&folder)?;
    }
    report(&rounds);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn report(rounds: &[Round]) {
    let best = rounds.iter().map(|round| round.overwrite.at(500)).fold(f64::INFINITY, f64::min);
    let kept: Vec<&Round> = rounds.iter().filter(|round| round.overwrite.at(500) <= 3.0 * best).collect();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{} of {} rounds kept; load {}", kept.len(), rounds.len(), load.trim());
    println!(
        "{:<34} {:>10} {:>9} {:>9} {:>9}",
        "median of the rounds", "events/s", "p50 ms", "p99 ms", "× floor"
    );
    let line = |name: &str, times: &dyn Fn(&Round) -> &Times| {
        let of = |value: &dyn Fn(&Round) -> f64| {
            let mut values: Vec<f64> = kept.iter().map(|round| value(round)).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        println!(
            "{name:<34} {:>10.0} {:>9.3} {:>9.3} {:>9.2}",
            of(&|round| times(round).per_second()),
            of(&|round| times(round).at(500)),
            of(&|round| times(round).at(990)),
            of(&|round| times(round).at(500) / round.overwrite.at(500)),
        );
    };
    line("floor: overwrite + fdatasync", &|round| &round.overwrite);
    line("floor: append + fdatasync", &|round| &round.append);
    for (place, waiting) in WAITING.into_iter().enumerate() {
        line(&format!("one run, {waiting} in flight"), &|round| {
            round.one_run.get(place).unwrap_or(&round.overwrite)
        });
    }
    for (place, waiting) in WAITING.into_iter().enumerate() {
        line(&format!("{waiting} runs, one in flight each"), &|round| {
            round.own_runs.get(place).unwrap_or(&round.overwrite)
        });
    }
}

/// One record and a sync, again and again: into a file written out beforehand, or at its end.
fn floor(path: &Path, preallocated: usize) -> Result<Times, Failed> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(&vec![0; preallocated])?;
    file.sync_all()?;
    if preallocated > 0 {
        file.seek(SeekFrom::Start(0))?;
    }
    let mut each = Vec::with_capacity(FLOOR_WRITES);
    let begun = now();
    for _ in 0..FLOOR_WRITES {
        let start = now();
        file.write_all(&[7; RECORD_BYTES])?;
        File::sync_data(&file)?;
        each.push(start.elapsed());
    }
    Ok(Times::of(begun.elapsed(), each))
}

/// One run whose driver has so many steps in flight: each event is an append of its own, sent in order.
fn in_flight(folder: &Path, waiting: usize) -> Result<Times, Failed> {
    let store = Arc::new(Store::open(folder, OpenFor::Write)?);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let appends = APPENDS_A_ROUND.min(waiting * 1500);
    runtime.block_on(async {
        let (run, epoch, mut log) = begin(&store).await?;
        let mut tasks: JoinSet<Result<Duration, Failed>> = JoinSet::new();
        let mut each = Vec::with_capacity(appends);
        let begun = now();
        for sent in 0..appends {
            if sent >= waiting
                && let Some(done) = tasks.join_next().await
            {
                each.push(done??);
            }
            let (store, run, lines) = (Arc::clone(&store), run.clone(), vec![log.line()]);
            tasks.spawn(async move {
                let start = now();
                store.append(&run, epoch, lines, running()).await?;
                Ok(start.elapsed())
            });
        }
        while let Some(done) = tasks.join_next().await {
            each.push(done??);
        }
        Ok(Times::of(begun.elapsed(), each))
    })
}

/// Tasks that each append one event to a run of their own and wait until it is durable.
fn commits(folder: &Path, waiting: usize) -> Result<Times, Failed> {
    let store = Arc::new(Store::open(folder, OpenFor::Write)?);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let appends = APPENDS_A_ROUND.min(waiting * 1500) / waiting;
    runtime.block_on(async {
        let mut tasks: JoinSet<Result<Vec<Duration>, Failed>> = JoinSet::new();
        let mut begun = Vec::new();
        for _ in 0..waiting {
            begun.push(begin(&store).await?);
        }
        let start = now();
        for (run, epoch, mut log) in begun {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let mut each = Vec::with_capacity(appends);
                for _ in 0..appends {
                    let lines = vec![log.line()];
                    let start = now();
                    store.append(&run, epoch, lines, running()).await?;
                    each.push(start.elapsed());
                }
                Ok(each)
            });
        }
        let mut each = Vec::new();
        while let Some(done) = tasks.join_next().await {
            each.extend(done??);
        }
        Ok(Times::of(start.elapsed(), each))
    })
}

struct Log {
    seq: u64,
    digest: Digest,
}

impl Log {
    fn line(&mut self) -> EventLine {
        self.seq += 1;
        let seconds = i64::try_from(self.seq).unwrap_or(0);
        let handle = Handle(format!("operation-{:08}-of-the-failover-of-a-machine", self.seq));
        let node = musterpoint::base::Id::from_index(usize::try_from(self.seq % 1000).unwrap_or(0));
        let kind = EventKind::OperationAccepted { node, handle };
        let line = Event { seq: self.seq, at: Timestamp::from_seconds(1_795_000_000 + seconds), kind }
            .line(&self.digest);
        self.digest = line.digest.clone();
        line
    }
}

async fn begin(store: &Store) -> Result<(RunId, u64, Log), Failed> {
    let runbook = runbook()?;
    let id = store.fresh_run_id(&runbook.plan, running().at)?;
    let log = Log { seq: 0, digest: runbook.digest() };
    store.create_run(NewRun::of(id.clone(), &runbook, "bench.muster", running()), Vec::new()).await?;
    let epoch = store.take_lease(&id, &Owner::this_process(), running().at).await?;
    Ok((id, epoch, log))
}

const fn running() -> RunSummary {
    RunSummary { state: RunState::Running, at: Timestamp::from_seconds(1_795_000_000) }
}

fn runbook() -> Result<Runbook, Failed> {
    let site = serde_json::json!({ "name": "a", "estate_name": "a" });
    let text = serde_json::json!({
        "format": "muster.runbook/1", "plan": "bench", "doc": "", "operation": "failover", "mode": "planned",
        "compiled_at": "2026-11-23T06:00:00Z", "lost_at": null, "source": site, "target": site, "home": site,
        "estate": { "name": "lab", "provider": "sim", "args": {}, "folder": "/", "identity": "os" },
        "params": {}, "objective": { "rpo": null, "rto": null, "until": null },
        "limits": { "power_on": null, "shut_down": null, "fail_over": null },
        "roles": {}, "notify": {}, "units": [], "machines": [], "subjects": [], "aligns": [], "nodes": [],
        "left_out": [], "unfenced": null,
        "facts": { "files": [], "scripts": {}, "machines": {}, "points": {} },
    });
    Ok(serde_json::from_str(&text.to_string())?)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}
