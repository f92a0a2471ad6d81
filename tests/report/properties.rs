//! What holds for every reader of any log.

use std::sync::Arc;

use proptest::prelude::*;

use musterpoint::base::{Clock, ManualClock};
use musterpoint::drive::Watch;
use musterpoint::event::{Event, RunOptions};
use musterpoint::model::{Ladder, LadderEnd, Mode, Operation, Policy, PolicyKind};
use musterpoint::report::{
    Colour, Live, Look, Marks, Moment, Plain, Screen, Seen, account, frame, log, status,
};
use musterpoint::run::{OperatorRequest, Run};

use crate::common::{Outcome, RUN, START, World, approved, at, dana, lee, runbook};

const REPORT_KEYS: [&str; 10] = [
    "id",
    "state",
    "digest",
    "objectives",
    "achieved",
    "machines",
    "points",
    "approvals",
    "exceptions",
    "steps",
];

/// A request by its number.
fn request(number: u8) -> OperatorRequest {
    let rungs = vec![Policy::plain(PolicyKind::Common)];
    let ladder = Ladder { rungs, end: LadderEnd::Fail };
    let subject = "db".to_owned();
    let reason = "because".to_owned();
    match number % 16 {
        0..=4 => OperatorRequest::Approve { step: None, comment: String::new() },
        5 => OperatorRequest::Reject { step: None, comment: "no".to_owned() },
        6 => OperatorRequest::Choose { subject, ladder },
        7 => OperatorRequest::Pause,
        8 => OperatorRequest::Resume,
        9 => OperatorRequest::Retry { step: None },
        10 => OperatorRequest::Skip { step: "erp_up".to_owned(), reason },
        11 => OperatorRequest::Halt { reason },
        12 => OperatorRequest::ChangePoint { subject, ladder },
        13 => OperatorRequest::Rollback { reason },
        14 => OperatorRequest::Commit { delete_sources: None },
        _ => OperatorRequest::CleanUp,
    }
}

fn outcome(number: u8) -> Vec<Outcome> {
    match number % 12 {
        0 => vec![Outcome::Fails("refused", "the estate said no")],
        1 => vec![Outcome::Retryable("busy", "the estate is busy")],
        2 => vec![Outcome::TimesOut("nothing for 10m")],
        3 => vec![Outcome::Excepts("not fenced: its site cannot be asked whether it runs")],
        4 => vec![Outcome::Lost("connection reset")],
        5 => vec![Outcome::Lost("connection reset"), Outcome::Lost("no such key")],
        6 => vec![Outcome::Asks("no common point")],
        _ => Vec::new(),
    }
}

fn world(kind: u8, outcomes: &[(u8, u8)], requests: &[(u8, u16)]) -> World {
    let (operation, mode) = match kind % 5 {
        0 => (Operation::Failover, Some(Mode::Planned)),
        1 => (Operation::Failover, Some(Mode::Unplanned)),
        2 => (Operation::Failover, Some(Mode::Forced)),
        3 => (Operation::Failback, Some(Mode::Planned)),
        _ => (Operation::Test, None),
    };
    let runbook = runbook(operation, mode);
    let names: Vec<String> = runbook.nodes.iter().map(|node| node.name.clone()).collect();
    let mut world = World::new(runbook, RunOptions::default());
    for (step, number) in outcomes {
        world = world.answers(&names[usize::from(*step) % names.len()], &outcome(*number));
    }
    for (number, after) in requests {
        world.goes_on(400);
        if world.run.ended().is_some() {
            break;
        }
        let by = if number % 2 == 0 { dana() } else { lee() };
        world.asked(u64::from(*after), by, request(*number));
    }
    world.goes_on(400);
    world
}

/// Everything that is ever shown of a run as it stands.
fn read_all(run: &Run, events: &[Event], screen: Screen) -> Vec<String> {
    let moment = Moment { estate: run.last_at(), wall: run.last_at() };
    let seen = Seen { run, events, info: None, moment };
    let look = Look { width: screen.columns, colour: Colour::Off };
    let mut logged = Vec::new();
    log::text(run.runbook(), events, look, &mut logged).unwrap();
    log::json(run.runbook(), events, &mut logged).unwrap();
    let view = frame(run, run.last_at(), None, screen);
    assert!(view.len() < screen.rows.max(2), "{} lines on {} rows", view.len(), screen.rows);
    for line in &view {
        assert!(line.chars().count() < screen.columns.max(2), "{line}");
    }
    vec![
        status::text(seen, look),
        status::json(seen),
        account::text(run, events, look),
        account::json(run, events),
        String::from_utf8(logged).unwrap(),
        view.join("\n"),
    ]
}

