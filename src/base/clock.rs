//! The only place that reads the system's clock. Everything else is handed the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use super::Timestamp;

/// A source of the current instant.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current instant. May go backwards where a person sets the wall clock.
    fn now(&self) -> Timestamp;

    /// Moves a virtual clock forward to `to` and says true; a real clock says false and does nothing.
    fn jump(&self, to: Timestamp) -> bool;

    /// Real time that nobody can set, from some beginning. What the clock shows beyond it did not pass, somebody
    /// set the clock. None where the clock is moved by leaps anyway.
    fn steady(&self) -> Option<Duration> {
        None
    }

    /// How many seconds it shows to pass in a real one.
    fn pace(&self) -> u32 {
        1
    }
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this file is where the clock is read")]
        let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::from_nanos(0).plus(elapsed)
    }

    fn jump(&self, _to: Timestamp) -> bool {
        false
    }

    /// Counts while the host sleeps too, where the system can: that time has passed.
    fn steady(&self) -> Option<Duration> {
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let reading = rustix::time::clock_gettime(clock);
        let seconds = u64::try_from(reading.tv_sec).unwrap_or(0);
        Some(Duration::new(seconds, u32::try_from(reading.tv_nsec).unwrap_or(0)))
    }
}

/// A clock that stands still until it is moved. For simulation and tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_nanos()))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn jump(&self, to: Timestamp) -> bool {
        self.0.fetch_max(to.as_nanos(), Ordering::SeqCst);
        true
    }
}
