//! The state of a run as the fold of its events. `apply` is the one door for change; what is kept
//! beside the states (ready queue, counters) are views that it refreshes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::{Id, IdVec, Timestamp};
use crate::event::{Event, FinalState, Person, RunOptions};
use crate::model::{Ladder, VmId};
use crate::runbook::{Act, BoundPoint, Forecast, Lane, NodeId, Runbook, Slot, SubjectId};

use super::artifacts::Artifacts;
use super::graph::Dependants;
use super::ready::Ready;
use super::{Exception, NodeState};

/// Which nodes are awake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// The way forward, the cleanup of a test at its end included.
    Forward,
    /// The way back.
    RollingBack,
    /// An operator had a test cleaned up.
    CleaningUp,
}

/// Why nothing starts any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HaltCause {
    /// A step failed, was rejected or was late, and its rule says halt.
    Step(NodeId),
    /// An operator.
    Operator {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
}

/// What is kept of a node.
#[derive(Clone, Debug)]
pub(super) struct NodeRecord {
    pub(super) state: NodeState,
    /// Edges that are not satisfied yet.
    pub(super) open: u32,
    /// Attempts so far.
    pub(super) attempts: u32,
    /// How often the present attempt was found never to have arrived.
    pub(super) never_arrived: u32,
    /// When the first attempt of the present series began.
    pub(super) first_began: Option<Timestamp>,
    /// It holds its slot.
    pub(super) holds_slot: bool,
    /// Its target was made once: from then on it is made again at another point.
    pub(super) made: bool,
}

/// The nodes of a machine that decide what may be done to it.
#[derive(Clone, Debug, Default)]
pub(super) struct MachineNodes {
    /// They have to succeed before its target is done: made, started, ready, in this order.
    pub(super) target: Vec<NodeId>,
    /// It takes its source down.
    pub(super) shut_down: Option<NodeId>,
    /// It makes its failover final.
    pub(super) commit: Option<NodeId>,
    /// It removes what a test made of it.
    pub(super) clean_up: Option<NodeId>,
}

/// A run: the pure core of the engine.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) id: String,
    pub(super) runbook: Arc<Runbook>,
    pub(super) dependants: Arc<Dependants>,
    pub(super) nodes: IdVec<NodeId, NodeRecord>,
    pub(super) flow: Flow,
    pub(super) paused: bool,
    pub(super) halted: Option<HaltCause>,
    /// The run is to go back: because of which node, and why in words.
    pub(super) rollback_due: Option<(NodeId, String)>,
    pub(super) ended: Option<FinalState>,
    pub(super) started: Option<(Timestamp, Person, RunOptions)>,
    pub(super) last_at: Timestamp,
    /// Since when it has gone on without a break: a driver took it up, or it was resumed.
    pub(super) going_since: Timestamp,
    pub(super) seq: u64,
    pub(super) ready: Ready,
    pub(super) delayed: BTreeSet<(Timestamp, NodeId)>,
    pub(super) waiting: BTreeSet<NodeId>,
    pub(super) backing_off: BTreeSet<(Timestamp, NodeId)>,
    pub(super) pausing: BTreeSet<(Timestamp, NodeId)>,
    pub(super) running: BTreeSet<NodeId>,
    pub(super) unknown: BTreeSet<NodeId>,
    pub(super) unsettled: usize,
    pub(super) slots: BTreeMap<Slot, u32>,
    /// Nodes whose end gives back the slot of another.
    pub(super) gives_back: BTreeMap<NodeId, Vec<NodeId>>,
    /// The nodes of each machine that decide what may be done to it.
    pub(super) machine_nodes: IdVec<VmId, MachineNodes>,
    /// The machine whose target a node is part of.
    pub(super) target_of: BTreeMap<NodeId, VmId>,
    /// Machines whose targets are not settled yet, by commit gate.
    pub(super) window_pending: BTreeMap<NodeId, BTreeSet<VmId>>,
    pub(super) window_opened: BTreeMap<NodeId, Timestamp>,
    pub(super) ladders: IdVec<SubjectId, Ladder>,
    pub(super) chosen: BTreeSet<SubjectId>,
    pub(super) bound: IdVec<SubjectId, Option<Forecast>>,
    pub(super) points: IdVec<VmId, Option<BoundPoint>>,
    pub(super) addresses: IdVec<VmId, Option<String>>,
    pub(super) exceptions: Vec<Exception>,
    /// What a test made, by machine.
    pub(super) artifacts: Artifacts,
    /// Looks and pauses that were given up under way when the run took another way.
    pub(super) given_up: BTreeSet<NodeId>,
    /// Overdue gates whose checks were to look again, and when that was.
    pub(super) looked_again: BTreeMap<NodeId, Timestamp>,
    /// Checks that look again: when they had first passed.
    pub(super) first_seen: BTreeMap<NodeId, Timestamp>,
    /// What came instead of an answer, of nodes whose answer was lost.
    pub(super) lost: BTreeMap<NodeId, String>,
    pub(super) times: IdVec<NodeId, (Option<Timestamp>, Option<Timestamp>)>,
}

