//! Numbers that are none: below zero, with a point, with a unit that is unknown or apart, names that
//! begin with a digit.

use crate::source::Diagnostic;
use crate::source::codes::syntax as codes;

use super::place::{Place, shown};
use crate::syntax::grammar::Rule;

const UNITS: [&str; 11] = ["d", "h", "m", "s", "ms", "B", "KiB", "MiB", "GiB", "TiB", "%"];

/// What is wrong with the number or name at a place; none if there is neither.
pub(super) fn explain(place: &Place<'_>, expected: &[Rule]) -> Option<Diagnostic> {
    let value = expected.contains(&Rule::quantity);
    negative(place)
        .or_else(|| parts_apart(place))
        .or_else(|| dashes(place))
        .or_else(|| digits_first(place, value))
}

fn negative(place: &Place<'_>) -> Option<Diagnostic> {
    let after = place.rest.strip_prefix('-')?;
    if !after.starts_with(|digit: char| digit.is_ascii_digit())
        || place.touches() && !place.previous_is_sign()
    {
        return None;
    }
    let end = after.find(|letter: char| !letter.is_alphanumeric() && letter != '%').unwrap_or(after.len());
    let found = place.rest.get(..=end).unwrap_or(place.rest);
    let message = format!("`{}` is negative", shown(found));
    Some(
        Diagnostic::error(codes::NEGATIVE, message, place.span_of(found.len()))
            .help("remove the `-`: no quantity of a plan lies below zero"),
    )
}

/// `1h 30m`, `64 GiB`, `80 %`: two tokens that are one quantity.
fn parts_apart(place: &Place<'_>) -> Option<Diagnostic> {
    let begins_with_digit = place.previous.starts_with(|digit: char| digit.is_ascii_digit());
    let unit_apart = place.previous.bytes().all(|byte| byte.is_ascii_digit()) && UNITS.contains(&place.found);
    let is_time = |text: &str| crate::base::time::parse_duration(text).is_ok();
    let two_times = is_time(place.previous) && is_time(place.found);
    let same_line = place.text.get(place.previous_end..place.at).is_some_and(|gap| !gap.contains('\n'));
    if place.previous.is_empty() || !begins_with_digit || !same_line || !(unit_apart || two_times) {
        return None;
    }
    let start = place.previous_end - place.previous.len();
    let span = place.range(start, place.at + place.found.len());
    let message = format!("a space stands inside of `{} {}`", place.previous, place.found);
    let help = format!("write `{}{}`", place.previous, place.found);
    Some(Diagnostic::error(codes::BAD_QUANTITY, message, span).help(help))
}

/// A dash before or after a name.
fn dashes(place: &Place<'_>) -> Option<Diagnostic> {
    let after = place.rest.strip_prefix('-')?.trim_start_matches('-');
    let dashes = place.rest.len() - after.len();
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    if place.touches() && place.previous.ends_with(is_letter) {
        let start = place.previous_end - place.previous.len();
        let name = place.text.get(start..place.at + dashes).unwrap_or("");
        return Some(
            Diagnostic::error(
                codes::BAD_NAME,
                format!("the name `{}` ends with a dash", shown(name)),
                place.range(start, place.at + dashes),
            )
            .help(format!("write `{}`", shown(place.previous))),
        );
    }
    if !after.starts_with(is_letter) {
        return None;
    }
    let length = dashes + super::place::word_end(after);
    let name = place.rest.get(..length).unwrap_or("");
    Some(
        Diagnostic::error(
            codes::BAD_NAME,
            format!("the name `{}` begins with a dash", shown(name)),
            place.span_of(length),
        )
        .help("remove the dash"),
    )
}

