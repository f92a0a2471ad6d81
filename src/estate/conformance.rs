//! What every estate has to hold to, as a suite over the contract alone. It drives one machine through a
//! whole cycle and says the first promise that is broken. Knows no provider.

mod whole;

use std::time::Duration;

use crate::base::Timestamp;
use crate::event::{
    Artifact, Detail, EstateError, Found, Handle, Key, Network, Observation, Probe, Progress, Request,
    Submitted, artifact_list,
};
use crate::inventory::{Inventory, Machine, Protection};
use crate::model::{Mode, ShutdownSpec};

use super::Estate;

/// Polls of one act before it counts as never ending.
const POLLS_MAX: usize = 10_000;
/// Heartbeats of one machine before it counts as never coming up.
const HEARTBEATS_MAX: usize = 1_000;
/// Tries of a reprotection, one a minute, while the agent registers.
const REPROTECTS_MAX: usize = 60;
const HEARTBEAT_EVERY: Duration = Duration::from_secs(5);
const REPROTECT_EVERY: Duration = Duration::from_secs(60);

/// What the suite works on.
#[derive(Clone, Debug)]
pub struct Subject {
    /// A machine that is protected, runs, and has a point that is processed and usable.
    pub machine: String,
    /// The network of the other site; its name and, where the estate needs it, an address.
    pub network: Network,
    /// The isolated network of a test.
    pub test_network: Network,
    /// The process server by which it replicates back, where the estate needs one.
    pub via: Option<String>,
    /// How its source is shut down.
    pub shutdown: ShutdownSpec,
    /// Its failover shuts the source down and starts the target by itself, and is not rolled back.
    pub whole: bool,
    /// Told to the keys, so that the suite may run again on the same estate.
    pub round: String,
}

/// A promise that an estate broke, in one sentence.
pub type Broken = String;

/// What is tried, in order, in an operator's words.
pub const CHAPTERS: [&str; 5] = [
    "a look changes nothing",
    "what may not be done is refused, and changes nothing",
    "a test leaves production alone and is cleaned up",
    "a planned failover goes to another point and is rolled back",
    "a failover is committed and protected in the other direction",
];

/// Runs the whole suite: a test and its cleanup, refusals, a planned failover, a point changed, a
/// rollback, a failover again, its commit and the reprotection.
///
/// # Errors
/// The first promise broken.
pub async fn run<E: Estate>(estate: &E, subject: &Subject) -> Result<(), Broken> {
    run_told(estate, subject, &mut |_| {}).await
}

