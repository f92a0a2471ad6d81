//! What must hold of a schedule that was played to its end, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use musterpoint::event::{EventKind, FinalState};
use musterpoint::runbook::{Act, NodeId};

use super::play::Played;
use super::scenario::Scenario;
use super::schedule::Schedule;

/// Every promise that was broken, one sentence each.
pub fn judge(scenario: &Scenario, schedule: &Schedule, played: &Played) -> Vec<String> {
    let mut broken = Vec::new();
    one_effect_a_key(played, &mut broken);
    one_success_an_intent(scenario, played, &mut broken);
    // What an estate lies about is seen where something is looked at afterwards, and only there.
    if !schedule.faults.iter().any(|fault| fault.starts_with("lie")) {
        machines_are_where_the_end_says(scenario, played, &mut broken);
    }
    tests_leave_nothing(scenario, played, &mut broken);
    if played.held > 0 {
        broken.push(format!("{} machines are held by a run that has ended", played.held));
    }
    if played.unanswered > 0 {
        broken.push(format!("{} requests are without an answer", played.unanswered));
    }
    broken
}

/// What of a test is there in the end is known by name, and somebody let go of it.
fn tests_leave_nothing(scenario: &Scenario, played: &Played, broken: &mut Vec<String>) {
    let open: Vec<_> = played.run.open_artifacts().collect();
    for artifact in &played.remains {
        if !open.iter().any(|(_, made)| made.artifact == *artifact) {
            broken.push(format!("{artifact} is there, and the run does not know of it"));
        }
    }
    for (vm, made) in open {
        let let_go = played.events.iter().any(|event| match event.kind {
            EventKind::StepSkipped { node, .. } => scenario.runbook.nodes.at(node).act == Act::CleanUp { vm },
            _ => false,
        });
        let listed = played.events.last().is_some_and(|event| match &event.kind {
            EventKind::RunEnded { kept, .. } => {
                kept.iter().any(|(of, why)| *of == vm && why.contains(&made.artifact.to_string()))
            }
            _ => false,
        });
        if !let_go || !listed || played.run.ended() == Some(FinalState::Completed) {
            broken.push(format!("the run ended, and {} was not seen to be gone", made.artifact));
        }
    }
}

fn one_effect_a_key(played: &Played, broken: &mut Vec<String>) {
    for effect in &played.effects {
        if effect.count != 1 {
            broken.push(format!(
                "{} acted {} times on `{}` under one key",
                effect.verb, effect.count, effect.machine
            ));
        }
    }
}

/// A node acts once: an attempt follows another only where that one is known to have come to nothing, was
/// harmless to repeat, was taken back, or a person said so.
fn one_success_an_intent(scenario: &Scenario, played: &Played, broken: &mut Vec<String>) {
    let mut acted: BTreeMap<&str, &str> = BTreeMap::new();
    for effect in &played.effects {
        acted.insert(effect.key.as_str(), effect.verb.as_str());
    }
    // Of each node: the keys of its attempts since it last had a reason to act anew.
    let mut since: BTreeMap<NodeId, Vec<&str>> = BTreeMap::new();
    for event in &played.events {
        match &event.kind {
            EventKind::StepStarted { node, key, .. } => {
                let keys = since.entry(*node).or_default();
                keys.push(key.as_str());
                let effects = keys.iter().filter(|key| acted.contains_key(*key)).count();
                let verb = acted.get(key.as_str()).copied().unwrap_or_default();
                let harmless = matches!(verb, "process_pending" | "shut_down" | "start" | "clean_up");
                if effects > 1 && !harmless {
                    let name = &scenario.runbook.nodes.at(*node).name;
                    broken.push(format!("`{name}` acted {effects} times by {verb}, attempt after attempt"));
                }
            }
            // Machines are made again at another point, or taken back.
            EventKind::PointChanged { .. } | EventKind::RollbackStarted { .. } => since.clear(),
            _ => {}
        }
    }
}

fn machines_are_where_the_end_says(scenario: &Scenario, played: &Played, broken: &mut Vec<String>) {
    let runbook = &scenario.runbook;
    let skipped: BTreeSet<NodeId> = played
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StepSkipped { node, .. } => Some(*node),
            _ => None,
        })
        .collect();
    let target = runbook.target.estate_name.as_str();
    let source = runbook.source.estate_name.as_str();
    for (vm, machine) in runbook.machines.iter_enumerated() {
        let of_machine = |node: &NodeId| runbook.nodes.at(*node).act.vm() == Some(vm);
        // Whoever skips a step of a machine takes it on himself.
        if skipped.iter().any(|node| of_machine(node)) {
            continue;
        }
        let site = played.inventory.vms[&machine.estate_name].site.as_str();
        let made = runbook
            .nodes
            .iter_enumerated()
            .find(|(_, node)| matches!(node.act, Act::FailOver { vm: of } if of == vm))
            .is_some_and(|(id, _)| played.run.node(id).is_done());
        let expected = match played.run.ended() {
            _ if runbook.is_test() => source,
            Some(FinalState::Completed | FinalState::CompletedWithExceptions) if made => target,
            Some(FinalState::RolledBack) => source,
            Some(FinalState::Completed | FinalState::CompletedWithExceptions | FinalState::Failed) | None => {
                continue;
            }
        };
        let optional = runbook.nodes.iter().any(|node| node.act.vm() == Some(vm) && node.policy.optional);
        if site != expected && !optional {
            let end = played.run.state().word();
            broken.push(format!("`{}` is at `{site}` after a run that is {end}", machine.estate_name));
        }
    }
}
