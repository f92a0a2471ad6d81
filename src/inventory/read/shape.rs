//! The forms a JSON value can take, so that a value of the wrong form is named and skipped rather than
//! stopping the reader.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// A value that holds no others; lists and objects are skipped and only named.
#[derive(Debug)]
pub(super) enum Scalar<'de> {
    Null,
    Bool(bool),
    Count(u64),
    Number,
    Text(Cow<'de, str>),
    List,
    Object,
}

impl Scalar<'_> {
    /// Nothing where null stands, else the value.
    pub(super) fn or_null(self) -> Option<Self> {
        if matches!(self, Self::Null) { None } else { Some(self) }
    }

    /// What it is, in words.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Count(_) | Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// Something built from a list or an object.
pub(super) trait Shape<'de>: Sized {
    /// What is built.
    type Out;

    /// Another form stood there.
    fn wrong(self, got: &'static str) -> Self::Out;

    /// An object stood there.
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Out, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.wrong("an object"))
    }

    /// A list stood there.
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Out, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.wrong("a list"))
    }
}

/// Reads a `Shape` from whatever stands there.
#[derive(Debug)]
pub(super) struct Shaped<S>(pub(super) S);

impl<'de, S: Shape<'de>> DeserializeSeed<'de> for Shaped<S> {
    type Value = S::Out;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Out, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Shape<'de>> Visitor<'de> for Shaped<S> {
    type Value = S::Out;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<S::Out, E> {
        Ok(self.0.wrong("a boolean"))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<S::Out, E> {
        Ok(self.0.wrong("a number"))
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<S::Out, E> {
        Ok(self.0.wrong("a number"))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<S::Out, E> {
        Ok(self.0.wrong("a number"))
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<S::Out, E> {
        Ok(self.0.wrong("a text"))
    }
    fn visit_unit<E: Error>(self) -> Result<S::Out, E> {
        Ok(self.0.wrong("null"))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Out, A::Error> {
        self.0.map(map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<S::Out, A::Error> {
        self.0.seq(seq)
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar<'de>, E> {
        Ok(u64::try_from(value).map_or(Scalar::Number, Scalar::Count))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Count(value))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number)
    }
    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Object)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::List)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Debug)]
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(ScalarVisitor)? {
            Scalar::Text(text) => Ok(Self(text)),
            Scalar::Null
            | Scalar::Bool(_)
            | Scalar::Count(_)
            | Scalar::Number
            | Scalar::List
            | Scalar::Object => Err(D::Error::custom("key must be a string")),
        }
    }
}

/// Stops the reader because too much is wrong.
pub(super) fn stop<E: Error>() -> E {
    E::custom("too much is wrong")
}
