//! Deaths at moments that are spread over the whole run, whatever their number.

use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::scenario::{
    APPROVED, Engine, FAILBACK, Log, RESUME, ROLLBACK, Scenario, TEST, bench, calm, outcome,
};

/// Deaths that have to have come about in each plan, however slow the machine is.
const KILLS_MIN: usize = 6;
/// How long the plans may take in turns, by default.
const BUDGET: Duration = Duration::from_secs(4);

/// How the engine comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Back {
    /// At the first try.
    AtOnce,
    /// It dies once more while it does.
    DiesOnceMore,
    /// It dies every few events, until there are no more.
    DiesAndDies,
}

#[test]
fn a_killed_failback_comes_to_the_same_end_without_a_second_act() {
    dies_everywhere(&FAILBACK);
}

#[test]
fn a_killed_failback_that_people_approve_comes_to_the_same_end_without_a_second_act() {
    dies_everywhere(&APPROVED);
}

#[test]
fn a_killed_test_leaves_nothing_behind_and_acts_once() {
    dies_everywhere(&TEST);
}

#[test]
fn a_killed_rollback_comes_to_the_same_end_without_a_second_act() {
    dies_everywhere(&ROLLBACK);
}

fn dies_everywhere(scenario: &Scenario) {
    let (expected, whole) = calm(scenario);
    let wanted = std::env::var("MUSTER_KILLS").ok().and_then(|kills| kills.parse::<usize>().ok());
    let began = Instant::now();
    let (mut died, mut moments, mut again) = (0, Vec::new(), 0);
    for turn in 0.. {
        let enough = wanted.map_or(died >= KILLS_MIN && began.elapsed() > BUDGET, |wanted| died >= wanted);
        if enough || turn > 100 + 2 * wanted.unwrap_or(0) {
            break;
        }
        let moment = 1 + spread(turn as u64, whole);
        let back = match turn % 5 {
            1 => Back::DiesOnceMore,
            3 => Back::DiesAndDies,
            _ => Back::AtOnce,
        };
        let bench = bench();
        if let Some(deaths) = dies_at(&bench, scenario, moment, back) {
            died += 1;
            again += deaths - 1;
            moments.push(moment);
        }
        let found = outcome(&bench);
        assert_eq!(found, expected, "{}: killed at event {moment} of {whole}, {back:?}", scenario.name);
    }
    moments.sort_unstable();
    println!(
        "{}: died {died} times at events {moments:?} of {whole}, and {again} times while it came back",
        scenario.name
    );
    assert!(died >= wanted.unwrap_or(KILLS_MIN) && again > 0, "died {died} times, {again} times again");
}

/// The `turn`-th of numbers below `bound` that are evenly spread, however many of them are taken.
fn spread(turn: u64, bound: u64) -> u64 {
    let reversed = turn.reverse_bits() >> 32;
    (reversed * bound) >> 32
}

/// Runs the commands, kills the engine at a moment and lets it come back. How often it died; none if it
/// was through before.
fn dies_at(bench: &Bench, scenario: &Scenario, moment: u64, back: Back) -> Option<u32> {
    let mut deaths = 0;
    for command in scenario.commands {
        if deaths > 0 {
            bench.run(command);
            continue;
        }
        let mut log = Log::of(bench);
        let mut engine = Engine::start(bench, command);
        if engine.gets_to(&mut log, moment) && engine.kill() {
            drop(log);
            deaths = 1 + comes_back(bench, back);
        }
    }
    (deaths > 0).then_some(deaths)
}

/// Lets the engine come back, and says how often it died on the way.
fn comes_back(bench: &Bench, back: Back) -> u32 {
    let mut deaths = 0;
    loop {
        let dies = match back {
            Back::AtOnce => false,
            Back::DiesOnceMore => deaths == 0,
            Back::DiesAndDies => true,
        };
        if !dies {
            let ended = bench.run(&RESUME);
            // It may have been through with everything but its last words.
            let over = ended.code == 4 && ended.err.contains("MP0665");
            assert!(over || [0, 3, 6].contains(&ended.code), "{ended:?}");
            return deaths;
        }
        let mut log = Log::of(bench);
        // Each life is a little longer: one that is always too short for the first act never comes to an end.
        let target = log.events() + 9 + 2 * u64::from(deaths);
        let mut engine = Engine::start(bench, &RESUME);
        if !(engine.gets_to(&mut log, target) && engine.kill()) {
            return deaths;
        }
        deaths += 1;
    }
}
