//! MP0308: a commit that deletes machines by a timer.

use crate::base::time::format_duration;
use crate::model::{CommitPolicy, Operation};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(commit) = context.plan.commit else { return };
    let CommitPolicy::Auto(after) = commit.policy else { return };
    let Some(operation) =
        [Operation::Failover, Operation::Failback].into_iter().find(|o| context.deletes(*o))
    else {
        return;
    };
    let message = format!(
        "on {} the commit deletes the machines left behind, and `auto({})` does so by a timer",
        operation.word(),
        format_duration(after)
    );
    found.push(
        Diagnostic::error(codes::COMMIT_BY_TIMER, message, commit.span)
            .help(format!("write `policy = manual` or `policy = rollback({})`", format_duration(after))),
    );
}
