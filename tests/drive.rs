//! The driver on the simulated estate, with a runbook built by hand: every act once, in the order of
//! intent, act, outcome, over the death of the engine too.

#[path = "support/runbooks.rs"]
#[expect(dead_code, reason = "shared with the tests of the core")]
mod runbooks;

use std::path::Path;
use std::sync::Arc;

use musterpoint::base::{Clock as _, IdVec, SystemClock, Timestamp, limits};
use musterpoint::drive::{Attendance, DriveEnd, DriveError, DriveOptions, Watch, begin_run, drive, replay};
use musterpoint::estate::Estate as _;
use musterpoint::estate::sim::{Sim, SimOptions};
use musterpoint::event::{Event, EventKind, FinalState, Person, RunOptions};
use musterpoint::model::{
    CheckKind, CheckStep, CommitPolicy, Ladder, LadderEnd, Policy, PolicyKind, ScriptSpec, ScriptStep,
    ScriptWhere, ShutdownSpec, Template,
};
use musterpoint::run::{Run, RunState};
use musterpoint::runbook::{
    Act, BindAct, CommitGate, Lane, Needs, NodeId, Phase, Runbook, Subject, SubjectId,
};
use musterpoint::store::{OpenFor, Owner, RunId, Store, StoreError};
use runbooks::{after, node};

const ESTATE: &str = r#"{ "format": "muster.inventory/1", "now": "2026-11-23T06:00:00Z", "sites": ["avs", "azure"],
  "vms": { "one": { "group": null, "site": "avs", "power": "on", "protection": "protected", "replicates_to": "azure",
    "os": "linux", "address": { "avs": "10.0.0.1", "azure": "10.8.0.1" }, "agent_registered": true,
    "points": [ { "id": "p1", "at": "2026-11-23T05:55:00Z", "kind": "crash", "set": null, "processed": true, "usable": true } ] } },
  "process_servers": [ { "name": "ps-avs", "site": "avs", "healthy": true } ] }"#;

struct Quiet;
impl Watch for Quiet {
    fn event(&mut self, _: &Event, _: &Run) {}
    fn tick(&mut self, _: &Run, _: Timestamp) {}
    fn hold(&mut self, _: Option<&str>) {}
}

fn sim(folder: &Path) -> Arc<Sim> {
    let inventory = musterpoint::inventory::read("one.json", ESTATE.as_bytes()).expect("the inventory");
    Arc::new(Sim::open(SimOptions::new(folder.join("one.db"), inventory)).expect("the estate"))
}

/// Script, shutdown, final point, bind, failover, start, ready, commit, reprotect of one machine.
fn whole_life(folder: &Path) -> Runbook {
    let vm = musterpoint::base::Id::from_index(0);
    let subject: SubjectId = musterpoint::base::Id::from_index(0);
    let script = ScriptStep {
        spec: ScriptSpec {
            run: vec![
                Template::plain("/bin/sh"),
                Template::plain("-c"),
                Template::plain("echo ran >> ran.txt"),
            ],
            shell: false,
            env: indexmap::IndexMap::new(),
            timeout: std::time::Duration::from_secs(30),
        },
        place: ScriptWhere::Runner,
    };
    let ready = CheckStep {
        kind: CheckKind::Heartbeat(vm),
        every: std::time::Duration::from_secs(5),
        in_a_row: 1,
        within: std::time::Duration::from_secs(600),
        real: false,
    };
    let gate = CommitGate { policy: CommitPolicy::Gated, gated: true, deletes_sources: false, vms: vec![vm] };
    let acts = [
        ("freeze", Phase::Prepare, Act::Script(script)),
        ("shut down one", Phase::Shutdown, Act::ShutDown { vm, spec: ShutdownSpec::default() }),
        ("final one", Phase::Shutdown, Act::TakeFinal { subject }),
        ("bind one", Phase::Bind, Act::Bind(BindAct { subjects: vec![subject], within: None })),
        ("fail over one", Phase::Failover, Act::FailOver { vm }),
        ("start one", Phase::Start, Act::Start { vm }),
        ("ready one", Phase::Start, Act::Check(ready)),
        ("commit", Phase::Commit, Act::CommitGate(gate)),
        ("commit one", Phase::Commit, Act::Commit { vm }),
        (
            "reprotect one",
            Phase::Reprotect,
            Act::Reprotect { vm, via: Some(Template::plain("ps-avs")), retry: None },
        ),
    ];
    let mut nodes: IdVec<NodeId, _> = IdVec::new();
    let mut last = None;
    for (name, phase, act) in acts {
        let edges = last.map(|last| after(last, Needs::Done)).into_iter().collect();
        last = Some(nodes.push(node(name, phase, Lane::Forward, act, edges)));
    }
    let mut runbook = runbooks::runbook(nodes, 1);
    runbook.mode = Some(musterpoint::model::Mode::Planned);
    (runbook.source.name, runbook.source.estate_name) = ("avs".to_owned(), "avs".to_owned());
    (runbook.target.name, runbook.target.estate_name) = ("azure".to_owned(), "azure".to_owned());
    runbook.estate.folder = folder.to_owned();
    for machine in runbook.machines.iter_mut() {
        (machine.name, machine.estate_name) = ("one".to_owned(), "one".to_owned());
    }
    runbook.subjects.push(Subject {
        name: "one".to_owned(),
        group: None,
        members: vec![vm],
        ladder: Ladder { rungs: vec![Policy::plain(PolicyKind::Latest)], end: LadderEnd::Fail },
        overridden: false,
        forecast: None,
    });
    runbook
}

