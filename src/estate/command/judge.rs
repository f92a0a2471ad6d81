//! Whether an answer is about what was asked and may be believed, and what the engine is told of it.
//! Pure: texts and calls in, the contract's own values out.

use crate::base::{Clock as _, Digest, SystemClock, Timestamp, limits};
use crate::event::{Artifact, Detail, EstateError, Found, Handle, Observation, Progress, Request, Submitted};

use super::message::{Announced, Outcome, Probed, Remaining, Seen, Standing, Thing, Wrong};
use super::trouble::Kind;
use super::words::{self, Secrets};

/// Why an answer is not believed: what kind, and the end of a sentence.
pub(super) type Doubt = (Kind, String);

/// The shortest pause between two polls.
const AGAIN_LEAST_MS: u64 = 20;

fn garbage(why: impl Into<String>) -> Doubt {
    (Kind::Garbage, why.into())
}

/// What an answer has to be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The act's key.
    pub(super) key: &'a str,
    /// The digest of its machines.
    pub(super) machines: &'a str,
}

/// A short digest of the machines of an act, for handles: a poll after a restart knows no request.
pub(super) fn machines_digest(machines: &[String]) -> String {
    let mut sorted: Vec<&[u8]> = machines.iter().map(String::as_bytes).collect();
    sorted.sort_unstable();
    Digest::of(&sorted).as_str().chars().take(8).collect()
}

/// A handle as the run log keeps it: the key, the machines, and the program's own word.
pub(super) fn pack(subject: Subject<'_>, handle: &str) -> Handle {
    Handle(format!("{}/{}/{handle}", subject.key, subject.machines))
}

/// What a handle of the run log is about.
pub(super) fn unpack(handle: &Handle) -> Result<(Subject<'_>, &str), EstateError> {
    let parts = handle.0.split_once('/').and_then(|(key, rest)| {
        rest.split_once('/').map(|(machines, handle)| (Subject { key, machines }, handle))
    });
    parts.ok_or_else(|| EstateError::Unknown {
        message: format!("`{}` is no handle of this estate", crate::base::words::one_line(&handle.0, 80)),
    })
}

/// The sentence of an error as it came.
pub(super) fn message(wrong: &Wrong) -> &str {
    match wrong {
        Wrong::Retry { message, .. } | Wrong::Refused { message, .. } | Wrong::Unknown { message } => message,
    }
}

/// An error of the program as one of the contract.
pub(super) fn error(wrong: Wrong, secrets: &Secrets) -> Result<EstateError, Doubt> {
    let fit = |code: &str| {
        if words::is_code(code) {
            return Ok(());
        }
        let code = secrets.sentence(code);
        Err(garbage(format!("has the code `{code}`, which is no word of letters, digits and `_`")))
    };
    Ok(match wrong {
        Wrong::Retry { code, message } => {
            fit(&code)?;
            EstateError::Retry { code, message: secrets.sentence(&message) }
        }
        Wrong::Refused { code, message } => {
            fit(&code)?;
            EstateError::Refused { code, message: secrets.sentence(&message) }
        }
        Wrong::Unknown { message } => EstateError::Unknown { message: secrets.sentence(&message) },
    })
}

fn detail(outcome: Outcome, machines: &[String], secrets: &Secrets) -> Result<Detail, Doubt> {
    let Outcome { note, address, clean, exception, created } = outcome;
    Ok(Detail {
        note: secrets.sentence(&note),
        address: checked_address(address, secrets)?,
        clean,
        exception: exception.map(|text| secrets.sentence(&text)),
        output: None,
        created: things(created, machines, secrets)?,
    })
}

/// Things of tests of these machines. Their names go into the run log and in front of people.
fn things(things: Vec<Thing>, machines: &[String], secrets: &Secrets) -> Result<Vec<Artifact>, Doubt> {
    let most = limits::ARTIFACTS_MAX;
    if things.len() > most {
        return Err(garbage(format!("names {} things, at most {most} are possible", things.len())));
    }
    let judged = |Thing { machine, kind, id }: Thing| {
        if !machines.contains(&machine) {
            let named = secrets.sentence(&machine);
            let message = format!("names a thing of `{named}`, which is not one of the machines asked about");
            return Err((Kind::Subject, message));
        }
        if !words::is_handle(&id) {
            return Err(garbage(
                "names a thing by an id that is empty, too long, or holds control characters",
            ));
        }
        Ok(Artifact { machine, kind, id: secrets.sentence(&id) })
    };
    things.into_iter().map(judged).collect()
}

/// The answer to `will_create`.
pub(super) fn announced(
    announced: Announced,
    key: &str,
    machines: &[String],
    secrets: &Secrets,
) -> Result<Vec<Artifact>, Doubt> {
    if announced.key == key {
        return things(announced.artifacts, machines, secrets);
    }
    Err((Kind::Subject, format!("is about another key than `{key}`")))
}

/// The answer to `remains`.
pub(super) fn remaining(
    remaining: Remaining,
    machines: &[String],
    secrets: &Secrets,
) -> Result<Vec<Artifact>, Doubt> {
    // Of a machine that it did not look at, nothing is known.
    if machines_digest(&remaining.machines) == machines_digest(machines) {
        return things(remaining.artifacts, machines, secrets);
    }
    Err((Kind::Subject, "is not about the machines that were asked about".to_owned()))
}

fn checked_address(address: Option<String>, secrets: &Secrets) -> Result<Option<String>, Doubt> {
    match address {
        Some(address) if !words::is_address(&address) => {
            Err(garbage(format!("gives the address `{}`, which is none", secrets.sentence(&address))))
        }
        address => Ok(address),
    }
}

