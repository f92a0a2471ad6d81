//! A simulated estate to work with: the inventory, short verbs, and refusals by their code.

use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{ManualClock, Timestamp};
use musterpoint::estate::Estate;
use musterpoint::estate::conformance::Subject;
use musterpoint::estate::sim::{Sim, SimOptions};
use musterpoint::event::{
    Detail, EstateError, Found, Handle, Key, Network, Probe, Progress, Request, Submitted,
};
use musterpoint::inventory::{self, Inventory};
use musterpoint::model::{Mode, ShutdownSpec};

pub(crate) const START: &str = "2026-11-23T06:00:00Z";

/// Two sites, a group of two Windows machines, a Linux machine outside; `sim` is the simulator's object.
pub(crate) fn contoso(sim: &str) -> Inventory {
    let point = |id: &str, at: &str, kind: &str, set: &str| {
        format!(
            r#"{{ "id": "{id}", "at": "2026-11-23T{at}:00Z", "kind": "{kind}", "set": {set}, "processed": true, "usable": true }}"#
        )
    };
    let db = [point("p7", "05:55", "crash", "\"s7\""), point("p6", "05:00", "app", "\"s6\"")].join(", ");
    let app = [point("p7", "05:57", "crash", "null"), point("p6", "05:50", "crash", "null")].join(", ");
    let vm = |name: &str, group: &str, os: &str, number: u32, points: &str| {
        format!(
            r#""{name}": {{ "group": {group}, "site": "avs", "power": "on", "protection": "protected",
                "replicates_to": "azure", "os": "{os}", "agent_registered": true, "pending_bytes": 1000,
                "address": {{ "avs": "10.0.0.{number}", "azure": "10.8.0.{number}" }}, "points": [{points}] }}"#
        )
    };
    let vms = [
        vm("sql01", "\"db\"", "windows", 11, &db),
        vm("sql02", "\"db\"", "windows", 12, &db),
        vm("app01", "null", "linux", 21, &app),
    ]
    .join(", ");
    let text = format!(
        r#"{{ "format": "muster.inventory/1", "now": "{START}", "sites": ["avs", "azure"],
             "vms": {{ {vms} }}, "sim": {sim},
             "process_servers": [
                {{ "name": "ps-azure", "site": "azure", "healthy": true }},
                {{ "name": "ps-avs", "site": "avs", "healthy": true }},
                {{ "name": "ps-sick", "site": "azure", "healthy": false }} ] }}"#
    );
    inventory::read("contoso.json", text.as_bytes()).unwrap()
}

