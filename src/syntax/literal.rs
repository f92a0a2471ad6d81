//! Numbers, durations, sizes, percentages and instants: the text of a `quantity` in, its value out.

use crate::base::{Timestamp, time};
use crate::source::codes::syntax as codes;
use crate::source::{Diagnostic, Span};

use super::ast::ValueKind;

/// The value of a quantity that the grammar has read.
///
/// # Errors
/// A number too large for its unit, units out of order, or a day that no calendar has.
pub(super) fn quantity<'a>(text: &str, span: Span) -> Result<ValueKind<'a>, Box<Diagnostic>> {
    if text.contains(['T', ':']) && text.contains('-') {
        return text.parse::<Timestamp>().map(ValueKind::Instant).map_err(|_| {
            let message = format!("`{text}` is on no calendar, or outside the years 1678 to 2261");
            Box::new(Diagnostic::error(codes::BAD_INSTANT, message, span).help("write a day that exists"))
        });
    }
    match text.as_bytes().last() {
        Some(b'%') => number(text, text.trim_end_matches('%'), span).map(ValueKind::Percent),
        Some(b'B') => size(text, span).map(ValueKind::Size),
        Some(byte) if byte.is_ascii_digit() => number(text, text, span).map(ValueKind::Int),
        Some(_) | None => duration(text, span),
    }
}

fn number(text: &str, digits: &str, span: Span) -> Result<u64, Box<Diagnostic>> {
    digits.parse().map_err(|_| too_large(text, span))
}

fn size(text: &str, span: Span) -> Result<u64, Box<Diagnostic>> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let shift = match text.get(digits.len()..) {
        Some("KiB") => 10,
        Some("MiB") => 20,
        Some("GiB") => 30,
        Some("TiB") => 40,
        Some(_) | None => 0,
    };
    number(text, digits, span)?.checked_mul(1 << shift).ok_or_else(|| too_large(text, span))
}

fn duration<'a>(text: &str, span: Span) -> Result<ValueKind<'a>, Box<Diagnostic>> {
    time::parse_duration(text).map(ValueKind::Duration).map_err(|message| {
        if message.contains("longer") || units_ordered(text) {
            return too_large(text, span);
        }
        Box::new(
            Diagnostic::error(
                codes::BAD_QUANTITY,
                format!("the units of `{text}` are not in order, from the largest to the smallest"),
                span,
            )
            .help(
                "write `1h30m`: days `d`, hours `h`, minutes `m`, seconds `s`, milliseconds `ms`, each once",
            ),
        )
    })
}

/// Whether the units of a duration go down, so that only its numbers can be at fault.
fn units_ordered(text: &str) -> bool {
    let ranks: Vec<usize> = text
        .split(|letter: char| letter.is_ascii_digit())
        .filter(|unit| !unit.is_empty())
        .filter_map(|unit| ["d", "h", "m", "s", "ms"].iter().position(|known| *known == unit))
        .collect();
    ranks.is_sorted_by(|one, next| one < next)
}

fn too_large(text: &str, span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(codes::TOO_LARGE_NUMBER, format!("`{text}` is too large"), span)
            .help(format!("write a number below {}", u64::MAX)),
    )
}
