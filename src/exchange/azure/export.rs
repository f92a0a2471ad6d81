//! From a plan to a recovery plan: the body that the service takes, and what of the plan has no place in it.

use serde_json::{Value, json};

use crate::base::words::{count, list};
use crate::model::{ApproveStep, GroupKind, IfLate, Mode, Operation, Plan, Step, StepKind, Vm, VmId};
use crate::schema::provider;
use crate::source::codes::exchange as codes;
use crate::source::{Diagnostic, Span};

use super::items::{Item, Items};
use super::json::until;
use super::place::{Moment, Placed, placed};
use super::said::{description, has_hole};

/// What the caller knows and wants beyond the plan.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Only what is done in this direction; both if absent. A test goes with a failover.
    pub operation: Option<Operation>,
    /// What the service says of the machines: their ids.
    pub items: Items,
}

/// A recovery plan made of a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Exported {
    /// Its name and what the service takes as the body of a plan.
    pub body: Value,
    /// What has no place in it, was changed or has to be filled in, each a sentence.
    pub notes: Vec<String>,
}

/// Makes a recovery plan of a plan. Prereq: the rules find no error in it.
///
/// # Errors
/// What one recovery plan cannot hold, all of it.
pub fn export(plan: &Plan, options: &ExportOptions) -> Result<Exported, Vec<Diagnostic>> {
    let placed = placed(plan);
    let mut export = Export { plan, options, notes: Vec::new(), found: Vec::new() };
    export.fits(&placed);
    let groups = export.groups(&placed);
    export.left_behind(&placed);
    let fabric = export.fabric();
    if !export.found.is_empty() {
        return Err(export.found);
    }
    let body = json!({
        "name": plan.name,
        "properties": {
            "primaryFabricId": fabric,
            "recoveryFabricId": "Microsoft Azure",
            "failoverDeploymentModel": "ResourceManager",
            "groups": groups,
            "providerSpecificInput": [],
        },
    });
    Ok(Exported { body, notes: export.notes })
}

/// Stands for what only the vault knows, in ids that have to be filled in.
const FABRIC: &str = "FABRIC";
/// The same of the container within.
const CONTAINER: &str = "CONTAINER";

struct Export<'p> {
    plan: &'p Plan,
    options: &'p ExportOptions,
    notes: Vec<String>,
    found: Vec<Diagnostic>,
}

impl<'p> Export<'p> {
    /// What one recovery plan takes.
    fn fits(&mut self, placed: &Placed) {
        let Some(limits) = provider::find(super::PROVIDER).map(|provider| provider.limits) else { return };
        for (has, most, what) in [
            (self.plan.vms.len(), limits.machines_per_plan, "machine"),
            (placed.waves.len(), limits.waves, "wave"),
        ] {
            if let Some(most) = most.filter(|most| has > *most as usize) {
                let message = format!(
                    "plan `{}` has {}, and a recovery plan takes {most}",
                    self.plan.name,
                    count(has, what)
                );
                self.fault(
                    codes::TOO_MANY,
                    message,
                    self.plan.span,
                    "split it and `call` the parts from one plan",
                );
            }
        }
        let wave = |vm: &VmId| placed.waves.iter().position(|wave| wave.contains(vm)).unwrap_or(0);
        for group in self.plan.groups.iter().filter(|group| group.kind == GroupKind::Replication) {
            let first = group.members.first();
            let other = group.members.iter().find(|vm| Some(wave(vm)) != first.map(wave));
            if let (Some(first), Some(other)) = (first, other) {
                let message = format!(
                    "`{}` and `{}` of the group `{}` start in different waves, and a group is in one boot group",
                    self.plan.vms.at(*first).name,
                    self.plan.vms.at(*other).name,
                    group.name
                );
                self.fault(
                    codes::GROUP_SPLIT,
                    message,
                    group.span,
                    "let arrows lead to the group, not to its members",
                );
            }
        }
    }

    fn fault(&mut self, code: crate::source::Code, message: String, span: Span, help: &str) {
        self.found.push(Diagnostic::error(code, message, span).help(help));
    }

