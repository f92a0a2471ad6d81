//! An unknown outcome as people read it: the question, the answer, and what stays of both in the report.

use expect_test::{Expect, expect};

use musterpoint::event::RunOptions;
use musterpoint::model::{Mode, Operation};
use musterpoint::report::{Look, Moment, Seen, account, log, status};
use musterpoint::run::OperatorRequest;

use crate::common::{Outcome, World, approved, dana, lee, runbook};

const FOREVER: usize = 10_000;

fn status_is(world: &World, expect: &Expect) {
    let moment = Moment { estate: world.now, wall: world.now };
    let seen = Seen { run: &world.run, events: &world.events, info: None, moment };
    expect.assert_eq(&status::text(seen, Look::PLAIN));
}

fn log_of(world: &World) -> String {
    let mut out = Vec::new();
    log::text(world.run.runbook(), &world.events, Look::PLAIN, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A failover whose answer is lost, and of which the estate cannot tell what became of it.
fn unclear() -> World {
    let mut world = World::new(runbook(Operation::Failover, Some(Mode::Planned)), RunOptions::default())
        .answers(
            "fail over sql01",
            &[
                Outcome::Lost("the estate did not answer within 1m"),
                Outcome::Lost("it keeps no record of the act"),
            ],
        );
    world.goes_on(FOREVER);
    world.asked(60, dana(), approved("go", ""));
    world.goes_on(FOREVER);
    world
}

#[test]
fn an_unknown_outcome_is_put_to_a_person_with_all_that_is_known_and_every_answer() {
    let mut world = unclear();
    status_is(
        &world,
        &expect![[r#"
        run `erp-20261123-0600-3f2a`: planned failover of plan `erp` from `avs` to `azure`
        waiting: no step can go on without a person
        what became of `sql01` is not known
          phase    failover; 9 of 25 steps done, 1 begun
          RTO      5m49s so far; 2h allowed, until 08:00:00Z (1h54m left)
          RPO      met: 5m lost at worst, on `sql01`; 1h allowed
          started  2026-11-23T06:00:00Z by `dana`, now 06:05:49Z
          digest   39f4b07b6efd

        `fail over sql01` waits for a person
          did it happen? What became of it is not known
            asked   `fail_over` of `sql01.contoso.com` to point `p1` at `azure`, at 2026-11-23T06:02:43Z
                    (attempt 1)
            key     08f75453f272d5e3bb952ab0
            handle  op-10
            answer  lost: the estate did not answer within 1m
            then    the estate cannot tell: it keeps no record of the act
            seen    `sql01.contoso.com`: source does not run; target does not run; listed at `azure`, off,
                    failed over, not committed, a copy at `avs`, 7 usable points (at 2026-11-23T06:05:49Z)
          `--happened` goes on from there, `--did-not-happen` begins it again, `retry` asks the estate
            once more and repeats nothing, `skip` goes on without it
            muster resolve erp-20261123-0600-3f2a 'fail over sql01' --happened --reason TEXT
            muster resolve erp-20261123-0600-3f2a 'fail over sql01' --did-not-happen --reason TEXT
            muster retry erp-20261123-0600-3f2a 'fail over sql01'
            muster skip erp-20261123-0600-3f2a 'fail over sql01' --reason TEXT
            muster halt erp-20261123-0600-3f2a

        machines
          machine  source     target   point         loses
          sql01    shut down  unknown  p1 05:55:00Z  5m
          sql02    shut down  made     p2 05:55:02Z  4m58s
          app01    shut down  made     p3 05:55:30Z  4m30s

        exceptions
          06:05:49Z  fail over sql01  its outcome was not known: the estate cannot tell: it keeps no record
                                      of the act

        what you can do
          muster pause erp-20261123-0600-3f2a
              starts nothing new; running steps finish
          muster halt erp-20261123-0600-3f2a
              starts nothing any more
    "#]],
    );
    let (step, reason) = ("fail over sql01".to_owned(), "it is in the console, off".to_owned());
    let outcome = musterpoint::event::Outcome::Happened;
    assert!(world.asked(300, lee(), OperatorRequest::Resolve { step, outcome, reason }));
    world.goes_on(FOREVER);
    let log = log_of(&world);
    let about: Vec<&str> =
        log.lines().skip_while(|line| !line.contains("lost its answer")).take(12).collect();
    expect![[r#"
        06:05:44  failover       fail over sql01  lost its answer: the estate did not answer within 1m; the
                                                  estate is asked what became of it
        06:05:45  failover       fail over sql02  is done after 3m2s
        06:05:49  failover       fail over sql01  has an unknown outcome and needs a person: the estate
                                                  cannot tell: it keeps no record of the act; seen now:
                                                  `sql01.contoso.com`: source does not run; target does not
                                                  run; listed at `azure`, off, failed over, not committed, a
                                                  copy at `avs`, 7 usable points
        06:10:49  failover       fail over sql01  is said to have happened, by `lee` (claimed by OS user
                                                  `root`): it is in the console, off; seen now:
                                                  `sql01.contoso.com`: source does not run; target does not
                                                  run; listed at `azure`, off, failed over, not committed, a"#]].assert_eq(&about.join("\n"));
    let report = account::text(&world.run, &world.events, Look::PLAIN);
    let listed: Vec<&str> =
        report.lines().skip_while(|line| *line != "exceptions").take_while(|line| !line.is_empty()).collect();
    expect![[r#"
        exceptions
          06:05:49Z  fail over sql01  its outcome was not known: the estate cannot tell: it keeps no record
                                      of the act
          06:10:49Z  fail over sql01  said to have happened by lee: it is in the console, off; seen then:
                                      `sql01.contoso.com`: source does not run; target does not run; listed
                                      at `azure`, off, failed over, not committed, a copy at `avs`, 7 usable
                                      points"#]]
    .assert_eq(&listed.join("\n"));
}
