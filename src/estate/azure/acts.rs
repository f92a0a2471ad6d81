//! Acts: what a request of the engine becomes, the call with its intent on the disk before it, and what came of
//! it. `allowedOperations` of the item decides what may be asked.

use std::time::Duration;

use serde::Serialize;

use crate::base::{Clock, SystemClock};
use crate::event::{Detail, Found, Handle, Key, Progress, Request, Submitted};

use super::Azure;
use super::ask::{Body, ChangePoint, Comments, Details};
use super::call::Answer;
use super::id::ArmId;
use super::job::{self, Job, Standing};
use super::journal::{Entry, request_id};
use super::kind::{Kind, Operation};
use super::report::AZURE;
use super::trouble::{Trouble, said};
use super::vault::Named;
use super::wire::{Plan, Resource, Scenario};
use super::words::Word;

/// When to ask again where the service does not say.
const AGAIN: Duration = Duration::from_secs(10);
/// No operation is asked for more often.
const SHORTEST: Duration = Duration::from_secs(1);
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
            if let Some(entry) = self.look_up(entry).await? {
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
        self.take(&mut entry, &answer).await?;
        if !entry.is_taken() {
            return self.at_once(entry).await;
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
    async fn take(&self, entry: &mut Entry, answer: &Answer) -> Result<(), Trouble> {
        let job = answer.location.as_deref().and_then(|location| {
            let path = location.split('?').next().unwrap_or_default();
            ArmId::new(path).after("replicationJobs").map(str::to_owned)
        });
        entry.job = job;
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
    async fn shown(&self, entry: &Entry) -> Result<Option<String>, Trouble> {
        let scenario = if entry.is_shared() {
            self.vault.read::<Plan>(&entry.target).await?.properties.current_scenario
        } else {
            self.vault.read::<super::wire::Item>(&entry.target).await?.properties.current_scenario
        };
        let known = entry.before.as_ref().map(ArmId::name);
        let fresh =
            job_of(&scenario).filter(|job| known.is_none_or(|it| !it.eq_ignore_ascii_case(job.name())));
        Ok(fresh.map(|job| job.name().to_owned()))
    }

    /// An entry with its job; none where the service shows none and none can come any more.
    pub(super) async fn look_up(&self, mut entry: Entry) -> Result<Option<Entry>, Trouble> {
        if entry.is_taken() {
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
        let jobs: super::wire::Page<Resource<Job>> =
            self.vault.service.get(&path).await?.read("the list of jobs")?;
        let ours = |job: &&Resource<Job>| {
            job.properties.activity_id.as_deref().is_some_and(|activity| activity.contains(&id))
        };
        Ok(jobs.value.iter().find(ours).map(|job| job.name().to_owned()))
    }

    /// How a call stands.
    pub(super) async fn standing(&self, key: &Key) -> Result<Progress, Trouble> {
        let Some(entry) = self.journal.read(key)? else {
            let message = format!("nothing is written down of the call `{}`", key.as_str());
            return Err(Trouble::refused("call_unknown", message));
        };
        if let Some(detail) = entry.ended {
            return Ok(Progress::Done(detail));
        }
        let Some(job) = &entry.job else { return self.watch(&entry).await };
        let path = format!("{}/replicationJobs/{job}", self.vault.path);
        let answer = self.vault.service.get(&path).await?;
        let job: Resource<Job> = answer.read("the job")?;
        self.of_job(&entry, &job.properties, &answer).await
    }

    async fn of_job(&self, entry: &Entry, job: &Job, answer: &Answer) -> Result<Progress, Trouble> {
        let whole = job.standing();
        match whole {
            Standing::GoesOn | Standing::Suspended => return Ok(running(entry, answer)),
            Standing::Succeeded if !job.is_partial() => return Ok(Progress::Done(self.detail(entry).await?)),
            Standing::Succeeded | Standing::Failed | Standing::Cancelled => {}
        }
        let known = Named {
            name: entry.machine.clone(),
            id: entry.item.clone(),
            kind: Kind::Other(String::new()),
            item: super::wire::Item::default(),
        };
        let task = if entry.is_shared() { job.task_of(&entry.item, &entry.machine) } else { None };
        // Of a group's job only the part about this machine counts, and what the item shows outweighs it.
        let own = task.map(|task| job::standing(task.state.as_deref()));
        if entry.is_shared() && own != Some(Standing::Failed) && self.is_there(entry, &known).await? {
            let mut detail = self.detail(entry).await?;
            detail.exception = detail.exception.or_else(|| {
                let why = job.failure("the job of the group", None).message;
                Some(format!("it is failed over, and of its group not every machine: {why}"))
            });
            return Ok(Progress::Done(detail));
        }
        let what = format!(
            "`{}` of `{}`",
            job.scenario_name.as_deref().map_or_else(|| entry.operation.clone(), said),
            entry.machine
        );
        let trouble = match whole {
            Standing::Cancelled => {
                Trouble::refused("cancelled", format!("{what} was cancelled in the service"))
            }
            _ => match task.and_then(|task| task.custom_details.skipped_reason.as_deref()) {
                Some(reason) => Trouble::refused("skipped", format!("{what} was skipped: {}", said(reason))),
                None => job.failure(&what, task),
            },
        };
        Ok(Progress::Failed(Self::judged(entry, trouble).of_look()))
    }

    /// Whether the item shows what a failover brings about.
    async fn is_there(&self, entry: &Entry, known: &Named) -> Result<bool, Trouble> {
        let item = self.vault.item(known).await?;
        Ok(match entry.operation.as_str() {
            "testFailover" => item.item.is_in_test(),
            _ => item.item.allows(Operation::Commit),
        })
    }

    /// An operation that is known by its own address alone.
    async fn watch(&self, entry: &Entry) -> Result<Progress, Trouble> {
        let Some(path) = &entry.watched else {
            return Err(Trouble::retry("not_clear_yet", "the call is looked for"));
        };
        let answer = self.vault.service.get(path).await?;
        if answer.status == 202 {
            return Ok(running(entry, &answer));
        }
        let standing = if answer.is_empty() {
            Standing::Succeeded
        } else {
            let status: Status = answer.read("the operation")?;
            status.status.as_deref().map_or(Standing::Succeeded, |word| job::standing(Some(word)))
        };
        match standing {
            Standing::GoesOn | Standing::Suspended => Ok(running(entry, &answer)),
            Standing::Succeeded => Ok(Progress::Done(self.detail(entry).await?)),
            Standing::Failed | Standing::Cancelled => {
                let message =
                    format!("`{}` of `{}` failed; see its job in the portal", entry.operation, entry.machine);
                Ok(Progress::Failed(Trouble::refused("job_failed", message).of_look()))
            }
        }
    }

    /// What became of a key.
    pub(super) async fn found(&self, key: &Key) -> Result<Found, Trouble> {
        // Every intent is durable before its call.
        let Some(entry) = self.journal.read(key)? else { return Ok(Found::NeverArrived) };
        match self.look_up(entry).await? {
            Some(entry) => Ok(match self.standing(&entry.key).await? {
                Progress::Running(_) => Found::Running(handle(&entry.key)),
                Progress::Done(detail) => Found::Done(detail),
                Progress::Failed(error) => Found::Failed(error),
            }),
            None => {
                self.journal.forget(key)?;
                Ok(Found::NeverArrived)
            }
        }
    }

    /// Gives up a failover home of the modernized kind; the service can cancel no other.
    pub(super) async fn give_up(&self, key: &Key) -> Result<(), Trouble> {
        let entry =
            self.journal.read(key)?.filter(|entry| entry.operation == Operation::PlannedFailover.path());
        let Some(entry) = entry else {
            let message = "the service gives up no act but a failover home through an appliance: cancelling one \
                           to Azure leaves the machine without replication";
            return Err(Trouble::refused("no_cancel", message));
        };
        let path =
            format!("{}/{}", entry.target.as_str().trim_end_matches('/'), Operation::CancelFailover.path());
        self.vault.service.post::<()>(&path, None, &request_id(key)).await?;
        Ok(())
    }

    /// Tells a failure that goes away by itself from others. A classic agent is not seen to register: while it
    /// has not, reprotect fails with a text about it (the tutorial says so, and names no code). The codes that
    /// are documented for other reasons are not meant.
    fn judged(entry: &Entry, trouble: Trouble) -> Trouble {
        const OTHERS: [&str; 5] = ["95226", "78052", "78093", "8061", "8038"];
        let text = trouble.message.to_ascii_lowercase();
        let agent = text.contains("agent") || text.contains("mobility service");
        let young = entry.operation == Operation::ReverseReplicate.path();
        if young && agent && !OTHERS.contains(&trouble.code.as_str()) {
            return Trouble { again: true, code: "agent_not_registered".to_owned(), ..trouble };
        }
        trouble
    }

    /// What is worth saying of an act that is done.
    async fn detail(&self, entry: &Entry) -> Result<Detail, Trouble> {
        let mut detail = Detail::default();
        if !["unplannedFailover", "plannedFailover", "testFailover", "applyRecoveryPoint"]
            .contains(&entry.operation.as_str())
        {
            return Ok(detail);
        }
        let item = self.known(&entry.machine).await?;
        let item = self.vault.item(&item).await?;
        let used = super::look::point_used(&item);
        detail.address = self.address_now(&item, entry.operation == "testFailover");
        match (entry.point.as_deref(), used) {
            (Some(bound), Some(used))
                if Word::of_id(bound).is_none() && !used.eq_ignore_ascii_case(bound) =>
            {
                if entry.operation != "testFailover" {
                    detail.exception =
                        Some(format!("the service went to point `{used}`, and bound was `{bound}`"));
                }
            }
            (Some(bound), Some(used)) if Word::of_id(bound).is_some() => {
                detail.note = format!("told as `{bound}`, the service went to point `{used}`");
            }
            _ => {}
        }
        Ok(detail)
    }
}

/// When to ask again: as the service says now, or as it said when it took the call; never without a pause.
fn running(entry: &Entry, answer: &Answer) -> Progress {
    let every = answer.after.or(entry.every.map(Duration::from_secs)).unwrap_or(AGAIN);
    Progress::Running(SystemClock.now().plus(every.max(SHORTEST)))
}

/// How an operation stands, as the resource manager writes it.
#[derive(Debug, serde::Deserialize)]
struct Status {
    #[serde(default)]
    status: Option<String>,
}

/// The handle of a call is its key: the job that it became is written down.
pub(super) fn handle(key: &Key) -> Handle {
    Handle(key.as_str().to_owned())
}

/// The job of a scenario that ever ran.
pub(super) fn job_of(scenario: &Scenario) -> Option<ArmId> {
    let ran = scenario.scenario_name.as_deref().is_some_and(|name| !name.is_empty());
    scenario.job_id.clone().filter(|id| ran && !id.as_str().is_empty())
}

/// Refuses what the service does not allow now, with what it does allow.
pub(super) fn allowed(item: &Named, operation: Operation) -> Result<(), Trouble> {
    if item.item.allows(operation) {
        return Ok(());
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
