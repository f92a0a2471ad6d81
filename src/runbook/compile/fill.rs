//! Parameters, and texts with their parameters filled in. Machines get the runbook's ids; a machine
//! that is left out becomes the address it has.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::base::time::parse_duration;
use crate::base::words::{did_you_mean, list};
use crate::graph::UnitId;
use crate::model::{
    CheckKind, CheckStep, EnvValue, Param, ParamKind, ScriptSpec, ScriptStep, ScriptWhere, StepKind,
    Template, TemplatePart, VmId,
};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::Compiler;
use super::left_out::texts;

impl Compiler<'_, '_> {
    /// Defaults and what the command line says, checked against each parameter's type.
    pub(super) fn read_params(&mut self) {
        let mut missing: Vec<String> = Vec::new();
        for unit in self.units.units.ids() {
            let plan = self.units.units.at(unit).plan;
            let mut values = IndexMap::new();
            for (name, param) in &plan.params {
                let said = self.options.params.iter().rev().find(|(said, _)| said == name);
                match said.map(|(_, value)| value.clone()).or_else(|| param.default.clone()) {
                    Some(value) => {
                        self.check_param(name, param, &value);
                        values.insert(name.clone(), value);
                    }
                    None if missing.contains(name) => {}
                    None => missing.push(name.clone()),
                }
            }
            self.params.push(values);
        }
        if !missing.is_empty() {
            let message = format!("plan `{}` needs a value for {}", self.plan.name, list(&missing, 12));
            let first = missing.first().map(String::as_str).unwrap_or_default();
            let help = format!("add `--param {first}=…`");
            self.problems.push(Diagnostic::placeless(codes::PARAM_WRONG, message).help(help));
        }
        for (name, _) in &self.options.params {
            let known = || self.units.units.iter().flat_map(|unit| unit.plan.params.keys());
            if !known().any(|known| known == name) {
                let message = format!("plan `{}` has no parameter `{name}`", self.plan.name);
                let problem = Diagnostic::placeless(codes::UNKNOWN_OPTION, message)
                    .help("leave it away, or declare it with `param`")
                    .help_if(did_you_mean(name, known().map(String::as_str)));
                self.problems.push(problem);
            }
        }
    }

    fn check_param(&mut self, name: &str, param: &Param, value: &str) {
        let wanted = match param.kind {
            ParamKind::Text => None,
            ParamKind::Int => value.parse::<u64>().is_err().then_some("a whole number"),
            ParamKind::Duration => parse_duration(value).is_err().then_some("a duration such as `90s`"),
            ParamKind::Bool => (!matches!(value, "true" | "false")).then_some("`true` or `false`"),
        };
        if let Some(wanted) = wanted {
            let message = format!("parameter `{name}` is {wanted}, and `{value}` is not");
            let help = format!("give `--param {name}=…` such a value");
            self.problems.push(Diagnostic::placeless(codes::PARAM_WRONG, message).help(help));
        }
    }

    /// A text with parameters filled in and machines by the runbook's ids.
    pub(super) fn fill(&mut self, unit: UnitId, text: &Template, ids: &BTreeMap<VmId, VmId>) -> Template {
        let mut parts: Vec<TemplatePart> = Vec::new();
        for part in &text.parts {
            let filled = match part {
                TemplatePart::Address(vm) => {
                    let global = self.units.global(unit, *vm);
                    match ids.get(&global) {
                        Some(vm) => TemplatePart::Address(*vm),
                        None => TemplatePart::Plain(self.address_of_left_out(unit, *vm)),
                    }
                }
                TemplatePart::VmName(vm) => {
                    TemplatePart::Plain(self.units.vm(self.units.global(unit, *vm)).estate_name.clone())
                }
                TemplatePart::Param(name) => {
                    let value = self.params.get(unit).and_then(|params| params.get(name));
                    TemplatePart::Plain(value.cloned().unwrap_or_default())
                }
                TemplatePart::Plain(_)
                | TemplatePart::RunId
                | TemplatePart::RunPlan
                | TemplatePart::RunOperation
                | TemplatePart::RunMode
                | TemplatePart::RunSource
                | TemplatePart::RunTarget => part.clone(),
            };
            match (parts.last_mut(), filled) {
                (Some(TemplatePart::Plain(before)), TemplatePart::Plain(more)) => before.push_str(&more),
                (_, other) => parts.push(other),
            }
        }
        Template { parts }
    }