/// A run log that is not one of this runbook.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReplayError {
    /// An event that cannot follow those before it.
    #[error("event {seq} of the run log cannot follow those before it: {why}")]
    Impossible {
        /// Its place.
        seq: u64,
        /// What does not fit.
        why: String,
    },
}

/// What is read off the graph once.
struct Views {
    machine_nodes: IdVec<VmId, MachineNodes>,
    target_of: BTreeMap<NodeId, VmId>,
    gives_back: BTreeMap<NodeId, Vec<NodeId>>,
    window_pending: BTreeMap<NodeId, BTreeSet<VmId>>,
}

impl Views {
    fn of(runbook: &Runbook) -> Self {
        let mut machine_nodes: IdVec<VmId, MachineNodes> =
            runbook.machines.ids().map(|_| MachineNodes::default()).collect();
        let mut target_of = BTreeMap::new();
        let mut gives_back: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        let mut window_pending = BTreeMap::new();
        for (id, node) in runbook.nodes.iter_enumerated() {
            let until = node.policy.slot_until;
            if let Some(nodes) = node.act.vm().and_then(|vm| machine_nodes.get_mut(vm)) {
                match &node.act {
                    Act::FailOver { vm } | Act::Start { vm } => {
                        nodes.target.push(id);
                        nodes.target.extend(until);
                        target_of.extend(until.into_iter().chain([id]).map(|node| (node, *vm)));
                    }
                    Act::ShutDown { .. } => nodes.shut_down = Some(id),
                    Act::Commit { .. } => nodes.commit = Some(id),
                    Act::CleanUp { .. } => nodes.clean_up = Some(id),
                    _ => {}
                }
            }
            if let Act::CommitGate(gate) = &node.act {
                window_pending.insert(id, gate.vms.iter().copied().collect());
            }
            if let Some(until) = until {
                gives_back.entry(until).or_default().push(id);
            }
        }
        Self { machine_nodes, target_of, gives_back, window_pending }
    }
}

impl Run {
    /// A run of `runbook` to which nothing has happened.
    #[must_use]
    pub fn new(id: impl Into<String>, runbook: Arc<Runbook>) -> Self {
        let dependants = Arc::new(Dependants::of(&runbook));
        let record = NodeRecord {
            state: NodeState::NotStarted,
            open: 0,
            attempts: 0,
            never_arrived: 0,
            first_began: None,
            holds_slot: false,
            made: false,
        };
        let Views { machine_nodes, target_of, gives_back, window_pending } = Views::of(&runbook);
        let mut run = Self {
            id: id.into(),
            dependants,
            nodes: runbook.nodes.ids().map(|_| record.clone()).collect(),
            flow: Flow::Forward,
            paused: false,
            halted: None,
            rollback_due: None,
            ended: None,
            started: None,
            last_at: runbook.compiled_at,
            going_since: runbook.compiled_at,
            seq: 0,
            ready: Ready::default(),
            delayed: BTreeSet::new(),
            waiting: BTreeSet::new(),
            backing_off: BTreeSet::new(),
            pausing: BTreeSet::new(),
            running: BTreeSet::new(),
            unknown: BTreeSet::new(),
            unsettled: 0,
            slots: BTreeMap::new(),
            gives_back,
            machine_nodes,
            target_of,
            window_pending,
            window_opened: BTreeMap::new(),
            ladders: runbook.subjects.iter().map(|subject| subject.ladder.clone()).collect(),
            chosen: BTreeSet::new(),
            bound: runbook.subjects.ids().map(|_| None).collect(),
            points: runbook.machines.ids().map(|_| None).collect(),
            addresses: runbook.machines.iter().map(|machine| machine.address.clone()).collect(),
            exceptions: Vec::new(),
            artifacts: runbook.machines.ids().map(|_| Vec::new()).collect(),
            given_up: BTreeSet::new(),
            looked_again: BTreeMap::new(),
            first_seen: BTreeMap::new(),
            lost: BTreeMap::new(),
            times: runbook.nodes.ids().map(|_| (None, None)).collect(),
            runbook,
        };
        run.rebuild(run.last_at);
        run
    }

