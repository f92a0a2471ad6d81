//! Fills the holes of templates with what the run knows, and refuses what must not be used.

use crate::model::{EnvValue, ScriptSpec, Secret, Template, TemplatePart};
use crate::run::Run;

use super::program::Program;

/// Who uses the text: from the runner, a test must never reach production.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UsedBy {
    Runner,
    Estate,
}

/// The text of a template.
///
/// # Errors
/// One sentence that names what is not known yet, or must not be used.
pub(super) fn text(template: &Template, run: &Run, by: UsedBy) -> Result<String, String> {
    let runbook = run.runbook();
    template.render(|part| match part {
        TemplatePart::Plain(text) => Ok(text.clone()),
        TemplatePart::Address(vm) => {
            let machine = runbook.machines.at(*vm);
            let address = run.address(*vm).ok_or_else(|| {
                format!("the address of `{}` at `{}` is not known", machine.name, runbook.target.name)
            })?;
            if runbook.is_test() && by == UsedBy::Runner && machine.source_address.as_deref() == Some(address)
            {
                return Err(format!(
                    "the copy of `{}` has production's address {address}; a test does not use it from here",
                    machine.name
                ));
            }
            Ok(address.to_owned())
        }
        TemplatePart::VmName(vm) => Ok(runbook.machines.at(*vm).estate_name.clone()),
        TemplatePart::Param(name) => Ok(runbook.params.get(name).cloned().unwrap_or_default()),
        TemplatePart::RunId => Ok(run.id().to_owned()),
        TemplatePart::RunPlan => Ok(runbook.plan.clone()),
        TemplatePart::RunOperation => Ok(runbook.operation.word().to_owned()),
        TemplatePart::RunMode => Ok(runbook.mode.map_or("", crate::model::Mode::word).to_owned()),
        TemplatePart::RunSource => Ok(runbook.source.name.clone()),
        TemplatePart::RunTarget => Ok(runbook.target.name.clone()),
    })
}

/// The program of a script, with the run's context on standard input and in `MUSTER_*`.
///
/// # Errors
/// One sentence: a hole that cannot be filled, or a secret that cannot be read.
pub(super) fn program(spec: &ScriptSpec, run: &Run, step: &str) -> Result<Program, String> {
    let runbook = run.runbook();
    let mut argv: Vec<String> =
        spec.run.iter().map(|part| text(part, run, UsedBy::Runner)).collect::<Result<_, _>>()?;
    if spec.shell {
        argv.splice(0..0, ["/bin/sh".to_owned(), "-c".to_owned()]);
    } else if let Some(first) =
        argv.first_mut().filter(|first| first.contains('/') && !first.starts_with('/'))
    {
        *first = runbook.estate.folder.join(&*first).to_string_lossy().into_owned();
    }
    let machines: serde_json::Map<String, serde_json::Value> = runbook
        .machines
        .iter_enumerated()
        .map(|(id, machine)| {
            let about = serde_json::json!({
                "name": machine.estate_name, "group": machine.group, "address": run.address(id),
                "point": run.point(id).map(|point| &point.point),
            });
            (machine.name.clone(), about)
        })
        .collect();
    let context = serde_json::json!({
        "format": "muster.script-context/1", "run": run.id(), "plan": runbook.plan, "step": step,
        "operation": runbook.operation.word(), "mode": runbook.mode.map(crate::model::Mode::word),
        "source": runbook.source.name, "target": runbook.target.name, "params": runbook.params,
        "machines": machines,
    });
    let mut env = vec![
        ("MUSTER_RUN".to_owned(), run.id().to_owned()),
        ("MUSTER_PLAN".to_owned(), runbook.plan.clone()),
        ("MUSTER_STEP".to_owned(), step.to_owned()),
        ("MUSTER_OPERATION".to_owned(), runbook.operation.word().to_owned()),
        ("MUSTER_MODE".to_owned(), runbook.mode.map_or("", crate::model::Mode::word).to_owned()),
        ("MUSTER_SOURCE".to_owned(), runbook.source.name.clone()),
        ("MUSTER_TARGET".to_owned(), runbook.target.name.clone()),
    ];
    let mut secrets = Vec::new();
    for (key, value) in &spec.env {
        let value = match value {
            EnvValue::Text(template) => text(template, run, UsedBy::Runner)?,
            EnvValue::Secret(secret) => {
                secrets.push(key.clone());
                read_secret(secret, &runbook.estate.folder)?
            }
        };
        env.push((key.clone(), value));
    }
    Ok(Program {
        argv,
        folder: runbook.estate.folder.clone(),
        env,
        secrets,
        stdin: context.to_string(),
        timeout: spec.timeout,
    })
}

/// The value of a secret. It is in no message, whatever goes wrong.
fn read_secret(secret: &Secret, folder: &std::path::Path) -> Result<String, String> {
    match secret {
        Secret::Env(name) => std::env::var(name)
            .map_err(|_| format!("the environment variable `{name}` of a secret is not set")),
        Secret::File(path) => std::fs::read_to_string(folder.join(path))
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| format!("the file `{path}` of a secret cannot be read: {}", error.kind())),
    }
}
