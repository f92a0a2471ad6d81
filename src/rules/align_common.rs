//! MP0306: `align` over a group whose policy is not a common one.

use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for align in &context.plan.aligns {
        for group in align.groups.iter().map(|group| context.plan.groups.at(*group)) {
            let point = group.members.first().and_then(|vm| context.plan.vms.at(*vm).settings.point.as_ref());
            let Some((ladder, span)) = point else { continue };
            let Some(rung) = ladder.rungs.iter().find(|rung| !rung.kind.is_common()) else { continue };
            let message = format!("`{}` is aligned, and `{rung}` is no common policy", group.name);
            found.push(
                Diagnostic::error(codes::ALIGN_NOT_COMMON, message, align.span)
                    .at(*span, "each member its own point")
                    .help(format!("use `common` or `common_app` in `{}`", group.name)),
            );
        }
    }
}
