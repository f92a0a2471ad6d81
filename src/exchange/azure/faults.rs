//! What is found wrong with one document, all of it and at most so much of it.

use crate::base::limits;
use crate::base::words;
use crate::source::{Code, Diagnostic};

/// Findings about one document.
#[derive(Debug)]
pub(super) struct Faults {
    file: String,
    found: Vec<Diagnostic>,
}

impl Faults {
    /// None yet; `file` is what people call the document.
    pub(super) fn new(file: &str) -> Self {
        Self { file: words::clean(file), found: Vec::new() }
    }

    /// One more, as a sentence that goes on after the document's name.
    pub(super) fn push(&mut self, code: Code, says: &str, help: &str) {
        if self.found.len() < limits::EXCHANGE_ERRORS_MAX {
            let message = format!("`{}` {}", self.file, words::clean(says));
            self.found.push(Diagnostic::placeless(code, message).help(help));
        }
    }

    /// Whether anything was found.
    pub(super) const fn any(&self) -> bool {
        !self.found.is_empty()
    }

    /// All that was found.
    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// Somebody else's words as part of a sentence of ours: short, on one line, no backtick.
pub(super) fn shown(text: &str) -> String {
    words::clip(&words::clean(text).replace('`', "'"), SHOWN)
}

/// Characters of somebody else's words in one message: enough for the id of a resource.
const SHOWN: usize = 300;
