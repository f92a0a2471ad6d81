//! Whether a value is of its type: what was found and what is wanted. Knows no names of a plan.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use crate::base::{limits, time};
use crate::schema::{Choice, Type};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Name, TextPart, Value, ValueKind};

use super::context::Context;

/// Reports what is wrong with the value of `key`; whether it may be used.
pub(super) fn check(context: &mut Context, key: &str, ty: &Type, value: &Value<'_>) -> bool {
    if let Type::Many(one) | Type::List(one) = ty {
        return check_list(context, key, (ty, one), value);
    }
    if let Type::Either(types) = ty {
        return match types.iter().find(|ty| fits(ty, value)) {
            Some(ty) => check(context, key, ty, value),
            None => wrong_type(context, key, ty, value),
        };
    }
    if !fits(ty, value) {
        return wrong_type(context, key, ty, value);
    }
    match (ty, &value.kind) {
        (Type::Text | Type::Given | Type::Path | Type::Label, ValueKind::Text(parts)) => {
            check_text(context, key, ty, parts, value.span)
        }
        (Type::Int(least, most), ValueKind::Int(number)) => {
            if (least..=most).contains(&number) {
                return true;
            }
            let message = format!("`{key}` is `{number}`, and it is {}", ty.wanted());
            context.report(Diagnostic::error(codes::OUT_OF_RANGE, message, value.span).help(
                if number < least {
                    format!("write `{least}` or more")
                } else {
                    format!("write `{most}` or less")
                },
            ));
            false
        }
        (Type::Duration | Type::Time | Type::TimeUpTo(_), ValueKind::Duration(duration)) => {
            check_duration(context, key, ty, *duration, value.span)
        }
        (Type::Word(choices), ValueKind::Word(word)) => check_word(context, key, choices, word, value.span),
        (Type::Guest, ValueKind::Call { name, args }) => {
            let right = name.text == "guest"
                && matches!(args.as_slice(), [arg] if arg.name.is_none() && matches!(arg.value.kind, ValueKind::Word(_)));
            right || wrong_type(context, key, ty, value)
        }
        (Type::Secret, ValueKind::Call { .. }) => {
            secret_source(value).is_some() || wrong_type(context, key, ty, value)
        }
        _ => true,
    }
}

/// Whether the form of a value is that of the type; its content is looked at afterwards.
fn fits(ty: &Type, value: &Value<'_>) -> bool {
    let kind = &value.kind;
    match ty {
        Type::Text | Type::Given | Type::Template | Type::Path => matches!(kind, ValueKind::Text(_)),
        Type::Int(..) => matches!(kind, ValueKind::Int(_)),
        Type::Duration | Type::Time | Type::TimeUpTo(_) => matches!(kind, ValueKind::Duration(_)),
        Type::Size => matches!(kind, ValueKind::Size(_)),
        Type::Instant => matches!(kind, ValueKind::Instant(_)),
        Type::Bool => matches!(kind, ValueKind::Bool(_)),
        Type::Word(_) | Type::Name(_) => matches!(kind, ValueKind::Word(_)),
        Type::Label => matches!(kind, ValueKind::Word(_) | ValueKind::Text(_)),
        Type::Many(_) | Type::List(_) => true,
        Type::Either(types) => types.iter().any(|ty| fits(ty, value)),
        Type::Ladder => matches!(kind, ValueKind::Word(_) | ValueKind::Call { .. } | ValueKind::List(_)),
        Type::Commit => matches!(kind, ValueKind::Word(_) | ValueKind::Call { .. }),
        Type::Guest | Type::Secret => matches!(kind, ValueKind::Call { .. }),
        Type::Provider => matches!(kind, ValueKind::Word(_) | ValueKind::Tagged { .. }),
        Type::Param => matches!(
            kind,
            ValueKind::Text(_) | ValueKind::Int(_) | ValueKind::Duration(_) | ValueKind::Bool(_)
        ),
    }
}

fn check_list(context: &mut Context, key: &str, (ty, one): (&Type, &Type), value: &Value<'_>) -> bool {
    let values = each(value);
    if values.is_empty() {
        let message = format!("`{key}` is an empty list");
        context.report(
            Diagnostic::error(codes::EMPTY, message, value.span).help(format!("name {}", one.wanted())),
        );
        return false;
    }
    let mut right = true;
    let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
    for value in values {
        right &= check(context, key, one, value);
        let Some(text) = plain_or_word(value).filter(|_| matches!(ty, Type::Many(_))) else { continue };
        if seen.contains(&text) {
            let message = format!("`{text}` is twice in `{key}`");
            context.report(
                Diagnostic::error(codes::DUPLICATE_VALUE, message, value.span).help("remove one of them"),
            );
            right = false;
        } else {
            seen.insert(text);
        }
    }
    right
}

