//! The simulated estate with a witness in front: at every act it looks whether the act may be. What it sees
//! does not depend on the engine's own state, only on what is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use musterpoint::base::{Clock, Timestamp};
use musterpoint::estate::Estate;
use musterpoint::estate::sim::Sim;
use musterpoint::event::{
    Artifact, EstateError, EventKind, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request,
    Submitted,
};
use musterpoint::inventory::Inventory;
use musterpoint::model::Mode;
use musterpoint::runbook::Runbook;

use super::fate::Fate;
use super::gates::open_gates;
use super::schedule::Strike;

/// An estate that is watched.
#[derive(Debug)]
pub struct Witness {
    pub sim: Arc<Sim>,
    pub fate: Arc<Fate>,
    pub runbook: Arc<Runbook>,
    /// Sets of points by machine and point, as ever reported.
    sets: Arc<Sets>,
    /// For which engine it looks.
    engine: u32,
}

type Sets = Mutex<BTreeMap<(String, String), Option<String>>>;

impl Witness {
    pub fn new(sim: Arc<Sim>, fate: Arc<Fate>, runbook: Arc<Runbook>) -> Self {
        Self { sim, fate, runbook, sets: Arc::default(), engine: 0 }
    }

    /// The same estate, for an engine.
    pub fn of_engine(&self, engine: u32) -> Self {
        let Self { sim, fate, runbook, sets, .. } = self;
        let (sim, fate, runbook) = (Arc::clone(sim), Arc::clone(fate), Arc::clone(runbook));
        Self { sim, fate, runbook, sets: Arc::clone(sets), engine }
    }

    /// A call with what happens at it. Whatever is there after it stood in the log before it.
    async fn call<T>(&self, call: impl Future<Output = T> + Send) -> T {
        if !self.runbook.is_test() {
            return self.struck(call).await;
        }
        // Within whatever makes it late: acts of others come and go meanwhile.
        let watched = async {
            let announced = self.announced();
            let answer = call.await;
            for made in self.sim.artifacts().expect("what was made") {
                if !announced.contains(&made.artifact) {
                    self.fate.broken(format!("{} was made and not announced", made.artifact));
                }
            }
            answer
        };
        self.struck(watched).await
    }

    /// What the durable log says that the test makes.
    fn announced(&self) -> BTreeSet<Artifact> {
        let seen = self.fate.seen();
        let named = seen.iter().filter_map(|event| match &event.kind {
            EventKind::ArtifactsAnnounced { artifacts, .. } => Some(artifacts),
            _ => None,
        });
        named.flatten().cloned().collect()
    }

    async fn struck<T>(&self, call: impl Future<Output = T> + Send) -> T {
        match self.fate.call(self.engine) {
            Some(strike @ Strike::DiesBefore) => {
                self.fate.stop(strike).await;
                call.await
            }
            Some(strike @ Strike::DiesAfter) => {
                let answer = call.await;
                self.fate.stop(strike).await;
                answer
            }
            Some(Strike::ArrivesLate { seconds }) => {
                tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
                call.await
            }
            Some(Strike::AnswersLate { seconds }) => {
                let answer = call.await;
                tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
                answer
            }
            Some(Strike::Full { .. } | Strike::Overtaken) | None => call.await,
        }
    }

    /// Whether an act may be, by what is durable now.
    fn look(&self, key: &Key, request: &Request) {
        let verb = request.verb();
        let Some((node, _)) = self.fate.intent(key.as_str()) else {
            self.fate.broken(format!("{verb} was asked for before its intent was durable"));
            return;
        };
        match request {
            Request::FailOver { machine, point, .. } | Request::ChangePoint { machine, point } => {
                self.look_at_point(verb, machine, point);
            }
            Request::Commit { machine } => {
                for closed in open_gates(&self.runbook, &self.fate.seen(), node) {
                    self.fate.broken(format!("`{machine}` is committed, and {closed}"));
                }
            }
            Request::ShutDown { .. } | Request::TakeFinal { .. }
                if self.runbook.mode == Some(Mode::Forced) =>
            {
                self.fate.broken(format!("{verb} contacts the source of a forced run"));
            }
            Request::ProcessPending { .. }
            | Request::ShutDown { .. }
            | Request::TakeFinal { .. }
            | Request::Start { .. }
            | Request::RollBack { .. }
            | Request::Reprotect { .. }
            | Request::CleanUp { .. }
            | Request::GuestScript(_) => {}
        }
    }

    /// The point is the one bound last, and a common policy's are of one set on every member.
    fn look_at_point(&self, verb: &str, machine: &str, point: &str) {
        let mut bound = None;
        for event in self.fate.seen() {
            match &event.kind {
                EventKind::PointsBound { bound: all, .. } => {
                    let mine = all.iter().find(|it| self.is_of(it.subject, machine));
                    bound = mine.map(|it| (it.subject, it.choice.clone())).or(bound);
                }
                EventKind::PointChanged { subject, choice, .. } if self.is_of(*subject, machine) => {
                    bound = Some((*subject, choice.clone()));
                }
                _ => {}
            }
        }
        let Some((subject, choice)) = bound else {
            self.fate.broken(format!("{verb} of `{machine}` before a point was bound for it"));
            return;
        };
        let name = |vm| self.runbook.machines.at(vm).estate_name.as_str();
        let mine = choice.points.iter().find(|it| name(it.vm) == machine);
        if mine.is_none_or(|mine| mine.point != point) {
            self.fate.broken(format!("{verb} of `{machine}` goes to `{point}`, and {mine:?} was bound"));
        }
        let in_group = self.runbook.subjects.at(subject).members.len() > 1;
        if in_group && choice.policy.starts_with("common") {
            let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
            let of = |it: &musterpoint::runbook::BoundPoint| {
                sets.get(&(name(it.vm).to_owned(), it.point.clone())).cloned().flatten()
            };
            let mut all: Vec<Option<String>> = choice.points.iter().map(of).collect();
            all.dedup();
            if all.len() != 1 || all[0].is_none() {
                self.fate.broken(format!("a common point of several sets was bound: {all:?}"));
            }
        }
    }

    fn is_of(&self, subject: musterpoint::runbook::SubjectId, machine: &str) -> bool {
        let members = &self.runbook.subjects.at(subject).members;
        members.iter().any(|vm| self.runbook.machines.at(*vm).estate_name == machine)
    }

    fn note_sets(&self, inventory: &Inventory) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, machine) in &inventory.vms {
            for point in &machine.points {
                let set = point.set.map(|set| inventory.text(set).to_owned());
                sets.insert((name.clone(), inventory.text(point.id).to_owned()), set);
            }
        }
    }
}

impl Estate for Witness {
    fn clock(&self) -> Arc<dyn Clock> {
        self.sim.clock()
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        let inventory = self.call(self.sim.inventory()).await?;
        self.note_sets(&inventory);
        Ok(inventory)
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        self.call(self.sim.will_create(key, request)).await
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        self.call(self.sim.remains(machines)).await
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        self.look(key, request);
        self.call(self.sim.submit(key, request)).await
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        self.call(self.sim.poll(handle)).await
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        self.call(self.sim.cancel(handle)).await
    }

    async fn find(&self, key: &Key, request: &Request, since: Timestamp) -> Result<Found, EstateError> {
        self.call(self.sim.find(key, request, since)).await
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        self.call(self.sim.observe(machine, test)).await
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        self.call(self.sim.probe(probe)).await
    }
}
