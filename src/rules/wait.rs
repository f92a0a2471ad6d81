//! MP0322: a fixed pause. A check is better.

use crate::base::time::format_duration;
use crate::model::StepKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for step in &context.plan.steps {
        let StepKind::Wait { duration, .. } = &step.kind else { continue };
        let message = format!(
            "`{}` pauses {} whether or not it is needed, or enough",
            step.name,
            format_duration(*duration)
        );
        found.push(Diagnostic::warning(codes::WAIT, message, step.span).help(format!(
            "write a `check` for what it waits for, `within = {}`",
            format_duration(*duration)
        )));
    }
}
