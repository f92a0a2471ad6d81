//! A simulated estate: an inventory goes in, and from there on it lives in a database of its own, on a
//! virtual clock, with durations, chances and faults that follow from a seed. It knows no plan.

mod act;
mod artifact;
mod check;
mod clock;
mod db;
mod fault;
mod ground;
mod import;
mod machine;
mod open;
mod probe;
mod settings;
mod stream;
mod submit;
mod timing;
mod trouble;
mod view;
mod world;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::base::{Clock, SystemClock, Timestamp};
use crate::event::{
    Artifact, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request, Stated,
    Submitted,
};
use crate::inventory::Inventory;
use crate::source::Diagnostic;

use super::Estate;
use clock::VirtualClock;
use ground::Ground;
use submit::Submission;
use trouble::Trouble;
use world::World;

pub use artifact::SimArtifact;
pub use db::Effect;

/// How fast virtual time goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speed {
    /// The driver moves the clock from one happening to the next; between jumps it goes with real time.
    Max,
    /// So many times as fast as real time; nobody moves it. 1 is `speed = real`.
    Factor(u32),
}

impl Speed {
    const fn factor(self) -> u32 {
        match self {
            Self::Max => 1,
            Self::Factor(factor) => factor,
        }
    }
}

/// What a simulated estate is opened with.
#[derive(Debug)]
pub struct SimOptions {
    /// The database: made if it is not there, continued if it is.
    pub path: PathBuf,
    /// What the estate starts from.
    pub inventory: Inventory,
    /// Where its chances come from.
    pub seed: u64,
    /// How fast its time goes.
    pub speed: Speed,
    /// What goes wrong, besides the inventory's own faults.
    pub faults: Vec<String>,
    /// Real time; `SystemClock` outside tests.
    pub real: Arc<dyn Clock>,
}

impl SimOptions {
    /// Seed 1, at full speed, without faults.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, inventory: Inventory) -> Self {
        Self {
            path: path.into(),
            inventory,
            seed: 1,
            speed: Speed::Max,
            faults: Vec::new(),
            real: Arc::new(SystemClock),
        }
    }
}

/// A simulated estate.
#[derive(Debug)]
pub struct Sim {
    connection: Arc<Mutex<Connection>>,
    clock: Arc<VirtualClock>,
    ground: Ground,
    warnings: Vec<Diagnostic>,
}

impl Sim {
    /// Opens the estate: continues its database, or makes it from the inventory.
    ///
    /// # Errors
    /// The inventory, its `sim` object or a fault does not read, or the database does not open.
    pub fn open(options: SimOptions) -> Result<Self, Vec<Diagnostic>> {
        open::open(options)
    }

    /// What is to be said about an estate that was continued: another inventory, another seed.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// How often each verb acted on each machine under each key, in the order of the first acts.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn effects(&self) -> Result<Vec<Effect>, EstateError> {
        self.call(|world| db::effects(world.tx))
    }

    /// Everything that tests ever made, in the order in which it came to be.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn artifacts(&self) -> Result<Vec<SimArtifact>, EstateError> {
        self.call(|world| artifact::ever(world.tx))
    }

    /// How long its acts take and what goes wrong with them, as far as it knows beforehand.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stated(&self) -> Result<Stated, EstateError> {
        let faults = self.call(|world| self.ground.to_come(world.at, |id| db::fault_used(world.tx, id)))?;
        Ok(Stated { faults, ..timing::stated(&self.ground.rules.settings) })
    }

    /// How often each site was asked for something by this process: what a forced run must not do to the source's.
    #[must_use]
    pub fn contacts(&self) -> std::collections::BTreeMap<String, u64> {
        self.ground.contacts()
    }

    /// Does `work` in one transaction, at one instant, after every act that was due has ended.
    fn call<T>(&self, work: impl FnOnce(&World<'_>) -> Result<T, Trouble>) -> Result<T, EstateError> {
        self.transact(work).map_err(Trouble::into_answer)
    }

    fn transact<T>(&self, work: impl FnOnce(&World<'_>) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let at = self.look(&tx)?;
        let world = World { tx: &tx, ground: &self.ground, at, dry: false };
        submit::settle(&world)?;
        let answer = work(&world);
        match &answer {
            // A refusal has changed nothing itself, and what had come due before it stays.
            Ok(_) | Err(Trouble::No(_)) => tx.commit()?,
            Err(Trouble::Database(_) | Trouble::Stored(_)) => tx.rollback()?,
        }
        answer
    }

    /// The current instant: no earlier than any that this or another process has seen.
    fn look(&self, tx: &Transaction<'_>) -> Result<Timestamp, Trouble> {
        let at = self.clock.now().max(db::now(tx)?);
        db::raise_now(tx, at)?;
        self.clock.raise(at);
        Ok(at)
    }
}

impl Estate for Sim {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::<VirtualClock>::clone(&self.clock)
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        self.call(view::inventory)
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        Ok(artifact::will_create(key, request))
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        self.call(|world| artifact::remains(world, machines))
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        match self.call(|world| submit::submit(world, key, request))? {
            Submission::Answer(answer) => Ok(answer),
            Submission::Silence => {
                Err(EstateError::Unknown { message: format!("no answer came to {}", request.verb()) })
            }
        }
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        self.call(|world| submit::poll(world, handle))
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        self.call(|world| submit::cancel(world, handle))
    }

    async fn find(&self, key: &Key, request: &Request, _since: Timestamp) -> Result<Found, EstateError> {
        self.call(|world| submit::find(world, key, request))
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        self.call(|world| view::observe(world, machine, test))
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        self.call(|world| probe::probe(world, probe)).unwrap_or_else(|error| Err(error.to_string()))
    }
}
