//! One death after another, at any moment between a process's first instruction and its last, until the run has
//! ended all the same.

use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::damage::Dice;
use crate::scenario::{Engine, FAILBACK, Log, Outcome, RESUME, Scenario, TEST, bench, calm, outcome};

/// Deaths by default, over as many runs as it takes.
const KILLS: u32 = 25;
/// Of the time that an undisturbed run takes, the part within which a process dies: it gets a little further
/// each time, or dies before it did anything.
const PART: u32 = 3;

#[test]
fn a_run_whose_engine_dies_again_and_again_at_random_moments_ends_as_an_undisturbed_one() {
    let wanted = std::env::var("MUSTER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let plans = [&FAILBACK, &TEST].map(|scenario| {
        let began = Instant::now();
        let (expected, _) = calm(scenario);
        (scenario, expected, began.elapsed() / PART)
    });
    let (mut died, mut most) = (0, 0);
    for (seed, (scenario, expected, within)) in (0_u64..).zip(plans.iter().cycle()) {
        let deaths = dies_until_it_ends(scenario, expected, *within, seed);
        (died, most) = (died + deaths, most.max(deaths));
        if died >= wanted {
            println!("{died} deaths in {} runs, up to {most} in one", seed + 1);
            break;
        }
        assert!(seed < 20 + u64::from(wanted), "{died} deaths in {seed} runs: it dies too late");
    }
    assert!(most > 1, "no run died twice");
}

/// How often the engine of one run died.
fn dies_until_it_ends(scenario: &Scenario, expected: &Outcome, within: Duration, seed: u64) -> u32 {
    let (bench, mut dice, mut deaths) = (bench(), Dice(seed), 0);
    let within = u64::try_from(within.as_micros()).unwrap();
    loop {
        // Where it died before there was a run, it is begun once more.
        let command = if Log::of(&bench).events() > 0 { &RESUME[..] } else { scenario.commands[0] };
        let mut engine = Engine::start(&bench, command);
        let ended = engine.ends_within(Duration::from_micros(dice.below(within)));
        if let Some(code) = ended {
            // It may have been through with everything but its last words.
            assert!(code == Some(0) || code == Some(4), "seed {seed}, death {deaths}: exit {code:?}");
            break;
        }
        deaths += u32::from(engine.kill());
    }
    let what = format!("{}, seed {seed}, {deaths} deaths", scenario.name);
    assert_eq!(&outcome(&bench), expected, "{what}");
    agrees(&bench);
    deaths
}

/// The run has ended, and its log holds together and is signed.
#[track_caller]
fn agrees(bench: &Bench) {
    bench.run(&RESUME).exits(4).says("MP0665");
    bench.run(&["log", "last"]).exits(0).prints("ends as ");
    bench.run(&["verify", "last"]).exits(0);
}
