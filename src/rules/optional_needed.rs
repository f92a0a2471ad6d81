//! MP0331: something that may fail unnoticed, with others that are started because of it.

use crate::model::Endpoint;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for chain in &context.plan.order {
        for (before, after) in chain.links.iter().zip(chain.links.iter().skip(1)) {
            let needs = after.iter().find(|end| machine_or_group(end.to) && !optional(context, end.to));
            let Some(needs) = needs else { continue };
            for end in before.iter().filter(|end| machine_or_group(end.to) && optional(context, end.to)) {
                let (first, then) = (context.name(end.to), context.name(needs.to));
                let message =
                    format!("`{then}` starts even if `{first}` failed, because `{first}` is optional");
                found.push(
                    Diagnostic::warning(codes::OPTIONAL_NEEDED, message, end.span)
                        .labelled("optional")
                        .at(needs.span, "starts without it")
                        .help(format!("remove `optional` from `{first}`, or this arrow")),
                );
            }
        }
    }
}

const fn machine_or_group(end: Endpoint) -> bool {
    match end {
        Endpoint::Vm(_) | Endpoint::Group(_) => true,
        Endpoint::Step(_) | Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => false,
    }
}

fn optional(context: &Context<'_>, end: Endpoint) -> bool {
    let plan = context.plan;
    match end {
        Endpoint::Vm(vm) => {
            let vm = plan.vms.at(vm);
            vm.optional || vm.group.is_some_and(|group| plan.groups.at(group).optional)
        }
        Endpoint::Group(group) => plan.groups.at(group).optional,
        Endpoint::Step(step) => plan.steps.at(step).optional,
        Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => false,
    }
}
