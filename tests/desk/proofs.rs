//! What holds of every state and request: an allowed one has an effect, a refused one names a way on that is
//! taken and has one, and no word of a state is missing.

use std::collections::BTreeSet;

use musterpoint::base::Timestamp;
use musterpoint::run::{Command, OperatorRequest, Run, Way, Who};

use crate::lab::World;
use crate::{scenes, table, words};

/// Everything of a run that an operator could tell apart: states of steps, the run's own, what it does next,
/// and the choices in force.
fn stands(run: &Run, now: Timestamp) -> (Vec<String>, String, Vec<Command>, Vec<String>) {
    let runbook = run.runbook();
    let steps = runbook.nodes.ids().map(|node| format!("{:?}", run.node(node))).collect();
    let subjects = runbook.subjects.ids();
    let points = subjects.map(|subject| {
        format!("{:?} {:?} {}", run.bound(subject), run.ladder(subject), run.was_chosen(subject))
    });
    (steps, words::run(run) + words::way(run), run.next(now), points.collect())
}

/// Does what a request asks, on a run of its own. Says why it is not allowed, or that it changed nothing.
#[track_caller]
fn has_an_effect(world: &World, request: &OperatorRequest, by: &str, of: &str) {
    let mut world = world.clone();
    let before = stands(&world.run, world.now);
    if let Err(refusal) = world.asked(request, by) {
        panic!("{of}: {refusal}");
    }
    assert!(
        stands(&world.run, world.now) != before,
        "{of}: `{}` is taken and changes nothing",
        request.verb()
    );
    // Whatever is taken leads on: the core goes on from there, and nothing of it is impossible.
    drop(world.goes_on());
}

/// Who asks a way on.
fn asks(way: &Way) -> &str {
    match &way.by {
        None => "dana",
        Some(Who::OneOf(people)) => &people[0],
        Some(Who::SomebodyElse) => "nobody-in-particular",
    }
}

#[test]
fn whatever_is_allowed_has_an_effect_and_every_refusal_names_a_way_that_is_taken() {
    let (mut allowed, mut refused) = (0, 0);
    for scene in scenes::all() {
        for (state, world) in table::states(&scene.world) {
            if world.run.ended().is_some() {
                continue;
            }
            for (label, request) in table::requests(&world, scene.step) {
                let of = format!("{}, {state}, {label}", scene.name);
                match world.clone().asked(&request, "dana") {
                    Ok(_) => {
                        has_an_effect(&world, &request, "dana", &of);
                        allowed += 1;
                    }
                    Err(refusal) => {
                        let text = refusal.to_string();
                        assert!(!refusal.instead.is_empty(), "{of}: names nothing that is possible: {text}");
                        assert!(!text.contains('\n') && !text.ends_with('.'), "{of}: {text}");
                        for way in &refusal.instead {
                            assert!(text.contains(&way.command), "{of}: {text}");
                            has_an_effect(&world, &way.request, asks(way), &format!("{of}: {text}"));
                        }
                        refused += 1;
                    }
                }
            }
        }
    }
    // A walk that sees few states proves little.
    assert!(allowed > 700 && refused > 2000, "{allowed} allowed, {refused} refused");
}

#[test]
fn every_word_of_a_state_is_seen() {
    let mut seen = BTreeSet::new();
    for scene in scenes::all() {
        for (_, world) in table::states(&scene.world) {
            seen.extend(words::seen(&world.run, world.node(scene.step)));
        }
    }
    let missing: Vec<_> = words::all().into_iter().filter(|word| !seen.contains(word)).collect();
    assert!(missing.is_empty(), "no scene shows {missing:?}");
}

#[test]
fn whoever_does_not_hold_a_role_is_told_who_does_and_it_is_true() {
    for (scene, label) in [
        ("an approval waits", "approve STEP"),
        ("an approval waits", "reject STEP"),
        ("a fence failed, and a role may vouch for it", "approve STEP"),
        ("what became of a fence is not known", "resolve STEP --happened"),
    ] {
        let scene = scenes::all().into_iter().find(|known| known.name == scene).unwrap();
        let mut requests = table::requests(&scene.world, scene.step).into_iter();
        let (_, request) = requests.find(|(known, _)| *known == label).unwrap();
        let refusal = scene.world.clone().asked(&request, "mallory").unwrap_err();
        assert!(refusal.why.contains("`dr_lead`") && refusal.why.contains("`dana`"), "{refusal}");
        let way = refusal.instead.iter().find(|way| way.by.is_some()).expect("somebody else can");
        assert_eq!(way.by, Some(Who::OneOf(vec!["dana".to_owned(), "lee".to_owned()])));
        has_an_effect(&scene.world, &way.request, asks(way), label);
    }
}
