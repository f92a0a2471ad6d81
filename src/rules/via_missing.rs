//! MP0312: reprotect does not say through what one of the two sites is replicated to.

use crate::base::words;
use crate::model::Operation;
use crate::source::Diagnostic;
use crate::source::codes::rules as codes;

use super::context::Context;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(reprotect) = &context.plan.reprotect else { return };
    let needed = context.capabilities().is_some_and(|can| can.process_servers);
    // A plan that names one process server and not the other forgot a direction.
    if !needed && reprotect.via.is_empty() {
        return;
    }
    let sites: Vec<&str> = context.plan.estate.sites.keys().map(String::as_str).collect();
    let home = context.plan.estate.home();
    let missing: Vec<&str> = sites
        .into_iter()
        .filter(|site| {
            // After a failover the home is replicated to; after a failback the other site is.
            let after = if *site == home { Operation::Failover } else { Operation::Failback };
            reprotect.operations.contains(&after) && !reprotect.via.contains_key(*site)
        })
        .collect();
    if missing.is_empty() {
        return;
    }
    let message = format!("`via` names no process server for replication to {}", words::list(&missing, 2));
    let first = missing.first().copied().unwrap_or_default();
    found.push(
        Diagnostic::error(codes::VIA_MISSING, message, reprotect.span)
            .help(format!("add `{first} = \"…\"` to `via`")),
    );
}
