//! The whole engine under a deterministic simulation: the real core and the real driver over a store in memory,
//! the simulated estate and a simulated runner, on a virtual clock. Engines die before and after every durable
//! write and at any call, are overtaken, find the disk full; the estate fails, hangs, loses answers, lies, comes
//! late, is cut off; operators ask for anything at any moment.
//!
//! `cargo test --test simulation -- --seeds 100000` plays more, `--seed 4711` plays one and tells of it, and
//! `--schedule JSON` plays what a failure printed.

mod fate;
mod gates;
mod judge;
mod operator;
mod play;
mod runner;
mod scenario;
mod schedule;
mod store;
mod witness;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use scenario::Scenario;
use schedule::{Blow, Schedule, Strike};

/// Schedules that follow from seeds, in a normal test run; those of every write come besides.
const SEEDS: u64 = 10_000;

/// Plays a schedule and judges it.
fn broken_by(scenario: &Scenario, schedule: &Schedule) -> Result<play::Played, Vec<String>> {
    let played = std::panic::catch_unwind(|| play::play(scenario, schedule)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(vec![format!("a panic: {}", said.unwrap_or_default())])
    })?;
    let broken = judge::judge(scenario, schedule, &played);
    if broken.is_empty() { Ok(played) } else { Err(broken) }
}

/// Takes away from a schedule whatever it breaks without.
fn shrink(scenario: &Scenario, schedule: Schedule) -> (Schedule, Vec<String>) {
    let mut small = schedule;
    let mut broken = broken_by(scenario, &small).err().unwrap_or_default();
    'again: loop {
        for less in small.smaller() {
            if let Err(still) = broken_by(scenario, &less) {
                (small, broken) = (less, still);
                continue 'again;
            }
        }
        return (small, broken);
    }
}

fn told(scenario: &Scenario, schedule: &Schedule) -> Failed {
    let (small, broken) = shrink(scenario, schedule.clone());
    let json = serde_json::to_string(&small).unwrap();
    Failed::from(format!(
        "seed {}\n  {}\nplay it again with --schedule '{json}'",
        schedule.seed,
        broken.join("\n  ")
    ))
}

/// The engine dies before and after every single durable write, and at every call, of a calm run.
fn every_moment(scenario: &Scenario, count: &AtomicU64) -> Result<(), Failed> {
    let calm = Schedule::calm(scenario);
    let played = broken_by(scenario, &calm).map_err(|_| told(scenario, &calm))?;
    for strike in [Strike::DiesBefore, Strike::DiesAfter, Strike::Overtaken, Strike::Full { times: 2 }] {
        for at in 1..=played.writes {
            let schedule = Schedule { blows: vec![Blow::Write { at, strike }], ..calm.clone() };
            count.fetch_add(1, Ordering::Relaxed);
            broken_by(scenario, &schedule).map_err(|_| told(scenario, &schedule))?;
        }
    }
    for strike in [Strike::DiesBefore, Strike::DiesAfter, Strike::AnswersLate { seconds: 61 }] {
        for at in 1..=played.calls {
            let schedule = Schedule { blows: vec![Blow::Call { at, strike }], ..calm.clone() };
            count.fetch_add(1, Ordering::Relaxed);
            broken_by(scenario, &schedule).map_err(|_| told(scenario, &schedule))?;
        }
    }
    Ok(())
}

/// Every so manyth seed, on one scenario.
fn seeds(scenario: &Scenario, seeds: impl Iterator<Item = u64>, tally: &Tally) -> Result<(), Failed> {
    let calm = play::play(scenario, &Schedule::calm(scenario)).map_err(|broken| broken.join("; "))?;
    for seed in seeds {
        let schedule = Schedule::of_seed(scenario, seed, calm.writes, calm.calls);
        tally.count.fetch_add(1, Ordering::Relaxed);
        let played = broken_by(scenario, &schedule).map_err(|_| told(scenario, &schedule))?;
        if seed % 16 < 1 {
            let again = play::play(scenario, &schedule).map_err(|broken| broken.join("; "))?;
            if again.bytes != played.bytes {
                return Err(Failed::from(format!("seed {seed} gave two different run logs")));
            }
        }
        tally.ended(played.run.state().word());
    }
    Ok(())
}

