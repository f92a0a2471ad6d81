//! MP0337: a point policy that the service behind the provider cannot be told.

use crate::model::{GroupKind, Operation, Policy, VmId};
use crate::schema::provider::Whose;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let untold = context.capabilities().map_or(&[][..], |can| can.untold);
    for (span, ladder, vms) in context.ladders() {
        for one in untold {
            let Some(whose) = vms.iter().find_map(|vm| of_kind(context, *vm, one.whose)) else { continue };
            if !ladder.rungs.iter().any(|rung| says(rung, one.word)) {
                continue;
            }
            let provider = &context.plan.estate.provider;
            let home_only = !one.direction.failover;
            let way = if home_only { " on the way home" } else { "" };
            let message = format!("`{provider}` cannot be told `{}` for {whose}{way}", one.word);
            let diagnostic = if home_only && !comes_home(context) {
                Diagnostic::warning(codes::POINT_UNTOLD, message, span)
            } else {
                Diagnostic::error(codes::POINT_UNTOLD, message, span)
            };
            found.push(diagnostic.at(context.plan.estate.provider_span, "this provider").help(
                match one.instead {
                    Some(policy) => format!("write `{policy}`"),
                    None => format!("leave `{}` out", one.word),
                },
            ));
        }
    }
}

/// Whether a rung is that policy, or has that argument.
fn says(rung: &Policy, word: &str) -> bool {
    match word {
        "as_of" => rung.as_of.is_some(),
        "tag" => rung.tag.is_some(),
        policy => rung.kind.word() == policy,
    }
}

/// Who gets the point, if they are of the kind that is asked about.
fn of_kind(context: &Context<'_>, vm: VmId, whose: Whose) -> Option<String> {
    let machine = context.plan.vms.at(vm);
    let group = machine.group.map(|group| context.plan.groups.at(group));
    let group = group.filter(|group| group.kind == GroupKind::Replication);
    match (whose, group) {
        (Whose::Groups, Some(group)) => Some(format!("the group `{}`", group.name)),
        (Whose::Machines, None) => Some(format!("the machine `{}`", machine.name)),
        (Whose::Groups, None) | (Whose::Machines, Some(_)) => None,
    }
}

/// Whether the plan protects machines towards home, so that it is meant to bring them back.
fn comes_home(context: &Context<'_>) -> bool {
    context
        .plan
        .reprotect
        .as_ref()
        .is_some_and(|reprotect| reprotect.operations.contains(&Operation::Failover))
}
