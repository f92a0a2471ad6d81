//! The run's own time: the estate's clock as long as it goes forward. Where a person sets it back, the run's
//! time goes on from where it stood, so that nothing that was due is put off and nothing is dated twice.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Clock, Timestamp, limits};

/// Time that never goes back.
pub(super) struct RunClock {
    estate: Arc<dyn Clock>,
    /// How far the run's time is ahead of the estate's clock.
    ahead: Cell<Duration>,
    /// The latest instant that was given out.
    latest: Cell<Timestamp>,
    /// What the clock showed when it was seen to have been set back, until that is recorded.
    set_back: Cell<Option<Timestamp>>,
}

impl RunClock {
    /// Goes on from the last event, at `latest`. A virtual clock stood still while nobody drove.
    pub(super) fn new(estate: Arc<dyn Clock>, latest: Timestamp) -> Self {
        if estate.now() < latest {
            estate.jump(latest);
        }
        Self {
            estate,
            ahead: Cell::new(Duration::ZERO),
            latest: Cell::new(latest),
            set_back: Cell::new(None),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let shows = self.estate.now();
        let now = shows.plus(self.ahead.get());
        let latest = self.latest.get();
        if now >= latest {
            self.latest.set(now);
            return now;
        }
        // A clock that is kept right goes back by moments all the time.
        if latest.since(now) > limits::CLOCK_SLACK {
            self.ahead.set(latest.since(shows));
            self.set_back.set(Some(shows));
        }
        latest
    }

    /// Moves a virtual clock forward to an instant of the run.
    pub(super) fn jump(&self, to: Timestamp) -> bool {
        self.estate.jump(to.minus(self.ahead.get()))
    }

    /// An instant of the estate's clock in the run's time.
    pub(super) fn of_estate(&self, at: Timestamp) -> Timestamp {
        at.plus(self.ahead.get())
    }

    /// That the clock was set back, once, and what it showed.
    pub(super) fn take_set_back(&self) -> Option<Timestamp> {
        self.set_back.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wall(std::sync::Mutex<i64>);

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(*self.0.lock().unwrap())
        }

        fn jump(&self, _: Timestamp) -> bool {
            false
        }
    }

    #[test]
    fn time_goes_on_from_where_it_stood_when_the_clock_is_set_back() {
        let wall = Arc::new(Wall(std::sync::Mutex::new(10_000)));
        let clock = RunClock::new(Arc::<Wall>::clone(&wall), Timestamp::from_seconds(9_000));
        let at = |seconds| Timestamp::from_seconds(seconds);
        assert_eq!(clock.now(), at(10_000));
        *wall.0.lock().unwrap() = 6_400;
        assert_eq!(clock.now(), at(10_000));
        assert_eq!(clock.take_set_back(), Some(at(6_400)));
        *wall.0.lock().unwrap() = 6_410;
        assert_eq!(clock.now(), at(10_010), "ten seconds are ten seconds");
        assert_eq!(clock.of_estate(at(6_415)), at(10_015));
        assert_eq!(clock.take_set_back(), None, "it is told once");
        *wall.0.lock().unwrap() = 6_409;
        assert_eq!((clock.now(), clock.take_set_back()), (at(10_010), None), "a moment is no setting back");
    }

    #[test]
    fn a_clock_that_was_set_back_while_nobody_drove_goes_on_from_the_last_event() {
        let wall = Arc::new(Wall(std::sync::Mutex::new(6_400)));
        let clock = RunClock::new(wall, Timestamp::from_seconds(10_000));
        assert_eq!(clock.now(), Timestamp::from_seconds(10_000));
        assert_eq!(clock.take_set_back(), Some(Timestamp::from_seconds(6_400)));
    }
}
