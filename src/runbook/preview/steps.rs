//! The steps of a runbook by phase and wave.

use std::collections::BTreeMap;

use crate::base::Id;
use crate::base::time::{format_duration, format_duration_short};
use crate::base::words::count;
use crate::graph::{SubjectId, UnitId};
use crate::model::{CheckKind, OnFailure, Template, TemplatePart};
use crate::runbook::{Act, Lane, Node, NodeId, Phase, Runbook, time};

use super::Page;

pub(super) fn write(page: &mut Page, runbook: &Runbook) {
    let waves = waves(runbook);
    for (unit_id, unit) in runbook.units.iter_enumerated() {
        let mut phases: BTreeMap<Phase, BTreeMap<u32, Vec<NodeId>>> = BTreeMap::new();
        for (id, node) in runbook.nodes.iter_enumerated() {
            if node.unit == unit_id && node.act != Act::Join && node.lane != Lane::Rollback {
                let wave = waves.get(id.index()).copied().unwrap_or(0);
                phases.entry(node.phase).or_default().entry(wave).or_default().push(id);
            }
        }
        if phases.is_empty() {
            continue;
        }
        if unit_id == UnitId::from_index(0) {
            page.heading("STEPS");
        } else {
            page.heading(&format!("STEPS OF {}", unit.prefix.trim_end_matches('/')));
        }
        for (phase, waves) in phases {
            page.line(&format!("  {}", phase.word()), 0);
            for (number, nodes) in waves.values().enumerate() {
                for (index, group) in together(runbook, nodes).into_iter().enumerate() {
                    let mark = if index == 0 { format!("{:>4}.", number + 1) } else { "     ".to_owned() };
                    let line = format!("  {mark} {group}");
                    let own = line.len() - line.trim_start_matches(' ').len();
                    page.line(&line, 10_usize.saturating_sub(own));
                }
            }
        }
    }
    let back =
        runbook.nodes.iter().filter(|node| node.lane == Lane::Rollback && node.act != Act::Join).count();
    if back > 0 {
        page.line(
            &format!(
                "  rollback: until commit, `muster rollback` takes {}: targets dropped, sources started",
                count(back, "step")
            ),
            4,
        );
    }
}

/// The wave of each node: joins take none.
fn waves(runbook: &Runbook) -> Vec<u32> {
    let (csr, order) = time::forward(runbook);
    let mut waves = vec![0_u32; csr.len()];
    for node in order.nodes {
        let own = waves.get(node as usize).copied().unwrap_or(0);
        let join = runbook.nodes.get(NodeId::from_index(node as usize)).is_some_and(|it| it.act == Act::Join);
        let next = own + u32::from(!join);
        for target in csr.after(node) {
            if let Some(slot) = waves.get_mut(*target as usize) {
                *slot = next.max(*slot);
            }
        }
    }
    waves
}

/// Names shown of one wave; of more the first and the last say which.
const SHOWN: usize = 24;

/// Acts of one kind in one wave on one line, everything else on its own.
fn together(runbook: &Runbook, nodes: &[NodeId]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for id in nodes {
        let node = runbook.nodes.at(*id);
        let Some((verb, name)) = shared(runbook, node) else {
            lines.push((String::new(), vec![single(runbook, node)]));
            continue;
        };
        let prefix = runbook.units.at(node.unit).prefix.as_str();
        let name = name.strip_prefix(prefix).unwrap_or(&name).to_owned();
        let key = format!("{verb}\n{}", rules(node));
        match lines.iter_mut().find(|(known, _)| *known == key) {
            Some((_, names)) => names.push(name),
            None => lines.push((key, vec![name])),
        }
    }
    let line = |(key, names): (String, Vec<String>)| match key.split_once('\n') {
        Some((verb, "")) => format!("{verb} {}", named(&names)),
        Some((verb, rules)) => format!("{verb} {} ({rules})", named(&names)),
        None => names.concat(),
    };
    lines.into_iter().map(line).collect()
}

fn named(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > SHOWN => {
            format!("{} from {first} to {last}", count(names.len(), "machine"))
        }
        few => few.join(", "),
    }
}

/// The verb that a node shares with others, and what it acts on.
fn shared(runbook: &Runbook, node: &Node) -> Option<(&'static str, String)> {
    let subject = |id: SubjectId| runbook.subjects.at(id).name.clone();
    if let Act::TakeFinal { subject: id } = &node.act {
        return Some(("take the final point of", subject(*id)));
    }
    if let Act::ProcessPending { vms } = &node.act {
        let names: Vec<&str> = vms.iter().map(|vm| runbook.machines.at(*vm).name.as_str()).collect();
        return Some(("make points of the data received for", names.join(", ")));
    }
    if let Act::Bind(bind) = &node.act {
        let [one] = bind.subjects.as_slice() else { return None };
        return Some(("bind", subject(*one)));
    }
    match node.act.vm() {
        Some(vm) => Some((verb(&node.act), runbook.machines.at(vm).name.clone())),
        None => ready_of(runbook, node).map(|name| ("ready", name)),
    }
}

/// The machine whose readiness a node waits for.
fn ready_of(runbook: &Runbook, node: &Node) -> Option<String> {
    let Act::Check(check) = &node.act else { return None };
    let CheckKind::Heartbeat(vm) = &check.kind else { return None };
    let machine = runbook.machines.get(*vm)?;
    node.name.contains(' ').then(|| machine.name.clone())
}

