//! No-op steps through the pure core, each an intent and an outcome, beside ninja over the same graph of
//! phony targets in the same round: `steps [STEPS]`. Ninja also reads its file and looks at the disk; the
//! line with the set-up gives the core's own price of coming from a frozen runbook.

#[path = "../tests/support/runbooks.rs"]
#[expect(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "shared with the tests of the core, which need more of it and may panic"
)]
mod runbooks;
mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command as Process;
use std::sync::Arc;

use musterpoint::base::{Id as _, IdVec, Timestamp};
use musterpoint::event::{Detail, Event, EventKind, FinalState, Person, RunOptions};
use musterpoint::run::{Command, Run, RunState};
use musterpoint::runbook::{Act, Lane, Needs, Node, NodeId, Phase, Runbook};
use support::{Figure, Work, heading, line, measure};

const WIDTH: usize = 100;

fn main() -> std::io::Result<()> {
    let steps = std::env::args().filter_map(|arg| arg.parse::<usize>().ok()).next().unwrap_or(100_000);
    heading(&format!("{steps} steps, {WIDTH} side by side, two dependencies each"));
    let runbook = Arc::new(runbook(steps));
    memory(&runbook, steps);
    let begun = started(&runbook);
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    std::fs::write(place.path().join("build.ninja"), phony(steps))?;
    let has_ninja = ninja(place.path());
    let mut works = vec![
        Work::new("core", || {
            let mut run = begun.clone();
            drive(&mut run, steps);
            run
        }),
        Work::new("whole", || {
            let mut run = started(&runbook);
            drive(&mut run, steps);
            run
        }),
    ];
    if has_ninja {
        works.push(Work::new("ninja", || ninja(place.path())));
    }
    let figures = measure(7, works);
    let rate = |figure: &Figure| steps as f64 / figure.seconds();
    let [core, whole, rest @ ..] = figures.as_slice() else { return Ok(()) };
    line("core: events applied, next asked", *core, &format!("{:.0} steps/s", rate(core)));
    line("the same from the frozen runbook", *whole, &format!("{:.0} steps/s", rate(whole)));
    match rest.first() {
        Some(ninja) => {
            let note = format!(
                "{:.0} steps/s; the core is {:.1} times as fast",
                rate(ninja),
                rate(core) / rate(ninja)
            );
            line("ninja, phony targets", Figure { instructions: None, ..*ninja }, &note);
        }
        None => support::note("ninja is not installed"),
    }
    Ok(())
}

/// What a core keeps of a run that went to its end, beside its runbook. Measured first, while nothing that was
/// freed can be taken again.
fn memory(runbook: &Arc<Runbook>, steps: usize) {
    let before = support::resident("VmRSS");
    let mut run = started(runbook);
    drive(&mut run, steps);
    let grown = support::resident("VmRSS").saturating_sub(before);
    support::note(&format!("memory of a step in the core: {} bytes; goal 300", grown / steps as u64));
    drop(run);
}

/// A core after its first event.
fn started(runbook: &Arc<Runbook>) -> Run {
    let mut run = Run::new("bench", Arc::clone(runbook));
    let by = Person { name: "bench".to_owned(), os_user: "bench".to_owned(), verified: false };
    let digest = musterpoint::base::Digest::of(&[b"bench"]);
    let begin = EventKind::RunStarted {
        run: "bench".to_owned(),
        runbook: digest,
        by,
        options: RunOptions::default(),
    };
    apply(&mut run, begin);
    run
}

fn apply(run: &mut Run, kind: EventKind) {
    let event = Event { seq: run.seq() + 1, at: Timestamp::from_seconds(1000), kind };
    run.apply(&event);
}

/// Does what the core asks for until it says that the run has ended.
fn drive(run: &mut Run, steps: usize) {
    let mut done = 0;
    while !matches!(run.state(), RunState::Ended(_)) {
        for command in run.next(Timestamp::from_seconds(1000)) {
            match command {
                Command::Begin { node, attempt, key } => {
                    apply(run, EventKind::StepStarted { node, attempt, key });
                    apply(run, EventKind::StepSucceeded { node, detail: Detail::default(), found: false });
                    done += 1;
                }
                Command::Record(kind) => apply(run, kind),
                Command::Resolve { .. } => {}
            }
        }
    }
    assert_eq!((done, run.state()), (steps, RunState::Ended(FinalState::Completed)), "every step was done");
}

/// The two that a step waits for.
fn before(step: usize) -> impl Iterator<Item = usize> {
    let row = step / WIDTH * WIDTH;
    let above = [step % WIDTH, (step + 1) % WIDTH];
    above.into_iter().filter(move |_| row > 0).map(move |column| row - WIDTH + column)
}

fn runbook(steps: usize) -> Runbook {
    let step = |step: usize| -> Node {
        let after = before(step).map(|on| runbooks::after(NodeId::from_index(on), Needs::Done)).collect();
        let act = Act::ProcessPending { vms: Vec::new() };
        runbooks::node(&format!("n{step}"), Phase::Start, Lane::Forward, act, after)
    };
    let nodes: IdVec<NodeId, Node> = (0..steps).map(step).collect();
    runbooks::runbook(nodes, 0)
}

/// The same graph as a build file.
fn phony(steps: usize) -> String {
    let mut out = String::new();
    for step in 0..steps {
        let _ = write!(out, "build n{step}: phony");
        before(step).for_each(|on| {
            let _ = write!(out, " n{on}");
        });
        out.push('\n');
    }
    out
}

fn ninja(folder: &Path) -> bool {
    Process::new("ninja").arg("-C").arg(folder).output().is_ok_and(|output| output.status.success())
}
