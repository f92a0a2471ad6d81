//! Instants and durations as the language, the inventory and the run log write them.
//! Pure: text in, numbers out; the clock is in `clock.rs`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970 in UTC, from 1677 to 2262. Eight bytes, ordered, exact.
/// Written as RFC 3339 with as many digits of the second as it needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `nanos` nanoseconds after 1970 in UTC.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds after 1970 in UTC.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The instant `seconds` after 1970; saturates at the ends of the range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The absolute distance of two instants.
    #[must_use]
    pub fn apart(self, other: Self) -> Duration {
        Duration::from_nanos(self.0.abs_diff(other.0))
    }

    /// The instant `duration` later; saturates at the end of the range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The instant `duration` earlier; saturates at the start of the range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The second in which it lies, for people.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0 - self.0.rem_euclid(NANOS_PER_SECOND))
    }

    /// Reads the date of an HTTP answer, as `Mon, 23 Nov 2026 06:00:00 GMT`; none where it is no such date.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        let read = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        i64::try_from(read.as_nanosecond()).ok().map(Self)
    }

    /// The time of day in UTC, `06:00:05`, for progress lines.
    #[must_use]
    pub fn time_of_day(self) -> String {
        let seconds = self.0.div_euclid(NANOS_PER_SECOND).rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

impl FromStr for Timestamp {
    type Err = String;
    /// Reads RFC 3339 with any offset and up to nanoseconds.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(instant) = plain(text) {
            return Ok(instant);
        }
        let read: jiff::Timestamp =
            text.parse().map_err(|_| format!("`{text}` is not an instant such as `2026-11-23T06:00:00Z`"))?;
        i64::try_from(read.as_nanosecond())
            .map(Self)
            .map_err(|_| format!("`{text}` lies outside the years 1678 to 2261"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Instant;
        impl serde::de::Visitor<'_> for Instant {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instant")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Instant)
    }
}

/// An instant as this program writes it, `2026-11-23T06:00:00.5Z`: logs and inventories hold millions. None
/// for every other way to write one, and for what is none.
fn plain(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] =
        *<&[u8; 19]>::try_from(seconds.as_bytes()).ok()?
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    // The 29th of February is left to the calendar.
    let longest = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let usual = (1700..2200).contains(&year) && (1..=12).contains(&month) && (1..=longest).contains(&day);
    if !usual || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = match fraction.strip_prefix('.') {
        Some(digits) if (1..=9).contains(&digits.len()) => {
            number(digits.as_bytes())? * 10_i64.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        Some(_) => return None,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    // Counted from the first of March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp(seconds * NANOS_PER_SECOND + nanos))
}

/// The units of a duration, largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Writes a duration as the language does: `1h30m`, `90s` is `1m30s`, `250ms`; zero is `0s`.
/// Parts below a millisecond are dropped.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, millis) in UNITS {
        if left >= millis {
            text.push_str(&(left / millis).to_string());
            text.push_str(unit);
            left %= millis;
        }
    }
    text
}

/// A loss for people: to the nearest second, below a second in milliseconds. Whether an objective is
/// missed is told by the exact figure.
#[must_use]
pub fn format_loss(loss: Duration) -> String {
    if loss < Duration::from_secs(1) {
        return format_duration(loss);
    }
    format_duration(Duration::from_secs(loss.saturating_add(Duration::from_millis(500)).as_secs()))
}

/// As `format_duration`, but only the two largest parts and no milliseconds past the first second, for
/// progress and reports: `2h13m`.
#[must_use]
pub fn format_duration_short(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let keep = UNITS
        .iter()
        .position(|(_, unit)| millis >= *unit)
        .map_or(1, |at| UNITS.get(at + 1).or(UNITS.last()).map_or(1, |(_, unit)| *unit));
    let keep = if millis >= 1000 { keep.max(1000) } else { keep };
    format_duration(Duration::from_millis(millis / keep * keep))
}

/// Reads `90s`, `1h30m`, `250ms`, `2d`: whole numbers, units largest first, none twice.
///
/// # Errors
/// One lowercase sentence that names the text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration such as `90s` or `1h30m`");
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
        let (unit, tail) = tail.split_at(letters);
        let (_, millis) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        total = number
            .checked_mul(*millis)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is longer than any plan may wait"))?;
        rest = tail;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_millis(total)) }
}

/// Serde for durations inside runbooks, events and JSON output: the language's own text.
pub mod duration_text {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    /// Writes `1h30m`.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format_duration(*value))
    }

    /// Reads `1h30m`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        super::parse_duration(&text).map_err(serde::de::Error::custom)
    }
}

/// As `duration_text` for optional durations.
pub mod duration_text_option {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    /// Writes `1h30m` or null.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_some(&super::format_duration(*value)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads `1h30m` or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse_duration(&text)).transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_trip_and_read_only_ordered_units() {
        for text in ["0s", "1s", "1m30s", "1h30m", "2d", "250ms", "1d2h3m4s5ms"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("90s").unwrap(), Duration::from_secs(90));
        for text in ["", "10", "s", "30m1h", "1h1h", "1x", "-1s", "1.5h", "99999999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(format_duration_short(Duration::from_millis(7_384_123)), "2h3m");
        assert_eq!(format_duration_short(Duration::from_millis(950)), "950ms");
    }

    #[test]
    fn instants_keep_nanoseconds_and_any_offset() {
        let at: Timestamp = "2026-11-23T07:00:00.000000001+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-23T06:00:00.000000001Z");
        assert!("2026-11-23".parse::<Timestamp>().is_err());
        assert!("9000-01-01T00:00:00Z".parse::<Timestamp>().is_err());
    }

    #[test]
    fn instants_as_they_are_written_are_read_as_the_calendar_reads_them() {
        let by_calendar = |text: &str| {
            let read: Option<jiff::Timestamp> = text.parse().ok();
            read.and_then(|read| i64::try_from(read.as_nanosecond()).ok()).map(Timestamp)
        };
        // Every day of four hundred years and more, at odd times and with every number of digits.
        let day = 86_400 * NANOS_PER_SECOND;
        for number in -98_000_i64..83_000 {
            let odd = number * 7_919_000_017 % day;
            let nanos = odd - odd % 10_i64.pow(u32::try_from(number.rem_euclid(10)).unwrap());
            let at = Timestamp(number * day + nanos);
            let text = at.to_string();
            assert_eq!(text.parse(), Ok(at), "{text}");
            if !text.contains("-02-29T") {
                assert_eq!(plain(&text), Some(at), "{text}");
            }
        }
        for text in [
            "2026-02-29T06:00:00Z",
            "2024-02-29T06:00:00Z",
            "2026-04-31T06:00:00Z",
            "2026-00-10T06:00:00Z",
            "2026-13-10T06:00:00Z",
            "2026-10-00T06:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T06:60:00Z",
            "2026-11-23T06:00:60Z",
            "2026-11-23T06:00:00.Z",
            "2026-11-23T06:00:00.1234567890Z",
            "2026-11-23t06:00:00z",
            "2026-11-23 06:00:00Z",
            "+026-11-23T06:00:00Z",
            "2026-11-23T06:00:0/Z",
            "2026-11-23T06:00:00.5xZ",
            "2026-11-23T06:00:00Zé",
            "2026-11-23T06:00:0éZ",
            "",
            "Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().ok(), by_calendar(text), "{text}");
        }
    }
}
