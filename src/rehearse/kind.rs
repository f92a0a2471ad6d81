//! The kinds of act that durations are told by: the stable words of acts, and two that are split off them.

use std::collections::BTreeSet;

use crate::model::{CheckKind, ScriptWhere};
use crate::runbook::{Act, Node, NodeId, Runbook};

/// The kinds whose length may be said.
pub const KINDS: [&str; 19] = [
    "approve",
    "ask_points",
    "bind",
    "check",
    "clean_up",
    "commit",
    "commit_gate",
    "confirm_stopped",
    "fail_over",
    "fence",
    "guest_script",
    "process_pending",
    "ready",
    "reprotect",
    "roll_back",
    "script",
    "shut_down",
    "start",
    "take_final",
];

/// The checks of a runbook that wait for a guest to answer after its start.
pub(super) fn readies(runbook: &Runbook) -> BTreeSet<NodeId> {
    let starts =
        runbook.nodes.iter().filter(|node| matches!(node.act, Act::Start { .. } | Act::FailOver { .. }));
    let is_heartbeat = |id: &NodeId| match runbook.nodes.get(*id).map(|node| &node.act) {
        Some(Act::Check(check)) => matches!(check.kind, CheckKind::Heartbeat(_)),
        Some(_) | None => false,
    };
    starts.filter_map(|node| node.policy.slot_until).filter(is_heartbeat).collect()
}

/// The kind of a node: `ready` for the wait after a start, `guest_script` for a script in a guest, else the
/// word of its act.
pub(super) fn kind(id: NodeId, node: &Node, readies: &BTreeSet<NodeId>) -> &'static str {
    match &node.act {
        Act::Check(_) if readies.contains(&id) => "ready",
        Act::Script(script) if matches!(script.place, ScriptWhere::Guest(_)) => "guest_script",
        act => act.word(),
    }
}
