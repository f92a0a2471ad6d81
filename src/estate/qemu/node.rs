//! Disks on a storage daemon: nodes, exports, bitmaps and jobs, each call harmless to repeat.
//! Names given to QEMU are digests, for a plan's own names may not be ones that QEMU takes.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::base::Digest;

use super::qmp::{Qmp, QmpTrouble};
use crate::estate::trouble::Trouble;

/// A bitmap of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bitmap {
    /// Its name.
    pub(super) name: String,
    /// Whether it records every write and can be used.
    pub(super) sound: bool,
}

/// What a daemon has open.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// Nodes with their bitmaps.
    pub(super) nodes: BTreeMap<String, Vec<Bitmap>>,
    /// The file that each node is of.
    pub(super) files: BTreeMap<String, String>,
    /// The node that each export serves, ending or not.
    pub(super) served: BTreeMap<String, String>,
    /// Ids of exports.
    pub(super) exports: Vec<String>,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Job {
    /// Its id.
    pub(super) id: String,
    /// Whether it has ended, well or not.
    pub(super) concluded: bool,
    /// What went wrong.
    pub(super) error: Option<String>,
}

fn name(prefix: char, parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    std::iter::once(prefix).chain(Digest::of(&parts).as_str().chars().take(24)).collect()
}

/// The node of a file, said relative to its site.
pub(super) fn of_file(file: &str) -> String {
    name('n', &[file])
}

/// The export of a file.
pub(super) fn export_of(file: &str) -> String {
    name('e', &[file])
}

/// The job that takes a disk's point.
pub(super) fn job_of(point: &str, vm: &str, disk: &str) -> String {
    name('j', &[point, vm, disk])
}

/// The bitmap that records what is written after a point.
pub(super) fn bitmap_since(point: &str) -> String {
    format!("since-{point}")
}

/// The name under which a client finds a machine's disk.
pub(super) fn export_name(vm: &str, disk: &str) -> String {
    format!("{vm}.{disk}")
}

/// Asks for everything that is open.
pub(super) async fn view(qmp: &mut Qmp) -> Result<View, Trouble> {
    let at = |trouble: QmpTrouble| trouble.at("list the disks of a site");
    let nodes = qmp.call("query-named-block-nodes", json!({ "flat": true })).await.map_err(at)?;
    let exports = qmp.call("query-block-exports", json!({})).await.map_err(at)?;
    let mut view = View::default();
    for node in nodes.as_array().into_iter().flatten() {
        let bitmaps = node.get("dirty-bitmaps").and_then(Value::as_array).into_iter().flatten();
        let bitmaps = bitmaps.filter_map(|bitmap| {
            let flag = |key| bitmap.get(key).and_then(Value::as_bool).unwrap_or(false);
            let name = bitmap.get("name")?.as_str()?.to_owned();
            Some(Bitmap { name, sound: flag("recording") && !flag("inconsistent") && flag("persistent") })
        });
        if let Some(name) = node.get("node-name").and_then(Value::as_str) {
            view.nodes.insert(name.to_owned(), bitmaps.collect());
            let file = node.get("file").and_then(Value::as_str).unwrap_or_default();
            view.files.insert(name.to_owned(), file.to_owned());
        }
    }
    for export in exports.as_array().into_iter().flatten() {
        let text = |key| export.get(key).and_then(Value::as_str);
        if let (Some(id), Some(node)) = (text("id"), text("node-name")) {
            view.served.insert(id.to_owned(), node.to_owned());
        }
        let gone = export.get("shutting-down").and_then(Value::as_bool).unwrap_or(false);
        if let (Some(id), false) = (export.get("id").and_then(Value::as_str), gone) {
            view.exports.push(id.to_owned());
        } else if let Some(id) = export.get("id").and_then(Value::as_str) {
            view.exports.push(format!("{id} (ending)"));
        }
    }
    Ok(view)
}

impl View {
    /// Whether an export is there, ending or not.
    pub(super) fn has_export(&self, id: &str) -> bool {
        self.exports.iter().any(|export| export.split(' ').next() == Some(id))
    }

    /// Whether clients can use an export.
    pub(super) fn serves(&self, id: &str) -> bool {
        self.exports.iter().any(|export| export == id)
    }

    /// A bitmap of a node.
    pub(super) fn bitmap(&self, node: &str, name: &str) -> Option<&Bitmap> {
        self.nodes.get(node)?.iter().find(|bitmap| bitmap.name == name)
    }
}

