//! What the core wants done. The driver does it, and says by an event what came of it.

use crate::base::Timestamp;
use crate::event::{EventKind, Handle, Key};
use crate::runbook::NodeId;

/// What the core wants done.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Record that the attempt began, and only then do it.
    Begin {
        /// The node.
        node: NodeId,
        /// From 1.
        attempt: u32,
        /// Names the intent.
        key: Key,
    },
    /// Ask what became of an attempt whose outcome is not recorded.
    Resolve {
        /// The node.
        node: NodeId,
        /// The attempt.
        attempt: u32,
        /// When it began.
        since: Timestamp,
        /// Names the intent.
        key: Key,
        /// The estate's own name of it, if it was accepted.
        handle: Option<Handle>,
    },
    /// Record what follows from time and policy alone.
    Record(EventKind),
}

/// The next instant at which the core has something to do by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wake {
    /// When.
    pub at: Timestamp,
    /// Only because a person's time is up then. A virtual clock is not moved for that.
    pub person: bool,
}
