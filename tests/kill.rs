//! The engine dies by `kill -9`, at moment after moment of the seed's scenario, and comes back: the same
//! end, and no second act on any machine. The simulated estate counts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use musterpoint::estate::sim::{Sim, SimOptions};
use musterpoint::event::{Event, EventKind};
use musterpoint::store::{OpenFor, Store};

fn plans() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plans")
}

fn muster(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.env("MUSTER_STATE", state).env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    command
}

fn failback(state: &Path) -> Command {
    let mut command = muster(state);
    command.arg("failback").arg(plans().join("erp.muster"));
    command.args(["--planned", "--yes", "--as", "dana", "--approve", "go", "--approve", "accept"]);
    command
}

/// The events of the only run, as far as they are recorded.
fn events(state: &Path) -> Vec<Event> {
    let Ok(store) = Store::open(state, OpenFor::Read) else { return Vec::new() };
    let Ok(run) = store.find_run("last") else { return Vec::new() };
    store.events(&run, 1).map(|reader| reader.filter_map(Result::ok).collect()).unwrap_or_default()
}

/// What was done to the machines, and to which end: the same whatever the engine went through.
fn outcome(state: &Path) -> (String, Vec<(String, String, u64)>) {
    let all = events(state);
    let Some(EventKind::RunEnded { state: end, .. }) = all.last().map(|event| event.kind.clone()) else {
        panic!("the run did not end: {:?}", all.last());
    };
    let inventory = plans().join("estates/contoso.json");
    let inventory = musterpoint::inventory::read_file("contoso.json", &inventory).expect("the inventory");
    let mut options = SimOptions::new(state.join("estates/contoso.db"), inventory);
    options.seed = 7;
    let sim = Sim::open(options).expect("the estate");
    let mut acts: std::collections::BTreeMap<(String, String), u64> = std::collections::BTreeMap::new();
    for effect in sim.effects().expect("effects") {
        assert_eq!(u64::from(effect.count), 1, "one effect for one key: {effect:?}");
        *acts.entry((effect.machine, effect.verb)).or_insert(0) += 1;
    }
    let acts = acts.into_iter().map(|((machine, verb), count)| (machine, verb, count)).collect();
    (format!("{end:?}"), acts)
}

#[test]
fn a_killed_run_resumes_to_the_same_end_without_a_second_act() {
    let calm = tempfile::tempdir().unwrap();
    let output = failback(calm.path()).output().expect("muster runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let whole = events(calm.path()).len();
    let expected = outcome(calm.path());
    assert!(whole > 60, "{whole} events are too few for ten moments");

    let mut killed = 0;
    for moment in 1..=12 {
        let target = whole * moment / 13;
        let state = tempfile::tempdir().unwrap();
        let mut child = failback(state.path()).spawn().expect("muster runs");
        let began = Instant::now();
        while events(state.path()).len() < target && child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "it does not get to event {target}");
        }
        let died = child.try_wait().unwrap().is_none();
        child.kill().expect("killed");
        child.wait().unwrap();
        if died {
            killed += 1;
            // A second death in the middle of coming back is survived too.
            if moment % 4 == 0 {
                let mut again =
                    muster(state.path()).args(["resume", "last", "--as", "dana"]).spawn().unwrap();
                let before = events(state.path()).len();
                while events(state.path()).len() < before + 3 && again.try_wait().unwrap().is_none() {}
                again.kill().expect("killed");
                again.wait().unwrap();
            }
            let output = muster(state.path()).args(["resume", "last", "--as", "dana"]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let over = said.contains("has ended");
            assert!(output.status.success() || over, "at event {target}: {said}");
        }
        assert_eq!(outcome(state.path()), expected, "killed at event {target} of {whole}");
    }
    assert!(killed >= 10, "only {killed} of 12 were killed before their end");
}
