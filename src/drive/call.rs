//! What is asked of the estate about a verb: which call comes next, and the call itself, within its limit.

use std::sync::Arc;

use crate::base::{Timestamp, limits};
use crate::estate::Estate;
use crate::event::{EstateError, Handle, Key, Request};

use super::activity::{Activity, Report, Turn, Work};
use super::tenure::Tenure;

/// One call.
#[derive(Debug)]
pub(super) enum Call {
    /// What will it make?
    Announce(Box<Request>),
    /// The act itself.
    Submit(Box<Request>),
    /// How does it stand?
    Poll(Handle),
    /// Give it up.
    Cancel(Handle),
    /// What became of it?
    Find(Box<Request>),
    /// What is left of tests of these machines?
    Look(Vec<String>),
}

impl Call {
    /// The next call of an activity, if it is a verb: `unknown` where its outcome is not recorded, `late`
    /// where its time is up.
    pub(super) fn next(activity: &Activity, unknown: bool, late: bool) -> Option<Self> {
        let Work::Verb { request, handle, cancelled, turn } = &activity.work else { return None };
        Some(match (turn, handle) {
            (Turn::Look { .. }, _) => Self::Look(request.machines().to_vec()),
            (Turn::Announce | Turn::Act, _) if unknown => Self::Find(request.clone()),
            (Turn::Announce | Turn::Act, Some(handle)) if late && !cancelled => Self::Cancel(handle.clone()),
            (Turn::Announce | Turn::Act, Some(handle)) => Self::Poll(handle.clone()),
            (Turn::Announce, None) => Self::Announce(request.clone()),
            (Turn::Act, None) => Self::Submit(request.clone()),
        })
    }

    /// Whether it changes anything at the estate.
    const fn acts(&self) -> bool {
        match self {
            Self::Submit(_) | Self::Cancel(_) => true,
            Self::Announce(_) | Self::Poll(_) | Self::Find(_) | Self::Look(_) => false,
        }
    }

    /// Makes the call, about the act of `key` that began at `since`. What changes something waits for a driver
    /// that knows the run to be its own.
    pub(super) async fn make<E: Estate>(
        self,
        estate: Arc<E>,
        key: Key,
        since: Timestamp,
        tenure: Tenure,
    ) -> Report {
        if self.acts() && !tenure.holds() {
            return super::begin::again().await;
        }
        match self {
            Self::Announce(request) => Report::Announced(limited(estate.will_create(&key, &request)).await),
            Self::Submit(request) => Report::Submitted(limited(estate.submit(&key, &request)).await),
            Self::Poll(handle) => Report::Polled(limited(estate.poll(&handle)).await),
            Self::Cancel(handle) => {
                let _refused = limited(estate.cancel(&handle)).await;
                Report::Cancelled
            }
            Self::Find(request) => Report::Found(limited(estate.find(&key, &request, since)).await),
            Self::Look(machines) => Report::Remaining(limited(estate.remains(&machines)).await),
        }
    }
}

/// A call to the estate within its limit; no answer in time is an unknown outcome.
pub(super) async fn limited<T>(call: impl Future<Output = Result<T, EstateError>>) -> Result<T, EstateError> {
    match tokio::time::timeout(limits::ESTATE_CALL_MAX, call).await {
        Ok(answer) => answer,
        Err(_) => {
            let limit = crate::base::time::format_duration(limits::ESTATE_CALL_MAX);
            Err(EstateError::Unknown { message: format!("the estate did not answer within {limit}") })
        }
    }
}
