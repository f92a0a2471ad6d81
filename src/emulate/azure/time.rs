//! The stand-in's time. The estate's clock is moved by hand, from one happening to the next, up to where real
//! time is: so jobs come out the same however seldom somebody asks.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{Clock as _, ManualClock, SystemClock, Timestamp};

/// Days of the week as HTTP writes them; day 0 of 1970 was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Where the estate's time stands, and how fast it goes.
#[derive(Debug)]
pub(super) struct Time {
    /// What the simulated estate takes for real time: nanoseconds since it was opened.
    hand: Arc<ManualClock>,
    /// The estate's instant at which it was opened.
    base: Timestamp,
    speed: u32,
    began: Duration,
}

impl Time {
    /// Time that begins to run now. `hand` is the clock that the estate was opened with, at zero.
    pub(super) fn begin(hand: Arc<ManualClock>, base: Timestamp, speed: u32) -> Self {
        Self { hand, base, speed, began: steady() }
    }

    /// Where the estate's time ought to stand by real time.
    pub(super) fn target(&self) -> Timestamp {
        let passed = steady().saturating_sub(self.began);
        self.base.plus(passed.saturating_mul(self.speed))
    }

    /// The estate's instant.
    pub(super) fn now(&self) -> Timestamp {
        self.base.plus(self.hand.now().since(Timestamp::default()))
    }

    /// Moves the estate's time forward; never back.
    pub(super) fn move_to(&self, to: Timestamp) {
        self.hand.jump(Timestamp::default().plus(to.since(self.base)));
    }

    /// Real seconds to wait before asking again: half a minute of the estate, as the service's examples say.
    pub(super) fn retry_after_s(&self) -> u32 {
        (30 / self.speed.max(1)).max(1)
    }
}

/// Real time from some beginning, by a clock that nobody sets.
pub(super) fn steady() -> Duration {
    SystemClock.steady().unwrap_or_default()
}

/// An instant as the header `Date` has it: `Mon, 23 Nov 2026 06:00:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    let text = at.whole_second().to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let days = at.as_nanos().div_euclid(86_400_000_000_000).rem_euclid(7);
    let weekday = usize::try_from(days).ok().and_then(|day| WEEKDAYS.get(day)).copied().unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let (day, year, clock) = (part(8, 10), part(0, 4), part(11, 19));
    format!("{weekday}, {day} {} {year} {clock} GMT", month.copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_wants_it() {
        let at: Timestamp = "2026-11-23T06:00:07.5Z".parse().expect("an instant");
        assert_eq!(http_date(at), "Mon, 23 Nov 2026 06:00:07 GMT");
        assert_eq!(http_date(Timestamp::default()), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
