//! Plays one schedule: engine after engine over the same store and the same estate, on a clock that nobody
//! waits for, until the run has ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Clock, Timestamp};
use musterpoint::drive::{
    Attendance, DriveEnd, DriveError, DriveOptions, Surroundings, Watch, drive_in, replay,
};
use musterpoint::estate::Estate as _;
use musterpoint::estate::sim::{Effect, Sim, SimOptions};
use musterpoint::event::{Artifact, Event};
use musterpoint::inventory::Inventory;
use musterpoint::run::{Run, RunState};
use musterpoint::store::{MemoryStore, RunId, RunStore as _, StoreError};
use tokio::sync::Notify;

use super::fate::{Fate, person};
use super::operator::{self, Sight};
use super::runner::SimRunner;
use super::scenario::Scenario;
use super::schedule::{Dice, Schedule, Strike};
use super::store::MortalStore;
use super::witness::Witness;

/// A run that stands still more often than this has no way out.
const STANDS_MAX: u32 = 40;
const ENGINES_MAX: u32 = 200;
/// Engines that poll and wait for this long, besides what the estate's clock is moved, wait for nothing.
const AWAKE_MAX: Duration = Duration::from_secs(6 * 3600);

/// What is left of a schedule that was played.
#[derive(Debug)]
pub struct Played {
    pub events: Vec<Event>,
    pub run: Run,
    pub bytes: String,
    pub effects: Vec<Effect>,
    pub inventory: Inventory,
    /// What of tests is there in the end.
    pub remains: Vec<Artifact>,
    pub held: usize,
    pub unanswered: usize,
    pub writes: u32,
    pub calls: u32,
    pub engines: u32,
}

/// Time as the paused runtime counts it.
#[derive(Debug)]
struct RuntimeClock {
    start: Timestamp,
    began: tokio::time::Instant,
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed())
    }

    fn jump(&self, _: Timestamp) -> bool {
        false
    }
}

/// What an engine shows: kept as durable, and the live run beside it.
struct Shown {
    fate: Arc<Fate>,
    live: Option<Run>,
    /// Whether the live run is kept, to be held against its replay.
    keeps: bool,
}

impl Watch for Shown {
    fn event(&mut self, event: &Event, run: &Run) {
        self.fate.show(event);
        if self.keeps {
            self.live = Some(run.clone());
        }
    }

    fn tick(&mut self, _: &Run, _: Timestamp) {}

    fn hold(&mut self, _: Option<&str>) {}
}

enum End {
    Drove(DriveEnd),
    Failed(DriveError),
    Struck(Strike, Arc<Notify>),
}

/// Plays a schedule to its end.
///
/// # Errors
/// Every promise that was broken on the way, one sentence each.
pub fn play(scenario: &Scenario, schedule: &Schedule) -> Result<Played, Vec<String>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::new(scenario, schedule);
        let done = match tokio::time::timeout(AWAKE_MAX, world.play(schedule)).await {
            Ok(done) => done,
            Err(_) => Err("an engine does not come to an end".to_owned()),
        };
        let mut broken = world.fate.take_broken();
        if std::env::var_os("SIM_LOG").is_some() {
            let told = world.kept.log(&world.run, &mut |event| {
                println!("{} {} {}", event.seq, event.at, serde_json::to_string(&event.kind).unwrap());
                Ok(())
            });
            assert!(told.is_ok(), "{told:?}");
        }
        match done {
            Ok(played) if broken.is_empty() => Ok(played),
            Ok(_) => Err(broken),
            Err(why) => {
                broken.push(why);
                Err(broken)
            }
        }
    })
}

struct World {
    fate: Arc<Fate>,
    kept: MemoryStore,
    sim: Arc<Sim>,
    witness: Witness,
    runner: SimRunner,
    run: RunId,
    machines: Vec<String>,
    keeps: bool,
}

impl World {
    fn new(scenario: &Scenario, schedule: &Schedule) -> Self {
        let fate = Arc::new(Fate::new(schedule, scenario.inventory.now));
        let kept = MemoryStore::default();
        kept.create_run(&scenario.new, Arc::clone(&scenario.runbook), scenario.first.clone()).expect("a run");
        let mut options = SimOptions::new(":memory:", scenario.inventory.clone());
        options.seed = schedule.seed;
        options.faults.clone_from(&schedule.faults);
        options.real =
            Arc::new(RuntimeClock { start: scenario.inventory.now, began: tokio::time::Instant::now() });
        let sim = Arc::new(Sim::open(options).expect("an estate"));
        let witness = Witness::new(Arc::clone(&sim), Arc::clone(&fate), Arc::clone(&scenario.runbook));
        let runner = SimRunner::new(Arc::clone(&fate), schedule.seed, schedule.scripts_fail);
        let keeps = schedule.seed % 8 == 0;
        let (run, machines) = (scenario.new.id.clone(), scenario.machines.clone());
        Self { fate, kept, sim, witness, runner, run, machines, keeps }
    }

    async fn play(&self, schedule: &Schedule) -> Result<Played, String> {
        let mut dice = Dice(schedule.seed ^ 0xD1CE);
        let mut stood = 0;
        for engine in 1..=ENGINES_MAX {
            match self.engine(engine).await? {
                Some(RunState::Ended(_)) => return self.played(engine).await,
                Some(_) => {
                    stood += 1;
                    if stood > STANDS_MAX {
                        break;
                    }
                    self.help(stood / 2, &mut dice)?;
                }
                // It died; the next one takes over.
                None => self.fate.leases_run_out(),
            }
        }
        let run = self.replayed()?;
        let open: Vec<String> = run
            .runbook()
            .nodes
            .iter_enumerated()
            .filter(|(id, _)| run.is_awake(*id) && !run.node(*id).is_done())
            .map(|(id, node)| format!("{}: {}", node.name, run.node(id).word()))
            .collect();
        Err(format!("the run does not end, it is {} with {}", run.state().word(), open.join(", ")))
    }

