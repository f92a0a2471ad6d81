//! MP0332: the node that stops the clock of the RTO is not reached by a failover or a failback.

use crate::model::{Endpoint, Mode, Operation};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::{Context, applies};

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(until) = context.plan.objective.as_ref().and_then(|objective| objective.until) else { return };
    let modes = [Mode::Planned, Mode::Unplanned, Mode::Forced];
    let missed = [Operation::Failover, Operation::Failback].into_iter().find(|operation| match until.to {
        Endpoint::Step(step) => {
            let step = context.plan.steps.at(step);
            !modes.into_iter().any(|mode| applies(step, *operation, mode))
        }
        Endpoint::Cleanup => true,
        Endpoint::Vm(_) | Endpoint::Group(_) | Endpoint::Commit | Endpoint::Reprotect => false,
    });
    let Some(operation) = missed else { return };
    let name = context.name(until.to);
    let message =
        format!("`until = {name}` stops the clock of the `rto`, and a {} has no `{name}`", operation.word());
    found.push(
        Diagnostic::error(codes::UNTIL_NEVER, message, until.span)
            .help(format!("name a node that a {} reaches", operation.word())),
    );
}
