//! MP0309: an approval that opens by itself before a commit that deletes machines.

use crate::model::{Endpoint, IfLate, Operation, StepKind};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let plan = context.plan;
    if plan.commit.is_none() {
        return;
    }
    let upstream = context.arrows.reach(&context.arrows.up, context.arrows.entry(Endpoint::Commit));
    for (id, step) in plan.steps.iter_enumerated() {
        let StepKind::Approve(approve) = &step.kind else { continue };
        let node = context.arrows.entry(Endpoint::Step(id)) as usize;
        let deletes = [Operation::Failover, Operation::Failback]
            .into_iter()
            .find(|operation| context.deletes(*operation) && step.operations.contains(operation));
        let above = upstream.get(node).copied().unwrap_or(false);
        if let (IfLate::Go, Some(operation), true) = (approve.if_late, deletes, above) {
            let message = format!(
                "`{}` counts as given when nobody answers, and the {} after it deletes the machines left behind",
                step.name,
                operation.word()
            );
            found.push(
                Diagnostic::error(codes::GATE_BY_TIMER, message, step.span)
                    .at(context.commit_span(), "deletes")
                    .help("write `if_late = keep_waiting` or `if_late = halt`"),
            );
        }
    }
}
