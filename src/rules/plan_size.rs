//! MP0324: more machines than the provider takes in one plan.

use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(most) = context.provider.and_then(|provider| provider.limits.machines_per_plan) else { return };
    let count = context.plan.vms.len();
    if count > most as usize {
        let message = format!(
            "plan `{}` has {count} machines, and `{}` takes {most} in one plan",
            context.plan.name, context.plan.estate.provider
        );
        found.push(
            Diagnostic::error(codes::PLAN_SIZE, message, context.plan.span)
                .help("split it into plans and `call` them from one"),
        );
    }
}
