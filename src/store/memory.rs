//! A store in memory, for simulations: the same contract as the SQLite file, kept by the same rules, gone
//! with the process. `tests/store/alike.rs` holds both against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::{Digest, Timestamp, limits};
use crate::event::{Event, EventLine, Person};
use crate::runbook::Runbook;

use super::append::{End, follow};
use super::{
    Answer, LeaseInfo, LockKind, LockRule, MachineLock, NewRun, OperatorRequest, Owner, RequestId, RunId,
    RunStore, RunSummary, StoreError,
};

/// Run logs in memory. Cloning it gives another hand on the same store, as another process would have.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    runs: BTreeMap<RunId, Kept>,
    locks: BTreeSet<(String, String, LockKind, RunId)>,
    requests: i64,
}

#[derive(Debug)]
struct Kept {
    runbook: Arc<Runbook>,
    /// The digest that the first line follows.
    before: Digest,
    lines: Vec<EventLine>,
    summary: RunSummary,
    lease: LeaseInfo,
    requests: Vec<OperatorRequest>,
}

impl Kept {
    fn end(&self) -> End {
        let (seq, digest) = match self.lines.last() {
            Some(line) => (line.seq, line.digest.clone()),
            None => (0, self.before.clone()),
        };
        End { seq, digest, ended: self.summary.state.is_final() }
    }
}

impl MemoryStore {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        run: &RunId,
        work: impl FnOnce(&mut Kept) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.inner().runs.get_mut(run) {
            Some(kept) => work(kept),
            None => Err(StoreError::NoSuchRun { said: run.to_string(), near: None }),
        }
    }

    /// As `with`, for the driver that holds the lease under this epoch.
    fn under<T>(
        &self,
        run: &RunId,
        epoch: u64,
        work: impl FnOnce(&mut Kept) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.inner().runs.get_mut(run) {
            Some(kept) if kept.lease.epoch == epoch && kept.lease.owner.is_some() => work(kept),
            Some(_) | None => Err(StoreError::LeaseLost { run: run.clone(), epoch }),
        }
    }

    /// As `Store::create_run`.
    ///
    /// # Errors
    /// `RunExists`, `MachineHeld`, `OutOfOrder`.
    pub fn create_run(
        &self,
        new: &NewRun,
        runbook: Arc<Runbook>,
        first: Vec<EventLine>,
    ) -> Result<(), StoreError> {
        let mut inner = self.inner();
        if inner.runs.contains_key(&new.id) {
            return Err(StoreError::RunExists { run: new.id.clone() });
        }
        let before = new.digest().clone();
        follow(&new.id, End { seq: 0, digest: before.clone(), ended: false }, &first)?;
        for lock in &new.locks {
            if let Some(run) = inner.holder(lock, new.rule) {
                return Err(StoreError::MachineHeld { machine: lock.machine.clone(), run });
            }
        }
        if !new.summary.state.is_final() {
            for MachineLock { estate, machine, kind } in &new.locks {
                inner.locks.insert((estate.clone(), machine.clone(), *kind, new.id.clone()));
            }
        }
        let lease = LeaseInfo { epoch: 0, owner: None, until: None };
        let kept = Kept { runbook, before, lines: first, summary: new.summary, lease, requests: Vec::new() };
        inner.runs.insert(new.id.clone(), kept);
        Ok(())
    }

    /// As `Store::post_request`.
    ///
    /// # Errors
    /// `NoSuchRun`, `RunOver`, `TooManyRequests`.
    pub fn post_request(
        &self,
        run: &RunId,
        by: &Person,
        body: &serde_json::Value,
        at: Timestamp,
    ) -> Result<RequestId, StoreError> {
        let mut inner = self.inner();
        let id = RequestId::of(inner.requests + 1);
        let Some(kept) = inner.runs.get_mut(run) else {
            return Err(StoreError::NoSuchRun { said: run.to_string(), near: None });
        };
        if kept.summary.state.is_final() {
            return Err(StoreError::RunOver { run: run.clone() });
        }
        let open = kept.requests.iter().filter(|request| request.answer.is_none()).count();
        if open >= limits::REQUESTS_OPEN_MAX {
            let count = limits::REQUESTS_OPEN_MAX;
            return Err(StoreError::TooManyRequests { run: run.clone(), count });
        }
        let (run, by, body) = (run.clone(), by.clone(), body.clone());
        kept.requests.push(OperatorRequest { id, run, at, by, body, answer: None });
        inner.requests += 1;
        Ok(id)
    }

    /// The requests of a run, answered ones too, oldest first.
    ///
    /// # Errors
    /// `NoSuchRun`.
    pub fn requests(&self, run: &RunId) -> Result<Vec<OperatorRequest>, StoreError> {
        self.with(run, |kept| Ok(kept.requests.clone()))
    }

    /// The lines of a run log, as they were written.
    ///
    /// # Errors
    /// `NoSuchRun`.
    pub fn lines(&self, run: &RunId) -> Result<Vec<EventLine>, StoreError> {
        self.with(run, |kept| Ok(kept.lines.clone()))
    }

    /// How many machines are held by runs that have not ended.
    #[must_use]
    pub fn held(&self) -> usize {
        self.inner().locks.len()
    }
}

