//! A runbook that only protects machines in the other direction: what a plan left out of its run, or
//! what failed there. The machines stay where they are.

use std::collections::BTreeMap;

use crate::base::IdVec;
use crate::base::words::list;
use crate::graph::{Lane, Phase, SubjectId, Work, place};
use crate::inventory::{Inventory, Machine, Protection};
use crate::model::{Ladder, LadderEnd, Mode, Operation, Plan, Policy, PolicyKind, VmId};
use crate::runbook::{Node, Runbook, RunbookMachine, Subject};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::{CompileOptions, Compiler, id_sequence, policy};

/// Compiles the reprotection of every machine that runs unprotected, as the end of the operation that
/// brought it where it runs. Of the options only `without`, `params` and texts count.
///
/// # Errors
/// Everything that keeps it from being run: nothing was touched.
pub fn reprotect(
    plan: &Plan,
    inventory: &Inventory,
    options: &CompileOptions<'_>,
) -> Result<Runbook, Vec<Diagnostic>> {
    let away = plan.estate.sites.get_index(1).map(|(_, name)| name.as_str());
    let runs_away = |name: &String| {
        let machine = inventory.vms.get(name);
        machine.is_some_and(|it| it.protection == Protection::Unprotected && Some(it.site.as_str()) == away)
    };
    let operation =
        if plan_machines(plan).iter().any(runs_away) { Operation::Failover } else { Operation::Failback };
    let options = CompileOptions { operation, mode: Some(Mode::Planned), scripts: None, ..options.clone() };
    let mut compiler = Compiler::new(plan, inventory, &options);
    compiler.read_params();
    compiler.leave_out_as_said();
    compiler.leave_out_the_protected();
    compiler.stop_if_wrong()?;
    compiler.finish_reprotect()
}

/// The machines of a plan and of those that it calls, by their names in the estate.
fn plan_machines(plan: &Plan) -> Vec<String> {
    let units = crate::graph::Units::whole(plan);
    units.machines.ids().map(|vm| units.vm(vm).estate_name.clone()).collect()
}

impl Compiler<'_, '_> {
    /// Leaves only machines that run at the target, unprotected, in plans that say how to reprotect.
    fn leave_out_the_protected(&mut self) {
        let mut waits = Vec::new();
        for (vm, machine) in self.known_machines() {
            let unit = self.units.machines.at(vm).unit;
            let plan = self.units.units.at(unit).plan;
            if plan.reprotect.is_none() {
                self.left_out.insert(vm, format!("plan `{}` has no `reprotect`", plan.name));
            } else if machine.protection == Protection::FailedOver {
                waits.push(self.units.vm_name(vm));
            } else if let Some(reason) = self.needs_none(machine) {
                self.left_out.insert(vm, reason);
            }
        }
        if !waits.is_empty() {
            let names = list(&waits, 12);
            let message =
                format!("{names}: failed over and not committed, so there is nothing to reprotect yet");
            let help = "end the earlier run with `muster commit` or `muster rollback`";
            self.problems.push(Diagnostic::placeless(codes::NOT_COMMITTED, message).help(help));
        } else if self.live().is_empty() && self.problems.is_empty() {
            let message = format!("no machine of `{}` needs to be reprotected", self.plan.name);
            let help = "look at what each replicates with `muster inventory`";
            self.problems.push(Diagnostic::placeless(codes::NOTHING_TO_DO, message).help(help));
        }
    }

    fn needs_none(&self, machine: &Machine) -> Option<String> {
        match machine.protection {
            Protection::Protected | Protection::Resyncing => Some("it replicates already".to_owned()),
            Protection::Reprotecting => Some("it is being reprotected already".to_owned()),
            Protection::Unprotected | Protection::FailedOver if machine.site != self.target.estate_name => {
                Some(format!("it runs at `{}`, the others at `{}`", machine.site, self.target.estate_name))
            }
            Protection::Unprotected | Protection::FailedOver => None,
        }
    }

    fn finish_reprotect(mut self) -> Result<Runbook, Vec<Diagnostic>> {
        let live = self.live();
        let vms: BTreeMap<VmId, VmId> = live.iter().copied().zip(id_sequence()).collect();
        let subjects = self.live_subjects();
        let subject_ids: BTreeMap<SubjectId, SubjectId> =
            subjects.iter().copied().zip(id_sequence()).collect();
        for id in &subjects {
            // No point is chosen; a policy of some kind belongs to every subject all the same.
            let newest = Ladder { rungs: vec![Policy::plain(PolicyKind::Latest)], end: LadderEnd::Fail };
            let ladder = self.units.ladder(*id).cloned().unwrap_or(newest);
            self.ladders.insert(*id, (ladder, false));
        }
        let machines: IdVec<VmId, RunbookMachine> =
            live.iter().map(|vm| self.machine(*vm, &subject_ids)).collect();
        let table: IdVec<SubjectId, Subject> = subjects.iter().map(|id| self.subject(*id, &vms)).collect();
        let mut nodes = IdVec::new();
        for vm in &live {
            let unit = self.units.machines.at(*vm).unit;
            let optional = self.units.is_optional(*vm);
            let own = vms.get(vm).copied().unwrap_or(*vm);
            let act = self.reprotect_act(unit, own, &vms);
            let authored = self.units.vm(*vm);
            let mut rules =
                policy::of_work(&Work::Reprotect(*vm), Some(authored), Some(Mode::Unplanned), optional);
            rules.retry = self.units.units.at(unit).plan.reprotect.as_ref().and_then(|it| it.retry.clone());
            nodes.push(Node {
                name: format!("reprotect {}", self.units.vm_name(*vm)),
                unit,
                phase: Phase::Reprotect,
                lane: Lane::Forward,
                act,
                after: Vec::new(),
                policy: rules,
                undoes: None,
                written: place(self.options.sources, authored.span),
            });
        }
        let mut runbook = self.document(machines, table, Vec::new(), nodes, None)?;
        // Nothing is lost and nothing comes back: there is nothing to measure against.
        runbook.objective = crate::runbook::RunbookObjective::default();
        Ok(runbook)
    }
}
