//! What goes wrong with a verb, as a line of text says it: `fail fail_over app02 once`. The words are the
//! same for an estate that is simulated and for a run that is rehearsed. Pure; knows no machine.

use std::time::Duration;

use crate::base::Timestamp;
use crate::base::time::{format_duration, parse_duration};

/// Verbs that a fault may name.
pub const VERBS: [&str; 11] = [
    "process_pending",
    "shut_down",
    "take_final",
    "fail_over",
    "start",
    "change_point",
    "roll_back",
    "commit",
    "reprotect",
    "clean_up",
    "guest_script",
];

/// The words that a fault of a verb begins with.
pub const FIRST_WORDS: [&str; 9] = ["fail", "hang", "lose", "forget", "drop", "lie", "leak", "late", "no"];

/// Verbs that can leave something of a test behind.
const LEAKS: [&str; 2] = ["clean_up", "fail_over"];

/// The code of a refusal that names none.
pub const CODE: &str = "injected_fault";

/// How often a fault comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// Each time.
    Always,
    /// The first so many times.
    First(u32),
    /// In so many of a hundred cases.
    Percent(u64),
}

impl Times {
    /// How often, from the words that end a fault.
    ///
    /// # Errors
    /// They say something else.
    pub fn read(tail: &[&str]) -> Result<Self, FaultTrouble> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
        let times = match tail {
            [] | ["always"] => Some(Self::Always),
            ["once"] => Some(Self::First(1)),
            ["twice"] => Some(Self::First(2)),
            [count, "times"] => number(count).map(Self::First),
            [percent] => percent
                .strip_suffix('%')
                .and_then(number)
                .filter(|percent| *percent <= 100)
                .map(|percent| Self::Percent(u64::from(percent))),
            _ => None,
        };
        times.ok_or_else(|| {
            FaultTrouble::shape(
                format!("ends in `{}`, which is not how often", tail.join(" ")),
                "end it with `once`, `twice`, `3 times`, `10%` or nothing",
            )
        })
    }

    /// Whether the fault comes this time, having come `used` times before; `of_hundred` draws the chance.
    pub fn comes(self, used: u32, of_hundred: impl FnOnce() -> u64) -> bool {
        match self {
            Self::Always => true,
            Self::First(count) => used < count,
            Self::Percent(percent) => of_hundred() < percent,
        }
    }
}

impl std::fmt::Display for Times {
    /// With a space in front; nothing for `Always`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Always => Ok(()),
            Self::First(1) => f.write_str(" once"),
            Self::First(2) => f.write_str(" twice"),
            Self::First(count) => write!(f, " {count} times"),
            Self::Percent(percent) => write!(f, " {percent}%"),
        }
    }
}

/// From when, for how long. Counted from when whoever it is told first heard of the fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct When {
    /// An instant, or a time after the first hearing.
    pub from: From,
    /// For ever if none.
    pub lasts: Option<Duration>,
}

/// When something begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// So long after it was first heard of.
    After(Duration),
    /// Then.
    At(Timestamp),
}

impl When {
    /// The first instant, if it was first heard of at `since`.
    #[must_use]
    pub fn begin(self, since: Timestamp) -> Timestamp {
        match self.from {
            From::After(delay) => since.plus(delay),
            From::At(at) => at,
        }
    }

    /// The instant after the last.
    #[must_use]
    pub fn end(self, since: Timestamp) -> Timestamp {
        self.lasts.map_or(Timestamp::from_nanos(i64::MAX), |lasts| self.begin(since).plus(lasts))
    }

    /// The same told at `now` by whoever heard of it at `since`, to the second; none if it is over.
    #[must_use]
    pub fn told_at(self, since: Timestamp, now: Timestamp) -> Option<Self> {
        let whole = |duration: Duration| Duration::from_secs(duration.as_secs());
        let lasts = self.lasts.map(|_| whole(self.end(since).since(now.max(self.begin(since)))));
        (self.end(since) > now)
            .then(|| Self { from: From::After(whole(self.begin(since).since(now))), lasts })
    }

