//! MP0327: machines of different systems in one group, where failback takes them only alike.

use crate::model::GroupKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if !context.provider.is_some_and(|provider| provider.limits.one_os_per_group_on_failback) {
        return;
    }
    for group in context.plan.groups.iter().filter(|group| group.kind == GroupKind::Replication) {
        let mut first = None;
        for vm in group.members.iter().map(|vm| context.plan.vms.at(*vm)) {
            let Some(os) = vm.os.as_deref() else { continue };
            let (other, wanted) = *first.get_or_insert((vm, os));
            if wanted == os {
                continue;
            }
            let message = format!(
                "group `{}` holds `{}` ({wanted}) and `{}` ({os}), and a classic failback takes one system a group",
                group.name, other.name, vm.name
            );
            found.push(
                Diagnostic::error(codes::ONE_OS, message, vm.span)
                    .at(other.span, "the other system")
                    .help("split the group by system and `align` the parts"),
            );
            break;
        }
    }
}