fn dana() -> Person {
    Person { name: "dana".to_owned(), os_user: "root".to_owned(), verified: false }
}

fn options() -> DriveOptions {
    DriveOptions {
        host: env!("CARGO_BIN_EXE_muster").into(),
        attendance: Attendance::Leave,
        by: dana(),
        resume: true,
        version: "test".to_owned(),
        look_every: musterpoint::base::limits::REQUEST_LOOK,
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_machine_goes_through_its_whole_life_and_every_act_happens_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state"), OpenFor::Write).expect("the store");
    let estate = sim(folder.path());
    let runbook = whole_life(folder.path());
    let now = estate.clock().now();
    let id =
        begin_run(&store, &runbook, "one.muster", dana(), RunOptions::default(), now).await.expect("a run");
    let end = drive(&store, &id, Arc::clone(&estate), options(), &mut Quiet).await.expect("a drive");
    let (run, events, _) = replay(&store, &id).expect("a replay");
    let log: Vec<String> = events.iter().map(|event| serde_json::to_string(&event.kind).unwrap()).collect();
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::Completed)), "{log:#?}");
    assert_eq!(run.state(), RunState::Ended(FinalState::Completed));
    assert_eq!(std::fs::read_to_string(folder.path().join("ran.txt")).unwrap(), "ran\n");
    for effect in estate.effects().expect("effects") {
        assert_eq!(effect.count, 1, "{effect:?}");
    }
    let inventory = estate.inventory().await.expect("an inventory");
    let one = &inventory.vms["one"];
    assert_eq!((one.site.as_str(), one.replicates_to.as_deref()), ("azure", Some("avs")));
}

/// An engine that is put to sleep after it has recorded what it is about to begin, for longer than its lease.
struct Sleeper<'a> {
    /// The step that is about to begin.
    before: &'a str,
    /// Takes the run over meanwhile.
    taken_over_in: Option<(std::path::PathBuf, RunId)>,
    slept: bool,
}

impl Watch for Sleeper<'_> {
    fn event(&mut self, event: &Event, run: &Run) {
        let EventKind::StepStarted { node, .. } = event.kind else { return };
        if self.slept || run.runbook().nodes.at(node).name != self.before {
            return;
        }
        self.slept = true;
        std::thread::park_timeout(limits::LEASE + std::time::Duration::from_millis(200));
        let Some((state, id)) = self.taken_over_in.take() else { return };
        let other = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let store = Store::open(&state, OpenFor::Write).unwrap();
            runtime.block_on(store.take_lease(&id, &Owner::of("elsewhere", 7, 1), SystemClock.now())).unwrap()
        });
        assert_eq!(other.join().unwrap(), 2, "the epoch after the sleeper's");
    }
    fn tick(&mut self, _: &Run, _: Timestamp) {}
    fn hold(&mut self, _: Option<&str>) {}
}

async fn sleeps(before: &str, taken_over: bool) -> (tempfile::TempDir, Result<DriveEnd, DriveError>) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let store = Store::open(&state, OpenFor::Write).expect("the store");
    let estate = sim(folder.path());
    let runbook = whole_life(folder.path());
    let now = estate.clock().now();
    let id =
        begin_run(&store, &runbook, "one.muster", dana(), RunOptions::default(), now).await.expect("a run");
    let mut watch = Sleeper { before, taken_over_in: taken_over.then(|| (state, id.clone())), slept: false };
    let end = drive(&store, &id, estate, options(), &mut watch).await;
    assert!(watch.slept, "`{before}` did not begin");
    (folder, end)
}

#[tokio::test]
async fn an_engine_that_slept_while_another_took_its_run_starts_nothing_it_had_recorded() {
    let (script, verb) = tokio::join!(sleeps("freeze", true), sleeps("shut down one", true));
    for (folder, end) in [&script, &verb] {
        assert!(matches!(end, Err(DriveError::Store(StoreError::LeaseLost { epoch: 1, .. }))), "{end:?}");
        assert_eq!(sim(folder.path()).effects().expect("effects"), [], "no machine was touched");
    }
    assert!(!script.0.path().join("ran.txt").exists(), "the script was not started");
    assert!(verb.0.path().join("ran.txt").exists(), "what came before was done");
}

#[tokio::test]
async fn an_engine_that_slept_alone_takes_its_lease_anew_and_goes_on() {
    let (folder, end) = sleeps("shut down one", false).await;
    assert_eq!(end.expect("a drive"), DriveEnd::Stands(RunState::Ended(FinalState::Completed)));
    assert!(sim(folder.path()).effects().expect("effects").iter().all(|effect| effect.count == 1));
}