    /// Where a machine that is left out is reached now: at the site where it runs.
    fn address_of_left_out(&mut self, unit: UnitId, local: VmId) -> String {
        let vm = self.units.global(unit, local);
        let authored = self.units.vm(vm);
        let machine = self.inventory.vms.get(&authored.estate_name);
        let site = machine.map(|machine| machine.site.as_str()).unwrap_or_default();
        let word = self.plan.estate.sites.iter().find(|(_, name)| *name == site).map(|(word, _)| word);
        let said = word.and_then(|word| authored.address.get(word));
        let seen = machine.and_then(|machine| machine.address.get(site));
        if let Some(address) = said.or(seen) {
            return address.clone();
        }
        let name = self.units.vm_name(vm);
        let steps = self.steps_naming(unit, local);
        let (who, verb) = match steps.as_slice() {
            [] => ("the plan".to_owned(), "needs"),
            [_] => (list(&steps, 8), "needs"),
            _ => (list(&steps, 8), "need"),
        };
        let message = format!("{who} {verb} the address of `{name}`, which is left out");
        let problem = Diagnostic::placeless(codes::LEFT_OUT_USED, message)
            .help(format!("write `address` on `{name}`, or do not leave it out"));
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        String::new()
    }

    /// The steps of a plan that have the address of a machine in their texts.
    fn steps_naming(&self, unit: UnitId, vm: VmId) -> Vec<&str> {
        let names = |text: &Template| text.parts.contains(&TemplatePart::Address(vm));
        let steps = self.units.units.at(unit).plan.steps.iter().filter(|step| match &step.kind {
            StepKind::Script(script) => texts(&script.spec).any(names),
            StepKind::Check(check) => match &check.kind {
                CheckKind::Tcp(text) | CheckKind::Http { url: text, .. } => names(text),
                CheckKind::Command(spec) => texts(spec).any(names),
                CheckKind::Heartbeat(_) => false,
            },
            StepKind::Approve(approve) => names(&approve.prompt),
            StepKind::Wait { .. } | StepKind::Call { .. } => false,
        });
        steps.map(|step| step.name.as_str()).collect()
    }

    /// A program with its texts filled; a relative program of a called plan begins at the runbook's folder.
    pub(super) fn program(
        &mut self,
        unit: UnitId,
        spec: &ScriptSpec,
        ids: &BTreeMap<VmId, VmId>,
    ) -> ScriptSpec {
        let mut filled = spec.clone();
        filled.run = spec.run.iter().map(|text| self.fill(unit, text, ids)).collect();
        for value in filled.env.values_mut() {
            if let EnvValue::Text(text) = value {
                *text = self.fill(unit, text, ids);
            }
        }
        if let Some(first) = filled.run.first_mut().filter(|_| !spec.shell)
            && let Some(path) = first.as_plain().filter(|path| is_relative(path))
            && let Ok(below) = self.units.units.at(unit).plan.folder.strip_prefix(&self.plan.folder)
            && !below.as_os_str().is_empty()
        {
            *first = Template::plain(below.join(path).to_string_lossy());
        }
        filled
    }

    pub(super) fn script(
        &mut self,
        unit: UnitId,
        script: &ScriptStep,
        ids: &BTreeMap<VmId, VmId>,
    ) -> ScriptStep {
        let place = match script.place {
            ScriptWhere::Runner => ScriptWhere::Runner,
            ScriptWhere::Guest(vm) => ScriptWhere::Guest(self.renumbered(unit, vm, ids)),
        };
        ScriptStep { spec: self.program(unit, &script.spec, ids), place }
    }

    pub(super) fn check(&mut self, unit: UnitId, check: &CheckStep, ids: &BTreeMap<VmId, VmId>) -> CheckStep {
        let kind = match &check.kind {
            CheckKind::Tcp(text) => CheckKind::Tcp(self.fill(unit, text, ids)),
            CheckKind::Http { url, status, body } => {
                CheckKind::Http { url: self.fill(unit, url, ids), status: *status, body: body.clone() }
            }
            CheckKind::Command(spec) => CheckKind::Command(self.program(unit, spec, ids)),
            CheckKind::Heartbeat(vm) => CheckKind::Heartbeat(self.renumbered(unit, *vm, ids)),
        };
        CheckStep { kind, ..check.clone() }
    }

    fn renumbered(&self, unit: UnitId, vm: VmId, ids: &BTreeMap<VmId, VmId>) -> VmId {
        let global = self.units.global(unit, vm);
        match ids.get(&global) {
            Some(id) => *id,
            // Steps that act in a machine that is left out are left out with it.
            None => crate::bug!("a step acts in `{}`, which is left out", self.units.vm_name(global)),
        }
    }
}

/// Whether a program is a path below the plan's folder, not absolute and not a name found on `PATH`.
pub(super) fn is_relative(program: &str) -> bool {
    program.contains('/') && !program.starts_with('/')
}
