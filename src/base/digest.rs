//! SHA-256 digests, written as 64 hexadecimal digits.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest in hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of the given parts; each is preceded by its length, so that
    /// `["ab", "c"]` and `["a", "bc"]` differ.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut text = String::with_capacity(64);
        text.extend(digits(parts).map(char::from));
        Self(text)
    }

    /// Whether it is the digest of these parts.
    #[must_use]
    pub fn is_of(&self, parts: &[&[u8]]) -> bool {
        self.0.bytes().eq(digits(parts))
    }

    /// The first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Chains of a million events are checked: a formatter for each byte would take most of it.
fn digits(parts: &[&[u8]]) -> impl Iterator<Item = u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    hasher.finalize().into_iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 15)])
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}
