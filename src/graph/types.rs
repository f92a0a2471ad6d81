//! The graph: what is done for one operation and mode, what waits for what, and why.
//! It names acts and their order; limits, texts and points of them are the runbook's.

use petgraph::graph::{DiGraph, NodeIndex};

use crate::model::{Mode, Operation, StepId, VmId};
use crate::source::Span;

use super::{Lane, Phase, SubjectId, UnitId, Units, Why};

/// A plan with the plans it calls, expanded for one operation and mode.
#[derive(Clone, Debug)]
pub struct Graph<'p> {
    /// What it is expanded for.
    pub operation: Operation,
    /// How the source is treated; none in a test.
    pub mode: Option<Mode>,
    /// The plan, the plans it calls, their machines and subjects.
    pub units: Units<'p>,
    /// Nodes in plan order, edges with their reasons. May hold cycles: see `cycle`.
    pub dag: DiGraph<GraphNode, Why>,
}

/// A step as run.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Unique in the graph: `go`, `start sql01`, `bind db`, `shop/go`.
    pub name: String,
    /// The plan it belongs to.
    pub unit: UnitId,
    /// Its phase.
    pub phase: Phase,
    /// When it may run at all.
    pub lane: Lane,
    /// What is done.
    pub work: Work,
    /// Where it is written, or where the machine is.
    pub span: Option<Span>,
    /// A failure counts as done.
    pub optional: bool,
    /// In the rollback lane: the node whose effect it undoes.
    pub undoes: Option<NodeIndex>,
}

/// What a node does. Machines are those of `Graph::units`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// Nothing: joins what it waits for.
    Join,
    /// A node that is named and does nothing by itself: a test's `cleanup`, the group that ends the RTO.
    Mark,
    /// An authored step of the node's unit; never a call.
    Step(StepId),
    /// The undo script of an authored step.
    Undo(StepId),
    /// A person chooses points before anything is touched.
    AskPoints(Vec<SubjectId>),
    /// The source site is kept from writing, without contacting it.
    Fence,
    /// A source goes down.
    ShutDown(VmId),
    /// Is the source down?
    ConfirmStopped(VmId),
    /// Received data is made into points.
    ProcessPending(SubjectId),
    /// The last point of a planned run is taken.
    TakeFinal(SubjectId),
    /// Points are chosen; several subjects where they are aligned.
    Bind(Vec<SubjectId>),
    /// A target is made.
    FailOver(VmId),
    /// A target is powered on.
    Start(VmId),
    /// A target is waited for.
    Ready(VmId),
    /// The commit window of the unit.
    CommitGate,
    /// A failover is made final.
    Commit(VmId),
    /// A machine is replicated the other way.
    Reprotect(VmId),
    /// In a test without a `cleanup` node: an operator says when.
    CleanUpGate,
    /// A test's copy is removed.
    CleanUp(VmId),
    /// A target is dropped, its source started.
    RollBack(VmId),
}

impl Work {
    /// Whether nothing is done.
    #[must_use]
    pub const fn is_join(&self) -> bool {
        matches!(self, Self::Join | Self::Mark)
    }

    /// The authored step that is done, if it is one.
    #[must_use]
    pub fn step(&self) -> Option<StepId> {
        if let Self::Step(step) = self { Some(*step) } else { None }
    }

    /// The machine it acts on, if it is one.
    #[must_use]
    pub const fn vm(&self) -> Option<VmId> {
        match self {
            Self::ShutDown(vm)
            | Self::ConfirmStopped(vm)
            | Self::FailOver(vm)
            | Self::Start(vm)
            | Self::Ready(vm)
            | Self::Commit(vm)
            | Self::Reprotect(vm)
            | Self::CleanUp(vm)
            | Self::RollBack(vm) => Some(*vm),
            Self::Join
            | Self::Mark
            | Self::Step(_)
            | Self::Undo(_)
            | Self::AskPoints(_)
            | Self::Fence
            | Self::ProcessPending(_)
            | Self::TakeFinal(_)
            | Self::Bind(_)
            | Self::CommitGate
            | Self::CleanUpGate => None,
        }
    }
}

impl Graph<'_> {
    /// A node of this graph.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> &GraphNode {
        &self.dag[index]
    }

    /// The node of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeIndex> {
        self.dag.node_indices().find(|index| self.node(*index).name == name)
    }

    /// The nodes that do a kind of work, in plan order.
    pub fn works<'a>(
        &'a self,
        mut is: impl FnMut(&Work) -> bool + 'a,
    ) -> impl Iterator<Item = NodeIndex> + 'a {
        self.dag.node_indices().filter(move |index| is(&self.node(*index).work))
    }

    /// The edges as pairs of dense indices, for `order`.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + Clone + '_ {
        self.dag.raw_edges().iter().map(|edge| (dense(edge.source()), dense(edge.target())))
    }
}

/// The dense number of a node.
#[must_use]
pub fn dense(index: NodeIndex) -> u32 {
    u32::try_from(index.index()).unwrap_or(u32::MAX)
}