/// A simulated estate in a folder of its own, under a real clock that stands still.
pub(crate) struct Lab {
    pub(crate) sim: Sim,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) keys: std::cell::Cell<u32>,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with("{}", &[])
    }

    pub(crate) fn with(sim: &str, faults: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = open(&folder, contoso(sim), faults);
        Self { sim, folder, keys: std::cell::Cell::new(0), runtime: runtime() }
    }

    /// Drops the estate, as the end of its process would, and opens it again.
    pub(crate) fn reopen(self, faults: &[&str]) -> Self {
        let Self { sim, folder, keys, runtime } = self;
        drop(sim);
        let sim = open(&folder, contoso("{}"), faults);
        Self { sim, folder, keys, runtime }
    }

    pub(crate) fn key(&self) -> Key {
        self.keys.set(self.keys.get() + 1);
        Key::of("run", self.keys.get(), 1)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sim.clock().now()
    }

    pub(crate) fn pass(&self, duration: Duration) {
        assert!(self.sim.clock().jump(self.now().plus(duration)));
    }

    pub(crate) fn minutes(&self, minutes: u64) {
        self.pass(Duration::from_secs(60 * minutes));
    }

    pub(crate) fn inventory(&self) -> Inventory {
        self.runtime.block_on(self.sim.inventory()).unwrap()
    }

    pub(crate) fn vm(&self, name: &str) -> musterpoint::inventory::Machine {
        self.inventory().vms.swap_remove(name).unwrap()
    }

    pub(crate) fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        self.runtime.block_on(self.sim.submit(key, request))
    }

    pub(crate) fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        self.runtime.block_on(self.sim.poll(handle))
    }

    pub(crate) fn find(&self, key: &Key, request: &Request) -> Found {
        self.runtime.block_on(self.sim.find(key, request, self.now())).unwrap()
    }

    pub(crate) fn observe(&self, name: &str, test: bool) -> musterpoint::event::Observation {
        self.runtime.block_on(self.sim.observe(name, test)).unwrap()
    }

    pub(crate) fn probe(&self, probe: &Probe) -> Result<String, String> {
        self.runtime.block_on(self.sim.probe(probe))
    }

    pub(crate) fn http(&self, url: &str, status: u16) -> Result<String, String> {
        self.probe(&Probe::Http { url: url.to_owned(), status, body: None })
    }

    pub(crate) fn tcp(&self, address: &str) -> Result<String, String> {
        self.probe(&Probe::Tcp { address: address.to_owned() })
    }

    pub(crate) fn heartbeat(&self, name: &str) -> Result<String, String> {
        self.probe(&Probe::Heartbeat { machine: name.to_owned(), test: false })
    }

    /// Does an act to its end.
    pub(crate) fn end(&self, request: &Request) -> Result<Detail, EstateError> {
        self.end_by(&self.key(), request)
    }

    pub(crate) fn end_by(&self, key: &Key, request: &Request) -> Result<Detail, EstateError> {
        match self.submit(key, request)? {
            Submitted::Done(detail) => Ok(detail),
            Submitted::Accepted(handle, when) => {
                self.sim.clock().jump(when);
                match self.poll(&handle)? {
                    Progress::Done(detail) => Ok(detail),
                    Progress::Failed(error) => Err(error),
                    Progress::Running(_) => panic!("{} still runs at {when}", request.verb()),
                }
            }
        }
    }

    pub(crate) fn done(&self, request: &Request) -> Detail {
        self.end(request).unwrap_or_else(|error| panic!("{}: {error}", request.verb()))
    }

    /// The code of a refusal that has to come.
    #[track_caller]
    pub(crate) fn refusal(&self, request: &Request) -> String {
        match self.end(request) {
            Err(EstateError::Refused { code, .. }) => code,
            Err(EstateError::Retry { code, .. }) => format!("retry {code}"),
            other => panic!("{request:?} should be refused: {other:?}"),
        }
    }

    /// The id of the newest point that may be recovered.
    pub(crate) fn newest(&self, name: &str) -> String {
        let inventory = self.inventory();
        let points = &inventory.vms[name].points;
        let point = points.iter().find(|point| point.processed && point.usable).unwrap();
        inventory.text(point.id).to_owned()
    }

    pub(crate) fn shut_down(&self, name: &str) -> Detail {
        self.done(&shut_down(name))
    }

    /// A planned failover of one machine, up to its heartbeat.
    pub(crate) fn go(&self, name: &str) {
        let to = self.vm(name).replicates_to.unwrap();
        self.shut_down(name);
        self.done(&Request::TakeFinal { machines: vec![name.to_owned()] });
        self.done(&fail_over(name, &self.newest(name), Some(Mode::Planned), &to));
        self.done(&start(name));
        self.minutes(3);
        self.heartbeat(name).unwrap();
    }

    /// Reprotects, trying again each minute while the agent registers; says how often it was put off.
    pub(crate) fn reprotect(&self, name: &str, to: &str) -> u32 {
        let request = reprotect(name, to, &format!("ps-{to}"));
        for put_off in 0..20 {
            match self.end(&request) {
                Ok(_) => return put_off,
                Err(EstateError::Retry { code, .. }) => assert_eq!(code, "agent_not_registered"),
                Err(error) => panic!("{error}"),
            }
            self.minutes(1);
        }
        panic!("the agent of `{name}` never registered");
    }
}

pub(crate) fn open(folder: &tempfile::TempDir, inventory: Inventory, faults: &[&str]) -> Sim {
    try_open(folder, inventory, faults).unwrap()
}

pub(crate) fn try_open(
    folder: &tempfile::TempDir,
    inventory: Inventory,
    faults: &[&str],
) -> Result<Sim, Vec<musterpoint::source::Diagnostic>> {
    let options = SimOptions {
        seed: 7,
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        real: Arc::new(ManualClock::at(START.parse().unwrap())),
        ..SimOptions::new(folder.path().join("estates/contoso.db"), inventory)
    };
    Sim::open(options)
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

pub(crate) fn network() -> Network {
    Network { name: Some("vnet/app".to_owned()), address: None }
}

pub(crate) fn shut_down(name: &str) -> Request {
    Request::ShutDown { machine: name.to_owned(), spec: ShutdownSpec::default() }
}

pub(crate) fn fail_over(name: &str, point: &str, mode: Option<Mode>, to: &str) -> Request {
    let (machine, point, to) = (name.to_owned(), point.to_owned(), to.to_owned());
    Request::FailOver { machine, point, mode, to, network: network() }
}

pub(crate) fn start(name: &str) -> Request {
    Request::Start { machine: name.to_owned(), test: false }
}

pub(crate) fn commit(name: &str) -> Request {
    Request::Commit { machine: name.to_owned() }
}

pub(crate) fn reprotect(name: &str, to: &str, via: &str) -> Request {
    Request::Reprotect { machine: name.to_owned(), to: to.to_owned(), via: Some(via.to_owned()) }
}

pub(crate) fn subject(machine: &str, via: &str, round: &str) -> Subject {
    Subject {
        machine: machine.to_owned(),
        network: network(),
        test_network: Network { name: Some("bubble".to_owned()), address: None },
        via: Some(via.to_owned()),
        shutdown: ShutdownSpec::default(),
        whole: false,
        round: round.to_owned(),
    }
}
