//! One line of a run log and its chained digest.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::{Digest, Timestamp};

use super::EventKind;

/// The version of event bodies that this program writes. Older ones are read for ever.
pub const EVENT_VERSION: u32 = 1;

/// What happened, and when.
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

/// By hand, for logs of a million events: `serde(flatten)` would keep every field twice on its way to the
/// kind, which keeps them once to find its tag.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Event, A::Error> {
        let (mut seq, mut at) = (None, None);
        let rest = Rest { map, seq: &mut seq, at: &mut at };
        let kind = EventKind::deserialize(MapAccessDeserializer::new(rest))?;
        let seq = seq.ok_or_else(|| A::Error::missing_field("seq"))?;
        let at = at.ok_or_else(|| A::Error::missing_field("at"))?;
        Ok(Event { seq, at, kind })
    }
}

/// The fields of the kind; those of the event itself are put aside on the way.
struct Rest<'a, A> {
    map: A,
    seq: &'a mut Option<u64>,
    at: &'a mut Option<Timestamp>,
}

/// The name of a field, as it stands in the text where it can.
#[derive(Deserialize)]
struct Name<'text>(#[serde(borrow)] Cow<'text, str>);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        loop {
            let Some(Name(name)) = self.map.next_key()? else { return Ok(None) };
            match name.as_ref() {
                "seq" => *self.seq = Some(self.map.next_value()?),
                "at" => *self.at = Some(self.map.next_value()?),
                _ => {
                    let key = match name {
                        Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
                        Cow::Owned(name) => seed.deserialize(name.into_deserializer()),
                    };
                    return key.map(Some);
                }
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
