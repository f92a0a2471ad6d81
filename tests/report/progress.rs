//! Progress in lines and on a terminal.

use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;

use musterpoint::base::{Clock, ManualClock};
use musterpoint::drive::Watch;
use musterpoint::event::RunOptions;
use musterpoint::model::{Mode, Operation};
use musterpoint::report::{Colour, Live, Look, Marks, Plain, Screen, frame};
use musterpoint::run::OperatorRequest;

use crate::common::{Outcome, RUN, START, World, approved, at, dana, lee, runbook};

const FOREVER: usize = 10_000;

fn planned() -> World {
    World::new(runbook(Operation::Failover, Some(Mode::Planned)), RunOptions::default())
}

const SCREEN: Screen = Screen { columns: 100, rows: 30, colour: Colour::Off, marks: Marks::Unicode };

fn feed(world: &mut World, watch: &mut dyn Watch) {
    for event in world.news() {
        watch.event(&event, &world.run);
    }
    watch.tick(&world.run, world.now);
}

#[test]
fn plain_progress_has_a_line_an_event_and_what_to_type() {
    let mut world = planned().answers("freeze", &[Outcome::Fails("exit", "exited with 3")]);
    let mut plain = Plain::new(Vec::new(), Look::PLAIN, 0);
    world.goes_on(FOREVER);
    feed(&mut world, &mut plain);
    world.asked(60, dana(), approved("go", ""));
    feed(&mut world, &mut plain);
    world.goes_on(FOREVER);
    feed(&mut world, &mut plain);
    plain.hold(Some("no space left on the disk of the state folder"));
    plain.hold(None);
    let text = String::from_utf8(plain.into_inner()).unwrap();
    expect![[r#"
        2026-11-23 (UTC)
        06:00:00                 run              `erp-20261123-0600-3f2a` starts: planned failover of plan
                                                  `erp` from `avs` to `azure`, by `dana`
        06:00:00  prepare        go               waits for `dr_lead` until 2026-11-23T06:30:00Z
            `go` waits: Fail the ERP over?
            muster approve erp-20261123-0600-3f2a go
            muster reject erp-20261123-0600-3f2a go
        06:01:00  prepare        go               was approved by `dana`
        06:01:00  prepare        freeze           begins
        06:01:05  prepare        freeze           failed after 5s: exited with 3 (`exit`); output in
                                                  `output/erp-20261123-0600-3f2a/freeze-1`
            muster status erp-20261123-0600-3f2a
            muster resume erp-20261123-0600-3f2a
        the engine holds: no space left on the disk of the state folder
        the engine goes on
    "#]]
    .assert_eq(&text);
}

#[test]
fn plain_progress_does_not_repeat_what_its_reader_knows() {
    let mut world = planned();
    world.goes_on(FOREVER);
    let mut plain = Plain::new(Vec::new(), Look::PLAIN, world.run.seq());
    feed(&mut world, &mut plain);
    plain.close(&world.run);
    let text = String::from_utf8(plain.into_inner()).unwrap();
    let asked = format!("    muster approve {RUN} go\n    muster reject {RUN} go\n");
    assert_eq!(text, format!("    `go` waits: Fail the ERP over?\n{asked}"));
}

#[test]
fn the_view_shows_phases_what_runs_what_waits_and_the_time_left() {
    let mut world = planned();
    world.goes_on(FOREVER);
    expect![[r#"
        erp-20261123-0600-3f2a · planned failover · waiting · 06:00:00Z
        ▸ prepare 0/2  · shutdown  · bind  · failover  · start  · commit window  · commit  · reprotect
        RTO  0s so far; 2h allowed, until 08:00:00Z (2h left)
        RPO  no point is bound yet; 1h allowed
        `go` waits: Fail the ERP over?
          role `dr_lead`: `dana` and `lee`; until 06:30:00Z (30m left), then the run halts
          muster approve erp-20261123-0600-3f2a go
          muster reject erp-20261123-0600-3f2a go
        next
          freeze  waits for `go`: `->` in the plan"#]]
    .assert_eq(&frame(&world.run, world.now, None, SCREEN).join("\n"));
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(24);
    let now = world.now.plus(Duration::from_secs(20));
    expect![[r#"
        erp-20261123-0600-3f2a · planned failover · running · 06:06:04Z
        ✓ prepare  ✓ shutdown  ✓ bind  ▸ failover 2/3  · start  · commit window  · commit  · reprotect
        RTO  6m4s so far; 2h allowed, until 08:00:00Z (1h53m left)
        RPO  met: 5m lost at worst, on `sql01`; 1h allowed
        running
          fail over sql02  3m21s"#]]
    .assert_eq(&frame(&world.run, now, None, SCREEN).join("\n"));
    let narrow = Screen { columns: 40, rows: 10, marks: Marks::Ascii, ..SCREEN };
    expect![[r#"
        erp-20261123-0600-3f2a - planned failo~
        the engine holds: the disk is full
        + prepare  + shutdown  + bind
        > failover 2/3  . start
        . commit window  . commit  . reprotect
        RTO  6m4s so far; 2h allowed, until 08~
        RPO  met: 5m lost at worst, on `sql01`~
        running
          fail over sql02  3m21s"#]]
    .assert_eq(&frame(&world.run, now, Some("the disk is full"), narrow).join("\n"));
}

#[test]
fn the_view_is_redrawn_in_place_and_not_more_often_than_ten_times_a_second() {
    let mut world = planned();
    world.goes_on(FOREVER);
    let wall = Arc::new(ManualClock::at(at(START)));
    let mut live = Live::new(Vec::new(), SCREEN, Arc::clone(&wall) as Arc<dyn Clock>, 0);
    feed(&mut world, &mut live);
    for _ in 0..1000 {
        live.tick(&world.run, world.now);
        wall.jump(wall.now().plus(Duration::from_millis(1)));
    }
    world.asked(60, dana(), OperatorRequest::Halt { reason: "the storm is over".to_owned() });
    feed(&mut world, &mut live);
    live.close(&world.run);
    let text = String::from_utf8(live.into_inner()).unwrap();
    let drawn = text.matches("\u{1b}[J").count();
    assert!((10..=13).contains(&drawn), "{drawn}");
    let last = text.rsplit("\u{1b}[J").next().unwrap();
    assert!(last.contains("halted") && last.contains("the storm is over"), "{last}");
    let height = frame(&world.run, world.now, None, SCREEN).len();
    assert!(text.contains(&format!("\u{1b}[{height}A\r\u{1b}[J")), "{text}");
}

#[test]
fn a_completed_run_leaves_its_last_view() {
    let mut world = planned();
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(FOREVER);
    world.asked(60, lee(), approved("accept", ""));
    world.goes_on(FOREVER);
    expect![[r#"
        erp-20261123-0600-3f2a · planned failover · completed · 06:13:10Z
        every step that applied succeeded
        ✓ prepare  ✓ shutdown  ✓ bind  ✓ failover  ✓ start  ✓ commit window  ✓ commit  ✓ reprotect
        RTO  met: back after 10m33s, when `erp_up` was done; 2h allowed
        RPO  met: 5m lost at worst, on `sql01`; 1h allowed"#]]
    .assert_eq(&frame(&world.run, world.now, None, SCREEN).join("\n"));
}

/// What is said of `start app01` where its first attempts end so.
fn said_of_the_start(outcomes: &[Outcome]) -> Vec<String> {
    let mut world = planned().answers("start app01", outcomes);
    let mut plain = Plain::new(Vec::new(), Look { width: 200, colour: Colour::Off }, 0);
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    let mut known = 0;
    while known < world.events.len() {
        known = world.events.len();
        feed(&mut world, &mut plain);
        world.goes_on(known + 1);
    }
    let text = String::from_utf8(plain.into_inner()).unwrap().replace(&format!("\n{}", " ".repeat(42)), " ");
    text.lines()
        .filter_map(|line| line.split_once("start app01      "))
        .map(|(_, what)| what.to_owned())
        .collect()
}

#[test]
fn a_step_that_is_tried_again_for_one_reason_is_said_once_until_it_is_done() {
    let no = Outcome::Retryable("agent_not_registered", "no agent");
    let busy = Outcome::Retryable("busy", "the service is busy");
    let begins = "powers the target on";
    let first = "failed after 40s: no agent (`agent_not_registered`); next attempt in 30s";
    let done = "is done after 40s; address 10.8.0.13, at attempt 3";
    assert_eq!(said_of_the_start(&[no.clone(), no.clone()]), [begins, first, done]);
    let changed = "failed after 40s: the service is busy (`busy`); next attempt in 30s";
    assert_eq!(said_of_the_start(&[no.clone(), busy]), [begins, first, changed, done]);
    let last = "failed after 40s: no agent (`agent_not_registered`), at attempt 3";
    assert_eq!(said_of_the_start(&[no.clone(), no.clone(), no]), [begins, first, last]);
}