    /// The groups: empty ones for shutdown and failover, as the service itself has them, then the waves.
    fn groups(&mut self, placed: &Placed) -> Vec<Value> {
        let group = |kind: &str, items: Vec<Value>, before: Vec<Value>, after: Vec<Value>| {
            json!({
                "groupType": kind,
                "replicationProtectedItems": items,
                "startGroupActions": before,
                "endGroupActions": after,
            })
        };
        let (first, down) = (self.actions(placed, Moment::First), self.actions(placed, Moment::Down));
        let mut groups = vec![
            group("Shutdown", Vec::new(), first, down),
            group("Failover", Vec::new(), Vec::new(), Vec::new()),
        ];
        let plan = self.plan;
        for (wave, number) in placed.waves.iter().zip(1..) {
            let items = wave.iter().map(|vm| self.item(plan.vms.at(*vm))).collect();
            let before = self.actions(placed, Moment::Before(number));
            let after = self.actions(placed, Moment::After(number));
            groups.push(group("Boot", items, before, after));
        }
        groups
    }

    fn actions(&mut self, placed: &Placed, moment: Moment) -> Vec<Value> {
        let of_it = placed.steps.iter().filter(|(at, _)| *at == moment);
        let steps: Vec<&Step> = of_it.map(|(_, step)| self.plan.steps.at(*step)).collect();
        steps.into_iter().flat_map(|step| self.action(step, moment)).collect()
    }

    /// The manual actions of a step: one, or one for each direction where they differ in type.
    fn action(&mut self, step: &Step, moment: Moment) -> Vec<Value> {
        let (out, home) = (self.types(step, Operation::Failover), self.types(step, Operation::Failback));
        let (says, lost) = description(self.plan, step);
        if out.is_empty() && home.is_empty() {
            return Vec::new();
        }
        if let Some(lost) = lost {
            self.notes.push(format!(
                "`{}` is {lost}, which a recovery plan cannot hold: a person is told to do it by hand",
                step.name
            ));
        }
        self.lost(step, moment, &out);
        let action = |name: &str, types: &[&str], directions: &[&str]| {
            json!({
                "actionName": name,
                "failoverTypes": types,
                "failoverDirections": directions,
                "customDetails": { "instanceType": "ManualActionDetails", "description": says },
            })
        };
        let (forth, back) = ("PrimaryToRecovery", "RecoveryToPrimary");
        // A test never goes home, so that its type does no harm beside that direction.
        let is_one = out.iter().filter(|it| **it != TEST).eq(home.iter());
        match (out.is_empty(), home.is_empty()) {
            (false, false) if is_one => vec![action(&step.name, &out, &[forth, back])],
            (false, true) => vec![action(&step.name, &out, &[forth])],
            (true, false) => vec![action(&step.name, &home, &[back])],
            (false, false) => vec![
                action(&step.name, &out, &[forth]),
                action(&format!("{}-failback", step.name), &home, &[back]),
            ],
            (true, true) => Vec::new(),
        }
    }

