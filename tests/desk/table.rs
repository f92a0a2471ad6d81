//! The table: for each scene, as it is and as operators may have changed it, each request with what becomes
//! of it.

use std::fmt::Write as _;

use expect_test::expect_file;
use musterpoint::event::Outcome;
use musterpoint::run::{Command, OperatorRequest, Refusal};
use musterpoint::runbook::NodeId;

use crate::lab::{World, approve, event_word, halt, reject, retry, rollback, skip};
use crate::scenes::{self, Scene};
use crate::words;

/// A scene as it is, and as it is after one of the requests that stop or turn a run; those that are refused
/// there are left out.
pub(crate) fn states(world: &World) -> Vec<(&'static str, World)> {
    let turned = |request: &OperatorRequest| {
        let mut world = world.clone();
        world.asked(request, "dana").ok().map(|_| world.goes_on())
    };
    let back = turned(&rollback());
    let cleaning = turned(&OperatorRequest::CleanUp);
    let stopped = |world: &Option<World>, request: &OperatorRequest| {
        let mut world = world.clone()?;
        world.asked(request, "dana").ok()?;
        Some(world.goes_on())
    };
    let all = [
        ("as it is", Some(world.clone())),
        ("paused", turned(&OperatorRequest::Pause)),
        ("halted", turned(&halt())),
        ("going back", back.clone()),
        ("going back, paused", stopped(&back, &OperatorRequest::Pause)),
        ("going back, halted", stopped(&back, &halt())),
        ("cleaning up", cleaning.clone()),
        ("cleaning up, paused", stopped(&cleaning, &OperatorRequest::Pause)),
        ("cleaning up, halted", stopped(&cleaning, &halt())),
    ];
    all.into_iter().filter_map(|(word, world)| world.map(|world| (word, world))).collect()
}

/// Every request, with its name in the table.
pub(crate) fn requests(world: &World, step: &str) -> Vec<(&'static str, OperatorRequest)> {
    let resolve =
        |outcome| OperatorRequest::Resolve { step: step.to_owned(), outcome, reason: "because".to_owned() };
    let subject = "db";
    let OperatorRequest::ChangePoint { ladder, .. } = world.change_point(subject) else { unreachable!() };
    vec![
        ("approve STEP", approve(step)),
        ("reject STEP", reject(step)),
        ("resolve STEP --happened", resolve(Outcome::Happened)),
        ("resolve STEP --did-not-happen", resolve(Outcome::DidNotHappen)),
        ("choose db=POLICY", OperatorRequest::Choose { subject: subject.to_owned(), ladder }),
        ("retry STEP", retry(step)),
        ("retry", OperatorRequest::Retry { step: None }),
        ("skip STEP --reason TEXT", skip(step)),
        ("pause", OperatorRequest::Pause),
        ("halt", halt()),
        ("resume", OperatorRequest::Resume),
        ("change-point db=POLICY", world.change_point(subject)),
        ("commit", OperatorRequest::Commit { delete_sources: None }),
        ("rollback", rollback()),
        ("cleanup", OperatorRequest::CleanUp),
    ]
}

