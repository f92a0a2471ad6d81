//! The seal of an ended run: a signed statement over its run log, and the log as it is handed on with
//! it. Pure; keys come in, texts go out.

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Timestamp};

use super::{EventLine, PublicKey, SecretKey};

/// The format of statements that this program writes.
pub const SEAL_FORMAT: &str = "muster.seal/1";

/// What a seal states of a run log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// `muster.seal/1`
    format: String,
    /// The run's id.
    pub run: String,
    /// The runbook's digest, which the first record follows.
    pub runbook: Digest,
    /// How many records there are.
    pub events: u64,
    /// The digest of the last one, which covers all before it.
    pub head: Digest,
    /// When it was sealed, by the clock of the machine that did.
    pub signed_at: Timestamp,
}

/// A statement with its signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The claim as JSON. These very bytes are signed.
    pub statement: String,
    /// The public key, in hexadecimal.
    pub key: String,
    /// The signature, in hexadecimal.
    pub signature: String,
}

/// Why a seal proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// Somebody else signed.
    #[error("it names the key {named}")]
    AnotherKey {
        /// The key that the seal names.
        named: String,
    },
    /// Statement and signature do not belong together.
    #[error("the signature is not that of the statement")]
    Forged,
    /// The statement holds what this program does not know.
    #[error("its statement is written as `{format}`")]
    Newer {
        /// The format that it names.
        format: String,
    },
    /// The statement is signed, and no statement.
    #[error("its statement cannot be read: {why}")]
    Unreadable {
        /// What is wrong.
        why: String,
    },
}

impl Claim {
    /// The claim over a run log that ends with `head` as record `events`.
    #[must_use]
    pub fn new(run: &str, runbook: &Digest, events: u64, head: &Digest, signed_at: Timestamp) -> Self {
        let (runbook, head) = (runbook.clone(), head.clone());
        Self { format: SEAL_FORMAT.to_owned(), run: run.to_owned(), runbook, events, head, signed_at }
    }

    /// Signs it.
    #[must_use]
    pub fn seal(&self, key: &SecretKey) -> Seal {
        match serde_json::to_string(self) {
            Ok(statement) => {
                let (key, signature) = (key.public().to_string(), key.sign(&statement));
                Seal { statement, key, signature }
            }
            Err(error) => crate::bug!("a claim does not serialize: {error}"),
        }
    }
}

impl Seal {
    /// The claim, once its signature holds under `key`.
    ///
    /// # Errors
    /// `SealError`, in the order of its variants.
    pub fn open(&self, key: &PublicKey) -> Result<Claim, SealError> {
        if self.key != key.to_string() {
            return Err(SealError::AnotherKey { named: self.key.clone() });
        }
        if !key.verifies(&self.statement, &self.signature) {
            return Err(SealError::Forged);
        }
        self.stated()
    }

    /// The claim, whoever made it. For showing what a seal says, never for believing it.
    ///
    /// # Errors
    /// `Newer`, `Unreadable`.
    pub fn stated(&self) -> Result<Claim, SealError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let unreadable = |error: serde_json::Error| SealError::Unreadable { why: error.to_string() };
        let head: Head = serde_json::from_str(&self.statement).map_err(unreadable)?;
        if head.format != SEAL_FORMAT {
            return Err(SealError::Newer { format: head.format });
        }
        serde_json::from_str(&self.statement).map_err(unreadable)
    }
}

/// A run as it is handed on: what it ran, its log line by line, and the seal once it has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evidence {
    /// The run's id.
    pub run: String,
    /// The runbook as JSON; its digest is what the first line follows.
    pub runbook: String,
    /// The lines, from the first on.
    pub lines: Vec<EventLine>,
    /// The seal; none of a live run, or of one that nobody could sign yet.
    pub seal: Option<Seal>,
}

impl Evidence {
    /// The runbook's digest.
    #[must_use]
    pub fn runbook_digest(&self) -> Digest {
        Digest::of(&[self.runbook.as_bytes()])
    }

    /// The digest of the last line.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.lines.last().map_or_else(|| self.runbook_digest(), |line| line.digest.clone())
    }
}
