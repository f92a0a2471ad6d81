//! What a test made, as the fold of its events: announced before it is made, open until a look at the
//! estate sees it gone. A run does not end while anything is open that nobody let go of.

use crate::base::{IdVec, Timestamp};
use crate::event::{Artifact, FinalState, artifact_list};
use crate::model::VmId;
use crate::runbook::{Act, Lane, NodeId};

use super::core::Run;
use super::{NodeState, Question, RunState, SkipReason};

/// Things named in one sentence; the events have all of them.
const NAMED: usize = 12;

/// From where a thing is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// It was announced before it was made.
    Announced,
    /// The estate told of it with the outcome of the act that made it.
    Told,
    /// A look found it that nobody had told of.
    Found,
}

/// How a thing stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its act was announced and is not known to have succeeded: it may be there.
    MayBe,
    /// Its act succeeded, so it is there.
    There,
    /// A look saw it there after a cleanup.
    Left {
        /// When.
        at: Timestamp,
    },
    /// A look did not see it any more.
    Gone {
        /// When.
        at: Timestamp,
    },
}

/// A thing that a test made, or may have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// What.
    pub artifact: Artifact,
    /// From where it is known.
    pub known: Known,
    /// The node whose act makes it; of one that was found, the cleanup.
    pub node: NodeId,
    /// The attempt.
    pub attempt: u32,
    /// Since when it is known.
    pub since: Timestamp,
    /// How it stands.
    pub stands: Standing,
}

impl Made {
    /// Whether it is not seen to be gone.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.stands {
            Standing::MayBe | Standing::There | Standing::Left { .. } => true,
            Standing::Gone { .. } => false,
        }
    }
}

/// All of it, by machine.
pub(super) type Artifacts = IdVec<VmId, Vec<Made>>;

