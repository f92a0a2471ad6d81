//! People whom the plan asks: they answer after a while, too late, or with no.

use musterpoint::model::{ApproveStep, CommitPolicy, IfLate, IfRejected, Template, VmId};
use musterpoint::rehearse::{Ended, Keep, Lengths, Outcome, Scene, Source, Sources, Told, play};
use musterpoint::runbook::{Act, CommitGate, NodeId};
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::Id as _;

use crate::stage::{Graph, exactly, s, told};

fn approval(if_late: IfLate, if_rejected: IfRejected) -> Act {
    Act::Approve(ApproveStep {
        prompt: Template::plain("go on?"),
        by: "anyone".to_owned(),
        quorum: 2,
        within: s(300),
        if_late,
        if_rejected,
    })
}

/// An approval that is answered after a minute, and then a machine.
fn stage(if_late: IfLate, if_rejected: IfRejected) -> Scene {
    let mut graph = Graph::default();
    let go = graph.step("go", approval(if_late, if_rejected), &[], exactly(60));
    graph.machine(0, &[go], [exactly(10), exactly(10)]);
    graph.scene(1)
}

fn outcome(scene: &Scene, faults: &[&str]) -> Outcome {
    Outcome::of(scene, &play(scene, &told(scene, faults), 1, Keep::Run), 1)
}

#[test]
fn an_answer_takes_as_long_as_said_and_every_voice_is_heard() {
    let scene = stage(IfLate::Halt, IfRejected::Halt);
    let found = outcome(&scene, &[]);
    assert_eq!((found.ended, found.reached), (Ended::Completed, Some(s(80))));
    let found = outcome(&scene, &["late go 2m"]);
    assert_eq!((found.ended, found.reached), (Ended::Completed, Some(s(200))));
}

#[test]
fn an_answer_that_comes_too_late_meets_the_rule_of_the_plan() {
    let late = |rule| outcome(&stage(rule, IfRejected::Halt), &["late go"]);
    let halts = late(IfLate::Halt);
    assert_eq!((halts.ended, halts.reached, halts.whole), (Ended::Halted, None, s(300)));
    let goes = late(IfLate::Go);
    assert_eq!((goes.ended, goes.reached), (Ended::CompletedWithExceptions, Some(s(320))));
    let waits = late(IfLate::KeepWaiting);
    assert_eq!((waits.ended, waits.reached), (Ended::CompletedWithExceptions, Some(s(380))));
}

#[test]
fn a_no_halts_or_goes_back() {
    let no = |rule| outcome(&stage(IfLate::Halt, rule), &["reject go"]);
    assert_eq!(no(IfRejected::Halt).ended, Ended::Halted);
    let back = no(IfRejected::Rollback);
    assert_eq!(back.ended, Ended::RolledBack);
    assert!(back.why.unwrap().contains("`go` was rejected"));
}

#[test]
fn windows_that_wait_for_an_operator_are_closed() {
    for (policy, ended, whole) in [
        (CommitPolicy::Manual, Ended::Completed, 20 + 90 + 5),
        (CommitPolicy::Auto(s(600)), Ended::Completed, 20 + 600 + 5),
        (CommitPolicy::Rollback(s(600)), Ended::Completed, 20 + 90 + 5),
        // Nobody commits before the timer runs out.
        (CommitPolicy::Rollback(s(60)), Ended::RolledBack, 20 + 60),
    ] {
        let mut graph = Graph::default();
        let [_, up] = graph.machine(0, &[], [exactly(10), exactly(10)]);
        let vm = VmId::from_index(0);
        let gate = CommitGate { policy, gated: false, deletes_sources: true, vms: vec![vm] };
        let gate = graph.step("commit", Act::CommitGate(gate), &[up], exactly(90));
        graph.step("commit vm0", Act::Commit { vm }, &[gate], exactly(5));
        let found = outcome(&graph.scene(1), &[]);
        assert_eq!((found.ended, found.whole), (ended, s(whole)), "{policy:?}");
    }
}

#[test]
fn how_long_people_think_is_said_or_guessed_and_never_past_their_time() {
    let runbook = Arc::clone(stage(IfLate::Halt, IfRejected::Halt).runbook());
    let think = |answer_after: Option<Duration>| {
        let lengths = Lengths::of(&runbook, &Sources { answer_after, ..Sources::default() });
        let known = lengths.at(NodeId::from_index(0)).clone();
        let scene = Scene::new(Arc::clone(&runbook), lengths);
        let played = play(&scene, &Told::default(), 1, Keep::Run);
        (known.source, played.run.times(NodeId::from_index(0)).1.map(|at| at.since(scene.start())))
    };
    assert_eq!(think(Some(s(7))), (Source::SaidAnswer, Some(s(7))));
    assert_eq!(think(None), (Source::Guess, Some(s(150))), "half of the five minutes allowed");
}
