//! Ids of Azure's resources: paths that are the same whatever the case of their letters.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A resource's id, as the service wrote it; compared without regard to case, as Azure does.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ArmId(String);

impl ArmId {
    /// An id as written.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last segment: the resource's own name.
    pub(super) fn name(&self) -> &str {
        self.0.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// The segment after one of this name, as the fabric after `replicationFabrics`.
    pub(super) fn after(&self, word: &str) -> Option<&str> {
        let mut segments = self.0.split('/');
        segments.find(|segment| segment.eq_ignore_ascii_case(word))?;
        segments.next().filter(|segment| !segment.is_empty())
    }

    /// Whether every segment is a plain one: nothing that would lead a path elsewhere.
    pub(super) fn is_plain(&self) -> bool {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.() ".contains(c);
        self.0.len() <= 2048
            && self.0.strip_prefix('/').is_some_and(|rest| {
                rest.split('/').all(|part| !part.is_empty() && part.chars().all(fits) && part != "..")
            })
    }
}

impl PartialEq for ArmId {
    fn eq(&self, other: &Self) -> bool {
        self.0.trim_end_matches('/').eq_ignore_ascii_case(other.0.trim_end_matches('/'))
    }
}

impl Eq for ArmId {}

impl fmt::Debug for ArmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ArmId;

    #[test]
    fn ids_are_equal_whatever_their_case_and_tell_their_parts() {
        let one = ArmId::new("/Subscriptions/A/resourceGroups/rg/x/Vaults/v/replicationFabrics/f1/items/I-7");
        let other =
            ArmId::new("/subscriptions/a/resourcegroups/RG/X/vaults/V/replicationfabrics/F1/items/i-7/");
        assert_eq!(one, other);
        assert_eq!(one.after("replicationFabrics"), Some("f1"));
        assert_eq!((one.name(), other.name()), ("I-7", "i-7"));
        assert_ne!(one, ArmId::new("/subscriptions/a"));
        assert!(one.is_plain());
        for wrong in ["/a/../b", "a/b", "/a//b", "/a/b?x=1", "/a/%2e"] {
            assert!(!ArmId::new(wrong).is_plain(), "{wrong}");
        }
    }
}
