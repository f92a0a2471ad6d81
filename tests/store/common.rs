//! A runbook, events and a store to put them into.

use std::path::Path;

use musterpoint::base::{Digest, Timestamp};
use musterpoint::event::{Event, EventKind, EventLine, FinalState, Person, RunOptions};
use musterpoint::runbook::Runbook;
use musterpoint::store::{NewRun, OpenFor, Owner, RunId, RunState, RunSummary, Store, StoreError};

pub(crate) const START: &str = "2026-11-23T06:00:05Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn anna() -> Person {
    Person { name: "anna".to_owned(), os_user: "anna".to_owned(), verified: true }
}

/// A runbook of two machines, without nodes: the store does not look at them.
pub(crate) fn runbook(operation: &str, mode: Option<&str>) -> Runbook {
    let machine = |name: &str| {
        serde_json::json!({
            "name": name, "estate_name": format!("vm-{name}"), "unit": 0, "subject": 0, "group": null,
            "os": null, "optional": false, "network": null, "address": null, "source_address": null,
        })
    };
    let site = |name: &str| serde_json::json!({ "name": name, "estate_name": name });
    let text = serde_json::json!({
        "format": "muster.runbook/1", "plan": "erp", "doc": "Sälzer's plan", "operation": operation, "mode": mode,
        "compiled_at": START, "lost_at": null, "source": site("avs"), "target": site("azure"),
        "home": site("avs"), "params": {},
        "estate": { "name": "lab", "provider": "sim", "args": {}, "folder": "/plans", "identity": "os" },
        "objective": { "rpo": null, "rto": null, "until": null },
        "limits": { "power_on": null, "shut_down": null, "fail_over": null },
        "roles": {}, "notify": {}, "units": [], "machines": [machine("sql01"), machine("app01")],
        "subjects": [], "aligns": [], "nodes": [], "left_out": [], "unfenced": null,
        "facts": { "files": [], "scripts": {}, "machines": {}, "points": {} },
    })
    .to_string();
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn failover() -> Runbook {
    runbook("failover", Some("planned"))
}

pub(crate) const fn running(at: Timestamp) -> RunSummary {
    RunSummary { state: RunState::Running, at }
}

pub(crate) const fn completed(at: Timestamp) -> RunSummary {
    RunSummary { state: RunState::Ended(FinalState::Completed), at }
}

/// Makes lines that continue one another.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) seq: u64,
    pub(crate) digest: Digest,
}

impl Log {
    pub(crate) fn of(runbook: &Runbook) -> Self {
        Self { seq: 0, digest: runbook.digest() }
    }

    pub(crate) fn line(&mut self, kind: EventKind) -> EventLine {
        self.seq += 1;
        let line = Event { seq: self.seq, at: at(START), kind }.line(&self.digest);
        self.digest = line.digest.clone();
        line
    }

    pub(crate) fn started(&mut self, run: &RunId, runbook: &Runbook) -> EventLine {
        self.line(EventKind::RunStarted {
            run: run.to_string(),
            runbook: runbook.digest(),
            by: anna(),
            options: RunOptions::default(),
        })
    }

    pub(crate) fn paused(&mut self) -> EventLine {
        self.line(EventKind::Paused { by: anna() })
    }

    pub(crate) fn ended(&mut self) -> EventLine {
        self.line(EventKind::RunEnded { state: FinalState::Completed, kept: Vec::new() })
    }
}

pub(crate) fn open(folder: &Path) -> Store {
    Store::open(folder, OpenFor::Write).unwrap()
}

/// Begins a run with one event.
pub(crate) fn begin(store: &Store, runbook: &Runbook) -> Result<(RunId, Log), StoreError> {
    let id = store.fresh_run_id(&runbook.plan, at(START)).unwrap();
    let mut log = Log::of(runbook);
    let first = vec![log.started(&id, runbook)];
    let new = NewRun::of(id.clone(), runbook, "erp.muster", running(at(START)));
    wait(store.create_run(new, first)).map(|()| (id, log))
}

/// Begins a run and drives it.
pub(crate) fn drive(store: &Store, runbook: &Runbook) -> (RunId, Log, u64) {
    let (id, log) = begin(store, runbook).unwrap();
    let epoch = wait(store.take_lease(&id, &Owner::of("here", 1, 1), at(START))).unwrap();
    (id, log, epoch)
}

/// How many events can be read, and that each fits.
pub(crate) fn count(store: &Store, run: &RunId) -> u64 {
    let mut last = 0;
    for event in store.events(run, 1).unwrap() {
        last += 1;
        assert_eq!(event.unwrap().seq, last);
    }
    last
}
