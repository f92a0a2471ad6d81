//! MP0316: the address of a machine is used before it has started.

use crate::model::{
    ApproveStep, At, CheckKind, Endpoint, EnvValue, Owner, ScriptSpec, Step, StepId, StepKind, Template,
    TemplatePart, VmId,
};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

/// Nodes looked at upstream of one step before it is put into a batch.
const NEAR: usize = 64;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    fence(context, found);
    let mut far: Vec<(StepId, VmId)> = Vec::new();
    for (id, step) in context.plan.steps.iter_enumerated() {
        for vm in used(step) {
            match (step.owner, step.at) {
                (Some(_), At::BeforeShutdown | At::AfterShutdown | At::BeforeStart) => {
                    found.push(in_block(context, step, vm))
                }
                (Some(Owner::Vm(owner)), At::AfterStart) if owner == vm => {}
                (Some(_) | None, _) if near(context, id, vm) => {}
                (Some(_) | None, _) => far.push((id, vm)),
            }
        }
    }
    // The graph is gone through once for 64 questions: a bit each says what is upstream.
    for batch in far.chunks(64) {
        let above = above(context, batch);
        for ((step, vm), bit) in batch.iter().zip(0_u32..) {
            let node = context.arrows.entry(Endpoint::Step(*step)) as usize;
            if above.get(node).is_some_and(|bits| bits & (1 << bit) == 0) {
                found.push(too_early(context, *step, *vm));
            }
        }
    }
}

/// Whether the start of a machine is upstream and not far.
fn near(context: &Context<'_>, step: StepId, vm: VmId) -> bool {
    let start = context.arrows.start(vm);
    let mut open = vec![context.arrows.entry(Endpoint::Step(step))];
    let mut at = 0;
    while let Some(node) = open.get(at).copied().filter(|_| at < NEAR) {
        at += 1;
        let up = context.arrows.up.after(node);
        if up.contains(&start) {
            return true;
        }
        open.extend(up.iter().take(NEAR));
    }
    false
}

fn above(context: &Context<'_>, batch: &[(StepId, VmId)]) -> Vec<u64> {
    let mut bits = vec![0_u64; context.arrows.len()];
    for ((_, vm), bit) in batch.iter().zip(0_u32..) {
        if let Some(slot) = bits.get_mut(context.arrows.start(*vm) as usize) {
            *slot |= 1 << bit;
        }
    }
    for node in context.arrows.order.nodes.iter().copied() {
        let own = bits.get(node as usize).copied().unwrap_or(0);
        for to in context.arrows.down.after(node) {
            if let Some(slot) = bits.get_mut(*to as usize) {
                *slot |= own;
            }
        }
    }
    // What stands on a cycle or behind one has no order: the cycle is said, this is not.
    for node in &context.arrows.order.stuck {
        if let Some(slot) = bits.get_mut(*node as usize) {
            *slot = u64::MAX;
        }
    }
    bits
}

fn too_early(context: &Context<'_>, step: StepId, vm: VmId) -> Diagnostic {
    let (step, vm) = (context.plan.steps.at(step), context.plan.vms.at(vm));
    let message = format!(
        "`{}` uses `${{{}.address}}`, and nothing says that `{}` has started by then",
        step.name, vm.name, vm.name
    );
    Diagnostic::error(codes::ADDRESS_EARLY, message, step.span)
        .at(vm.span, "its address is known when it has started")
        .help(format!("add the arrow `{} -> {}`", vm.name, step.name))
}

fn in_block(context: &Context<'_>, step: &Step, vm: VmId) -> Diagnostic {
    let vm = context.plan.vms.at(vm);
    let message = format!("`{}` runs before the start and uses `${{{}.address}}`", step.name, vm.name);
    let diagnostic = Diagnostic::error(codes::ADDRESS_EARLY, message, step.span);
    let diagnostic = match step.at_span {
        Some(at) => diagnostic.at(at, "no target has an address here"),
        None => diagnostic,
    };
    diagnostic.help(format!("use `${{{}.name}}`, or write `at = after_start`", vm.name))
}

fn fence(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(fence) = &context.plan.fence else { return };
    let mut vms = Vec::new();
    of_spec(&fence.spec, &mut vms);
    if let Some(vm) = vms.first().map(|vm| context.plan.vms.at(*vm)) {
        let message = format!("the fence runs before every start and uses `${{{}.address}}`", vm.name);
        found.push(
            Diagnostic::error(codes::ADDRESS_EARLY, message, fence.span)
                .help(format!("use `${{{}.name}}` or `${{run.source}}`", vm.name)),
        );
    }
}

/// The machines whose address a step uses, each once.
fn used(step: &Step) -> Vec<VmId> {
    let mut vms = Vec::new();
    match &step.kind {
        StepKind::Approve(ApproveStep { prompt, .. }) => of_text(prompt, &mut vms),
        StepKind::Script(script) => of_spec(&script.spec, &mut vms),
        StepKind::Check(check) => match &check.kind {
            CheckKind::Tcp(text) => of_text(text, &mut vms),
            CheckKind::Http { url, .. } => of_text(url, &mut vms),
            CheckKind::Command(spec) => of_spec(spec, &mut vms),
            CheckKind::Heartbeat(_) => {}
        },
        StepKind::Wait { .. } | StepKind::Call { .. } => {}
    }
    vms.sort_unstable();
    vms.dedup();
    vms
}

fn of_spec(spec: &ScriptSpec, vms: &mut Vec<VmId>) {
    for text in &spec.run {
        of_text(text, vms);
    }
    for value in spec.env.values() {
        match value {
            EnvValue::Text(text) => of_text(text, vms),
            EnvValue::Secret(_) => {}
        }
    }
}

fn of_text(text: &Template, vms: &mut Vec<VmId>) {
    for part in &text.parts {
        if let TemplatePart::Address(vm) = part {
            vms.push(*vm);
        }
    }
}
