//! Statements and lists with something missing: a value, a comma, a brace, a side of an arrow.

use crate::source::Diagnostic;
use crate::source::codes::syntax as codes;
use crate::syntax::{brackets, scan};

use super::place::{Place, shown, word_end};

/// What is missing at a place; none if nothing that is known.
pub(super) fn explain(place: &Place<'_>) -> Option<Diagnostic> {
    use_without_text(place)
        .or_else(|| loose_arrow(place))
        .or_else(|| no_value(place))
        .or_else(|| brace_on_next_line(place))
        .or_else(|| lone_word(place))
        .or_else(|| empty_list(place))
        .or_else(|| extra_comma(place))
        .or_else(|| missing_comma(place))
        .or_else(|| no_separator(place))
        .or_else(|| two_values(place))
}

fn use_without_text(place: &Place<'_>) -> Option<Diagnostic> {
    let after = place.statement.strip_prefix("use")?;
    let name = after.trim_start_matches([' ', '\t']);
    let is_word = after.is_empty() || name.len() < after.len();
    if !is_word || name.starts_with(['"', '=', '{', '-', '[']) {
        return None;
    }
    let start = place.end - name.len();
    let name = name.split([' ', '\t', '\n', '#']).next().unwrap_or("");
    let help = if name.is_empty() {
        "add the name of a file in quotes".to_owned()
    } else {
        format!("write `use \"{}\"`", shown(name))
    };
    let message = "`use` is not followed by a file name in quotes";
    Some(
        Diagnostic::error(codes::USE_WITHOUT_TEXT, message, place.range(start, start + name.len()))
            .help(help),
    )
}

fn ends_here(place: &Place<'_>) -> bool {
    matches!(place.found, "" | "}" | "," | "]" | ")")
}

fn loose_arrow(place: &Place<'_>) -> Option<Diagnostic> {
    let wrong = |what: &str, start: usize| {
        let message = format!("nothing stands {what} this `->`");
        Some(
            Diagnostic::error(codes::LOOSE_ARROW, message, place.range(start, start + 2))
                .help(format!("name what comes {what} it, or remove the arrow")),
        )
    };
    if place.previous == "->" && (ends_here(place) || place.found == "->") {
        return wrong("after", place.previous_end - 2);
    }
    if place.found == "->" && matches!(place.previous, "" | "," | "{") {
        return wrong("before", place.at);
    }
    None
}

fn no_value(place: &Place<'_>) -> Option<Diagnostic> {
    let (name, sign) = if place.previous == "=" && ends_here(place) {
        (place.earlier, place.previous_end - 1)
    } else if place.found == "=" && place.earlier == "=" && place.broken_line {
        // `rto =` and on the next line `rpo = 1h`: the second name was taken for the value.
        let before = place.text.get(..place.previous_end - place.previous.len()).unwrap_or("").trim_end();
        let sign = before.rfind('=')?;
        (before.get(..sign)?.trim_end().rsplit([' ', '\t', '\n', ',', '{', '(']).next().unwrap_or(""), sign)
    } else {
        return None;
    };
    let message = format!("`{}` has no value", shown(name));
    Some(
        Diagnostic::error(codes::NO_VALUE, message, place.range(sign, sign + 1))
            .help("write a value after the `=`, or remove the line"),
    )
}

fn brace_on_next_line(place: &Place<'_>) -> Option<Diagnostic> {
    let next = scan::skip_trivia(place.text.as_bytes(), place.end, place.text.len());
    let follows = place.text.get(next..).is_some_and(|rest| rest.starts_with('{'));
    if !place.found.is_empty() || !follows || place.bracket.is_some() || place.assigned {
        return None;
    }
    Some(
        Diagnostic::error(
            codes::BRACE_ON_NEXT_LINE,
            format!("the `{{` of `{}` stands on the next line", shown(place.statement)),
            place.range(next, next + 1),
        )
        .help("move it to the end of the line before"),
    )
}

