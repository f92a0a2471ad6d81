//! Rehearsed runs of a large plan, one after the other on one core, beside the bare core over the same
//! runbook, which is answered at once and without a world: `rehearse [MACHINES] [RUNS]`.

#[path = "../tests/support/gen.rs"]
mod generated;
mod support;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::Timestamp;
use musterpoint::event::{BoundSubject, Detail, Event, EventKind, Lasts, Person, RunOptions, Stated};
use musterpoint::inventory::{Inventory, read};
use musterpoint::model::resolve::{Files, resolve};
use musterpoint::model::{Mode, Operation};
use musterpoint::rehearse::{Keep, Lengths, Scene, Sources, Told, play, singles, study};
use musterpoint::run::{Command, Run, RunState};
use musterpoint::runbook::{Act, CompileOptions, Runbook, compile};
use support::{Figure, Work, heading, line, measure, note};

const ESTATE: &str =
    "estate contoso {\n  sites    = [avs, azure]\n  provider = sim { inventory = \"contoso.json\" }\n}\n";
/// Runs of one measurement: enough that making the stage is not what is measured.
const ROUND: u32 = 20;

fn main() {
    let mut said = std::env::args().filter_map(|arg| arg.parse::<usize>().ok());
    let machines = said.next().unwrap_or(1000);
    let runs = said.next().unwrap_or(1000);
    let runbook = Arc::new(runbook(machines));
    heading(&format!("{machines} machines, {} steps, {ROUND} runs at a time", runbook.nodes.len()));
    let scene = stage(&runbook);
    let none = Told::default();
    let begun = begun(&runbook);
    let bound = bound(&runbook);
    let figures = measure(
        5,
        vec![
            Work::new("rehearse", || study(&scene, &none, ROUND, 1)),
            Work::new("core", || (0..ROUND).map(|_| drive(begun.clone(), &bound)).sum::<u64>()),
            Work::new("stage", || stage(&runbook)),
        ],
    );
    let [rehearsed, core, stage] = figures.as_slice() else { return };
    let each = |figure: &Figure| figure.seconds() / f64::from(ROUND);
    let whole = each(rehearsed) * runs as f64;
    let goal = "goal 30 s for 1,000 runs of 1,000 machines, stretch 10 s";
    let events = play(&scene, &none, 1, Keep::Log).log.len();
    let rate = events as f64 / each(rehearsed) / 1e6;
    line(
        "rehearsed",
        *rehearsed,
        &format!(
            "{:.2} ms a run, {events} events of {rate:.2} M/s; {runs} runs {whole:.1} s; {goal}",
            each(rehearsed) * 1e3
        ),
    );
    let ratio = rehearsed.seconds() / core.seconds();
    line(
        "the core alone",
        *core,
        &format!("{:.2} ms a run; a rehearsed run takes {ratio:.2} times as long", each(core) * 1e3),
    );
    line("making the stage, once", *stage, "");
    if machines <= 100 {
        let found = singles(&scene, &none, 1);
        note(&format!("{} single faults, {} survived", found.counts.tried, found.counts.survived));
    }
}

fn stage(runbook: &Arc<Runbook>) -> Scene {
    let between =
        |least: u64, most: u64| Lasts::Between(Duration::from_secs(least), Duration::from_secs(most));
    let verbs = [
        ("shut_down", between(20, 90)),
        ("take_final", between(10, 40)),
        ("fail_over", between(60, 360)),
        ("start", between(40, 120)),
        ("commit", between(20, 60)),
        ("reprotect", between(120, 600)),
    ];
    let stated = Stated { verbs: verbs.into(), power_on: Duration::from_secs(5), ..Stated::default() };
    let lengths = Lengths::of(runbook, &Sources { stated, ..Sources::default() });
    Scene::new(Arc::clone(runbook), lengths)
}

