//! What every rule looks at: the plan, its arrows, its provider. Comes in: a resolved plan.

use crate::model::{Endpoint, EndpointRef, Ladder, Mode, Network, Operation, Plan, Step, StepKind, Vm, VmId};
use crate::schema::provider::{self, Capabilities, Provider};
use crate::source::Span;

use super::arrows::{Arrows, ends};
use super::scripts::ScriptLookup;

/// What a plan can be run for, tests apart.
pub(super) const COURSES: [(Operation, Mode); 6] = [
    (Operation::Failover, Mode::Planned),
    (Operation::Failover, Mode::Unplanned),
    (Operation::Failover, Mode::Forced),
    (Operation::Failback, Mode::Planned),
    (Operation::Failback, Mode::Unplanned),
    (Operation::Failback, Mode::Forced),
];

/// Names shown in one message.
pub(super) const NAMES_SHOWN: usize = 8;

/// One plan with what the rules share.
pub(super) struct Context<'p> {
    pub(super) plan: &'p Plan,
    pub(super) provider: Option<&'static Provider>,
    pub(super) arrows: Arrows,
    pub(super) scripts: &'p dyn ScriptLookup,
}

impl<'p> Context<'p> {
    pub(super) fn new(plan: &'p Plan, scripts: &'p dyn ScriptLookup) -> Self {
        Self {
            plan,
            provider: provider::of(&plan.estate.provider, &plan.estate.provider_args),
            arrows: Arrows::of(plan),
            scripts,
        }
    }

    /// What the provider can do; nothing for one that the schema does not know.
    pub(super) fn capabilities(&self) -> Option<&'static Capabilities> {
        self.provider.map(|provider| &provider.capabilities)
    }

    /// Whether the commit of an operation deletes the machines left behind.
    pub(super) fn deletes(&self, operation: Operation) -> bool {
        self.capabilities().is_some_and(|can| match operation {
            Operation::Test => false,
            Operation::Failover => can.commit_deletes_sources.failover,
            Operation::Failback => can.commit_deletes_sources.failback,
        })
    }

    /// Whether the provider knows an operation in a mode. Forced runs are unplanned ones to it.
    pub(super) fn knows(&self, operation: Operation, mode: Mode) -> bool {
        self.capabilities().is_none_or(|can| {
            let by = match mode {
                Mode::Planned => can.planned,
                Mode::Unplanned | Mode::Forced => can.unplanned,
            };
            match operation {
                Operation::Test => can.test_networks,
                Operation::Failover => by.failover,
                Operation::Failback => by.failback,
            }
        })
    }

    /// The name of an end of an arrow.
    pub(super) fn name(&self, end: Endpoint) -> &'p str {
        match end {
            Endpoint::Vm(vm) => &self.plan.vms.at(vm).name,
            Endpoint::Group(group) => &self.plan.groups.at(group).name,
            Endpoint::Step(step) => &self.plan.steps.at(step).name,
            Endpoint::Commit => "commit",
            Endpoint::Reprotect => "reprotect",
            Endpoint::Cleanup => "cleanup",
        }
    }

    /// Whether a name stands in a chain, and where first.
    pub(super) fn in_chain(&self, end: Endpoint) -> Option<Span> {
        self.plan
            .order
            .iter()
            .flat_map(|chain| ends(&chain.links))
            .find(|(to, _)| *to == end)
            .map(|(_, at)| at)
    }

    /// Where the commit node stands: its block or its first place in a chain.
    pub(super) fn commit_span(&self) -> Span {
        let block = self.plan.commit.map(|commit| commit.span);
        block.or_else(|| self.in_chain(Endpoint::Commit)).unwrap_or(self.plan.span)
    }

    /// The ladders of all machines, each place once, with the machines that it holds for.
    pub(super) fn ladders(&self) -> Vec<(Span, &'p Ladder, Vec<VmId>)> {
        let mut by_span = indexmap::IndexMap::<Span, (&'p Ladder, Vec<VmId>)>::new();
        for (id, vm) in self.plan.vms.iter_enumerated() {
            if let Some((ladder, span)) = &vm.settings.point {
                by_span.entry(*span).or_insert_with(|| (ladder, Vec::new())).1.push(id);
            }
        }
        by_span.into_iter().map(|(span, (ladder, vms))| (span, ladder, vms)).collect()
    }

    /// What a machine is attached to: its own network or that of its blocks, else the plan's only one.
    pub(super) fn network(&self, vm: &Vm) -> Option<&'p Network> {
        match &vm.settings.network {
            Some(name) => self.plan.networks.get(name),
            None if self.plan.networks.len() == 1 => self.plan.networks.values().next(),
            None => None,
        }
    }

    /// The arrows into an end, as written.
    pub(super) fn arrows_into(&self, end: Endpoint) -> impl Iterator<Item = EndpointRef> + '_ {
        self.plan
            .order
            .iter()
            .flat_map(|chain| chain.links.iter().skip(1))
            .flatten()
            .filter(move |to| to.to == end)
            .copied()
    }
}

/// Whether a step applies; tests ignore modes.
pub(super) fn applies(step: &Step, operation: Operation, mode: Mode) -> bool {
    crate::graph::applies(step, operation, Some(mode))
}

/// Whether a step asks or looks: what may stand before something that has no way back.
pub(super) const fn is_gate(kind: &StepKind) -> bool {
    match kind {
        StepKind::Approve(_) | StepKind::Check(_) => true,
        StepKind::Script(_) | StepKind::Wait { .. } | StepKind::Call { .. } => false,
    }
}
