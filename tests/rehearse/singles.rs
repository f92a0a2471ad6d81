//! Every single fault, tried: what is counted, and that its words replay it. Deaths of the engine change
//! nothing but the time.

use musterpoint::model::OnFailure;
use musterpoint::rehearse::{Ended, Fault, Keep, Outcome, Scene, Told, Verdict, play, singles};
use musterpoint::run::NodeState;
use musterpoint::runbook::Act;

use crate::stage::{Graph, exactly};

/// Two machines, the second optional, and a check.
fn stage() -> Scene {
    let mut graph = Graph::default();
    let [made, up] = graph.machine(0, &[], [exactly(100), exactly(10)]);
    let [other, late] = graph.machine(1, &[], [exactly(90), exactly(10)]);
    let check = graph.check("answers", 0, &[up], exactly(10));
    for node in [made, up, check] {
        graph.rule(node, OnFailure::Halt);
    }
    for node in [other, late] {
        graph.nodes.at_mut(node).policy.optional = true;
    }
    graph.scene(2)
}

#[test]
fn each_fault_is_tried_once_on_each_step_that_it_can_hit() {
    let scene = stage();
    let found = singles(&scene, &Told::default(), 1);
    let writes = play(&scene, &Told::default(), 1, Keep::Run).writes as usize;
    // Four verbs with five faults each, one check, two sites, and each write.
    assert_eq!((found.possible, found.counts.tried), (23 + writes, 23 + writes));
    let of = |kind: &str, what: &str| {
        let (_, counts) =
            found.by_sort.iter().find(|(sort, _)| sort.kind == kind && sort.what == what).unwrap();
        (counts.tried, counts.survived, counts.needs_person)
    };
    assert_eq!(of("fail_over", "refused for good"), (2, 1, 1), "an optional machine may be lost");
    assert_eq!(of("fail_over", "refused once, may be retried"), (2, 2, 0));
    assert_eq!(of("fail_over", "hangs past its deadline"), (2, 1, 1));
    assert_eq!(of("fail_over", "answer lost, found done"), (2, 2, 0));
    assert_eq!(of("fail_over", "answer lost, the estate cannot tell"), (2, 0, 2));
    assert_eq!(of("start", "answer lost, the estate cannot tell"), (2, 2, 0), "it does no harm to repeat it");
    assert_eq!(of("check", "never passes"), (1, 0, 1));
    assert_eq!(of("site", "of the source cannot be reached"), (1, 1, 0), "an unplanned run needs no source");
    assert_eq!(of("site", "of the target cannot be reached"), (1, 0, 1));
    assert_eq!(of("engine", "dies after a write"), (writes, writes, 0));
    let counts = found.counts;
    assert_eq!(counts.tried, counts.survived + counts.needs_person + counts.rolled_back + counts.failed);
    assert_eq!(counts.needs_person, found.lost.len());
}

#[test]
fn the_words_of_a_fault_replay_it_exactly() {
    let scene = stage();
    let found = singles(&scene, &Told::default(), 5);
    for single in &found.lost {
        let again = Fault::read(&single.fault.to_string(), scene.runbook()).unwrap();
        assert_eq!(again, single.fault);
        let played = play(&scene, &Told::new(&scene, vec![again]), 5, Keep::Log);
        assert_eq!(Outcome::of(&scene, &played, 5), single.outcome, "{}", single.fault);
    }
}

/// A death costs the lease and whatever was only looked at; nothing is done twice, nothing is left out.
#[test]
fn an_engine_that_dies_at_any_write_comes_to_the_same_end() {
    let scene = stage();
    let base = play(&scene, &Told::default(), 3, Keep::Log);
    assert_eq!(Outcome::of(&scene, &base, 3).ended, Ended::Completed);
    assert!(base.writes > 8, "{}", base.writes);
    for write in 1..=base.writes {
        let played = play(&scene, &Told::new(&scene, vec![Fault::Dies(write)]), 3, Keep::Log);
        let outcome = Outcome::of(&scene, &played, 3);
        assert_eq!(outcome.ended, Ended::Completed, "write {write}: {:?}", outcome.why);
        for (id, node) in scene.runbook().nodes.iter_enumerated() {
            assert!(
                matches!(played.run.node(id), NodeState::Succeeded { .. }),
                "write {write}: `{}`",
                node.name
            );
            assert_eq!(played.run.attempts(id), 1, "write {write}: `{}`", node.name);
        }
        // The log up to the death is the same: a death is no other run.
        let same = played.log.iter().zip(&base.log).take_while(|(one, other)| one == other).count();
        let dead = played
            .log
            .iter()
            .skip(2)
            .position(|event| matches!(event.kind, musterpoint::event::EventKind::DriverStarted { .. }));
        assert_eq!(dead.map_or(base.log.len(), |at| at + 2), same, "write {write}");
    }
}

#[test]
fn a_death_beside_a_fault_is_rehearsed_too() {
    let scene = stage();
    for write in 1..12 {
        let faults =
            [format!("die at {write}"), "forget start vm0 once".to_owned(), "lose fail_over vm0".to_owned()];
        let faults = faults.iter().map(|text| Fault::read(text, scene.runbook()).unwrap()).collect();
        let outcome = Outcome::of(&scene, &play(&scene, &Told::new(&scene, faults), 1, Keep::Run), 1);
        assert_eq!(outcome.ended.verdict(), Verdict::Survived, "{outcome:?}");
    }
}

#[test]
fn every_verb_of_a_runbook_is_hit_by_its_own_faults_only() {
    let scene = stage();
    let starts = Fault::read("fail start *", scene.runbook()).unwrap();
    let played = play(&scene, &Told::new(&scene, vec![starts]), 1, Keep::Run);
    for (id, node) in scene.runbook().nodes.iter_enumerated() {
        let failed = matches!(played.run.node(id), NodeState::Failed { .. });
        assert_eq!(failed, matches!(node.act, Act::Start { .. }), "`{}`", node.name);
    }
}
