//! Durations that a person states: JSON text in, `muster.durations/1` checked, or what is wrong with it.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::base::limits;
use crate::base::time::{format_duration, parse_duration};
use crate::base::words::{did_you_mean, json};
use crate::event::Lasts;
use crate::runbook::{Act, Runbook};
use crate::source::codes::rehearse as codes;
use crate::source::{Diagnostic, Severity};

use super::kind::KINDS;

/// The format's name.
pub const FORMAT: &str = "muster.durations/1";

/// Durations as stated.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// By kind.
    pub kinds: IndexMap<String, Lasts>,
    /// By the step's name.
    pub steps: IndexMap<String, Lasts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    #[serde(default)]
    kinds: Once,
    #[serde(default)]
    steps: Once,
}

/// An object whose keys stand once: of two values for one name nobody knows which is meant.
#[derive(Default)]
struct Once(IndexMap<String, Value>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Once;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("map")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
                let mut found = IndexMap::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if found.insert(key.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("`{key}` stands twice")));
                    }
                }
                Ok(Once(found))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// Reads the text of a file called `name`. What is only strange comes beside it as warnings: a step that this
/// runbook does not have.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(name: &str, text: &str, runbook: &Runbook) -> Result<(Said, Vec<Diagnostic>), Vec<Diagnostic>> {
    let wrong = |what: String, help: &str| {
        Diagnostic::placeless(codes::DURATIONS, format!("durations `{name}`: {what}")).help(help)
    };
    let document: Document = serde_json::from_str(text)
        .map_err(|error| vec![wrong(json(&error), "write it as `muster explain MP0903` shows")])?;
    if document.format != FORMAT {
        let what = format!("its format is `{}`, not `{FORMAT}`", document.format);
        return Err(vec![wrong(what, "begin it with `\"format\": \"muster.durations/1\"`")]);
    }
    let mut said = Said::default();
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for (key, value) in document.kinds.0 {
        if !KINDS.contains(&key.as_str()) {
            let known = || did_you_mean(&key, KINDS);
            let help =
                known().unwrap_or_else(|| format!("say one of {}", crate::base::words::list(&KINDS, 19)));
            errors.push(wrong(format!("`{key}` is no kind of step"), &help));
        }
        match lasts(&value) {
            Ok(lasts) => drop(said.kinds.insert(key, lasts)),
            Err((what, help)) => errors.push(wrong(format!("`{key}` {what}"), help)),
        }
    }
    let steps = || runbook.nodes.iter().filter(|node| node.act != Act::Join).map(|node| node.name.as_str());
    for (key, value) in document.steps.0 {
        if !steps().any(|step| step == key) {
            let message = format!("durations `{name}` name step `{key}`, which this runbook does not have");
            let warning = Diagnostic::placeless(codes::FAULT_NAME, message)
                .help("leave it away where no other runbook has it")
                .help_if(did_you_mean(&key, steps()));
            warnings.push(Diagnostic { severity: Severity::Warning, ..warning });
        }
        match lasts(&value) {
            Ok(lasts) => drop(said.steps.insert(key, lasts)),
            Err((what, help)) => errors.push(wrong(format!("`{key}` {what}"), help)),
        }
    }
    if errors.is_empty() { Ok((said, warnings)) } else { Err(errors) }
}

type Wrong = (String, &'static str);

/// `"4m"`; `["2m", "6m"]`, from and to; a longer list, as it was seen.
fn lasts(value: &Value) -> Result<Lasts, Wrong> {
    match value {
        Value::String(text) => duration(text).map(Lasts::Exactly),
        Value::Array(items) => {
            let all: Vec<Duration> = items
                .iter()
                .map(|item| match item {
                    Value::String(text) => duration(text),
                    other => Err((format!("holds {other}, which is no text"), "write `\"90s\"`")),
                })
                .collect::<Result<_, _>>()?;
            match all.as_slice() {
                [] => Err(("is an empty list".to_owned(), "say at least one duration")),
                [one] => Ok(Lasts::Exactly(*one)),
                [least, most] if least > most => Err((
                    format!("goes from {} to {}", format_duration(*least), format_duration(*most)),
                    "put the shorter one first; two are from and to, more are samples",
                )),
                [least, most] => Ok(Lasts::Between(*least, *most)),
                samples if samples.len() > limits::SAMPLES_MAX => Err((
                    format!("has {} samples, {} are read", samples.len(), limits::SAMPLES_MAX),
                    "keep the latest ones",
                )),
                [..] => Ok(Lasts::AsSeen(all)),
            }
        }
        other => Err((format!("is {other}, which is no duration"), "write `\"90s\"` or `[\"1m\", \"3m\"]`")),
    }
}

fn duration(text: &str) -> Result<Duration, Wrong> {
    let read =
        parse_duration(text).map_err(|what| (format!("says {what}"), "write `\"90s\"` or `\"1h30m\"`"))?;
    if read > limits::WAIT_MAX {
        let most = format_duration(limits::WAIT_MAX);
        return Err((format!("lasts {text}, and nothing waits longer than {most}"), "say a shorter one"));
    }
    Ok(read)
}
