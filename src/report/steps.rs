//! Steps as they stand, with what there is to say about each.

use crate::run::{NodeState, Question, Run, SkipReason};
use crate::runbook::{Act, Lane, NodeId};

use super::facts::StepFact;
use super::ledger::Ledger;
use super::words::seconds;

/// Steps in the order of the runbook; joins, and lanes that nobody took, are left out.
pub(super) fn facts(run: &Run, ledger: &Ledger) -> Vec<StepFact> {
    let undone: std::collections::BTreeSet<NodeId> = run
        .runbook()
        .nodes
        .iter_enumerated()
        .filter(|(id, _)| matches!(run.node(*id), NodeState::Succeeded { .. }))
        .filter_map(|(_, node)| node.undoes)
        .collect();
    let mut found = Vec::new();
    for (id, node) in run.runbook().nodes.iter_enumerated() {
        let asleep = node.lane == Lane::Rollback && !run.is_awake(id) && !run.node(id).began();
        if node.act == Act::Join || asleep {
            continue;
        }
        let state = run.node(id);
        let (started_at, ended_at) = run.times(id);
        let ended_at = ended_at.filter(|_| state.is_settled());
        let word = if undone.contains(&id) && state.word() == "succeeded" { "undone" } else { state.word() };
        found.push(StepFact {
            name: node.name.clone(),
            phase: node.phase.word(),
            kind: node.act.word(),
            state: word,
            reason: reason(run, state),
            tolerated: matches!(state, NodeState::Failed { tolerated: true, .. }),
            attempts: run.attempts(id),
            started_at,
            ended_at,
            took_s: started_at.zip(ended_at).map(|(from, to)| seconds(to.since(from))),
            output: ledger.outputs.get(&id).cloned(),
            written: node.written.clone(),
        });
    }
    found
}

/// Why it failed, was skipped or waits.
fn reason(run: &Run, state: &NodeState) -> Option<String> {
    match state {
        NodeState::NotStarted | NodeState::Running { .. } | NodeState::Succeeded { .. } => None,
        NodeState::Unknown { .. } => Some("its outcome is not recorded; the estate is asked".to_owned()),
        NodeState::BackingOff { until, last, .. } => {
            Some(format!("{}; tried again at {}", last.message, super::words::instant(*until)))
        }
        NodeState::Failed { last, .. } => Some(last.message.clone()),
        NodeState::Waiting { question, .. } => Some(match &**question {
            Question::Approval { .. } => "waits for approval".to_owned(),
            Question::Commit { .. } => "the commit window waits to be closed".to_owned(),
            Question::Points(_) => "points have to be chosen".to_owned(),
            Question::Failed(failure) => failure.message.clone(),
            Question::Unclear { evidence, .. } => format!("what became of it is not known: {evidence}"),
        }),
        NodeState::Skipped { because, .. } => Some(match because {
            SkipReason::Operator { by, reason } => format!("skipped by {}: {reason}", by.name),
            SkipReason::Unclear { by, reason } => {
                format!("skipped by {}, its outcome not known: {reason}", by.name)
            }
            SkipReason::Blocked { by } => {
                let cause = run.runbook().nodes.get(*by).map_or("", |node| node.name.as_str());
                format!("blocked by `{cause}`")
            }
            SkipReason::TargetNotDone => "its machine's target is not done".to_owned(),
            SkipReason::RunEnded => "the run went back or was cleaned up before it began".to_owned(),
            SkipReason::NothingToUndo => "there was nothing to undo".to_owned(),
        }),
    }
}
