//! MP0325: more machines than the provider takes in one replication group.

use crate::model::GroupKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(most) = context.provider.and_then(|provider| provider.limits.group_size) else { return };
    for group in context.plan.groups.iter().filter(|group| group.kind == GroupKind::Replication) {
        let count = group.members.len();
        if count > most as usize {
            let message = format!(
                "group `{}` has {count} machines, and `{}` takes {most} in one",
                group.name, context.plan.estate.provider
            );
            found.push(
                Diagnostic::error(codes::GROUP_SIZE, message, group.span)
                    .help("split it into several groups and `align` them"),
            );
        }
    }
}