    /// One engine, until it leaves or dies: how the run stands then, if it lives.
    async fn engine(&self, engine: u32) -> Result<Option<RunState>, String> {
        self.fate.engine_begins(engine);
        let mut shown = Shown { fate: Arc::clone(&self.fate), live: None, keeps: self.keeps };
        let store = MortalStore { kept: self.kept.clone(), fate: Arc::clone(&self.fate), engine };
        let end = {
            let surroundings = Surroundings {
                store: &store,
                estate: Arc::new(self.witness.of_engine(engine)),
                runner: self.runner.clone(),
            };
            let mut drive = Box::pin(drive_in(surroundings, &self.run, options(), &mut shown));
            let end = tokio::select! {
                biased;
                (strike, release) = self.fate.stopped() => End::Struck(strike, release),
                end = &mut drive => match end {
                    Ok(end) => End::Drove(end),
                    Err(error) => End::Failed(error),
                },
            };
            if let End::Struck(Strike::Overtaken, release) = end {
                return self.overtaken(engine, drive, &release).await;
            }
            end
        };
        if let Some(live) = &shown.live {
            self.same_as_replayed(live)?;
        }
        match end {
            End::Drove(DriveEnd::Stands(state)) => Ok(Some(state)),
            End::Drove(DriveEnd::Left) => Err("the engine left without a word".to_owned()),
            // It did not even begin; somebody starts it again.
            End::Failed(DriveError::Store(StoreError::NoSpace { .. })) => Ok(None),
            End::Failed(error) => Err(format!("the engine failed: {error}")),
            End::Struck(..) => Ok(None),
        }
    }

    /// The first engine stands still past its lease, another one drives as far as it gets, and the first
    /// one goes on: it must find its lease lost, unless the other never took it.
    async fn overtaken(
        &self,
        engine: u32,
        first: std::pin::Pin<Box<impl Future<Output = Result<DriveEnd, DriveError>>>>,
        release: &Notify,
    ) -> Result<Option<RunState>, String> {
        self.fate.leases_run_out();
        let second = Box::pin(self.engine(engine + 1000)).await?;
        release.notify_one();
        let before = self.kept.lines(&self.run).map(|lines| lines.len());
        self.fate.engine_goes_on(engine);
        let end = tokio::select! {
            biased;
            _ = self.fate.stopped() => return Ok(second),
            end = first => end,
        };
        let lost = matches!(
            end,
            Err(DriveError::Store(StoreError::LeaseLost { .. } | StoreError::LeaseHeld { .. }))
        );
        if !lost {
            // It had not taken its lease when it stood still, so it may drive now.
            return match end {
                Ok(DriveEnd::Stands(state)) => Ok(Some(state)),
                other => Err(format!("an engine that was overtaken ended with {other:?}")),
            };
        }
        if before != self.kept.lines(&self.run).map(|lines| lines.len()) {
            return Err("an engine that had lost its lease wrote to the run log".to_owned());
        }
        Ok(second)
    }

    fn help(&self, round: u32, dice: &mut Dice) -> Result<(), String> {
        let run = self.replayed()?;
        let sight = Sight { sim: &self.sim, runner: &self.runner };
        for (by, request) in operator::help(&run, round, &sight, dice) {
            let body = serde_json::to_value(&request).unwrap();
            self.kept
                .post_request(&self.run, &person(&by), &body, self.fate.lease_now())
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn replayed(&self) -> Result<Run, String> {
        let (run, _, _) = replay(&self.kept, &self.run).map_err(|error| error.to_string())?;
        Ok(run)
    }

    /// Folding the durable events gives what the engine held when it showed the last of them.
    fn same_as_replayed(&self, live: &Run) -> Result<(), String> {
        let seen = self.fate.seen();
        let again = Run::replay(
            self.run.as_str(),
            Arc::clone(live.runbook()),
            seen.iter().map(|event| Event::clone(event)),
        )
        .map_err(|error| format!("its own log does not replay: {error}"))?;
        for (node, compiled) in live.runbook().nodes.iter_enumerated() {
            if again.node(node) != live.node(node) && again.seq() == live.seq() {
                return Err(format!("replay gives another state of `{}`", compiled.name));
            }
        }
        Ok(())
    }

    async fn played(&self, engines: u32) -> Result<Played, String> {
        let (run, events, _) = replay(&self.kept, &self.run).map_err(|error| error.to_string())?;
        let lines = self.kept.lines(&self.run).map_err(|error| error.to_string())?;
        let requests = self.kept.requests(&self.run).map_err(|error| error.to_string())?;
        // What is under way comes to its end, so that nothing is missed that happens late.
        self.sim.clock().jump(self.sim.clock().now().plus(Duration::from_secs(4 * 3600)));
        Ok(Played {
            events,
            run,
            bytes: lines.iter().map(|line| line.body.as_str()).collect::<Vec<_>>().join("\n"),
            effects: self.sim.effects().map_err(|error| error.to_string())?,
            inventory: self.sim.inventory().await.map_err(|error| error.to_string())?,
            remains: self.sim.remains(&self.machines).await.map_err(|error| error.to_string())?,
            held: self.kept.held(),
            unanswered: requests.iter().filter(|request| request.answer.is_none()).count(),
            writes: self.fate.writes(),
            calls: self.fate.calls(),
            engines,
        })
    }
}

fn options() -> DriveOptions {
    DriveOptions {
        host: PathBuf::from("none"),
        attendance: Attendance::Leave,
        by: person("dana"),
        resume: true,
        version: "simulated".to_owned(),
        look_every: Duration::ZERO,
    }
}
