//! One line of a run log and its chained digest.

use serde::Serialize;

use crate::base::{Digest, Timestamp};

use super::EventKind;

/// The version of event bodies that this program writes. Older ones are read for ever.
pub const EVENT_VERSION: u32 = 1;

/// What happened, and when. Read in `read.rs`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Event {
    /// Its place in the run log, from 1.
    pub seq: u64,
    /// When, by the estate's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// An event as stored: its JSON, and the digest over the digest before it and this JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventLine {
    /// Its place in the run log, from 1.
    pub seq: u64,
    /// The event as JSON.
    pub body: String,
    /// The chained digest.
    pub digest: Digest,
}

impl Event {
    /// The line that follows one with the digest `before` (the runbook's digest, for the first).
    #[must_use]
    pub fn line(&self, before: &Digest) -> EventLine {
        match serde_json::to_string(self) {
            Ok(body) => {
                let digest = Digest::of(&[before.as_str().as_bytes(), body.as_bytes()]);
                EventLine { seq: self.seq, body, digest }
            }
            Err(error) => crate::bug!("an event does not serialize: {error}"),
        }
    }
}

impl EventLine {
    /// Checks its digest against the one before.
    ///
    /// # Errors
    /// One lowercase sentence: the chain is broken.
    pub fn follows(&self, before: &Digest) -> Result<(), String> {
        if self.digest.is_of(&[before.as_str().as_bytes(), self.body.as_bytes()]) {
            Ok(())
        } else {
            Err(format!("event {} does not fit the digest of the one before it", self.seq))
        }
    }

    /// The event of a line that was checked.
    ///
    /// # Errors
    /// One lowercase sentence: the body is no event of a known version.
    pub fn event(&self) -> Result<Event, String> {
        let event: Event = serde_json::from_str(&self.body)
            .map_err(|error| format!("event {} cannot be read: {error}", self.seq))?;
        if event.seq == self.seq {
            Ok(event)
        } else {
            Err(format!("event {} says it is event {}", self.seq, event.seq))
        }
    }

    /// Checks it and reads the event.
    ///
    /// # Errors
    /// As `follows` and `event`.
    pub fn read(&self, before: &Digest) -> Result<Event, String> {
        self.follows(before)?;
        self.event()
    }
}
