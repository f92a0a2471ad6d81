//! A frozen runbook as a file: the document with its digest. Read back, the digest is computed again;
//! a file that was edited, cut off or written by another format is refused.

use serde::{Deserialize, Serialize};

use crate::base::limits::RUNBOOK_BYTES_MAX;
use crate::base::{Digest, Id};
use crate::graph::order::{Csr, order};
use crate::model::VmId;
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::{Act, NodeId, RUNBOOK_FORMAT, Runbook};

/// The version of the file around the document.
pub const RUNBOOK_FILE_FORMAT: &str = "muster.runbook-file/1";

#[derive(Serialize)]
struct Written<'r> {
    format: &'static str,
    digest: Digest,
    runbook: &'r Runbook,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    format: String,
    digest: Digest,
    runbook: serde_json::Value,
}

/// The file's text: JSON, indented, with a final newline.
#[must_use]
pub fn freeze(runbook: &Runbook) -> String {
    let file = Written { format: RUNBOOK_FILE_FORMAT, digest: runbook.digest(), runbook };
    match serde_json::to_string_pretty(&file) {
        Ok(text) => text + "\n",
        Err(error) => crate::bug!("a runbook does not serialize: {error}"),
    }
}

/// Whether a file's text is meant to be a frozen runbook: JSON rather than a plan.
#[must_use]
pub fn looks_frozen(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Reads a frozen runbook.
///
/// # Errors
/// The text is too large, no such document, of another version, not what its digest covers, or its
/// ids lead nowhere.
pub fn thaw(name: &str, text: &str) -> Result<Runbook, Box<Diagnostic>> {
    let refuse = |why: String| {
        Box::new(
            Diagnostic::placeless(codes::RUNBOOK_FILE, format!("`{name}` {why}"))
                .help("compile it again with `muster preview --out`"),
        )
    };
    if text.len() as u64 > RUNBOOK_BYTES_MAX {
        return Err(refuse(format!("has {} bytes, a runbook at most {RUNBOOK_BYTES_MAX}", text.len())));
    }
    let read: Read = serde_json::from_str(text).map_err(|error| {
        refuse(format!("is no whole frozen runbook: {}", crate::base::words::json(&error)))
    })?;
    if read.format != RUNBOOK_FILE_FORMAT {
        return Err(refuse(format!(
            "has format `{}`, this program reads `{RUNBOOK_FILE_FORMAT}`",
            read.format
        )));
    }
    let format = read.runbook.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
    if format != RUNBOOK_FORMAT {
        return Err(refuse(format!("holds format `{format}`, this program runs `{RUNBOOK_FORMAT}`")));
    }
    let runbook: Runbook = serde_json::from_value(read.runbook)
        .map_err(|error| refuse(format!("holds no whole runbook: {}", crate::base::words::json(&error))))?;
    let digest = runbook.digest();
    if digest != read.digest {
        return Err(refuse(format!(
            "was changed after it was frozen: its digest is {}, its content has {}",
            read.digest.short(),
            digest.short()
        )));
    }
    // A key that this program does not know, or one that is said twice, is in no digest and would still be
    // read by people.
    if !compact(text).eq(compact(&freeze(&runbook))) {
        return Err(refuse(
            "was changed after it was frozen: it says what its digest does not cover".to_owned(),
        ));
    }
    sound(&runbook).map_err(refuse)?;
    Ok(runbook)
}

/// The bytes of a JSON text without the blanks between its words.
fn compact(text: &str) -> impl Iterator<Item = u8> {
    let (mut inside, mut escaped) = (false, false);
    text.bytes().filter(move |byte| {
        if !inside {
            inside = *byte == b'"';
            return !byte.is_ascii_whitespace();
        }
        inside = escaped || *byte != b'"';
        escaped = !escaped && *byte == b'\\';
        true
    })
}

/// Whether every id leads to an entry and nothing waits for itself.
///
/// # Errors
/// What is wrong, as the end of a sentence about the file.
pub fn sound(runbook: &Runbook) -> Result<(), String> {
    let node = |id: &NodeId| runbook.nodes.get(*id).is_some();
    let vm = |id: VmId| runbook.machines.get(id).is_some();
    for it in &runbook.nodes {
        let own = it.policy.slot_until.iter().chain(&it.undoes).all(node);
        let before = it.after.iter().all(|dependency| node(&dependency.on));
        let machine = it.act.vm().is_none_or(vm) && acts_soundly(runbook, &it.act);
        if !(own && before && machine && runbook.units.get(it.unit).is_some()) {
            return Err(format!("has a node `{}` that names what is not there", it.name));
        }
    }
    let members = runbook.subjects.iter().flat_map(|subject| &subject.members);
    let machines = runbook.machines.iter();
    let known = members.copied().all(vm)
        && machines
            .into_iter()
            .all(|it| runbook.subjects.get(it.subject).is_some() && runbook.units.get(it.unit).is_some())
        && runbook.objective.until.iter().all(node)
        && runbook.aligns.iter().flat_map(|it| &it.subjects).all(|id| runbook.subjects.get(*id).is_some());
    if !known {
        return Err("has a machine or group that names what is not there".to_owned());
    }
    let number = |id: NodeId| u32::try_from(id.index()).unwrap_or(u32::MAX);
    let mut edges = Vec::new();
    for (id, it) in runbook.nodes.iter_enumerated() {
        edges.extend(it.after.iter().map(|dependency| (number(dependency.on), number(id))));
    }
    let order = order(&Csr::new(runbook.nodes.len(), edges.iter().copied()));
    if order.stuck.is_empty() { Ok(()) } else { Err("has nodes that wait for each other".to_owned()) }
}

fn acts_soundly(runbook: &Runbook, act: &Act) -> bool {
    let subject = |id: &crate::graph::SubjectId| runbook.subjects.get(*id).is_some();
    match act {
        Act::AskPoints { subjects } => subjects.iter().all(subject),
        Act::Bind(bind) => bind.subjects.iter().all(subject),
        Act::TakeFinal { subject: id } => subject(id),
        Act::ProcessPending { vms } => vms.iter().all(|vm| runbook.machines.get(*vm).is_some()),
        Act::CommitGate(gate) => gate.vms.iter().all(|vm| runbook.machines.get(*vm).is_some()),
        Act::Join
        | Act::Approve(_)
        | Act::Script(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::ShutDown { .. }
        | Act::ConfirmStopped { .. }
        | Act::Fence { .. }
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::Commit { .. }
        | Act::Reprotect { .. }
        | Act::CleanUp { .. }
        | Act::RollBack { .. } => true,
    }
}
