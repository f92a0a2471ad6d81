//! What a runbook does not touch: machines by `--without`, steps that look at them, and who depends
//! on them. Also whether each group is the estate's group of that name.

use std::collections::BTreeSet;

use crate::base::words::{did_you_mean, list};
use crate::graph::{SubjectId, UnitId, applies};
use crate::model::{
    CheckKind, Endpoint, EnvValue, Owner, Plan, ScriptSpec, ScriptWhere, StepId, StepKind, Template,
    TemplatePart, VmId,
};
use crate::runbook::LeftOut;
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::Compiler;

/// Names shown in one message; the rest is counted.
const SHOWN: usize = 12;

impl Compiler<'_, '_> {
    /// `--without`
    pub(super) fn leave_out_as_said(&mut self) {
        for name in &self.options.without {
            if let Some(vm) = self.units.find_vm(name) {
                self.left_out.insert(vm, "it was left out by `--without`".to_owned());
                continue;
            }
            let names: Vec<String> = self.units.machines.ids().map(|vm| self.units.vm_name(vm)).collect();
            let message = format!("`--without {name}` names no machine of plan `{}`", self.plan.name);
            let near = did_you_mean(name, names.iter().map(String::as_str));
            self.problems.push(
                Diagnostic::placeless(codes::UNKNOWN_OPTION, message)
                    .help("name a machine by the plan's word")
                    .help_if(near),
            );
        }
    }

    /// Each `group` holds exactly the estate's group of that name; a machine outside any replicates
    /// in none.
    pub(super) fn check_groups(&mut self) {
        for id in self.units.subjects.ids() {
            let subject = self.units.subjects.at(id);
            let Some(group) = subject.group else {
                self.check_single(id);
                continue;
            };
            let group = self.units.units.at(subject.unit).plan.groups.at(group);
            let (mut planned, mut wrong) = (BTreeSet::new(), Vec::new());
            for vm in &subject.members {
                let vm = self.units.vm(*vm);
                planned.insert(vm.estate_name.as_str());
                let Some(machine) = self.inventory.vms.get(&vm.estate_name) else { continue };
                match &machine.group {
                    Some(of) if *of == group.estate_name => {}
                    Some(of) => wrong.push(format!("`{}` is in `{of}`", vm.name)),
                    None => wrong.push(format!("`{}` is in no group", vm.name)),
                }
            }
            let members = self.inventory.members(&group.estate_name);
            let extra = members.filter(|machine| !planned.contains(machine.name.as_str()));
            wrong.extend(extra.map(|machine| format!("`{}` is missing in the plan", machine.name)));
            if !wrong.is_empty() {
                let more = wrong.len().saturating_sub(SHOWN);
                wrong.truncate(SHOWN);
                let more = if more == 0 { String::new() } else { format!(", and {more} more") };
                let message = format!(
                    "group `{}` differs from the estate's group `{}`: {}{more}",
                    group.name,
                    group.estate_name,
                    wrong.join(", ")
                );
                let problem = Diagnostic::error(codes::GROUP_DIFFERS, message, group.span)
                    .help("name exactly the members that the estate reports, or use `tier`");
                self.problems.push(problem);
            }
        }
    }

    fn check_single(&mut self, id: SubjectId) {
        let singles = self.units.subjects.at(id).members.clone();
        for vm in singles.into_iter().filter(|vm| !self.left_out.contains_key(vm)) {
            let authored = self.units.vm(vm);
            let machine = self.inventory.vms.get(&authored.estate_name);
            if let Some(group) = machine.and_then(|machine| machine.group.as_ref()) {
                let message = format!(
                    "`{}` replicates in the estate's group `{group}` and stands in no `group` of the plan",
                    authored.name
                );
                let problem = Diagnostic::error(codes::GROUP_DIFFERS, message, authored.span)
                    .help(format!("put it into a `group` with all members of `{group}`"));
                self.problems.push(problem);
            }
        }
    }

    /// Checks of machines that are left out and programs run inside them are left out with them.
    pub(super) fn leave_out_steps(&mut self) {
        if self.left_out.is_empty() {
            return;
        }
        for (unit, it) in self.units.units.iter_enumerated() {
            for (id, step) in it.plan.steps.iter_enumerated() {
                if applies(step, self.options.operation, self.mode)
                    && self.looks_at_left_out(unit, &step.kind)
                {
                    self.left_out_steps.insert((unit, id));
                }
            }
        }
    }

    fn looks_at_left_out(&self, unit: UnitId, kind: &StepKind) -> bool {
        let gone = |vm: VmId| self.left_out.contains_key(&self.units.global(unit, vm));
        let away = |vm: VmId| gone(vm) && !self.there.contains(&self.units.global(unit, vm));
        let named = |text: &Template| {
            text.parts.iter().any(|part| matches!(part, TemplatePart::Address(vm) if away(*vm)))
        };
        match kind {
            StepKind::Check(check) => match &check.kind {
                CheckKind::Tcp(text) | CheckKind::Http { url: text, .. } => named(text),
                CheckKind::Command(spec) => texts(spec).any(named),
                CheckKind::Heartbeat(vm) => gone(*vm),
            },
            StepKind::Script(script) => matches!(script.place, ScriptWhere::Guest(vm) if gone(vm)),
            StepKind::Approve(_) | StepKind::Wait { .. } | StepKind::Call { .. } => false,
        }
    }

