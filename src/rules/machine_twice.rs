//! MP0335: one machine of the estate in a plan and in one that it calls, or in two that it calls.

use std::collections::HashMap;

use crate::model::{Plan, Step, StepKind, Vm};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

pub(super) fn check(plan: &Plan, found: &mut Vec<Diagnostic>) {
    let mut owner: HashMap<&str, (&Plan, &Vm, Option<&Step>)> = HashMap::new();
    let mut open: Vec<(&Plan, Option<&Step>)> = vec![(plan, None)];
    let mut at = 0;
    while let Some((unit, call)) = open.get(at).copied() {
        at += 1;
        // One finding a call is enough: whoever calls a plan twice shares all of its machines.
        let mut told = false;
        for vm in &unit.vms {
            let Some((other, first, earlier)) = owner.insert(&vm.estate_name, (unit, vm, call)) else {
                continue;
            };
            let together =
                call.zip(earlier).is_none_or(|(a, b)| a.operations.iter().any(|o| b.operations.contains(o)));
            if told || !together {
                continue;
            }
            told = true;
            let (one, two, machine) = (&other.name, &unit.name, &vm.estate_name);
            let (message, help) = if one == two {
                (
                    format!(
                        "`{one}` is called twice in one run, so the machine `{machine}` would be acted on twice"
                    ),
                    format!("remove one of the calls of `{one}`"),
                )
            } else {
                (
                    format!("the machine `{machine}` is in `{one}` and in `{two}`, and one run holds both"),
                    format!("remove it from `{one}` or from `{two}`"),
                )
            };
            let place = call.map_or(vm.span, |call| call.span);
            found.push(
                Diagnostic::error(codes::MACHINE_TWICE, message, place)
                    .at(earlier.map_or(first.span, |call| call.span), "holds it already")
                    .help(help),
            );
        }
        for step in &unit.steps {
            if let StepKind::Call { plan } = &step.kind {
                open.push((plan.as_ref(), Some(step)));
            }
        }
    }
}
