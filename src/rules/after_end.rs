//! MP0311: something stands after a node that ends the run's work on machines.

use crate::model::Endpoint;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::arrows::Spot;
use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for end in [Endpoint::Commit, Endpoint::Reprotect, Endpoint::Cleanup] {
        let Some(at) = context.in_chain(end) else { continue };
        let below = context.arrows.reach(&context.arrows.down, context.arrows.done(end));
        let machine = below.iter().zip(0_u32..).filter(|(below, _)| **below).find_map(|(_, node)| {
            match context.arrows.spot(node) {
                Spot::Start(vm) => Some(context.plan.vms.at(vm)),
                Spot::Step(_) | Spot::Other => None,
            }
        });
        let name = context.name(end);
        if let Some(vm) = machine {
            let message = format!("`{}` starts after `{name}`, which waits for every machine", vm.name);
            found.push(
                Diagnostic::error(codes::AFTER_THE_END, message, at)
                    .at(vm.span, "can never start")
                    .help(format!("put `{name}` after `{}`", vm.name)),
            );
        }
        let node = context.arrows.entry(Endpoint::Commit) as usize;
        if end == Endpoint::Reprotect && below.get(node).copied().unwrap_or(false) {
            let message = "`commit` comes after `reprotect`, which replicates what was committed";
            found.push(
                Diagnostic::error(codes::AFTER_THE_END, message, at).help("write `commit -> reprotect`"),
            );
        }
    }
}
