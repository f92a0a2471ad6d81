//! Runbooks small enough to be reckoned by hand: how long they take, and what holds them up.

use std::time::Duration;

use musterpoint::base::Id as _;
use musterpoint::event::Lasts;
use musterpoint::model::{OnFailure, Retry};
use musterpoint::rehearse::{Ended, Keep, Outcome, Scene, Told, play, study};
use musterpoint::run::NodeState;
use musterpoint::runbook::NodeId;

use crate::stage::{Graph, exactly, s, seen, told};

fn name(scene: &Scene, node: NodeId) -> String {
    scene.runbook().nodes.at(node).name.clone()
}

/// The critical path of the middle run: step, seconds it took, seconds it waited before.
fn path(scene: &Scene, seed: u64) -> Vec<(String, u64, u64)> {
    let study = study(scene, &Told::default(), 1, seed);
    let steps = study.path.expect("a path").steps;
    let step = |held: &musterpoint::run::Held| {
        (
            name(scene, held.node),
            held.ended.since(held.began).as_secs(),
            held.began.since(held.free).as_secs(),
        )
    };
    steps.iter().map(step).collect()
}

#[test]
fn a_chain_takes_its_sum_and_of_two_ways_the_longer_one_holds() {
    let mut graph = Graph::default();
    let [_, up] = graph.machine(0, &[], [exactly(60), exactly(10)]);
    graph.machine(1, &[], [exactly(45), exactly(5)]);
    graph.machine(2, &[up], [exactly(20), exactly(7)]);
    let scene = graph.scene(3);
    let study = study(&scene, &Told::default(), 5, 1);
    let rto = study.rto.unwrap();
    assert_eq!((rto.min, rto.p50, rto.p95, rto.max), (s(97), s(97), s(97), s(97)));
    assert_eq!((study.reached, study.survived()), (5, 5));
    let path = path(&scene, 1);
    let wanted =
        [("fail over vm0", 60, 0), ("start vm0", 10, 0), ("fail over vm2", 20, 0), ("start vm2", 7, 0)];
    assert_eq!(path, wanted.map(|(name, took, waited)| (name.to_owned(), took, waited)));
    let held: Vec<(String, u32, Duration)> = study
        .holders
        .iter()
        .map(|holder| (name(&scene, holder.node), holder.runs, holder.mean_held()))
        .collect();
    let wanted =
        [("fail over vm0", s(60)), ("fail over vm2", s(20)), ("start vm0", s(10)), ("start vm2", s(7))];
    assert_eq!(held, wanted.map(|(name, held)| (name.to_owned(), 5, held)), "what holds most comes first");
}

#[test]
fn a_step_that_waits_for_a_slot_says_how_long() {
    // Two machines may be powered on at once; three are ready together.
    let mut graph = Graph::default();
    for number in 0..3 {
        graph.machine(number, &[], [exactly(10), exactly(30)]);
    }
    let scene = graph.scene(3);
    assert_eq!(study(&scene, &Told::default(), 1, 1).rto.unwrap().p50, s(70));
    assert_eq!(path(&scene, 1), [("fail over vm2".to_owned(), 10, 0), ("start vm2".to_owned(), 30, 30)]);
}

#[test]
fn a_delay_is_waiting_and_a_pause_is_taking() {
    let mut graph = Graph::default();
    let [_, up] = graph.machine(0, &[], [exactly(10), exactly(10)]);
    graph.nodes.at_mut(up).policy.delay = s(25);
    let scene = graph.scene(1);
    assert_eq!(path(&scene, 1), [("fail over vm0".to_owned(), 10, 0), ("start vm0".to_owned(), 10, 25)]);
}

#[test]
fn the_spread_of_one_step_is_that_of_its_samples() {
    let mut graph = Graph::default();
    graph.machine(0, &[], [seen(&[100, 200, 300, 400]), exactly(0)]);
    let scene = graph.scene_with(1, |runbook| runbook.objective.rto = Some(s(300)));
    let study = study(&scene, &Told::default(), 4000, 7);
    let rto = study.rto.unwrap();
    assert_eq!((rto.min, rto.p95, rto.max), (s(100), s(400), s(400)));
    assert!(rto.p50 == s(200) || rto.p50 == s(300), "{rto:?}");
    // Three of four draws are within 300 s: 3000 of 4000, and four standard deviations are 110.
    let met = study.met.unwrap();
    assert!(met.abs_diff(3000) < 110, "{met}");
}

#[test]
fn the_longer_of_two_equal_chances_is_the_long_one_three_times_in_four() {
    let mut graph = Graph::default();
    graph.machine(0, &[], [seen(&[10, 20]), exactly(0)]);
    graph.machine(1, &[], [seen(&[10, 20]), exactly(0)]);
    let scene = graph.scene_with(2, |runbook| runbook.objective.rto = Some(s(10)));
    let study = study(&scene, &Told::default(), 4000, 3);
    // Both are short in one of four runs: 1000, and four standard deviations are 110.
    let short = study.met.unwrap();
    assert!(short.abs_diff(1000) < 110, "{short}");
    // Where both take as long, the first of the runbook is on the path; else the longer one: 3/4 and 1/4.
    let of = |name: &str| {
        let holder = study.holders.iter().find(|holder| scene.runbook().nodes.at(holder.node).name == name);
        holder.expect("a holder").runs
    };
    assert!(of("fail over vm0").abs_diff(3000) < 110, "{}", of("fail over vm0"));
    assert!(of("fail over vm1").abs_diff(1000) < 110, "{}", of("fail over vm1"));
}

