//! From text to JSON, within bounds, and how its fields are looked at.

use serde_json::Value;

use crate::base::{limits, words};
use crate::source::codes::exchange as codes;

use super::faults::Faults;

/// The document, or nothing where it is none; what is wrong is among the faults.
pub(super) fn read(text: &str, faults: &mut Faults) -> Option<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > limits::EXCHANGE_BYTES_MAX {
        let most = limits::EXCHANGE_BYTES_MAX / (1024 * 1024);
        faults.push(
            codes::TOO_LARGE,
            &format!("is larger than {most} MiB, the most that is read"),
            "cut it down to the recovery plan that is meant",
        );
        return None;
    }
    if depth(text) > limits::DEPTH_MAX {
        let says = format!("nests deeper than {} levels, the most that is read", limits::DEPTH_MAX);
        faults.push(codes::TOO_LARGE, &says, "cut it down to the recovery plan that is meant");
        return None;
    }
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let says = format!("is not JSON: {}", words::json(&error).replace('`', "'"));
            faults.push(codes::NOT_JSON, &says, "mend that line, or export it again");
            None
        }
    }
}

/// How deep brackets nest outside of texts.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !in_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// A field that is a text and not empty.
pub(super) fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// A field that is a list; null and absent are empty, as the service itself writes null for them.
pub(super) fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A field that is a list of texts.
pub(super) fn texts(value: &Value, field: &str) -> Vec<String> {
    list(value, field).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether two texts are the same to the service, which compares without case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The segment of a resource's id that follows `kind`: the vault's name after `vaults`.
pub(super) fn segment<'i>(id: &'i str, kind: &str) -> Option<&'i str> {
    let mut parts = id.split('/');
    parts.find(|part| same(part, kind))?;
    parts.next().filter(|part| !part.is_empty())
}

/// The last segment of a resource's id.
pub(super) fn last_segment(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

/// What stands before `mark` in a resource's id.
pub(super) fn until<'i>(id: &'i str, mark: &str) -> Option<&'i str> {
    // Lowering ASCII letters moves no byte.
    let at = id.to_ascii_lowercase().find(&mark.to_ascii_lowercase())?;
    id.get(..at)
}