fn digits_first(place: &Place<'_>, value: bool) -> Option<Diagnostic> {
    let found = place.found;
    if !found.starts_with(|digit: char| digit.is_ascii_digit()) || (!value && !place.name_expected()) {
        return None;
    }
    let word = shown(found);
    if !value {
        return Some(
            Diagnostic::error(
                codes::BAD_NAME,
                format!("the name `{word}` begins with a digit"),
                place.span(),
            )
            .help(format!("begin it with a letter, and say `name = \"{word}\"` in its block")),
        );
    }
    let (message, help) = wrong_quantity(found);
    let code = if is_day(found) { codes::BAD_INSTANT } else { codes::BAD_QUANTITY };
    Some(Diagnostic::error(code, message, place.span()).help(help))
}

/// Why a token that begins with a digit is no quantity, and what to write.
fn wrong_quantity(found: &str) -> (String, String) {
    let word = shown(found);
    if is_day(found) {
        let help = if found.contains('T') {
            "end it with `Z` for UTC, or an offset such as `+01:00`".to_owned()
        } else {
            format!("add a time with its offset: `{}T06:00:00Z`", found.get(..10).unwrap_or("2026-11-23"))
        };
        return (format!("`{word}` is not a whole instant"), help);
    }
    let digits = found.len() - found.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    let (number, unit) = found.split_at(digits);
    if let Some(letter) = unit.strip_prefix('.').or(unit.strip_prefix(':')).and(unit.chars().next()) {
        let help = "write a whole number of a smaller unit, such as `1h30m`".to_owned();
        let what = if letter == '.' { "a point" } else { "a colon" };
        return (format!("`{word}` has {what}, numbers are whole"), help);
    }
    if unit.starts_with('_') {
        return (format!("`{word}` has an underscore"), format!("write `{}`", word.replace('_', "")));
    }
    if let Some(known) = meant(unit) {
        let message = match unit {
            "KB" | "MB" | "GB" | "TB" | "kB" => format!("`{unit}` means 1000 to some and 1024 to others"),
            _ => format!("`{}` is no unit", shown(unit)),
        };
        return (message, format!("write `{number}{known}`"));
    }
    if found.ends_with(|digit: char| digit.is_ascii_digit()) && !found.contains('-') {
        let last = found.trim_end_matches(|digit: char| digit.is_ascii_digit()).len();
        let tail = shown(found.get(last..).unwrap_or(""));
        return (
            format!("the `{tail}` at the end of `{word}` has no unit"),
            "add a unit, such as `s`".to_owned(),
        );
    }
    if found.contains('-') {
        return (format!("`{word}` begins with a digit and is no quantity"), format!("write `\"{word}\"`"));
    }
    let help = "units are `d`, `h`, `m`, `s`, `ms`, `B`, `KiB`, `MiB`, `GiB`, `TiB` and `%`".to_owned();
    (format!("`{word}` has no known unit"), help)
}

/// The unit that was meant by another way to write it.
fn meant(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "K" | "k" | "KB" | "kB" | "kb" | "Kb" | "Ki" | "kib" | "KIB" => "KiB",
        "MB" | "mb" | "Mb" | "Mi" | "mib" | "MIB" => "MiB",
        "G" | "g" | "GB" | "gb" | "Gb" | "Gi" | "gib" | "GIB" => "GiB",
        "T" | "t" | "TB" | "tb" | "Tb" | "Ti" | "tib" | "TIB" => "TiB",
        "b" | "bytes" | "byte" => "B",
        "S" | "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "H" | "hr" | "hrs" | "hour" | "hours" => "h",
        "D" | "day" | "days" => "d",
        "msec" | "millis" | "MS" => "ms",
        "pct" | "percent" => "%",
        _ => return None,
    })
}

fn is_day(found: &str) -> bool {
    let shape = |at: usize, byte: u8| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    found.len() >= 8 && found.bytes().take(10).enumerate().all(|(at, byte)| shape(at, byte))
}

impl Place<'_> {
    fn previous_is_sign(&self) -> bool {
        matches!(self.previous, "" | "=" | "[" | "(" | "{" | "," | "->")
    }

    /// Whether a name could stand here: at the start of a statement, as a label, or in a chain.
    fn name_expected(&self) -> bool {
        self.previous_is_sign() || !self.assigned
    }
}