impl Run {
    /// What the test made or may have made, machine by machine, in the order in which it became known.
    /// Empty for a run that is no test.
    pub fn artifacts(&self) -> impl Iterator<Item = (VmId, &Made)> + '_ {
        self.artifacts.iter_enumerated().flat_map(|(vm, made)| made.iter().map(move |made| (vm, made)))
    }

    /// What of it is not seen to be gone.
    pub fn open_artifacts(&self) -> impl Iterator<Item = (VmId, &Made)> + '_ {
        self.artifacts().filter(|(_, made)| made.is_open())
    }

    /// What of one machine is not seen to be gone.
    pub fn open_of(&self, vm: VmId) -> impl Iterator<Item = &Made> + '_ {
        self.artifacts.get(vm).into_iter().flatten().filter(|made| made.is_open())
    }

    /// The machine of a node that is under way.
    fn machine_under_way(&self, node: NodeId) -> Result<VmId, String> {
        self.known(node)?;
        let record = self.nodes.at(node);
        if !record.state.is_active() {
            return Err(self.not_underway(node, &record.state));
        }
        let compiled = self.runbook.nodes.at(node);
        compiled.act.vm().ok_or_else(|| format!("`{}` is of no machine", compiled.name))
    }

    pub(super) fn artifacts_announced(
        &mut self,
        node: NodeId,
        at: Timestamp,
        artifacts: &[Artifact],
    ) -> Result<(), String> {
        let vm = self.machine_under_way(node)?;
        for artifact in artifacts {
            self.enter(vm, node, artifact, (Known::Announced, Standing::MayBe), at);
        }
        self.wake_clean_up(vm, at);
        Ok(())
    }

    /// An act succeeded: what its attempt announced is there, and what the estate told of besides.
    pub(super) fn artifacts_made(&mut self, node: NodeId, at: Timestamp, told: &[Artifact]) {
        let Some(vm) = self.runbook.nodes.at(node).act.vm() else { return };
        let attempt = self.nodes.at(node).attempts;
        for made in self.artifacts.get_mut(vm).into_iter().flatten() {
            if (made.node, made.attempt, made.stands) == (node, attempt, Standing::MayBe) {
                made.stands = Standing::There;
            }
        }
        // Only a test is cleaned up: what a real failover makes is what it is for.
        if self.runbook.is_test() {
            for artifact in told {
                self.enter(vm, node, artifact, (Known::Told, Standing::There), at);
            }
        }
    }

    pub(super) fn artifacts_seen(
        &mut self,
        node: NodeId,
        at: Timestamp,
        there: &[Artifact],
    ) -> Result<(), String> {
        let vm = self.machine_under_way(node)?;
        if !matches!(self.runbook.nodes.at(node).act, Act::CleanUp { .. }) {
            return Err(format!("`{}` is no cleanup", self.runbook.nodes.at(node).name));
        }
        for made in self.artifacts.get_mut(vm).into_iter().flatten() {
            if made.is_open() && !there.contains(&made.artifact) {
                made.stands = Standing::Gone { at };
            }
        }
        for artifact in there {
            self.enter(vm, node, artifact, (Known::Found, Standing::Left { at }), at);
        }
        Ok(())
    }

    /// Enters a thing, or says of a known one how it stands now.
    fn enter(
        &mut self,
        vm: VmId,
        node: NodeId,
        artifact: &Artifact,
        (known, stands): (Known, Standing),
        at: Timestamp,
    ) {
        let attempt = self.nodes.at(node).attempts;
        let Some(made) = self.artifacts.get_mut(vm) else { return };
        match made.iter_mut().find(|made| made.artifact == *artifact) {
            // Some names are of a place and not of an attempt, such as a daemon's.
            Some(made) if known != Known::Found => {
                (made.node, made.attempt, made.stands) = (node, attempt, stands);
            }
            Some(made) => made.stands = stands,
            None => {
                made.push(Made { artifact: artifact.clone(), known, node, attempt, since: at, stands });
            }
        }
    }

    /// A machine that something is made for after its cleanup is cleaned up again. A person's word that
    /// it is to be left holds.
    fn wake_clean_up(&mut self, vm: VmId, at: Timestamp) {
        if let Some(node) = self.settled_clean_up(vm).filter(|_| self.let_go(vm).is_none()) {
            self.set(node, NodeState::NotStarted);
            self.rebuild(at);
        }
    }

    /// What an operator who has the test cleaned up tries again: whatever failed of it or stands on a
    /// question, and the cleanup of each machine of which something is open, also where somebody had let
    /// go of it.
    pub(super) fn to_clean_up_again(&self) -> Vec<NodeId> {
        let of_lane = self.nodes.iter_enumerated().filter(|(id, record)| {
            self.runbook.nodes.at(*id).lane == Lane::Cleanup
                && match &record.state {
                    NodeState::Failed { .. } | NodeState::BackingOff { .. } => true,
                    NodeState::Waiting { question, .. } => matches!(**question, Question::Failed(_)),
                    NodeState::NotStarted
                    | NodeState::Running { .. }
                    | NodeState::Unknown { .. }
                    | NodeState::Succeeded { .. }
                    | NodeState::Skipped { .. } => false,
                }
        });
        let mut again: Vec<NodeId> = of_lane.map(|(id, _)| id).collect();
        let open = self.artifacts.ids().filter(|vm| self.open_of(*vm).next().is_some());
        let open: Vec<NodeId> = open.filter_map(|vm| self.settled_clean_up(vm)).collect();
        again.extend(open);
        again.sort_unstable();
        again.dedup();
        again
    }

    /// Tries all that again.
    pub(super) fn clean_up_again(&mut self) {
        for node in self.to_clean_up_again() {
            self.begin_afresh(node);
        }
    }

    fn settled_clean_up(&self, vm: VmId) -> Option<NodeId> {
        let node = self.machine_nodes.get(vm)?.clean_up?;
        self.nodes.at(node).state.is_settled().then_some(node)
    }

    /// The operator's reason for which a machine is left as it is; none if nobody said so.
    fn let_go(&self, vm: VmId) -> Option<&str> {
        match &self.nodes.at(self.machine_nodes.get(vm)?.clean_up?).state {
            NodeState::Skipped {
                because: SkipReason::Operator { reason, .. } | SkipReason::Unclear { reason, .. },
                ..
            } => Some(reason),
            NodeState::NotStarted
            | NodeState::Running { .. }
            | NodeState::Waiting { .. }
            | NodeState::BackingOff { .. }
            | NodeState::Unknown { .. }
            | NodeState::Succeeded { .. }
            | NodeState::Failed { .. }
            | NodeState::Skipped { .. } => None,
        }
    }

    /// Whether something is open that no operator let go of: such a run does not end.
    pub(super) fn leaks(&self) -> bool {
        self.open_artifacts().any(|(vm, _)| self.let_go(vm).is_none())
    }

    /// Machines of which a test leaves something, with the reason and every name.
    pub(super) fn left_of_test(&self) -> impl Iterator<Item = (VmId, String)> + '_ {
        self.artifacts.ids().filter_map(|vm| {
            let open: Vec<&Artifact> = self.open_of(vm).map(|made| &made.artifact).collect();
            let reason = self.let_go(vm).filter(|_| !open.is_empty())?;
            let names = artifact_list(open.iter().copied(), usize::MAX);
            Some((vm, format!("its cleanup was skipped ({reason}); left: {names}")))
        })
    }

    /// What is open, in one line; empty if nothing is.
    #[must_use]
    pub fn left_in_words(&self) -> String {
        artifact_list(self.open_artifacts().map(|(_, made)| &made.artifact), NAMED)
    }

    /// Why a test that has ended is not cleaned up, and what there is to do instead.
    pub(super) fn cleaned_already(&self, state: FinalState) -> String {
        let (id, word) = (&self.id, RunState::Ended(state).word());
        let left = self.left_in_words();
        if left.is_empty() {
            return format!("run `{id}` has ended as {word}, and nothing of its test is left to clean up");
        }
        format!(
            "run `{id}` has ended as {word}, and somebody let go of what its test left: {left}; remove that \
             at the estate; `muster report {id}` says of which machines it is"
        )
    }
}