/// Opens a file for reading and writing.
pub(super) async fn open(qmp: &mut Qmp, node: &str, path: &Path) -> Result<(), Trouble> {
    let arguments = json!({
        "driver": "qcow2", "node-name": node, "discard": "unmap",
        "file": { "driver": "file", "filename": path.display().to_string(), "discard": "unmap" },
    });
    let doing = format!("open `{}`", path.display());
    qmp.call("blockdev-add", arguments).await.map(drop).map_err(|trouble| trouble.at(&doing))
}

/// Closes a node: its data is flushed and its persistent bitmaps are saved.
pub(super) async fn close(qmp: &mut Qmp, node: &str) -> Result<(), Trouble> {
    match qmp.call("blockdev-del", json!({ "node-name": node })).await {
        Ok(_) => Ok(()),
        // A connection or job that is ending holds the node a moment longer.
        Err(QmpTrouble::Refused(_, why)) => Err(Trouble::Later(format!("cannot close a disk: {why}"))),
        Err(trouble) => Err(trouble.at("close a disk")),
    }
}

/// Serves a node for reading and writing.
pub(super) async fn export(qmp: &mut Qmp, id: &str, node: &str, name: &str) -> Result<(), Trouble> {
    let arguments = json!({ "type": "nbd", "id": id, "node-name": node, "name": name, "writable": true });
    let doing = format!("serve `{name}`");
    qmp.call("block-export-add", arguments).await.map(drop).map_err(|trouble| trouble.at(&doing))
}

/// Ends an export if nobody is connected. Says whether it is ending.
pub(super) async fn end_export_gently(qmp: &mut Qmp, id: &str) -> Result<bool, Trouble> {
    match qmp.call("block-export-del", json!({ "id": id, "mode": "safe" })).await {
        Ok(_) => Ok(true),
        Err(QmpTrouble::Refused(..)) => Ok(false),
        Err(trouble) => Err(trouble.at("end an export")),
    }
}

/// Ends an export whoever is connected.
pub(super) async fn end_export(qmp: &mut Qmp, id: &str) -> Result<(), Trouble> {
    match qmp.call("block-export-del", json!({ "id": id, "mode": "hard" })).await {
        // Refused where it is ending already.
        Ok(_) | Err(QmpTrouble::Refused(..)) => Ok(()),
        Err(trouble) => Err(trouble.at("end an export")),
    }
}

/// Begins to record what is written to a node.
pub(super) async fn add_bitmap(qmp: &mut Qmp, node: &str, name: &str) -> Result<(), Trouble> {
    let arguments = json!({ "node": node, "name": name, "persistent": true });
    let doing = "record the writes of a disk";
    qmp.call("block-dirty-bitmap-add", arguments).await.map(drop).map_err(|trouble| trouble.at(doing))
}

/// Forgets a bitmap.
pub(super) async fn remove_bitmap(qmp: &mut Qmp, node: &str, name: &str) -> Result<(), Trouble> {
    let arguments = json!({ "node": node, "name": name });
    let doing = "forget the record of a disk's writes";
    match qmp.call("block-dirty-bitmap-remove", arguments).await {
        Ok(_) => Ok(()),
        // A job that is ending holds it a moment longer.
        Err(QmpTrouble::Refused(_, why)) => Err(Trouble::Later(format!("cannot {doing}: {why}"))),
        Err(trouble) => Err(trouble.at(doing)),
    }
}

/// All jobs, ended ones too until they are dismissed.
pub(super) async fn jobs(qmp: &mut Qmp) -> Result<Vec<Job>, Trouble> {
    let answer =
        qmp.call("query-jobs", json!({})).await.map_err(|trouble| trouble.at("list the jobs of a site"))?;
    let jobs = answer.as_array().into_iter().flatten().filter_map(|job| {
        let text = |key| job.get(key).and_then(Value::as_str).map(str::to_owned);
        let concluded = text("status").as_deref() == Some("concluded");
        Some(Job { id: text("id")?, concluded, error: text("error") })
    });
    Ok(jobs.collect())
}

/// Ends a job for good: cancelled if it runs, forgotten if it has ended.
pub(super) async fn end_job(qmp: &mut Qmp, job: &Job) -> Result<(), Trouble> {
    let command = if job.concluded { "job-dismiss" } else { "job-cancel" };
    match qmp.call(command, json!({ "id": job.id })).await {
        Ok(_) if job.concluded => Ok(()),
        Ok(_) => Err(Trouble::Later("a job is being cancelled".to_owned())),
        Err(QmpTrouble::Refused(_, why)) => Err(Trouble::Later(format!("cannot end a job: {why}"))),
        Err(trouble) => Err(trouble.at("end a job")),
    }
}
