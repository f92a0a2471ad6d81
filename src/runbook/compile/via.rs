//! Whether a plan says through which process server each site is replicated to. Comes in: the plan and
//! the estate's process servers. Goes out: what is missing, before anything is touched.

use crate::base::words::list;
use crate::graph::Units;
use crate::inventory::Inventory;
use crate::model::{Operation, Plan};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

/// Process servers named in one message.
const SHOWN: usize = 5;

/// What keeps the machines of a plan and of those that it calls from being reprotected, in either
/// direction. What is missing is found before a failover that could not be followed by it.
#[must_use]
pub fn missing_servers(plan: &Plan, inventory: &Inventory) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for unit in &Units::whole(plan).units {
        let Some(reprotect) = &unit.plan.reprotect else { continue };
        for operation in &reprotect.operations {
            let back_to = match operation {
                Operation::Failover => 0,
                Operation::Failback => 1,
                Operation::Test => continue,
            };
            let site = unit.plan.estate.sites.get_index(back_to).map(|(site, _)| site.as_str());
            found.extend(site.and_then(|site| missing(unit.plan, inventory, site)));
        }
    }
    found
}

/// What is missing to replicate a plan's machines to a site: the estate has process servers there, or
/// the plan names one for the other site, and `via` names none for this one.
pub(super) fn missing(plan: &Plan, inventory: &Inventory, to: &str) -> Option<Diagnostic> {
    let reprotect = plan.reprotect.as_ref().filter(|it| !it.via.contains_key(to))?;
    let site = plan.estate.sites.get(to);
    let there = inventory.process_servers.iter().filter(|server| Some(&server.site) == site);
    let names: Vec<&str> = there.map(|server| server.name.as_str()).collect();
    if names.is_empty() && reprotect.via.is_empty() {
        return None;
    }
    let has = if names.is_empty() {
        String::new()
    } else {
        format!(", and the estate has {} there", list(&names, SHOWN))
    };
    let message = format!("`reprotect` names no process server for replication to `{to}`{has}");
    let name = names.first().copied().unwrap_or("…");
    let help = if reprotect.via.is_empty() {
        format!("add `via {{ {to} = \"{name}\" }}` to it")
    } else {
        format!("add `{to} = \"{name}\"` to its `via`")
    };
    Some(Diagnostic::error(codes::NO_VIA, message, reprotect.span).help(help))
}
