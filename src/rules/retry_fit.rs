//! MP0313: a retry whose numbers do not fit each other or its step's time limit.

use crate::base::time::format_duration;
use crate::model::Retry;
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::bounds;
use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for step in &context.plan.steps {
        let Some(retry) = &step.retry else { continue };
        fits(&step.name, step.span, retry, found);
        let (Some(limit), Some(one)) = (retry.limit, bounds::attempt(step)) else { continue };
        if limit <= one && retry.on.is_empty() {
            let message = format!(
                "`{}` is tried again for {}, and its first attempt alone may take {}",
                step.name,
                format_duration(limit),
                format_duration(one)
            );
            found.push(
                Diagnostic::warning(codes::RETRY_FIT, message, step.span)
                    .help(format!("write `for` longer than {}", format_duration(one))),
            );
        }
    }
    if let Some((reprotect, retry)) =
        context.plan.reprotect.as_ref().and_then(|r| Some((r, r.retry.as_ref()?)))
    {
        fits("reprotect", reprotect.span, retry, found);
    }
}

/// Whether all attempts find room in `for`.
fn fits(name: &str, span: Span, retry: &Retry, found: &mut Vec<Diagnostic>) {
    let Some(limit) = retry.limit else { return };
    let least = bounds::pauses(retry).unwrap_or(retry.every);
    if least <= limit {
        return;
    }
    let what = retry.times.map_or_else(|| "the first retry".to_owned(), |times| format!("retry {times}"));
    let message = format!(
        "{what} of `{name}` comes {} after the first attempt at the soonest, and `for` ends after {}",
        format_duration(least),
        format_duration(limit)
    );
    found.push(
        Diagnostic::error(codes::RETRY_FIT, message, span)
            .help(format!("write `for = {}` or more, or fewer `times`", format_duration(least))),
    );
}
