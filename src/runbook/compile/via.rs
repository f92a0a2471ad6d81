//! Whether a plan says through which process server each site is replicated to. Comes in: the plan and
//! the estate's process servers. Goes out: what is missing, before anything is touched.

use crate::base::words::list;
use crate::graph::Units;
use crate::inventory::Inventory;
use crate::model::{Operation, Plan};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

/// Names in one message; an estate has two sites.
const SHOWN: usize = 5;

/// What keeps the machines of a plan and of those that it calls from being reprotected, in either
/// direction. What is missing is found before a failover that could not be followed by it.
#[must_use]
pub fn missing_servers(plan: &Plan, inventory: &Inventory) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for unit in &Units::whole(plan).units {
        let Some(reprotect) = &unit.plan.reprotect else { continue };
        let home_first = [Operation::Failover, Operation::Failback];
        let after = home_first.iter().zip(unit.plan.estate.sites.keys());
        let to = after.filter(|(operation, _)| reprotect.operations.contains(operation));
        let to: Vec<&str> = to.map(|(_, site)| site.as_str()).collect();
        found.extend(missing(unit.plan, inventory, &to));
    }
    found
}

/// What is missing to replicate a plan's machines to some sites: the estate has process servers there,
/// or the plan names one for the other site, and `via` names none.
pub(super) fn missing(plan: &Plan, inventory: &Inventory, to: &[&str]) -> Option<Diagnostic> {
    let reprotect = plan.reprotect.as_ref()?;
    let server_at = |site: &str| {
        let site = plan.estate.sites.get(site)?;
        let there = inventory.process_servers.iter().find(|server| server.site == *site)?;
        Some(there.name.as_str())
    };
    let unnamed = to.iter().copied().filter(|site| !reprotect.via.contains_key(*site));
    let wanted = unnamed.filter(|site| !reprotect.via.is_empty() || server_at(site).is_some());
    let (sites, servers): (Vec<&str>, Vec<Option<&str>>) = wanted.map(|site| (site, server_at(site))).unzip();
    if sites.is_empty() {
        return None;
    }
    let known: Vec<&str> = servers.iter().flatten().copied().collect();
    let has = if known.is_empty() {
        String::new()
    } else {
        format!(", and the estate has {} there", list(&known, SHOWN))
    };
    let message =
        format!("`reprotect` names no process server for replication to {}{has}", list(&sites, SHOWN));
    let entries: Vec<String> = sites
        .iter()
        .zip(&servers)
        .map(|(site, server)| format!("{site} = \"{}\"", server.unwrap_or("…")))
        .collect();
    let help = if reprotect.via.is_empty() {
        format!("add `via {{ {} }}` to it", entries.join(", "))
    } else {
        format!("add `{}` to its `via`", entries.join(", "))
    };
    Some(Diagnostic::error(codes::NO_VIA, message, reprotect.span).help(help))
}