/// What a request comes to: whether it is allowed, and in words how.
fn outcome(world: &World, request: &OperatorRequest, step: NodeId) -> (bool, String) {
    let before = (words::step(&world.run, step), words::run(&world.run), words::way(&world.run));
    let mut world = world.clone();
    match world.asked(request, "dana") {
        Err(Refusal { why, instead }) => {
            let ways: Vec<String> = instead.iter().map(|way| way.command.clone()).collect();
            let ways =
                if ways.is_empty() { "nothing is possible any more".to_owned() } else { ways.join(" | ") };
            (false, format!("{why} → {ways}"))
        }
        Ok(event) => {
            let after = (words::step(&world.run, step), words::run(&world.run), words::way(&world.run));
            let mut text = event;
            for (what, from, to) in [
                ("step", before.0.as_str(), after.0.as_str()),
                ("run", &before.1, &after.1),
                ("way", before.2, after.2),
            ] {
                if from != to {
                    write!(text, "; {what}: {from} → {to}").unwrap();
                }
            }
            let next: Vec<String> = world
                .run
                .next(world.now)
                .iter()
                .map(|command| match command {
                    Command::Begin { node, attempt: 1, .. } => format!("begins `{}`", world.name(*node)),
                    Command::Begin { node, attempt, .. } => {
                        format!("begins `{}`, attempt {attempt}", world.name(*node))
                    }
                    Command::Resolve { node, .. } => format!("asks the estate about `{}`", world.name(*node)),
                    Command::Record(kind) => format!("records {}", event_word(kind)),
                })
                .collect();
            let shown = next.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let more = if next.len() > 3 { format!(" and {} more", next.len() - 3) } else { String::new() };
            if !next.is_empty() {
                write!(text, "; then {shown}{more}").unwrap();
            }
            (true, text)
        }
    }
}

/// One scene: who stands how, a row a request, and below what each mark means.
fn block(scene: &Scene) -> String {
    let mut states = states(&scene.world);
    // Where a run ends at once, there is nothing to ask any more.
    states.retain(|(word, world)| *word == "as it is" || world.run.ended().is_none());
    let node = scene.world.node(scene.step);
    let runbook = scene.world.run.runbook();
    let mut text = format!("== {} ==\n", scene.name);
    let run = &scene.world.run;
    let window = if run.window_opened().is_some() { "open" } else { "not open" };
    let commit = if run.commit_began() { ", the commit has begun" } else { "" };
    writeln!(
        text,
        "   {}: STEP is `{}`, {}; the run is {}, {}; its window is {window}{commit}",
        runbook.what(),
        scene.step,
        words::step(run, node),
        words::run(run),
        words::way(run)
    )
    .unwrap();
    let mut notes: Vec<(bool, String)> = Vec::new();
    let mut rows: Vec<Vec<String>> = vec![
        ["request"].into_iter().chain(states.iter().map(|(word, _)| *word)).map(str::to_owned).collect(),
    ];
    for (label, request) in requests(&scene.world, scene.step) {
        let mut row = vec![label.to_owned()];
        for (_, world) in &states {
            let found = outcome(world, &request, node);
            // A refusal is one, whatever else is possible in the one state or the other: the first is shown.
            let same = |note: &(bool, String)| {
                let why = |text: &str| text.split(" → ").next().map(str::to_owned);
                *note == found || (!note.0 && !found.0 && why(&note.1) == why(&found.1))
            };
            let number = match notes.iter().position(same) {
                Some(place) => place + 1,
                None => {
                    notes.push(found.clone());
                    notes.len()
                }
            };
            row.push(format!("{} {number}", if found.0 { "yes" } else { "no " }));
        }
        rows.push(row);
    }
    let columns = rows[0].len();
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap()).collect();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(text, "   {}", cells.join("  ").trim_end()).unwrap();
    }
    for (number, (allowed, what)) in (1..).zip(&notes) {
        writeln!(text, "   {number:>3} {} {what}", if *allowed { "yes" } else { "no " }).unwrap();
    }
    text
}

const HEAD: &str = "\
The operator's desk, in full: what becomes of every request in every state. Made by tests/desk from the core
itself; UPDATE_EXPECT=1 cargo test --test desk writes it. The condensed table is docs/desk.md.

A block a state: how the run and STEP stand, a row a request, a column for the state as it is and for what
operators may have made of it before (paused it, halted it, had it go back or cleaned up). A mark is `yes` or
`no` and the number of what becomes of it, below: the event and what it changes, or the reason and, behind the
arrow, what is possible instead in the first state so marked (up to three ways; the test tries those of every
state, and each has an effect).

";

#[test]
fn the_desk_is_as_written_down() {
    let blocks: Vec<String> = scenes::all().iter().map(block).collect();
    let text = format!("{HEAD}{}", blocks.join("\n"));
    expect_file!["../golden/desk.txt"].assert_eq(&text);
}
