//! A rehearsal as it is shown: what was rehearsed and what came of it in, text and JSON out. The timeline of a
//! single run is told by the same reader as a live one.

mod json;
mod text;
mod timeline;

use crate::rehearse::{Fault, Played, Scene, Singles, Study};

pub use json::json;
pub use text::text;

use super::words::quoted;

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// The stage.
    pub scene: &'a Scene,
    /// The digest of a frozen runbook; one that was compiled for this once has none to speak of.
    pub digest: Option<&'a str>,
    /// The faults told, beside those of the estate.
    pub faults: &'a [Fault],
    /// The faults of the estate that were rehearsed too.
    pub estate_faults: &'a [Fault],
    /// The faults of the estate that a rehearsal does not know.
    pub left_out: &'a [String],
    /// How many earlier runs the lengths were read from.
    pub past_runs: usize,
    /// The runs.
    pub study: &'a Study,
    /// The single faults, if they were tried.
    pub singles: Option<&'a Singles>,
    /// The run, if there was only one.
    pub played: Option<&'a Played>,
    /// The command, without what a replay says itself.
    pub command: &'a [String],
}

impl Rehearsal<'_> {
    /// The command that shows one run of this rehearsal again.
    fn replay(&self, seed: u64, fault: Option<&Fault>) -> String {
        let mut words: Vec<String> = self.command.iter().map(|word| quoted(word)).collect();
        words.push(format!("--runs 1 --seed {seed}"));
        words.extend(fault.map(|fault| format!("--fault {}", quoted(&fault.to_string()))));
        words.join(" ")
    }
}

/// Where lengths come from, as a stable word.
const fn source_word(source: crate::rehearse::Source) -> &'static str {
    use crate::rehearse::Source;
    match source {
        Source::SaidStep => "said_step",
        Source::SaidKind => "said_kind",
        Source::SaidAnswer => "said_answer",
        Source::PastStep => "past_step",
        Source::PastKind => "past_kind",
        Source::Estate => "estate",
        Source::Guess => "guess",
        Source::Bound => "upper_bound",
        Source::Nothing => "nothing",
    }
}