    /// When, from the words that end a fault: `at +10m for 30m`.
    ///
    /// # Errors
    /// They say something else.
    pub fn read(tail: &[&str]) -> Result<Self, FaultTrouble> {
        let (from, lasts) = match tail {
            [] => (None, None),
            ["at", from] => (Some(from), None),
            ["for", lasts] => (None, Some(lasts)),
            ["at", from, "for", lasts] => (Some(from), Some(lasts)),
            _ => {
                return Err(FaultTrouble::shape(
                    format!("ends in `{}`, which is not a time", tail.join(" ")),
                    "end it with `at +10m`, `for 30m`, both in this order, or nothing",
                ));
            }
        };
        let from = match from {
            None => From::After(Duration::ZERO),
            Some(text) => match text.strip_prefix('+') {
                Some(delay) => From::After(duration(delay)?),
                None => From::At(text.parse().map_err(|what: String| {
                    FaultTrouble::shape(format!("says {what}"), "say `at +10m`, or an instant in full")
                })?),
            },
        };
        Ok(Self { from, lasts: lasts.map(|lasts| duration(lasts)).transpose()? })
    }
}

impl std::fmt::Display for When {
    /// With a space in front; nothing for always.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.from {
            From::After(Duration::ZERO) => {}
            From::After(delay) => write!(f, " at +{}", format_duration(delay))?,
            From::At(at) => write!(f, " at {at}")?,
        }
        self.lasts.map_or(Ok(()), |lasts| write!(f, " for {}", format_duration(lasts)))
    }
}

/// What goes wrong with a verb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Twist {
    /// It is accepted and then fails; nothing came about.
    Fail {
        /// Whether trying again may help.
        retry: bool,
        /// The code of the error.
        code: String,
    },
    /// It never ends until it is cancelled.
    Hang,
    /// It is accepted and the answer is lost.
    Lose,
    /// As `Lose`, and the estate cannot tell afterwards what became of it.
    Forget,
    /// It never arrives, and no answer comes.
    Drop,
    /// It is said to be done and is not.
    Lie,
    /// A cleanup is said to be done and leaves a disk; a failover of a test that comes to nothing leaves
    /// what it had made.
    Leak,
    /// It takes so much longer (a start: the guest answers so much later).
    Late(Duration),
    /// VMware Tools stay off.
    NoTools,
    /// The agent never registers.
    NoAgent,
    /// The guest never answers.
    NoHeartbeat,
}

/// A fault of a verb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerbFault {
    /// What goes wrong.
    pub twist: Twist,
    /// With which verb.
    pub verb: &'static str,
    /// On which machine, as written; on any if none.
    pub machine: Option<String>,
    /// How often.
    pub times: Times,
}

/// Why a text is no fault. Whoever has the whole text makes a sentence of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultTrouble {
    /// It has not the shape of one: what it does wrong, and what to write.
    Shape {
        /// Completes "fault `…`".
        what: String,
        /// One action.
        help: String,
    },
    /// A word that is not known there.
    Word {
        /// The word.
        wrong: String,
        /// Those that are.
        known: Vec<&'static str>,
    },
}

impl FaultTrouble {
    /// A fault of another shape.
    pub fn shape(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Shape { what: what.into(), help: help.into() }
    }

    /// A word that no fault has there.
    #[must_use]
    pub fn word(wrong: &str, known: &[&'static str]) -> Self {
        Self::Word { wrong: wrong.to_owned(), known: known.to_vec() }
    }
}

impl VerbFault {
    /// Reads `fail fail_over app02 once`, word by word; see `docs/simulator.md`. The machine is whatever
    /// stands in its place. None where the first word begins no fault of a verb, or the text ends too early.
    ///
    /// # Errors
    /// It begins like one and does not go on so.
    pub fn read(words: &[&str]) -> Result<Option<Self>, FaultTrouble> {
        let (twist, verb, machine, tail) = match words {
            [first @ ("fail" | "hang" | "lose" | "forget" | "drop" | "lie"), verb, machine, tail @ ..] => {
                let (twist, tail) = twist_of(first, tail)?;
                (twist, verb, machine, tail)
            }
            ["leak", verb, ..] if !LEAKS.contains(verb) => return Err(FaultTrouble::word(verb, &LEAKS)),
            ["leak", verb, machine, tail @ ..] => (Twist::Leak, verb, machine, tail),
            ["late", verb, machine, by, tail @ ..] => (Twist::Late(duration(by)?), verb, machine, tail),
            ["no", what, machine, tail @ ..] => {
                let twist = match *what {
                    "tools" => Twist::NoTools,
                    "agent" => Twist::NoAgent,
                    "heartbeat" => Twist::NoHeartbeat,
                    other => return Err(FaultTrouble::word(other, &["tools", "agent", "heartbeat"])),
                };
                (twist, &"start", machine, tail)
            }
            _ => return Ok(None),
        };
        let known = VERBS.iter().find(|known| *known == verb);
        let Some(verb) = known else { return Err(FaultTrouble::word(verb, &VERBS)) };
        let machine = (*machine != "*").then(|| (*machine).to_owned());
        Ok(Some(Self { twist, verb, machine, times: Times::read(tail)? }))
    }
}

impl std::fmt::Display for VerbFault {
    /// The text that reads as this fault.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (verb, machine, times) = (self.verb, self.machine.as_deref().unwrap_or("*"), self.times);
        match &self.twist {
            Twist::Fail { retry, code } => {
                write!(f, "fail {verb} {machine}{times}")?;
                f.write_str(if *retry { " retry" } else { "" })?;
                if code == CODE { Ok(()) } else { write!(f, " as {code}") }
            }
            Twist::Hang => write!(f, "hang {verb} {machine}{times}"),
            Twist::Lose => write!(f, "lose {verb} {machine}{times}"),
            Twist::Forget => write!(f, "forget {verb} {machine}{times}"),
            Twist::Drop => write!(f, "drop {verb} {machine}{times}"),
            Twist::Lie => write!(f, "lie {verb} {machine}{times}"),
            Twist::Leak => write!(f, "leak {verb} {machine}{times}"),
            Twist::Late(by) => write!(f, "late {verb} {machine} {}{times}", format_duration(*by)),
            Twist::NoTools => write!(f, "no tools {machine}{times}"),
            Twist::NoAgent => write!(f, "no agent {machine}{times}"),
            Twist::NoHeartbeat => write!(f, "no heartbeat {machine}{times}"),
        }
    }
}

