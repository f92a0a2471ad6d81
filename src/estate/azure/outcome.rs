//! What became of a call: by its job, down to the part about one machine, and by what the item shows.

use std::time::Duration;

use crate::base::{Clock, SystemClock};
use crate::event::{Detail, Found, Key, Progress};

use super::Azure;
use super::acts::{AGAIN, handle};
use super::call::Answer;
use super::job::{self, Job, Standing};
use super::journal::{Entry, request_id};
use super::kind::Operation;
use super::ready::Ready;
use super::trouble::{Trouble, said};
use super::wire::Resource;
use super::words::Word;

/// No operation is asked for more often.
const SHORTEST: Duration = Duration::from_secs(1);

impl Azure {
    /// How a call stands.
    pub(super) async fn standing(&self, key: &Key) -> Result<Progress, Trouble> {
        let entry = self.written(key)?;
        if let Some(detail) = entry.ended {
            return Ok(Progress::Done(detail));
        }
        let asked = match &entry.through {
            // Its own engine looks for the first call, and makes it anew where it never arrived.
            Some(first) => match self.journal.read(first)? {
                Some(first) => first,
                None => return Ok(Progress::Running(SystemClock.now().plus(AGAIN))),
            },
            None => entry.clone(),
        };
        let mut asked = match self.made_ready(asked).await? {
            Ready::Asked(asked) => *asked,
            Ready::NotYet(again) => return Ok(Progress::Running(again)),
            Ready::Refused(error) => return Ok(Progress::Failed(error)),
        };
        let entry = Entry { every: asked.every, ..entry };
        if asked.ended.is_some() {
            return self.of_end(&entry).await;
        }
        // Only the operation was told at first: its job, which says more, may be seen by now.
        if asked.job.is_none() {
            asked.job = self.shown(&asked).await?;
        }
        let Some(job) = &asked.job else { return self.watch(&entry, &asked).await };
        let path = format!("{}/replicationJobs/{job}", self.vault.path);
        let answer = self.vault.service.get(&path).await?;
        let job: Resource<Job> = answer.read("the job")?;
        self.of_job(&entry, &job.properties, &answer).await
    }

    /// A group's call was done at once: whether this machine of it shows so.
    async fn of_end(&self, entry: &Entry) -> Result<Progress, Trouble> {
        if self.is_there(entry).await? {
            return Ok(Progress::Done(self.detail(entry).await?));
        }
        Ok(Progress::Running(SystemClock.now().plus(AGAIN)))
    }

    pub(super) fn written(&self, key: &Key) -> Result<Entry, Trouble> {
        self.journal.read(key)?.ok_or_else(|| {
            Trouble::refused(
                "call_unknown",
                format!("nothing is written down of the call `{}`", key.as_str()),
            )
        })
    }

