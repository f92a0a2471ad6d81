//! MP0305: members of one replication group with different policies. A group gets one choice.

use crate::model::GroupKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for group in context.plan.groups.iter().filter(|group| group.kind == GroupKind::Replication) {
        let points = group.members.iter().filter_map(|vm| {
            let vm = context.plan.vms.at(*vm);
            vm.settings.point.as_ref().map(|(ladder, span)| (vm, ladder, *span))
        });
        let mut first = None;
        for (vm, ladder, span) in points {
            let (other, wanted, at) = *first.get_or_insert((vm, ladder, span));
            if wanted == ladder {
                continue;
            }
            let message = format!(
                "`{}` and `{}` of the group `{}` want different points: `{wanted}` and `{ladder}`",
                other.name, vm.name, group.name
            );
            found.push(
                Diagnostic::error(codes::POINTS_DIFFER, message, span)
                    .at(at, "the other one")
                    .help(format!("say `point` once, in `group {}`", group.name)),
            );
            break;
        }
    }
}
