//! How long a driver may believe that the run is its own: as long as its lease lasts by a clock that nobody sets.
//! The store refuses whatever a driver writes that was taken over; nobody but the driver itself can keep it from
//! acting on machines, when it slept between what it wrote and what it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::base::{Clock as _, SystemClock, limits};

/// Shared with the tasks that act. Where the system has no such clock it always holds.
#[derive(Clone, Debug)]
pub(super) struct Tenure {
    /// Steady time, in nanoseconds.
    until: Arc<AtomicU64>,
}

/// When the lease was asked for: it lasts from then on, however long the answer took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked(Option<Duration>);

impl Asked {
    pub(super) fn now() -> Self {
        Self(SystemClock.steady())
    }
}

impl Tenure {
    pub(super) fn new(asked: Asked) -> Self {
        let tenure = Self { until: Arc::default() };
        tenure.granted(asked);
        tenure
    }

    /// The lease was taken or renewed.
    pub(super) fn granted(&self, asked: Asked) {
        let until = asked.0.map_or(u64::MAX, |asked| nanos(asked.saturating_add(limits::LEASE)));
        self.until.store(until, Ordering::SeqCst);
    }

    /// Whether nobody else can have taken the run.
    pub(super) fn holds(&self) -> bool {
        self.holds_at(SystemClock.steady())
    }

    fn holds_at(&self, now: Option<Duration>) -> bool {
        now.is_none_or(|now| nanos(now) < self.until.load(Ordering::SeqCst))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_when_it_was_asked_for() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let tenure = Tenure::new(Asked(at(100)));
        let of_task = tenure.clone();
        let lease = limits::LEASE.as_secs();
        assert!(of_task.holds_at(at(100)) && of_task.holds_at(at(99 + lease)));
        assert!(!of_task.holds_at(at(100 + lease)));
        tenure.granted(Asked(at(105)));
        assert!(of_task.holds_at(at(100 + lease)) && !of_task.holds_at(at(105 + lease)));
        assert!(Tenure::new(Asked(None)).holds() && Tenure::new(Asked(at(0))).holds_at(None));
    }
}
