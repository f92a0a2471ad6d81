//! MP0304: independent points on a replication group of two or more. Legal, and warned about.

use crate::model::GroupKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for (span, ladder, vms) in context.ladders() {
        let Some(rung) = ladder.rungs.iter().find(|rung| !rung.kind.is_common()) else { continue };
        let group = vms
            .iter()
            .filter_map(|vm| context.plan.vms.at(*vm).group)
            .map(|group| context.plan.groups.at(group));
        let mut wide = group.filter(|group| group.kind == GroupKind::Replication && group.members.len() > 1);
        let Some(group) = wide.next() else { continue };
        let word = rung.kind.word();
        let message = format!("`{word}` brings each member of `{}` to a point of its own", group.name);
        found.push(
            Diagnostic::warning(codes::INDEPENDENT_POINTS, message, span)
                .at(group.span, "taken together, recovered apart")
                .help("write `common` or `common_app` to bring all members to one point"),
        );
    }
}
