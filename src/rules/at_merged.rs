//! MP0328: a step at a moment that the provider's failover passes over by itself.

use crate::model::At;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(can) = context.capabilities() else { return };
    for step in context.plan.steps.iter().filter(|step| step.owner.is_some()) {
        let (lost, when, what, instead) = match step.at {
            At::AfterShutdown => (
                can.failover_includes_shutdown,
                "right after the shutdown",
                "shuts the source down",
                "before_shutdown",
            ),
            At::BeforeStart => {
                (can.failover_includes_start, "right before the start", "starts the target", "after_start")
            }
            At::BeforeShutdown | At::AfterStart => continue,
        };
        if !lost {
            continue;
        }
        let provider = &context.plan.estate.provider;
        let message =
            format!("`{}` cannot run {when}: a failover of `{provider}` {what} by itself", step.name);
        found.push(
            Diagnostic::error(codes::AT_MERGED, message, step.at_span.unwrap_or(step.span))
                .at(context.plan.estate.provider_span, "this provider")
                .help(format!("write `at = {instead}`")),
        );
    }
}
