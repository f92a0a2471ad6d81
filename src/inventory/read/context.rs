//! Where the reader stands in the document, and what it found wrong so far.
//! Turns places into words such as `vms.sql01.points[3]`; knows no JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::base::Timestamp;
use crate::base::limits::{INVENTORY_ERRORS_MAX, NAME_CHARS_MAX};
use crate::base::words::{did_you_mean, either, nearest};
use crate::source::codes::estate;
use crate::source::{Code, Diagnostic};

use super::shape::Scalar;

/// One step down into the document.
#[derive(Debug)]
pub(super) enum Segment {
    /// The value of a key.
    Key(Cow<'static, str>),
    /// An element of a list.
    Index(usize),
}

/// The reader's place and findings.
#[derive(Debug)]
pub(super) struct Context<'f> {
    file: &'f str,
    place: Vec<Segment>,
    found: Vec<Diagnostic>,
    /// Fields that a misspelt one beside them stands for, by their places: one mistake is said once.
    misspelt: Vec<String>,
}

/// A text for a message: no control characters, so that it stays one line.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

impl<'f> Context<'f> {
    pub(super) const fn new(file: &'f str) -> Self {
        Self { file, place: Vec::new(), found: Vec::new(), misspelt: Vec::new() }
    }

    pub(super) fn enter(&mut self, segment: Segment) {
        self.place.push(segment);
    }

    pub(super) fn leave(&mut self) {
        self.place.pop();
    }

    /// Whether so much is wrong that reading on helps no one.
    pub(super) const fn gave_up(&self) -> bool {
        self.found.len() >= INVENTORY_ERRORS_MAX
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Forgets all but one finding, which explains the others.
    pub(super) fn only(&mut self, diagnostic: Diagnostic) {
        self.found = vec![diagnostic];
    }

    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    pub(super) const fn file(&self) -> &'f str {
        self.file
    }

    /// The place in words; `field` is one step further down, unless empty.
    pub(super) fn place(&self, field: &str) -> String {
        let mut text = String::new();
        for segment in &self.place {
            match segment {
                Segment::Key(key) => push_key(&mut text, key),
                Segment::Index(index) => {
                    // INVARIANT: writing to a String does not fail.
                    let _ok = write!(text, "[{index}]");
                }
            }
        }
        if !field.is_empty() {
            push_key(&mut text, field);
        }
        if text.is_empty() { "the top".to_owned() } else { format!("`{text}`") }
    }

    /// Records that something is wrong; the message is begun with the file's name.
    pub(super) fn refuse(&mut self, code: Code, message: &str, help: Option<String>) {
        if !self.gave_up() {
            let message = format!("in inventory `{}`, {message}", clean(self.file));
            self.found.push(Diagnostic::placeless(code, message).help_if(help));
        }
    }

    pub(super) fn unknown_field(&mut self, key: &str, known: &[&str]) {
        let message = format!("the field `{}` at {} is unknown", clean(key), self.place(""));
        if let [meant] = nearest(key, known.iter().copied()).as_slice() {
            self.misspelt.push(self.place(meant));
        }
        let help = did_you_mean(key, known.iter().copied())
            .unwrap_or_else(|| format!("remove it; known here: {}", known.join(", ")));
        self.refuse(estate::INVENTORY_UNKNOWN_FIELD, &message, Some(help));
    }

    pub(super) fn twice(&mut self, key: &str) {
        let message = format!("{} is given twice", self.place(key));
        self.refuse(estate::INVENTORY_FIELD_TWICE, &message, Some("keep one of them".to_owned()));
    }

    pub(super) fn missing(&mut self, field: &str) {
        if self.misspelt.contains(&self.place(field)) {
            return;
        }
        let message = format!("the field `{field}` is missing at {}", self.place(""));
        self.refuse(estate::INVENTORY_FIELD_MISSING, &message, Some(format!("add `{field}`")));
    }

    pub(super) fn wrong(&mut self, field: &str, got: &str, wanted: &str) {
        let message = format!("{} is {got}, not {wanted}", self.place(field));
        self.refuse(estate::INVENTORY_WRONG_VALUE, &message, Some(format!("write {wanted}")));
    }

    /// A text, or nothing after saying why.
    pub(super) fn text<'de>(&mut self, field: &str, value: Scalar<'de>) -> Option<Cow<'de, str>> {
        if let Scalar::Text(text) = value {
            return Some(text);
        }
        self.wrong(field, value.kind(), "a text");
        None
    }

    /// A name: a text that is neither empty, nor endless, nor carries control characters.
    pub(super) fn name<'de>(&mut self, field: &str, value: Scalar<'de>) -> Option<Cow<'de, str>> {
        let text = self.text(field, value)?;
        let Some(fault) = name_fault(&text) else { return Some(text) };
        let message = format!("{} {fault}", self.place(field));
        self.refuse(estate::INVENTORY_BAD_NAME, &message, Some(format!("give `{field}` a name, or null")));
        None
    }

    /// A boolean, or nothing after saying why.
    pub(super) fn flag(&mut self, field: &str, value: &Scalar<'_>) -> Option<bool> {
        if let Scalar::Bool(flag) = value {
            return Some(*flag);
        }
        self.wrong(field, value.kind(), "true or false");
        None
    }

    /// An instant, or nothing after saying why.
    pub(super) fn instant(&mut self, field: &str, value: &Scalar<'_>) -> Option<Timestamp> {
        let Scalar::Text(text) = value else {
            self.wrong(field, value.kind(), "an instant such as `2026-11-23T06:00:00Z`");
            return None;
        };
        match text.parse() {
            Ok(at) => Some(at),
            Err(why) => {
                let message = format!("{}: {}", self.place(field), clean(&why));
                let help = "write an RFC 3339 instant such as `2026-11-23T06:00:00Z`".to_owned();
                self.refuse(estate::INVENTORY_WRONG_VALUE, &message, Some(help));
                None
            }
        }
    }

    /// One of a few words, or nothing after saying why.
    pub(super) fn word<T: Copy>(
        &mut self,
        field: &str,
        value: &Scalar<'_>,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let known = || words.iter().map(|(word, _)| *word);
        let all = || either(&known().collect::<Vec<_>>(), words.len());
        let Scalar::Text(text) = value else {
            self.wrong(field, value.kind(), &all());
            return None;
        };
        if let Some((_, found)) = words.iter().find(|(word, _)| word == text) {
            return Some(*found);
        }
        let message = format!("{} is `{}`, not {}", self.place(field), clean(text), all());
        let help = did_you_mean(text, known()).unwrap_or_else(|| format!("write {}", all()));
        self.refuse(estate::INVENTORY_WRONG_VALUE, &message, Some(help));
        None
    }
}

/// What is wrong with a name, if anything.
pub(super) fn name_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if text.len() > NAME_CHARS_MAX && text.chars().count() > NAME_CHARS_MAX {
        Some("is longer than 256 characters")
    } else if text.chars().any(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
}

fn push_key(text: &mut String, key: &str) {
    if !text.is_empty() {
        text.push('.');
    }
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain {
        text.push_str(key);
    } else {
        text.push('"');
        text.push_str(&clean(key));
        text.push('"');
    }
}