    async fn of_job(&self, entry: &Entry, job: &Job, answer: &Answer) -> Result<Progress, Trouble> {
        let whole = job.standing();
        let waits = whole == Standing::Suspended && entry.operation == Operation::TestFailover.path();
        match whole {
            // A test's job may wait for its cleanup: then the copy is up.
            Standing::Suspended if waits && self.is_there(entry).await? => {
                return Ok(Progress::Done(self.detail(entry).await?));
            }
            Standing::GoesOn | Standing::Suspended => return Ok(running(entry, answer)),
            Standing::Succeeded if !entry.is_shared() && !job.is_partial() => {
                return Ok(Progress::Done(self.detail(entry).await?));
            }
            Standing::Succeeded | Standing::Failed | Standing::Cancelled => {}
        }
        let task = if entry.is_shared() { job.task_of(&entry.item, &entry.machine) } else { None };
        // Of a group's job only the part about this machine counts, and what the item shows outweighs it.
        let own = task.map(|task| job::standing(task.state.as_deref()));
        let whole_well = whole == Standing::Succeeded && !job.is_partial();
        if entry.is_shared() && own != Some(Standing::Failed) && self.is_there(entry).await? {
            let mut detail = self.detail(entry).await?;
            if !whole_well {
                detail.exception = detail.exception.or_else(|| {
                    let why = job.failure("the job of the group", None).message;
                    Some(format!("it is failed over, and of its group not every machine: {why}"))
                });
            }
            return Ok(Progress::Done(detail));
        }
        let skipped = task.is_some_and(|task| task.custom_details.skipped_reason.is_some());
        // The job is over and its effect not seen yet.
        if whole_well && own != Some(Standing::Failed) && !skipped {
            return Ok(running(entry, answer));
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
    async fn is_there(&self, entry: &Entry) -> Result<bool, Trouble> {
        let item = self.vault.item(&self.known(&entry.machine).await?).await?;
        Ok(match entry.operation.as_str() {
            "testFailover" => item.item.is_in_test(),
            _ => item.item.allows(Operation::Commit),
        })
    }

    /// An operation that is known by its own address alone.
    async fn watch(&self, entry: &Entry, asked: &Entry) -> Result<Progress, Trouble> {
        let Some(path) = &asked.watched else {
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
                let error = answer.read::<Status>("the operation").ok().and_then(|status| status.error);
                let error = error.unwrap_or_default();
                let code = error.code.filter(|code| !code.is_empty());
                let code = code.unwrap_or_else(|| "job_failed".to_owned());
                let why = error.message.map(|text| said(&text));
                let why = why.unwrap_or_else(|| "see its job in the portal".to_owned());
                let message = format!("`{}` of `{}` failed: {why}", entry.operation, entry.machine);
                Ok(Progress::Failed(Self::judged(entry, Trouble::refused(&code, message)).of_look()))
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
            None => match self.done_unseen(key).await? {
                Some(evidence) => Ok(Found::CannotTell(evidence)),
                None => {
                    self.journal.forget(key)?;
                    Ok(Found::NeverArrived)
                }
            },
        }
    }

    /// Signs that a call which left no job was done all the same: what it asked for is not allowed any more.
    async fn done_unseen(&self, key: &Key) -> Result<Option<String>, Trouble> {
        let entry = self.written(key)?;
        let item = self.vault.item(&self.known(&entry.machine).await?).await?;
        let operation = Operation::of_path(&entry.operation).filter(|_| !entry.is_shared());
        let gone = operation.filter(|operation| !item.item.allows(*operation));
        Ok(gone.map(|operation| {
            let state = said(item.item.protection_state.as_deref().unwrap_or("no state"));
            format!(
                "no job of `{}` is listed, and `{}`, which is `{state}`, does not allow it any more",
                operation.word(),
                entry.machine
            )
        }))
    }

    /// Gives up a failover home of the modernized kind; the service can cancel no other.
    pub(super) async fn give_up(&self, key: &Key) -> Result<(), Trouble> {
        let turn = self.sending.lock().await;
        let mut entry = self.written(key)?;
        if let Some(first) = &entry.through {
            entry = self.written(first)?;
        }
        // What waits for its recovery plan is not sent any more.
        if entry.waits.is_some() {
            let message = format!("`{}` was called off before it was sent", entry.operation);
            entry.waits = None;
            entry.refused = Some(("cancelled".to_owned(), message));
            return self.journal.write(&entry);
        }
        drop(turn);
        let item = self.vault.item(&self.known(&entry.machine).await?).await?;
        if !item.item.allows(Operation::CancelFailover) {
            let message = "the service gives up no act but a failover home through an appliance that is under \
                           way: cancelling one to Azure leaves the machine without replication";
            return Err(Trouble::refused("no_cancel", message));
        }
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
        let agent = agent && (text.contains("not installed") || text.contains("regist"));
        let young = entry.operation == Operation::ReverseReplicate.path();
        if young && agent && !OTHERS.contains(&trouble.code.as_str()) {
            return Trouble { again: true, code: "agent_not_registered".to_owned(), ..trouble };
        }
        trouble
    }

    /// What is worth saying of an act that is done.
    pub(super) async fn detail(&self, entry: &Entry) -> Result<Detail, Trouble> {
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
        // Of a test the item shows nothing: what it shows is the point of its last failover.
        let points = entry.point.as_deref().zip(used).filter(|_| entry.operation != "testFailover");
        if let Some((bound, used)) = points {
            if Word::of_id(bound).is_some() {
                detail.note = format!("told as `{bound}`, the service went to point `{used}`");
            } else if !used.eq_ignore_ascii_case(bound) {
                detail.exception =
                    Some(format!("the service went to point `{used}`, and bound was `{bound}`"));
            }
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
    #[serde(default)]
    error: Option<StatusError>,
}

/// Why it failed.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct StatusError {
    code: Option<String>,
    message: Option<String>,
}
