//! Verifies a report by making it again: the log that it holds is verified by itself, then the report
//! is made from it and compared.

use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use crate::event::{Event, EventLine, Evidence, PublicKey};
use crate::report::evidence::{FORMAT, Held};
use crate::report::{account, page};
use crate::run::Run;
use crate::runbook::Runbook;
use crate::source::codes::evidence as codes;

use super::chain::Chain;
use super::fault::Fault;
use super::read::known;
use super::{Verdict, What};

/// Verifies the report that `text` is, and its log in `document`.
pub(super) fn verify(what: What, text: &str, document: &Value, key: &PublicKey) -> Result<Verdict, Fault> {
    let part = if what == What::Page { Some(document) } else { document.get("evidence") };
    let unreadable = |why: String| Fault::new(codes::NOT_EVIDENCE, None, why);
    let part = part.ok_or_else(|| unreadable("the file holds no run log".to_owned()))?;
    if let Some(format) = part.get("format").and_then(Value::as_str) {
        known(format, FORMAT)?;
    }
    let held = Held::deserialize(part)
        .map_err(|error| unreadable(format!("the file holds a run log that cannot be read: {error}")))?;
    let mut chain = Chain::new(&held.run);
    for record in &held.records {
        if !chain.is_full() {
            chain.take(record);
        }
    }
    let mut verdict = chain.finish(what, held.seal.as_ref(), key);
    // Only what was sealed is run again: a runbook by somebody else may say anything.
    if verdict.holds() {
        verdict.faults.extend(compare(what, text, document, held).err());
    }
    Ok(verdict)
}

/// Makes the report again.
fn compare(what: What, text: &str, document: &Value, held: Held<'_>) -> Result<(), Fault> {
    let differs = |record: Option<u64>, why: String| Fault::new(codes::REPORT_DIFFERS, record, why);
    let (run, events, evidence) = rebuild(held).map_err(|why| differs(None, why))?;
    if what == What::Page {
        let again = page::html(&run, &events, &evidence);
        let line = text.lines().zip(again.lines()).position(|(said, ours)| said != ours);
        return match line {
            None if text == again => Ok(()),
            line => {
                let line = line.unwrap_or_else(|| text.lines().count().min(again.lines().count())) + 1;
                let why = format!(
                    "line {line} of the page is not what this version makes of its log: the page was changed, or made by another version"
                );
                Err(differs(None, why))
            }
        };
    }
    let again: Value = match serde_json::from_str(&account::json_with(&run, &events, &evidence)) {
        Ok(again) => again,
        Err(error) => crate::bug!("a report of ours cannot be read: {error}"),
    };
    match difference(document, &again) {
        None => Ok(()),
        Some(place) => {
            let why = format!(
                "`{place}` of the report is not what this version makes of its log: the report was changed, or made by another version"
            );
            Err(differs(None, why))
        }
    }
}

fn rebuild(held: Held<'_>) -> Result<(Run, Vec<Event>, Evidence), String> {
    let mut records = held.records.into_iter();
    let runbook = records.next().map(|record| record.body.into_owned()).unwrap_or_default();
    let lines: Vec<EventLine> = records
        .map(|record| EventLine { seq: record.seq, body: record.body.into_owned(), digest: record.digest })
        .collect();
    let cannot = |what: &str, error: serde_json::Error| format!("{what} cannot be read: {error}");
    let compiled: Runbook = serde_json::from_str(&runbook).map_err(|error| cannot("the runbook", error))?;
    let events: Vec<Event> = lines
        .iter()
        .map(|line| serde_json::from_str(&line.body).map_err(|error| cannot("a record", error)))
        .collect::<Result<_, _>>()?;
    let run = Run::replay(held.run.as_str(), Arc::new(compiled), events.iter().cloned())
        .map_err(|error| error.to_string())?;
    Ok((run, events, Evidence { run: held.run, runbook, lines, seal: held.seal }))
}

/// Where two documents first differ, as a path. Walks without recursion: what is read is not ours.
fn difference(said: &Value, ours: &Value) -> Option<String> {
    let mut open = vec![(String::new(), said, ours)];
    while let Some((path, said, ours)) = open.pop() {
        match (said, ours) {
            (Value::Object(left), Value::Object(right)) => {
                if let Some(key) = left.keys().find(|key| !right.contains_key(*key)) {
                    return Some(join(&path, key));
                }
                for (key, value) in right.iter().rev() {
                    match left.get(key) {
                        Some(said) => open.push((join(&path, key), said, value)),
                        None => return Some(join(&path, key)),
                    }
                }
            }
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    return Some(path);
                }
                let pairs = left.iter().zip(right).enumerate().rev();
                open.extend(pairs.map(|(index, (said, ours))| (format!("{path}[{index}]"), said, ours)));
            }
            (said, ours) if said == ours => {}
            (_, _) => return Some(path),
        }
    }
    None
}

fn join(path: &str, key: &str) -> String {
    let key = crate::report::words::clean(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
