//! Which blocks and keys exist, their types, defaults and one-line documentation, and what each
//! provider can do. Pure data: no syntax, no model; checking, help and the reference read it.

pub mod blocks;
pub mod holes;
pub mod policies;
pub mod provider;
mod reference;
pub mod steps;
pub mod types;

pub use provider::{ByDirection, Capabilities, Limits, Provider};
pub use reference::reference;
pub use types::{Choice, Key, Kind, Labels, Need, OneOf, Open, Type};

/// Every kind of block that is not a provider's own, in the order of the reference.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    blocks::FILE.iter().chain(blocks::PLAN).chain(steps::STEPS).chain(steps::PARTS)
}

/// The kind of a word that may stand in `parent` (`file` for the file itself).
#[must_use]
pub fn kind_in(parent: &str, word: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.word == word && kind.places.contains(&parent))
}

/// The kind of a word, wherever it may stand.
#[must_use]
pub fn kind(word: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.word == word)
}

/// The words of the kinds that may stand in `parent`, in the order of the reference.
pub fn words_in(parent: &str) -> impl Iterator<Item = &'static str> {
    kinds().filter(move |kind| kind.places.contains(&parent)).map(|kind| kind.word)
}

/// Names that no machine, group or step may have: nodes of every graph, and what `${run.id}` needs.
pub const RESERVED_NODES: &[&str] = &["commit", "reprotect", "cleanup", "run"];

/// Names that no site may have: a network's or an address' entry for tests.
pub const RESERVED_SITES: &[&str] = &["test"];
