//! A wall clock that a person sets back while a run is under way, or while nobody drives it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use musterpoint::base::{Clock, Timestamp};
use musterpoint::drive::{Attendance, DriveEnd, DriveOptions, Watch, begin_run, drive, replay};
use musterpoint::estate::Estate;
use musterpoint::estate::sim::{Sim, SimOptions, Speed};
use musterpoint::event::{
    Artifact, EstateError, Event, EventKind, FinalState, Found, Handle, Key, Observation, Person, Probe,
    ProbeAnswer, Progress, Request, RunOptions, Submitted,
};
use musterpoint::inventory::Inventory;
use musterpoint::run::{Run, RunState};
use musterpoint::store::{OpenFor, Store};

use crate::bench::Bench;
use crate::lab::{Driver, FAILOVER, came_to_its_end, exists, gated, lab, resumes};

/// A wall clock: it goes on by itself, cannot be moved by the driver, and can be set back by a person.
#[derive(Debug)]
struct Wall {
    clock: Arc<dyn Clock>,
    back_s: AtomicI64,
}

impl Wall {
    fn back(&self) -> Duration {
        Duration::from_secs(self.back_s.load(Ordering::SeqCst).unsigned_abs())
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.clock.now().minus(self.back())
    }

    fn jump(&self, _: Timestamp) -> bool {
        false
    }
}

/// An estate whose clock is set back by an hour when the first failover is asked for.
struct SetBack {
    sim: Sim,
    wall: Arc<Wall>,
}

impl Estate for SetBack {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::<Wall>::clone(&self.wall) as Arc<dyn Clock>
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        self.sim.inventory().await
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        self.sim.will_create(key, request).await
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        self.sim.remains(machines).await
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        if request.verb() == "fail_over" {
            self.wall.back_s.store(3600, Ordering::SeqCst);
        }
        Ok(match self.sim.submit(key, request).await? {
            Submitted::Accepted(handle, at) => Submitted::Accepted(handle, at.minus(self.wall.back())),
            done @ Submitted::Done(_) => done,
        })
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        Ok(match self.sim.poll(handle).await? {
            Progress::Running(at) => Progress::Running(at.minus(self.wall.back())),
            other => other,
        })
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        self.sim.cancel(handle).await
    }

    async fn find(&self, key: &Key, request: &Request, since: Timestamp) -> Result<Found, EstateError> {
        self.sim.find(key, request, since).await
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        self.sim.observe(machine, test).await
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        self.sim.probe(probe).await
    }
}

struct Quiet;

impl Watch for Quiet {
    fn event(&mut self, _: &Event, _: &Run) {}
    fn tick(&mut self, _: &Run, _: Timestamp) {}
    fn hold(&mut self, _: Option<&str>) {}
}

fn set_back(bench: &Bench, kept: &Path) -> SetBack {
    let path = bench.path("estates/office.json");
    let inventory = musterpoint::inventory::read_file("office.json", &path).unwrap();
    let mut options = SimOptions::new(kept.to_owned(), inventory);
    // A minute in thirty milliseconds.
    options.speed = Speed::Factor(2_000);
    let sim = Sim::open(options).unwrap();
    let wall = Arc::new(Wall { clock: sim.clock(), back_s: AtomicI64::new(0) });
    SetBack { sim, wall }
}

#[tokio::test(flavor = "current_thread")]
async fn a_clock_that_is_set_back_an_hour_puts_nothing_off_and_is_told() {
    let bench = lab("echo hello");
    bench.run(&["preview", "failover", "lab.muster", "--planned", "--out", "frozen.json"]).exits(0);
    let runbook = musterpoint::runbook::thaw("frozen.json", &bench.read("frozen.json")).unwrap();
    let store = Store::open(&bench.path(".muster"), OpenFor::Write).unwrap();
    let estate = Arc::new(set_back(&bench, &bench.path("office.db")));
    let by = Person { name: "dana".to_owned(), os_user: "root".to_owned(), verified: false };
    let now = estate.clock().now();
    let run =
        begin_run(&store, &runbook, "lab.muster", by.clone(), RunOptions::default(), now).await.unwrap();
    let options = DriveOptions {
        host: env!("CARGO_BIN_EXE_muster").into(),
        attendance: Attendance::Leave,
        by,
        resume: true,
        version: "test".to_owned(),
        look_every: musterpoint::base::limits::REQUEST_LOOK,
    };
    let began = Instant::now();
    let end = drive(&store, &run, Arc::clone(&estate), options, &mut Quiet).await.unwrap();
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::Completed)));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let (_, events, _) = replay(&store, &run).unwrap();
    let told = events.iter().filter(|event| matches!(event.kind, EventKind::ClockSetBack { .. })).count();
    assert_eq!(told, 1, "it is told once");
    for pair in events.windows(2) {
        assert!(pair[0].at <= pair[1].at, "{:?}", pair[1]);
    }
    // What the run counts as passed has passed on the estate: not less, and not the hour besides.
    let apart = events.last().unwrap().at.apart(estate.sim.clock().now());
    assert!(apart < Duration::from_secs(600), "{apart:?}");
    for effect in estate.sim.effects().unwrap() {
        assert_eq!(effect.count, 1, "{effect:?}");
    }
}

#[test]
fn a_lease_that_a_clock_set_back_makes_last_an_hour_is_taken_from_a_holder_nobody_can_see() {
    let bench = lab(&gated("gate"));
    let driver = Driver::start(&bench, &FAILOVER);
    exists(&bench, "begun-gate");
    let lease = |space: &str, ahead: u64| {
        let database = rusqlite::Connection::open(bench.path(".muster/muster.db")).unwrap();
        let owner: String = database.query_row("SELECT owner FROM lease", [], |row| row.get(0)).unwrap();
        let mut owner: serde_json::Value = serde_json::from_str(&owner).unwrap();
        if !space.is_empty() {
            owner["space"] = space.into();
        }
        let until = musterpoint::base::SystemClock.now().plus(Duration::from_secs(ahead)).to_string();
        let sql = "UPDATE lease SET owner = ?1, until = ?2, sum = NULL";
        database.execute(sql, [owner.to_string(), until]).unwrap();
    };
    // The holder lives: it holds however far ahead its lease runs.
    driver.signal("STOP");
    lease("", 3600);
    bench.run(&["resume", "last"]).exits(4).says("MP0660");
    driver.signal("KILL");
    drop(driver);
    // Of one in another boot or container nobody can tell; it may hold for as long as leases last.
    lease("another boot", 9);
    bench.run(&["resume", "last"]).exits(4).says("MP0660");
    lease("another boot", 3600);
    bench.write("gate", "");
    resumes(&bench);
    came_to_its_end(&bench);
}
