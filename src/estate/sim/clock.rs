//! The simulated estate's clock: it follows real time, is moved forward by the driver, and is durable in
//! the estate's database, so that it never goes back. Knows nothing of machines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::base::{Clock, Timestamp};

use super::Speed;
use super::db;

/// Where the two clocks stood when they were last looked at.
#[derive(Debug)]
struct Reading {
    shown: Timestamp,
    real: Timestamp,
}

/// Virtual time.
pub(super) struct VirtualClock {
    speed: Speed,
    real: Arc<dyn Clock>,
    reading: Mutex<Reading>,
    connection: Arc<Mutex<Connection>>,
}

impl VirtualClock {
    /// A clock that shows `start` now.
    pub(super) fn new(
        start: Timestamp,
        speed: Speed,
        real: Arc<dyn Clock>,
        connection: Arc<Mutex<Connection>>,
    ) -> Self {
        let reading = Mutex::new(Reading { shown: start, real: real.now() });
        Self { speed, real, reading, connection }
    }

    /// Moves forward to `to` without writing it down: another process has already done so.
    pub(super) fn raise(&self, to: Timestamp) {
        let mut reading = self.advance();
        reading.shown = reading.shown.max(to);
    }

    fn advance(&self) -> MutexGuard<'_, Reading> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let real = self.real.now();
        // Real time that was set back by a person counts as no time.
        let passed = real.since(reading.real);
        reading.shown = reading.shown.plus(passed.saturating_mul(self.speed.factor()));
        reading.real = real;
        reading
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.advance().shown
    }

    fn jump(&self, to: Timestamp) -> bool {
        if self.speed != Speed::Max {
            return false;
        }
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        // Durable first: what was seen at an instant must not lie in the future after a restart.
        if db::raise_now(&connection, to).is_err() {
            return false;
        }
        drop(connection);
        self.raise(to);
        true
    }

    fn steady(&self) -> Option<std::time::Duration> {
        // At full speed the driver moves it, and other processes do.
        self.real.steady().filter(|_| self.speed != Speed::Max)
    }

    fn pace(&self) -> u32 {
        self.speed.factor()
    }
}

impl std::fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualClock").field("speed", &self.speed).finish_non_exhaustive()
    }
}
