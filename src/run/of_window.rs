//! Requests about the commit window: another point, and its end.

use crate::base::words::{count, list};
use crate::runbook::{Act, CommitGate, Lane, NodeId, SubjectId};

use super::core::{Flow, Run};
use super::refuse::No;
use super::{NodeState, OperatorRequest, Question, RunState};

impl Run {
    pub(super) fn changeable(&self, name: &str) -> Result<SubjectId, No> {
        let Some(id) = self.subject_named(name) else {
            let names: Vec<&str> =
                self.runbook.subjects.iter().map(|subject| subject.name.as_str()).collect();
            let why = format!("the run has no group or lone machine `{name}`; it has {}", list(&names, 8));
            return Err(No::with(why, self.runbook.subjects.ids().map(|subject| self.change_of(subject))));
        };
        if self.runbook.is_test() {
            let why = "a test keeps its point: clean it up, and run another with `--point`".to_owned();
            return Err(No::with(why, [OperatorRequest::CleanUp]));
        }
        if self.runbook.fixed_points {
            let (provider, what) = (&self.runbook.estate.provider, self.runbook.what());
            return Err(No::from(format!("`{provider}` changes no point of a {what}; the point stays")));
        }
        if self.flow != Flow::Forward {
            return Err(No::from("the run is on its way back; no point is changed any more".to_owned()));
        }
        if self.commit_began() {
            let why = "the commit has begun and the other points are dropped; the point stays".to_owned();
            return Err(No::from(why));
        }
        if !self.window_is_open_for(id) {
            let why = "points are changed in the commit window, and it is not open".to_owned();
            return Err(No::from(why));
        }
        // What runs again must not be under way: it would go on beside itself.
        let again = self.reached_by_point(id);
        let acts: Vec<NodeId> = again.iter().copied().filter(|node| self.acts_now(*node)).collect();
        if !acts.is_empty() {
            let names: Vec<&str> = acts.iter().map(|node| self.name(*node)).collect();
            let ends = if acts.len() == 1 { "ends" } else { "end" };
            let why = format!("{} would run again and has to {ends} first", list(&names, 8));
            return Err(No::with(why, [OperatorRequest::Pause]));
        }
        if let Some(node) = again.into_iter().find(|node| self.is_unclear(*node)) {
            return Err(No::with(
                format!("{}, and it would run again", self.stands(node)),
                self.answers_of(node),
            ));
        }
        Ok(id)
    }

    /// Whether something of a node goes on in the world that cannot simply be given up.
    fn acts_now(&self, node: NodeId) -> bool {
        self.nodes.at(node).state.is_active() && !self.runbook.nodes.at(node).act.only_reads()
    }

    fn window_is_open_for(&self, subject: SubjectId) -> bool {
        let members = &self.runbook.subjects.at(subject).members;
        let concerns = |gate: NodeId| match &self.runbook.nodes.at(gate).act {
            Act::CommitGate(gate) => gate.vms.iter().any(|vm| members.contains(vm)),
            _ => false,
        };
        self.window_opened.keys().any(|gate| concerns(*gate))
    }

    /// The commit windows that wait to be closed.
    fn open_gates(&self) -> Vec<&CommitGate> {
        let gates = self.waiting.iter().filter_map(|node| {
            match (&self.nodes.at(*node).state, &self.runbook.nodes.at(*node).act) {
                (NodeState::Waiting { question, .. }, Act::CommitGate(gate))
                    if matches!(**question, Question::Commit { .. })
                        && self.runbook.nodes.at(*node).lane == Lane::Forward =>
                {
                    Some(gate)
                }
                _ => None,
            }
        });
        gates.collect()
    }

    /// How many machines a commit would delete now.
    fn deleted_by_commit(&self) -> u32 {
        let deleting = self.open_gates().into_iter().filter(|gate| gate.deletes_sources);
        let counted = deleting.map(|gate| gate.vms.iter().filter(|vm| self.target_done(**vm)).count());
        u32::try_from(counted.sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// The request that closes the windows that wait.
    pub(super) fn commit_now(&self) -> OperatorRequest {
        let deleted = self.deleted_by_commit();
        OperatorRequest::Commit { delete_sources: (deleted > 0).then_some(deleted) }
    }

    /// Instead of skipping a gate.
    pub(super) fn ways_past_the_gate(&self) -> Vec<OperatorRequest> {
        if self.runbook.is_test() {
            return vec![OperatorRequest::CleanUp];
        }
        let back = OperatorRequest::Rollback { reason: String::new() };
        let back = self.can_roll_back().is_ok().then_some(back);
        [self.commit_now()].into_iter().chain(back).collect()
    }

    pub(super) fn committable(&self, delete_sources: Option<u32>) -> Result<(), No> {
        if self.runbook.is_test() {
            let why = "a test commits nothing, it is cleaned up".to_owned();
            return Err(No::with(why, [OperatorRequest::CleanUp]));
        }
        if self.flow != Flow::Forward {
            return Err(No::from("the run is on its way back; nothing is committed any more".to_owned()));
        }
        if self.open_gates().is_empty() {
            let open: Vec<NodeId> = self.failed().filter(|node| self.is_awake(*node)).collect();
            let names: Vec<&str> = open.iter().map(|node| self.name(*node)).collect();
            return Err(match open.as_slice() {
                _ if self.commit_began() => No::from("the commit has begun already".to_owned()),
                [] => No::from(self.not_at_the_window()),
                open => No::with(
                    format!("the commit waits for {}", list(&names, 8)),
                    open.iter().map(|node| self.retry_of(*node)),
                ),
            });
        }
        // Whoever stopped the run did not mean it to go past the last point of return.
        if let state @ (RunState::Paused | RunState::Halted) = self.state() {
            let why = format!("the run is {}, and a commit has no way back", state.word());
            return Err(No::with(why, [OperatorRequest::Resume]));
        }
        let said =
            |count: u32| No::with(String::new(), [OperatorRequest::Commit { delete_sources: Some(count) }]);
        let machines = |count: u32| count_of(count);
        match (self.deleted_by_commit(), delete_sources) {
            (0, None | Some(0)) => Ok(()),
            (0, Some(count)) => Err(No::with(
                format!("this commit deletes no source machine, not {count}"),
                [OperatorRequest::Commit { delete_sources: None }],
            )),
            (count, Some(named)) if named == count => Ok(()),
            (count, Some(named)) => Err(No {
                why: format!(
                    "this commit deletes {}, not {named}; say `--delete-sources {count}`",
                    machines(count)
                ),
                ..said(count)
            }),
            (count, None) => Err(No {
                why: format!(
                    "this commit deletes {} for good; say `--delete-sources {count}`",
                    machines(count)
                ),
                ..said(count)
            }),
        }
    }

    /// What stands before the commit window, of a run in which nothing failed.
    fn not_at_the_window(&self) -> String {
        let active = self.waiting.iter().chain(&self.running).chain(&self.unknown);
        let names: Vec<&str> = active.map(|node| self.name(*node)).collect();
        let at =
            if names.is_empty() { String::new() } else { format!(": the run is at {}", list(&names, 8)) };
        format!("the commit window is not reached{at}")
    }
}

fn count_of(machines: u32) -> String {
    count(machines as usize, "source machine")
}
