//! MP0302: a step in no chain and no block. Order is written, never implied.

use std::collections::HashSet;

use crate::model::{Endpoint, StepId};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::arrows::{as_step, ends};
use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let plan = context.plan;
    let chained: HashSet<StepId> =
        plan.order.iter().flat_map(|chain| ends(&chain.links)).filter_map(|(end, _)| as_step(end)).collect();
    for (id, step) in plan.steps.iter_enumerated() {
        if step.owner.is_none() && !chained.contains(&id) {
            let name = context.name(Endpoint::Step(id));
            let message = format!("`{name}` is in no chain and no block");
            found.push(
                Diagnostic::error(codes::STEP_UNPLACED, message, step.span)
                    .labelled("when does it run?")
                    .help(format!("put it into a chain: `order {{ {name} -> … }}`")),
            );
        }
    }
}
