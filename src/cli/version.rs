//! The version line: of the package, and of the commit where the build names it.

use std::sync::OnceLock;

/// `0.1.0 (3f2a91c)`; without the commit where `MUSTER_COMMIT` was not set at build time.
pub(super) fn line() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| match option_env!("MUSTER_COMMIT") {
        Some(commit) => format!("{} ({commit})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_owned(),
    })
}