/// Words that only a debugger prints.
fn is_fit_for_people(text: &str) {
    for wrong in ["Some(", "None", "NodeId", "VmId", "Timestamp", "{ ", "Ok(", "Err("] {
        assert!(!text.contains(wrong), "`{wrong}` in\n{text}");
    }
    for line in text.lines() {
        let command = line.trim_start().starts_with("muster ");
        assert!(command || line.chars().count() <= 100, "{line}");
        assert_eq!(line.trim_end(), line);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_prefix_of_a_log_reads_and_live_reads_as_replayed(
        kind in any::<u8>(),
        outcomes in prop::collection::vec(any::<(u8, u8)>(), 0..8),
        requests in prop::collection::vec(any::<(u8, u16)>(), 0..14),
        columns in 1usize..140,
        rows in 1usize..40,
    ) {
        let world = world(kind, &outcomes, &requests);
        let screen = Screen { columns, rows, colour: Colour::Off, marks: Marks::Unicode };
        let runbook = Arc::clone(world.run.runbook());
        let mut live = Run::new(RUN, Arc::clone(&runbook));
        for length in 0..=world.events.len() {
            if let Some(event) = length.checked_sub(1).map(|last| &world.events[last]) {
                live.apply(event);
            }
            if length % 7 == 0 || length == world.events.len() {
                let prefix = &world.events[..length];
                let replayed = Run::replay(RUN, Arc::clone(&runbook), prefix.iter().cloned()).unwrap();
                let texts = read_all(&live, prefix, screen);
                prop_assert_eq!(&texts, &read_all(&replayed, prefix, screen));
                is_fit_for_people(&texts[0]);
                is_fit_for_people(&texts[2]);
                for json in [&texts[1], &texts[3]] {
                    let value: serde_json::Value = serde_json::from_str(json).unwrap();
                    for key in REPORT_KEYS {
                        prop_assert!(value.get(key).is_some(), "{}", key);
                    }
                }
            }
        }
    }

    #[test]
    fn every_state_that_is_not_final_names_a_way_out_and_waiting_ones_a_command(
        kind in any::<u8>(),
        outcomes in prop::collection::vec(any::<(u8, u8)>(), 0..8),
        requests in prop::collection::vec(any::<(u8, u16)>(), 0..14),
    ) {
        let world = world(kind, &outcomes, &requests);
        let moment = Moment { estate: world.now, wall: world.now };
        let seen = Seen { run: &world.run, events: &world.events, info: None, moment };
        let found = status::status(seen);
        prop_assert_eq!(found.ways_out.is_empty(), world.run.ended().is_some());
        for ask in &found.waiting {
            prop_assert!(!ask.commands.is_empty() || !ask.alternatives.is_empty(), "{:?}", ask);
        }
    }

    #[test]
    fn both_kinds_of_progress_take_any_run(
        kind in any::<u8>(),
        outcomes in prop::collection::vec(any::<(u8, u8)>(), 0..8),
        requests in prop::collection::vec(any::<(u8, u16)>(), 0..14),
    ) {
        let world = world(kind, &outcomes, &requests);
        let wall: Arc<dyn Clock> = Arc::new(ManualClock::at(at(START)));
        let screen = Screen { columns: 80, rows: 24, colour: Colour::On, marks: Marks::Unicode };
        let mut drawn = Live::new(Vec::new(), screen, Arc::clone(&wall), 0);
        let mut plain = Plain::new(Vec::new(), Look::PLAIN, 0);
        let mut run = Run::new(RUN, Arc::clone(world.run.runbook()));
        for event in &world.events {
            run.apply(event);
            for watch in [&mut drawn as &mut dyn Watch, &mut plain] {
                watch.event(event, &run);
                watch.tick(&run, event.at);
            }
            wall.jump(wall.now().plus(std::time::Duration::from_millis(150)));
        }
        drawn.close(&run);
        prop_assert!(!drawn.into_inner().is_empty());
        is_fit_for_people(&String::from_utf8(plain.into_inner()).unwrap());
    }
}

#[test]
fn the_keys_of_the_report_are_these_and_no_others() {
    let mut world = world(0, &[], &[]);
    world.asked(1, dana(), approved("go", ""));
    world.goes_on(400);
    let value: serde_json::Value = serde_json::from_str(&account::json(&world.run, &world.events)).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let all = [
        "format",
        "id",
        "state",
        "digest",
        "plan",
        "operation",
        "mode",
        "source",
        "target",
        "started_by",
        "started_at",
        "ended_at",
        "lost_at",
        "window_opened_at",
        "last_event_at",
        "objectives",
        "achieved",
        "machines",
        "points",
        "approvals",
        "exceptions",
        "steps",
        "artifacts",
        "notifications",
    ];
    assert_eq!(keys, all);
}
