//! From a run and its log to the facts that every reader shows.

use crate::base::Timestamp;
use crate::event::{Event, Person};
use crate::model::Mode;
use crate::run::{NodeState, Question, Run};
use crate::runbook::{Act, NodeId, goal};

use super::facts::{Achieved, ApprovalFact, ExceptionFact, Facts, Instants, Objectives, Who};
use super::ledger::Ledger;
use super::words::seconds;
use super::{machines, made, path, points, steps};

impl Who {
    pub(super) fn of(person: &Person) -> Self {
        Self { name: person.name.clone(), os_user: person.os_user.clone(), verified: person.verified }
    }
}

/// The facts of a run. `events` are its log, from the first on; `now` is the estate's time.
#[must_use]
pub fn gather(run: &Run, events: &[Event], now: Timestamp) -> Facts {
    let ledger = Ledger::of(events);
    let runbook = run.runbook();
    let objective = &runbook.objective;
    let until = objective.until.and_then(|node| runbook.nodes.get(node));
    Facts {
        id: run.id().to_owned(),
        state: run.state().word(),
        digest: ledger.digest.clone().unwrap_or_else(|| runbook.digest().as_str().to_owned()),
        plan: runbook.plan.clone(),
        operation: runbook.operation.word(),
        mode: runbook.mode.map(Mode::word),
        source: runbook.source.name.clone(),
        target: runbook.target.name.clone(),
        started_by: run.started().map(|(_, by, _)| Who::of(by)),
        instants: Instants {
            started_at: ledger.started_at,
            ended_at: ledger.ended_at,
            lost_at: runbook.lost_at,
            window_opened_at: run.window_opened(),
            last_event_at: run.last_at(),
        },
        objectives: Objectives {
            rpo_s: objective.rpo.map(seconds),
            rto_s: objective.rto.map(seconds),
            until: until.map(|node| node.name.clone()),
        },
        achieved: achieved(run, now),
        machines: machines::facts(run, &ledger),
        points: points::facts(run),
        approvals: approvals(run, &ledger),
        exceptions: exceptions(run),
        steps: steps::facts(run, &ledger),
        artifacts: made::facts(run),
        notifications: ledger.untold,
    }
}

fn exceptions(run: &Run) -> Vec<ExceptionFact> {
    let told = run.exceptions().iter();
    told.map(|one| ExceptionFact { at: one.at, about: one.about.clone(), what: one.what.clone() }).collect()
}

/// The greatest loss among bound points, with its machine.
pub(super) fn worst_loss(run: &Run) -> Option<(std::time::Duration, &str)> {
    let machines = run.runbook().machines.iter_enumerated();
    machines
        .filter_map(|(vm, machine)| run.point(vm).map(|point| (point.loss, machine.name.as_str())))
        .reduce(|worst, one| if one.0 > worst.0 { one } else { worst })
}

/// Whether the loss is known for good: every point is bound, or none will be any more.
pub(super) fn loss_is_known(run: &Run) -> bool {
    run.ended().is_some() || run.runbook().subjects.ids().all(|subject| run.bound(subject).is_some())
}

/// When the objective was reached: the end of its step, or of the last machine's start.
pub(super) fn reached(run: &Run) -> Option<(Timestamp, NodeId)> {
    run.reached(&goal(run.runbook()))
}

fn achieved(run: &Run, now: Timestamp) -> Achieved {
    let objective = &run.runbook().objective;
    let worst = worst_loss(run);
    let started = run.started().map(|(at, _, _)| *at);
    let reached = reached(run);
    let took = started.zip(reached).map(|(from, (at, _))| at.since(from));
    let so_far = started.map(|from| if run.ended().is_some() { run.last_at() } else { now }.since(from));
    let rto_met = objective.rto.and_then(|rto| match (took, run.ended(), so_far) {
        (Some(took), _, _) => Some(took <= rto),
        (None, Some(_), Some(_)) => Some(false),
        (None, None, Some(so_far)) if so_far > rto => Some(false),
        (None, _, _) => None,
    });
    let outage = run.runbook().lost_at.zip(reached).map(|(lost, (at, _))| at.since(lost));
    Achieved {
        rpo_s: worst.map(|(loss, _)| seconds(loss)),
        rpo_met: objective
            .rpo
            .zip(worst)
            .map(|(rpo, (loss, _))| loss <= rpo)
            .filter(|met| !met || loss_is_known(run)),
        worst: worst.map(|(_, name)| name.to_owned()),
        rto_s: took.map(seconds),
        rto_met,
        reached_at: reached.map(|(at, _)| at),
        outage_s: outage.map(seconds),
        critical_path: reached.map_or_else(Vec::new, |(_, node)| path::critical(run, node)),
    }
}

fn approvals(run: &Run, ledger: &Ledger) -> Vec<ApprovalFact> {
    let mut found = Vec::new();
    for (id, node) in run.runbook().nodes.iter_enumerated() {
        let answers = ledger.answers.get(&id).cloned().unwrap_or_default();
        let (prompt, role, quorum, within) = match &node.act {
            Act::Approve(approve) => (
                super::asks::fill(run, &approve.prompt),
                approve.by.clone(),
                approve.quorum,
                Some(approve.within),
            ),
            // A fence that a role may vouch for is an approval once its program failed.
            Act::Fence { or_approve: Some(role), .. } if !answers.is_empty() || is_open(run, id) => {
                ("the source site is fenced?".to_owned(), role.clone(), 1, None)
            }
            _ => continue,
        };
        let asked_at = run.times(id).0;
        found.push(ApprovalFact {
            step: node.name.clone(),
            prompt,
            role,
            quorum,
            state: approval_state(run.node(id), ledger.late.contains_key(&id)),
            asked_at,
            deadline: asked_at.zip(within).map(|(at, within)| at.plus(within)),
            answers,
        });
    }
    found
}

fn is_open(run: &Run, node: NodeId) -> bool {
    matches!(run.node(node), NodeState::Waiting { question, .. } if matches!(**question, Question::Failed(_)))
}

const fn approval_state(state: &NodeState, late: bool) -> &'static str {
    match state {
        NodeState::NotStarted | NodeState::BackingOff { .. } => "not-asked",
        NodeState::Running { .. } | NodeState::Unknown { .. } | NodeState::Waiting { .. } => "waiting",
        NodeState::Succeeded { .. } if late => "late",
        NodeState::Succeeded { .. } => "approved",
        NodeState::Failed { last, .. } if last.timed_out => "late",
        NodeState::Failed { .. } => "rejected",
        NodeState::Skipped { .. } => "skipped",
    }
}