    /// The machines left out with their reasons and what comes after them by arrows.
    pub(super) fn left_out_list(&self) -> Vec<LeftOut> {
        let entry = |(vm, reason): (&VmId, &String)| LeftOut {
            vm: self.units.vm_name(*vm),
            reason: reason.clone(),
            dependants: self.dependants(*vm),
        };
        self.left_out.iter().map(entry).collect()
    }

    fn dependants(&self, vm: VmId) -> Vec<String> {
        let at = self.units.machines.at(vm);
        let unit = self.units.units.at(at.unit);
        let group = self.units.vm(vm).group;
        let is_it = |end: Endpoint| match end {
            Endpoint::Vm(other) => other == at.local,
            Endpoint::Group(other) => Some(other) == group,
            Endpoint::Step(_) | Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => false,
        };
        let mut names: Vec<String> = Vec::new();
        for chain in &unit.plan.order {
            for (before, after) in chain.links.iter().zip(chain.links.iter().skip(1)) {
                if before.iter().any(|end| is_it(end.to)) {
                    names.extend(after.iter().filter_map(|end| end_name(unit.plan, end.to)));
                }
            }
        }
        for (id, step) in unit.plan.steps.iter_enumerated() {
            let gone = self.left_out_steps.contains(&(at.unit, id)) && self.names(at.unit, id, at.local);
            if gone || step.owner == Some(Owner::Vm(at.local)) {
                names.retain(|name| *name != step.name);
                names.push(format!("{} (left out with it)", step.name));
            }
        }
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.into_iter().map(|name| format!("{}{name}", unit.prefix)).collect()
    }

    /// Whether a left-out step is left out because of this machine.
    fn names(&self, unit: UnitId, step: StepId, vm: VmId) -> bool {
        let is = |text: &Template| text.parts.contains(&TemplatePart::Address(vm));
        match &self.units.units.at(unit).plan.steps.at(step).kind {
            StepKind::Check(check) => match &check.kind {
                CheckKind::Tcp(text) | CheckKind::Http { url: text, .. } => is(text),
                CheckKind::Command(spec) => texts(spec).any(is),
                CheckKind::Heartbeat(of) => *of == vm,
            },
            StepKind::Script(script) => script.place == ScriptWhere::Guest(vm),
            StepKind::Approve(_) | StepKind::Wait { .. } | StepKind::Call { .. } => false,
        }
    }

    /// Approvals answered beforehand: they exist, and judge nothing that is not there yet.
    pub(super) fn check_approved(&mut self, graph: &crate::graph::Graph<'_>) {
        let simulated = self.provider.is_some_and(|provider| provider.simulated);
        for name in &self.options.approved {
            let approval = graph.find(name).map(|index| graph.node(index)).filter(|node| {
                let unit = self.units.units.at(node.unit);
                matches!(&node.work, crate::graph::Work::Step(step)
                    if matches!(unit.plan.steps.at(*step).kind, StepKind::Approve(_)))
            });
            let problem = match approval {
                None => {
                    let message = format!("`--approve {name}` names no approval of this runbook");
                    let all: Vec<&str> = graph.dag.node_weights().map(|node| node.name.as_str()).collect();
                    Diagnostic::placeless(codes::UNKNOWN_OPTION, message)
                        .help("`muster preview` lists the approvals")
                        .help_if(did_you_mean(name, all))
                }
                Some(node) if node.phase > crate::graph::Phase::Prepare && !simulated => {
                    let message =
                        format!("approval `{name}` comes after a machine and cannot be answered beforehand");
                    Diagnostic::placeless(codes::ANSWERED_TOO_EARLY, message)
                        .help(format!("answer it in the run with `muster approve RUN {name}`"))
                }
                Some(_) => continue,
            };
            self.problems.push(problem);
        }
    }

    /// Names of machines for messages.
    pub(super) fn vm_names(&self, vms: impl IntoIterator<Item = VmId>) -> String {
        let names: Vec<String> = vms.into_iter().map(|vm| self.units.vm_name(vm)).collect();
        list(&names, SHOWN)
    }
}

fn end_name(plan: &Plan, end: Endpoint) -> Option<String> {
    match end {
        Endpoint::Vm(vm) => Some(plan.vms.at(vm).name.clone()),
        Endpoint::Group(group) => Some(plan.groups.at(group).name.clone()),
        Endpoint::Step(step) => Some(plan.steps.at(step).name.clone()),
        Endpoint::Commit | Endpoint::Reprotect | Endpoint::Cleanup => None,
    }
}

/// Every text of a program: its arguments, then its environment.
pub(super) fn texts(spec: &ScriptSpec) -> impl Iterator<Item = &Template> {
    let env = spec.env.values().filter_map(|value| match value {
        EnvValue::Text(text) => Some(text),
        EnvValue::Secret(_) => None,
    });
    spec.run.iter().chain(env)
}
