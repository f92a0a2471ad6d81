//! MP0326: more levels of machines than the provider starts one after another.

use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(most) = context.provider.and_then(|provider| provider.limits.waves) else { return };
    let waves = context.arrows.waves();
    let of = |vm| waves.get(context.arrows.start(vm) as usize).copied().unwrap_or(0);
    let counted = context.plan.vms.ids().map(|vm| (of(vm), vm));
    // The first of those that start last.
    let deepest = counted.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let Some((count, vm)) = deepest.filter(|(count, _)| *count > most) else { return };
    let vm = context.plan.vms.at(vm);
    let message = format!(
        "`{}` starts in wave {count}, and `{}` knows {most} waves",
        vm.name, context.plan.estate.provider
    );
    found.push(
        Diagnostic::error(codes::WAVES, message, vm.span)
            .at(context.plan.estate.provider_span, "this provider")
            .help("let machines start together where nothing keeps them apart"),
    );
}
