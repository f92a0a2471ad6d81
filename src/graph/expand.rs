//! From an authored plan to the graph of one operation and mode: nodes for every act, barriers
//! between phases, a reason on every edge. Comes in: a plan. Goes out: a `Graph`, cycles and all.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::base::IdVec;
use crate::model::{Endpoint, Mode, Operation, Plan, Step, StepId, VmId};

use super::build::{Builder, Place};
use super::phases::stands_in_chain;
use super::types::{Graph, Work};
use super::units::{Units, applies, wants_pending};
use super::{Lane, Phase, SubjectId, UnitId, barriers, rollback};

/// What is expanded, and what the caller knows beyond the plan.
#[derive(Clone, Debug)]
pub struct Expand {
    /// For what.
    pub operation: Operation,
    /// How the source is treated; none in a test.
    pub mode: Option<Mode>,
    /// Machines left out, by the table of `Units`; arrows pass through them.
    pub without: BTreeSet<VmId>,
    /// Steps left out besides those that do not apply; arrows pass through them.
    pub without_steps: BTreeSet<(UnitId, StepId)>,
    /// Subjects whose point a person is asked for before anything is touched.
    pub ask: BTreeSet<SubjectId>,
    /// Subjects whose pending data is processed; those whose ladder says `latest` if absent.
    pub pending: Option<BTreeSet<SubjectId>>,
    /// The fence is left away, with a reason that someone gave.
    pub unfenced: bool,
    /// Every step is taken to apply, whatever it says: to look for cycles.
    pub everything: bool,
    /// What the provider does by itself or cannot do.
    pub abilities: Abilities,
}

/// What the provider's acts include.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// Its failover shuts the source down.
    pub failover_includes_shutdown: bool,
    /// Its failover starts the target.
    pub failover_includes_start: bool,
    /// It takes final points from sources that are down.
    pub final_points: bool,
    /// A target can be dropped again before commit.
    pub rollback: bool,
}

impl Abilities {
    /// Every act by itself, final points and rollback: what a plan can count on at most.
    pub const FULL: Self = Self {
        failover_includes_shutdown: false,
        failover_includes_start: false,
        final_points: true,
        rollback: true,
    };
}

impl Expand {
    /// An operation and mode with nothing left out and a provider of full abilities.
    #[must_use]
    pub const fn new(operation: Operation, mode: Option<Mode>) -> Self {
        Self {
            operation,
            mode,
            without: BTreeSet::new(),
            without_steps: BTreeSet::new(),
            ask: BTreeSet::new(),
            pending: None,
            unfenced: false,
            everything: false,
            abilities: Abilities::FULL,
        }
    }
}

/// The graph of a plan for an operation and mode; cycles of the plan are cycles of the graph.
#[must_use]
pub fn expand<'p>(plan: &'p Plan, options: &Expand) -> Graph<'p> {
    let units = Units::of(plan, options.operation, options.mode);
    expand_units(units, options)
}

/// As `expand`, for units that were flattened for the same operation and mode already.
#[must_use]
pub fn expand_units<'p>(units: Units<'p>, options: &Expand) -> Graph<'p> {
    let mut expander = Expander {
        units: &units,
        options,
        builder: Builder::default(),
        ends: IdVec::new(),
        touched: ByVm::none(units.machines.len()),
        last: ByVm::none(units.machines.len()),
        binds: IdVec::from_vec(vec![None; units.subjects.len()]),
    };
    for unit in units.units.ids() {
        let ends = expander.make_ends(unit);
        expander.ends.push(ends);
    }
    for unit in units.units.ids() {
        let arrows = barriers::unit(&mut expander, unit);
        rollback::unit(&mut expander, &arrows);
    }
    let mut builder = expander.builder;
    builder.contract(0);
    let dag = builder.finish();
    Graph { operation: options.operation, mode: options.mode, units, dag }
}

/// A node for some of the machines.
#[derive(Debug)]
pub(super) struct ByVm(IdVec<VmId, Option<NodeIndex>>);

impl ByVm {
    /// None for any of so many machines.
    pub(super) fn none(machines: usize) -> Self {
        Self(IdVec::from_vec(vec![None; machines]))
    }

    pub(super) fn get(&self, vm: VmId) -> Option<NodeIndex> {
        self.0.get(vm).copied().flatten()
    }

    pub(super) fn set(&mut self, vm: VmId, node: NodeIndex) {
        *self.0.at_mut(vm) = Some(node);
    }

    /// Sets a machine's node unless it has one.
    pub(super) fn set_first(&mut self, vm: VmId, node: NodeIndex) {
        self.0.at_mut(vm).get_or_insert(node);
    }
}

/// Where a unit begins and ends, for the plan that calls it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) entry: NodeIndex,
    pub(super) exit: NodeIndex,
    pub(super) back_entry: NodeIndex,
    pub(super) back_exit: NodeIndex,
}

