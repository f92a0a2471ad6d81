//! From the bytes of a file to its text: UTF-8 only, no byte-order mark, no NUL, not too large.
//! Opens no file.

use crate::base::limits;
use crate::source::Diagnostic;
use crate::source::codes::syntax as codes;

/// The text of a file called `name`, without its byte-order mark.
///
/// # Errors
/// More than `limits::PLAN_BYTES_MAX`; UTF-16, with a byte-order mark or without; a NUL byte; bytes
/// that are not UTF-8. What is said has no place, as there is no text for it to lie in.
pub fn check_bytes(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    if bytes.len() > limits::PLAN_BYTES_MAX {
        let (size, most) = (bytes.len(), limits::PLAN_BYTES_MAX);
        return Err(Diagnostic::placeless(
            codes::FILE_TOO_LARGE,
            format!("`{name}` has {size} bytes, a plan file may have {most}"),
        )
        .help("check that this is the plan you mean; split it with `use`"));
    }
    if is_utf16(&bytes) {
        return Err(
            Diagnostic::placeless(codes::UTF16, format!("`{name}` is UTF-16")).help("save the file as UTF-8")
        );
    }
    if let Some(at) = memchr::memchr(0, &bytes) {
        return Err(Diagnostic::placeless(
            codes::NUL_BYTE,
            format!("line {} of `{name}` holds a NUL byte", line_of(&bytes, at)),
        )
        .help("take the file from version control or a backup again"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(at).copied().unwrap_or_default();
        Diagnostic::placeless(
            codes::NOT_UTF8,
            format!(
                "line {} of `{name}` is not UTF-8, it holds the byte {byte:#04x}",
                line_of(error.as_bytes(), at)
            ),
        )
        .help("save the file as UTF-8")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or_default()).count() + 1
}

/// Whether the bytes begin with a mark of UTF-16, or every second of the first ones is NUL, as plans
/// are mostly ASCII.
fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let start = bytes.get(..bytes.len().min(64)).unwrap_or_default();
    let pairs = start.chunks_exact(2);
    let count = pairs.len();
    let (high, low) = pairs.fold((0, 0), |(high, low), pair| match pair {
        [0, other] if *other != 0 => (high + 1, low),
        [other, 0] if *other != 0 => (high, low + 1),
        _ => (high, low),
    });
    count >= 2 && (high * 4 >= count * 3 || low * 4 >= count * 3)
}
