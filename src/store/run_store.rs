//! What a driver needs of a store, so that the same driver goes over the SQLite file and, in simulations,
//! over memory. Whoever keeps this contract may be driven on.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Digest, Timestamp};
use crate::event::{Event, EventLine};
use crate::runbook::Runbook;

use super::{Answer, OperatorRequest, Owner, RunId, RunSummary, Store, StoreError, Subfolder};

/// Run logs, their leases and the requests posted to them. Every write is durable when it returns, and
/// all of it or nothing of it was done.
pub trait RunStore: Sync {
    /// As `Store::take_lease`.
    ///
    /// # Errors
    /// `LeaseHeld` where somebody may still be driving, `NoSuchRun`, and what any write may meet.
    fn take_lease(
        &self,
        run: &RunId,
        owner: &Owner,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// As `Store::renew_lease`.
    ///
    /// # Errors
    /// `LeaseLost`, and what any write may meet.
    fn renew_lease(
        &self,
        run: &RunId,
        epoch: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// As `Store::release_lease`.
    ///
    /// # Errors
    /// `LeaseLost`, and what any write may meet.
    fn release_lease(&self, run: &RunId, epoch: u64) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// As `Store::append_answering`.
    ///
    /// # Errors
    /// `LeaseLost`, `OutOfOrder`, `RunOver`, `NoSuchRequest`; `NoSpace` and `InUse`, after which the same call
    /// may be made again; anything else is the end of this process's writing.
    fn append_answering(
        &self,
        run: &RunId,
        epoch: u64,
        lines: Vec<EventLine>,
        summary: RunSummary,
        answers: Vec<Answer>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The requests of a run that nobody has answered, oldest first.
    ///
    /// # Errors
    /// It cannot be read.
    fn open_requests(&self, run: &RunId) -> Result<Vec<OperatorRequest>, StoreError>;

    /// What a run runs.
    ///
    /// # Errors
    /// `NoSuchRun`, `Damaged`; it cannot be read.
    fn runbook(&self, run: &RunId) -> Result<Arc<Runbook>, StoreError>;

    /// Hands over the whole run log, checked, event by event as it is read, and returns the digest that the
    /// next line follows.
    ///
    /// # Errors
    /// `NoSuchRun`, `Damaged`; it cannot be read; what `take` says of an event.
    fn log(
        &self,
        run: &RunId,
        take: &mut dyn FnMut(Event) -> Result<(), StoreError>,
    ) -> Result<Digest, StoreError>;

    /// Where the output of programs is kept.
    ///
    /// # Errors
    /// It cannot be made.
    fn output(&self) -> Result<PathBuf, StoreError>;
}

impl RunStore for Store {
    async fn take_lease(&self, run: &RunId, owner: &Owner, now: Timestamp) -> Result<u64, StoreError> {
        Self::take_lease(self, run, owner, now).await
    }

    async fn renew_lease(&self, run: &RunId, epoch: u64, now: Timestamp) -> Result<(), StoreError> {
        Self::renew_lease(self, run, epoch, now).await
    }

    async fn release_lease(&self, run: &RunId, epoch: u64) -> Result<(), StoreError> {
        Self::release_lease(self, run, epoch).await
    }

    async fn append_answering(
        &self,
        run: &RunId,
        epoch: u64,
        lines: Vec<EventLine>,
        summary: RunSummary,
        answers: Vec<Answer>,
    ) -> Result<(), StoreError> {
        Self::append_answering(self, run, epoch, lines, summary, answers).await
    }

    fn open_requests(&self, run: &RunId) -> Result<Vec<OperatorRequest>, StoreError> {
        Self::open_requests(self, run)
    }

    fn runbook(&self, run: &RunId) -> Result<Arc<Runbook>, StoreError> {
        Self::runbook(self, run).map(Arc::new)
    }

    fn log(
        &self,
        run: &RunId,
        take: &mut dyn FnMut(Event) -> Result<(), StoreError>,
    ) -> Result<Digest, StoreError> {
        let mut reader = self.events(run, 1)?;
        for event in reader.by_ref() {
            take(event?)?;
        }
        Ok(reader.digest().clone())
    }

    fn output(&self) -> Result<PathBuf, StoreError> {
        self.subfolder(Subfolder::Output)
    }
}
