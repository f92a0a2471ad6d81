//! What happens to an engine besides its work: it dies, a disk is full, another engine takes over, an operator
//! asks. Counts the moments at which it can happen, over all engines of a schedule.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use musterpoint::base::Timestamp;
use musterpoint::event::{Event, EventKind, Person};
use musterpoint::run::OperatorRequest;
use musterpoint::runbook::NodeId;
use tokio::sync::Notify;

use super::schedule::{Blow, Schedule, Strike};

/// Shared by everything that one schedule is made of.
#[derive(Debug)]
pub struct Fate {
    inner: Mutex<Inner>,
    /// The present engine is to be dropped, or left standing.
    struck: Notify,
}

#[derive(Debug)]
struct Inner {
    blows: Vec<Blow>,
    asks: Vec<(u32, String, OperatorRequest)>,
    writes: u32,
    calls: u32,
    /// What stopped the present engine, and what lets it go on.
    strike: Option<(Strike, Arc<Notify>)>,
    /// The present engine. Nothing happens to one that stands still.
    engine: u32,
    lease_now: Timestamp,
    /// The run log as engines showed it: durable, all of it.
    seen: Vec<Arc<Event>>,
    keys: BTreeMap<String, (NodeId, u32)>,
    broken: Vec<String>,
}

impl Fate {
    pub fn new(schedule: &Schedule, now: Timestamp) -> Self {
        let inner = Inner {
            blows: schedule.blows.clone(),
            asks: schedule.asks.iter().map(|ask| (ask.write, ask.by.clone(), ask.request.clone())).collect(),
            writes: 0,
            calls: 0,
            strike: None,
            engine: 0,
            lease_now: now,
            seen: Vec::new(),
            keys: BTreeMap::new(),
            broken: Vec::new(),
        };
        Self { inner: Mutex::new(inner), struck: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another durable write: what happens at it, and what operators ask just before.
    pub fn write(&self, engine: u32) -> (Option<Strike>, Vec<(Person, OperatorRequest)>) {
        let mut inner = self.inner();
        if engine != inner.engine {
            return (None, Vec::new());
        }
        inner.writes += 1;
        let at = inner.writes;
        let due: Vec<_> = inner.asks.iter().filter(|(write, _, _)| *write == at).cloned().collect();
        let due = due.into_iter().map(|(_, by, request)| (person(&by), request)).collect();
        (inner.blow(|blow| matches!(blow, Blow::Write { at: on, .. } if *on == at)), due)
    }

    /// Another call of the estate: what happens at it.
    pub fn call(&self, engine: u32) -> Option<Strike> {
        let mut inner = self.inner();
        if engine != inner.engine {
            return None;
        }
        inner.calls += 1;
        let at = inner.calls;
        inner.blow(|blow| matches!(blow, Blow::Call { at: on, .. } if *on == at))
    }

    /// The engine stops here: dropped, or standing until it is released.
    pub async fn stop(&self, strike: Strike) {
        let released = Arc::new(Notify::new());
        self.inner().strike = Some((strike, Arc::clone(&released)));
        self.struck.notify_one();
        if strike == Strike::Overtaken {
            released.notified().await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the present engine is stopped: by what, and what lets it go on.
    pub async fn stopped(&self) -> (Strike, Arc<Notify>) {
        loop {
            self.struck.notified().await;
            // Two acts of one engine may be struck at the same moment; it stops once.
            if let Some(strike) = self.inner().strike.take() {
                return strike;
            }
        }
    }

    pub fn writes(&self) -> u32 {
        self.inner().writes
    }

    pub fn calls(&self) -> u32 {
        self.inner().calls
    }

    /// The instant by which leases are judged.
    pub fn lease_now(&self) -> Timestamp {
        self.inner().lease_now
    }

    /// So much later that no lease holds any more.
    pub fn leases_run_out(&self) {
        let mut inner = self.inner();
        inner.lease_now = inner.lease_now.plus(musterpoint::base::limits::LEASE * 2);
    }

    /// An engine begins.
    pub fn engine_begins(&self, engine: u32) {
        let mut inner = self.inner();
        inner.strike = None;
        inner.engine = engine;
    }

    /// An engine that stood still goes on.
    pub fn engine_goes_on(&self, engine: u32) {
        self.inner().engine = engine;
    }

    /// A durable event, as an engine showed it.
    pub fn show(&self, event: &Event) {
        let mut inner = self.inner();
        // Whoever takes over is shown the log from its start.
        if event.seq <= inner.seen.len() as u64 {
            return;
        }
        if let EventKind::StepStarted { node, attempt, key } = &event.kind {
            inner.keys.insert(key.as_str().to_owned(), (*node, *attempt));
        }
        inner.seen.push(Arc::new(event.clone()));
    }

    /// The node and attempt of a durable intent.
    pub fn intent(&self, key: &str) -> Option<(NodeId, u32)> {
        self.inner().keys.get(key).copied()
    }

    pub fn seen(&self) -> Vec<Arc<Event>> {
        self.inner().seen.clone()
    }

    /// A promise was broken.
    pub fn broken(&self, what: String) {
        self.inner().broken.push(what);
    }

    pub fn take_broken(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().broken)
    }
}

impl Inner {
    fn blow(&mut self, is: impl Fn(&Blow) -> bool) -> Option<Strike> {
        let found = self.blows.iter().position(is)?;
        let blow = self.blows.remove(found);
        let (strike, again) = match blow {
            Blow::Write { at, strike: Strike::Full { times } } if times > 1 => (
                Strike::Full { times },
                Some(Blow::Write { at: at + 1, strike: Strike::Full { times: times - 1 } }),
            ),
            Blow::Write { strike, .. } | Blow::Call { strike, .. } => (strike, None),
        };
        self.blows.extend(again);
        Some(strike)
    }
}

pub fn person(name: &str) -> Person {
    Person { name: name.to_owned(), os_user: "root".to_owned(), verified: false }
}
