//! MP0319: a machine whose network has no mapping for a site that it may come up at.

use std::collections::BTreeSet;

use crate::base::words;
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let plan = context.plan;
    let mut said: BTreeSet<Span> = BTreeSet::new();
    for vm in &plan.vms {
        let Some(network) = context.network(vm) else {
            // No network at all: the estate's own mapping holds. Several and none named: nobody knows which.
            if plan.networks.len() > 1 && said.insert(plan.span) {
                let message =
                    format!("`{}` names none of the plan's {} networks", vm.name, plan.networks.len());
                let names: Vec<&str> = plan.networks.keys().map(String::as_str).collect();
                found.push(Diagnostic::error(codes::NETWORK_MISSING, message, vm.span).help(format!(
                    "write `network = {}` in it, in its group or in the plan",
                    names.first().copied().unwrap_or_default()
                )));
            }
            continue;
        };
        let missing: Vec<&str> = plan
            .estate
            .sites
            .keys()
            .map(String::as_str)
            .filter(|site| !network.by_site.contains_key(*site))
            .collect();
        if missing.is_empty() || !said.insert(network.span) {
            continue;
        }
        let message = format!("network `{}` says nothing for {}", network.name, words::list(&missing, 2));
        found.push(
            Diagnostic::error(codes::NETWORK_MISSING, message, network.span)
                .at(vm.span, "attached to it")
                .help(format!("add `{} = \"…\"`", missing.first().copied().unwrap_or_default())),
        );
    }
}
