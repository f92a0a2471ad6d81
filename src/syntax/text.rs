//! The inside of a text literal: escapes resolved, `${…}` split off, the common indentation of a
//! `"""…"""` removed. The literal in, its parts out.

use std::borrow::Cow;

use pest::Parser as _;

use crate::source::codes::syntax as codes;
use crate::source::{Diagnostic, Span};

use super::ast::{Name, TextPart};
use super::grammar::{PlanParser, Rule};

type Parts<'a> = Result<Vec<TextPart<'a>>, Box<Diagnostic>>;

/// The parts of a text literal, quotes included, that begins where `span` does.
///
/// # Errors
/// An escape or a `${…}` that the grammar does not know.
pub(super) fn parts<'a>(literal: &'a str, span: Span) -> Parts<'a> {
    if let Some(inside) = literal
        .strip_prefix("\"\"\"")
        .and_then(|rest| rest.strip_suffix("\"\"\""))
        .filter(|_| literal.len() >= 6)
    {
        return block(inside, Span { start: span.start + 3, ..span });
    }
    let inside = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal);
    if memchr::memchr2(b'\\', b'$', inside.as_bytes()).is_none() {
        return Ok(if inside.is_empty() { Vec::new() } else { vec![TextPart::Plain(Cow::Borrowed(inside))] });
    }
    collect(inside, Span { start: span.start + 1, ..span }, None)
}

/// A text of several lines: a first line without text is dropped, the rest loses the space that all
/// its lines begin with; the line of the closing quotes counts, as it shows where the margin is.
fn block(inside: &str, span: Span) -> Parts<'_> {
    let (first, rest) = inside.split_once('\n').unwrap_or((inside, ""));
    let lines: Vec<&str> = rest.split('\n').collect();
    let last = lines.len().saturating_sub(1);
    let margin = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| *at == last || !line.trim().is_empty())
        .map(|(_, line)| space_before(line))
        .reduce(common)
        .unwrap_or("");
    if first.trim().is_empty() && first.len() < inside.len() {
        let skipped = u32::try_from(first.len() + 1).unwrap_or(u32::MAX);
        collect(rest, Span { start: span.start + skipped, ..span }, Some((margin, LineStart::Margin)))
    } else {
        collect(inside, span, Some((margin, LineStart::Text)))
    }
}

fn space_before(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or("")
}

fn common<'a>(one: &'a str, two: &str) -> &'a str {
    let length = one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b).count();
    one.get(..length).unwrap_or("")
}

/// Whether the first line of what is read has a margin to lose.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineStart {
    Margin,
    Text,
}

fn collect<'a>(inside: &'a str, span: Span, margin: Option<(&str, LineStart)>) -> Parts<'a> {
    let read = PlanParser::parse(Rule::text_inside, inside).map_err(|error| fault(inside, &error, span))?;
    let mut parts: Vec<TextPart<'a>> = Vec::new();
    let mut at_line_start = margin.is_some_and(|(_, start)| start == LineStart::Margin);
    for pair in read {
        let piece = pair.as_str();
        match pair.as_rule() {
            Rule::plain => match margin {
                Some((margin, _)) => plain(&mut parts, without_margin(piece, margin, at_line_start)),
                None => plain(&mut parts, Cow::Borrowed(piece)),
            },
            Rule::escape => plain(&mut parts, Cow::Owned(unescape(piece, &pair, span)?)),
            Rule::hole => parts.push(TextPart::Path(
                pair.into_inner()
                    .map(|name| Name { text: name.as_str(), span: place(&name, span) })
                    .collect(),
            )),
            _ => {}
        }
        at_line_start = false;
    }
    Ok(parts)
}

/// Appends characters, joined with those before.
fn plain<'a>(parts: &mut Vec<TextPart<'a>>, more: Cow<'a, str>) {
    if more.is_empty() {
        return;
    }
    if let Some(TextPart::Plain(before)) = parts.last_mut() {
        before.to_mut().push_str(&more);
    } else {
        parts.push(TextPart::Plain(more));
    }
}

