//! MP0315: a step that no operation ever reaches.

use crate::model::{At, Endpoint, Mode, Operation, Step};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::{COURSES, Context, applies};

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let below = |end| {
        context.in_chain(end).map(|_| context.arrows.reach(&context.arrows.down, context.arrows.done(end)))
    };
    let after_commit = below(Endpoint::Commit);
    let after_cleanup = below(Endpoint::Cleanup);
    for (id, step) in context.plan.steps.iter_enumerated() {
        let node = context.arrows.entry(Endpoint::Step(id)) as usize;
        let is_in =
            |set: &Option<Vec<bool>>| set.as_ref().and_then(|set| set.get(node)).copied().unwrap_or(false);
        let in_test = step.operations.contains(&Operation::Test)
            && !is_in(&after_commit)
            && !at_shutdown(step)
            && context.knows(Operation::Test, Mode::Planned);
        let for_real = COURSES.into_iter().any(|(operation, mode)| {
            applies(step, operation, mode)
                && context.knows(operation, mode)
                && !is_in(&after_cleanup)
                && !(at_shutdown(step) && mode == Mode::Forced)
        });
        if in_test || for_real {
            continue;
        }
        let message = format!(
            "`{}` is never reached{}",
            step.name,
            why(step, is_in(&after_commit), is_in(&after_cleanup))
        );
        found.push(
            Diagnostic::error(codes::STEP_NEVER, message, step.span)
                .help("widen its `operations` or `modes`, move it, or remove it"),
        );
    }
}

fn at_shutdown(step: &Step) -> bool {
    match step.at {
        At::BeforeShutdown | At::AfterShutdown => step.owner.is_some(),
        At::BeforeStart | At::AfterStart => false,
    }
}

fn why(step: &Step, after_commit: bool, after_cleanup: bool) -> &'static str {
    if after_commit {
        ": it runs in tests only, and a test has no commit"
    } else if after_cleanup {
        ": it stands after `cleanup`, and does not run in tests"
    } else if at_shutdown(step) && step.operations == [Operation::Test] {
        ": it stands at the shutdown of sources, and a test shuts none down"
    } else if at_shutdown(step) {
        ": it stands at the shutdown of sources, and a forced run shuts none down"
    } else {
        ": the provider knows none of its operations in any of its modes"
    }
}