/// How the runs ended, so that a search that never sees an end is noticed.
#[derive(Default)]
struct Tally {
    count: AtomicU64,
    ends: Mutex<BTreeMap<&'static str, u64>>,
}

impl Tally {
    fn ended(&self, word: &'static str) {
        *self.ends.lock().unwrap().entry(word).or_insert(0) += 1;
    }
}

fn main() {
    let mut own = std::env::args().collect::<Vec<_>>();
    let mut take = |name: &str| {
        let at = own.iter().position(|argument| argument == name)?;
        let value = own.get(at + 1).cloned().unwrap_or_default();
        own.drain(at..(at + 2).min(own.len()));
        Some(value)
    };
    let wanted: Option<u64> = take("--seeds").map(|seeds| seeds.parse().expect("--seeds takes a number"));
    let one: Option<u64> = take("--seed").map(|seed| seed.parse().expect("--seed takes a number"));
    let text = take("--schedule");
    let arguments = Arguments::from_iter(own);
    let scenarios = scenario::all();
    std::panic::set_hook(Box::new(|_| {}));
    if let Ok(times) = std::env::var("SIM_TIMES") {
        for scenario in &scenarios {
            let t = std::time::Instant::now();
            let mut n = 0;
            for _ in 0..times.parse::<u32>().unwrap() {
                let p = play::play(scenario, &Schedule::calm(scenario));
                n = p.map(|p| p.events.len()).unwrap_or_default();
            }
            println!("{} {:?} events {n}", scenario.name, t.elapsed());
        }
        return;
    }
    if let Some(schedule) = text.map(|text| serde_json::from_str::<Schedule>(&text).expect("a schedule")) {
        let scenario = scenarios.iter().find(|it| it.name == schedule.scenario).expect("its scenario");
        return tell(scenario, &schedule);
    }
    let of = u64::try_from(scenarios.len()).unwrap();
    if let Some(seed) = one {
        let scenario = &scenarios[usize::try_from(seed % of).unwrap()];
        let calm = play::play(scenario, &Schedule::calm(scenario)).expect("a calm run");
        return tell(scenario, &Schedule::of_seed(scenario, seed, calm.writes, calm.calls));
    }
    let tally = Arc::new(Tally::default());
    let mut trials = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let (of_moments, counted) = (Arc::clone(scenario), Arc::clone(&tally));
        trials.push(Trial::test(format!("{}_survives_a_death_at_every_moment", scenario.name), move || {
            every_moment(&of_moments, &counted.count)
        }));
        let (of_seeds, counted) = (Arc::clone(scenario), Arc::clone(&tally));
        let mine = (0..wanted.unwrap_or(SEEDS)).filter(move |seed| seed % of == index as u64);
        trials
            .push(Trial::test(format!("{}_keeps_its_promises_under_every_seed", scenario.name), move || {
                seeds(&of_seeds, mine, &counted)
            }));
    }
    let all = arguments.filter.is_none() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    let count = tally.count.load(Ordering::Relaxed);
    let ends = tally.ends.lock().unwrap().clone();
    println!("{count} schedules played; they ended as {ends:?}");
    if all && wanted.is_none() && !conclusion.has_failed() {
        assert!(count >= SEEDS, "only {count} schedules were played");
        for end in ["completed", "completed-with-exceptions", "failed", "rolled-back"] {
            assert!(ends.get(end).is_some_and(|count| *count > 20), "hardly a run ended {end}: {ends:?}");
        }
    }
    conclusion.exit();
}

/// Plays one schedule and says what happened in it.
fn tell(scenario: &Scenario, schedule: &Schedule) {
    println!("{}", serde_json::to_string_pretty(schedule).unwrap());
    match broken_by(scenario, schedule) {
        Ok(played) => {
            for event in &played.events {
                println!("{} {} {}", event.seq, event.at, serde_json::to_string(&event.kind).unwrap());
            }
            println!("{} after {} engines", played.run.state().word(), played.engines);
        }
        Err(broken) => {
            println!("broken:\n  {}", broken.join("\n  "));
            std::process::exit(1);
        }
    }
}
