//! From bytes to records: which kind of file it is, and its parts. Strict, for a log has one way to be
//! written: what is read is written again and has to be the same.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{PublicKey, Seal};
use crate::report::evidence::{FORMAT, Head, Record, Sealed};
use crate::report::words::clean;
use crate::report::{account, page};
use crate::source::codes::evidence as codes;

use super::chain::Chain;
use super::fault::Fault;
use super::{Verdict, What, again};

/// Verifies what the bytes are.
pub(super) fn file(bytes: &[u8], key: &PublicKey) -> Result<Verdict, Fault> {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first.starts_with(b"<!doctype html>") {
        let text = text(bytes)?;
        let held = page::held_in(text).ok_or_else(|| not_ours("is a page without a run log in it"))?;
        let document: Value = document(&held)?;
        return again::verify(What::Page, text, &document, key);
    }
    if let Ok(head) = serde_json::from_slice::<Value>(first)
        && let Some(format) = head.get("format").and_then(Value::as_str)
        && head.get("run").is_some()
    {
        known(format, FORMAT)?;
        return log(bytes, key);
    }
    let text = text(bytes)?;
    let document = document(text)?;
    match document.get("format").and_then(Value::as_str) {
        Some(format) if format.starts_with("muster.report/") => {
            known(format, account::FORMAT)?;
            again::verify(What::Report, text, &document, key)
        }
        Some(format) => Err(not_ours(&format!("is a `{}`", clean(format)))),
        None => Err(not_ours("is neither a log nor a report")),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        not_ours(&format!("is no text: line {line} is not UTF-8"))
    })
}

fn document(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| {
        not_ours(&format!("is neither a log nor a report: {}", crate::base::words::json(&error)))
    })
}

fn not_ours(why: &str) -> Fault {
    Fault::new(codes::NOT_EVIDENCE, None, format!("the file {why}"))
}

/// Whether a format is the one that is written today.
pub(super) fn known(format: &str, ours: &str) -> Result<(), Fault> {
    if format == ours {
        return Ok(());
    }
    let (format, name) = (clean(format), ours.split('/').next().unwrap_or(ours));
    if format.split('/').next() == Some(name) {
        let message = format!("the file is written as `{format}`, this version reads `{ours}`");
        return Err(Fault::new(codes::EVIDENCE_VERSION, None, message));
    }
    Err(not_ours(&format!("is a `{format}`")))
}

/// A log in lines.
fn log(bytes: &[u8], key: &PublicKey) -> Result<Verdict, Fault> {
    let whole = bytes.ends_with(b"\n");
    let mut lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let run = exact::<Head>(head)
        .map_err(|why| not_ours(&format!("has a first line that was changed: {why}")))?
        .run;
    let mut chain = Chain::new(&run);
    let mut seal: Option<Seal> = None;
    let mut broken = false;
    for line in lines {
        if chain.is_full() {
            break;
        }
        if seal.is_some() || broken {
            let message = "more stands after the seal";
            chain.fault(Fault::new(codes::RECORD_MISSING, Some(chain.records() + 1), message));
            break;
        }
        if is_seal(line) {
            match exact::<Sealed>(line) {
                Ok(sealed) => seal = Some(sealed.seal),
                Err(why) => {
                    broken = true;
                    chain.fault(Fault::new(
                        codes::SEAL_WRONG,
                        None,
                        format!("the seal cannot be read: {why}"),
                    ));
                }
            }
            continue;
        }
        match exact::<Record<'_>>(line) {
            Ok(record) => chain.take(&record),
            Err(why) => chain.unreadable(&why),
        }
    }
    if !whole {
        let message = "the last line was cut off before its end";
        chain.fault(Fault::new(codes::RECORD_MISSING, None, message));
    }
    Ok(chain.finish(What::Log, seal.as_ref(), key))
}

/// Also one whose first bytes were changed: in a record the quotes of its body are escaped.
fn is_seal(line: &[u8]) -> bool {
    let has = |part: &[u8]| line.windows(part.len()).any(|window| window == part);
    line.starts_with(b"{\"seal\":") || (!line.starts_with(b"{\"seq\":") && has(b"\"signature\":\""))
}

/// A value whose text is the only one that it could have.
fn exact<'a, T: Deserialize<'a> + Serialize>(line: &'a [u8]) -> Result<T, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let value: T = serde_json::from_str(text).map_err(|error| {
        // It is the record's own line that is read, not the file's first one.
        crate::base::words::json(&error).trim_start_matches("line 1, ").to_owned()
    })?;
    match serde_json::to_string(&value) {
        Ok(again) if again == text => Ok(value),
        Ok(_) => Err("it is written in another way than by the engine".to_owned()),
        Err(error) => crate::bug!("what was read does not serialize: {error}"),
    }
}
