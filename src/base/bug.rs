//! The one sanctioned panic: a state that the program itself must never reach.

/// Panics with `BUG:`. Only for broken invariants of our own; never for input of any kind.
#[macro_export]
macro_rules! bug {
    ($($arg:tt)*) => {
        $crate::base::bug(format_args!($($arg)*))
    };
}

/// Where `bug!` ends.
#[track_caller]
#[expect(clippy::panic, reason = "the one sanctioned panic: a broken invariant of our own")]
pub fn bug(what: std::fmt::Arguments<'_>) -> ! {
    panic!("BUG: {what}")
}
