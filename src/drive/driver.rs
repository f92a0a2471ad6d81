//! The loop: record what the core wants recorded, begin what it wants begun, take in what comes
//! back, and wait for whatever comes first.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::base::{Clock as _, Digest, SystemClock, Timestamp, limits};
use crate::estate::Estate;
use crate::event::{Event, EventKind, Person};
use crate::run::{Command, Run, RunState};
use crate::runbook::NodeId;
use crate::store::{Answer, Owner, RunId, RunStore, RunSummary, Store, StoreError};

use super::activity::{Activity, FromTask};
use super::estate_act::{Next, next};
use super::hold::Holds;
use super::interrupts::Interrupts;
use super::run_clock::RunClock;
use super::runner::{Runner, ThisMachine};
use super::surroundings::{Surroundings, World};
use super::tenure::{Asked, Tenure};
use super::turn::LastTurn;

/// Who watches a run: a terminal, or nobody.
pub trait Watch {
    /// Something happened; `run` has taken it in.
    fn event(&mut self, event: &Event, run: &Run);
    /// Time passed; for progress.
    fn tick(&mut self, run: &Run, now: Timestamp);
    /// The engine itself waits, for this reason; none when it goes on.
    fn hold(&mut self, why: Option<&str>);
}

/// Whether somebody is there to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attendance {
    /// The driver stays while only a person can go on.
    Stay,
    /// It leaves then, and the run waits.
    Leave,
}

/// How a run is driven.
#[derive(Clone, Debug)]
pub struct DriveOptions {
    /// The program that hosts scripts: this one.
    pub host: PathBuf,
    /// Whether somebody is there to answer.
    pub attendance: Attendance,
    /// Who drives: for what is done in passing, such as a pause by Ctrl-C.
    pub by: Person,
    /// Whether a halted or paused run goes on.
    pub resume: bool,
    /// The program's version, for the run log.
    pub version: String,
    /// While the run goes on, requests are looked for this often: `limits::REQUEST_LOOK` where a look costs
    /// something.
    pub look_every: Duration,
}

/// Why the driver left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DriveEnd {
    /// As the run stands.
    Stands(RunState),
    /// At once, by a second Ctrl-C. Acts under way are unknown until the run is resumed.
    Left,
}

/// Why the driver could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Drives a run until it ends, or stands still and nobody is there to help.
///
/// Prereq: the run is in the store. Takes its lease and gives it back.
///
/// # Errors
/// Somebody else drives the run, or the store failed; what was begun is found again by `resume`.
pub async fn drive<E: Estate + 'static>(
    store: &Store,
    id: &RunId,
    estate: Arc<E>,
    options: DriveOptions,
    watch: &mut dyn Watch,
) -> Result<DriveEnd, DriveError> {
    let runner = ThisMachine { host: options.host.clone() };
    drive_in(Surroundings { store, estate, runner }, id, options, watch).await
}

/// As `drive`, in any surroundings.
///
/// # Errors
/// As `drive`.
pub async fn drive_in<S: RunStore, E: Estate + 'static, R: Runner>(
    surroundings: Surroundings<'_, S, E, R>,
    id: &RunId,
    options: DriveOptions,
    watch: &mut dyn Watch,
) -> Result<DriveEnd, DriveError> {
    let Surroundings { store, estate, runner } = surroundings;
    let asked = Asked::now();
    let epoch = store.take_lease(id, &Owner::this_process(), SystemClock.now()).await?;
    let (run, events, digest) = super::replay(store, id)?;
    for event in &events {
        watch.event(event, &run);
    }
    // It may have ended between the wish to drive it and the lease.
    if run.state().is_final() {
        store.release_lease(id, epoch).await?;
        return Ok(DriveEnd::Stands(run.state()));
    }
    let clock = RunClock::new(estate.clock(), run.last_at());
    let mut driver: Driver<'_, Surroundings<'_, S, E, R>> = Driver {
        store,
        id: id.clone(),
        epoch,
        run,
        digest,
        estate,
        runner,
        clock,
        output: store.output()?,
        options,
        watch,
        activities: BTreeMap::new(),
        tasks: JoinSet::new(),
        side: JoinSet::new(),
        looks: VecDeque::new(),
        answers: Vec::new(),
        renewed: tokio::time::Instant::now(),
        tenure: Tenure::new(asked),
        last_turn: None,
        requests_seen: None,
        told: BTreeMap::new(),
        interrupts: Interrupts::new(),
        holds: Holds::new(),
    };
    let end = match driver.drive().await {
        // Somebody did not want to wait for space. What was not recorded is not known.
        Err(DriveError::Store(StoreError::NoSpace { .. } | StoreError::InUse { .. }))
            if driver.interrupts.count > 1 =>
        {
            Ok(DriveEnd::Left)
        }
        end => end,
    };
    driver.leave(end).await
}

