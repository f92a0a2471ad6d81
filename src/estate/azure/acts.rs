//! Acts: what a request of the engine becomes, the call with its intent on the disk before it, and what came of
//! it. `allowedOperations` of the item decides what may be asked.

use std::time::Duration;

use serde::Serialize;

use crate::base::{Clock, SystemClock};
use crate::event::{Detail, Handle, Key, Request, Submitted};

use super::Azure;
use super::ask::{Body, ChangePoint, Comments, Details};
use super::call::Answer;
use super::id::ArmId;
use super::job::Job;
use super::journal::{Entry, request_id};
use super::kind::{Kind, Operation};
use super::report::AZURE;
use super::trouble::{Trouble, said};
use super::vault::Named;
use super::wire::{Plan, Resource, Scenario};
use super::words::Word;

/// When to ask again where the service does not say.
pub(super) const AGAIN: Duration = Duration::from_secs(10);
/// How long after a call that was not answered its job may still turn up.
const LATE: Duration = Duration::from_secs(90);

/// What is said of pending data.
const PROCESSES: &str = "the failover processes what was received, where its point is the latest";

/// What is asked of what.
#[derive(Debug)]
pub(super) struct Call<'a, B> {
    /// The item, or the recovery plan of its group.
    pub(super) target: &'a ArmId,
    /// What it showed before.
    pub(super) before: Option<ArmId>,
    pub(super) operation: Operation,
    pub(super) body: Option<B>,
    /// The point that was bound.
    pub(super) point: Option<&'a str>,
}

impl Azure {
    /// Does what the engine asks for, or finds what was asked for under this key.
    pub(super) async fn act(&self, key: &Key, request: &Request) -> Result<Submitted, Trouble> {
        if let Some(entry) = self.journal.read(key)? {
            // The earlier call may have arrived: whatever keeps that from being known, it is not known.
            if let Some(entry) = self.look_up(entry).await.map_err(Trouble::perhaps)? {
                if let Some(detail) = entry.ended {
                    return Ok(Submitted::Done(detail));
                }
                return Ok(Submitted::Accepted(handle(&entry.key), SystemClock.now()));
            }
            self.journal.forget(key)?;
        }
        match request {
            Request::ProcessPending { machines } => {
                self.journal.note_latest(machines, self.vault.service.now())?;
                let detail = Detail { note: PROCESSES.to_owned(), ..Detail::default() };
                let machine = machines.first().map(String::as_str).unwrap_or_default();
                let now = self.vault.service.now();
                let entry = Entry::new(key, machine, &ArmId::new(""), "nothing", now);
                self.journal.write(&Entry { ended: Some(detail.clone()), ..entry })?;
                Ok(Submitted::Done(detail))
            }
            Request::FailOver { machine, point, mode, to, network } => {
                let item = self.driven(machine).await?;
                if item.kind.is_back() == (to == AZURE) {
                    let way = if item.kind.is_back() { "home" } else { "to Azure" };
                    let message =
                        format!("`{machine}` is replicated {way} and cannot be failed over to `{to}`");
                    return Err(Trouble::refused("wrong_direction", message));
                }
                self.fail_over(key, &item, point, *mode, network).await
            }
            Request::ChangePoint { machine, point } => {
                self.change_point(key, &self.driven(machine).await?, point).await
            }
            Request::Commit { machine } => {
                let item = self.driven(machine).await?;
                self.plain::<()>(key, &item, Operation::Commit, None).await
            }
            Request::Reprotect { machine, to, via } => {
                self.reprotect(key, &self.driven(machine).await?, to, via.as_deref()).await
            }
            Request::CleanUp { machine } => {
                let item = self.driven(machine).await?;
                if !item.item.is_in_test() {
                    let now = self.vault.service.now();
                    return self.at_once(Entry::new(key, machine, &item.id, "nothing", now)).await;
                }
                let body = Body { properties: Comments { comments: "cleaned up after a test by muster" } };
                self.plain(key, &item, Operation::TestFailoverCleanup, Some(body)).await
            }
            Request::ShutDown { .. }
            | Request::TakeFinal { .. }
            | Request::Start { .. }
            | Request::RollBack { .. }
            | Request::GuestScript(_) => {
                let message = format!("Azure Site Recovery has no `{}` of its own", request.verb());
                Err(Trouble::refused("not_supported", message))
            }
        }
    }

    /// An act on one item.
    async fn plain<B: Serialize>(
        &self,
        key: &Key,
        item: &Named,
        operation: Operation,
        body: Option<B>,
    ) -> Result<Submitted, Trouble> {
        allowed(item, operation)?;
        self.ask(
            key,
            item,
            Call {
                target: &item.id,
                before: job_of(&item.item.current_scenario),
                operation,
                body,
                point: None,
            },
        )
        .await
    }

