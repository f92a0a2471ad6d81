//! Verifies a run log, a report or a page against a public key: bytes in, a verdict out that names the
//! record where something is wrong. Needs no state folder and believes nothing that it reads.

mod again;
mod chain;
mod fault;
mod read;
mod seal;
mod text;

use crate::base::{Digest, Timestamp};
use crate::event::{Evidence, PublicKey};

use chain::Chain;
pub use fault::Fault;
pub use text::{json, text};

/// What was verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A run log in lines of JSON.
    Log,
    /// A report in JSON.
    Report,
    /// A report as a page.
    Page,
    /// A run in a state folder.
    Run,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Report => "report",
            Self::Page => "page",
            Self::Run => "run",
        }
    }
}

/// What came of it. It holds if there are no faults.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// What was verified.
    pub what: What,
    /// The run that it says it is of.
    pub run: String,
    /// `failover of plan …`, where the runbook could be read.
    pub subject: Option<String>,
    /// Records after the runbook.
    pub records: u64,
    /// The first one's instant, and the last one's.
    pub between: Option<(Timestamp, Timestamp)>,
    /// The runbook's digest, computed.
    pub runbook: Option<Digest>,
    /// The digest of the last record, as it stands there.
    pub head: Option<Digest>,
    /// When it was sealed, where the seal holds.
    pub signed_at: Option<Timestamp>,
    /// The key that it was verified with.
    pub key: PublicKey,
    /// What is wrong, in order; the first ones, where there are many.
    pub faults: Vec<Fault>,
}

impl Verdict {
    /// Whether everything is as it was recorded and sealed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Verifies a file's bytes.
///
/// # Errors
/// They are neither log nor report, or of a newer version.
pub fn file(bytes: &[u8], key: &PublicKey) -> Result<Verdict, Fault> {
    read::file(bytes, key)
}

/// Verifies a run of a state folder, whose log is to have `events` records.
#[must_use]
pub fn run(evidence: &Evidence, events: u64, key: &PublicKey) -> Verdict {
    let mut chain = Chain::new(&evidence.run);
    for record in super::evidence::records(evidence) {
        chain.take(&record);
    }
    let kept = chain.records();
    if events > kept {
        chain.fault(fault::cut_off(kept, events));
    }
    chain.finish(What::Run, evidence.seal.as_ref(), key)
}