    /// The failover types of a step in one direction.
    fn types(&self, step: &Step, direction: Operation) -> Vec<&'static str> {
        if self
            .options
            .operation
            .is_some_and(|only| (only == Operation::Failback) != (direction == Operation::Failback))
        {
            return Vec::new();
        }
        let mut types = Vec::new();
        if direction == Operation::Failover && step.operations.contains(&Operation::Test) {
            types.push(TEST);
        }
        if step.operations.contains(&direction) {
            let has = |modes: &[Mode]| step.modes.iter().any(|mode| modes.contains(mode));
            types.extend(has(&[Mode::Planned]).then_some("PlannedFailover"));
            types.extend(has(&[Mode::Unplanned, Mode::Forced]).then_some("UnplannedFailover"));
        }
        types
    }

    /// What of a step its action cannot say.
    fn lost(&mut self, step: &Step, moment: Moment, out: &[&str]) {
        let name = &step.name;
        if moment == Moment::First && out.contains(&TEST) {
            self.notes.push(format!(
                "`{name}` stands before the shutdown, and whether Azure comes to it in a test is not documented"
            ));
        }
        if step.modes.contains(&Mode::Unplanned) != step.modes.contains(&Mode::Forced) {
            self.notes.push(format!("`{name}` tells unplanned from forced, and Azure does not"));
        }
        if let StepKind::Approve(approve) = &step.kind {
            self.lost_of_approval(name, approve);
        }
        if step.undo.is_some() {
            self.notes.push(format!("`{name}` has an `undo`, and Azure undoes nothing"));
        }
    }

    fn lost_of_approval(&mut self, name: &str, approve: &ApproveStep) {
        let mut lost = vec!["`by`", "`within`"];
        if approve.quorum > 1 {
            lost.push("`quorum`");
        }
        if approve.if_late == IfLate::Go {
            lost.push("`if_late = go`");
        }
        self.notes.push(format!(
            "`{name}` loses {}: whoever may resume the job answers it, at any time",
            lost.join(", ")
        ));
        if has_hole(&approve.prompt) {
            self.notes.push(format!("the prompt of `{name}` is shown with its `${{…}}` unfilled"));
        }
    }

    /// What the plan says beside its order.
    fn left_behind(&mut self, placed: &Placed) {
        let plan = self.plan;
        let beyond: Vec<&str> = placed.beyond.iter().map(|step| plan.steps.at(*step).name.as_str()).collect();
        if !beyond.is_empty() {
            let says = format!(
                "{} stand behind `commit` or `cleanup`, where no recovery plan goes",
                list(&beyond, 8)
            );
            self.notes.push(says);
        }
        for (has, says) in [
            (
                true,
                "which recovery point is taken is said when a recovery plan is started, so `point` is left out",
            ),
            (plan.vms.is_empty(), "the plan has no machines of its own, and a recovery plan needs some"),
            (plan.fence.is_some(), "`fence` is left out: Azure fences nothing"),
            (plan.reprotect.is_some(), "`reprotect` is left out: machines are protected again one by one"),
            (!plan.aligns.is_empty(), "`align` is left out: Azure has a common point within a group only"),
            (
                !plan.networks.is_empty(),
                "networks are set on the protected machines, so `network` is left out",
            ),
            (!plan.notify.is_empty(), "`notify` is left out: Azure tells people by alerts of the vault"),
            (plan.vms.iter().any(|vm| vm.optional), "Azure knows no `optional` machine"),
        ] {
            if has {
                self.notes.push(says.to_owned());
            }
        }
    }

    /// What the service calls a machine. The list of machines is looked at once for each.
    fn known(&self, vm: &'p Vm) -> Option<&'p Item> {
        self.options.items.meant(&vm.estate_name).first().copied()
    }

    fn item(&mut self, vm: &'p Vm) -> Value {
        if self.options.items.meant(&vm.estate_name).len() > 1 {
            let message = format!("several machines of the vault are called `{}`", vm.estate_name);
            self.fault(codes::NAME_UNCLEAR, message, vm.span, "leave the others out of the list of machines");
        }
        if let Some(item) = self.known(vm) {
            return match &item.virtual_machine {
                Some(machine) => json!({ "id": item.id, "virtualMachineId": machine }),
                None => json!({ "id": item.id }),
            };
        }
        let says = format!(
            "the id of `{}` is made up: give the vault's list of machines with `--items FILE`",
            vm.name
        );
        self.notes.push(says);
        let name = vm.estate_name.replace('/', "-");
        let container = format!("{}/replicationProtectionContainers/{CONTAINER}", self.placeholder());
        json!({ "id": format!("{container}/replicationProtectedItems/{name}") })
    }

    /// The fabric that the machines belong to: that of the first known one.
    fn fabric(&mut self) -> String {
        let known = self.plan.vms.iter().find_map(|vm| self.known(vm));
        let fabric = known.and_then(|item| until(&item.id, "/replicationProtectionContainers/"));
        fabric.map_or_else(|| self.placeholder(), str::to_owned)
    }

    /// A fabric's id by what the plan's estate says.
    fn placeholder(&self) -> String {
        let args = &self.plan.estate.provider_args;
        let said = |key: &str, or: &str| args.get(key).and_then(Value::as_str).unwrap_or(or).to_owned();
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.RecoveryServices/vaults/{}/replicationFabrics/{FABRIC}",
            said("subscription", super::functions::SUBSCRIPTION),
            said("resource_group", super::functions::RESOURCE_GROUP),
            said("vault", "VAULT"),
        )
    }
}

/// The type of a test.
const TEST: &str = "TestFailover";