    async fn change_point(&self, key: &Key, item: &Named, point: &str) -> Result<Submitted, Trouble> {
        if !item.kind.is_forward() {
            let message = format!(
                "`{}` is failed over home, and the service changes the point of a failover to Azure only",
                item.name
            );
            return Err(Trouble::refused("not_supported", message));
        }
        allowed(item, Operation::ChangePit)?;
        let name = match Word::of_id(point) {
            None => point.to_owned(),
            Some(word) => self.newest(item, word).await?,
        };
        let id = self.listed(item, &name).await?;
        // The modernized kind wants it in both places, the classic one in the outer alone.
        let inner = matches!(item.kind, Kind::RcmForward).then(|| id.clone());
        let details = Details::ByPoint {
            instance_type: item.kind.word().to_owned(),
            network_id: None,
            recovery_point_id: inner,
        };
        let properties = ChangePoint { recovery_point_id: id, provider_specific_details: details };
        let call = Call {
            target: &item.id,
            before: job_of(&item.item.current_scenario),
            operation: Operation::ChangePit,
            body: Some(Body { properties }),
            point: Some(&name),
        };
        self.ask(key, item, call).await
    }

    /// The id of a point that is there still.
    pub(super) async fn listed(&self, item: &Named, name: &str) -> Result<String, Trouble> {
        let id = ArmId::new(item.path(&format!("recoveryPoints/{name}")));
        let gone = |why: &str| {
            Trouble::refused("no_point", format!("`{}` has no point `{}`{why}", item.name, said(name)))
        };
        if !id.is_plain() {
            return Err(gone(""));
        }
        match self.vault.read::<super::wire::Point>(&id).await {
            Ok(_) => Ok(id.as_str().to_owned()),
            Err(trouble) if trouble.status == Some(404) => Err(gone(" any more")),
            Err(trouble) => Err(trouble),
        }
    }

    /// The newest listed point that a word stands for: a change of point takes ids alone.
    async fn newest(&self, item: &Named, word: Word) -> Result<String, Trouble> {
        let points = self.vault.points(item).await?;
        let wanted =
            |point: &&Resource<_>| word.kind() == super::offers::kind_of(point) || word != Word::LatestApp;
        points.iter().find(wanted).map(|point| point.name().to_owned()).ok_or_else(|| {
            Trouble::refused(
                "no_point",
                format!("`{}` lists no point that `{}` could mean", item.name, word.id()),
            )
        })
    }

    /// Sends a call, its intent durable before and its job after.
    pub(super) async fn ask<B: Serialize>(
        &self,
        key: &Key,
        item: &Named,
        call: Call<'_, B>,
    ) -> Result<Submitted, Trouble> {
        let operation = call.operation.path();
        let mut entry = Entry {
            target: call.target.clone(),
            point: call.point.map(str::to_owned),
            before: call.before,
            ..Entry::new(key, &item.name, &item.id, operation, self.vault.service.now())
        };
        self.journal.write(&entry)?;
        let path = format!("{}/{}", call.target.as_str().trim_end_matches('/'), call.operation.path());
        let answer = match self.vault.service.post(&path, call.body.as_ref(), &request_id(key)).await {
            Ok(answer) => answer,
            Err(trouble) => {
                if trouble.came == super::trouble::Came::No {
                    self.journal.forget(key)?;
                }
                return Err(trouble);
            }
        };
        self.take(&mut entry, &answer).await.map_err(Trouble::perhaps)?;
        if !entry.is_taken() {
            answer.is_of_a_resource(entry.operation.as_str())?;
            return self.at_once(entry).await.map_err(Trouble::perhaps);
        }
        let again = SystemClock.now().plus(answer.after.unwrap_or(AGAIN));
        Ok(Submitted::Accepted(handle(key), again))
    }

    /// What is done when it is answered, or needs not be done: written down, for it may be asked after.
    async fn at_once(&self, entry: Entry) -> Result<Submitted, Trouble> {
        let detail = self.detail(&entry).await?;
        self.journal.write(&Entry { ended: Some(detail.clone()), ..entry })?;
        Ok(Submitted::Done(detail))
    }

    /// Notes what the service made of a call.
    pub(super) async fn take(&self, entry: &mut Entry, answer: &Answer) -> Result<(), Trouble> {
        entry.job = answer.job();
        entry.every = answer.after.map(|after| after.as_secs());
        if entry.job.is_none() && answer.status == 202 {
            entry.job = self.shown(entry).await.ok().flatten();
            if entry.job.is_none() {
                entry.watched = answer.operation.clone().or_else(|| answer.location.clone());
            }
            if !entry.is_taken() {
                let message = format!("`{}` was accepted and nothing says where to look", entry.operation);
                return Err(super::arm::maybe("no_operation", message, false));
            }
        }
        if entry.is_taken() { self.journal.write(entry) } else { Ok(()) }
    }

