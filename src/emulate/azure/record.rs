//! Writes down each request with its answer, one JSON line each, without what proves who asked: it is what is
//! held against the API's description.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::answer::Answer;

/// Headers of an answer that the description may say something of.
const OF_INTEREST: &[&str] = &["azure-asyncoperation", "location", "retry-after"];

/// The file.
#[derive(Debug)]
pub(super) struct Recorder(Option<File>);

impl Recorder {
    /// Appends to a file, or writes nothing.
    ///
    /// # Errors
    /// The file does not open, in words.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.map(|file| Self(Some(file))).map_err(|error| crate::base::words::system(&error))
    }

    /// Writes a line. What cannot be written is left out: an answer matters more than its record.
    pub(super) fn write(&mut self, method: &str, target: &str, body: Option<&Value>, answer: &Answer) {
        let Some(file) = &mut self.0 else { return };
        let headers: serde_json::Map<String, Value> = answer
            .headers
            .iter()
            .filter(|(name, _)| OF_INTEREST.contains(name))
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        let line = json!({
            "method": method,
            "path": target,
            "request": body,
            "status": answer.status,
            "headers": headers,
            "body": answer.body,
        });
        drop(writeln!(file, "{line}"));
    }
}