    /// The run that a log tells of. The log is untrusted: its order and every id in it are checked.
    ///
    /// # Errors
    /// The first event that cannot follow those before it.
    pub fn replay(
        id: impl Into<String>,
        runbook: Arc<Runbook>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Self, ReplayError> {
        let mut run = Self::new(id, runbook);
        for event in events {
            run.follow(&event)?;
        }
        Ok(run)
    }

    /// Takes in the next event of a log that is not trusted.
    ///
    /// # Errors
    /// It cannot follow those before it.
    pub fn follow(&mut self, event: &Event) -> Result<(), ReplayError> {
        self.try_apply(event).map_err(|why| ReplayError::Impossible { seq: event.seq, why })
    }

    /// Takes in an event of a live run, which this core asked for or was told by the driver.
    ///
    /// # Panics
    /// With `BUG:` if the event cannot follow those before it.
    pub fn apply(&mut self, event: &Event) {
        if let Err(why) = self.try_apply(event) {
            crate::bug!("run {}: event {} {:?} cannot follow: {why}", self.id, event.seq, event.kind);
        }
    }

    /// Whether a lane's nodes may begin.
    pub(super) const fn awake(&self, lane: Lane) -> bool {
        match (self.flow, lane) {
            (Flow::Forward, Lane::Forward | Lane::Cleanup)
            | (Flow::RollingBack, Lane::Rollback)
            | (Flow::CleaningUp, Lane::Cleanup) => true,
            (Flow::Forward, Lane::Rollback)
            | (Flow::RollingBack | Flow::CleaningUp, Lane::Forward)
            | (Flow::RollingBack, Lane::Cleanup)
            | (Flow::CleaningUp, Lane::Rollback) => false,
        }
    }

    /// Puts a node into a state and refreshes every view of it.
    pub(super) fn set(&mut self, node: NodeId, state: NodeState) {
        let lane = self.runbook.nodes.at(node).lane;
        let awake = self.awake(lane);
        let record = self.nodes.at_mut(node);
        let was_settled = record.state.is_settled();
        match &record.state {
            NodeState::NotStarted => {
                self.ready.remove(node, self.runbook.nodes.at(node).policy.slot);
                if !self.delayed.is_empty() {
                    self.delayed.retain(|(_, other)| *other != node);
                }
            }
            NodeState::Running { .. } => {
                self.running.remove(&node);
                if !self.pausing.is_empty() {
                    self.pausing.retain(|(_, other)| *other != node);
                }
            }
            NodeState::Waiting { .. } => {
                self.waiting.remove(&node);
            }
            NodeState::BackingOff { until, .. } => {
                self.backing_off.remove(&(*until, node));
            }
            NodeState::Unknown { .. } => {
                self.unknown.remove(&node);
            }
            NodeState::Succeeded { .. } | NodeState::Failed { .. } | NodeState::Skipped { .. } => {}
        }
        match &state {
            NodeState::Running { since, .. } => {
                self.running.insert(node);
                if let Act::Wait { duration, .. } = &self.runbook.nodes.at(node).act {
                    self.pausing.insert((since.plus(*duration), node));
                }
            }
            NodeState::Waiting { .. } => {
                self.waiting.insert(node);
            }
            NodeState::BackingOff { until, .. } => {
                self.backing_off.insert((*until, node));
            }
            NodeState::Unknown { .. } => {
                self.unknown.insert(node);
            }
            NodeState::NotStarted
            | NodeState::Succeeded { .. }
            | NodeState::Failed { .. }
            | NodeState::Skipped { .. } => {}
        }
        if awake {
            match (was_settled, state.is_settled()) {
                (false, true) => self.unsettled -= 1,
                (true, false) => self.unsettled += 1,
                (true, true) | (false, false) => {}
            }
        }
        record.state = state;
    }

    /// Adds an exception, within the limit.
    pub(super) fn except(&mut self, at: Timestamp, about: String, what: String) {
        if self.exceptions.len() < crate::base::limits::EXCEPTIONS_MAX {
            self.exceptions.push(Exception { at, about, what });
        }
    }

    /// The node of an id that stands in an event, if the runbook has it.
    pub(super) fn known(&self, node: NodeId) -> Result<(), String> {
        if node.index() < self.nodes.len() {
            Ok(())
        } else {
            Err(format!("the runbook has no node {}", node.index()))
        }
    }
}
