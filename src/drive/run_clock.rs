//! The run's own time: the estate's clock, as long as nobody sets it. Where a person does, back or forward, the
//! run's time goes on from where it stood, so that nothing that was due is put off, nothing comes before its
//! time, and nothing is dated twice.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Clock, Timestamp, limits};
use crate::event::EventKind;

/// Time that never goes back, and does not leap while somebody drives.
pub(super) struct RunClock {
    estate: Arc<dyn Clock>,
    /// How far the run's time is ahead of the estate's clock, in nanoseconds; behind it where negative.
    ahead: Cell<i64>,
    /// The latest instant that was given out.
    latest: Cell<Timestamp>,
    /// What the clock showed when it was looked at last, and its steady time then.
    read: Cell<Option<(Timestamp, Duration)>>,
    /// That the clock was seen to have been set, until that is recorded.
    set: Cell<Option<Setting>>,
}

/// How a clock was set, and what it shows since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Setting {
    Back(Timestamp),
    Forward(Timestamp),
}

/// Two looks at a clock that lie further apart are taken again: the process was put aside between them.
const APART: Duration = Duration::from_millis(100);

impl RunClock {
    /// Goes on from the last event, at `latest`. A virtual clock stood still while nobody drove.
    pub(super) fn new(estate: Arc<dyn Clock>, latest: Timestamp) -> Self {
        if estate.now() < latest {
            estate.jump(latest);
        }
        Self {
            estate,
            ahead: Cell::new(0),
            latest: Cell::new(latest),
            read: Cell::new(None),
            set: Cell::new(None),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let shows = self.look();
        let now = shifted(shows, self.ahead.get());
        let latest = self.latest.get();
        if now >= latest {
            self.latest.set(now);
            return now;
        }
        // A clock that is kept right goes back by moments all the time.
        if latest.since(now) > limits::CLOCK_SLACK {
            self.ahead.set(latest.as_nanos().saturating_sub(shows.as_nanos()));
            self.set.set(Some(Setting::Back(shows)));
        }
        latest
    }

    /// What the clock shows. Where it was set since the last look, the run's time takes no part in that.
    fn look(&self) -> Timestamp {
        let mut shows = self.estate.now();
        let Some(mut steady) = self.estate.steady() else { return shows };
        for _ in 0..3 {
            let before = steady;
            shows = self.estate.now();
            steady = self.estate.steady().unwrap_or(before);
            if steady.saturating_sub(before) < APART {
                break;
            }
        }
        if let Some((then, steady_then)) = self.read.replace(Some((shows, steady))) {
            let passed = steady.saturating_sub(steady_then).saturating_mul(self.estate.pace());
            let expected = then.plus(passed);
            let moved = shows.as_nanos().saturating_sub(expected.as_nanos());
            if expected.apart(shows) > limits::CLOCK_SLACK {
                self.ahead.set(self.ahead.get().saturating_sub(moved));
                let how = if moved < 0 { Setting::Back } else { Setting::Forward };
                self.set.set(Some(how(shows)));
            }
        }
        shows
    }

    /// Real time that nobody can set; none where the clock is moved by leaps.
    pub(super) fn steady(&self) -> Option<Duration> {
        self.estate.steady()
    }

    /// Moves a virtual clock forward to an instant of the run.
    pub(super) fn jump(&self, to: Timestamp) -> bool {
        self.estate.jump(shifted(to, self.ahead.get().saturating_neg()))
    }

    /// An instant of the estate's clock in the run's time.
    pub(super) fn of_estate(&self, at: Timestamp) -> Timestamp {
        shifted(at, self.ahead.get())
    }

    /// That the clock was set, once.
    pub(super) fn take_set(&self) -> Option<EventKind> {
        Some(match self.set.take()? {
            Setting::Back(shows) => EventKind::ClockSetBack { shows },
            Setting::Forward(shows) => EventKind::ClockSetForward { shows },
        })
    }
}

fn shifted(at: Timestamp, nanos: i64) -> Timestamp {
    Timestamp::from_nanos(at.as_nanos().saturating_add(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wall(std::sync::Mutex<i64>);

    /// A wall clock beside a steady one.
    #[derive(Debug)]
    struct Pair(std::sync::Mutex<(i64, u64)>);

    impl Clock for Pair {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(self.0.lock().unwrap().0)
        }

        fn jump(&self, _: Timestamp) -> bool {
            false
        }

        fn steady(&self) -> Option<Duration> {
            Some(Duration::from_secs(self.0.lock().unwrap().1))
        }
    }

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
        assert_eq!(clock.take_set(), Some(EventKind::ClockSetBack { shows: at(6_400) }));
        *wall.0.lock().unwrap() = 6_410;
        assert_eq!(clock.now(), at(10_010), "ten seconds are ten seconds");
        assert_eq!(clock.of_estate(at(6_415)), at(10_015));
        assert_eq!(clock.take_set(), None, "it is told once");
        *wall.0.lock().unwrap() = 6_409;
        assert_eq!((clock.now(), clock.take_set()), (at(10_010), None), "a moment is no setting back");
    }

    #[test]
    fn a_clock_that_was_set_back_while_nobody_drove_goes_on_from_the_last_event() {
        let wall = Arc::new(Wall(std::sync::Mutex::new(6_400)));
        let clock = RunClock::new(wall, Timestamp::from_seconds(10_000));
        assert_eq!(clock.now(), Timestamp::from_seconds(10_000));
        assert_eq!(clock.take_set(), Some(EventKind::ClockSetBack { shows: Timestamp::from_seconds(6_400) }));
    }

    #[test]
    fn time_passes_as_it_does_when_the_clock_is_set_forward_and_back_again() {
        let pair = Arc::new(Pair(std::sync::Mutex::new((10_000, 50))));
        let clock = RunClock::new(Arc::<Pair>::clone(&pair), Timestamp::from_seconds(9_000));
        let at = |seconds| Timestamp::from_seconds(seconds);
        assert_eq!((clock.now(), clock.take_set()), (at(10_000), None));
        *pair.0.lock().unwrap() = (17_202, 52);
        assert_eq!(clock.now(), at(10_002), "two seconds are two seconds");
        assert_eq!(clock.take_set(), Some(EventKind::ClockSetForward { shows: at(17_202) }));
        assert_eq!(clock.of_estate(at(17_212)), at(10_012));
        *pair.0.lock().unwrap() = (10_005, 55);
        assert_eq!(clock.now(), at(10_005));
        assert_eq!(clock.take_set(), Some(EventKind::ClockSetBack { shows: at(10_005) }));
        // A host that slept has missed nothing of what passed.
        *pair.0.lock().unwrap() = (10_605, 655);
        assert_eq!((clock.now(), clock.take_set()), (at(10_605), None));
    }
}
