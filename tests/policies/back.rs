//! The way back: scripts undone in the reverse order, machines between them, what failed on the way, and what
//! was under way when it was asked for.

use musterpoint::event::EventKind;
use musterpoint::run::{NodeState, SkipReason};

use crate::lab::{Does, Kind, PLANNED, UNPLANNED, World, rollback};

/// Scripts before and after the machines, each with an undo, and one without.
const CHAIN: &[(&str, &str)] = &[
    ("  wait    settle { duration = 5m, because = \"queues drain\" }", "  script  settle { operations = [failover], run = [\"/bin/true\"], timeout = 5m, undo { run = [\"/bin/true\"], timeout = 5m } }"),
    ("  script  smoke  { operations = [failover, failback, test], run = [\"/bin/true\"], timeout = 5m }",
     "  script  smoke  { operations = [failover], run = [\"/bin/true\"], timeout = 5m, undo { run = [\"/bin/true\"], timeout = 5m } }
  script  open   { operations = [failover], run = [\"/bin/true\"], timeout = 5m, undo { run = [\"/bin/true\"], timeout = 5m } }
  script  tell   { operations = [failover], run = [\"/bin/true\"], timeout = 5m }"),
    ("up -> smoke -> accept", "up -> smoke -> open -> tell -> accept"),
];

/// The steps of the way back in the order in which they began.
fn began(world: &World) -> Vec<String> {
    let back = world.events.iter().position(|event| matches!(event.kind, EventKind::RollbackStarted { .. }));
    world.events[back.expect("a way back")..]
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StepStarted { node, .. } => Some(world.name(*node).to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
fn scripts_are_undone_in_the_reverse_order_with_the_machines_between() {
    let world = World::new(Kind { edits: CHAIN, ..PLANNED }).brought_up().dana(&rollback());
    let order = began(&world);
    let machines = ["roll back sql01", "roll back sql02", "roll back jump01"];
    let (before, rest) = order.split_at(2);
    let (middle, after) = rest.split_at(3);
    assert_eq!(before, ["undo open", "undo smoke"]);
    assert!(machines.iter().all(|name| middle.contains(&(*name).to_owned())), "{order:?}");
    assert_eq!(after, ["undo settle", "undo freeze"]);
    assert_eq!(world.run.state().word(), "rolled-back");
}

#[test]
fn only_what_was_done_is_undone() {
    // It stops at `smoke`: what stands after that never began, and its own effect is not known to be there.
    let world = World::new(Kind { edits: CHAIN, ..UNPLANNED }).when("smoke", &[Does::Fails]).brought_up();
    let world = world.dana(&rollback());
    let order = began(&world);
    assert!(!order.iter().any(|step| step == "undo smoke" || step == "undo open"), "{order:?}");
    assert_eq!(order.last().map(String::as_str), Some("undo freeze"));
    let nothing = world.run.node(world.node("undo open"));
    assert!(matches!(nothing, NodeState::Skipped { because: SkipReason::NothingToUndo, .. }), "{nothing:?}");
}

/// Its undo was looked at when the way back began, and left out, although the script ended well a moment later.
#[test]
fn a_script_that_ends_after_the_way_back_was_asked_for_is_undone() {
    for (at, undo) in [("freeze", "undo freeze"), ("open", "undo open")] {
        let world = World::new(Kind { edits: CHAIN, ..PLANNED }).when(at, &[Does::Lasts]).brought_up();
        let mut world = world.dana(&rollback());
        assert!(began(&world).is_empty(), "{at}: the way back begins when it has ended");
        let node = world.node(at);
        let detail = musterpoint::event::Detail::default();
        world.happens(EventKind::StepSucceeded { node, detail, found: false });
        let world = world.goes_on();
        assert!(began(&world).contains(&undo.to_owned()), "{at}: {:?}", began(&world));
        assert_eq!(world.run.state().word(), "rolled-back");
    }
    // One that failed after all has nothing to undo.
    let world = World::new(Kind { edits: CHAIN, ..PLANNED }).when("open", &[Does::Lasts]).brought_up();
    let world = world.dana(&rollback()).failed("open");
    assert!(!began(&world).contains(&"undo open".to_owned()), "{:?}", began(&world));
}

#[test]
fn what_cannot_be_undone_is_listed_and_keeps_no_source_from_coming_back() {
    let world = World::new(Kind { edits: CHAIN, ..PLANNED }).when("undo open", &[Does::Fails]).brought_up();
    let world = world.dana(&rollback());
    assert_eq!(world.run.state().word(), "rolled-back");
    assert!(began(&world).contains(&"roll back sql01".to_owned()));
    let listed = world.run.exceptions().iter().any(|one| one.about == "undo open");
    assert!(listed, "{:?}", world.run.exceptions());
}

#[test]
fn a_machine_that_cannot_be_brought_back_holds_up_no_other_and_stays_with_a_person() {
    let world =
        World::new(Kind { edits: CHAIN, ..PLANNED }).when("roll back sql01", &[Does::Fails]).brought_up();
    let world = world.dana(&rollback());
    assert_eq!(world.run.state().word(), "halted");
    for machine in ["roll back sql02", "roll back jump01"] {
        assert!(world.run.node(world.node(machine)).is_done(), "{machine}");
    }
    let world = world.dana(&crate::lab::retry("roll back sql01"));
    assert_eq!(world.run.state().word(), "rolled-back");
}

/// A way back that was asked for in the night waited ten minutes for a check, or half an hour for a pause.
#[test]
fn the_way_back_waits_for_acts_and_gives_up_looks_and_pauses() {
    let world = World::new(PLANNED).when("up", &[Does::Lasts]).brought_up().dana(&rollback());
    assert_eq!(world.run.state().word(), "rolled-back");
    let go = crate::lab::approve("go");
    let world = World::new(PLANNED).goes_on().does_as("dana", &go).does_as("lee", &go);
    assert!(world.run.node(world.node("settle")).is_active());
    assert_eq!(world.dana(&rollback()).run.state().word(), "rolled-back");
    let world = World::new(PLANNED).when("shut down sql01", &[Does::Lasts]).has_begun().dana(&rollback());
    assert!(began(&world).is_empty(), "an act is followed to its end");
}

/// Logs of engines that followed looks to their end are read still.
#[test]
fn the_end_of_a_look_that_was_given_up_changes_nothing() {
    let world =
        World::new(PLANNED).when("up", &[Does::Lasts]).when("roll back sql01", &[Does::Lasts]).brought_up();
    let mut world = world.dana(&rollback());
    let (up, before) = (world.node("up"), world.run.clone());
    let detail = musterpoint::event::Detail::default();
    world.happens(EventKind::StepSucceeded { node: up, detail, found: false });
    assert_eq!(world.run.node(up), before.node(up));
    assert_eq!(world.run.next(world.now), before.next(world.now));
}

#[test]
fn a_rule_that_says_rollback_waits_for_whoever_stopped_the_run() {
    let smoke =
        "script  smoke  { operations = [failover, failback, test], run = [\"/bin/true\"], timeout = 5m }";
    let with = smoke.replace("timeout = 5m }", "timeout = 5m, on_failure = rollback }");
    let kind = Kind { edits: &[(smoke, &with)], ..PLANNED };
    let failed = |by: musterpoint::run::OperatorRequest| {
        World::new(kind)
            .when("smoke", &[Does::Lasts])
            .when("roll back sql01", &[Does::Lasts])
            .brought_up()
            .dana(&by)
            .failed("smoke")
    };
    use musterpoint::run::OperatorRequest::{Pause, Resume};
    for stop in [Pause, crate::lab::halt()] {
        let world = failed(stop);
        assert!(!world.run.is_rolling_back(), "nobody goes back behind the back of who stopped it");
        assert!(world.clone().dana(&Resume).run.is_rolling_back(), "the plan's rule holds once it goes on");
        let again = world.clone().dana(&crate::lab::retry("smoke")).dana(&Resume);
        assert!(!again.run.is_rolling_back() && again.run.node(again.node("smoke")).is_done());
        let passed = world.dana(&crate::lab::skip("smoke")).dana(&Resume);
        assert!(!passed.run.is_rolling_back());
    }
}
