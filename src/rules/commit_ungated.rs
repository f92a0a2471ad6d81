//! MP0307: a commit that deletes machines, goes on by itself, and has no approval or check before it.

use crate::model::{CommitPolicy, Endpoint};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::arrows::Spot;
use super::context::{COURSES, Context, applies, is_gate};

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(commit) = context.plan.commit else { return };
    let by_itself = match commit.policy {
        CommitPolicy::Gated => context.arrows_into(Endpoint::Commit).next().is_some(),
        CommitPolicy::Auto(_) => true,
        CommitPolicy::Manual | CommitPolicy::Rollback(_) => false,
    };
    // A plan of calls only commits nothing itself.
    if !by_itself || context.plan.vms.is_empty() {
        return;
    }
    let upstream = context.arrows.reach(&context.arrows.up, context.arrows.entry(Endpoint::Commit));
    let gates: Vec<_> = upstream
        .iter()
        .zip(0_u32..)
        .filter(|(above, _)| **above)
        .filter_map(|(_, node)| match context.arrows.spot(node) {
            Spot::Step(step) => Some(context.plan.steps.at(step)),
            Spot::Start(_) | Spot::Other => None,
        })
        .filter(|step| is_gate(&step.kind) && !step.optional)
        .collect();
    let after_start = downstream_of_machines(context);
    for (operation, mode) in COURSES
        .into_iter()
        .filter(|(operation, mode)| context.deletes(*operation) && context.knows(*operation, *mode))
    {
        let gated = gates.iter().any(|step| applies(step, operation, mode) && after_start(step.span));
        if gated {
            continue;
        }
        let message = format!(
            "in a {} {} the commit deletes the machines left behind, and no approval or check stands between a start and it",
            mode.word(),
            operation.word()
        );
        found.push(
            Diagnostic::error(codes::COMMIT_UNGATED, message, context.commit_span())
                .labelled("no way back from here")
                .help("put an `approve` or a `check` before `commit`, or write `commit { policy = manual }`"),
        );
        return;
    }
}

/// Whether a step, told by where its name stands, comes after some machine's start.
fn downstream_of_machines(context: &Context<'_>) -> impl Fn(crate::source::Span) -> bool {
    let mut after = vec![false; context.arrows.len()];
    let mut spans = std::collections::HashSet::new();
    for node in context.arrows.order.nodes.iter().copied() {
        let above = after.get(node as usize).copied().unwrap_or(false);
        match context.arrows.spot(node) {
            Spot::Step(step) if above => {
                spans.insert(context.plan.steps.at(step).span);
            }
            Spot::Step(_) | Spot::Start(_) | Spot::Other => {}
        }
        let starts = matches!(context.arrows.spot(node), Spot::Start(_));
        if above || starts {
            for to in context.arrows.down.after(node) {
                if let Some(slot) = after.get_mut(*to as usize) {
                    *slot = true;
                }
            }
        }
    }
    move |span| spans.contains(&span)
}