#[test]
fn from_and_to_reach_both_ends_evenly() {
    let mut graph = Graph::default();
    graph.machine(0, &[], [Lasts::Between(s(1), s(4)), exactly(0)]);
    let scene = graph.scene(1);
    let mut count = [0_u32; 5];
    for seed in 0..4000 {
        let played = play(&scene, &Told::default(), seed, Keep::Run);
        let took = Outcome::of(&scene, &played, seed).reached.unwrap();
        count[took.as_secs() as usize] += 1;
    }
    assert_eq!(count[0], 0);
    assert!(count[1..].iter().all(|count| count.abs_diff(1000) < 110), "{count:?}");
}

#[test]
fn the_same_seed_gives_the_same_study_and_another_one_another() {
    let stage = || {
        let mut graph = Graph::default();
        for number in 0..4 {
            graph.machine(number, &[], [Lasts::Between(s(60), s(360)), Lasts::Between(s(40), s(120))]);
        }
        graph.scene(4)
    };
    let of = |seed: u64| {
        let scene = stage();
        study(&scene, &told(&scene, &["fail fail_over * 20%"]), 300, seed)
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1).rto, of(1000).rto);
    // Run by run: the second run of seed 1 is the first of seed 2.
    let scene = stage();
    let faults = told(&scene, &["fail fail_over * 20%"]);
    let first = study(&scene, &faults, 300, 1);
    for lost in first.lost.iter().take(20) {
        let again = study(&scene, &faults, 1, lost.seed);
        assert_eq!(again.lost, std::slice::from_ref(lost), "a lost run is replayed by its seed alone");
    }
    assert!(first.lost.len() > 100, "{}", first.lost.len());
}

#[test]
fn a_refusal_in_passing_costs_the_attempt_and_the_pause() {
    let mut graph = Graph::default();
    graph.machine(0, &[], [exactly(100), exactly(10)]);
    let scene = graph.scene(1);
    let reached = |faults: &[&str]| {
        let played = play(&scene, &told(&scene, faults), 1, Keep::Run);
        Outcome::of(&scene, &played, 1).reached.map(|took| took.as_secs())
    };
    assert_eq!(reached(&[]), Some(110));
    // An estate's passing refusal is tried again after 10 s, then after 20 s.
    assert_eq!(reached(&["fail fail_over vm0 once retry"]), Some(220));
    assert_eq!(reached(&["late fail_over vm0 1m"]), Some(170));
    assert_eq!(reached(&["lose fail_over vm0"]), Some(110), "what was done is found");
    assert_eq!(reached(&["drop fail_over vm0 once"]), Some(110), "what never arrived is sent again");
    assert_eq!(reached(&["fail fail_over vm0"]), None);
}

#[test]
fn what_never_arrives_goes_round_and_is_stopped() {
    let mut graph = Graph::default();
    graph.machine(0, &[], [exactly(100), exactly(10)]);
    let scene = graph.scene(1);
    let played = play(&scene, &told(&scene, &["drop fail_over vm0"]), 1, Keep::Run);
    assert!(played.endless);
    let outcome = Outcome::of(&scene, &played, 1);
    assert_eq!(outcome.ended, Ended::Endless);
    assert!(outcome.why.unwrap().contains("`fail over vm0`"));
}

#[test]
fn a_verb_that_hangs_is_cancelled_at_its_deadline_and_a_script_of_checks_looks_to_its_last() {
    let mut graph = Graph::default();
    let [made, up] = graph.machine(0, &[], [exactly(100), exactly(10)]);
    let check = graph.check("answers", 0, &[up], exactly(15));
    graph.nodes.at_mut(made).policy.timeout = Some(s(600));
    graph.rule(made, OnFailure::Block);
    let scene = graph.scene(1);
    let settled = |faults: &[&str], node: NodeId| {
        let played = play(&scene, &told(&scene, faults), 1, Keep::Run);
        let start = scene.start();
        match played.run.node(node) {
            NodeState::Failed { at, last, .. } => (at.since(start).as_secs(), last.timed_out),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(settled(&["hang fail_over vm0"], made), (601, true));
    // Late past its deadline is a hang as well.
    assert_eq!(settled(&["late fail_over vm0 9m"], made), (601, true));
    // Looks at 0, 5, … 60 s after 110 s.
    assert_eq!(settled(&["never answers"], check), (170, true));
    assert_eq!(settled(&["late answers 1m"], check), (170, true));
}

#[test]
fn a_retry_of_the_plan_is_kept_by_the_real_core() {
    let mut graph = Graph::default();
    let [_, up] = graph.machine(0, &[], [exactly(10), exactly(10)]);
    let check = graph.check("answers", 0, &[up], exactly(0));
    graph.nodes.at_mut(check).policy.retry =
        Some(Retry { times: Some(2), every: s(30), backoff: 1, limit: None, on: Vec::new() });
    let scene = graph.scene_with(1, |runbook| runbook.objective.until = Some(NodeId::from_index(2)));
    let reached = |fault: &str| {
        let played = play(&scene, &told(&scene, &[fault]), 1, Keep::Run);
        (played.run.attempts(check), Outcome::of(&scene, &played, 1).reached.map(|took| took.as_secs()))
    };
    // Up at 20 s; a minute of looks, half a minute of pause, and the next attempt passes at once.
    assert_eq!(reached("never answers once"), (2, Some(110)));
    assert_eq!(reached("never answers twice"), (3, Some(200)));
    assert_eq!(reached("never answers"), (3, None));
}