const fn verb(act: &Act) -> &'static str {
    match act {
        Act::ShutDown { .. } => "shut down",
        Act::ConfirmStopped { .. } => "confirm stopped",
        Act::FailOver { .. } => "fail over",
        Act::Start { .. } => "start",
        Act::Commit { .. } => "commit",
        Act::Reprotect { .. } => "reprotect",
        Act::CleanUp { .. } => "clean up",
        Act::RollBack { .. } => "roll back",
        Act::Join
        | Act::Approve(_)
        | Act::Script(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::Fence { .. }
        | Act::ProcessPending { .. }
        | Act::TakeFinal { .. }
        | Act::Bind(_)
        | Act::CommitGate(_) => "",
    }
}

fn single(runbook: &Runbook, node: &Node) -> String {
    let name = &node.name;
    let what = match &node.act {
        Act::Approve(approve) => format!("approve {name}: {}", text(runbook, &approve.prompt)),
        Act::Script(script) => {
            let words: Vec<String> = script.spec.run.iter().map(|word| text(runbook, word)).collect();
            format!("script {name}: {}", words.join(" "))
        }
        Act::Check(check) => {
            let what = match &check.kind {
                CheckKind::Tcp(address) => format!("tcp {}", text(runbook, address)),
                CheckKind::Http { url, status, .. } => format!("{} answers {status}", text(runbook, url)),
                CheckKind::Command(spec) => {
                    let words: Vec<String> = spec.run.iter().map(|word| text(runbook, word)).collect();
                    words.join(" ")
                }
                CheckKind::Heartbeat(vm) => {
                    let name = runbook.machines.get(*vm).map(|machine| machine.name.as_str());
                    format!("heartbeat of {}", name.unwrap_or_default())
                }
            };
            format!("check {name}: {what}, within {}", format_duration(check.within))
        }
        Act::Wait { duration, because } => {
            format!("wait {name}: {}, because {because}", format_duration(*duration))
        }
        Act::AskPoints { subjects } => {
            let names: Vec<&str> = subjects.iter().map(|id| runbook.subjects.at(*id).name.as_str()).collect();
            format!("ask for the recovery point of {}", names.join(", "))
        }
        Act::Fence { or_approve, .. } => match or_approve {
            Some(role) => format!("fence the source; if the program fails, {role} may say that it is fenced"),
            None => "fence the source".to_owned(),
        },
        Act::Bind(_) => format!("{name}, together"),
        Act::CommitGate(_) if node.lane == Lane::Cleanup => "wait for `muster cleanup`".to_owned(),
        Act::CommitGate(_) => "commit window".to_owned(),
        Act::Join
        | Act::ProcessPending { .. }
        | Act::TakeFinal { .. }
        | Act::ShutDown { .. }
        | Act::ConfirmStopped { .. }
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::Commit { .. }
        | Act::Reprotect { .. }
        | Act::CleanUp { .. }
        | Act::RollBack { .. } => name.clone(),
    };
    let rules = rules(node);
    if rules.is_empty() { what } else { format!("{what} ({rules})") }
}

/// What a reader has to know of a node's rules beyond the mode's.
fn rules(node: &Node) -> String {
    let mut words = Vec::new();
    if node.policy.optional {
        words.push("optional".to_owned());
    }
    if !node.policy.delay.is_zero() {
        words.push(format!("after {}", format_duration(node.policy.delay)));
    }
    if node.policy.on_failure == OnFailure::Rollback {
        words.push("a failure rolls back".to_owned());
    }
    if let Some(retry) = &node.policy.retry {
        let limit = retry.limit.map(|limit| format!(" for {}", format_duration_short(limit)));
        let times = retry.times.map(|times| format!(" up to {}", count(times as usize, "time")));
        let every = format_duration(retry.every);
        words.push(format!(
            "tried again every {every}{}{}",
            times.unwrap_or_default(),
            limit.unwrap_or_default()
        ));
    }
    words.join(", ")
}

/// A text with its holes as people know them.
fn text(runbook: &Runbook, template: &Template) -> String {
    let mut out = String::new();
    for part in &template.parts {
        let filled = match part {
            TemplatePart::Plain(plain) => plain.clone(),
            TemplatePart::Address(vm) => runbook.machines.get(*vm).map_or_else(String::new, |machine| {
                machine.address.clone().unwrap_or_else(|| format!("<address of {}>", machine.name))
            }),
            TemplatePart::VmName(vm) => {
                runbook.machines.get(*vm).map_or_else(String::new, |machine| machine.estate_name.clone())
            }
            TemplatePart::Param(name) => runbook.params.get(name).cloned().unwrap_or_default(),
            TemplatePart::RunId => "<run>".to_owned(),
            TemplatePart::RunPlan => runbook.plan.clone(),
            TemplatePart::RunOperation => runbook.operation.word().to_owned(),
            TemplatePart::RunMode => runbook.mode.map_or_else(String::new, |mode| mode.word().to_owned()),
            TemplatePart::RunSource => runbook.source.name.clone(),
            TemplatePart::RunTarget => runbook.target.name.clone(),
        };
        out.push_str(&filled);
    }
    out
}