    /// The job that the target shows now and did not before.
    pub(super) async fn shown(&self, entry: &Entry) -> Result<Option<String>, Trouble> {
        let scenario = if entry.is_shared() {
            self.vault.read::<Plan>(&entry.target).await?.properties.current_scenario
        } else {
            self.vault.read::<super::wire::Item>(&entry.target).await?.properties.current_scenario
        };
        let known = entry.before.as_ref().map(ArmId::name);
        let fresh = job_of(&scenario)
            .filter(|_| is_of(&scenario, &entry.operation))
            .filter(|job| known.is_none_or(|it| !it.eq_ignore_ascii_case(job.name())));
        Ok(fresh.map(|job| job.name().to_owned()))
    }

    /// An entry with its job; none where the service shows none and none can come any more.
    pub(super) async fn look_up(&self, mut entry: Entry) -> Result<Option<Entry>, Trouble> {
        if entry.is_taken() || entry.is_held() {
            return Ok(Some(entry));
        }
        let mut job = self.shown(&entry).await?;
        if job.is_none() {
            job = self.by_activity(&entry).await?;
        }
        if let Some(job) = job {
            entry.job = Some(job);
            self.journal.write(&entry)?;
            return Ok(Some(entry));
        }
        let waited = self.vault.service.now().since(entry.at);
        if waited < LATE {
            let message = format!(
                "`{}` of `{}` was not answered, and its job may turn up yet",
                entry.operation, entry.machine
            );
            return Err(Trouble::retry("not_clear_yet", message));
        }
        Ok(None)
    }

    /// The job whose activity names the request.
    async fn by_activity(&self, entry: &Entry) -> Result<Option<String>, Trouble> {
        let id = request_id(&entry.key);
        let path = format!("{}/replicationJobs", self.vault.path);
        let jobs: Vec<Resource<Job>> = self.vault.list(&path).await?;
        let ours = |job: &&Resource<Job>| {
            job.properties.activity_id.as_deref().is_some_and(|activity| activity.contains(&id))
        };
        Ok(jobs.iter().find(ours).map(|job| job.name().to_owned()))
    }
}

/// The handle of a call is its key: the job that it became is written down.
pub(super) fn handle(key: &Key) -> Handle {
    Handle(key.as_str().to_owned())
}

/// The job of a scenario that ran. Of none the service writes `None`, as its name and as its job.
pub(super) fn job_of(scenario: &Scenario) -> Option<ArmId> {
    let is_one = |word: &str| !word.is_empty() && !word.eq_ignore_ascii_case("None");
    let ran = scenario.scenario_name.as_deref().is_some_and(is_one);
    scenario.job_id.clone().filter(|id| ran && is_one(id.name()))
}

/// Whether a scenario may be of an operation. Their words are the service's and its list of them is open, so a
/// scenario is refused only where its word is one of another operation.
fn is_of(scenario: &Scenario, operation: &str) -> bool {
    const WORDS: [(&str, &[&str]); 7] = [
        ("unplannedFailover", &["unplannedfailover", "failover"]),
        ("plannedFailover", &["plannedfailover", "failback", "failover"]),
        ("testFailover", &["testfailover"]),
        ("testFailoverCleanup", &["testfailovercleanup"]),
        ("failoverCommit", &["commit", "commitfailover", "finalizefailback"]),
        ("applyRecoveryPoint", &["changepit", "applyrecoverypoint", "changerecoverypoint"]),
        ("reProtect", &["reversereplicate", "reprotect", "reversereplication"]),
    ];
    let word = scenario.scenario_name.as_deref().unwrap_or_default().to_ascii_lowercase();
    let known = WORDS.iter().any(|(_, words)| words.contains(&word.as_str()));
    !known || WORDS.iter().any(|(own, words)| *own == operation && words.contains(&word.as_str()))
}

/// Refuses what the service does not allow now, with what it does allow.
pub(super) fn allowed(item: &Named, operation: Operation) -> Result<(), Trouble> {
    if item.item.allows(operation) {
        return Ok(());
    }
    // While something is done with it, and for a moment after, nothing is allowed.
    if item.item.allowed_operations.is_empty() {
        let message =
            format!("the service allows nothing of `{}` just now: something is being done", item.name);
        return Err(Trouble::retry("busy", message));
    }
    let words: Vec<String> = item.item.allowed_operations.iter().take(12).map(|word| said(word)).collect();
    let allows = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
    let state = said(item.item.protection_state.as_deref().unwrap_or("no state"));
    let message = format!(
        "the service does not allow `{}` of `{}` now, which is `{state}`: it allows {allows}",
        operation.word(),
        item.name
    );
    Err(Trouble::refused("not_allowed", message))
}
