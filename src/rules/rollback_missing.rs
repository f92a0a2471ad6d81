//! MP0334: the plan rolls back where the provider cannot.

use crate::base::time::format_duration;
use crate::model::{CommitPolicy, IfRejected, OnFailure, StepKind};
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if context.capabilities().is_none_or(|can| can.rollback) {
        return;
    }
    let mut say = |what: String, span: Span, help: &str| {
        let provider = &context.plan.estate.provider;
        let message = format!("{what}, and `{provider}` cannot roll back");
        found.push(
            Diagnostic::error(codes::ROLLBACK_MISSING, message, span)
                .at(context.plan.estate.provider_span, "this provider")
                .help(help),
        );
    };
    for step in &context.plan.steps {
        let rejected = match &step.kind {
            StepKind::Approve(approve) => approve.if_rejected == IfRejected::Rollback,
            StepKind::Script(_) | StepKind::Check(_) | StepKind::Wait { .. } | StepKind::Call { .. } => false,
        };
        if rejected {
            say(
                format!("`{}` rolls back when it is rejected", step.name),
                step.span,
                "write `if_rejected = halt`",
            );
        }
        if step.on_failure == Some(OnFailure::Rollback) {
            say(format!("`{}` rolls back when it fails", step.name), step.span, "write `on_failure = halt`");
        }
    }
    if let Some(commit) = context.plan.commit
        && let CommitPolicy::Rollback(after) = commit.policy
    {
        say(
            format!("the commit window rolls back after {}", format_duration(after)),
            commit.span,
            "write `policy = manual`",
        );
    }
}
