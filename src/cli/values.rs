//! Values of options that are read by us: text in, value or one sentence out.

use crate::base::Timestamp;

pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "wants an instant such as `2026-11-23T06:00:00Z`, with its offset from UTC".to_owned())
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("wants `NAME=VALUE`")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "what the parser of options wants")]
pub(super) fn answer(text: &str) -> Result<(String, String), String> {
    let (step, comment) = text.split_once('=').unwrap_or((text, ""));
    Ok((step.trim().to_owned(), comment.to_owned()))
}
