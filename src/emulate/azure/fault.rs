//! What goes wrong besides: with answers, counted by requests, and with jobs. Told in words on the command line.

use std::str::FromStr;

use super::job::{Act, Job, JobError, Task};

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault(What);

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    /// Every so many requests: 429.
    Throttle(u64),
    /// The requests from one ordinal number to another: 503.
    Unavailable(u64, u64),
    /// Every so many requests: a page of a proxy instead of an answer.
    Html(u64),
    /// Every so many answers end half way.
    Truncate(u64),
    /// Every so many requests are sent elsewhere.
    Redirect(u64),
    /// 403 on paths that end so.
    Forbid(String),
    /// The first job of an operation fails half way for a machine.
    Fail(String, String),
    /// Of the requests that end so, the one with this number is done, and its answer is lost.
    Lose(String, u64),
    /// As `Lose`, and it is not done either.
    Drop(String, u64),
    /// Every answer takes so many milliseconds.
    Slow(u64),
}

/// What becomes of one request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fate {
    /// The connection is closed, and nothing was done.
    Dropped,
    Throttled,
    Unavailable,
    Html,
    Redirected,
    Forbidden,
    /// It is done, and the connection is closed instead of an answer.
    Lost,
    /// It is done, and its answer ends half way.
    Truncated,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let every = |word: &str| match word.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("`{word}` in `{text}` is no number above zero")),
        };
        let operation = |word: &str| word.to_lowercase();
        Ok(Self(match words.as_slice() {
            ["throttle", number] => What::Throttle(every(number)?),
            ["unavailable", range] => {
                let (from, to) = range.split_once("..").unwrap_or((range, range));
                What::Unavailable(every(from)?, every(to)?)
            }
            ["html", number] => What::Html(every(number)?),
            ["truncate", number] => What::Truncate(every(number)?),
            ["redirect", number] => What::Redirect(every(number)?),
            ["forbid", word] => What::Forbid(operation(word)),
            ["fail", word, machine] => What::Fail(operation(word), (*machine).to_owned()),
            ["lose", word, number] => What::Lose(operation(word), every(number)?),
            ["drop", word, number] => What::Drop(operation(word), every(number)?),
            ["slow", number] => What::Slow(every(number)?),
            _ => {
                return Err(format!(
                    "`{text}` is no fault; there are throttle N, unavailable N..M, html N, truncate N, redirect N, \
                     forbid OPERATION, fail OPERATION MACHINE, lose OPERATION N, drop OPERATION N, slow MS"
                ));
            }
        }))
    }
}

impl Fault {
    /// The machine that it names, for whoever knows which there are.
    #[must_use]
    pub fn machine(&self) -> Option<&str> {
        match &self.0 {
            What::Fail(_, machine) => Some(machine),
            What::Throttle(_)
            | What::Unavailable(..)
            | What::Html(_)
            | What::Truncate(_)
            | What::Redirect(_)
            | What::Forbid(_)
            | What::Lose(..)
            | What::Drop(..)
            | What::Slow(_) => None,
        }
    }
}

/// How long every answer is held back, in milliseconds.
pub(super) fn slow_ms(faults: &[Fault]) -> u64 {
    let of = |fault: &Fault| if let What::Slow(ms) = fault.0 { ms } else { 0 };
    faults.iter().map(of).sum()
}

/// What becomes of the request with an ordinal number, the `nth` that ends in `last`. Where several faults meet,
/// the worst.
pub(super) fn fate(faults: &[Fault], ordinal: u64, last: &str, nth: u64) -> Option<Fate> {
    let of = |fault: &Fault| {
        let (hit, fate) = match &fault.0 {
            What::Throttle(every) => (ordinal.is_multiple_of(*every), Fate::Throttled),
            What::Unavailable(from, to) => ((*from..=*to).contains(&ordinal), Fate::Unavailable),
            What::Html(every) => (ordinal.is_multiple_of(*every), Fate::Html),
            What::Truncate(every) => (ordinal.is_multiple_of(*every), Fate::Truncated),
            What::Redirect(every) => (ordinal.is_multiple_of(*every), Fate::Redirected),
            What::Forbid(word) => (last == word, Fate::Forbidden),
            What::Lose(word, number) => (last == word && nth == *number, Fate::Lost),
            What::Drop(word, number) => (last == word && nth == *number, Fate::Dropped),
            What::Fail(..) | What::Slow(_) => (false, Fate::Dropped),
        };
        hit.then_some(fate)
    };
    faults.iter().filter_map(of).min()
}

/// Lets a job fail half way for a machine, once.
pub(super) fn spoil(faults: &[Fault], came: &mut Vec<String>, job: &mut Job) {
    for fault in faults {
        let What::Fail(operation, machine) = &fault.0 else { continue };
        let name = format!("fail {operation} {machine}");
        let concerns = job.operation.words().2.eq_ignore_ascii_case(operation);
        if !concerns || came.contains(&name) {
            continue;
        }
        let own = |task: &&mut Task| !task.is_over() && task.machines().contains(machine);
        let tasks = job.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
        let mut tasks: Vec<&mut Task> = tasks.filter(own).collect();
        let half = tasks.len() / 2;
        let Some(task) = tasks.get_mut(half) else { continue };
        let place = task.acts.len() / 2;
        task.acts.splice(place..place, [Act::Wait(20), Act::Refuse(spoilt(machine))]);
        task.tolerated = false;
        came.push(name);
    }
}

fn spoilt(machine: &str) -> JobError {
    JobError {
        code: "StandInFault".to_owned(),
        message: format!("The operation failed on '{machine}'."),
        causes: "The stand-in was told to let it fail.".to_owned(),
        action: "Try again: it fails once.".to_owned(),
        provider: Some((2, "the provider reported an internal error".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(texts: &[&str]) -> Vec<Fault> {
        texts.iter().map(|text| text.parse().expect("a fault")).collect()
    }

    #[test]
    fn requests_are_hit_by_their_number_and_the_worst_fault_wins() {
        let all = faults(&["throttle 3", "unavailable 6..7", "lose failoverCommit 2"]);
        assert_eq!(fate(&all, 1, "x", 1), None);
        assert_eq!(fate(&all, 3, "x", 1), Some(Fate::Throttled));
        assert_eq!(fate(&all, 6, "x", 1), Some(Fate::Throttled));
        assert_eq!(fate(&all, 7, "x", 1), Some(Fate::Unavailable));
        assert_eq!(fate(&all, 8, "failovercommit", 2), Some(Fate::Lost));
        assert_eq!(fate(&all, 8, "failovercommit", 1), None);
    }

    #[test]
    fn what_is_no_fault_is_refused_in_words() {
        for text in ["", "throttle", "throttle 0", "throttle x", "fail reProtect", "unavailable 0..2"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