impl Inner {
    fn holder(&self, wanted: &MachineLock, rule: LockRule) -> Option<RunId> {
        let stands_in_the_way = |kind: LockKind| kind == wanted.kind || rule == LockRule::AnyKind;
        self.locks
            .iter()
            .find(|(estate, machine, kind, _)| {
                *estate == wanted.estate && *machine == wanted.machine && stands_in_the_way(*kind)
            })
            .map(|(_, _, _, run)| run.clone())
    }
}

impl RunStore for MemoryStore {
    async fn take_lease(&self, run: &RunId, owner: &Owner, now: Timestamp) -> Result<u64, StoreError> {
        self.with(run, |kept| {
            if let (Some(holder), Some(until)) = (&kept.lease.owner, kept.lease.until)
                && kept.lease.holds(now)
            {
                let owner = Box::new(holder.clone());
                return Err(StoreError::LeaseHeld { run: run.clone(), owner, until });
            }
            let epoch = kept.lease.epoch.saturating_add(1);
            let until = Some(now.plus(limits::LEASE));
            kept.lease = LeaseInfo { epoch, owner: Some(owner.clone()), until };
            Ok(epoch)
        })
    }

    async fn renew_lease(&self, run: &RunId, epoch: u64, now: Timestamp) -> Result<(), StoreError> {
        self.under(run, epoch, |kept| {
            kept.lease.until = Some(now.plus(limits::LEASE));
            Ok(())
        })
    }

    async fn release_lease(&self, run: &RunId, epoch: u64) -> Result<(), StoreError> {
        self.under(run, epoch, |kept| {
            kept.lease = LeaseInfo { epoch, owner: None, until: None };
            Ok(())
        })
    }

    async fn append_answering(
        &self,
        run: &RunId,
        epoch: u64,
        lines: Vec<EventLine>,
        summary: RunSummary,
        answers: Vec<Answer>,
    ) -> Result<(), StoreError> {
        self.under(run, epoch, |kept| {
            let end = kept.end();
            if end.ended {
                return Err(StoreError::RunOver { run: run.clone() });
            }
            follow(run, end, &lines)?;
            for answer in &answers {
                let open = |request: &OperatorRequest| request.id == answer.id && request.answer.is_none();
                if !kept.requests.iter().any(open) {
                    return Err(StoreError::NoSuchRequest { run: run.clone(), id: answer.id });
                }
            }
            kept.lines.extend(lines);
            kept.summary = summary;
            for answer in answers {
                if let Some(request) = kept.requests.iter_mut().find(|request| request.id == answer.id) {
                    request.answer = Some(answer);
                }
            }
            if summary.state.is_final() {
                for request in kept.requests.iter_mut().filter(|request| request.answer.is_none()) {
                    let (id, text) = (request.id, super::request::over(run));
                    request.answer = Some(Answer { id, at: summary.at, accepted: false, text });
                }
            }
            Ok(())
        })?;
        if summary.state.is_final() {
            self.inner().locks.retain(|(_, _, _, holder)| holder != run);
        }
        Ok(())
    }

    fn open_requests(&self, run: &RunId) -> Result<Vec<OperatorRequest>, StoreError> {
        let open = |request: &&OperatorRequest| request.answer.is_none();
        self.with(run, |kept| Ok(kept.requests.iter().filter(open).cloned().collect()))
    }

    fn runbook(&self, run: &RunId) -> Result<Arc<Runbook>, StoreError> {
        self.with(run, |kept| Ok(Arc::clone(&kept.runbook)))
    }

    fn log(
        &self,
        run: &RunId,
        take: &mut dyn FnMut(Event) -> Result<(), StoreError>,
    ) -> Result<Digest, StoreError> {
        self.with(run, |kept| {
            let mut digest = kept.before.clone();
            for line in &kept.lines {
                take(line.read(&digest).map_err(|what| StoreError::Damaged { what })?)?;
                digest = line.digest.clone();
            }
            Ok(digest)
        })
    }

    fn output(&self) -> Result<PathBuf, StoreError> {
        Ok(PathBuf::from("output"))
    }
}
