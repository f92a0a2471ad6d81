//! Reads events. Those that fill run logs are read field by field, for a log of a million of them is read
//! before its run goes on; all others as their type says. The order of the fields is free.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Error, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::base::Timestamp;

use super::{Event, EventKind};

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
        let kind = kind(Rest { map, seq: &mut seq, at: &mut at, read: None })?;
        let seq = seq.ok_or_else(|| A::Error::missing_field("seq"))?;
        let at = at.ok_or_else(|| A::Error::missing_field("at"))?;
        Ok(Event { seq, at, kind })
    }
}

/// Reads these fields of a kind in any order; the second ones may be left away.
macro_rules! fields {
    ($rest:ident, $kind:ident { $($field:ident),* } { $($may:ident),* }) => {{
        $(let mut $field = None;)*
        $(let mut $may = None;)*
        while let Some(name) = $rest.next_key::<Text<'_>>()? {
            match name.0.as_ref() {
                $(stringify!($field) => $field = Some($rest.next_value()?),)*
                $(stringify!($may) => $may = Some($rest.next_value()?),)*
                _ => drop($rest.next_value::<IgnoredAny>()?),
            }
        }
        EventKind::$kind {
            $($field: $field.ok_or_else(|| A::Error::missing_field(stringify!($field)))?,)*
            $($may: $may.unwrap_or_default(),)*
        }
    }};
}

/// What happened. As written, the kind's name comes before its fields.
fn kind<'de, A: MapAccess<'de>>(mut rest: Rest<'_, 'de, A>) -> Result<EventKind, A::Error> {
    match rest.next_key::<Text<'_>>()? {
        Some(name) if name.0 == "event" => {
            let kind: Text<'_> = rest.next_value()?;
            Ok(match kind.0.as_ref() {
                "step_started" => fields!(rest, StepStarted { node, attempt, key } {}),
                "operation_accepted" => fields!(rest, OperationAccepted { node, handle } {}),
                "step_succeeded" => fields!(rest, StepSucceeded { node, detail } { found }),
                "step_failed" => {
                    fields!(rest, StepFailed { node, code, message, retryable, timed_out } { output })
                }
                _ => {
                    rest.read = Some(Read::Kind(kind));
                    EventKind::deserialize(MapAccessDeserializer::new(rest))?
                }
            })
        }
        Some(name) => {
            rest.read = Some(Read::Name(name));
            EventKind::deserialize(MapAccessDeserializer::new(rest))
        }
        None => Err(A::Error::missing_field("event")),
    }
}

/// The fields of the kind; those of the event itself are put aside on the way.
struct Rest<'a, 'de, A> {
    map: A,
    seq: &'a mut Option<u64>,
    at: &'a mut Option<Timestamp>,
    /// What was read already and is to be read again.
    read: Option<Read<'de>>,
}

enum Read<'de> {
    /// The name of a field.
    Name(Text<'de>),
    /// The kind's name, as a whole field.
    Kind(Text<'de>),
    /// The kind's name, after that of the field.
    Value(Text<'de>),
}

/// A text, as it stands in the document where it can.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'text>(#[serde(borrow)] Cow<'text, str>);

impl<'de> Text<'de> {
    fn give<S: DeserializeSeed<'de>, E: Error>(self, seed: S) -> Result<S::Value, E> {
        match self.0 {
            Cow::Borrowed(text) => seed.deserialize(BorrowedStrDeserializer::new(text)),
            Cow::Owned(text) => seed.deserialize(text.into_deserializer()),
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.read.take() {
            Some(Read::Name(name)) => return name.give(seed).map(Some),
            Some(Read::Kind(kind)) => {
                self.read = Some(Read::Value(kind));
                return Text(Cow::Borrowed("event")).give(seed).map(Some);
            }
            Some(Read::Value(_)) | None => {}
        }
        loop {
            let Some(name) = self.map.next_key::<Text<'de>>()? else { return Ok(None) };
            match name.0.as_ref() {
                "seq" => *self.seq = Some(self.map.next_value()?),
                "at" => *self.at = Some(self.map.next_value()?),
                _ => return name.give(seed).map(Some),
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.read.take() {
            Some(Read::Value(kind)) => kind.give(seed),
            Some(Read::Name(_) | Read::Kind(_)) | None => self.map.next_value_seed(seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind that is read field by field, and others.
    const EVENTS: [&str; 7] = [
        r#"{"seq":1,"at":"2026-11-23T06:00:00Z","event":"step_started","node":3,"attempt":2,"key":"ab\"c"}"#,
        r#"{"seq":2,"at":"2026-11-23T06:00:00.5Z","event":"operation_accepted","node":3,"handle":"jobs/7"}"#,
        r#"{"seq":3,"at":"2026-11-23T06:00:01Z","event":"step_succeeded","node":3,"detail":{"note":"up"},"found":true}"#,
        r#"{"seq":4,"at":"2026-11-23T06:00:01Z","event":"step_succeeded","node":3,"detail":{}}"#,
        r#"{"seq":5,"at":"2026-11-23T06:00:02Z","event":"step_failed","node":3,"code":"busy","message":"not now","retryable":true,"timed_out":false,"output":"output/x"}"#,
        r#"{"seq":6,"at":"2026-11-23T06:00:02Z","event":"answer_lost","node":3,"message":"no answer"}"#,
        r#"{"seq":7,"at":"2026-11-23T06:00:03Z","event":"clock_set_back","shows":"2026-11-23T05:00:03Z"}"#,
    ];

    #[test]
    fn every_event_is_read_alike_whatever_the_order_of_its_fields() {
        for text in EVENTS {
            let event: Event = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
            let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
            let fields: Vec<_> = value.into_iter().collect();
            for first in 0..fields.len() {
                let mut turned = fields.clone();
                turned.rotate_left(first);
                turned.push(("of_a_later_version".to_owned(), serde_json::json!({ "a": [1] })));
                let turned: serde_json::Map<_, _> = turned.into_iter().collect();
                let text = serde_json::to_string(&turned).unwrap();
                assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
                assert_eq!(serde_json::from_value::<Event>(turned.into()).unwrap(), event, "{text}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for text in EVENTS {
            let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
            for name in value.keys().filter(|name| !["found", "output"].contains(&name.as_str())) {
                let mut less = value.clone();
                less.shift_remove(name);
                let error = serde_json::from_value::<Event>(less.into()).unwrap_err();
                assert!(error.to_string().contains(&format!("missing field `{name}`")), "{name}: {error}");
            }
        }
        let other = r#"{"seq":1,"at":"2026-11-23T06:00:00Z","event":"step_danced","node":3}"#;
        let error = serde_json::from_str::<Event>(other).unwrap_err();
        assert!(error.to_string().contains("unknown variant `step_danced`"), "{error}");
    }
}
