//! What is the same in every run of a rehearsal, made once: the run as it begins, the lengths of its steps,
//! the points that it binds, and which fault hits which step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{IdVec, Timestamp};
use crate::event::fault::VerbFault;
use crate::event::{BoundSubject, Event, EventKind, Person, RunOptions};
use crate::model::VmId;
use crate::run::Run;
use crate::runbook::{Act, BindAct, BoundPoint, Forecast, NodeId, Runbook, SubjectId, goal};

use super::fault::{Fault, Side, is_called, machines_of, verb_of};
use super::lengths::Lengths;

/// The id of every run of a rehearsal: none is stored, so none has to differ.
pub const RUN_ID: &str = "rehearsal";

/// The stage of a rehearsal.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(super) runbook: Arc<Runbook>,
    /// When every run starts: to the second, for an estate's clock that goes on meanwhile is no part of it.
    pub(super) start: Timestamp,
    pub(super) lengths: Lengths,
    /// The run to which nothing has happened but that a driver took it.
    pub(super) begun: Run,
    pub(super) begun_log: Vec<Event>,
    pub(super) bound: BTreeMap<NodeId, Vec<BoundSubject>>,
    pub(super) goal: Vec<NodeId>,
    /// Whether a source is taken for down before anything was done to it: nobody shuts it down.
    pub(super) down: IdVec<VmId, bool>,
    verbs: BTreeMap<&'static str, Vec<(NodeId, Vec<VmId>)>>,
}

/// Who acts in a rehearsal: nobody.
pub(super) fn nobody() -> Person {
    Person { name: RUN_ID.to_owned(), os_user: RUN_ID.to_owned(), verified: true }
}

impl Scene {
    /// The stage for a runbook.
    #[must_use]
    pub fn new(runbook: Arc<Runbook>, lengths: Lengths) -> Self {
        let start = runbook.compiled_at.whole_second();
        let options = RunOptions { approved: Vec::new(), unfenced: runbook.unfenced.clone() };
        let (run, digest) = (RUN_ID.to_owned(), runbook.digest());
        let kinds = [
            EventKind::RunStarted { run, runbook: digest, by: nobody(), options },
            EventKind::DriverStarted { epoch: 1, version: String::new() },
        ];
        let mut begun = Run::new(RUN_ID, Arc::clone(&runbook));
        let mut begun_log = Vec::new();
        for (seq, kind) in (1..).zip(kinds) {
            let event = Event { seq, at: start, kind };
            begun.apply(&event);
            begun_log.push(event);
        }
        let mut verbs: BTreeMap<&'static str, Vec<(NodeId, Vec<VmId>)>> = BTreeMap::new();
        let mut bound = BTreeMap::new();
        let mut down: IdVec<VmId, bool> = runbook.machines.ids().map(|_| true).collect();
        for (id, node) in runbook.nodes.iter_enumerated() {
            if let Some(verb) = verb_of(&node.act) {
                verbs.entry(verb).or_default().push((id, machines_of(&runbook, &node.act)));
            }
            match &node.act {
                Act::ShutDown { vm, .. } => down.get_mut(*vm).into_iter().for_each(|down| *down = false),
                Act::Bind(bind) => drop(bound.insert(id, choices(&runbook, bind))),
                _ => {}
            }
        }
        let goal = goal(&runbook);
        Self { runbook, start, lengths, begun, begun_log, bound, goal, down, verbs }
    }

    /// What is rehearsed.
    #[must_use]
    pub const fn runbook(&self) -> &Arc<Runbook> {
        &self.runbook
    }

    /// When every run starts.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// How long its steps last.
    #[must_use]
    pub const fn lengths(&self) -> &Lengths {
        &self.lengths
    }

    /// The steps that a fault of a verb hits.
    fn hit(&self, fault: &VerbFault) -> Vec<NodeId> {
        let is_hit = |vm: &VmId| match &fault.machine {
            Some(name) => self.runbook.machines.get(*vm).is_some_and(|machine| is_called(machine, name)),
            None => true,
        };
        let nodes = self.verbs.get(fault.verb).into_iter().flatten();
        nodes.filter(|(_, vms)| vms.iter().any(is_hit)).map(|(node, _)| *node).collect()
    }
}

/// What a bind comes to: the forecast, losses to the second and without its certificate. A person's choice is not known beforehand.
fn choices(runbook: &Runbook, bind: &BindAct) -> Vec<BoundSubject> {
    let choice = |subject: &SubjectId| {
        let forecast = runbook.subjects.get(*subject).and_then(|subject| subject.forecast.as_ref());
        let certificate = serde_json::Value::Null;
        match forecast {
            Some(forecast) => {
                let to_the_second = |point: &BoundPoint| BoundPoint {
                    loss: Duration::from_secs(point.loss.as_secs()),
                    ..point.clone()
                };
                let points = forecast.points.iter().map(to_the_second).collect();
                Forecast { certificate, points, ..forecast.clone() }
            }
            None => {
                let policy = "a person's choice".to_owned();
                Forecast { rung: 0, policy, set: None, points: Vec::new(), certificate }
            }
        }
    };
    let subjects = bind.subjects.iter();
    subjects.map(|id| BoundSubject { subject: *id, choice: choice(id), exception: None }).collect()
}

/// Faults, and which step each hits.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub(super) faults: Vec<Fault>,
    pub(super) by_node: BTreeMap<NodeId, Vec<usize>>,
    /// The writes after which the engine dies.
    pub(super) deaths: Vec<u64>,
    pub(super) cuts: Vec<Cut>,
}

/// A time in which a site cannot be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    pub(super) side: Side,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Told {
    /// These faults on a stage.
    #[must_use]
    pub fn new(scene: &Scene, faults: Vec<Fault>) -> Self {
        let mut by_node: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        let mut deaths = Vec::new();
        let mut cuts = Vec::new();
        for (index, fault) in faults.iter().enumerate() {
            match fault {
                Fault::Verb(fault) => {
                    scene
                        .hit(fault)
                        .into_iter()
                        .for_each(|node| by_node.entry(node).or_default().push(index));
                }
                Fault::Step(fault) => by_node.entry(fault.node).or_default().push(index),
                Fault::Cut { side, when, .. } => {
                    cuts.push(Cut { side: *side, from: when.begin(scene.start), to: when.end(scene.start) });
                }
                Fault::Dies(write) => deaths.push(*write),
            }
        }
        Self { faults, by_node, deaths, cuts }
    }
}