fn plain_or_word<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    if let ValueKind::Word(word) = &value.kind {
        return Some(Cow::Borrowed(*word));
    }
    let ValueKind::Text(parts) = &value.kind else { return None };
    plain(parts)
}

fn check_text(context: &mut Context, key: &str, ty: &Type, parts: &[TextPart<'_>], span: Span) -> bool {
    let Some(text) = plain(parts) else {
        let message = format!("`{key}` is a text without holes");
        context.report(
            Diagnostic::error(codes::WRONG_TYPE, message, span).help("write out what `${…}` stands for"),
        );
        return false;
    };
    if matches!(ty, Type::Path) {
        return check_path(context, key, &text, span);
    }
    let named = matches!(ty, Type::Label | Type::Given);
    if named && text.chars().count() > limits::NAME_CHARS_MAX {
        let most = limits::NAME_CHARS_MAX;
        let message =
            format!("`{key}` has {} characters, and at most {most} are allowed", text.chars().count());
        context.report(Diagnostic::error(codes::NAME_TOO_LONG, message, span).help("shorten it"));
        return false;
    }
    if named && text.is_empty() {
        context.report(
            Diagnostic::error(codes::EMPTY, format!("`{key}` is an empty text"), span)
                .help("remove it or name something"),
        );
        return false;
    }
    true
}

/// Reports a path that leaves the folder of its file.
pub(super) fn check_path(context: &mut Context, key: &str, text: &str, span: Span) -> bool {
    let problem = if text.is_empty() {
        "is empty"
    } else if text.starts_with('/') || text.contains('\\') || text.get(1..2) == Some(":") {
        "is not a path below the plan's folder with `/` between its parts"
    } else if text.split('/').any(|part| part == "..") {
        "leaves the plan's folder by `..`"
    } else {
        return true;
    };
    let message = format!("the path `{text}` of `{key}` {problem}");
    let help = "put the file into the plan's folder or below it";
    context.report(Diagnostic::error(codes::PATH_OUTSIDE, message, span).help(help));
    false
}

fn check_duration(context: &mut Context, key: &str, ty: &Type, duration: Duration, span: Span) -> bool {
    if matches!(ty, Type::Time | Type::TimeUpTo(_)) && duration.is_zero() {
        let message = format!("`{key}` is `0s`, and it is longer than that");
        context.report(
            Diagnostic::error(codes::OUT_OF_RANGE, message, span).help("write a duration such as `30s`"),
        );
        return false;
    }
    if let Type::TimeUpTo(most) = ty
        && duration > *most
    {
        let (said, most) = (time::format_duration(duration), time::format_duration(*most));
        let message = format!("`{key}` is `{said}`, and `{most}` is the most");
        context.report(
            Diagnostic::error(codes::OUT_OF_RANGE, message, span).help(format!("write `{most}` or less")),
        );
        return false;
    }
    if duration > limits::WAIT_MAX {
        let said = time::format_duration(duration);
        let most = time::format_duration(limits::WAIT_MAX);
        let message = format!("`{key}` is `{said}`, and no plan waits longer than `{most}`");
        context.report(
            Diagnostic::error(codes::OUT_OF_RANGE, message, span).help(format!("write `{most}` or less")),
        );
        return false;
    }
    true
}

fn check_word(context: &mut Context, key: &str, choices: &'static [Choice], word: &str, span: Span) -> bool {
    if choices.iter().any(|choice| choice.word == word) {
        return true;
    }
    let known: Vec<&str> = choices.iter().map(|choice| choice.word).collect();
    let message = format!("unknown word `{word}` for `{key}`");
    let listed = format!("write {}", Type::Word(choices).wanted());
    let help = context.nearest(word, known.iter().copied()).unwrap_or(listed);
    context.report(Diagnostic::error(codes::UNKNOWN_WORD, message, span).help(help));
    false
}

/// Reports a value of another type.
pub(super) fn wrong_type(context: &mut Context, key: &str, ty: &Type, value: &Value<'_>) -> bool {
    if let (Type::Secret, ValueKind::Text(_)) = (ty, &value.kind) {
        let message = format!("`{key}` is a secret, and secrets are not written in a plan");
        let help = format!("write `{key} = env(\"NAME\")` or `{key} = file(\"path\")`");
        context.report(Diagnostic::error(codes::LITERAL_SECRET, message, value.span).help(help));
        return false;
    }
    let message = format!("`{key}` is {}, not {}", ty.wanted(), found(value));
    context.report(Diagnostic::error(codes::WRONG_TYPE, message, value.span).help_if(repair(key, ty, value)));
    false
}

/// What a value is, for messages.
pub(super) fn found(value: &Value<'_>) -> String {
    match &value.kind {
        ValueKind::Text(_) => "a text".to_owned(),
        ValueKind::Int(number) => format!("the number `{number}`"),
        ValueKind::Duration(duration) => format!("the duration `{}`", time::format_duration(*duration)),
        ValueKind::Size(_) => "a size".to_owned(),
        ValueKind::Percent(percent) => format!("the percentage `{percent}%`"),
        ValueKind::Instant(_) => "an instant".to_owned(),
        ValueKind::Bool(flag) => format!("`{flag}`"),
        ValueKind::Word(word) => format!("the word `{word}`"),
        ValueKind::Path(_) => "a path of names".to_owned(),
        ValueKind::List(_) => "a list".to_owned(),
        ValueKind::Call { name, .. } => format!("`{}(…)`", name.text),
        ValueKind::Tagged { name, .. } => format!("`{} {{ … }}`", name.text),
    }
}

/// The edit that probably helps.
fn repair(key: &str, ty: &Type, value: &Value<'_>) -> Option<String> {
    let one = if let Type::Many(one) | Type::List(one) = ty { one } else { ty };
    let wants = |test: fn(&Type) -> bool| {
        if let Type::Either(types) = one { types.iter().any(test) } else { test(one) }
    };
    if let ValueKind::Int(number) = &value.kind
        && wants(|ty| matches!(ty, Type::Duration | Type::Time))
    {
        return Some(format!("say the unit: `{key} = {number}s` or `{key} = {number}m`"));
    }
    if let ValueKind::Word(word) = &value.kind
        && wants(|ty| matches!(ty, Type::Text | Type::Given | Type::Template | Type::Path))
    {
        return Some(format!("write `\"{word}\"` with quotes"));
    }
    let ValueKind::Text(parts) = &value.kind else { return None };
    let text = plain(parts)?;
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let bare = (wants(|ty| matches!(ty, Type::Duration | Type::Time)) && time::parse_duration(&text).is_ok())
        || (wants(|ty| matches!(ty, Type::Int(..))) && text.parse::<u64>().is_ok())
        || (wants(|ty| matches!(ty, Type::Bool)) && matches!(&*text, "true" | "false"))
        || (wants(|ty| matches!(ty, Type::Word(_) | Type::Name(_) | Type::Ladder | Type::Commit)) && is_word);
    bare.then(|| format!("write `{text}` without quotes"))
}

/// The values of a list; a value that is no list is a list of one.
pub(super) fn each<'v, 't>(value: &'v Value<'t>) -> &'v [Value<'t>] {
    if let ValueKind::List(values) = &value.kind { values } else { std::slice::from_ref(value) }
}

