//! One effect a key, one story a seed, and one estate over the death of its process.

use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Clock, ManualClock, Timestamp};
use musterpoint::estate::Estate;

use musterpoint::estate::sim::{Sim, SimOptions, Speed};
use musterpoint::event::{EstateError, Found, Key, Progress, Request, Submitted};
use musterpoint::inventory::{self, Protection};
use musterpoint::model::Mode;

use crate::lab::{Lab, START, commit, contoso, fail_over, open, runtime, shut_down, start, try_open};

#[test]
fn one_key_acts_once_and_means_one_request() {
    let lab = Lab::new();
    let key = lab.key();
    let first = lab.submit(&key, &shut_down("app01")).unwrap();
    assert_eq!(lab.submit(&key, &shut_down("app01")).unwrap(), first);
    let other = lab.submit(&key, &shut_down("sql01")).unwrap_err();
    assert!(matches!(other, EstateError::Refused { code, .. } if code == "key_reused"));
    let busy = lab.submit(&lab.key(), &shut_down("app01")).unwrap_err();
    assert!(matches!(busy, EstateError::Retry { code, .. } if code == "machine_busy"));
    lab.end_by(&key, &shut_down("app01")).unwrap();
    assert_eq!(lab.submit(&key, &shut_down("app01")).unwrap(), first);
    let effects = lab.sim.effects().unwrap();
    assert_eq!(effects.len(), 1);
    assert_eq!(
        (effects[0].machine.as_str(), effects[0].verb.as_str(), effects[0].count),
        ("app01", "shut_down", 1)
    );
}

#[test]
fn a_key_is_found_at_every_stage() {
    let lab = Lab::with("{}", &["fail commit app01 once retry as locked"]);
    let (key, request) = (lab.key(), shut_down("app01"));
    assert_eq!(lab.find(&key, &request), Found::NeverArrived);
    let Submitted::Accepted(handle, when) = lab.submit(&key, &request).unwrap() else { panic!() };
    assert_eq!(lab.find(&key, &request), Found::Running(handle.clone()));
    assert_eq!(lab.poll(&handle).unwrap(), Progress::Running(when));
    lab.sim.clock().jump(when);
    assert!(matches!(lab.find(&key, &request), Found::Done(_)));
    assert!(matches!(lab.find(&key, &shut_down("sql01")), Found::CannotTell(_)));
    lab.done(&fail_over("app01", "p7", Some(Mode::Planned), "azure"));
    let key = lab.key();
    let failed = lab.end_by(&key, &commit("app01")).unwrap_err();
    assert!(matches!(&failed, EstateError::Retry { code, .. } if code == "locked"), "{failed}");
    assert_eq!(lab.find(&key, &commit("app01")), Found::Failed(failed));
    assert_eq!(lab.vm("app01").protection, Protection::FailedOver);
    lab.done(&commit("app01"));
}

#[test]
fn what_goes_on_when_the_process_dies_is_found_and_ends_after_it_is_opened_again() {
    let lab = Lab::new();
    let (key, request) = (lab.key(), shut_down("app01"));
    let Submitted::Accepted(handle, when) = lab.submit(&key, &request).unwrap() else { panic!() };
    let (before, now) = (lab.vm("app01").points.len(), lab.now());
    let lab = lab.reopen(&[]);
    assert!(lab.now() >= now, "the clock never goes back");
    assert_eq!(lab.find(&key, &request), Found::Running(handle.clone()));
    assert_eq!(lab.vm("app01").points.len(), before);
    lab.sim.clock().jump(when);
    assert!(matches!(lab.poll(&handle).unwrap(), Progress::Done(_)));
    let lab = lab.reopen(&[]);
    assert!(lab.now() >= when);
    assert!(matches!(lab.find(&key, &request), Found::Done(_)));
    assert_eq!(lab.sim.effects().unwrap().len(), 1);
}

