//! Holds a seal against the log that it ends: whose it is, whether its signature holds, and whether it
//! speaks of this very log.

use crate::base::Digest;
use crate::event::{Claim, PublicKey, Seal, SealError};
use crate::report::words::clean;
use crate::source::codes::evidence as codes;

use super::fault::{self, Fault};

/// How a log ends.
#[derive(Debug)]
pub(super) struct Ends<'a> {
    pub(super) run: &'a str,
    pub(super) runbook: Option<&'a Digest>,
    /// The number of the last record.
    pub(super) records: u64,
    pub(super) head: Option<&'a Digest>,
    /// Whether the last record is the run's end.
    pub(super) ended: bool,
    /// Whether nothing was found wrong before.
    pub(super) sound: bool,
}

/// What the seal states, if it is of this log.
///
/// # Errors
/// The one thing that is wrong with it.
pub(super) fn check(ends: &Ends<'_>, seal: Option<&Seal>, key: &PublicKey) -> Result<Claim, Fault> {
    let Some(seal) = seal else { return Err(unsigned(ends)) };
    let claim = seal.open(key).map_err(|error| match error {
        SealError::AnotherKey { named } => {
            let message = format!("the seal names the key {}, it was verified with {key}", clean(&named));
            Fault::new(codes::ANOTHER_KEY, None, message)
        }
        SealError::Forged => {
            Fault::new(codes::SEAL_WRONG, None, "the seal's signature is not that of its statement")
        }
        SealError::Newer { format } => {
            let format = clean(&format);
            Fault::new(codes::EVIDENCE_VERSION, None, format!("the seal is written as `{format}`"))
        }
        SealError::Unreadable { why } => {
            Fault::new(codes::EVIDENCE_VERSION, None, format!("the seal's statement cannot be read: {why}"))
        }
    })?;
    let last = ends.records;
    let wrong = |message: String| Fault::new(codes::SEAL_WRONG, None, message);
    if claim.run != ends.run {
        let (sealed, said) = (clean(&claim.run), clean(ends.run));
        return Err(wrong(format!("the seal is of run `{sealed}`, the log says it is of `{said}`")));
    }
    if ends.runbook != Some(&claim.runbook) {
        return Err(wrong("the runbook is not the one that was sealed".to_owned()));
    }
    if claim.events > last {
        return Err(fault::cut_off(last, claim.events));
    }
    if claim.events < last {
        let sealed = claim.events;
        let message = format!("the seal ends at record {sealed}, and records up to {last} stand there");
        return Err(Fault::new(codes::RECORD_MISSING, Some(sealed + 1), message));
    }
    if ends.head != Some(&claim.head) {
        let message = if ends.sound {
            "the records fit together, and are not those that were sealed: one was changed and all after it made to fit"
        } else {
            "the last record's digest is not the one that was sealed"
        };
        return Err(wrong(message.to_owned()));
    }
    Ok(claim)
}

fn unsigned(ends: &Ends<'_>) -> Fault {
    let last = ends.records;
    let message = if ends.ended {
        format!("the run ended with record {last}, and nobody has signed its log")
    } else {
        format!(
            "there is no seal, and record {last} is not the run's end: it goes on, or the rest was cut off"
        )
    };
    Fault::new(codes::UNSIGNED, None, message)
}
