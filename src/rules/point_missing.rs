//! MP0303: a machine without a point policy. There is no silent default.

use indexmap::IndexMap;

use crate::base::words;
use crate::model::{GroupId, GroupKind, Vm};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::{Context, NAMES_SHOWN};

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut by_block: IndexMap<Option<GroupId>, Vec<&Vm>> = IndexMap::new();
    for vm in context.plan.vms.iter().filter(|vm| vm.settings.point.is_none()) {
        by_block.entry(vm.group).or_default().push(vm);
    }
    for (block, vms) in by_block {
        let Some(first) = vms.first() else { continue };
        let names: Vec<&str> = vms.iter().map(|vm| vm.name.as_str()).collect();
        let verb = if names.len() == 1 { "has" } else { "have" };
        let message =
            format!("{} {verb} no `point`, and there is no default", words::list(&names, NAMES_SHOWN));
        let (span, place) = match block.map(|group| context.plan.groups.at(group)) {
            Some(group) => (group.span, format!("`{}`", group.name)),
            None => (first.span, format!("`{}`", first.name)),
        };
        let taken_together =
            block.is_some_and(|group| context.plan.groups.at(group).kind == GroupKind::Replication);
        let policy = if taken_together { "common" } else { "latest_processed" };
        found.push(
            Diagnostic::error(codes::POINT_MISSING, message, span)
                .help(format!("say which recovery point in {place}, such as `point = {policy}`")),
        );
    }
}
