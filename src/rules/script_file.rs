//! MP0314: a program that is missing, may not be executed, or lies outside the plan's folder.

use std::collections::HashMap;

use crate::model::{CheckKind, ScriptSpec, StepKind};
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::context::Context;
use super::scripts::ScriptTrouble;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let estate = &context.plan.estate;
    let runs = estate.provider_args.get("run").and_then(|run| run.get(0)).and_then(serde_json::Value::as_str);
    if let Some(program) = runs {
        let trouble = context.scripts.trouble(&context.plan.folder, program);
        let what = format!("estate {}", estate.name);
        found.extend(trouble.map(|trouble| describe(&what, estate.provider_span, program, trouble)));
    }
    let mut known: HashMap<String, Option<ScriptTrouble>> = HashMap::new();
    let mut look = |what: &str, span: Span, spec: &ScriptSpec| {
        let Some(program) = program(spec) else { return };
        let trouble = *known
            .entry(program.to_owned())
            .or_insert_with(|| context.scripts.trouble(&context.plan.folder, program));
        found.extend(trouble.map(|trouble| describe(what, span, program, trouble)));
    };
    for step in &context.plan.steps {
        match &step.kind {
            StepKind::Script(script) => match script.place {
                crate::model::ScriptWhere::Runner => look(&step.name, step.span, &script.spec),
                crate::model::ScriptWhere::Guest(_) => {}
            },
            StepKind::Check(check) => match &check.kind {
                CheckKind::Command(spec) => look(&step.name, step.span, spec),
                CheckKind::Tcp(_) | CheckKind::Http { .. } | CheckKind::Heartbeat(_) => {}
            },
            StepKind::Approve(_) | StepKind::Wait { .. } | StepKind::Call { .. } => {}
        }
        if let Some(undo) = &step.undo {
            look(&format!("undo of {}", step.name), step.span, undo);
        }
    }
    if let Some(fence) = &context.plan.fence {
        look("fence", fence.span, &fence.spec);
    }
    for (name, notify) in &context.plan.notify {
        look(&format!("notify {name}"), context.plan.span, &notify.spec);
    }
}

/// The program, where the plan spells it out and it is no shell text.
fn program(spec: &ScriptSpec) -> Option<&str> {
    if spec.shell { None } else { spec.run.first()?.as_plain() }
}

fn describe(what: &str, span: Span, program: &str, trouble: ScriptTrouble) -> Diagnostic {
    let on_path = !program.contains('/');
    let (wrong, help) = match trouble {
        ScriptTrouble::Missing if on_path => (
            "is not found on `PATH`",
            format!("install `{program}`, or write `\"./{program}\"` for one in the plan's folder"),
        ),
        ScriptTrouble::Missing => ("does not exist", format!("create `{program}` in the plan's folder")),
        ScriptTrouble::NotExecutable => ("may not be executed", format!("run `chmod +x {program}`")),
        ScriptTrouble::Folder => ("is a folder", "name a program".to_owned()),
        ScriptTrouble::Outside => (
            "lies outside the plan's folder",
            "move it into the plan's folder, or write its absolute path".to_owned(),
        ),
    };
    Diagnostic::error(codes::SCRIPT_FILE, format!("the program `{program}` of `{what}` {wrong}"), span)
        .help(help)
}
