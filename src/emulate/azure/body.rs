//! Reads the bodies of requests: required fields, words of enumerations, texts that look like booleans. Pure.

use serde_json::{Map, Value};

use super::answer::{Refusal, bad_field, wrong};
use super::ask::Ask;
use super::job::Way;

/// An object of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    /// Where it stands, for messages: `properties`.
    place: &'a str,
    map: Option<&'a Map<String, Value>>,
}

/// The object `properties`, in which every body is wrapped.
///
/// # Errors
/// There is no body, or it is not wrapped so.
pub(super) fn properties(ask: &Ask) -> Result<Fields<'_>, Refusal> {
    let body = ask.body.as_ref().and_then(Value::as_object);
    let map = body.and_then(|body| body.get("properties")).and_then(Value::as_object);
    match map {
        Some(map) => Ok(Fields { place: "properties", map: Some(map) }),
        None => Err(wrong("InvalidRequestContent", "The request body must have an object 'properties'.")),
    }
}

/// As `properties`, where all of the body may be left out.
pub(super) fn properties_if_any(ask: &Ask) -> Fields<'_> {
    properties(ask).unwrap_or(Fields { place: "properties", map: None })
}

impl<'a> Fields<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.map.and_then(|map| map.get(name)).filter(|value| !value.is_null())
    }

    /// A text, where there is one.
    ///
    /// # Errors
    /// It is no text.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad_field(format!("'{}.{name}' must be a string.", self.place))),
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// It is not there, empty, or no text.
    pub(super) fn required(self, name: &str) -> Result<&'a str, Refusal> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| bad_field(format!("'{}.{name}' is required.", self.place)))
    }

    /// A text that is one of some words. (i) Compared without case.
    ///
    /// # Errors
    /// It is none of them.
    pub(super) fn word(self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = words.iter().find(|word| word.eq_ignore_ascii_case(text)).copied();
        known.map(Some).ok_or_else(|| {
            let all = words.join(", ");
            bad_field(format!("'{text}' is no value of '{}.{name}', which takes: {all}.", self.place))
        })
    }

    /// As `word`, where it has to be there.
    ///
    /// # Errors
    /// It is not there, or none of them.
    pub(super) fn required_word(self, name: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
        self.required(name)?;
        let word = self.word(name, words)?;
        word.ok_or_else(|| bad_field(format!("'{}.{name}' is required.", self.place)))
    }

    /// A text that looks like a boolean. (i) Which texts the service takes is not documented.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, Refusal> {
        Ok(self.word(name, &["True", "False"])?.map(|word| word == "True"))
    }

    /// An object in it.
    ///
    /// # Errors
    /// It is there and no object.
    pub(super) fn object(self, name: &'a str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields { place: name, map: Some(map) })),
            Some(_) => Err(bad_field(format!("'{}.{name}' must be an object.", self.place))),
        }
    }

    /// The objects of an array in it; none where it is left out.
    ///
    /// # Errors
    /// It is no array of objects.
    pub(super) fn objects(self, name: &'a str) -> Result<Vec<Fields<'a>>, Refusal> {
        let wrong = || bad_field(format!("'{}.{name}' must be an array of objects.", self.place));
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let entries = value.as_array().ok_or_else(wrong)?;
        let object = |entry: &'a Value| {
            entry.as_object().map(|map| Fields { place: name, map: Some(map) }).ok_or_else(wrong)
        };
        entries.iter().map(object).collect()
    }

    /// The texts of an array in it.
    ///
    /// # Errors
    /// It is not there, or no array of texts.
    pub(super) fn texts(self, name: &str) -> Result<Vec<String>, Refusal> {
        let texts = self.get(name).and_then(Value::as_array).and_then(|entries| {
            entries.iter().map(|entry| entry.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        texts.ok_or_else(|| bad_field(format!("'{}.{name}' must be an array of strings.", self.place)))
    }

    /// Itself as it came.
    pub(super) fn whole(self) -> Value {
        Value::Object(self.map.cloned().unwrap_or_default())
    }

    /// Whether an entry is there, also as null.
    pub(super) fn has(self, name: &str) -> bool {
        self.map.is_some_and(|map| map.contains_key(name))
    }

    /// Which way a failover is to go; none where that is left to the item.
    ///
    /// # Errors
    /// The word is neither.
    pub(super) fn way(self) -> Result<Option<Way>, Refusal> {
        let words = [Way::Forward.word(), Way::Back.word()];
        let word = self.word("failoverDirection", &words)?;
        Ok(word.map(|word| if word == Way::Forward.word() { Way::Forward } else { Way::Back }))
    }

    /// The provider's part of an item's request, if it is of the type wanted.
    ///
    /// # Errors
    /// It is missing, or of another type.
    pub(super) fn provider(self, wanted: &str) -> Result<Fields<'a>, Refusal> {
        let details = self.object("providerSpecificDetails")?;
        let missing = || bad_field(format!("'{}.providerSpecificDetails' is required.", self.place));
        let details = details.ok_or_else(missing)?;
        details.of_type(wanted)?;
        Ok(details)
    }

    /// Whether its `instanceType` is the one wanted.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn of_type(self, wanted: &str) -> Result<(), Refusal> {
        let found = self.required("instanceType")?;
        // (i) Discriminators are compared with their case.
        if found == wanted {
            return Ok(());
        }
        let message = format!("The instance type '{found}' does not belong here; '{wanted}' does.");
        Err(wrong("InvalidInstanceType", message))
    }
}