/// What the loop holds. The run changes only through events that are durable.
pub(super) struct Driver<'a, W: World> {
    pub(super) store: &'a W::Store,
    pub(super) id: RunId,
    pub(super) epoch: u64,
    pub(super) run: Run,
    digest: Digest,
    pub(super) estate: Arc<W::Estate>,
    pub(super) runner: W::Runner,
    pub(super) clock: RunClock,
    pub(super) output: PathBuf,
    pub(super) options: DriveOptions,
    pub(super) watch: &'a mut dyn Watch,
    pub(super) activities: BTreeMap<NodeId, Activity>,
    pub(super) tasks: JoinSet<FromTask>,
    /// Notifications: they hold up nothing.
    pub(super) side: JoinSet<EventKind>,
    /// Requests that need a look at the estate's points first.
    pub(super) looks: VecDeque<super::requests::Look>,
    pub(super) answers: Vec<Answer>,
    renewed: tokio::time::Instant,
    pub(super) tenure: Tenure,
    pub(super) last_turn: Option<LastTurn>,
    requests_seen: Option<tokio::time::Instant>,
    pub(super) told: BTreeMap<String, Timestamp>,
    pub(super) interrupts: Interrupts,
    pub(super) holds: Holds,
}

impl<W: World> Driver<'_, W> {
    async fn drive(&mut self) -> Result<DriveEnd, DriveError> {
        let version = self.options.version.clone();
        self.record(vec![EventKind::DriverStarted { epoch: self.epoch, version }]).await?;
        // What was asked while nobody drove comes first: going on tries failed steps again, and a skip
        // of one or a rollback would come too late.
        let stopped = self.take_requests().await?;
        // A no that was said meanwhile stands: going on is then asked for once more.
        if self.options.resume && !stopped && matches!(self.run.state(), RunState::Paused | RunState::Halted)
        {
            self.record(vec![EventKind::Resumed { by: self.options.by.clone() }]).await?;
        }
        loop {
            self.look_at_turn().await?;
            if std::mem::take(&mut self.interrupts.unheard) && self.run.state() != RunState::Paused {
                self.record(vec![EventKind::Paused { by: self.options.by.clone() }]).await?;
            }
            self.begin_all().await?;
            self.notify().await?;
            if self.act_on_requests().await? {
                continue;
            }
            if let Some(end) = self.stands() {
                return Ok(end);
            }
            self.renew().await?;
            self.look_at_hosts();
            self.watch.tick(&self.run, self.now());
            let pause = self.pause();
            tokio::select! {
                biased;
                () = self.interrupts.next() => {
                    if self.interrupts.count > 1 {
                        return Ok(DriveEnd::Left);
                    }
                }
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    self.take_in(done).await?;
                }
                Some(told) = self.side.join_next(), if !self.side.is_empty() => {
                    if let Ok(event) = told {
                        self.record(vec![event]).await?;
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The run's time, never before the last event.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now().max(self.run.last_at())
    }

    /// How long to wait for something to come by itself. A virtual clock is moved instead, while
    /// nothing real is going on and a moment for requests has passed.
    fn pause(&self) -> Duration {
        let now = self.now();
        let of_activities =
            self.activities.values().filter(|activity| !activity.in_flight).filter_map(|a| a.wake);
        let next = of_activities.chain(self.run.wake_without_people()).min();
        if self.tasks.is_empty()
            && let Some(at) = next
            && at > now
            && self.clock.jump(at)
        {
            return Duration::ZERO;
        }
        let people = self.run.wake().map(|wake| wake.at);
        match next.into_iter().chain(people).min() {
            Some(at) => at.since(now).min(limits::REQUEST_POLL),
            None => limits::REQUEST_POLL,
        }
    }

    /// Records what the core wants and begins what it wants begun, until it wants nothing more now.
    async fn begin_all(&mut self) -> Result<(), DriveError> {
        loop {
            let now = self.now();
            let mut events = Vec::new();
            let mut begins = Vec::new();
            let mut resolves = Vec::new();
            for command in self.run.next(now) {
                match command {
                    Command::Record(event) => events.push(event),
                    Command::Begin { node, attempt, key } => {
                        begins.push((node, key.clone()));
                        events.push(EventKind::StepStarted { node, attempt, key });
                    }
                    Command::Resolve { node, since, key, handle, .. } => {
                        if self.activities.get(&node).is_none_or(|activity| activity.key != key) {
                            resolves.push((node, since, key, handle));
                        }
                    }
                }
            }
            for (node, since, key, handle) in resolves {
                self.resolve(node, since, key, handle).await?;
            }
            if events.is_empty() {
                return Ok(());
            }
            self.record(events).await?;
            for (node, key) in begins {
                self.begin(node, key).await?;
            }
        }
    }

    /// Goes on with every activity whose time has come.
    async fn go_on_due(&mut self) -> Result<(), DriveError> {
        let now = self.now();
        let due: Vec<NodeId> = self
            .activities
            .iter()
            .filter(|(_, activity)| !activity.in_flight && activity.wake.is_some_and(|wake| wake <= now))
            .map(|(node, _)| *node)
            .collect();
        for node in due {
            self.go_on(node).await?;
        }
        Ok(())
    }

    /// Takes in one report, and all others that are there already: their events share a commit.
    async fn take_in(&mut self, first: Result<FromTask, tokio::task::JoinError>) -> Result<(), DriveError> {
        let mut reports = vec![first];
        while let Some(more) = self.tasks.try_join_next() {
            reports.push(more);
        }
        let now = self.now();
        let mut events = Vec::new();
        for report in reports {
            let FromTask { node, key, report } = match report {
                Ok(report) => report,
                // A task that panicked is a bug of ours; the act's outcome is not known.
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => continue,
                },
            };
            let Some(activity) = self.activities.get_mut(&node).filter(|activity| activity.key == key) else {
                continue;
            };
            activity.in_flight = false;
            let report = report.in_run_time(|at| self.clock.of_estate(at));
            match next(&self.run, node, activity, report, now) {
                Next::End(ends) => {
                    self.activities.remove(&node);
                    self.release(node);
                    events.extend(ends);
                }
                Next::GoOn(more, at) => {
                    activity.wake = Some(at);
                    events.extend(more);
                }
            }
        }
        self.record(events).await?;
        self.go_on_due().await
    }

    /// Makes events durable, and only then takes them in and shows them. A full disk is waited for;
    /// nothing is issued meanwhile.
    pub(super) async fn record(&mut self, kinds: Vec<EventKind>) -> Result<(), DriveError> {
        if kinds.is_empty() && self.answers.is_empty() {
            return Ok(());
        }
        let at = self.now();
        let mut kinds = kinds;
        if !kinds.is_empty()
            && let Some(set) = self.clock.take_set()
        {
            kinds.insert(0, set);
        }
        let mut lines = Vec::with_capacity(kinds.len());
        let mut events = Vec::with_capacity(kinds.len());
        let mut digest = self.digest.clone();
        for (seq, kind) in (self.run.seq() + 1..).zip(kinds) {
            let event = Event { seq, at, kind };
            let line = event.line(&digest);
            digest = line.digest.clone();
            lines.push(line);
            // Taken in before it is durable, and neither acted on nor shown until it is: a driver whose
            // write fails for good forgets all of it.
            self.run.apply(&event);
            events.push(event);
        }
        let summary = RunSummary { state: self.run.state(), at };
        let answers = std::mem::take(&mut self.answers);
        loop {
            let appended = self
                .store
                .append_answering(&self.id, self.epoch, lines.clone(), summary, answers.clone())
                .await;
            match appended {
                Ok(()) => break,
                Err(error @ (StoreError::NoSpace { .. } | StoreError::InUse { .. })) => {
                    self.hold_store(Some(&error));
                    let wait = tokio::time::sleep(limits::SPACE_RETRY);
                    tokio::select! {
                        biased;
                        () = self.interrupts.next() => {}
                        () = wait => {}
                    }
                    if self.interrupts.count > 1 {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.hold_store(None);
        self.digest = digest;
        self.turned(&events);
        for event in &events {
            self.watch.event(event, &self.run);
        }
        Ok(())
    }

    pub(super) async fn renew(&mut self) -> Result<(), DriveError> {
        if self.renewed.elapsed() >= limits::LEASE_RENEW { self.renew_now().await } else { Ok(()) }
    }

    /// Extends the lease, or learns that somebody else has it.
    pub(super) async fn renew_now(&mut self) -> Result<(), DriveError> {
        let asked = Asked::now();
        match self.store.renew_lease(&self.id, self.epoch, SystemClock.now()).await {
            Ok(()) => {
                self.tenure.granted(asked);
                self.hold_store(None);
            }
            // It is tried again later. Whoever takes the run over has to write as well.
            Err(error @ (StoreError::NoSpace { .. } | StoreError::InUse { .. })) => {
                self.hold_store(Some(&error));
            }
            Err(error) => return Err(error.into()),
        }
        self.renewed = tokio::time::Instant::now();
        Ok(())
    }

    /// Whether there was something to act on, so that the core is asked again.
    async fn act_on_requests(&mut self) -> Result<bool, DriveError> {
        // A virtual clock turns this loop fast; the table is not read at every turn.
        let due = self.requests_seen.is_none_or(|seen| seen.elapsed() >= self.options.look_every);
        let before = self.run.seq();
        if due || self.run.state() != RunState::Running {
            self.requests_seen = Some(tokio::time::Instant::now());
            self.take_requests().await?;
        }
        self.go_on_due().await?;
        Ok(self.run.seq() != before)
    }

    /// Whether the run stands so that the driver leaves.
    fn stands(&self) -> Option<DriveEnd> {
        let state = self.run.state();
        let quiet = self.run.is_quiet() && self.activities.is_empty() && self.tasks.is_empty();
        let leaves = match state {
            RunState::Ended(_) => true,
            RunState::Halted | RunState::Paused => quiet,
            RunState::Waiting => {
                quiet
                    && self.options.attendance == Attendance::Leave
                    && self.run.wake_without_people().is_none()
            }
            RunState::Running => false,
        };
        leaves.then_some(DriveEnd::Stands(state))
    }

    /// Lets notifications finish, and gives the lease back.
    async fn leave(mut self, end: Result<DriveEnd, DriveError>) -> Result<DriveEnd, DriveError> {
        let end = end?;
        if end == DriveEnd::Left {
            self.tasks.detach_all();
            return Ok(end);
        }
        while !self.side.is_empty() {
            let told = tokio::select! {
                biased;
                () = self.interrupts.next() => None,
                told = self.side.join_next() => told,
            };
            if self.interrupts.count > 1 {
                // Whoever was not told yet is not waited for; the run stands as it was recorded.
                self.side.abort_all();
                break;
            }
            if let (Some(Ok(event)), None) = (told, self.run.ended()) {
                match self.record(vec![event]).await {
                    Err(DriveError::Store(StoreError::NoSpace { .. } | StoreError::InUse { .. })) => break,
                    recorded => recorded?,
                }
            }
        }
        match self.store.release_lease(&self.id, self.epoch).await {
            // The lease runs out by itself.
            Ok(()) | Err(StoreError::NoSpace { .. } | StoreError::InUse { .. }) => Ok(end),
            Err(error) => Err(error.into()),
        }
    }
}