/// As `run`, and tells of each chapter that was passed, as it passes.
///
/// # Errors
/// The first promise broken; the chapters after it were not tried.
pub async fn run_told<E: Estate>(
    estate: &E,
    subject: &Subject,
    passed: &mut (dyn FnMut(&'static str) + Send),
) -> Result<(), Broken> {
    let mut suite = Suite { estate, subject, keys: 0 };
    let [looks, refusals, test, rolls_back, commits] = CHAPTERS;
    let start = suite.machine().await?;
    check(start.protection == Protection::Protected, || format!("`{}` is not protected", start.name))?;
    suite.reads_change_nothing().await?;
    passed(looks);
    suite.refusals_change_nothing().await?;
    passed(refusals);
    suite.test_leaves_production_alone().await?;
    passed(test);
    if subject.whole {
        suite.fail_over_to_another_point().await?;
        passed(rolls_back);
    } else {
        suite.planned_failover_rolls_back().await?;
        passed(rolls_back);
        suite.fail_over().await?;
    }
    suite.commits_and_reprotects(start.site).await?;
    passed(commits);
    Ok(())
}

struct Suite<'a, E> {
    estate: &'a E,
    subject: &'a Subject,
    keys: u32,
}

fn check(holds: bool, otherwise: impl FnOnce() -> Broken) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn lost(doing: &str, error: &EstateError) -> Broken {
    format!("{doing}: {error}")
}

impl<E: Estate> Suite<'_, E> {
    fn key(&mut self) -> Key {
        self.keys += 1;
        Key::of(&format!("conformance {}", self.subject.round), self.keys, 1)
    }

    fn name(&self) -> String {
        self.subject.machine.clone()
    }

    async fn inventory(&self) -> Result<Inventory, Broken> {
        self.estate.inventory().await.map_err(|error| lost("inventory", &error))
    }

    async fn machine(&self) -> Result<Machine, Broken> {
        let mut inventory = self.inventory().await?;
        let found = inventory.vms.swap_remove(&self.subject.machine);
        found.ok_or_else(|| format!("the estate does not report `{}`", self.subject.machine))
    }

    async fn observe(&self, test: bool) -> Result<Observation, Broken> {
        self.estate.observe(&self.subject.machine, test).await.map_err(|error| lost("observe", &error))
    }

    /// The ids of the points that may be recovered now, newest first.
    async fn usable(&self) -> Result<Vec<String>, Broken> {
        let inventory = self.inventory().await?;
        let machine = inventory.vms.get(&self.subject.machine);
        let points = machine.map(|machine| machine.points.as_slice()).unwrap_or_default();
        let usable = points.iter().filter(|point| point.usable && point.processed);
        let ids: Vec<String> = usable.map(|point| inventory.text(point.id).to_owned()).collect();
        check(!ids.is_empty(), || format!("`{}` has no usable point", self.subject.machine))?;
        Ok(ids)
    }

    /// A first answer, asked for twice: the second has to be the first one's.
    async fn submit_twice(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        let first = self.estate.submit(key, request).await?;
        let second = self.estate.submit(key, request).await?;
        match (&first, &second) {
            (Submitted::Accepted(one, _), Submitted::Accepted(two, _)) if one != two => {
                Err(EstateError::Unknown {
                    message: format!("{} gave two handles for one key", request.verb()),
                })
            }
            (Submitted::Accepted(..) | Submitted::Done(_), _) => Ok(first),
        }
    }

    /// Does an act to its end, and asks at every stage what became of its key.
    async fn done(&mut self, request: &Request) -> Result<Detail, Broken> {
        let key = self.key();
        self.done_by(&key, request).await.map_err(|error| lost(request.verb(), &error))
    }

    async fn done_by(&self, key: &Key, request: &Request) -> Result<Detail, EstateError> {
        let verb = request.verb();
        let broken = |what: String| EstateError::Unknown { message: format!("{verb} {what}") };
        let since = self.estate.clock().now();
        let before = self.estate.find(key, request, since).await?;
        if !matches!(before, Found::NeverArrived | Found::CannotTell(_)) {
            return Err(broken(format!("is found as {before:?} before it was asked for")));
        }
        let detail = match self.submit_twice(key, request).await? {
            Submitted::Done(detail) => detail,
            Submitted::Accepted(handle, when) => {
                match self.estate.find(key, request, since).await? {
                    Found::Running(found) if found != handle => {
                        return Err(broken("is found under another handle".to_owned()));
                    }
                    Found::NeverArrived => return Err(broken("was accepted and is not found".to_owned())),
                    Found::Failed(error) => return Err(error),
                    Found::Running(_) | Found::Done(_) | Found::CannotTell(_) => {}
                }
                self.poll(&handle, when).await?
            }
        };
        match self.estate.find(key, request, since).await? {
            Found::Done(found) if found == detail => {}
            Found::CannotTell(_) => {}
            other @ (Found::Done(_) | Found::Running(_) | Found::Failed(_) | Found::NeverArrived) => {
                return Err(broken(format!("was done and is found as {other:?}")));
            }
        }
        // Once more after the end: nothing may be done again, whatever the answer says.
        self.estate.submit(key, request).await?;
        Ok(detail)
    }

    async fn poll(&self, handle: &Handle, mut when: Timestamp) -> Result<Detail, EstateError> {
        for _ in 0..POLLS_MAX {
            self.wait_until(when).await;
            match self.estate.poll(handle).await? {
                Progress::Running(next) => when = next,
                Progress::Done(detail) => return Ok(detail),
                Progress::Failed(error) => return Err(error),
            }
        }
        Err(EstateError::Unknown { message: format!("`{}` never ends", handle.0) })
    }

    async fn wait_until(&self, when: Timestamp) {
        let clock = self.estate.clock();
        if !clock.jump(when) {
            tokio::time::sleep(when.since(clock.now())).await;
        }
    }

    async fn wait(&self, duration: Duration) {
        self.wait_until(self.estate.clock().now().plus(duration)).await;
    }

    async fn comes_up(&self, test: bool) -> Result<(), Broken> {
        let probe = Probe::Heartbeat { machine: self.name(), test };
        let mut seen = String::new();
        for _ in 0..HEARTBEATS_MAX {
            match self.estate.probe(&probe).await {
                Ok(_) => return Ok(()),
                Err(instead) => seen = instead,
            }
            self.wait(HEARTBEAT_EVERY).await;
        }
        Err(format!("`{}` never came up: {seen}", self.subject.machine))
    }

    async fn reads_change_nothing(&self) -> Result<(), Broken> {
        let (one, seen) = (self.machine().await?, self.observe(false).await?);
        let (two, again) = (self.machine().await?, self.observe(false).await?);
        check(one.site == two.site && one.protection == two.protection && seen == again, || {
            "looking at a machine changed it".to_owned()
        })?;
        check(one.points.windows(2).all(|pair| matches!(pair, [a, b] if a.at >= b.at)), || {
            "points are not reported newest first".to_owned()
        })?;
        self.source_runs(&seen, "a running source is not seen to run")?;
        check(seen.target_running != Some(true), || "a target runs before any failover".to_owned())
    }

    /// What may not be done is refused, is no act, and leaves the machine as it was.
    async fn refusals_change_nothing(&mut self) -> Result<(), Broken> {
        let before = self.machine().await?;
        let to = before.replicates_to.clone().unwrap_or_default();
        let (machine, network) = (self.name(), self.subject.network.clone());
        let point = "no-such-point".to_owned();
        let fail_over = |machine: &str, point: &str, to: &str| Request::FailOver {
            machine: machine.to_owned(),
            point: point.to_owned(),
            mode: Some(Mode::Unplanned),
            to: to.to_owned(),
            network: network.clone(),
        };
        let usable = self.usable().await?.swap_remove(0);
        let refused = [
            Request::Commit { machine: machine.clone() },
            Request::ChangePoint { machine: machine.clone(), point: usable.clone() },
            Request::Start { machine: machine.clone(), test: false },
            Request::Start { machine: machine.clone(), test: true },
            Request::Reprotect { machine: machine.clone(), to: to.clone(), via: self.subject.via.clone() },
            Request::TakeFinal { machines: vec![machine.clone()] },
            fail_over(&machine, &point, &to),
            fail_over(&machine, &usable, &before.site),
            fail_over("no-such-machine", &usable, &to),
        ];
        for request in refused {
            self.is_refused(&request).await?;
        }
        let after = self.machine().await?;
        check(
            (&after.site, after.power, after.protection) == (&before.site, before.power, before.protection),
            || "a refusal changed the machine".to_owned(),
        )
    }

    async fn is_refused(&mut self, request: &Request) -> Result<(), Broken> {
        let key = self.key();
        match self.done_by(&key, request).await {
            Err(EstateError::Refused { code, .. }) => {
                check(!code.is_empty(), || format!("{} is refused without a code", request.verb()))?;
                self.nothing_is_found(&key, request).await
            }
            Err(other) => Err(format!("{} should be refused, and instead: {other}", request.verb())),
            Ok(_) => Err(format!("{} should be refused, and was done: {request:?}", request.verb())),
        }
    }

    /// A refusal is told of its key as well: the engine that lost the answer would go on as if it were done, or
    /// ask a person in vain.
    async fn nothing_is_found(&self, key: &Key, request: &Request) -> Result<(), Broken> {
        let verb = request.verb();
        let since = self.estate.clock().now();
        match self.estate.find(key, request, since).await.map_err(|error| lost("find", &error))? {
            Found::NeverArrived
            | Found::CannotTell(_)
            | Found::Failed(EstateError::Refused { .. } | EstateError::Retry { .. }) => Ok(()),
            other @ (Found::Done(_) | Found::Running(_) | Found::Failed(EstateError::Unknown { .. })) => {
                Err(format!("{verb} was refused and is found as {other:?}"))
            }
        }
    }

    async fn test_leaves_production_alone(&mut self) -> Result<(), Broken> {
        let before = self.machine().await?;
        let machine = self.name();
        let point = self.usable().await?.swap_remove(0);
        let request = Request::FailOver {
            machine: machine.clone(),
            point,
            mode: None,
            to: before.replicates_to.clone().unwrap_or_default(),
            network: self.subject.test_network.clone(),
        };
        self.remains_are(&[], "before any test").await?;
        let made = self.makes_as_announced(&request, &[]).await?;
        let start = Request::Start { machine: machine.clone(), test: true };
        let made = if self.subject.whole { made } else { self.makes_as_announced(&start, &made).await? };
        check(!made.is_empty(), || "a test is said to make nothing".to_owned())?;
        self.comes_up(true).await?;
        let seen = self.observe(true).await?;
        check(seen.target_running == Some(true), || "a test's copy is not seen to run".to_owned())?;
        self.source_runs(&seen, "a test stopped production")?;
        let copy = seen.address.as_ref();
        check(copy.is_none_or(|copy| !before.address.values().any(|address| address == copy)), || {
            "a test's copy has production's address".to_owned()
        })?;
        self.is_refused(&Request::Commit { machine: machine.clone() }).await?;
        for when in ["after its cleanup", "after a second cleanup"] {
            self.done(&Request::CleanUp { machine: machine.clone() }).await?;
            self.remains_are(&[], when).await?;
        }
        let after = self.machine().await?;
        let gone = self.observe(true).await?;
        check(gone.target_running != Some(true) && gone.address.is_none(), || {
            "a test's copy is left after its cleanup".to_owned()
        })?;
        check(
            (&after.site, after.power, after.protection) == (&before.site, before.power, before.protection),
            || "a test changed production".to_owned(),
        )
    }

    /// Does an act of a test. What is there afterwards is what was there before, what was announced, and
    /// what the estate told of besides.
    async fn makes_as_announced(
        &mut self,
        request: &Request,
        before: &[Artifact],
    ) -> Result<Vec<Artifact>, Broken> {
        let (key, verb) = (self.key(), request.verb());
        let announced = self.announced(&key, request).await?;
        let again = self.announced(&key, request).await?;
        check(announced == again, || format!("{verb} is announced in two ways under one key"))?;
        self.remains_are(before, &format!("once {verb} is announced and before it is asked for")).await?;
        let detail = self.done_by(&key, request).await.map_err(|error| lost(verb, &error))?;
        let mut made = [before, &announced, &detail.created].concat();
        made.sort_unstable();
        made.dedup();
        self.remains_are(&made, &format!("after {verb} of a test")).await?;
        Ok(made)
    }

    async fn announced(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, Broken> {
        let announced = self.estate.will_create(key, request).await;
        announced.map_err(|error| lost("what a test will make", &error))
    }

    /// Exactly this is there of tests of the machine.
    async fn remains_are(&self, wanted: &[Artifact], when: &str) -> Result<(), Broken> {
        let asked = self.estate.remains(std::slice::from_ref(&self.subject.machine)).await;
        let mut there = asked.map_err(|error| lost("what is left of tests", &error))?;
        there.sort_unstable();
        let said = |what: &[Artifact]| match what {
            [] => "nothing".to_owned(),
            what => artifact_list(what, 8),
        };
        check(there == wanted, || {
            format!("{when} there is {} of a test, and there should be {}", said(&there), said(wanted))
        })
    }

    /// Shuts the source down and brings the machine up at the other site, at its newest point.
    async fn fail_over(&mut self) -> Result<(), Broken> {
        let machine = self.name();
        let before = self.machine().await?;
        let to = before.replicates_to.clone().unwrap_or_default();
        self.done(&Request::ShutDown { machine: machine.clone(), spec: self.subject.shutdown }).await?;
        let seen = self.observe(false).await?;
        check(seen.source_running == Some(false), || "a source runs after its shutdown".to_owned())?;
        let before_final = self.usable().await?;
        self.done(&Request::TakeFinal { machines: vec![machine.clone()] }).await?;
        let point = self.usable().await?.swap_remove(0);
        check(!before_final.contains(&point), || "a final point is not the newest one".to_owned())?;
        let network = self.subject.network.clone();
        self.done(&Request::FailOver {
            machine: machine.clone(),
            point,
            mode: Some(Mode::Planned),
            to: to.clone(),
            network,
        })
        .await?;
        let made = self.machine().await?;
        check(made.site == to && made.protection == Protection::FailedOver, || {
            format!("a machine that failed over to `{to}` is reported at `{}`", made.site)
        })?;
        let seen = self.observe(false).await?;
        check(seen.target_running == Some(false), || "a target runs before its start".to_owned())?;
        self.done(&Request::Start { machine, test: false }).await?;
        self.comes_up(false).await?;
        let seen = self.observe(false).await?;
        check(seen.target_running == Some(true), || "a started target is not seen to run".to_owned())
    }

    async fn planned_failover_rolls_back(&mut self) -> Result<(), Broken> {
        let machine = self.name();
        let before = self.machine().await?;
        self.fail_over().await?;
        let mut points = self.usable().await?;
        let older = points.pop().unwrap_or_default();
        self.done(&Request::ChangePoint { machine: machine.clone(), point: older }).await?;
        let seen = self.observe(false).await?;
        check(seen.target_running == Some(false), || "a target runs after its point changed".to_owned())?;
        self.done(&Request::RollBack { machine, start_source: true }).await?;
        self.comes_up(false).await?;
        let after = self.machine().await?;
        check(after.site == before.site && after.protection == Protection::Protected, || {
            "a rollback does not lead back to where it began".to_owned()
        })?;
        let seen = self.observe(false).await?;
        check(seen.source_running == Some(true) && seen.target_running != Some(true), || {
            "after a rollback the source does not run, or the target still does".to_owned()
        })
    }

    async fn commits_and_reprotects(&mut self, home: String) -> Result<(), Broken> {
        let machine = self.name();
        let reprotect =
            Request::Reprotect { machine: machine.clone(), to: home.clone(), via: self.subject.via.clone() };
        self.is_refused(&reprotect).await?;
        self.done(&Request::Commit { machine: machine.clone() }).await?;
        self.is_refused(&Request::Commit { machine: machine.clone() }).await?;
        self.is_refused(&Request::RollBack { machine, start_source: true }).await?;
        let committed = self.machine().await?;
        check(committed.protection == Protection::Unprotected && committed.points.is_empty(), || {
            "points or protection outlive a commit".to_owned()
        })?;
        self.reprotected(&reprotect).await?;
        let after = self.machine().await?;
        check(
            after.protection == Protection::Protected && after.replicates_to.as_ref() == Some(&home),
            || "a reprotected machine does not replicate the other way".to_owned(),
        )?;
        self.usable().await.map(drop)
    }

    async fn reprotected(&mut self, request: &Request) -> Result<(), Broken> {
        for _ in 0..REPROTECTS_MAX {
            let key = self.key();
            match self.done_by(&key, request).await {
                Ok(_) => return Ok(()),
                Err(EstateError::Retry { .. }) => self.wait(REPROTECT_EVERY).await,
                Err(error) => return Err(lost("reprotect", &error)),
            }
        }
        Err("a reprotection is put off for ever".to_owned())
    }
}
