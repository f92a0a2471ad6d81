//! MP0323: a script in a guest, on an estate that runs none there.

use crate::model::{ScriptWhere, StepKind};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if context.capabilities().is_none_or(|can| can.guest_scripts) {
        return;
    }
    for step in &context.plan.steps {
        let StepKind::Script(script) = &step.kind else { continue };
        let ScriptWhere::Guest(vm) = script.place else { continue };
        let message = format!(
            "`{}` runs in the guest of `{}`, and `{}` runs no scripts in guests",
            step.name,
            context.plan.vms.at(vm).name,
            context.plan.estate.provider
        );
        found.push(
            Diagnostic::error(codes::GUEST_SCRIPTS, message, step.span)
                .at(context.plan.estate.provider_span, "this provider")
                .help("remove `where`, so that it runs beside the engine"),
        );
    }
}
