//! Canonical text of a plan: tree and comments in, text out. Refuses rather than harms: what it gives
//! says the same and keeps every comment, or it gives nothing. Knows no kind and no key.

mod inline;
mod layout;
mod print;

use crate::base::Id as _;
use crate::source::{Diagnostic, FileId};
use crate::syntax::ast::File;
use crate::syntax::{parse, same_tree, scan};

/// Why a text was not formatted; it stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It has syntax errors. Spans are in file 0 and in the text without its byte-order mark.
    #[error("the file has syntax errors")]
    Syntax(Vec<Diagnostic>),
    /// The formatter's own text would say something else: a bug, caught before it did harm.
    #[error("the formatted text would not say the same, so the file stays as it is")]
    TreeChanged,
    /// The formatter would have lost or changed a comment: a bug, caught before it did harm.
    #[error("the formatted text would lose a comment, so the file stays as it is")]
    CommentLost,
}

/// The canonical form of a plan: two spaces a level, 100 columns, `=` and `{` of neighbouring lines
/// aligned, one blank line at most, no carriage return and no byte-order mark. What was written on
/// one line stays there if it fits; the order of statements never changes.
///
/// # Errors
/// Syntax errors in `text`, or a result that would not say the same.
pub fn format(text: &str) -> Result<String, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = FileId::from_index(0);
    let before = parse(file, text);
    if !before.diagnostics.is_empty() {
        return Err(FormatError::Syntax(before.diagnostics));
    }
    let formatted = print::print(text, &before.file);
    check(text, &before.file, &formatted)?;
    Ok(formatted)
}

/// Whether the formatted text has the same tree and the same comments.
fn check(text: &str, before: &File<'_>, formatted: &str) -> Result<(), FormatError> {
    let after = parse(FileId::from_index(0), formatted);
    if !after.diagnostics.is_empty() || !same_tree(before, &after.file) {
        return Err(FormatError::TreeChanged);
    }
    if comment_texts(text) == comment_texts(formatted) { Ok(()) } else { Err(FormatError::CommentLost) }
}

fn comment_texts(text: &str) -> Vec<&str> {
    let mut texts: Vec<&str> =
        scan::comments(text).into_iter().filter_map(|comment| text.get(comment.start..comment.end)).collect();
    texts.sort_unstable();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_says_something_else_or_less_is_held_back() {
        // The command line says MP0711.
        let text = "# why\nrto = 2h\n";
        let before = parse(FileId::from_index(0), text);
        let judged = |formatted: &str| check(text, &before.file, formatted);
        assert!(judged("# why\nrto  =  2h\n").is_ok());
        assert!(matches!(judged("# why\nrto = 3h\n"), Err(FormatError::TreeChanged)));
        assert!(matches!(judged("# why\nrto = = 2h\n"), Err(FormatError::TreeChanged)));
        assert!(matches!(judged("rto = 2h\n"), Err(FormatError::CommentLost)));
    }
}
