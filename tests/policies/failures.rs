//! `on_failure`, the defaults of each mode, optional machines.

use std::fmt::Write as _;

use expect_test::expect;
use musterpoint::run::{HaltCause, NodeState, RunState, SkipReason};

use crate::lab::{Does, FORCED, Kind, PLANNED, TEST, UNPLANNED, World, halt, person, retry, skip};

/// How steps and the run stand, in a line each.
fn stands(world: &World, steps: &[&str]) -> String {
    let mut text = format!("run {}", world.run.state().word());
    if let Some(cause) = world.run.halt_cause() {
        let by = match cause {
            HaltCause::Step(node) => format!("`{}`", world.name(*node)),
            HaltCause::Operator { by, .. } => by.name.clone(),
        };
        write!(text, " for {by}").unwrap();
    }
    for step in steps {
        let state = world.run.node(world.node(step));
        let word = match state {
            NodeState::Skipped { because: SkipReason::Blocked { by }, .. } => {
                format!("blocked by `{}`", world.name(*by))
            }
            NodeState::Skipped { because, .. } => format!("{because:?}").to_lowercase(),
            NodeState::Failed { tolerated: true, .. } => "failed, and counts as done".to_owned(),
            other => other.word().to_owned(),
        };
        write!(text, "\n  {step}: {word}").unwrap();
    }
    text
}