/// The characters of a text without holes; borrowed where it is one piece.
pub(super) fn plain<'v>(parts: &'v [TextPart<'_>]) -> Option<Cow<'v, str>> {
    match parts {
        [] => Some(Cow::Borrowed("")),
        [TextPart::Plain(text)] => Some(Cow::Borrowed(text)),
        parts => parts
            .iter()
            .map(|part| match part {
                TextPart::Plain(text) => Some(&**text),
                TextPart::Path(_) => None,
            })
            .collect::<Option<String>>()
            .map(Cow::Owned),
    }
}

/// As `plain`, of a value.
pub(super) fn plain_text(value: &Value<'_>) -> Option<String> {
    let ValueKind::Text(parts) = &value.kind else { return None };
    plain(parts).map(Cow::into_owned)
}

/// A word or a text.
pub(super) fn label(value: &Value<'_>) -> Option<String> {
    plain_or_word(value).map(Cow::into_owned)
}

/// A word with its place.
pub(super) fn name<'t>(value: &Value<'t>) -> Option<Name<'t>> {
    let ValueKind::Word(text) = value.kind else { return None };
    Some(Name { text, span: value.span })
}

/// What `env("NAME")` and `file("path")` say: the word and the text.
pub(super) fn secret_source<'v>(value: &'v Value<'_>) -> Option<(&'v str, Cow<'v, str>)> {
    let ValueKind::Call { name, args } = &value.kind else { return None };
    let [arg] = args.as_slice() else { return None };
    let ValueKind::Text(parts) = &arg.value.kind else { return None };
    let text = plain(parts).filter(|text| !text.is_empty() && arg.name.is_none())?;
    matches!(name.text, "env" | "file").then_some((name.text, text))
}
