//! Run ids: readable, sorted by start within a plan, unique without a random number.

use std::fmt;

use crate::base::{Digest, Timestamp};

use super::Owner;

/// What is kept of the plan's name: the whole id stays below 45 characters.
const PLAN_CHARS_MAX: usize = 24;

/// The id of a run: `erp-20261123-0600-3f2a`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The id of the `counter`-th run that `owner` starts: plan, start in UTC, four digits of a digest.
    #[must_use]
    pub fn new(plan: &str, started: Timestamp, owner: &Owner, counter: u64) -> Self {
        let digest = Digest::of(&[
            owner.to_text().as_bytes(),
            &counter.to_be_bytes(),
            &started.as_nanos().to_be_bytes(),
            plan.as_bytes(),
        ]);
        let tail = digest.as_str().get(..4).unwrap_or_default();
        Self(format!("{}-{}-{tail}", short_name(plan), minute(started)))
    }

    /// An id as it stands in an event or in the store.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Letters, digits and single dashes of the plan's name, so that an id needs no quoting in a shell.
fn short_name(plan: &str) -> String {
    let mut name = String::new();
    for c in plan.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() == PLAN_CHARS_MAX {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}

/// `20261123-0600`, from `2026-11-23T06:00:05Z`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let digits = |part: Option<&str>| -> String {
        part.unwrap_or_default().chars().filter(char::is_ascii_digit).collect()
    };
    format!("{}-{}", digits(text.get(..10)), digits(text.get(11..16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_readable_and_differ_by_counter_and_owner() {
        let at: Timestamp = "2026-11-23T06:00:05.5Z".parse().unwrap();
        let one = Owner::of("a", 7, 1);
        let id = RunId::new("ERP (prod)", at, &one, 1);
        assert_eq!(id.as_str().get(..23), Some("erp-prod-20261123-0600-"));
        assert_eq!(id.as_str().len(), 27);
        assert_ne!(id, RunId::new("ERP (prod)", at, &one, 2));
        assert_ne!(id, RunId::new("ERP (prod)", at, &Owner::of("b", 7, 1), 1));
        assert!(RunId::new("über", at, &one, 1).as_str().starts_with("ber-"));
        assert!(RunId::new("--", at, &one, 1).as_str().starts_with("run-"));
        assert!(RunId::new(&"x".repeat(300), at, &one, 1).as_str().len() < 45);
    }
}