fn lone_word(place: &Place<'_>) -> Option<Diagnostic> {
    let word = place.statement;
    if word.is_empty() || word_end(word) != word.len() || !place.found.is_empty() {
        return None;
    }
    Some(
        Diagnostic::error(
            codes::LONE_WORD,
            format!("`{}` says nothing alone", shown(word)),
            place.range(place.end - word.len(), place.end),
        )
        .help(format!("write `{0} = …`, `{0} {{ }}` or `{0} -> …`", shown(word))),
    )
}

fn empty_list(place: &Place<'_>) -> Option<Diagnostic> {
    if place.found != "]" || place.previous != "[" {
        return None;
    }
    let span = place.range(place.previous_end - 1, place.at + 1);
    Some(
        Diagnostic::error(codes::EMPTY_LIST, "this list of names is empty", span)
            .help("put a name into it, or remove it"),
    )
}

fn extra_comma(place: &Place<'_>) -> Option<Diagnostic> {
    let gap = place.text.get(place.previous_end..place.at).unwrap_or("");
    let on_new_line = gap.contains('\n') && matches!(place.bracket, None | Some('{'));
    let nothing_before = matches!(place.previous, "" | "," | "{" | "[" | "(");
    if place.found != "," || !(nothing_before || on_new_line) {
        return None;
    }
    let message = "nothing stands before this comma";
    Some(Diagnostic::error(codes::EXTRA_COMMA, message, place.span()).help("remove the comma"))
}

fn is_operand_start(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '"' | '[')
}

pub(super) fn after_operand(place: &Place<'_>) -> bool {
    place.previous.ends_with(|letter: char| {
        letter.is_alphanumeric() || matches!(letter, '_' | '"' | ']' | ')' | '}' | '%')
    })
}

fn missing_comma(place: &Place<'_>) -> Option<Diagnostic> {
    let in_list = matches!(place.bracket, Some('[' | '('));
    if !in_list || !after_operand(place) || !place.found.starts_with(is_operand_start) {
        return None;
    }
    let message =
        format!("a comma is missing between `{}` and `{}`", shown(place.previous), shown(place.found));
    let span = place.range(place.previous_end, place.previous_end);
    Some(
        Diagnostic::error(codes::MISSING_COMMA, message, span)
            .labelled("here")
            .help("add a comma, or give every element a line of its own without commas"),
    )
}

fn no_separator(place: &Place<'_>) -> Option<Diagnostic> {
    let in_block = matches!(place.bracket, None | Some('{'));
    let is_name = place.found.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    let complete = place.assigned || place.previous == "}";
    if !in_block || !complete || !after_operand(place) || !is_name {
        return None;
    }
    let next = place.rest.get(place.found.len()..).unwrap_or("").trim_start_matches([' ', '\t']);
    let is_statement =
        next.starts_with(['=', '{', '"', '[']) || next.starts_with("->") || place.previous == "}";
    let labelled = next.starts_with(char::is_alphabetic) && next.contains('{');
    (is_statement || labelled).then(|| brackets::two_on_a_line(place.span()))
}

/// `owner = Dana Lee`: a text without quotes, or a list without brackets.
fn two_values(place: &Place<'_>) -> Option<Diagnostic> {
    if !place.assigned || !after_operand(place) || !place.found.starts_with(is_operand_start) {
        return None;
    }
    let (one, two) = (shown(place.previous), shown(place.found));
    let message = format!("`{one}` and `{two}` stand side by side");
    let start = place.previous_end - place.previous.len();
    let help = if place.previous.starts_with('"') || place.found.starts_with('"') {
        format!("write `[{one}, {two}]` for a list")
    } else {
        format!("write `\"{one} {two}\"` for a text or `[{one}, {two}]` for a list")
    };
    Some(
        Diagnostic::error(codes::UNEXPECTED, message, place.range(start, place.at + place.found.len()))
            .help(help),
    )
}
