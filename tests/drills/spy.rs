//! The simulated estate with somebody who watches: after each call, everything that was ever made has to
//! stand in the durable run log since before that call. And the engine dies at a call of choice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use musterpoint::base::{Clock, Timestamp};
use musterpoint::estate::Estate;
use musterpoint::estate::sim::Sim;
use musterpoint::event::{
    Artifact, EstateError, EventKind, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request,
    Submitted,
};
use musterpoint::inventory::Inventory;
use musterpoint::store::{OpenFor, Store};

pub(crate) struct Spy {
    sim: Arc<Sim>,
    log: Store,
    known: Mutex<(BTreeMap<String, u64>, BTreeSet<Artifact>)>,
    /// Calls until the engine dies; never, where it is below zero. An even number dies before the call
    /// arrives, an odd one before its answer does.
    left: AtomicI64,
    /// Looks that find the world out of reach.
    blind: AtomicI64,
    pub(crate) died: tokio::sync::Notify,
}

/// What befalls the engine and its eyes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Harm {
    /// Calls until the engine dies.
    pub(crate) dies_after: Option<u64>,
    /// Looks that find the world out of reach.
    pub(crate) blind: i64,
}

impl Spy {
    pub(crate) fn new(sim: Arc<Sim>, state: &std::path::Path, harm: Harm) -> Self {
        let log = Store::open(state, OpenFor::Read).expect("the store");
        let left = harm.dies_after.map_or(-1, |calls| i64::try_from(calls).unwrap());
        let (known, left) = (Mutex::default(), AtomicI64::new(left));
        let blind = AtomicI64::new(harm.blind);
        Self { sim, log, known, left, blind, died: tokio::sync::Notify::new() }
    }

    /// Everything that the logs of all runs name as made by tests, as far as they have got.
    fn known(&self) -> BTreeSet<Artifact> {
        let mut known = self.known.lock().unwrap();
        let (read, named) = &mut *known;
        for run in self.log.runs().expect("the runs") {
            let seq = read.entry(run.id.to_string()).or_insert(0);
            for event in self.log.events(&run.id, *seq + 1).expect("a log") {
                let event = event.expect("an event");
                *seq = event.seq;
                if let EventKind::ArtifactsAnnounced { artifacts, .. } = event.kind {
                    named.extend(artifacts);
                }
            }
        }
        named.clone()
    }

    async fn watched<T>(&self, call: impl Future<Output = T>) -> T {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left == 0 {
            self.die().await;
        }
        let known = self.known();
        let answer = call.await;
        for made in self.sim.artifacts().expect("what was made") {
            let artifact = &made.artifact;
            assert!(known.contains(artifact), "{artifact} is there, and the log did not know of it before");
        }
        if left == 1 {
            self.die().await;
        }
        answer
    }

    async fn die(&self) {
        self.left.store(-1, Ordering::SeqCst);
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

impl Estate for Spy {
    fn clock(&self) -> Arc<dyn Clock> {
        self.sim.clock()
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        self.watched(self.sim.inventory()).await
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        self.watched(self.sim.will_create(key, request)).await
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        if self.blind.fetch_sub(1, Ordering::SeqCst) > 0 {
            let (code, message) = ("site_unreachable".to_owned(), "the road is flooded".to_owned());
            return Err(EstateError::Retry { code, message });
        }
        self.watched(self.sim.remains(machines)).await
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        self.watched(self.sim.submit(key, request)).await
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        self.watched(self.sim.poll(handle)).await
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        self.watched(self.sim.cancel(handle)).await
    }

    async fn find(&self, key: &Key, request: &Request, since: Timestamp) -> Result<Found, EstateError> {
        self.watched(self.sim.find(key, request, since)).await
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        self.watched(self.sim.observe(machine, test)).await
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        self.watched(self.sim.probe(probe)).await
    }
}
