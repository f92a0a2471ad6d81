//! From a shipped plan to a driven run, through the library: what the command line does, without it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use musterpoint::base::Timestamp;
use musterpoint::drive::{Attendance, DriveEnd, DriveOptions, Watch, begin_run, drive, replay};
use musterpoint::estate::Estate as _;
use musterpoint::estate::sim::{Sim, SimOptions};
use musterpoint::event::{Event, Person, RunOptions};
use musterpoint::model::resolve::{DiskFiles, resolve};
use musterpoint::model::{Mode, Operation, Plan, RoleMembers};
use musterpoint::run::{OperatorRequest, Run};
use musterpoint::runbook::{Act, Runbook};
use musterpoint::runbook::{CompileOptions, compile};
use musterpoint::source::{Diagnostic, Sources};
use musterpoint::store::{OpenFor, RunId, Store};

/// A shipped plan on a state folder of its own.
pub struct Desk {
    pub plan: Plan,
    pub sources: Sources,
    pub state: tempfile::TempDir,
    pub store: Store,
    pub faults: Vec<String>,
}

pub struct Quiet;
impl Watch for Quiet {
    fn event(&mut self, _: &Event, _: &Run) {}
    fn tick(&mut self, _: &Run, _: Timestamp) {}
    fn hold(&mut self, _: Option<&str>) {}
}

pub fn plans() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plans")
}

pub fn person(name: &str) -> Person {
    Person { name: name.to_owned(), os_user: "root".to_owned(), verified: false }
}

impl Desk {
    pub fn new(plan: &str) -> Self {
        Self::with_faults(plan, &[])
    }

    /// As the plan says, and with these faults besides.
    pub fn with_faults(plan: &str, faults: &[&str]) -> Self {
        let mut sources = Sources::default();
        let resolved = resolve(&plans().join(plan), &mut DiskFiles, &mut sources);
        let errors: Vec<&Diagnostic> = resolved.diagnostics.iter().filter(|found| found.is_error()).collect();
        let Some(plan) = resolved.plan else { panic!("{errors:#?}") };
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(&state.path().join("state"), OpenFor::Write).expect("a store");
        Self { plan, sources, state, store, faults: faults.iter().map(|fault| (*fault).to_owned()).collect() }
    }

    /// The plan's simulated estate, as it stands in this state folder.
    pub fn estate(&self) -> Arc<Sim> {
        let args = &self.plan.estate.provider_args;
        let path = args["inventory"].as_str().expect("an inventory");
        let inventory =
            musterpoint::inventory::read_file(path, &self.plan.folder.join(path)).expect("an inventory");
        let mut options = SimOptions::new(self.state.path().join("estate.db"), inventory);
        options.seed = args["seed"].as_u64().unwrap_or(1);
        let said = args["faults"].as_array().into_iter().flatten().filter_map(|fault| fault.as_str());
        options.faults = said.map(str::to_owned).chain(self.faults.iter().cloned()).collect();
        Arc::new(Sim::open(options).expect("an estate"))
    }

    pub async fn compile(
        &self,
        operation: Operation,
        mode: Option<Mode>,
        set: impl FnOnce(&mut CompileOptions<'_>),
    ) -> Result<Runbook, Vec<Diagnostic>> {
        let inventory = self.estate().inventory().await.expect("an inventory");
        let mut options = CompileOptions::new(operation, mode, &self.sources);
        set(&mut options);
        compile(&self.plan, &inventory, &options)
    }

    pub async fn begin(&self, runbook: &Runbook, approved: &[&str]) -> RunId {
        let approved = approved.iter().map(|step| ((*step).to_owned(), "said before".to_owned())).collect();
        let options = RunOptions { approved, unfenced: None };
        let now = self.estate().clock().now();
        begin_run(&self.store, runbook, "a test", person("dana"), options, now).await.expect("a run")
    }

    pub async fn drive(&self, id: &RunId) -> (DriveEnd, Run, Vec<Event>) {
        self.drive_on(id, self.estate()).await
    }

    /// On an estate that somebody keeps open to ask it afterwards.
    pub async fn drive_on(&self, id: &RunId, estate: Arc<Sim>) -> (DriveEnd, Run, Vec<Event>) {
        let options = DriveOptions {
            host: env!("CARGO_BIN_EXE_muster").into(),
            attendance: Attendance::Leave,
            by: person("dana"),
            resume: true,
            version: "test".to_owned(),
            look_every: musterpoint::base::limits::REQUEST_LOOK,
        };
        let end = drive(&self.store, id, estate, options, &mut Quiet).await.expect("a drive");
        let (run, events, _) = replay(&self.store, id).expect("a replay");
        (end, run, events)
    }

    /// Answers every approval by two people of its role, and closes an open commit window.
    pub async fn answer(&self, id: &RunId, run: &Run) {
        let now = self.estate().clock().now();
        for node in run.waiting_for_people() {
            let compiled = run.runbook().nodes.at(node);
            let (request, people): (OperatorRequest, Vec<&str>) = match &compiled.act {
                Act::Approve(approve) => {
                    let step = Some(compiled.name.clone());
                    let people = match &run.runbook().roles[&approve.by].members {
                        RoleMembers::Anyone => vec!["dana", "lee"],
                        RoleMembers::People(people) => people.iter().map(String::as_str).take(2).collect(),
                    };
                    (OperatorRequest::Approve { step, comment: "seen".to_owned() }, people)
                }
                Act::CommitGate(gate) => {
                    let delete_sources = gate.deletes_sources.then(|| u32::try_from(gate.vms.len()).unwrap());
                    (OperatorRequest::Commit { delete_sources }, vec!["dana"])
                }
                other => panic!("nobody answers {other:?}"),
            };
            for name in people {
                let body = serde_json::to_value(&request).unwrap();
                self.store.post_request(id, &person(name), &body, now).await.expect("posted");
            }
        }
    }

    /// No act happened twice to any machine under one key.
    pub fn check_effects(&self) {
        for effect in self.estate().effects().expect("effects") {
            assert_eq!(effect.count, 1, "{effect:?}");
        }
    }
}

/// What stands in the way of a run, for messages of tests.
pub fn why(run: &Run) -> String {
    let mut lines = vec![format!("{:?}", run.state())];
    for (id, node) in run.runbook().nodes.iter_enumerated() {
        let state = run.node(id);
        if !matches!(state, musterpoint::run::NodeState::Succeeded { .. }) && run.is_awake(id) {
            lines.push(format!("{}: {state:?}", node.name));
        }
    }
    lines.join("\n")
}