#[test]
fn the_same_seed_gives_the_same_answers_to_the_byte() {
    let story = || {
        let lab = Lab::with("{}", &["fail fail_over * 30% retry"]);
        let mut told = String::new();
        for name in ["sql01", "app01"] {
            for _ in 0..3 {
                let answer = lab.end(&fail_over(name, &lab.newest(name), Some(Mode::Unplanned), "azure"));
                told.extend([lab.now().to_string(), format!(" {answer:?}\n")]);
            }
            lab.minutes(17);
            told.push_str(&inventory::to_text(&lab.inventory()));
        }
        told
    };
    assert_eq!(story(), story());
}

#[test]
fn another_seed_gives_other_durations() {
    let ends = |seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let options = SimOptions {
            seed,
            real: Arc::new(ManualClock::at(START.parse().unwrap())),
            ..SimOptions::new(folder.path().join("e.db"), contoso("{}"))
        };
        let sim = Sim::open(options).unwrap();
        let answer = runtime().block_on(sim.submit(&Key::of("run", 1, 1), &shut_down("app01"))).unwrap();
        let Submitted::Accepted(_, when) = answer else { panic!() };
        when
    };
    let all: std::collections::BTreeSet<_> = (0..10).map(ends).collect();
    assert!(all.len() > 3, "{all:?}");
}

#[test]
fn a_changed_inventory_or_seed_is_said_and_the_estate_goes_on() {
    let lab = Lab::new();
    lab.go("app01");
    let Lab { sim, folder, .. } = lab;
    drop(sim);
    let mut changed = contoso("{}");
    changed.vms.swap_remove("sql02");
    let options =
        SimOptions { seed: 8, ..SimOptions::new(folder.path().join("estates/contoso.db"), changed) };
    let sim = Sim::open(options).unwrap();
    let codes: Vec<&str> = sim.warnings().iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["MP0524", "MP0526"]);
    let inventory = runtime().block_on(sim.inventory()).unwrap();
    assert_eq!(inventory.vms["app01"].protection, Protection::FailedOver);
    assert!(inventory.vms.contains_key("sql02"));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("estates")).unwrap();
    std::fs::write(folder.path().join("estates/contoso.db"), "not a database, and long enough to be read")
        .unwrap();
    let found = try_open(&folder, contoso("{}"), &[]).map(|_| ()).unwrap_err();
    assert_eq!(found[0].code.as_str(), "MP0523");
    assert!(!found[0].message.contains('\n'));
}

#[test]
fn an_inventory_that_cannot_be_simulated_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = contoso("{}");
    wrong.vms["app01"].site = "mars".to_owned();
    wrong.vms["sql01"].replicates_to = Some("avs".to_owned());
    let found = try_open(&folder, wrong, &[]).map(|_| ()).unwrap_err();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|diagnostic| diagnostic.code.as_str() == "MP0525"));
}

#[test]
fn two_processes_see_one_estate_and_one_time() {
    let lab = Lab::new();
    let reader = open(&lab.folder, contoso("{}"), &[]);
    lab.go("app01");
    let seen = runtime().block_on(reader.inventory()).unwrap();
    assert_eq!(seen.vms["app01"].protection, Protection::FailedOver);
    assert!(seen.now >= lab.now());
}

#[test]
fn a_real_estate_s_time_goes_by_its_factor_and_is_not_moved() {
    let folder = tempfile::tempdir().unwrap();
    let real = Arc::new(ManualClock::at(START.parse().unwrap()));
    let options = SimOptions {
        speed: Speed::Factor(60),
        real: Arc::<ManualClock>::clone(&real),
        ..SimOptions::new(folder.path().join("e.db"), contoso("{}"))
    };
    let sim = Sim::open(options).unwrap();
    let clock = sim.clock();
    let begin = clock.now();
    assert!(!clock.jump(begin.plus(Duration::from_secs(3600))));
    real.jump(START.parse::<Timestamp>().unwrap().plus(Duration::from_secs(2)));
    assert_eq!(clock.now().since(begin), Duration::from_secs(120));
}