/// A script after the machines fails under each rule: what stands after it, and what does not.
#[test]
fn a_failure_does_what_its_rule_says() {
    let mut text = String::new();
    for rule in ["halt", "block", "continue", "ask", "rollback"] {
        let edit = format!("run = [\"/bin/true\"], timeout = 5m, on_failure = {rule} }}");
        let edits = [("run = [\"/bin/true\"], timeout = 5m }", edit.as_str())];
        let smoke = "  script  smoke  { operations = [failover, failback, test], run = [\"/bin/true\"], timeout = 5m }";
        let with = smoke.replace(edits[0].0, edits[0].1);
        let kind = Kind { edits: &[(smoke, &with)], ..UNPLANNED };
        let world = World::new(kind)
            .when("smoke", &[Does::Fails])
            .when("roll back sql01", &[Does::Lasts])
            .brought_up();
        let stands = stands(&world, &["smoke", "accept", "commit", "ready jump01", "roll back sql01"]);
        writeln!(text, "{rule}: {stands}").unwrap();
    }
    expect![[r#"
        halt: run halted for `smoke`
          smoke: failed
          accept: blocked by `smoke`
          commit: blocked by `smoke`
          ready jump01: not-started
          roll back sql01: not-started
        block: run halted
          smoke: failed
          accept: blocked by `smoke`
          commit: blocked by `smoke`
          ready jump01: succeeded
          roll back sql01: not-started
        continue: run waiting
          smoke: failed, and counts as done
          accept: waiting
          commit: not-started
          ready jump01: succeeded
          roll back sql01: not-started
        ask: run waiting
          smoke: waiting
          accept: not-started
          commit: not-started
          ready jump01: succeeded
          roll back sql01: not-started
        rollback: run running
          smoke: failed
          accept: runended
          commit: runended
          ready jump01: runended
          roll back sql01: running
    "#]]
    .assert_eq(&text);
}

/// The first thing that fails in each mode, on either side, where the plan says nothing.
#[test]
fn what_a_plan_leaves_unsaid_is_the_modes() {
    let mut text = String::new();
    let cases: [(&str, Kind<'_>, &str, &[&str]); 9] = [
        ("planned, source", PLANNED, "shut down sql01", &["shut down sql02", "bind db", "fail over sql02"]),
        ("planned, target", PLANNED, "fail over sql01", &["fail over sql02", "start sql02", "start sql01"]),
        ("planned, step", PLANNED, "up", &["smoke", "commit"]),
        (
            "unplanned, source",
            UNPLANNED,
            "shut down sql01",
            &["confirm stopped sql01", "bind db", "start sql01"],
        ),
        ("unplanned, target", UNPLANNED, "fail over sql01", &["start sql01", "start sql02", "up", "commit"]),
        ("unplanned, step", UNPLANNED, "up", &["smoke", "ready jump01", "commit"]),
        ("forced, target", FORCED, "fail over sql01", &["start sql01", "start sql02", "commit"]),
        ("test, target", TEST, "fail over sql01", &["start sql01", "start sql02", "clean up sql02"]),
        ("test, step", TEST, "up", &["smoke", "clean up sql01"]),
    ];
    for (what, kind, fails, steps) in cases {
        let world = World::new(kind).when(fails, &[Does::Fails]).brought_up();
        writeln!(text, "{what}: `{fails}` fails: {}", stands(&world, steps)).unwrap();
    }
    expect![[r#"
        planned, source: `shut down sql01` fails: run halted for `shut down sql01`
          shut down sql02: succeeded
          bind db: blocked by `shut down sql01`
          fail over sql02: blocked by `shut down sql01`
        planned, target: `fail over sql01` fails: run halted for `fail over sql01`
          fail over sql02: succeeded
          start sql02: not-started
          start sql01: blocked by `fail over sql01`
        planned, step: `up` fails: run halted for `up`
          smoke: blocked by `up`
          commit: blocked by `up`
        unplanned, source: `shut down sql01` fails: run waiting
          confirm stopped sql01: succeeded
          bind db: succeeded
          start sql01: succeeded
        unplanned, target: `fail over sql01` fails: run halted
          start sql01: blocked by `fail over sql01`
          start sql02: succeeded
          up: blocked by `fail over sql01`
          commit: blocked by `fail over sql01`
        unplanned, step: `up` fails: run halted
          smoke: blocked by `up`
          ready jump01: succeeded
          commit: blocked by `up`
        forced, target: `fail over sql01` fails: run halted
          start sql01: blocked by `fail over sql01`
          start sql02: succeeded
          commit: blocked by `fail over sql01`
        test, target: `fail over sql01` fails: run halted
          start sql01: blocked by `fail over sql01`
          start sql02: succeeded
          clean up sql02: blocked by `fail over sql01`
        test, step: `up` fails: run halted
          smoke: blocked by `up`
          clean up sql01: blocked by `up`
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_planned_run_starts_nothing_after_its_first_error_and_follows_what_was_begun() {
    let world =
        World::new(PLANNED).when("fail over sql01", &[Does::Fails]).when("fail over sql02", &[Does::Lasts]);
    let world = world.has_begun();
    assert_eq!(world.run.state(), RunState::Halted);
    assert!(world.run.node(world.node("fail over sql02")).is_active(), "what was begun goes on");
    let begun = world.events.len();
    let world = world.failed("fail over sql02").after(600);
    let started =
        world.events[begun..].iter().filter(|event| crate::lab::event_word(&event.kind) == "step_started");
    assert_eq!(started.count(), 0);
    // The first one is named, and stays so.
    let first = world.node("fail over sql01");
    assert_eq!(world.run.halt_cause(), Some(&HaltCause::Step(first)));
}

/// With two failed steps, trying one again passed over the other, and a planned run went on past an error.
#[test]
fn of_two_steps_that_halted_a_run_both_have_to_be_seen_to() {
    let both = [Does::Fails];
    let world = World::new(PLANNED).when("fail over sql01", &both).when("fail over sql02", &both).has_begun();
    let world = world.dana(&retry("fail over sql01"));
    assert_eq!(world.run.state(), RunState::Halted);
    assert_eq!(world.run.node(world.node("fail over sql01")), &NodeState::NotStarted);
    let second = world.node("fail over sql02");
    assert_eq!(world.run.halt_cause(), Some(&HaltCause::Step(second)));
    let world = world.dana(&skip("fail over sql02"));
    assert_ne!(world.run.state(), RunState::Halted);
    assert!(world.run.node(world.node("fail over sql01")).is_done());
}

/// A step that failed under an operator's halt took its place: trying that step again lifted the halt.
#[test]
fn an_operators_halt_is_lifted_by_resume_alone() {
    let world = World::new(PLANNED).when("fail over sql01", &[Does::Lasts]).has_begun();
    let world = world.dana(&halt()).failed("fail over sql01").dana(&retry("fail over sql01"));
    assert!(matches!(world.run.halt_cause(), Some(HaltCause::Operator { by, .. }) if *by == person("dana")));
    let world = world.dana(&musterpoint::run::OperatorRequest::Resume);
    assert!(world.run.node(world.node("fail over sql01")).is_done());
}

#[test]
fn an_optional_machine_may_fail_anywhere_and_holds_up_nobody() {
    let acts = [
        "shut down jump01",
        "final point jump01",
        "bind jump01",
        "fail over jump01",
        "start jump01",
        "ready jump01",
        "commit jump01",
        "reprotect jump01",
    ];
    for act in acts {
        let kind = Kind { edits: &[("policy = rollback(60m)", "policy = manual")], ..PLANNED };
        // Often enough for whatever is tried again by itself.
        let world = World::new(kind).when(act, &[Does::Fails; 4]).brought_up();
        let world = world.dana(&crate::lab::approve("accept")).dana(&crate::lab::commit());
        assert_eq!(world.run.state().word(), "completed-with-exceptions", "{act}: {:?}", world.run.state());
        for machine in ["sql01", "sql02"] {
            let done = world.run.node(world.node(&format!("reprotect {machine}")));
            assert!(matches!(done, NodeState::Succeeded { .. }), "{act}: {done:?}");
        }
        let listed = world
            .run
            .exceptions()
            .iter()
            .any(|one| one.about == act && one.what.contains("it does not work"));
        assert!(listed, "{act}: {:?}", world.run.exceptions());
    }
}
