//! A plan and the plans it calls, flattened: one table of units, machines and subjects for all.
//! Knows no inventory; calls that do not apply to the operation are left away.

use crate::base::{Id, IdVec};
use crate::model::{
    GroupId, GroupKind, Ladder, Mode, Operation, Plan, PolicyKind, Step, StepId, StepKind, Vm, VmId,
};

use super::{SubjectId, UnitId};

/// Whether a step applies; tests ignore modes.
#[must_use]
pub fn applies(step: &Step, operation: Operation, mode: Option<Mode>) -> bool {
    let in_mode = match (operation, mode) {
        (Operation::Test, _) | (_, None) => true,
        (Operation::Failover | Operation::Failback, Some(mode)) => step.modes.contains(&mode),
    };
    in_mode && step.operations.contains(&operation)
}

/// A plan, or one that it calls.
#[derive(Clone, Debug)]
pub struct PlanUnit<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// Empty for the plan itself, else `shop/`.
    pub prefix: String,
    /// The unit and step that call it.
    pub called_by: Option<(UnitId, StepId)>,
    /// The calls that apply, with the units that they call.
    pub calls: Vec<(StepId, UnitId)>,
    vm_base: usize,
}

/// A machine of a unit.
#[derive(Clone, Copy, Debug)]
pub struct UnitVm {
    /// Its unit.
    pub unit: UnitId,
    /// Its id in that unit's plan.
    pub local: VmId,
    /// What its point is chosen with.
    pub subject: SubjectId,
}

/// What gets one choice of points: a replication group, or a machine outside any.
#[derive(Clone, Debug)]
pub struct UnitSubject {
    /// Its unit.
    pub unit: UnitId,
    /// `db`, `jump01`, `shop/db`.
    pub name: String,
    /// The group in that unit's plan.
    pub group: Option<GroupId>,
    /// Its machines, by the table of all units.
    pub members: Vec<VmId>,
}

/// All units with their machines and subjects.
#[derive(Clone, Debug)]
pub struct Units<'p> {
    /// The plan itself first.
    pub units: IdVec<UnitId, PlanUnit<'p>>,
    /// The machines of all units; for the plan itself the ids are those of the plan.
    pub machines: IdVec<VmId, UnitVm>,
    /// Groups in plan order, then machines outside any, unit by unit.
    pub subjects: IdVec<SubjectId, UnitSubject>,
}

impl<'p> Units<'p> {
    /// Flattens a plan for an operation and mode. The resolver bounds how many calls there are.
    #[must_use]
    pub fn of(plan: &'p Plan, operation: Operation, mode: Option<Mode>) -> Self {
        Self::flatten(plan, |step| applies(step, operation, mode))
    }

    /// Flattens a plan with every call, whatever it applies to.
    #[must_use]
    pub fn whole(plan: &'p Plan) -> Self {
        Self::flatten(plan, |_| true)
    }

    fn flatten(plan: &'p Plan, takes: impl Fn(&Step) -> bool) -> Self {
        let mut units = Self { units: IdVec::new(), machines: IdVec::new(), subjects: IdVec::new() };
        let mut open = vec![(plan, String::new(), None)];
        while let Some((plan, prefix, called_by)) = open.pop() {
            let unit = units.add(plan, prefix.clone(), called_by);
            let calls = plan.steps.iter_enumerated().rev().filter_map(|(id, step)| match &step.kind {
                StepKind::Call { plan } if takes(step) => {
                    Some((plan.as_ref(), format!("{prefix}{}/", step.name), Some((unit, id))))
                }
                StepKind::Call { .. }
                | StepKind::Approve(_)
                | StepKind::Script(_)
                | StepKind::Check(_)
                | StepKind::Wait { .. } => None,
            });
            open.extend(calls);
        }
        units
    }

    fn add(&mut self, plan: &'p Plan, prefix: String, called_by: Option<(UnitId, StepId)>) -> UnitId {
        let vm_base = self.machines.len();
        let unit = self.units.next_id();
        let global = |vm: &VmId| VmId::from_index(vm_base + vm.index());
        let mut subject_of = vec![None; plan.vms.len()];
        for (id, group) in plan.groups.iter_enumerated().filter(|(_, g)| g.kind == GroupKind::Replication) {
            let subject = self.subjects.push(UnitSubject {
                unit,
                name: format!("{prefix}{}", group.name),
                group: Some(id),
                members: group.members.iter().map(global).collect(),
            });
            for member in &group.members {
                if let Some(slot) = subject_of.get_mut(member.index()) {
                    *slot = Some(subject);
                }
            }
        }
        for (local, vm) in plan.vms.iter_enumerated() {
            let known = subject_of.get(local.index()).copied().flatten();
            let subject = known.unwrap_or_else(|| {
                self.subjects.push(UnitSubject {
                    unit,
                    name: format!("{prefix}{}", vm.name),
                    group: None,
                    members: vec![global(&local)],
                })
            });
            self.machines.push(UnitVm { unit, local, subject });
        }
        if let Some((caller, step)) = called_by {
            self.units.at_mut(caller).calls.push((step, unit));
        }
        self.units.push(PlanUnit { plan, prefix, called_by, calls: Vec::new(), vm_base })
    }

    /// A machine of a unit in the table of all.
    #[must_use]
    pub fn global(&self, unit: UnitId, local: VmId) -> VmId {
        VmId::from_index(self.units.at(unit).vm_base + local.index())
    }

    /// A machine as authored.
    #[must_use]
    pub fn vm(&self, id: VmId) -> &'p Vm {
        let at = self.machines.at(id);
        self.units.at(at.unit).plan.vms.at(at.local)
    }

    /// `sql01`, `shop/web01`.
    #[must_use]
    pub fn vm_name(&self, id: VmId) -> String {
        format!("{}{}", self.units.at(self.machines.at(id).unit).prefix, self.vm(id).name)
    }

    /// The machine of a name as `vm_name` gives it.
    #[must_use]
    pub fn find_vm(&self, name: &str) -> Option<VmId> {
        self.machines.ids().find(|id| self.vm_name(*id) == name)
    }

    /// The unit's name for people: `plan \`erp\``.
    #[must_use]
    pub fn plan_name(&self, unit: UnitId) -> &'p str {
        &self.units.at(unit).plan.name
    }

    /// Whether a machine's failure is tolerated, by itself or by its group.
    #[must_use]
    pub fn is_optional(&self, id: VmId) -> bool {
        let at = self.machines.at(id);
        let vm = self.vm(id);
        vm.optional || vm.group.is_some_and(|group| self.units.at(at.unit).plan.groups.at(group).optional)
    }

    /// The ladder of a subject as the plan writes it.
    #[must_use]
    pub fn ladder(&self, id: SubjectId) -> Option<&'p Ladder> {
        let subject = self.subjects.at(id);
        let members = subject.members.iter().filter_map(|vm| self.vm(*vm).settings.point.as_ref());
        let group = subject
            .group
            .and_then(|group| self.units.at(subject.unit).plan.groups.at(group).settings.point.as_ref());
        group.or_else(|| members.into_iter().next()).map(|(ladder, _)| ladder)
    }
}

/// Whether a ladder wants pending data processed first.
#[must_use]
pub fn wants_pending(ladder: &Ladder) -> bool {
    ladder.rungs.iter().any(|rung| rung.kind == PolicyKind::Latest)
}