fn twist_of<'t, 'w>(first: &str, tail: &'t [&'w str]) -> Result<(Twist, &'t [&'w str]), FaultTrouble> {
    let (tail, code) = match tail {
        [head @ .., "as", code] => (head, Some((*code).to_owned())),
        _ => (tail, None),
    };
    let (tail, retry) = match tail {
        [head @ .., "retry"] => (head, true),
        [head @ .., "refused"] => (head, false),
        _ => (tail, false),
    };
    let twist = match first {
        "hang" => Twist::Hang,
        "lose" => Twist::Lose,
        "forget" => Twist::Forget,
        "drop" => Twist::Drop,
        "lie" => Twist::Lie,
        _ => return Ok((Twist::Fail { retry, code: code.unwrap_or_else(|| CODE.to_owned()) }, tail)),
    };
    if code.is_some() || retry {
        return Err(FaultTrouble::shape("says `as`, `retry` or `refused`", "say that only of `fail`"));
    }
    Ok((twist, tail))
}

/// A duration within a fault.
///
/// # Errors
/// The text is none.
pub fn duration(text: &str) -> Result<Duration, FaultTrouble> {
    parse_duration(text)
        .map_err(|what| FaultTrouble::shape(format!("says {what}"), "say how long, such as `5m` or `1h30m`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_told_again_from_where_it_stands() {
        let at = Timestamp::from_seconds;
        let told = |tail: &str, now: i64| {
            let words: Vec<&str> = tail.split_whitespace().collect();
            When::read(&words).unwrap().told_at(at(1000), at(now)).map(|when| when.to_string())
        };
        assert_eq!(told("", 5000).as_deref(), Some(""));
        assert_eq!(told("at +10m for 30m", 1000).as_deref(), Some(" at +10m for 30m"));
        assert_eq!(told("at +10m for 30m", 1300).as_deref(), Some(" at +5m for 30m"));
        assert_eq!(told("at +10m for 30m", 1900).as_deref(), Some(" for 25m"));
        assert_eq!(told("at +10m for 30m", 3400), None);
    }

    #[test]
    fn a_fault_is_written_as_it_is_read() {
        for text in [
            "fail fail_over app02 once",
            "fail start *",
            "fail commit app01 3 times retry as busy",
            "hang shut_down sql01",
            "lose commit sql02 twice",
            "forget fail_over sql01 10%",
            "drop start app01 once",
            "lie start app01",
            "leak clean_up app01 twice",
            "late start app01 1h30m once",
            "no agent sql01",
            "no heartbeat sql01 once",
            "no tools sql01",
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let fault = VerbFault::read(&words).unwrap().unwrap();
            assert_eq!(fault.to_string(), text);
        }
        for tail in ["", " at +10m", " for 30m", " at +1h for 30m", " at 2026-11-23T06:00:00Z for 5m"] {
            let words: Vec<&str> = tail.split_whitespace().collect();
            assert_eq!(When::read(&words).unwrap().to_string(), tail);
        }
        let said = VerbFault::read(&["fail", "start", "app01", "refused", "as", "injected_fault"]);
        assert_eq!(said.unwrap().unwrap().to_string(), "fail start app01");
    }
}
