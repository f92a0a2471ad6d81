//! MP0321: a forced run is never possible, because nothing fences the source.

use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let plan = context.plan;
    if plan.fence.is_some() || plan.vms.is_empty() {
        return;
    }
    let message = format!("plan `{}` has no `fence`, so it is forced without one or not at all", plan.name);
    found.push(
        Diagnostic::warning(codes::FENCE_MISSING, message, plan.span)
            .help("add `fence { run = [\"…\", \"${run.source}\"], timeout = 5m }`"),
    );
}
