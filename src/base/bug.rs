//! The one sanctioned panic: a state that the program itself must never reach.

/// Panics with `BUG:`. Only for broken invariants of our own; never for input of any kind.
#[macro_export]
macro_rules! bug {
    ($($arg:tt)*) => {{
        #[expect(clippy::panic, reason = "the one sanctioned panic: a broken invariant of our own")]
        { panic!("BUG: {}", format_args!($($arg)*)) }
    }};
}
