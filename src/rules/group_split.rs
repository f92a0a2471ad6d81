//! MP0336: members of a replication group in several waves, where the group fails over by one call.

use crate::model::GroupKind;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let one_call = context.capabilities().map(|can| can.one_call_per_group);
    if !one_call.is_some_and(|by| by.failover || by.failback) {
        return;
    }
    let waves = context.arrows.waves();
    let wave = |vm| waves.get(context.arrows.start(vm) as usize).copied().unwrap_or(0);
    for group in context.plan.groups.iter().filter(|group| group.kind == GroupKind::Replication) {
        // On a cycle or behind one nothing has a wave: the cycle is said, this is not.
        let mut members = group.members.iter().copied().filter(|vm| wave(*vm) > 0);
        let Some(first) = members.next() else { continue };
        let Some(other) = members.find(|vm| wave(*vm) != wave(first)) else { continue };
        let (early, late) = if wave(first) < wave(other) { (first, other) } else { (other, first) };
        let (early, late) = (context.plan.vms.at(early), context.plan.vms.at(late));
        let message = format!(
            "`{}` starts after `{}`, and `{}` brings all of the group `{}` up by one call",
            late.name, early.name, context.plan.estate.provider, group.name
        );
        found.push(
            Diagnostic::error(codes::GROUP_SPLIT, message, late.span)
                .at(early.span, "in an earlier wave")
                .at(context.plan.estate.provider_span, "this provider")
                .help(format!("let arrows lead to `{}` and from it, not to its members", group.name)),
        );
    }
}
