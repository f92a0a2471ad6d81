//! Every diagnostic's stable code with its title and its page, one file an area.
//! `muster explain CODE` prints the page; `docs/diagnostics.md` is generated from the same tables.

pub mod command;
pub mod emulate;
pub mod estate;
pub mod evidence;
pub mod exchange;
pub mod names;
pub mod points;
pub mod rehearse;
pub mod rules;
pub mod run;
pub mod syntax;
pub mod vault;

use std::fmt;

/// A stable code, `MP0101`. Never reused for another meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Code(pub(in crate::source) &'static str);

impl Code {
    /// The code as printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What there is to know of a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// A lowercase fragment: what is wrong.
    pub title: &'static str,
    /// The page, in Markdown without a heading: why it is refused, an example, what to do.
    pub page: &'static str,
}

/// Declares an area's codes as constants and its `TABLE`.
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $page:literal;)*) => {
        $(#[doc = $title] pub const $name: super::Code = super::Code($code);)*
        /// The codes of this area in order.
        pub const TABLE: &[super::CodeInfo] = &[
            $(super::CodeInfo { code: $name, title: $title, page: $page },)*
        ];
    };
}
pub(in crate::source::codes) use codes;

/// All codes, area by area.
pub fn all() -> impl Iterator<Item = &'static CodeInfo> {
    [
        syntax::TABLE,
        names::TABLE,
        rules::TABLE,
        points::TABLE,
        estate::TABLE,
        run::TABLE,
        command::TABLE,
        evidence::TABLE,
        rehearse::TABLE,
        emulate::TABLE,
        exchange::TABLE,
        vault::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// The entry of a code as a person writes it, in any case.
#[must_use]
pub fn find(code: &str) -> Option<&'static CodeInfo> {
    all().find(|info| info.code.as_str().eq_ignore_ascii_case(code))
}
