//! What `resume` does before it acts: a long run log opened, read back with its chain checked, and folded
//! into the core. The log is that of ten thousand steps, each tried again until the log is a million events
//! long: `resume [EVENTS]`.

#[path = "../tests/support/runbooks.rs"]
#[expect(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "shared with the tests of the core, which need more of it and may panic"
)]
mod runbooks;
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Digest, Id as _, IdVec, Timestamp};
use musterpoint::drive::replay;
use musterpoint::event::{Detail, Event, EventKind, EventLine, Handle, Person, RunOptions};
use musterpoint::model::Retry;
use musterpoint::run::{Command, Run};
use musterpoint::runbook::{Act, Lane, Needs, Node, NodeId, Phase, Runbook};
use musterpoint::store::{NewRun, OpenFor, Owner, RunId, RunState, RunSummary, Store};
use support::{Work, heading, line, measure};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const STEPS: usize = 10_000;
const WIDTH: usize = 100;
/// Events that share a commit while the log is written.
const WRITTEN_AT_ONCE: usize = 1000;

fn main() -> Result<(), Failed> {
    let events = std::env::args().filter_map(|arg| arg.parse::<usize>().ok()).next().unwrap_or(1_000_000);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("resume-{events}"));
    // Copies of this bench that count instructions read what was written here.
    if !folder.exists() {
        write(&folder, events)?;
    }
    let bytes = std::fs::metadata(folder.join("muster.db"))?.len();
    heading(&format!("{events} events of {STEPS} steps, {} MB", bytes / 1_000_000));
    let works = vec![
        Work::new("checked", || whole(checked(&folder))),
        Work::new("resume", || whole(resume(&folder))),
    ];
    let figures = measure(5, works);
    let [checked, resume] = figures.as_slice() else { return Ok(()) };
    line("opened, read, chain checked", *checked, "");
    line("the same, folded into the core", *resume, "goal 1000 ms");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn whole<T>(read: Result<T, Failed>) -> Option<T> {
    assert!(read.is_ok(), "the log is whole: {:?}", read.err());
    read.ok()
}

/// Every event, checked against the one before.
fn checked(folder: &Path) -> Result<u64, Failed> {
    let store = Store::open(folder, OpenFor::Read)?;
    let run = store.find_run("last")?;
    let mut last = 0;
    for event in store.events(&run, 1)? {
        last = event?.seq;
    }
    Ok(last)
}

fn resume(folder: &Path) -> Result<(Run, Vec<Event>, Digest), Failed> {
    let store = Store::open(folder, OpenFor::Read)?;
    let run = store.find_run("last")?;
    Ok(replay(&store, &run)?)
}

/// Writes the log that a driver would.
fn write(folder: &Path, events: usize) -> Result<(), Failed> {
    let attempts = u32::try_from((events / STEPS).div_ceil(3))?;
    let runbook = runbook(attempts);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let store = Store::open(folder, OpenFor::Write)?;
        let at = Timestamp::from_seconds(1_795_000_000);
        let id = store.fresh_run_id(&runbook.plan, at)?;
        let summary = RunSummary { state: RunState::Running, at };
        store.create_run(NewRun::of(id.clone(), &runbook, "bench.muster", summary), Vec::new()).await?;
        let epoch = store.take_lease(&id, &Owner::this_process(), at).await?;
        let mut log = Log::of(&id, runbook, at);
        while !matches!(log.run.state(), RunState::Ended(_)) && log.run.seq() < events as u64 {
            log.go_on(attempts);
            while log.lines.len() > WRITTEN_AT_ONCE {
                let rest = log.lines.split_off(WRITTEN_AT_ONCE);
                let lines = std::mem::replace(&mut log.lines, rest);
                store.append(&id, epoch, lines, summary).await?;
            }
        }
        store.append(&id, epoch, std::mem::take(&mut log.lines), summary).await?;
        Ok(())
    })
}

/// A run with the lines that are not written yet.
struct Log {
    run: Run,
    digest: Digest,
    at: Timestamp,
    lines: Vec<EventLine>,
}

impl Log {
    fn of(id: &RunId, runbook: Runbook, at: Timestamp) -> Self {
        let digest = runbook.digest();
        let by = Person { name: "bench".to_owned(), os_user: "bench".to_owned(), verified: false };
        let (run, options) = (id.to_string(), RunOptions::default());
        let begin = EventKind::RunStarted { run, runbook: digest.clone(), by, options };
        let run = Run::new(id.as_str(), Arc::new(runbook));
        let mut log = Self { run, digest, at, lines: Vec::new() };
        log.add(begin);
        log
    }

    fn add(&mut self, kind: EventKind) {
        let event = Event { seq: self.run.seq() + 1, at: self.at, kind };
        let line = event.line(&self.digest);
        self.digest = line.digest.clone();
        self.lines.push(line);
        self.run.apply(&event);
    }

    /// Does what the core asks for; all but the last attempt at each step fail in passing.
    fn go_on(&mut self, attempts: u32) {
        self.at = self.at.plus(Duration::from_millis(1500));
        for command in self.run.next(self.at) {
            match command {
                Command::Begin { node, attempt, key } => {
                    let handle = Handle(format!("jobs/{}/{attempt}", key.as_str()));
                    self.add(EventKind::StepStarted { node, attempt, key });
                    self.add(EventKind::OperationAccepted { node, handle });
                    self.add(if attempt < attempts {
                        let message = "the agent of the machine is not registered yet".to_owned();
                        let (code, retryable) = ("agent_not_registered".to_owned(), true);
                        EventKind::StepFailed {
                            node,
                            code,
                            message,
                            retryable,
                            timed_out: false,
                            output: None,
                        }
                    } else {
                        EventKind::StepSucceeded { node, detail: Detail::default(), found: false }
                    });
                }
                Command::Record(kind) => self.add(kind),
                Command::Resolve { .. } => {}
            }
        }
    }
}

/// Steps side by side, each after two of the row before.
fn runbook(attempts: u32) -> Runbook {
    let step = |step: usize| -> Node {
        let row = step / WIDTH * WIDTH;
        let above = [step % WIDTH, (step + 1) % WIDTH];
        let before = above.into_iter().filter(|_| row > 0).map(|column| row - WIDTH + column);
        let after = before.map(|on| runbooks::after(NodeId::from_index(on), Needs::Done)).collect();
        let act = Act::ProcessPending { vms: Vec::new() };
        let mut node = runbooks::node(&format!("n{step}"), Phase::Start, Lane::Forward, act, after);
        let (every, backoff) = (Duration::from_millis(1), 1);
        node.policy.retry =
            Some(Retry { times: Some(attempts), every, backoff, limit: None, on: Vec::new() });
        node
    };
    let nodes: IdVec<NodeId, Node> = (0..STEPS).map(step).collect();
    runbooks::runbook(nodes, 0)
}
