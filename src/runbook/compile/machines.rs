//! The machines of a runbook: names, networks and addresses at the target; limits and roles.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::graph::SubjectId;
use crate::model::{Limits, Role, Vm, VmId};
use crate::runbook::{NodeId, RunbookMachine, RunbookObjective};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::Compiler;

/// A test address that only the estate knows.
const DHCP: &str = "dhcp";

impl Compiler<'_, '_> {
    pub(super) fn machine(&mut self, vm: VmId, subjects: &BTreeMap<SubjectId, SubjectId>) -> RunbookMachine {
        let at = *self.units.machines.at(vm);
        let authored = self.units.vm(vm);
        let unit = self.units.units.at(at.unit);
        let reported = self.inventory.vms.get(&authored.estate_name);
        let seen = |site: &str| reported.and_then(|machine| machine.address.get(site)).cloned();
        let source_address =
            authored.address.get(&self.source.name).cloned().or_else(|| seen(&self.source.estate_name));
        let address = if self.is_test() {
            authored.test_address.clone().filter(|address| address != DHCP)
        } else {
            authored.address.get(&self.target.name).cloned().or_else(|| seen(&self.target.estate_name))
        };
        let Some(subject) = subjects.get(&at.subject).copied() else {
            crate::bug!("machine `{}` has no subject", self.units.vm_name(vm))
        };
        RunbookMachine {
            name: self.units.vm_name(vm),
            estate_name: authored.estate_name.clone(),
            unit: at.unit,
            subject,
            group: authored.group.map(|group| unit.plan.groups.at(group).name.clone()),
            os: authored.os.clone().or_else(|| reported.and_then(|machine| machine.os.clone())),
            optional: self.units.is_optional(vm),
            network: self.network(vm, authored),
            address: address.filter(|address| address != DHCP),
            source_address,
        }
    }

    /// The estate's network at the target; a mapping that is missing refuses the run.
    fn network(&mut self, vm: VmId, authored: &Vm) -> Option<String> {
        let name = self.units.vm_name(vm);
        let Some(network) = &authored.settings.network else {
            if self.is_test() {
                self.warnings.push(format!(
                    "`{name}` names no `network`: the estate decides where its copy is attached"
                ));
            }
            return None;
        };
        let unit = self.units.machines.at(vm).unit;
        let network = self.units.units.at(unit).plan.networks.get(network)?;
        let (found, key) = if self.is_test() {
            (network.test.clone(), "test")
        } else {
            (network.by_site.get(&self.target.name).cloned(), self.target.name.as_str())
        };
        if found.is_none() {
            let message = format!("network `{}` of `{name}` has no entry `{key}`", network.name);
            let problem = Diagnostic::error(codes::NO_MAPPING, message, network.span)
                .help(format!("add `{key} = \"…\"` to `network {}`", network.name));
            // One network is said once, however many machines use it.
            let same = |known: &Diagnostic| known.code == problem.code && known.labels == problem.labels;
            if !self.problems.iter().any(same) {
                self.problems.push(problem);
            }
        }
        found
    }

    /// The lowest of the plan, the plans it calls, and the provider.
    pub(super) fn limits(&self) -> Limits {
        let lowest = |of: fn(&Limits) -> Option<u32>, provider: Option<u32>| {
            let plans = self.units.units.iter().filter_map(|unit| of(&unit.plan.limits));
            plans.chain(provider).min()
        };
        let provider = self.provider.map(|provider| provider.limits).unwrap_or_default();
        Limits {
            power_on: lowest(|limits| limits.power_on, provider.power_on),
            shut_down: lowest(|limits| limits.shut_down, provider.shut_down),
            fail_over: lowest(|limits| limits.fail_over, provider.fail_over),
        }
    }

    /// The roles of all plans; of two with one name, the calling plan's.
    pub(super) fn roles(&self) -> IndexMap<String, Role> {
        let mut roles = IndexMap::new();
        for (name, role) in self.units.units.iter().flat_map(|unit| &unit.plan.roles) {
            roles.entry(name.clone()).or_insert_with(|| role.clone());
        }
        roles
    }

    pub(super) fn objective(&self, until: Option<NodeId>) -> RunbookObjective {
        let said = self.plan.objective.as_ref();
        RunbookObjective {
            rpo: said.and_then(|objective| objective.rpo),
            rto: said.and_then(|objective| objective.rto),
            until,
        }
    }
}
