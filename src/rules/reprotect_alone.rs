//! MP0310: reprotect without commit. What is not committed cannot be replicated the other way.

use crate::model::Endpoint;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let plan = context.plan;
    let Some(reprotect) = &plan.reprotect else { return };
    let chained = context.in_chain(Endpoint::Commit).is_some();
    if plan.commit.is_some() || chained {
        return;
    }
    found.push(
        Diagnostic::error(codes::REPROTECT_WITHOUT_COMMIT, "`reprotect` without `commit`", reprotect.span)
            .labelled("replicates what was never made final")
            .help("put `commit` before it: `… -> commit -> reprotect`"),
    );
}
