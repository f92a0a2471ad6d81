//! The operator who is called when a simulated run stands still: answers what is asked, tries again, and goes
//! back or on in the end. Tells the truth, which a person finds by looking.

use musterpoint::estate::sim::Sim;
use musterpoint::event::Outcome;
use musterpoint::model::{Ladder, LadderEnd, Policy, PolicyKind, RoleMembers};
use musterpoint::run::{NodeState, OperatorRequest, Question, Run, RunState};
use musterpoint::runbook::{Act, NodeId};

use super::runner::SimRunner;
use super::schedule::Dice;

/// What there is to be seen besides the run.
pub struct Sight<'a> {
    pub sim: &'a Sim,
    pub runner: &'a SimRunner,
}

/// What is asked of a run that stands still, the `round`th time that it does.
pub fn help(run: &Run, round: u32, sight: &Sight<'_>, dice: &mut Dice) -> Vec<(String, OperatorRequest)> {
    let mut asked: Vec<(String, OperatorRequest)> = Vec::new();
    let mut ask = |request: OperatorRequest| asked.push(("dana".to_owned(), request));
    let reason = || "seen by the operator".to_owned();
    for node in run.waiting_for_people() {
        let compiled = run.runbook().nodes.at(node);
        let NodeState::Waiting { question, .. } = run.node(node) else { continue };
        let step = compiled.name.clone();
        match (&**question, &compiled.act) {
            (Question::Approval { .. }, Act::Approve(approve)) => {
                if dice.one_in(12) && round < 4 {
                    ask(OperatorRequest::Reject { step: Some(step), comment: String::new() });
                    continue;
                }
                let people = match &run.runbook().roles[&approve.by].members {
                    RoleMembers::Anyone => vec!["dana".to_owned(), "lee".to_owned(), "kim".to_owned()],
                    RoleMembers::People(people) => people.clone(),
                };
                for by in people.into_iter().take(approve.quorum as usize) {
                    let request =
                        OperatorRequest::Approve { step: Some(step.clone()), comment: String::new() };
                    asked.push((by, request));
                }
                return asked;
            }
            (Question::Commit { .. }, Act::CommitGate(gate)) => {
                if dice.one_in(6) && round < 4 {
                    ask(OperatorRequest::Rollback { reason: reason() });
                    continue;
                }
                let done = gate.vms.iter().filter(|vm| run.target_is_done(**vm)).count();
                let delete_sources = gate.deletes_sources.then(|| u32::try_from(done).unwrap());
                ask(OperatorRequest::Commit { delete_sources });
            }
            (Question::Points(questions), _) => {
                for question in questions {
                    let subject = run.runbook().subjects.at(question.subject).name.clone();
                    let rungs = vec![Policy::plain(if round < 3 {
                        PolicyKind::Common
                    } else {
                        PolicyKind::LatestProcessed
                    })];
                    ask(OperatorRequest::Choose { subject, ladder: Ladder { rungs, end: LadderEnd::Fail } });
                }
            }
            (Question::Failed(_), Act::Fence { .. }) => {
                let by = role_member(run, &compiled.act);
                asked.push((by, OperatorRequest::Approve { step: Some(step), comment: String::new() }));
                return asked;
            }
            (Question::Failed(_), _) => ask(if round < 3 {
                OperatorRequest::Retry { step: Some(step) }
            } else {
                OperatorRequest::Skip { step, reason: reason() }
            }),
            (Question::Unclear { key, .. }, _) => {
                let happened = happened(sight, key.as_str());
                let outcome = if happened { Outcome::Happened } else { Outcome::DidNotHappen };
                // What a fence came to is said by whoever may say that it is fenced.
                let by = match compiled.act {
                    Act::Fence { .. } => role_member(run, &compiled.act),
                    _ => "dana".to_owned(),
                };
                asked.push((by, OperatorRequest::Resolve { step, outcome, reason: reason() }));
                return asked;
            }
            (Question::Approval { .. } | Question::Commit { .. }, _) => {}
        }
    }
    if asked.is_empty() {
        asked = go_on(run, round).into_iter().map(|request| ("dana".to_owned(), request)).collect();
    }
    asked
}

/// A way out of a run that is halted, paused, or asks nothing.
fn go_on(run: &Run, round: u32) -> Vec<OperatorRequest> {
    let reason = || "seen by the operator".to_owned();
    match (run.state(), round) {
        (RunState::Paused, _) => vec![OperatorRequest::Resume],
        (_, 0..=3) => vec![OperatorRequest::Resume, OperatorRequest::Retry { step: None }],
        (_, 4..=9) if run.runbook().is_test() => vec![OperatorRequest::CleanUp],
        (_, 4..=5) => vec![OperatorRequest::Rollback { reason: reason() }],
        _ => {
            let failed: Vec<NodeId> = run.failed().collect();
            let skip = |node: &NodeId| OperatorRequest::Skip {
                step: run.runbook().nodes.at(*node).name.clone(),
                reason: reason(),
            };
            failed.iter().map(skip).chain([OperatorRequest::Resume]).collect()
        }
    }
}

/// What a person finds out about an attempt whose outcome the engine does not know.
pub fn happened(sight: &Sight<'_>, key: &str) -> bool {
    let effects = sight.sim.effects().expect("effects");
    sight.runner.happened(key) || effects.iter().any(|effect| effect.key.as_str() == key)
}

fn role_member(run: &Run, act: &Act) -> String {
    let role = match act {
        Act::Fence { or_approve: Some(role), .. } => role.as_str(),
        _ => "",
    };
    match run.runbook().roles.get(role).map(|role| &role.members) {
        Some(RoleMembers::People(people)) => people.first().cloned().unwrap_or_default(),
        Some(RoleMembers::Anyone) | None => "dana".to_owned(),
    }
}
