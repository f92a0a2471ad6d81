//! MP0320: a network without an isolated one for tests.

use std::collections::BTreeSet;

use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut said: BTreeSet<Span> = BTreeSet::new();
    for vm in &context.plan.vms {
        let Some(network) = context.network(vm).filter(|network| network.test.is_none()) else { continue };
        if said.insert(network.span) {
            let message = format!("network `{}` has no isolated network for tests", network.name);
            found.push(
                Diagnostic::warning(codes::TEST_NETWORK, message, network.span)
                    .at(vm.span, "cannot be tested")
                    .help("add `test = \"…\"`, a network that reaches nothing"),
            );
        }
    }
}
