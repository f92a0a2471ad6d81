//! Whether everything before a commit was passed, read from events and the runbook's edges alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use musterpoint::event::{Event, EventKind, Outcome};
use musterpoint::model::{CheckKind, IfLate};
use musterpoint::runbook::{Act, Needs, NodeId, Runbook};

/// Why a commit may not be yet, one sentence each: approvals, checks, scripts and the window before it that
/// are not passed by what the events say.
pub fn open_gates(runbook: &Runbook, events: &[Arc<Event>], commit: NodeId) -> Vec<String> {
    let passed = passed(runbook, events);
    let mut open = Vec::new();
    for node in upstream(runbook, commit) {
        let compiled = runbook.nodes.at(node);
        let gates = matches!(
            compiled.act,
            Act::Approve(_) | Act::CommitGate(_) | Act::Check(_) | Act::Script(_) | Act::Fence { .. }
        );
        if gates && !compiled.policy.optional && !passed.contains(&node) && !left_out(runbook, events, node) {
            open.push(format!("`{}` is not passed", compiled.name));
        }
    }
    open
}

/// Whether a check looks at a machine of which a person skipped a step: that machine is not committed.
fn left_out(runbook: &Runbook, events: &[Arc<Event>], node: NodeId) -> bool {
    let Act::Check(check) = &runbook.nodes.at(node).act else { return false };
    let CheckKind::Heartbeat(vm) = check.kind else { return false };
    events.iter().any(|event| {
        matches!(&event.kind, EventKind::StepSkipped { node, .. } if runbook.nodes.at(*node).act.vm() == Some(vm))
    })
}

/// Everything that a node needs done, and what those need.
fn upstream(runbook: &Runbook, node: NodeId) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        for edge in &runbook.nodes.at(node).after {
            // What only has to be settled may have failed.
            if edge.needs == Needs::Done && found.insert(edge.on) {
                open.push(edge.on);
            }
        }
    }
    found
}

/// The nodes that are passed after these events: succeeded, tolerated, answered, or skipped by a person.
fn passed(runbook: &Runbook, events: &[Arc<Event>]) -> BTreeSet<NodeId> {
    let mut passed = BTreeSet::new();
    let mut yes: BTreeMap<NodeId, BTreeSet<String>> = BTreeMap::new();
    for event in events {
        match &event.kind {
            EventKind::StepStarted { node, .. } => {
                passed.remove(node);
                yes.remove(node);
            }
            EventKind::StepSucceeded { node, .. }
            | EventKind::StepSkipped { node, .. }
            | EventKind::OutcomeStated { node, outcome: Outcome::Happened, .. } => {
                passed.insert(*node);
            }
            EventKind::StepFailed { node, .. } => {
                let on_failure = runbook.nodes.at(*node).policy.on_failure;
                if on_failure == musterpoint::model::OnFailure::Continue {
                    passed.insert(*node);
                }
            }
            EventKind::Approved { node, by, .. } => {
                let all = yes.entry(*node).or_default();
                all.insert(by.name.clone());
                let enough = match &runbook.nodes.at(*node).act {
                    Act::Approve(approve) => all.len() >= approve.quorum as usize,
                    _ => true,
                };
                if enough {
                    passed.insert(*node);
                }
            }
            EventKind::ApprovalLate { node } => {
                if let Act::Approve(approve) = &runbook.nodes.at(*node).act
                    && approve.if_late == IfLate::Go
                {
                    passed.insert(*node);
                }
            }
            EventKind::CommitRequested { .. } => {
                let gates = runbook.nodes.iter_enumerated();
                passed.extend(
                    gates.filter(|(_, node)| matches!(node.act, Act::CommitGate(_))).map(|(id, _)| id),
                );
            }
            // A new point: the machine is made again, and what comes after it is not passed any more.
            EventKind::PointChanged { subject, .. } => {
                let members = &runbook.subjects.at(*subject).members;
                let made = runbook
                    .nodes
                    .iter_enumerated()
                    .filter(|(_, node)| matches!(node.act, Act::FailOver { vm } if members.contains(&vm)));
                let made: Vec<NodeId> = made.map(|(id, _)| id).collect();
                passed.retain(|node| {
                    let before = upstream(runbook, *node);
                    !made.iter().any(|made| before.contains(made) || made == node)
                });
            }
            _ => {}
        }
    }
    passed
}
