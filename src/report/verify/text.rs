//! A verdict for people and for programs.

use serde_json::json;

use crate::base::words::count;
use crate::report::words::{clean, instant};

use super::{Verdict, What};

/// The format's name.
const FORMAT: &str = "muster.verdict/1";

/// What was verified and that it holds; faults are told as diagnostics.
#[must_use]
pub fn text(verdict: &Verdict) -> String {
    let subject = verdict.subject.as_ref().map_or_else(String::new, |what| format!(", {}", clean(what)));
    let between = verdict
        .between
        .map_or_else(String::new, |(from, to)| format!(", {} to {}", instant(from), instant(to)));
    let records = usize::try_from(verdict.records).unwrap_or(usize::MAX);
    let about = format!("run `{}`{subject}: {}{between}", clean(&verdict.run), count(records, "record"));
    let of = match verdict.what {
        What::Run => String::new(),
        What::Log | What::Report | What::Page => format!("the {} of ", verdict.what.word()),
    };
    if !verdict.holds() {
        let faults = count(verdict.faults.len(), "fault");
        return format!("DOES NOT HOLD: {faults} in {of}{about}\n");
    }
    let mut lines = vec![format!("holds: {of}{about}")];
    lines.push("  no record was changed, removed, inserted or moved".to_owned());
    match verdict.what {
        What::Report | What::Page => {
            lines.push("  what the report says is what comes of its records".to_owned());
        }
        What::Log | What::Run => {}
    }
    if let Some(at) = verdict.signed_at {
        lines.push(format!("  sealed at {} with the key {}", instant(at), verdict.key));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The verdict as one JSON document.
#[must_use]
pub fn json(verdict: &Verdict) -> String {
    let faults: Vec<_> = verdict
        .faults
        .iter()
        .map(|fault| json!({ "code": fault.code, "record": fault.record, "message": fault.message }))
        .collect();
    let document = json!({
        "format": FORMAT,
        "holds": verdict.holds(),
        "what": verdict.what.word(),
        "run": verdict.run,
        "records": verdict.records,
        "from": verdict.between.map(|(from, _)| from),
        "to": verdict.between.map(|(_, to)| to),
        "runbook": verdict.runbook,
        "head": verdict.head,
        "key": verdict.key.to_string(),
        "signed_at": verdict.signed_at,
        "faults": faults,
    });
    format!("{document:#}\n")
}