/// The state of an expansion.
#[derive(Debug)]
pub(super) struct Expander<'u, 'p> {
    pub(super) units: &'u Units<'p>,
    pub(super) options: &'u Expand,
    pub(super) builder: Builder,
    ends: IdVec<UnitId, Ends>,
    /// The first act on each machine that a rollback has to take back.
    pub(super) touched: ByVm,
    /// The last act on each machine's source.
    pub(super) last: ByVm,
    /// Where each subject's points are bound.
    pub(super) binds: IdVec<SubjectId, Option<NodeIndex>>,
}

impl<'p> Expander<'_, 'p> {
    fn make_ends(&mut self, unit: UnitId) -> Ends {
        let name =
            |words: &str| format!("{} {words}", self.units.units.at(unit).prefix.trim_end_matches('/'));
        let forward = Place { unit, phase: Phase::Prepare, lane: Lane::Forward };
        let back = Place { unit, phase: Phase::Rollback, lane: Lane::Rollback };
        let names = [name("begins"), name("ended"), name("goes back"), name("went back")];
        let [begins, ended, goes_back, went_back] = names;
        Ends {
            entry: self.builder.add(forward, begins, Work::Join),
            exit: self.builder.add(forward, ended, Work::Join),
            back_entry: self.builder.add(back, goes_back, Work::Join),
            back_exit: self.builder.add(back, went_back, Work::Join),
        }
    }

    pub(super) fn ends_of(&self, unit: UnitId) -> Ends {
        *self.ends.at(unit)
    }

    pub(super) fn is_test(&self) -> bool {
        self.options.operation == Operation::Test
    }

    /// Whether the source site is contacted at all.
    pub(super) fn touches_source(&self) -> bool {
        !self.is_test() && self.options.mode != Some(Mode::Forced)
    }

    pub(super) fn step_applies(&self, unit: UnitId, id: StepId) -> bool {
        let step: &Step = self.units.units.at(unit).plan.steps.at(id);
        (self.options.everything || applies(step, self.options.operation, self.options.mode))
            && !self.options.without_steps.contains(&(unit, id))
    }

    /// The unit that a step calls, if it does.
    pub(super) fn called(&self, unit: UnitId, step: StepId) -> Option<UnitId> {
        self.units.units.at(unit).calls.iter().find(|(id, _)| *id == step).map(|(_, called)| *called)
    }

    /// The machines of a unit that are not left out, in plan order.
    pub(super) fn live(&self, unit: UnitId) -> Vec<VmId> {
        let plan = self.units.units.at(unit).plan;
        let all = plan.vms.ids().map(|vm| self.units.global(unit, vm));
        all.filter(|vm| !self.options.without.contains(vm)).collect()
    }

    /// The subjects of a unit that have a live machine.
    pub(super) fn subjects(&self, unit: UnitId) -> Vec<SubjectId> {
        let all = self.units.subjects.iter_enumerated().filter(|(_, subject)| subject.unit == unit);
        let lives = |members: &[VmId]| members.iter().any(|vm| !self.options.without.contains(vm));
        all.filter(|(_, subject)| lives(&subject.members)).map(|(id, _)| id).collect()
    }

    /// The live machines of a subject.
    pub(super) fn members(&self, subject: SubjectId) -> Vec<VmId> {
        let members = &self.units.subjects.at(subject).members;
        members.iter().filter(|vm| !self.options.without.contains(vm)).copied().collect()
    }

    pub(super) fn pending(&self, subject: SubjectId) -> bool {
        match &self.options.pending {
            Some(pending) => pending.contains(&subject),
            None => self.units.ladder(subject).is_some_and(wants_pending),
        }
    }

    pub(super) fn mentions(&self, unit: UnitId, end: Endpoint) -> bool {
        stands_in_chain(self.units.units.at(unit).plan, end)
    }

    /// Whether the plan itself says that and how its window closes.
    pub(super) fn has_commit(&self, unit: UnitId) -> bool {
        has_commit(self.units.units.at(unit).plan)
    }

    pub(super) fn commits(&self, unit: UnitId) -> bool {
        !self.is_test() && !self.live(unit).is_empty()
    }

    pub(super) fn reprotects(&self, unit: UnitId) -> bool {
        let plan = self.units.units.at(unit).plan;
        let wanted =
            plan.reprotect.as_ref().is_some_and(|it| it.operations.contains(&self.options.operation));
        wanted && self.commits(unit) && self.options.mode != Some(Mode::Forced)
    }

    pub(super) fn cleans(&self, unit: UnitId) -> bool {
        self.is_test() && !self.live(unit).is_empty()
    }
}

/// Whether a plan has a commit node.
#[must_use]
pub fn has_commit(plan: &Plan) -> bool {
    plan.commit.is_some() || stands_in_chain(plan, Endpoint::Commit)
}