/// An answer about an act, of the right key and machines.
enum About {
    Done(Detail),
    Running(Handle, Timestamp),
    Failed(EstateError),
    NeverArrived,
    CannotTell(String),
}

fn about(standing: Standing, subject: Subject<'_>, secrets: &Secrets) -> Result<About, Doubt> {
    let same = |key: &str, machines: Option<&[String]>| {
        if key != subject.key {
            let (theirs, ours) = (secrets.sentence(key), subject.key);
            return Err((
                Kind::Subject,
                format!("is about the key `{theirs}`, and `{ours}` was asked about"),
            ));
        }
        match machines {
            Some(machines) if machines_digest(machines) != subject.machines => {
                let named: Vec<String> = machines.iter().take(8).map(|name| secrets.sentence(name)).collect();
                let named = crate::base::words::list(&named, 3);
                let named = if named.is_empty() { "no machine".to_owned() } else { named };
                Err((Kind::Subject, format!("is about {named}, which are not the machines of the act")))
            }
            Some(_) | None => Ok(()),
        }
    };
    Ok(match standing {
        Standing::Done { key, machines, detail: outcome } => {
            same(&key, Some(&machines))?;
            About::Done(detail(outcome, &machines, secrets)?)
        }
        Standing::Running { key, machines, handle, again_in_ms } => {
            same(&key, Some(&machines))?;
            if !words::is_handle(&handle) {
                return Err(garbage("has a handle that is empty, too long, or holds control characters"));
            }
            let most = u64::try_from(limits::PROVIDER_AGAIN_MAX.as_millis()).unwrap_or(u64::MAX);
            let again = std::time::Duration::from_millis(again_in_ms.clamp(AGAIN_LEAST_MS, most));
            About::Running(pack(subject, &handle), SystemClock.now().plus(again))
        }
        Standing::Failed { key, machines, error: wrong } => {
            same(&key, Some(&machines))?;
            About::Failed(error(wrong, secrets)?)
        }
        Standing::NeverArrived { key } => {
            same(&key, None)?;
            About::NeverArrived
        }
        Standing::CannotTell { key, why } => {
            same(&key, None)?;
            About::CannotTell(secrets.sentence(&why))
        }
    })
}

/// The answer to `submit`: the inner error is the act's own.
pub(super) fn submitted(
    standing: Standing,
    subject: Subject<'_>,
    secrets: &Secrets,
) -> Result<Result<Submitted, EstateError>, Doubt> {
    match about(standing, subject, secrets)? {
        About::Done(detail) => Ok(Ok(Submitted::Done(detail))),
        About::Running(handle, again) => Ok(Ok(Submitted::Accepted(handle, again))),
        About::Failed(error) => Ok(Err(error)),
        About::NeverArrived | About::CannotTell(_) => Err(garbage("says what only `find` is answered")),
    }
}

/// The answer to `poll` of a handle.
pub(super) fn progress(
    standing: Standing,
    subject: Subject<'_>,
    handle: &Handle,
    secrets: &Secrets,
) -> Result<Progress, Doubt> {
    match about(standing, subject, secrets)? {
        About::Done(detail) => Ok(Progress::Done(detail)),
        About::Running(same, again) if same == *handle => Ok(Progress::Running(again)),
        About::Running(other, _) => {
            let message = format!("is about the handle `{}`, and `{}` was asked about", other.0, handle.0);
            Err((Kind::Subject, message))
        }
        About::Failed(error) => Ok(Progress::Failed(error)),
        About::NeverArrived | About::CannotTell(_) => Err(garbage("says what only `find` is answered")),
    }
}

/// The answer to `find`.
pub(super) fn found(standing: Standing, subject: Subject<'_>, secrets: &Secrets) -> Result<Found, Doubt> {
    Ok(match about(standing, subject, secrets)? {
        About::Done(detail) => Found::Done(detail),
        About::Running(handle, _) => Found::Running(handle),
        About::Failed(error) => Found::Failed(error),
        About::NeverArrived => Found::NeverArrived,
        About::CannotTell(why) => Found::CannotTell(why),
    })
}

/// The answer to `observe`.
pub(super) fn observation(seen: Seen, machine: &str, secrets: &Secrets) -> Result<Observation, Doubt> {
    same_machine(Some(&seen.machine), machine, secrets)?;
    Ok(Observation {
        source_running: seen.source_running,
        target_running: seen.target_running,
        address: checked_address(seen.address, secrets)?,
        fenced: seen.fenced,
    })
}

/// The answer to `probe`; of a heartbeat, about `machine`.
pub(super) fn probed(
    probed: &Probed,
    machine: Option<&str>,
    secrets: &Secrets,
) -> Result<Result<String, String>, Doubt> {
    if let Some(machine) = machine {
        same_machine(probed.machine.as_deref(), machine, secrets)?;
    }
    let seen = secrets.sentence(&probed.seen);
    Ok(if probed.passed { Ok(seen) } else { Err(seen) })
}

fn same_machine(said: Option<&str>, machine: &str, secrets: &Secrets) -> Result<(), Doubt> {
    match said {
        Some(said) if said == machine => Ok(()),
        Some(said) => {
            let said = secrets.sentence(said);
            Err((Kind::Subject, format!("is about `{said}`, and `{machine}` was asked about")))
        }
        None => Err((Kind::Subject, format!("names no machine, and `{machine}` was asked about"))),
    }
}

/// What an answer to an act has to be about.
pub(super) fn subject_of(request: &Request) -> String {
    machines_digest(request.machines())
}
