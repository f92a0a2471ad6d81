//! A commit window whose time ran out while nobody drove the run, or while somebody had stopped it: what
//! would have happened by itself then may be wrong now. A commit looks at its checks again first, a rollback
//! asks a person.

use std::collections::BTreeSet;

use crate::base::Timestamp;
use crate::model::CommitPolicy;
use crate::runbook::{Act, Lane, NodeId, Phase};

use super::core::Run;
use super::{NodeState, Question};

impl Run {
    pub(super) fn window_overdue(&mut self, gate: NodeId, at: Timestamp) -> Result<(), String> {
        self.known(gate)?;
        let (attempt, since) = match &self.nodes.at(gate).state {
            NodeState::Waiting { attempt, since, question }
                if matches!(**question, Question::Commit { .. }) =>
            {
                (*attempt, *since)
            }
            other => return Err(self.not_underway(gate, other)),
        };
        let runbook = std::sync::Arc::clone(&self.runbook);
        match &runbook.nodes.at(gate).act {
            Act::CommitGate(spec) if matches!(spec.policy, CommitPolicy::Auto(_)) => {
                self.look_again(gate, at);
            }
            _ => {
                let question = Box::new(Question::Commit { overdue: true });
                self.set(gate, NodeState::Waiting { attempt, since, question });
            }
        }
        Ok(())
    }

    /// The checks that gate a commit run once more, and the gate is reached again after them. Approvals stand:
    /// what a person said is not asked twice.
    fn look_again(&mut self, gate: NodeId, at: Timestamp) {
        self.looked_again.insert(gate, at);
        let checks = self.checks_before(gate);
        if checks.is_empty() {
            return;
        }
        for check in checks {
            // The machines were up when they were: looking again does not make the recovery longer.
            if let Some(ended) = self.times.at(check).1 {
                self.first_seen.insert(check, ended);
            }
            self.begin_afresh(check);
        }
        self.begin_afresh(gate);
        self.rebuild(at);
    }

    /// Checks of what runs at the target, passed and before the gate by any way.
    fn checks_before(&self, gate: NodeId) -> Vec<NodeId> {
        let mut work = vec![gate];
        let mut seen: BTreeSet<NodeId> = work.iter().copied().collect();
        while let Some(node) = work.pop() {
            for edge in &self.runbook.nodes.at(node).after {
                if seen.insert(edge.on) {
                    work.push(edge.on);
                }
            }
        }
        let looks = |id: &NodeId| {
            let node = self.runbook.nodes.at(*id);
            node.lane == Lane::Forward
                && node.phase >= Phase::Start
                && matches!(node.act, Act::Check(_))
                && matches!(self.nodes.at(*id).state, NodeState::Succeeded { .. })
        };
        seen.into_iter().filter(looks).collect()
    }

    /// Whether the checks of an overdue gate have looked since the run goes on.
    pub(super) fn looked_again(&self, gate: NodeId) -> bool {
        self.looked_again.get(&gate).is_some_and(|at| *at >= self.going_since)
    }
}
