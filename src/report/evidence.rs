//! A run written down so that somebody else can verify it: `muster.evidence/1`, in lines or inside a
//! report. Evidence in, text out; the format is told in `docs/evidence.md`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::base::Digest;
use crate::event::{Evidence, Seal};

/// The format's name.
pub const FORMAT: &str = "muster.evidence/1";

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) run: String,
}

/// A record: 0 is the runbook, the others are events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record<'a> {
    pub(super) seq: u64,
    pub(super) digest: Digest,
    /// The very text that the digest is over.
    #[serde(borrow)]
    pub(super) body: Cow<'a, str>,
}

/// The last line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    pub(super) seal: Seal,
}

/// All of it in one value, as a report holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held<'a> {
    pub(super) format: String,
    pub(super) run: String,
    #[serde(borrow)]
    pub(super) records: Vec<Record<'a>>,
    pub(super) seal: Option<Seal>,
}

/// The records of a run, the runbook first.
pub(super) fn records(evidence: &Evidence) -> impl Iterator<Item = Record<'_>> {
    let runbook =
        Record { seq: 0, digest: evidence.runbook_digest(), body: Cow::Borrowed(evidence.runbook.as_str()) };
    let lines = evidence.lines.iter().map(|line| Record {
        seq: line.seq,
        digest: line.digest.clone(),
        body: Cow::Borrowed(line.body.as_str()),
    });
    std::iter::once(runbook).chain(lines)
}

/// The evidence as a report holds it.
pub(super) fn held(evidence: &Evidence) -> Held<'_> {
    Held {
        format: FORMAT.to_owned(),
        run: evidence.run.clone(),
        records: records(evidence).collect(),
        seal: evidence.seal.clone(),
    }
}

/// The evidence in lines of JSON: a head, the records, and the seal where there is one.
///
/// # Errors
/// Those of `out`.
pub fn jsonl(evidence: &Evidence, out: &mut dyn Write) -> io::Result<()> {
    line(&Head { format: FORMAT.to_owned(), run: evidence.run.clone() }, out)?;
    for record in records(evidence) {
        line(&record, out)?;
    }
    match &evidence.seal {
        Some(seal) => line(&Sealed { seal: seal.clone() }, out),
        None => Ok(()),
    }
}

fn line<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::other)?;
    writeln!(out)
}
