//! Signs that mean something elsewhere: other quotes, other arrows, other ways to assign, comments
//! and separators of other languages.

use crate::source::Diagnostic;
use crate::source::codes::syntax as codes;

use super::place::Place;

/// What is known about the sign at a place; none if it is no such sign.
pub(super) fn explain(place: &Place<'_>) -> Option<Diagnostic> {
    let first = place.rest.chars().next()?;
    quotes(place, first)
        .or_else(|| comments(place))
        .or_else(|| arrows(place))
        .or_else(|| assignments(place))
        .or_else(|| strange(place, first))
}

fn quotes(place: &Place<'_>, first: char) -> Option<Diagnostic> {
    if !"'“”„‟‘’‚‛«»‹›`".contains(first) {
        return None;
    }
    let message = match first {
        '\'' => "texts do not stand in single quotes".to_owned(),
        '`' => "texts do not stand in backticks".to_owned(),
        _ => format!("texts do not stand in curved quotes such as {first}"),
    };
    let inside = place.rest.get(first.len_utf8()..).unwrap_or("");
    let close = inside.find(|letter| "'“”‟‘’‛«»‹›`\"\n".contains(letter)).unwrap_or(0);
    let help = match inside.get(..close).filter(|text| !text.is_empty() && close <= 60) {
        Some(text) => format!("write `\"{text}\"`"),
        None => "write straight double quotes".to_owned(),
    };
    Some(Diagnostic::error(codes::WRONG_QUOTES, message, place.span_of(first.len_utf8())).help(help))
}

fn comments(place: &Place<'_>) -> Option<Diagnostic> {
    let sign = ["//", "/*", "-- ", "<!--"].into_iter().find(|sign| place.rest.starts_with(sign))?;
    let message = format!("`{}` does not begin a comment", sign.trim_end());
    let diagnostic = Diagnostic::error(codes::WRONG_COMMENT, message, place.span_of(sign.trim_end().len()));
    Some(diagnostic.help("begin the comment with `#`"))
}

fn arrows(place: &Place<'_>) -> Option<Diagnostic> {
    let signs = ["-->", "=>", "==>", ">>", "~>", "→", "⇒", "⟶", "–>", "—>", "- >", ">", "<-"];
    let after_sign = place.touches() && place.previous == "=" && place.rest.starts_with('>');
    let (start, length) = if after_sign {
        (place.at - 1, 2)
    } else {
        let sign =
            signs.into_iter().filter(|sign| place.rest.starts_with(sign)).max_by_key(|sign| sign.len())?;
        (place.at, sign.len())
    };
    let sign = place.text.get(start..start + length).unwrap_or("");
    let diagnostic = Diagnostic::error(
        codes::WRONG_ARROW,
        format!("`{sign}` is no arrow"),
        place.range(start, start + length),
    );
    Some(diagnostic.help(if sign == "<-" {
        "write what comes first on the left: `db -> app`"
    } else {
        "write `->`"
    }))
}

fn assignments(place: &Place<'_>) -> Option<Diagnostic> {
    let doubled = place.touches() && place.previous == "=" && place.found == "=";
    let (start, length) = if doubled {
        (place.at - 1, if place.rest.starts_with("==") { 3 } else { 2 })
    } else {
        let sign = ["==", ":=", "?=", "+=", ":"].into_iter().find(|sign| place.rest.starts_with(sign))?;
        (place.at, sign.len())
    };
    let sign = place.text.get(start..start + length).unwrap_or("");
    let message = format!("`{sign}` gives no value");
    let span = place.range(start, start + length);
    Some(Diagnostic::error(codes::WRONG_ASSIGNMENT, message, span).help("write `=`"))
}

fn strange(place: &Place<'_>, first: char) -> Option<Diagnostic> {
    let span = place.span_of(first.len_utf8());
    if first == ';' {
        let message = "a semicolon ends no statement";
        return Some(
            Diagnostic::error(codes::WRONG_SEPARATOR, message, span)
                .help("write a comma or a newline, or nothing before `}`"),
        );
    }
    let number = format!("U+{:04X}", u32::from(first));
    let (message, help) = if first.is_ascii_control() {
        (format!("there is a control character here ({number})"), "remove it")
    } else if first.is_ascii() || first.is_alphanumeric() {
        return None;
    } else if first.is_whitespace() {
        (format!("this space is no plain one ({number})"), "replace it by a plain space")
    } else if is_invisible(first) {
        (format!("there is an invisible character here ({number})"), "remove it")
    } else {
        (format!("`{first}` ({number}) is no part of the language"), "remove it, or put the text in quotes")
    };
    Some(Diagnostic::error(codes::STRANGE_CHARACTER, message, span).help(help))
}

/// Characters that take no room on the screen or turn the direction of what follows.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{80}'..='\u{9f}')
}