/// The generated plan for a planned failover, against an estate that has its machines.
#[expect(clippy::panic, reason = "a bench of a wrong plan measures nothing")]
fn runbook(machines: usize) -> Runbook {
    let text = generated::plan(machines);
    let mut sources = musterpoint::source::Sources::default();
    let resolved = resolve(Path::new("large.muster"), &mut Given(&text), &mut sources);
    let Some(plan) = resolved.plan else {
        panic!("the generated plan does not resolve: {:?}", resolved.diagnostics.first())
    };
    let options = CompileOptions::new(Operation::Failover, Some(Mode::Planned), &sources);
    match compile(&plan, &inventory(machines), &options) {
        Ok(runbook) => runbook,
        Err(errors) => panic!("the generated plan does not compile: {:?}", errors.first()),
    }
}

#[expect(clippy::panic, reason = "a bench of a wrong estate measures nothing")]
fn inventory(machines: usize) -> Inventory {
    let mut json = String::from(
        r#"{"format":"muster.inventory/1","now":"2026-11-23T06:00:00Z","sites":["avs","azure"],"vms":{"#,
    );
    for number in 0..machines {
        let (group, comma) = (number / 4, if number == 0 { "" } else { "," });
        let _ = write!(
            json,
            r#"{comma}"m{number:06}":{{"group":"svc{group:05}","site":"avs","power":"on","protection":"protected","replicates_to":"azure","points":[{{"id":"p{number}","at":"2026-11-23T05:50:00Z","kind":"app","set":"s{group}","processed":true,"usable":true}}]}}"#
        );
    }
    json.push_str("}}");
    match read("bench.json", json.as_bytes()) {
        Ok(inventory) => inventory,
        Err(errors) => panic!("the generated inventory does not read: {:?}", errors.first()),
    }
}

/// The generated text and its estate, as if they were files.
struct Given<'a>(&'a str);

impl Files for Given<'_> {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let text = if path.ends_with("large.muster") { self.0 } else { ESTATE };
        Ok(text.as_bytes().to_vec())
    }
    fn canonical(&mut self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }
}

fn apply(run: &mut Run, kind: EventKind) {
    let event = Event { seq: run.seq() + 1, at: Timestamp::from_seconds(1_800_000_000), kind };
    run.apply(&event);
}

fn begun(runbook: &Arc<Runbook>) -> Run {
    let mut run = Run::new("bench", Arc::clone(runbook));
    let by = Person { name: "bench".to_owned(), os_user: "bench".to_owned(), verified: false };
    let (digest, options) = (runbook.digest(), RunOptions::default());
    apply(&mut run, EventKind::RunStarted { run: "bench".to_owned(), runbook: digest, by, options });
    run
}

/// The points that each bind comes to.
fn bound(runbook: &Runbook) -> Vec<Vec<BoundSubject>> {
    let of = |act: &Act| match act {
        Act::Bind(bind) => {
            let choice = |id| runbook.subjects.at(id).forecast.clone().map(|choice| (id, choice));
            let chosen = bind.subjects.iter().copied().filter_map(choice);
            chosen.map(|(subject, choice)| BoundSubject { subject, choice, exception: None }).collect()
        }
        _ => Vec::new(),
    };
    runbook.nodes.iter().map(|node| of(&node.act)).collect()
}

/// Does what the core asks for until it says that the run has ended; returns how many events that took.
fn drive(mut run: Run, bound: &[Vec<BoundSubject>]) -> u64 {
    use musterpoint::base::Id as _;
    while !matches!(run.state(), RunState::Ended(_) | RunState::Halted) {
        for command in run.next(Timestamp::from_seconds(1_800_000_000)) {
            match command {
                Command::Begin { node, attempt, key } => {
                    apply(&mut run, EventKind::StepStarted { node, attempt, key });
                    let choices = bound.get(node.index()).filter(|bound| !bound.is_empty());
                    let end = match choices {
                        Some(bound) => EventKind::PointsBound { node, bound: bound.clone() },
                        None => EventKind::StepSucceeded { node, detail: Detail::default(), found: false },
                    };
                    apply(&mut run, end);
                }
                Command::Record(kind) => apply(&mut run, kind),
                Command::Resolve { .. } => {}
            }
        }
    }
    run.seq()
}
