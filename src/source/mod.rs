//! Text as it was read, places in it, and what there is to say about it. Knows no syntax.

pub mod codes;
pub mod diagnostic;
pub mod span;
pub mod text;

pub use codes::{Code, CodeInfo};
pub use diagnostic::{Diagnostic, Label, Severity};
pub use span::{FileId, Span};
pub use text::{Source, Sources};
