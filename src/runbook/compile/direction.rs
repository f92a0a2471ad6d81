//! Which site the machines leave, and whether each stands and replicates as the operation needs.
//! What does not fit is named before anything is touched.

use crate::base::limits;
use crate::base::words::{count, did_you_mean, list};
use crate::inventory::{Machine, Protection};
use crate::model::{Mode, Operation, VmId};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::Compiler;

/// Names shown in one message; the rest is counted.
const SHOWN: usize = 12;

impl<'c> Compiler<'c, '_> {
    /// Mode, capabilities of the provider in this direction, and what a forced run has to say.
    pub(super) fn check_mode(&mut self) {
        let operation = self.options.operation;
        let Some(mode) = self.mode else {
            if operation != Operation::Test {
                let message = format!("a {} has to say how the source is treated", operation.word());
                let help = "add `--planned`, `--unplanned` or `--forced`";
                self.problems.push(Diagnostic::placeless(codes::MODE_MISSING, message).help(help));
            }
            return;
        };
        let knows = self.provider.is_none_or(|provider| match mode {
            Mode::Planned => self.by_direction(provider.capabilities.planned),
            Mode::Unplanned | Mode::Forced => self.by_direction(provider.capabilities.unplanned),
        });
        if !knows {
            let provider = &self.plan.estate.provider;
            let message = format!("provider `{provider}` knows no {} {}", mode.word(), operation.word());
            let other = if mode == Mode::Planned { "--unplanned" } else { "--planned" };
            let help = format!("use `{other}`");
            self.problems.push(Diagnostic::placeless(codes::MODE_UNSUPPORTED, message).help(help));
        }
        if mode == Mode::Forced {
            self.check_forced();
        }
        self.check_loss();
    }

    /// A source that is lost tomorrow was mistyped, and every age would be counted from it.
    fn check_loss(&mut self) {
        let now = self.inventory.now;
        if let Some(lost) = self.options.lost_at.filter(|lost| *lost > now.plus(limits::LOST_AHEAD_MAX)) {
            let message =
                format!("`--lost-at {lost}` is in the future: at the estate it is {}", now.whole_second());
            let help = "give the instant of the loss, with its offset from UTC";
            self.problems.push(Diagnostic::placeless(codes::LOST_IN_FUTURE, message).help(help));
        }
    }

    fn check_forced(&mut self) {
        let missing: Vec<&str> =
            [("--to", self.options.to.is_none()), ("--lost-at", self.options.lost_at.is_none())]
                .into_iter()
                .filter_map(|(name, missing)| missing.then_some(name))
                .collect();
        if !missing.is_empty() {
            let message = format!("a forced {} needs {}", self.options.operation.word(), list(&missing, 2));
            let help = format!("add `--to {} --lost-at` and the instant of the loss", self.target.name);
            self.problems.push(Diagnostic::placeless(codes::FORCED_INCOMPLETE, message).help(help));
        }
        if self.options.unfenced.is_some() {
            return;
        }
        let mut open: Vec<String> = Vec::new();
        for (id, unit) in self.units.units.iter_enumerated() {
            let mut at = Some(id);
            let mut fenced = false;
            // A plan's fence covers the plans that it calls.
            while let Some(unit) = at {
                fenced |= self.units.units.at(unit).plan.fence.is_some();
                at = self.units.units.at(unit).called_by.map(|(caller, _)| caller);
            }
            if !fenced && !unit.plan.vms.is_empty() {
                open.push(unit.plan.name.clone());
            }
        }
        if !open.is_empty() {
            let message = format!("nothing fences the source of {}", list(&open, SHOWN));
            let help = "add a `fence` to the plan, or say `--unfenced` with the reason";
            self.problems.push(Diagnostic::placeless(codes::NOT_FENCED, message).help(help));
        }
    }

    /// Source and target site from where the machines run, and each machine's fitness.
    pub(super) fn find_direction(&mut self) {
        let known = self.known_machines();
        if self.options.operation == Operation::Test
            && let Some((_, first)) = known.first()
            && first.site == self.target.estate_name
        {
            std::mem::swap(&mut self.source, &mut self.target);
        }
        self.check_to();
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for (vm, machine) in known {
            if machine.site == self.target.estate_name {
                there.push(vm);
            } else if machine.site == self.source.estate_name {
                here.push((vm, machine));
            } else {
                let message = format!(
                    "`{}` runs at `{}`, which is no site of estate `{}`",
                    self.units.vm_name(vm),
                    machine.site,
                    self.plan.estate.name
                );
                let problem = Diagnostic::placeless(codes::UNKNOWN_TO_ESTATE, message)
                    .help("name the estate's sites in `sites`, each as the provider reports it");
                self.problems.push(problem);
            }
        }
        self.split(&there, here.len());
        for (vm, machine) in here {
            self.check_protection(vm, machine);
        }
        if self.live().is_empty() && self.problems.is_empty() {
            let message = format!("no machine of `{}` is left to act on", self.plan.name);
            let problem = Diagnostic::placeless(codes::NOTHING_TO_DO, message)
                .help("leave out fewer machines, or look at `muster status`");
            self.problems.push(problem);
        }
    }

    /// The machines that the estate reports. What it does not know is named, an optional one left out.
    pub(super) fn known_machines(&mut self) -> Vec<(VmId, &'c Machine)> {
        let inventory = self.inventory;
        let mut known = Vec::new();
        for vm in self.live() {
            let authored = self.units.vm(vm);
            if let Some(machine) = inventory.vms.get(&authored.estate_name) {
                known.push((vm, machine));
                continue;
            }
            if self.units.is_optional(vm) {
                self.left_out.insert(vm, "it is optional and unknown to the estate".to_owned());
                continue;
            }
            let estate = &self.plan.estate.name;
            let message = format!("estate `{estate}` knows no machine `{}`", authored.estate_name);
            let taken =
                |name: &&str| self.units.machines.ids().any(|vm| self.units.vm(vm).estate_name == *name);
            let names = inventory.vms.keys().map(String::as_str).filter(|name| !taken(name));
            let problem = Diagnostic::error(codes::UNKNOWN_TO_ESTATE, message, authored.span)
                .help("give the machine's name in the estate with `name`")
                .help_if(did_you_mean(&authored.estate_name, names));
            self.problems.push(problem);
        }
        known
    }

    fn check_to(&mut self) {
        let Some(to) = &self.options.to else { return };
        let is = |site: &super::Site| site.name == *to || site.estate_name == *to;
        if is(&self.target) {
            return;
        }
        let operation = self.options.operation.word();
        let problem = if is(&self.source) {
            let message = format!("a {operation} leaves `{to}` and comes up at `{}`", self.target.name);
            Diagnostic::placeless(codes::WRONG_DIRECTION, message)
                .help(format!("say `--to {}`, or use the operation of the other direction", self.target.name))
        } else {
            let message = format!("`{to}` is no site of estate `{}`", self.plan.estate.name);
            let sites = self.plan.estate.sites.keys().map(String::as_str);
            Diagnostic::placeless(codes::UNKNOWN_OPTION, message).help_if(did_you_mean(to, sites))
        };
        self.problems.push(problem);
    }

    /// What becomes of machines that run at the target already.
    fn split(&mut self, there: &[VmId], here: usize) {
        if there.is_empty() {
            return;
        }
        let names: Vec<String> = there.iter().map(|vm| self.units.vm_name(*vm)).collect();
        let (source, target) = (&self.source.name, &self.target.name);
        let operation = self.options.operation;
        if self.forced() {
            for vm in there {
                self.left_out.insert(*vm, format!("it runs at `{target}` already"));
                self.there.insert(*vm);
            }
        } else if here == 0 {
            let message = format!(
                "{} already at `{target}`, and a {} leaves `{source}`",
                running(&names, self.units.machines.len()),
                operation.word()
            );
            let other = match operation {
                Operation::Failover => "the way home is `muster failback`",
                Operation::Failback => "the way out is `muster failover`",
                Operation::Test => "a test comes up at the other site",
            };
            self.problems.push(Diagnostic::placeless(codes::WRONG_DIRECTION, message).help(other));
        } else {
            let verb = if names.len() == 1 { "runs" } else { "run" };
            let message = format!(
                "{} {verb} at `{target}`, the other {} at `{source}`",
                list(&names, SHOWN),
                count(here, "machine")
            );
            let first = names.first().map(String::as_str).unwrap_or_default();
            let help = format!("leave out with `--without {first}`, or bring all to one site first");
            self.problems.push(Diagnostic::placeless(codes::MACHINES_SPLIT, message).help(help));
        }
    }

    /// Whether a machine at the source can be failed over. An optional one that cannot is left out.
    fn check_protection(&mut self, vm: VmId, machine: &Machine) {
        let name = self.units.vm_name(vm);
        let target = &self.target;
        let elsewhere = machine.replicates_to.as_ref().filter(|to| **to != target.estate_name);
        let strict = self.is_test() || self.mode == Some(Mode::Planned);
        let wrong = match machine.protection {
            Protection::FailedOver => Some((
                codes::NOT_COMMITTED,
                "was failed over and is not committed".to_owned(),
                "end the earlier run with `muster commit` or `muster rollback`",
            )),
            Protection::Unprotected => Some((
                codes::NOT_PROTECTED,
                format!("does not replicate to `{}`", target.name),
                if self.is_set_up_by_hand() {
                    "set it up with `muster estate PLAN set-up`, or replicate it with `muster reprotect`"
                } else {
                    "replicate it with `muster reprotect`, and wait for its first point"
                },
            )),
            Protection::Reprotecting => Some((
                codes::NOT_PROTECTED,
                format!("is being reprotected and does not replicate to `{}` yet", target.name),
                "wait until its protection is `protected`",
            )),
            Protection::Resyncing if strict => Some((
                codes::NOT_PROTECTED,
                "is resynchronising, so its newest state is not at the target".to_owned(),
                "wait until its protection is `protected`",
            )),
            Protection::Resyncing => {
                self.warnings.push(format!("`{name}` is resynchronising: its newest points may be missing"));
                None
            }
            Protection::Protected => None,
        };
        let wrong = wrong.or_else(|| {
            let to = elsewhere?;
            let message = format!("replicates to `{to}`, not to `{}`", target.name);
            Some((codes::NOT_PROTECTED, message, "replicate it the other way with `muster reprotect`"))
        });
        let Some((code, message, help)) = wrong else { return };
        if self.forced() && code == codes::NOT_PROTECTED {
            self.warnings.push(format!("`{name}` {message}: only points received before count"));
        } else if self.units.is_optional(vm) {
            self.left_out.insert(vm, format!("it is optional and {message}"));
        } else {
            self.unreplicated.insert(vm);
            self.problems.push(Diagnostic::placeless(code, format!("`{name}` {message}")).help(help));
        }
    }

    /// Whether an operator makes the estate's machines and first points, by `muster estate`.
    fn is_set_up_by_hand(&self) -> bool {
        self.provider.is_some_and(|provider| provider.capabilities.takes_points && !provider.simulated)
    }
}

fn running(names: &[String], all: usize) -> String {
    match names {
        [one] => format!("`{one}` runs"),
        many if many.len() == all => format!("all {all} machines run"),
        many => format!("{} run", list(many, SHOWN)),
    }
}
