//! What a runbook relies on: files, programs, machines, points.

use std::path::{Component, Path};

use indexmap::IndexMap;

use crate::base::Digest;
use crate::graph::applies;
use crate::model::{CheckKind, PlanFile, ScriptSpec, StepKind, VmId};
use crate::point::Outcome;
use crate::runbook::{Facts, MachineFact, ReadDigest};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::Compiler;
use super::fill::is_relative;

impl Compiler<'_, '_> {
    pub(super) fn facts(&mut self, live: &[VmId]) -> Facts {
        let mut machines = IndexMap::new();
        for vm in live {
            let name = &self.units.vm(*vm).estate_name;
            if let Some(machine) = self.inventory.vms.get(name) {
                let fact = MachineFact {
                    site: machine.site.clone(),
                    protection: machine.protection,
                    group: machine.group.clone(),
                };
                machines.insert(name.clone(), fact);
            }
        }
        let mut points = IndexMap::new();
        for choice in self.forecast.values().filter_map(Outcome::choice) {
            for pick in &choice.picks {
                points.insert(self.units.vm(pick.vm).estate_name.clone(), pick.point.clone());
            }
        }
        let mut groups = IndexMap::new();
        for subject in self.live_subjects().into_iter().map(|id| self.units.subjects.at(id)) {
            let Some(group) = subject.group else { continue };
            let name = &self.units.units.at(subject.unit).plan.groups.at(group).estate_name;
            let members = self.inventory.members(name).map(|machine| machine.name.clone());
            groups.insert(name.clone(), members.collect());
        }
        Facts { files: self.files(), scripts: self.script_digests(), machines, groups, points }
    }

    /// The files of all plans, each once.
    fn files(&self) -> Vec<PlanFile> {
        let mut files: Vec<PlanFile> = Vec::new();
        for unit in &self.units.units {
            let below = unit.plan.folder.strip_prefix(&self.plan.folder).unwrap_or(&unit.plan.folder);
            for file in &unit.plan.files {
                let path = below.join(&file.path).to_string_lossy().into_owned();
                let file = PlanFile { path, digest: file.digest.clone() };
                if !files.iter().any(|known| known.path == file.path) {
                    files.push(file);
                }
            }
        }
        files
    }

    /// Digests of the programs in the plan's folder, by path from there; a missing one is named.
    fn script_digests(&mut self) -> IndexMap<String, Digest> {
        let mut digests = IndexMap::new();
        let Some(read) = self.options.scripts else { return digests };
        for (spec, of) in self.programs() {
            let program = spec.run.first().and_then(|text| text.as_plain());
            let Some(program) = program.filter(|program| is_relative(program) && !spec.shell) else {
                digests.extend(self.interpreted(&spec, read));
                continue;
            };
            if digests.contains_key(program) {
                continue;
            }
            match read(&self.plan.folder.join(program)) {
                Some(digest) => {
                    digests.insert(program.to_owned(), digest);
                }
                None => {
                    let message = format!("program `{program}` of `{of}` is not there");
                    let problem = Diagnostic::placeless(codes::SCRIPT_MISSING, message)
                        .help(format!("put it at `{}`", self.plan.folder.join(program).display()));
                    self.problems.push(problem);
                }
            }
        }
        digests
    }

    /// The script that an interpreter is handed: its first argument that is a file in the plan's folder.
    fn interpreted(&self, spec: &ScriptSpec, read: ReadDigest<'_>) -> Option<(String, Digest)> {
        let arguments = spec.run.iter().skip(1).filter(|_| !spec.shell);
        let own = |path: &Path| {
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        arguments
            .filter_map(|argument| argument.as_plain())
            .filter(|argument| !argument.starts_with('-') && own(Path::new(argument)))
            .find_map(|argument| Some((argument.to_owned(), read(&self.plan.folder.join(argument))?)))
    }

    /// Every program that this runbook may run, with what runs it.
    fn programs(&mut self) -> Vec<(ScriptSpec, String)> {
        let mut found: Vec<(ScriptSpec, String)> = Vec::new();
        let ids = std::collections::BTreeMap::new();
        for unit in self.units.units.ids() {
            let plan = self.units.units.at(unit).plan;
            let mut specs: Vec<(&ScriptSpec, String)> = Vec::new();
            for (id, step) in plan.steps.iter_enumerated() {
                if !applies(step, self.options.operation, self.mode)
                    || self.left_out_steps.contains(&(unit, id))
                {
                    continue;
                }
                match &step.kind {
                    StepKind::Script(script) if matches!(script.place, crate::model::ScriptWhere::Runner) => {
                        specs.push((&script.spec, step.name.clone()));
                    }
                    StepKind::Check(check) => {
                        if let CheckKind::Command(spec) = &check.kind {
                            specs.push((spec, step.name.clone()));
                        }
                    }
                    StepKind::Script(_)
                    | StepKind::Approve(_)
                    | StepKind::Wait { .. }
                    | StepKind::Call { .. } => {}
                }
                specs.extend(step.undo.iter().map(|spec| (spec, format!("{} undo", step.name))));
            }
            if self.forced() && self.options.unfenced.is_none() {
                specs.extend(plan.fence.iter().map(|fence| (&fence.spec, "fence".to_owned())));
            }
            if self.units.units.at(unit).called_by.is_none() {
                specs.extend(plan.notify.iter().map(|(name, notify)| (&notify.spec, name.clone())));
            }
            for (spec, of) in specs {
                let mut bare = spec.clone();
                // What holes hold is not known here: the program and its plain arguments are looked at.
                let known = bare.run.first().is_some_and(|text| text.as_plain().is_some());
                bare.run.retain(|text| text.as_plain().is_some());
                bare.env.clear();
                if known {
                    found.push((self.program(unit, &bare, &ids), of));
                }
            }
        }
        found
    }
}
