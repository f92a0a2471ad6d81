//! The plans that are simulated, compiled once.

use std::path::Path;
use std::sync::Arc;

use musterpoint::base::Timestamp;
use musterpoint::event::{Event, EventKind, EventLine, RunOptions};
use musterpoint::inventory::Inventory;
use musterpoint::model::resolve::{DiskFiles, resolve};
use musterpoint::model::{Mode, Operation};
use musterpoint::run::RunState;
use musterpoint::runbook::{Act, CompileOptions, Runbook, compile};
use musterpoint::source::{Diagnostic, Sources};
use musterpoint::store::{NewRun, RunId, RunSummary};

use super::fate::person;

/// One plan, operation and mode.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub inventory: Inventory,
    pub runbook: Arc<Runbook>,
    pub new: NewRun,
    pub first: Vec<EventLine>,
    pub machines: Vec<String>,
    pub sites: Vec<String>,
    pub steps: Vec<String>,
    pub subjects: Vec<String>,
}

/// Name, plan, operation, mode.
const SCENARIOS: [(&str, &str, Operation, Option<Mode>); 10] = [
    ("careful-planned", "tests/simulation/plans/careful", Operation::Failover, Some(Mode::Planned)),
    ("careful-unplanned", "tests/simulation/plans/careful", Operation::Failover, Some(Mode::Unplanned)),
    ("careful-forced", "tests/simulation/plans/careful", Operation::Failover, Some(Mode::Forced)),
    ("careful-test", "tests/simulation/plans/careful", Operation::Test, None),
    ("bold-planned", "tests/simulation/plans/bold", Operation::Failover, Some(Mode::Planned)),
    ("bold-unplanned", "tests/simulation/plans/bold", Operation::Failover, Some(Mode::Unplanned)),
    ("bold-test", "tests/simulation/plans/bold", Operation::Test, None),
    ("erp-failback", "plans/erp", Operation::Failback, Some(Mode::Planned)),
    ("erp-test", "plans/erp", Operation::Test, None),
    ("night-forced", "plans/night", Operation::Failover, Some(Mode::Forced)),
];

pub fn all() -> Vec<Arc<Scenario>> {
    SCENARIOS
        .iter()
        .map(|(name, plan, operation, mode)| Arc::new(load(name, plan, *operation, *mode)))
        .collect()
}

fn load(name: &'static str, plan: &str, operation: Operation, mode: Option<Mode>) -> Scenario {
    let mut sources = Sources::default();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{plan}.muster"));
    let resolved = resolve(&path, &mut DiskFiles, &mut sources);
    let errors: Vec<&Diagnostic> = resolved.diagnostics.iter().filter(|found| found.is_error()).collect();
    let Some(plan) = resolved.plan else { panic!("{name}: {errors:#?}") };
    let said = plan.estate.provider_args["inventory"].as_str().expect("an inventory");
    let mut inventory =
        musterpoint::inventory::read_file(said, &plan.folder.join(said)).expect("an inventory");
    // Other ports answer at once, so that calm runs are without failures.
    let mut options = CompileOptions::new(operation, mode, &sources);
    if mode == Some(Mode::Forced) {
        options.to = plan.estate.sites.get_index(1).map(|(name, _)| name.clone());
        options.lost_at = Some(inventory.now);
    }
    let runbook = match compile(&plan, &inventory, &options) {
        Ok(runbook) => Arc::new(runbook),
        Err(errors) => panic!("{name}: {errors:#?}"),
    };
    inventory.now = runbook.compiled_at;
    let (new, first) = begin(&runbook, inventory.now);
    let steps = runbook.nodes.iter().filter(|node| node.act != Act::Join).map(|node| node.name.clone());
    Scenario {
        name,
        machines: runbook.machines.iter().map(|machine| machine.estate_name.clone()).collect(),
        sites: [&runbook.source, &runbook.target].map(|site| site.estate_name.clone()).to_vec(),
        steps: steps.collect(),
        subjects: runbook.subjects.iter().map(|subject| subject.name.clone()).collect(),
        inventory,
        runbook,
        new,
        first,
    }
}

/// A run of the runbook that nobody drives yet, with its first line.
fn begin(runbook: &Runbook, now: Timestamp) -> (NewRun, Vec<EventLine>) {
    let digest = runbook.digest();
    let id = RunId::from_text("simulated");
    let kind = EventKind::RunStarted {
        run: id.as_str().to_owned(),
        runbook: digest.clone(),
        by: person("dana"),
        options: RunOptions::default(),
    };
    let first = Event { seq: 1, at: now, kind };
    let summary = RunSummary { state: RunState::Running, at: now };
    (NewRun::of(id, runbook, "a simulation", summary), vec![first.line(&digest)])
}
