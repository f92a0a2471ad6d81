//! MP0333: an undo that no rollback ever runs.

use crate::model::{Mode, Operation};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::{COURSES, Context, applies};

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let rolls_back = context.capabilities().is_none_or(|can| can.rollback);
    for step in context.plan.steps.iter().filter(|step| step.undo.is_some()) {
        let reached = COURSES.into_iter().any(|(operation, mode)| {
            mode != Mode::Forced && applies(step, operation, mode) && context.knows(operation, mode)
        });
        let why = if !rolls_back {
            format!("`{}` cannot roll back", context.plan.estate.provider)
        } else if step.operations == [Operation::Test] {
            "a test is cleaned up, not rolled back".to_owned()
        } else if !reached {
            "a forced run is never rolled back".to_owned()
        } else {
            continue;
        };
        let message = format!("the `undo` of `{}` never runs: {why}", step.name);
        found.push(Diagnostic::warning(codes::UNDO_NEVER, message, step.span).help("remove the `undo`"));
    }
}