/// Characters with the margin taken from every line; a line of nothing but space becomes empty, as
/// its space cannot be seen. Carriage returns before a newline go, so that the text does not depend
/// on the system it was written on.
fn without_margin<'a>(piece: &'a str, margin: &str, mut at_line_start: bool) -> Cow<'a, str> {
    if !piece.contains('\n') && !at_line_start {
        return Cow::Borrowed(piece);
    }
    let mut out = String::with_capacity(piece.len());
    for line in piece.split_inclusive('\n') {
        let ends = line.ends_with('\n');
        let body = line.strip_suffix('\n').map_or(line, |body| body.strip_suffix('\r').unwrap_or(body));
        if !at_line_start {
            out.push_str(body);
        } else if !ends || !body.trim().is_empty() {
            out.push_str(body.strip_prefix(margin).unwrap_or_else(|| body.trim_start_matches([' ', '\t'])));
        }
        if ends {
            out.push('\n');
        }
        at_line_start = true;
    }
    Cow::Owned(out)
}

fn unescape(
    piece: &str,
    pair: &pest::iterators::Pair<'_, Rule>,
    span: Span,
) -> Result<String, Box<Diagnostic>> {
    match piece {
        "\\n" => Ok("\n".to_owned()),
        "\\t" => Ok("\t".to_owned()),
        "\\${" => Ok("${".to_owned()),
        "\\\"" | "\\\\" => Ok(piece.trim_start_matches('\\').to_owned())
            .map(|rest: String| if rest.is_empty() { "\\".to_owned() } else { rest }),
        other => {
            let digits = other.trim_start_matches("\\u{").trim_end_matches('}');
            u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).map(String::from).ok_or_else(|| {
                Box::new(
                    Diagnostic::error(
                        codes::BAD_ESCAPE,
                        format!("`{other}` names no character"),
                        place(pair, span),
                    )
                    .help("write the character itself, or its Unicode number such as `\\u{e9}`"),
                )
            })
        }
    }
}

fn place(pair: &pest::iterators::Pair<'_, Rule>, span: Span) -> Span {
    let inner = pair.as_span();
    let offset = |at: usize| span.start + u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(span.file, offset(inner.start()), offset(inner.end()))
}

/// Says what is wrong at the place where `text_inside` stopped: a backslash or a `${`.
fn fault(inside: &str, error: &pest::error::Error<Rule>, span: Span) -> Box<Diagnostic> {
    let (pest::error::InputLocation::Pos(mut at) | pest::error::InputLocation::Span((mut at, _))) =
        error.location;
    // Inside a hole the parser stops after its opening, at the character that is no name.
    let before = inside.get(..at).unwrap_or("");
    let hole = before.rfind("${").filter(|open| {
        before.get(*open..).is_some_and(|rest| !rest.contains('}'))
            && !before.get(..*open).unwrap_or("").ends_with('\\')
    });
    if let Some(open) = hole {
        at = open;
    }
    let rest = inside.get(at..).unwrap_or("");
    let offset = |more: usize| span.start + u32::try_from(at + more).unwrap_or(u32::MAX);
    if rest.starts_with("${") {
        let length = rest.find('}').map_or_else(|| 2.min(rest.len()), |close| close + 1);
        let here = Span::new(span.file, offset(0), offset(length));
        let found = rest.get(..length).unwrap_or(rest);
        let closed = found.ends_with('}');
        return Box::new(
            Diagnostic::error(
                codes::BAD_INTERPOLATION,
                if closed {
                    format!("`{}` holds no path", shown(found))
                } else {
                    "`${` is not closed".to_owned()
                },
                here,
            )
            .help("write a path such as `${sql01.address}`, or `\\${` for the characters themselves"),
        );
    }
    let length = rest.chars().take(2).map(char::len_utf8).sum();
    let found = rest.get(..length).unwrap_or(rest);
    Box::new(
        Diagnostic::error(
            codes::BAD_ESCAPE,
            format!("`{}` is no escape", shown(found)),
            Span::new(span.file, offset(0), offset(length)),
        )
        .help("write `\\\\` for a backslash; the others are `\\\"`, `\\n`, `\\t`, `\\${` and `\\u{…}`"),
    )
}

/// The user's words, cut to one line of a message.
fn shown(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(40).collect()
}
