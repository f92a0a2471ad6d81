//! The commit window: when it opens, and how each policy closes it, over deaths of the engine, pauses, and
//! stretches in which nobody looked after the run.

use std::fmt::Write as _;
use std::time::Duration;

use expect_test::expect;
use musterpoint::event::EventKind;
use musterpoint::run::{NodeState, OperatorRequest};

use crate::lab::{Does, Kind, PLANNED, UNPLANNED, World, approve, halt, runbook, skip};

const POLICY: &str = "policy = rollback(60m)";

/// A run whose window is open, and whose gates have passed.
fn at_the_gate(policy: &str) -> World {
    let edits = [(POLICY, policy)];
    World::new(Kind { edits: &edits, ..PLANNED }).brought_up().dana(&approve("accept"))
}

fn minutes(world: World, minutes: u64) -> World {
    world.after(minutes)
}

/// Nobody drives it for so long; then somebody does.
fn dead(mut world: World, minutes: u64) -> World {
    if world.run.ended().is_some() {
        return world;
    }
    world.now = world.now.plus(Duration::from_secs(minutes * 60));
    world.driver_comes();
    world.goes_on()
}

/// The engine stands still for so long, and goes on.
fn still(mut world: World, minutes: u64) -> World {
    if world.run.ended().is_some() {
        return world;
    }
    let since = world.now;
    world.now = world.now.plus(Duration::from_secs(minutes * 60));
    world.happens(EventKind::StoodStill { since });
    world.goes_on()
}

fn stopped(world: World, by: &OperatorRequest, minutes: u64) -> World {
    if world.run.ended().is_some() {
        return world;
    }
    world.dana(by).after(minutes).dana(&OperatorRequest::Resume)
}

/// What became of it: committed, on its way back, or asking; and whether checks looked again before.
fn became(world: &World) -> String {
    let looked = world.run.attempts(world.node("up")) > 1;
    let word = match world.run.node(world.node("commit")) {
        _ if world.run.is_rolling_back() => "rolled back",
        NodeState::Succeeded { .. } => "committed",
        NodeState::Waiting { question, .. } => match &**question {
            musterpoint::run::Question::Commit { overdue: true } => "asks, overdue",
            _ => "waits",
        },
        other => other.word(),
    };
    format!("{word}{}", if looked { ", its checks looked again" } else { "" })
}

