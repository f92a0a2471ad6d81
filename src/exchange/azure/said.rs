//! What a step of a plan is to a person who does it by hand, as a recovery plan's manual action tells it.

use crate::base::time::format_duration;
use crate::base::words::quoted;
use crate::model::{CheckKind, Plan, ScriptSpec, ScriptWhere, Step, StepKind, Template, TemplatePart};

/// The description of a step's manual action, and what of the step the action does not do. Nothing is lost
/// of an approval's question.
pub(super) fn description(plan: &Plan, step: &Step) -> (String, Option<&'static str>) {
    match &step.kind {
        StepKind::Approve(approve) => (filled(plan, &approve.prompt), None),
        StepKind::Script(script) => {
            let place = match script.place {
                ScriptWhere::Runner => String::new(),
                ScriptWhere::Guest(vm) => format!(" in the guest `{}`", plan.vms.at(vm).name),
            };
            (format!("Run by hand{place}: {}", program(plan, &script.spec)), Some("a script"))
        }
        StepKind::Check(check) => {
            let what = match &check.kind {
                CheckKind::Tcp(to) => format!("{} accepts a connection", filled(plan, to)),
                CheckKind::Http { url, status, .. } => format!("{} answers {status}", filled(plan, url)),
                CheckKind::Command(spec) => format!("this ends with 0: {}", program(plan, spec)),
                CheckKind::Heartbeat(vm) => format!("the guest of `{}` answers", plan.vms.at(*vm).name),
            };
            let within = format_duration(check.within);
            (format!("Check by hand, within {within}: {what}"), Some("a check"))
        }
        StepKind::Wait { duration, because } => {
            (format!("Wait {}: {because}", format_duration(*duration)), Some("a pause"))
        }
        StepKind::Call { plan } => {
            let says = format!("Run the recovery plan `{}` and wait for its end", plan.name);
            (says, Some("a call of another plan"))
        }
    }
}

fn program(plan: &Plan, spec: &ScriptSpec) -> String {
    let words: Vec<String> = spec.run.iter().map(|word| filled(plan, word)).collect();
    if spec.shell {
        return words.join(" ");
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A text with its holes as the plan writes them: only a run knows what fills them.
pub(super) fn filled(plan: &Plan, text: &Template) -> String {
    let hole = |part: &TemplatePart| match part {
        TemplatePart::Plain(text) => text.clone(),
        TemplatePart::Address(vm) => format!("${{{}.address}}", plan.vms.at(*vm).name),
        TemplatePart::VmName(vm) => plan.vms.at(*vm).estate_name.clone(),
        TemplatePart::Param(name) => format!("${{{name}}}"),
        TemplatePart::RunId => "${run.id}".to_owned(),
        TemplatePart::RunPlan => "${run.plan}".to_owned(),
        TemplatePart::RunOperation => "${run.operation}".to_owned(),
        TemplatePart::RunMode => "${run.mode}".to_owned(),
        TemplatePart::RunSource => "${run.source}".to_owned(),
        TemplatePart::RunTarget => "${run.target}".to_owned(),
    };
    text.parts.iter().map(hole).collect()
}

/// Whether a text has a hole that only a run fills.
pub(super) fn has_hole(text: &Template) -> bool {
    let plain = |part: &TemplatePart| matches!(part, TemplatePart::Plain(_) | TemplatePart::VmName(_));
    !text.parts.iter().all(plain)
}
