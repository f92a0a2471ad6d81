//! MP0329: a chain that names a machine and its own group at different stations.

use std::collections::HashMap;

use crate::model::{Chain, Endpoint, EndpointRef, GroupId};
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::arrows::{as_group, as_vm};
use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for chain in &context.plan.order {
        let Some((group, machine)) = clash(context, chain) else { continue };
        let (group_name, name) = (context.name(group.to), context.name(machine.to));
        let message = format!("`{name}` is a member of `{group_name}`, and one chain names both");
        found.push(
            Diagnostic::error(codes::GROUP_IN_OWN_CHAIN, message, machine.span)
                .at(group.span, "all of its members, so this one too")
                .help(format!("order members inside the block: `group {group_name} {{ order {{ … }} }}`")),
        );
    }
}

/// Whether any chain does so: then its cycle is no other finding.
pub(super) fn any(context: &Context<'_>) -> bool {
    context.plan.order.iter().any(|chain| clash(context, chain).is_some())
}

fn clash(context: &Context<'_>, chain: &Chain) -> Option<(EndpointRef, EndpointRef)> {
    let mut groups: HashMap<GroupId, EndpointRef> = HashMap::new();
    for end in chain.links.iter().flatten() {
        if let Some(group) = as_group(end.to) {
            groups.entry(group).or_insert(*end);
        }
    }
    if groups.is_empty() {
        return None;
    }
    chain
        .links
        .iter()
        .flatten()
        .find_map(|end: &EndpointRef| {
            let group = context.plan.vms.at(as_vm(end.to)?).group?;
            groups.get(&group).map(|at| (*at, *end))
        })
        .filter(|(group, machine)| matches!((group.to, machine.to), (Endpoint::Group(_), Endpoint::Vm(_))))
}
