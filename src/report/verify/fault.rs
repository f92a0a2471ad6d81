//! What can be wrong with evidence, in words: a stable code, the record, a sentence, one action.

use crate::source::codes::evidence as codes;
use crate::source::{Code, Diagnostic};

/// Something that is not as it was recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The stable code.
    pub code: Code,
    /// The record, where one can be named; 0 is the runbook.
    pub record: Option<u64>,
    /// A sentence.
    pub message: String,
}

impl Fault {
    pub(super) fn new(code: Code, record: Option<u64>, message: impl Into<String>) -> Self {
        Self { code, record, message: message.into() }
    }

    /// The fault with its action.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let help = [
            (
                codes::NOT_EVIDENCE,
                "name what `muster log --format jsonl` or `muster report --format html` wrote",
            ),
            (codes::EVIDENCE_VERSION, "verify it with the version that wrote it, or a later one"),
            (codes::RECORD_CHANGED, "compare it with the log of the machine that ran it, and keep both"),
            (codes::RECORD_MISSING, "compare it with the log of the machine that ran it, and keep both"),
            (codes::SEAL_WRONG, "compare it with the log of the machine that ran it, and keep both"),
            (codes::ANOTHER_KEY, "ask whoever ran it for their public key, by a way that you trust"),
            (
                codes::UNSIGNED,
                "once the run has ended, have `muster report` sign it on the machine that ran it",
            ),
            (codes::REPORT_DIFFERS, "have the report made again on the machine that ran it"),
        ];
        let found = help.into_iter().find(|(code, _)| *code == self.code);
        Diagnostic::placeless(self.code, self.message.clone()).help_if(found.map(|(_, help)| help.to_owned()))
    }
}

/// Records at the end are not there.
pub(super) fn cut_off(last: u64, wanted: u64) -> Fault {
    let message = match wanted - last {
        1 => format!("record {wanted}, the last one, is missing"),
        _ => format!("records {} to {wanted} are missing: the log was cut off", last + 1),
    };
    Fault::new(codes::RECORD_MISSING, Some(last + 1), message)
}
