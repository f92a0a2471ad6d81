//! What people read, whole.

use expect_test::{Expect, expect, expect_file};

use musterpoint::event::{EventKind, Person, RunOptions};
use musterpoint::model::{Ladder, LadderEnd, Mode, Operation, Policy, PolicyKind};
use musterpoint::report::{Look, Moment, Seen, account, log, runs, status};
use musterpoint::run::OperatorRequest;
use musterpoint::store::{LeaseInfo, Owner, RunId, RunInfo, RunState};

use crate::common::{Outcome, RUN, START, World, approved, at, dana, lee, runbook};

fn seen(world: &World) -> Seen<'_> {
    let moment = Moment { estate: world.now, wall: world.now };
    Seen { run: &world.run, events: &world.events, info: None, moment }
}

fn status_is(world: &World, expect: &Expect) {
    expect.assert_eq(&status::text(seen(world), Look::PLAIN));
}

fn log_of(world: &World) -> String {
    let mut out = Vec::new();
    log::text(world.run.runbook(), &world.events, Look::PLAIN, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn planned() -> World {
    World::new(runbook(Operation::Failover, Some(Mode::Planned)), RunOptions::default())
}

const FOREVER: usize = 10_000;

/// A failover in which much goes wrong and everything is dealt with.
fn eventful() -> World {
    let mut world = planned()
        .answers("shut down sql02", &[Outcome::PowerOff])
        .answers("start sql01", &[Outcome::Retryable("busy", "the service takes no more starts now")])
        .answers("erp_up", &[Outcome::TimesOut("did not pass within 10m (last: status 503)")])
        .answers("reprotect app01", &[Outcome::Fails("no_agent", "the agent of app01 is not registered")]);
    world.goes_on(FOREVER);
    world.asked(720, dana(), approved("go", "as agreed with the board"));
    world.goes_on(FOREVER);
    let reason = "the page is red, the orders go through".to_owned();
    world.asked(60, dana(), OperatorRequest::Skip { step: "erp_up".to_owned(), reason });
    world.goes_on(FOREVER);
    let failed = Some("connection refused by pager.contoso.com".to_owned());
    world.happens(EventKind::Notified { notify: "ops".to_owned(), occasion: "waiting".to_owned(), failed });
    world.asked(300, lee(), approved("accept", ""));
    world.goes_on(FOREVER);
    world
}

#[test]
fn a_run_that_waits_for_approval_says_who_may_answer_until_when_and_how() {
    let mut world = planned();
    world.goes_on(FOREVER);
    status_is(
        &world,
        &expect![[r#"
            run `erp-20261123-0600-3f2a`: planned failover of plan `erp` from `avs` to `azure`
            waiting: no step can go on without a person
              phase    prepare; 0 of 25 steps done, 1 begun
              RTO      0s so far; 2h allowed, until 08:00:00Z (2h left)
              RPO      no point is bound yet; 1h allowed
              started  2026-11-23T06:00:00Z by `dana`, now 06:00:00Z
              digest   39f4b07b6efd

            `go` waits for a person
              Fail the ERP over?
              role `dr_lead`: `dana` and `lee`
              until 06:30:00Z (30m left), then the run halts
                muster approve erp-20261123-0600-3f2a go
                muster reject erp-20261123-0600-3f2a go

            machines
              machine  source     target
              sql01    untouched  none
              sql02    untouched  none
              app01    untouched  none

            what you can do
              muster pause erp-20261123-0600-3f2a
                  starts nothing new; running steps finish
              muster halt erp-20261123-0600-3f2a
                  starts nothing any more
        "#]],
    );
}

#[test]
fn a_halted_run_names_its_cause_and_every_way_on() {
    let mut world = planned().answers("freeze", &[Outcome::Fails("exit", "exited with 3: queue is locked")]);
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(FOREVER);
    status_is(
        &world,
        &expect![[r#"
            run `erp-20261123-0600-3f2a`: planned failover of plan `erp` from `avs` to `azure`
            halted: nothing starts: `freeze` failed: exited with 3: queue is locked
              phase    prepare; 1 of 25 steps done, 1 failed, 23 held up behind
              RTO      1m5s so far; 2h allowed, until 08:00:00Z (1h58m left)
              RPO      no point is bound yet; 1h allowed
              started  2026-11-23T06:00:00Z by `dana`, now 06:01:05Z
              digest   39f4b07b6efd

            failed
              freeze  failed  exited with 3: queue is locked; output in `output/erp-20261123-0600-3f2a/freeze-1`
              23 steps behind that did not begin: `shut down sql01`, `shut down sql02`, `shut down app01`,
                `bind db`, `bind app01`, `fail over sql01`, `fail over sql02`, `fail over app01`, `start sql01`,
                `sql01 ready`, `start sql02`, `sql02 ready` and 11 more

            machines
              machine  source     target  remarks
              sql01    untouched  none    blocked by `freeze`
              sql02    untouched  none    blocked by `freeze`
              app01    untouched  none    blocked by `freeze`

            what you can do
              muster resume erp-20261123-0600-3f2a
                  goes on; failed steps are tried again
              muster retry erp-20261123-0600-3f2a freeze
                  tries that step again
              muster skip erp-20261123-0600-3f2a freeze --reason TEXT
                  counts it as done, and lists it as an exception
              muster rollback erp-20261123-0600-3f2a
                  drops the targets and starts the sources; what was written there is lost
        "#]],
    );
}

#[test]
fn questions_about_points_stand_with_alternatives_and_the_command_for_each() {
    let mut world = planned()
        .answers("bind db", &[Outcome::Asks("group `db` has no common app-consistent point within 1h")]);
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(FOREVER);
    status_is(
        &world,
        &expect![[r#"
            run `erp-20261123-0600-3f2a`: planned failover of plan `erp` from `avs` to `azure`
            waiting: no step can go on without a person
              phase    bind; 6 of 25 steps done, 1 begun
              RTO      2m43s so far; 2h allowed, until 08:00:00Z (1h57m left)
              RPO      not all points are bound yet: 4m30s lost at worst, on `app01`; 1h allowed
              started  2026-11-23T06:00:00Z by `dana`, now 06:02:43Z
              digest   39f4b07b6efd

            points to choose
              `db`: group `db` has no common app-consistent point within 1h
              for  policy  comes to
              db   common  set s4 by common, loses up to 1h35m
                muster choose erp-20261123-0600-3f2a db=common

            machines
              machine  source     target  point         loses
              sql01    shut down  none
              sql02    shut down  none
              app01    shut down  none    p3 05:55:30Z  4m30s

            what you can do
              muster pause erp-20261123-0600-3f2a
                  starts nothing new; running steps finish
              muster halt erp-20261123-0600-3f2a
                  starts nothing any more
        "#]],
    );
    let rungs = vec![Policy::plain(PolicyKind::Common)];
    let ladder = Ladder { rungs, end: LadderEnd::Fail };
    assert!(world.asked(60, dana(), OperatorRequest::Choose { subject: "db".to_owned(), ladder }));
    world.goes_on(FOREVER);
    assert!(!status::text(seen(&world), Look::PLAIN).contains("muster choose"));
}

#[test]
fn a_run_whose_driver_died_is_interrupted_and_is_resumed() {
    let mut world = planned();
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(12);
    let info = info(RunState::Running, Some(Owner::of("dr-01", 4711, 1)), None);
    let late = world.now.plus(std::time::Duration::from_secs(60));
    let moment = Moment { estate: world.now, wall: late };
    let seen = Seen { info: Some(&info), moment, ..seen(&world) };
    expect![[r#"
        run `erp-20261123-0600-3f2a`: planned failover of plan `erp` from `avs` to `azure`
        interrupted: nobody drives the run, and there is work left
          phase    bind; 5 of 25 steps done
          RTO      2m37s so far; 2h allowed, until 08:00:00Z (1h57m left)
          RPO      no point is bound yet; 1h allowed
          started  2026-11-23T06:00:00Z by `dana`, now 06:02:37Z
          driven   by nobody: the lease of process 4711 on `dr-01` ran out
          digest   39f4b07b6efd

        machines
          machine  source     target
          sql01    shut down  none
          sql02    shut down  none
          app01    shut down  none

        what you can do
          muster resume erp-20261123-0600-3f2a
              drives it on; the estate is asked what became of what was under way
    "#]]
    .assert_eq(&status::text(seen, Look::PLAIN));
    assert_eq!(status::status(seen).facts.state, "interrupted");
}

#[test]
fn an_eventful_run_is_logged_line_by_line() {
    expect_file!["golden/eventful_log.txt"].assert_eq(&log_of(&eventful()));
}

#[test]
fn the_report_of_an_eventful_run_hides_nothing() {
    let world = eventful();
    status_is(
        &world,
        &expect![[r#"
            run `erp-20261123-0600-3f2a`: planned failover of plan `erp` from `avs` to `azure`
            halted: nothing starts: `reprotect app01` failed: the agent of app01 is not registered
            UNPROTECTED: `app01` is replicated nowhere; `muster reprotect erp` once `avs` is back
              phase    reprotect; 24 of 25 steps done, 1 failed
              RTO      met: back after 23m45s, when `erp_up` was done; 2h allowed
              RPO      met: 5m lost at worst, on `sql01`; 1h allowed
              started  2026-11-23T06:00:00Z by `dana`, now 06:30:22Z
              digest   39f4b07b6efd

            failed
              reprotect app01  failed  the agent of app01 is not registered

            machines
              machine  source       target  address    point         loses  remarks
              sql01    left behind  up      10.8.0.11  p1 05:55:00Z  5m
              sql02    left behind  up      10.8.0.12  p2 05:55:02Z  4m58s  the source went down by power-off
              app01    left behind  up      10.8.0.13  p3 05:55:30Z  4m30s

            exceptions
              06:23:45Z  erp_up  skipped by dana: the page is red, the orders go through

            what you can do
              muster resume erp-20261123-0600-3f2a
                  goes on; failed steps are tried again
              muster retry erp-20261123-0600-3f2a 'reprotect app01'
                  tries that step again
              muster skip erp-20261123-0600-3f2a 'reprotect app01' --reason TEXT
                  counts it as done, and lists it as an exception
        "#]],
    );
    let mut world = world;
    let (step, reason) = ("reprotect app01".to_owned(), "the agent is repaired tomorrow".to_owned());
    assert!(world.asked(600, dana(), OperatorRequest::Skip { step, reason }));
    world.goes_on(FOREVER);
    expect_file!["golden/eventful_report.txt"].assert_eq(&account::text(
        &world.run,
        &world.events,
        Look::PLAIN,
    ));
}

#[test]
fn a_forced_run_says_unprotected_and_not_fenced() {
    let mut runbook = runbook(Operation::Failover, Some(Mode::Forced));
    runbook.lost_at = Some(at("2026-11-23T05:30:00Z"));
    runbook.unfenced = Some("the site burns".to_owned());
    let options = RunOptions {
        approved: vec![("go".to_owned(), "by phone".to_owned())],
        unfenced: Some("the site burns".to_owned()),
    };
    let mut world = World::new(runbook, options);
    world.goes_on(FOREVER);
    world.asked(300, lee(), approved("accept", ""));
    world.goes_on(FOREVER);
    expect_file!["golden/forced_report.txt"].assert_eq(&account::text(
        &world.run,
        &world.events,
        Look::PLAIN,
    ));
}

#[test]
fn a_failback_that_would_delete_says_how_many_and_the_command_names_the_count() {
    let mut world = World::new(runbook(Operation::Failback, Some(Mode::Planned)), RunOptions::default());
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(FOREVER);
    world.asked(60, lee(), approved("accept", ""));
    world.goes_on(FOREVER);
    let text = status::text(seen(&world), Look::PLAIN);
    assert!(text.contains(&format!("muster commit {RUN} --delete-sources 3")), "{text}");
    let request = OperatorRequest::Commit { delete_sources: Some(3) };
    assert!(world.asked(60, dana(), request));
    world.goes_on(FOREVER);
    let text = account::text(&world.run, &world.events, Look::PLAIN);
    assert!(text.contains("deleted at the source `avs`: `sql01`, `sql02` and `app01`"), "{text}");
}

#[test]
fn a_control_character_in_a_message_reaches_no_terminal() {
    let mut world = planned().answers("freeze", &[Outcome::Fails("exit", "\u{1b}[2Jall\r\nis \u{202e}well")]);
    world.goes_on(FOREVER);
    world.asked(60, Person { name: "da\u{7}na".to_owned(), ..dana() }, approved("go", ""));
    world.asked(60, dana(), approved("go", "\u{1b}]0;gone\u{7}"));
    world.goes_on(FOREVER);
    for text in [
        log_of(&world),
        status::text(seen(&world), Look::PLAIN),
        account::text(&world.run, &world.events, Look::PLAIN),
    ] {
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
}

fn info(state: RunState, owner: Option<Owner>, ended: Option<&str>) -> RunInfo {
    RunInfo {
        id: RunId::from_text(RUN),
        plan: "erp".to_owned(),
        operation: Operation::Failover,
        mode: Some(Mode::Planned),
        source: "erp.muster".to_owned(),
        digest: runbook(Operation::Failover, Some(Mode::Planned)).digest(),
        started_at: at(START),
        state,
        updated_at: at("2026-11-23T06:10:00Z"),
        ended_at: ended.map(at),
        events: 12,
        lease: LeaseInfo { owner, epoch: 1, until: Some(at("2026-11-23T06:00:10Z")) },
    }
}

#[test]
fn the_history_is_a_table_and_a_document() {
    use musterpoint::event::FinalState;
    let ended = RunState::Ended(FinalState::CompletedWithExceptions);
    let all = [
        info(ended, None, Some("2026-11-23T07:12:00Z")),
        info(RunState::Running, Some(Owner::of("dr-01", 4711, 1)), None),
        RunInfo { operation: Operation::Test, mode: None, ..info(RunState::Waiting, None, None) },
    ];
    let now = at("2026-11-23T08:00:00Z");
    expect![[r#"
        run                     plan  operation         state                      started
        erp-20261123-0600-3f2a  erp   planned failover  completed-with-exceptions  2026-11-23T06:00:00Z  took 1h12m
        erp-20261123-0600-3f2a  erp   planned failover  interrupted                2026-11-23T06:00:00Z  last event 06:10:00Z
        erp-20261123-0600-3f2a  erp   test              waiting                    2026-11-23T06:00:00Z  last event 06:10:00Z
    "#]].assert_eq(&runs::text(&all, now, Look::PLAIN));
    expect![[r#"
        {
          "format": "muster.runs/1",
          "runs": [
            {
              "id": "erp-20261123-0600-3f2a",
              "plan": "erp",
              "operation": "failover",
              "mode": "planned",
              "state": "completed-with-exceptions",
              "started_at": "2026-11-23T06:00:00Z",
              "ended_at": "2026-11-23T07:12:00Z"
            },
            {
              "id": "erp-20261123-0600-3f2a",
              "plan": "erp",
              "operation": "failover",
              "mode": "planned",
              "state": "interrupted",
              "started_at": "2026-11-23T06:00:00Z",
              "ended_at": null
            },
            {
              "id": "erp-20261123-0600-3f2a",
              "plan": "erp",
              "operation": "test",
              "mode": null,
              "state": "waiting",
              "started_at": "2026-11-23T06:00:00Z",
              "ended_at": null
            }
          ]
        }
    "#]]
    .assert_eq(&runs::json(&all, now));
    expect![[r#"
        there are no runs yet; `muster test PLAN` makes a good first one
    "#]]
    .assert_eq(&runs::text(&[], now, Look::PLAIN));
}

#[test]
fn an_objective_missed_by_seconds_does_not_read_as_met() {
    let mut runbook = runbook(Operation::Failover, Some(Mode::Planned));
    runbook.objective.rto = Some(std::time::Duration::from_secs(3600));
    runbook.objective.rpo = Some(std::time::Duration::from_secs(299));
    let mut world = World::new(runbook, RunOptions::default());
    world.goes_on(FOREVER);
    world.asked(3030, dana(), approved("go", "")); // The rest takes 9m33s.
    world.goes_on(FOREVER);
    let text = account::text(&world.run, &world.events, Look::PLAIN);
    assert!(text.contains("RPO      MISSED: 5m lost at worst, on `sql01`; 4m59s allowed"), "{text}");
    assert!(text.contains("RTO      MISSED: back after 1h3s, when `erp_up` was done; 1h allowed"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&account::json(&world.run, &world.events)).unwrap();
    assert_eq!(value["achieved"]["rpo_met"], false);
    assert_eq!(value["achieved"]["rto_met"], false);
}