#[test]
fn a_clock_that_a_person_sets_back_takes_no_time_away() {
    #[derive(Debug)]
    struct Jumpy(std::sync::Mutex<Timestamp>);
    impl Clock for Jumpy {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
        fn jump(&self, _to: Timestamp) -> bool {
            false
        }
    }
    let start: Timestamp = START.parse().unwrap();
    let real = Arc::new(Jumpy(std::sync::Mutex::new(start)));
    let folder = tempfile::tempdir().unwrap();
    let options = SimOptions {
        real: Arc::<Jumpy>::clone(&real),
        ..SimOptions::new(folder.path().join("e.db"), contoso("{}"))
    };
    let sim = Sim::open(options).unwrap();
    let set = |seconds: u64| *real.0.lock().unwrap() = start.plus(Duration::from_secs(seconds));
    set(100);
    let before = sim.clock().now();
    set(10);
    assert_eq!(sim.clock().now(), before);
    set(15);
    assert_eq!(sim.clock().now().since(before), Duration::from_secs(5));
}

/// Runs rounds for ever and says each; for the test below, which kills it.
#[test]
#[ignore = "the victim of another test"]
fn goes_round_until_it_is_killed() {
    use std::io::Write as _;
    let Some(path) = std::env::var_os("MUSTERPOINT_SIM_VICTIM") else { return };
    let sim = Sim::open(SimOptions::new(std::path::PathBuf::from(path), contoso("{}"))).unwrap();
    let run = format!("{:?}", sim.clock().now());
    for round in 0..200_u32 {
        for (place, machine) in ["app01", "sql01", "sql02"].iter().enumerate() {
            let inventory = runtime().block_on(sim.inventory()).unwrap();
            let vm = &inventory.vms[*machine];
            if vm.protection != Protection::Protected {
                continue;
            }
            let to = vm.replicates_to.clone().unwrap();
            let point = inventory.text(vm.points.iter().find(|p| p.processed).unwrap().id).to_owned();
            let mode = Some(Mode::Unplanned);
            for (number, request) in [
                fail_over(machine, &point, mode, &to),
                start(machine),
                Request::RollBack { machine: (*machine).to_owned(), start_source: true },
            ]
            .iter()
            .enumerate()
            {
                let node = u32::try_from(place * 10 + number).unwrap();
                let key = Key::of(&run, node, round + 1);
                if let Ok(Submitted::Accepted(_, when)) = runtime().block_on(sim.submit(&key, request)) {
                    sim.clock().jump(when);
                }
                writeln!(std::io::stdout(), "acted").unwrap();
            }
        }
    }
}

#[test]
fn a_process_killed_at_any_instant_leaves_an_estate_that_goes_on() {
    use std::io::BufRead as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.db");
    for lines in [1_usize, 4, 7, 11, 20] {
        let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "durable::goes_round_until_it_is_killed"])
            .env("MUSTERPOINT_SIM_VICTIM", &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let out = std::io::BufReader::new(victim.stdout.take().unwrap());
        let acted =
            out.lines().map_while(Result::ok).filter(|line| line.ends_with("acted")).take(lines).count();
        victim.kill().unwrap();
        victim.wait().unwrap();
        assert_eq!(acted, lines);
        let sim = Sim::open(SimOptions::new(&path, contoso("{}"))).unwrap();
        assert!(sim.warnings().is_empty());
        let inventory = runtime().block_on(sim.inventory()).unwrap();
        for vm in inventory.vms.values() {
            let over = vm.protection == Protection::FailedOver;
            assert_eq!(vm.left_behind.is_some(), over, "{}", vm.name);
            assert_eq!(vm.site == "azure", over, "{}", vm.name);
        }
        assert!(sim.effects().unwrap().iter().all(|effect| effect.count == 1));
        // What was under way ends, so that the next victim finds work to do.
        sim.clock().jump(inventory.now.plus(Duration::from_secs(3600)));
        let inventory = runtime().block_on(sim.inventory()).unwrap();
        for (number, vm) in inventory.vms.values().enumerate() {
            let back = Request::RollBack { machine: vm.name.clone(), start_source: true };
            let key = Key::of(&format!("back {lines}"), u32::try_from(number).unwrap(), 1);
            if let Submitted::Accepted(_, when) = runtime().block_on(sim.submit(&key, &back)).unwrap() {
                sim.clock().jump(when);
                runtime().block_on(sim.inventory()).unwrap();
            }
        }
    }
}
