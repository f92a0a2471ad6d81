//! What a report has to say besides success: skips, tolerated failures, lower rungs, no fence.

use serde::Serialize;

use crate::base::Timestamp;

/// An exception. A run that has one ends as completed-with-exceptions at best.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Exception {
    /// When.
    pub at: Timestamp,
    /// The step or subject.
    pub about: String,
    /// A sentence.
    pub what: String,
}