#[test]
fn each_policy_holds_over_time_deaths_and_stops() {
    let mut text = String::new();
    type Change = (&'static str, fn(World) -> World);
    let changes: [Change; 10] = [
        ("59m pass", |world| minutes(world, 59)),
        ("60m pass", |world| minutes(world, 60)),
        ("dead for 30m", |world| dead(world, 30)),
        ("dead for 30m, then 31m pass", |world| minutes(dead(world, 30), 31)),
        ("dead for 2h", |world| dead(world, 120)),
        ("dead for 2h, twice", |world| dead(dead(world, 120), 120)),
        ("stands still for 2h", |world| still(world, 120)),
        ("paused for 2h", |world| stopped(world, &OperatorRequest::Pause, 120)),
        ("halted for 2h", |world| stopped(world, &halt(), 120)),
        ("paused for 10m, then 51m pass", |world| minutes(stopped(world, &OperatorRequest::Pause, 10), 51)),
    ];
    for policy in ["policy = manual", "policy = auto(60m)", "policy = rollback(60m)", ""] {
        writeln!(text, "commit {{ {policy} }}").unwrap();
        for (change, of) in &changes {
            writeln!(text, "  {change}: {}", became(&of(at_the_gate(policy)))).unwrap();
        }
    }
    expect![[r#"
        commit { policy = manual }
          59m pass: waits
          60m pass: waits
          dead for 30m: waits
          dead for 30m, then 31m pass: waits
          dead for 2h: waits
          dead for 2h, twice: waits
          stands still for 2h: waits
          paused for 2h: waits
          halted for 2h: waits
          paused for 10m, then 51m pass: waits
        commit { policy = auto(60m) }
          59m pass: waits
          60m pass: committed
          dead for 30m: waits
          dead for 30m, then 31m pass: committed
          dead for 2h: committed, its checks looked again
          dead for 2h, twice: committed, its checks looked again
          stands still for 2h: committed, its checks looked again
          paused for 2h: committed, its checks looked again
          halted for 2h: committed, its checks looked again
          paused for 10m, then 51m pass: committed
        commit { policy = rollback(60m) }
          59m pass: waits
          60m pass: rolled back
          dead for 30m: waits
          dead for 30m, then 31m pass: rolled back
          dead for 2h: asks, overdue
          dead for 2h, twice: asks, overdue
          stands still for 2h: asks, overdue
          paused for 2h: asks, overdue
          halted for 2h: asks, overdue
          paused for 10m, then 51m pass: rolled back
        commit {  }
          59m pass: committed
          60m pass: committed
          dead for 30m: committed
          dead for 30m, then 31m pass: committed
          dead for 2h: committed
          dead for 2h, twice: committed
          stands still for 2h: committed
          paused for 2h: committed
          halted for 2h: committed
          paused for 10m, then 51m pass: committed
    "#]]
    .assert_eq(&text);
}

#[test]
fn an_overdue_commit_looks_again_and_does_not_come_where_a_check_fails() {
    let edits = [(POLICY, "policy = auto(60m)")];
    let world = World::new(Kind { edits: &edits, ..PLANNED }).brought_up().dana(&approve("accept"));
    let again = dead(world.clone(), 120);
    assert_eq!(became(&again), "committed, its checks looked again");
    assert_eq!(again.run.attempts(again.node("ready sql01")), 2, "the machines are looked at as well");
    assert_eq!(again.run.attempts(again.node("accept")), 1, "what a person said is not asked twice");
    assert_eq!(again.run.attempts(again.node("smoke")), 1, "and no script runs again");
    // Looking again makes the recovery no longer.
    assert_eq!(again.run.times(again.node("up")).1, world.run.times(world.node("up")).1);
    let broken = dead(world.when("up", &[Does::Fails]), 120);
    assert_eq!(broken.run.state().word(), "halted");
    assert!(!broken.run.commit_began());
    // The operator sees to it, and decides.
    let on = broken.dana(&skip("up"));
    assert!(on.run.commit_began(), "{}", became(&on));
}

/// A timer that ran out while the run was paused rolled it back under the hands of who had paused it.
#[test]
fn no_timer_acts_past_a_person_who_stopped_the_run() {
    for policy in ["policy = auto(60m)", "policy = rollback(60m)"] {
        for stop in [OperatorRequest::Pause, halt()] {
            let world = at_the_gate(policy).dana(&stop).after(180);
            assert_eq!(became(&world), "waits", "{policy}");
            assert!(!world.run.commit_began() && !world.run.is_rolling_back());
        }
    }
}

/// The window never opened when one machine had failed: its timer never ran, and no point could be changed.
#[test]
fn a_window_opens_over_the_machines_that_are_up() {
    for fails in ["fail over sql01", "start sql01", "ready sql01", "fail over jump01", "start jump01"] {
        let world = World::new(UNPLANNED).when(fails, &[Does::Fails; 4]).brought_up();
        assert!(world.run.window_opened().is_some(), "{fails}");
    }
    let world = World::new(UNPLANNED);
    let world = world.when("freeze", &[Does::Fails]).has_begun();
    assert!(world.run.window_opened().is_none(), "a window over nothing is none");
    // What an operator goes on without is waited for no more either.
    let world = World::new(PLANNED).when("fail over sql01", &[Does::Fails]).has_begun();
    let world = world.dana(&skip("fail over sql01")).after(2);
    assert!(world.run.window_opened().is_some());
}

/// The target is there at its old point when another one could not be taken: made anew it would be refused.
#[test]
fn another_point_may_be_tried_again_after_it_failed() {
    let world = World::new(PLANNED).brought_up();
    let (target, request) = (world.node("fail over sql01"), world.change_point("db"));
    let world = world.when("fail over sql01", &[Does::Fails]).dana(&request);
    assert!(matches!(world.run.node(target), NodeState::Failed { .. }));
    assert!(world.run.made_again(target), "it is a change of point still");
    let world = world.when("fail over sql01", &[Does::Lasts]).dana(&crate::lab::retry("fail over sql01"));
    assert!(world.run.made_again(target));
    // And a machine that was never made is made, whatever its point.
    let world = World::new(UNPLANNED).when("fail over sql01", &[Does::Fails, Does::Lasts]).brought_up();
    let (made, request) = (world.node("fail over sql02"), world.change_point("db"));
    let world = world.when("fail over sql02", &[Does::Lasts]).dana(&request);
    assert!(!world.run.made_again(target) && world.run.made_again(made));
}

#[test]
fn a_changed_point_begins_the_window_and_its_timer_anew() {
    let world = World::new(PLANNED).brought_up();
    let opened = world.run.window_opened().unwrap();
    let request = world.change_point("db");
    let world = world.after(50).dana(&request).after(2);
    let again = world.run.window_opened().unwrap();
    assert!(again > opened);
    let world = minutes(world, 30);
    assert!(!world.run.is_rolling_back(), "sixty minutes count from where it opened last");
    assert!(minutes(world, 40).run.is_rolling_back());
}

/// Asked of the estate, it would have been refused by the service, with the run's steps begun anew.
#[test]
fn no_point_is_changed_where_the_provider_cannot_and_none_is_offered() {
    let mut fixed = runbook(PLANNED);
    fixed.fixed_points = true;
    let mut world = World::of(fixed).brought_up();
    let request = world.change_point("db");
    let refusal = world.asked(&request, "dana").unwrap_err();
    assert_eq!(refusal.why, "`sim` changes no point of a planned failover; the point stays");
    let changes = |way: &musterpoint::run::Way| matches!(way.request, OperatorRequest::ChangePoint { .. });
    assert!(!refusal.instead.is_empty() && !refusal.instead.iter().any(changes), "{refusal}");
    let mut world = World::new(PLANNED).brought_up();
    assert!(world.asked(&request, "dana").is_ok(), "elsewhere it is taken");
}
