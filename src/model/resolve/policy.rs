//! Point policies and ladders, from values of the language. Used for plans and for `--point`.

use crate::base::words;
use crate::model::{Ladder, LadderEnd, Policy, PolicyKind};
use crate::schema::policies::{ARGUMENTS, ENDS, ID, POLICIES};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Arg, Name, Value, ValueKind};

use super::context::Context;
use super::shape;

/// Whether one point may be named where a policy stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IdUse {
    /// The policy is of one machine.
    Allowed,
    /// It is of several machines, whose points have ids of their own.
    Refused,
}

/// A policy or a list of them; nothing where something is wrong.
pub(super) fn ladder(context: &mut Context, value: &Value<'_>, id_use: IdUse) -> Option<Ladder> {
    let values = shape::each(value);
    let mut rungs = Vec::with_capacity(values.len());
    let mut end = None;
    let mut right = true;
    for (index, rung) in values.iter().enumerate() {
        let closing = shape::name(rung).filter(|name| ENDS.iter().any(|end| end.word == name.text));
        match closing {
            Some(name) if index + 1 < values.len() => {
                let message = format!("`{}` is not the last rung", name.text);
                context.report(
                    Diagnostic::error(codes::POLICY, message, name.span)
                        .help("move it to the end of the list"),
                );
                right = false;
            }
            Some(name) => end = Some(if name.text == "ask" { LadderEnd::Ask } else { LadderEnd::Fail }),
            None => match policy(context, rung, id_use) {
                Some(policy) => rungs.push(policy),
                None => right = false,
            },
        }
    }
    if right && rungs.is_empty() {
        let message = "`point` names no policy";
        context.report(
            Diagnostic::error(codes::POLICY, message, value.span).help(format!("write one of {}", known())),
        );
        right = false;
    }
    right.then_some(Ladder { rungs, end: end.unwrap_or(LadderEnd::Fail) })
}

fn known() -> String {
    let words: Vec<&str> = POLICIES.iter().map(|policy| policy.word).collect();
    words::list(&words, 10)
}

fn policy(context: &mut Context, value: &Value<'_>, id_use: IdUse) -> Option<Policy> {
    let (name, args): (Name<'_>, &[Arg<'_>]) = if let ValueKind::Call { name, args } = &value.kind {
        (*name, args)
    } else if let Some(name) = shape::name(value) {
        (name, &[])
    } else {
        shape::wrong_type(context, "point", &crate::schema::Type::Ladder, value);
        return None;
    };
    if !POLICIES.iter().any(|policy| policy.word == name.text) {
        let message = format!("unknown policy `{}`", name.text);
        let all = POLICIES.iter().map(|policy| policy.word).chain(ENDS.iter().map(|end| end.word));
        let help = context.nearest(name.text, all).unwrap_or_else(|| format!("the policies are {}", known()));
        context.report(Diagnostic::error(codes::POLICY, message, name.span).help(help));
        return None;
    }
    let mut args = args;
    let kind = match name.text {
        "latest" => PolicyKind::Latest,
        "latest_processed" => PolicyKind::LatestProcessed,
        "latest_app" => PolicyKind::LatestApp,
        "common" => PolicyKind::Common,
        "common_app" => PolicyKind::CommonApp,
        _ => {
            let (id, rest) = point_id(context, args, value.span, id_use)?;
            args = rest;
            PolicyKind::Id(id)
        }
    };
    arguments(context, name, args, Policy::plain(kind))
}

/// The id of `id("…")` and the arguments after it.
fn point_id<'v, 't>(
    context: &mut Context,
    args: &'v [Arg<'t>],
    span: Span,
    id_use: IdUse,
) -> Option<(String, &'v [Arg<'t>])> {
    if id_use == IdUse::Refused {
        let message = format!("`{ID}` names one machine's point, and this is for several");
        context.report(
            Diagnostic::error(codes::POLICY, message, span)
                .help("say it on a `vm` outside any group, or use `as_of`"),
        );
        return None;
    }
    let split = args.split_first().filter(|(first, _)| first.name.is_none());
    let id = split.and_then(|(first, rest)| Some((shape::plain_text(&first.value)?, rest)));
    let found = id.filter(|(id, _)| !id.is_empty());
    if found.is_none() {
        let message = format!("`{ID}` has no point");
        context.report(Diagnostic::error(codes::POLICY, message, span).help("write `id(\"p7\")`"));
    }
    found
}

fn arguments(context: &mut Context, of: Name<'_>, args: &[Arg<'_>], mut policy: Policy) -> Option<Policy> {
    let mut right = true;
    let mut said: Vec<Name<'_>> = Vec::new();
    for arg in args {
        let Some(name) = arg.name else {
            let message = format!("an argument of `{}` has no name", of.text);
            let help = if matches!(arg.value.kind, ValueKind::Duration(_)) {
                "write `max_age = …`"
            } else if matches!(arg.value.kind, ValueKind::Instant(_)) {
                "write `as_of = …`"
            } else {
                "write `max_age = 1h`, `as_of = …` or `tag = …`"
            };
            context.report(Diagnostic::error(codes::POLICY, message, arg.value.span).help(help));
            right = false;
            continue;
        };
        let Some(key) = ARGUMENTS.iter().find(|key| key.word == name.text) else {
            let message = format!("unknown argument `{}` of `{}`", name.text, of.text);
            let known: Vec<&str> = ARGUMENTS.iter().map(|key| key.word).collect();
            let help = context
                .nearest(name.text, known.iter().copied())
                .unwrap_or_else(|| format!("the arguments are {}", words::list(&known, 5)));
            context.report(Diagnostic::error(codes::POLICY, message, name.span).help(help));
            right = false;
            continue;
        };
        if let Some(first) = said.iter().find(|first| first.text == name.text) {
            let message = format!("`{}` is said twice", name.text);
            context.report(
                Diagnostic::error(codes::POLICY, message, name.span)
                    .labelled("again here")
                    .at(first.span, "first here")
                    .help("keep one of them"),
            );
            right = false;
            continue;
        }
        said.push(name);
        right &= shape::check(context, key.word, &key.ty, &arg.value);
        match (&arg.value.kind, key.word) {
            (ValueKind::Duration(age), "max_age") => policy.max_age = Some(*age),
            (ValueKind::Instant(at), "as_of") => policy.as_of = Some(*at),
            (ValueKind::Text(_), "tag") => policy.tag = shape::plain_text(&arg.value),
            _ => {}
        }
    }
    right.then_some(policy)
}
