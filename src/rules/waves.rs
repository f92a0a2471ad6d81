//! MP0326: more levels of machines than the provider starts one after another.

use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::arrows::Spot;
use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(most) = context.provider.and_then(|provider| provider.limits.waves) else { return };
    let arrows = &context.arrows;
    let mut level = vec![0_u32; arrows.len()];
    let mut deepest = None;
    for node in arrows.order.nodes.iter().copied() {
        let above = level.get(node as usize).copied().unwrap_or(0);
        let own = match arrows.spot(node) {
            Spot::Start(vm) => {
                if deepest.is_none_or(|(best, _)| best < above + 1) {
                    deepest = Some((above + 1, vm));
                }
                above + 1
            }
            Spot::Step(_) | Spot::Other => above,
        };
        for to in arrows.down.after(node) {
            if let Some(slot) = level.get_mut(*to as usize) {
                *slot = (*slot).max(own);
            }
        }
    }
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
