//! MP0327: machines of different systems in one group, where failback takes them only alike.

use crate::model::GroupKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if !context.provider.is_some_and(|provider| provider.limits.one_os_per_group_on_failback)
        || !is_classic(context)
    {
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

/// Only the older appliance has one master target for each system.
fn is_classic(context: &Context<'_>) -> bool {
    let said = context.plan.estate.provider_args.get("appliance").and_then(serde_json::Value::as_str);
    said == Some("classic")
}
