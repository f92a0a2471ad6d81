//! A store whose writes are the moments at which engines die: the memory store behind it is what outlives them.

use std::path::PathBuf;
use std::sync::Arc;

use musterpoint::base::{Digest, Timestamp};
use musterpoint::event::{Event, EventLine};
use musterpoint::runbook::Runbook;
use musterpoint::store::{
    Answer, MemoryStore, OperatorRequest, Owner, RunId, RunStore, RunSummary, StoreError,
};

use super::fate::Fate;
use super::schedule::Strike;

/// The hand of one engine on the store.
#[derive(Clone, Debug)]
pub struct MortalStore {
    pub kept: MemoryStore,
    pub fate: Arc<Fate>,
    /// Which engine this is, from 1.
    pub engine: u32,
}

impl MortalStore {
    /// One durable write with what happens at it.
    async fn write<T>(
        &self,
        run: &RunId,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let (strike, asks) = self.fate.write(self.engine);
        for (by, request) in asks {
            let body = serde_json::to_value(&request).unwrap();
            // A run that has ended takes no requests.
            let _over = self.kept.post_request(run, &by, &body, self.fate.lease_now());
        }
        match strike {
            Some(strike @ (Strike::DiesBefore | Strike::Overtaken)) => {
                self.fate.stop(strike).await;
                work.await
            }
            Some(strike @ Strike::DiesAfter) => {
                let done = work.await;
                self.fate.stop(strike).await;
                done
            }
            Some(Strike::Full { .. }) => Err(StoreError::NoSpace { path: PathBuf::from("muster.db") }),
            Some(Strike::AnswersLate { .. } | Strike::ArrivesLate { .. }) | None => work.await,
        }
    }
}

impl RunStore for MortalStore {
    async fn take_lease(&self, run: &RunId, _: &Owner, _: Timestamp) -> Result<u64, StoreError> {
        let owner = Owner::of("simulated", self.engine, 1);
        self.write(run, self.kept.take_lease(run, &owner, self.fate.lease_now())).await
    }

    async fn renew_lease(&self, run: &RunId, epoch: u64, _: Timestamp) -> Result<(), StoreError> {
        self.kept.renew_lease(run, epoch, self.fate.lease_now()).await
    }

    async fn release_lease(&self, run: &RunId, epoch: u64) -> Result<(), StoreError> {
        self.write(run, self.kept.release_lease(run, epoch)).await
    }

    async fn append_answering(
        &self,
        run: &RunId,
        epoch: u64,
        lines: Vec<EventLine>,
        summary: RunSummary,
        answers: Vec<Answer>,
    ) -> Result<(), StoreError> {
        self.write(run, self.kept.append_answering(run, epoch, lines, summary, answers)).await
    }

    fn open_requests(&self, run: &RunId) -> Result<Vec<OperatorRequest>, StoreError> {
        self.kept.open_requests(run)
    }

    fn runbook(&self, run: &RunId) -> Result<Arc<Runbook>, StoreError> {
        self.kept.runbook(run)
    }

    fn log(
        &self,
        run: &RunId,
        take: &mut dyn FnMut(Event) -> Result<(), StoreError>,
    ) -> Result<Digest, StoreError> {
        self.kept.log(run, take)
    }

    fn output(&self) -> Result<PathBuf, StoreError> {
        self.kept.output()
    }
}
