//! The policies of recovery points and their arguments.

use super::types::{Choice, Key, Need, Type};

/// A policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInfo {
    /// Its word.
    pub word: &'static str,
    /// What a group's members get.
    pub group: &'static str,
    /// What a machine outside any group gets.
    pub vm: &'static str,
}

/// All policies, in the order of the reference.
pub const POLICIES: &[PolicyInfo] = &[
    PolicyInfo {
        word: "latest",
        group: "pending data is processed first, then each member its own newest point",
        vm: "its newest",
    },
    PolicyInfo {
        word: "latest_processed",
        group: "each its own newest processed point",
        vm: "its newest processed",
    },
    PolicyInfo {
        word: "latest_app",
        group: "each its own newest app-consistent point",
        vm: "its newest app-consistent",
    },
    PolicyInfo {
        word: "common",
        group: "the newest set that is complete, processed and usable on every member",
        vm: "its newest processed",
    },
    PolicyInfo {
        word: "common_app",
        group: "the same, app-consistent on every member",
        vm: "its newest app-consistent",
    },
    PolicyInfo { word: ID, group: "not allowed", vm: "that point: `id(\"p7\")`" },
];

/// The policy that names one point.
pub const ID: &str = "id";

/// The arguments of every policy.
pub const ARGUMENTS: &[Key] = &[
    Key::new("max_age", Type::Time, Need::Optional("any age"), "nothing older than this"),
    Key::new("as_of", Type::Instant, Need::Optional("up to the newest"), "nothing newer than this"),
    Key::new("tag", Type::Text, Need::Optional("any"), "only points that carry this tag"),
];

/// What the last rung of a ladder may be instead of a policy.
pub const ENDS: &[Choice] = &[
    Choice::new("ask", "a person chooses"),
    Choice::new("fail", "the run is refused before anything is touched; what holds if unsaid"),
];
