//! The service: the vault over its estate, with what it remembers. Everything due is caught up with before a
//! request is answered; nothing runs between requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::limits::STAND_IN_STEPS_MAX;
use crate::base::{ManualClock, Timestamp};
use crate::estate::Estate as _;
use crate::estate::sim::{Sim, SimOptions, Speed};
use crate::source::Diagnostic;
use crate::source::codes::emulate as codes;

use super::advance;
use super::answer::{Answer, Refusal};
use super::fault::Fault;
use super::kept::{Keeper, Kept};
use super::options::Options;
use super::sign_in::SignIn;
use super::time::{Time, steady};
use super::vault::Vault;
use super::view::View;

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) vault: Vault,
    pub(super) sim: Sim,
    pub(super) time: Time,
    pub(super) kept: Kept,
    pub(super) faults: Vec<Fault>,
    pub(super) sign_in: SignIn,
    keeper: Keeper,
    seen: Mutex<Option<Seen>>,
}

/// How many times as long as a look at the estate took it is good for.
const LOOKS_LAST: u32 = 5;

/// The estate as it stood a moment ago; forgotten as soon as a job has changed something.
#[derive(Clone, Debug)]
struct Seen {
    /// The second of the estate.
    at: Timestamp,
    /// By a clock that nobody sets.
    until: Duration,
    view: Arc<View>,
}

impl Service {
    /// The service over its estate; its time begins to run.
    ///
    /// # Errors
    /// The estate does not open, or what was kept of an earlier one cannot be read.
    pub(super) fn open(options: Options) -> Result<Self, Vec<Diagnostic>> {
        let vault = Vault::new(&options);
        let hand = Arc::new(ManualClock::default());
        let path = options.state.as_ref().map_or_else(|| ":memory:".into(), |state| state.join("estate.db"));
        let mut how = SimOptions::new(path, options.inventory);
        how.seed = options.seed;
        how.speed = Speed::Factor(1);
        how.real = Arc::<ManualClock>::clone(&hand);
        let unusable = |why: String| {
            let message = format!("what the stand-in keeps cannot be used: {why}");
            vec![
                Diagnostic::placeless(codes::STAND_IN_STATE, message)
                    .help("name another folder with `--state`"),
            ]
        };
        let keeper = Keeper::new(options.state.as_deref()).map_err(unusable)?;
        let kept = keeper.load().map_err(unusable)?;
        let sim = Sim::open(how)?;
        let time = Time::begin(hand, sim.clock().now(), options.speed);
        let sign_in = SignIn::new(options.token);
        Ok(Self { vault, sim, time, kept, faults: options.faults, sign_in, keeper, seen: Mutex::new(None) })
    }

    /// Moves the estate to where real time is, from one happening to the next.
    ///
    /// # Errors
    /// What is remembered cannot be written down.
    pub(super) async fn catch_up(&mut self) -> Result<(), Refusal> {
        let target = self.time.target();
        for _ in 0..STAND_IN_STEPS_MAX {
            self.step().await?;
            let due =
                self.kept.jobs.iter().filter(|job| !job.is_over()).filter_map(super::job::Job::due).min();
            match due {
                Some(due) if due <= target => self.time.move_to(due),
                Some(_) | None => break,
            }
        }
        self.time.move_to(target);
        Ok(())
    }

    /// Does what can be done at this instant.
    ///
    /// # Errors
    /// What is remembered cannot be written down.
    pub(super) async fn step(&mut self) -> Result<(), Refusal> {
        loop {
            let mut moved = false;
            let now = self.time.now();
            let Kept { jobs, items, .. } = &mut self.kept;
            for job in jobs.iter_mut().filter(|job| !job.is_over()) {
                let mut hands =
                    advance::Hands { sim: &self.sim, vault: &self.vault, items: &mut *items, now };
                moved |= advance::step(&mut hands, job).await;
            }
            if !moved {
                return Ok(());
            }
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.save()?;
        }
    }

    /// Writes down what is remembered.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn save(&self) -> Result<(), Refusal> {
        self.keeper.save(&self.kept).map_err(|why| Refusal {
            status: 500,
            code: "InternalServerError",
            message: format!("The stand-in cannot write down its state: {why}."),
        })
    }

    /// The estate as it stands, or stood a moment ago if nothing was done with it since.
    ///
    /// # Errors
    /// It cannot be asked.
    pub(super) async fn view(&self) -> Result<Arc<View>, Refusal> {
        let (now, began) = (self.time.now().whole_second(), steady());
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(seen) = seen.filter(|seen| seen.at == now || began < seen.until) {
            return Ok(seen.view);
        }
        let inventory = self.sim.inventory().await.map_err(|error| Refusal {
            status: 503,
            code: "ServiceUnavailable",
            message: error.to_string(),
        })?;
        let view = Arc::new(View { inventory });
        // Of a large estate most of the time would go into looking at it.
        let until = steady().saturating_add(steady().saturating_sub(began).saturating_mul(LOOKS_LAST));
        let seen = Seen { at: now, until, view: Arc::clone(&view) };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(view)
    }

    /// An answer to work that was taken on.
    pub(super) fn accepted(&self, ask: &super::ask::Ask, job: &str) -> Answer {
        let version = ask.target.value("api-version").unwrap_or_default();
        let operation = super::show_job::operation_of(job);
        let to = |rest: &str| ask.link(&format!("{}?api-version={version}", self.vault.id_of(rest)));
        Answer { status: 202, headers: Vec::new(), body: None }
            .with("azure-asyncoperation", to(&format!("replicationOperationStatus/{operation}")))
            .with("location", to(&format!("replicationJobs/{job}")))
            .with("retry-after", self.time.retry_after_s().to_string())
    }
}
