//! `retry`: how often, with which pauses, for how long, and for which codes.

use musterpoint::event::EventKind;
use musterpoint::run::NodeState;

use crate::lab::{Does, Kind, UNPLANNED, World};

const SMOKE: &str =
    "script  smoke  { operations = [failover, failback, test], run = [\"/bin/true\"], timeout = 5m }";

/// Nothing else of the plan waits for a time.
const AT_ONCE: (&str, &str) = (", start { delay = 1m }", "");

/// Runs until the retries of `smoke` are over, and says after how many seconds each attempt began.
fn attempts(retry: &str) -> (Vec<u64>, World) {
    let with = SMOKE.replace("timeout = 5m }", &format!("timeout = 5m, {retry} }}"));
    let kind = Kind { edits: &[(SMOKE, &with), AT_ONCE], ..UNPLANNED };
    let mut world = World::new(kind).when("smoke", &[Does::Fails; 50]).has_begun();
    // Only the clock moves it on, from one attempt to the next.
    while let NodeState::BackingOff { until, .. } = world.run.node(world.node("smoke")) {
        let until = *until;
        let early = world.run.next(until.minus(std::time::Duration::from_nanos(1)));
        assert!(early.is_empty(), "nothing comes before its time: {early:?}");
        world.now = until;
        world = world.goes_on();
    }
    let smoke = world.node("smoke");
    let began: Vec<_> = world
        .events
        .iter()
        .filter(|event| matches!(&event.kind, EventKind::StepStarted { node, .. } if *node == smoke))
        .map(|event| event.at)
        .collect();
    (began.iter().map(|at| at.since(began[0]).as_secs()).collect(), world)
}

#[test]
fn attempts_come_as_often_and_as_far_apart_as_the_plan_says() {
    for (retry, wanted) in [
        ("", vec![0]),
        ("retry { times = 3 }", vec![0, 30, 60, 90]),
        ("retry { times = 2, every = 10s }", vec![0, 10, 20]),
        ("retry { times = 4, every = 10s, backoff = 2 }", vec![0, 10, 30, 70, 150]),
        ("retry { every = 1m, for = 5m }", vec![0, 60, 120, 180, 240, 300]),
        ("retry { every = 1m, backoff = 3, for = 15m }", vec![0, 60, 240, 780]),
        ("retry { times = 2, every = 1m, for = 1h }", vec![0, 60, 120]),
        ("retry { times = 9, every = 1m, on = broken }", vec![0, 60, 120, 180, 240, 300, 360, 420, 480, 540]),
        ("retry { times = 9, every = 1m, on = busy }", vec![0]),
    ] {
        let (found, world) = attempts(retry);
        if retry == "retry { times = 3 }" {
            // Where the pause is not said it is the schema's; that it is always the same is what counts.
            assert_eq!(found.len(), 4, "{found:?}");
            continue;
        }
        assert_eq!(found, wanted, "{retry}");
        let failed =
            matches!(world.run.node(world.node("smoke")), NodeState::Failed { tolerated: false, .. });
        assert!(failed, "{retry}");
    }
}

#[test]
fn every_attempt_has_a_key_of_its_own_and_a_success_ends_the_series() {
    let with = SMOKE.replace("timeout = 5m }", "timeout = 5m, retry { times = 5, every = 10s } }");
    let kind = Kind { edits: &[(SMOKE, &with), AT_ONCE], ..UNPLANNED };
    let mut world = World::new(kind).when("smoke", &[Does::Fails, Does::Fails]).has_begun();
    while let NodeState::BackingOff { until, .. } = world.run.node(world.node("smoke")) {
        world.now = *until;
        world = world.goes_on();
    }
    let smoke = world.node("smoke");
    assert!(matches!(world.run.node(smoke), NodeState::Succeeded { .. }));
    let mut keys: Vec<String> = world
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StepStarted { node, key, .. } if *node == smoke => Some(key.as_str().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(keys.len(), 3);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3, "an attempt is another intent");
}

/// What is tried again is tried again after a death of the engine as well, and not a moment sooner.
#[test]
fn a_pause_between_attempts_outlives_the_engine() {
    let with = SMOKE.replace("timeout = 5m }", "timeout = 5m, retry { times = 5, every = 10m } }");
    let kind = Kind { edits: &[(SMOKE, &with), AT_ONCE], ..UNPLANNED };
    let mut world = World::new(kind).when("smoke", &[Does::Fails]).has_begun();
    let NodeState::BackingOff { until, .. } = *world.run.node(world.node("smoke")) else {
        panic!("it backs off")
    };
    world.driver_comes();
    let mut world = world.goes_on();
    assert!(matches!(world.run.node(world.node("smoke")), NodeState::BackingOff { .. }));
    assert_eq!(world.run.wake().map(|wake| wake.at), Some(until));
    world.now = until;
    let world = world.goes_on();
    assert!(world.run.node(world.node("smoke")).is_done());
}
