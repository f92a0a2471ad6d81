//! MP0306: `id(…)` for several machines. A point's id belongs to one machine.

use crate::model::PolicyKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (span, ladder, vms) in context.ladders() {
        let Some(rung) = ladder.rungs.iter().find(|rung| matches!(rung.kind, PolicyKind::Id(_))) else { continue };
        let member = vms.iter().copied().find(|vm| context.in_replication_group(*vm));
        let message = match (member, vms.as_slice()) {
            (Some(member), _) => {
                let group = context.plan.vms.at(member).group.map(|group| context.plan.groups.at(group));
                let name = group.map_or("", |group| &group.name);
                format!("`{rung}` names one machine's point, and it stands for the group `{name}`")
            }
            (None, [] | [_]) => continue,
            (None, many) => format!("`{rung}` names one machine's point, and it stands for {} machines", many.len()),
        };
        found.push(
            Diagnostic::error(codes::ID_ON_GROUP, message, span)
                .help("write `common(as_of = …)` or `common(tag = …)`, or move it to one machine outside any group"),
        );
    }
}
