//! What is collected while a plan is resolved: findings, and which names were complained of.

use std::collections::HashSet;

use crate::base::{limits, words};
use crate::source::{Diagnostic, Span};

/// The findings of one resolution.
#[derive(Debug, Default)]
pub(super) struct Context {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    suggestions: usize,
    complained: HashSet<(&'static str, String)>,
}

impl Context {
    /// Keeps a finding; past `limits::DIAGNOSTICS_MAX` it only counts.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.is_error());
        if self.diagnostics.len() < limits::DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether anything reported is an error.
    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether a name of that sort is complained of for the first time.
    pub(super) fn first_complaint(&mut self, what: &'static str, name: &str) -> bool {
        self.complained.len() < limits::DIAGNOSTICS_MAX && self.complained.insert((what, name.to_owned()))
    }

    /// Begins another plan, whose names are its own.
    pub(super) fn forget_complaints(&mut self) {
        self.complained.clear();
    }

    /// ``did you mean `x`?`` among many names; nothing once `limits::SUGGESTIONS_MAX` were made.
    pub(super) fn nearest<'n>(
        &mut self,
        wrong: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Option<String> {
        if self.suggestions >= limits::SUGGESTIONS_MAX {
            return None;
        }
        self.suggestions += 1;
        words::did_you_mean(wrong, known)
    }

    /// All findings in source order, each once.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut found = self.diagnostics;
        let place = |diagnostic: &Diagnostic| diagnostic.labels.first().map(|label| label.span);
        found.sort_by(|a, b| order(place(a)).cmp(&order(place(b))).then_with(|| a.code.cmp(&b.code)));
        found.dedup();
        found
    }
}

/// What has no place comes first.
fn order(span: Option<Span>) -> (bool, Option<Span>) {
    (span.is_some(), span)
}
