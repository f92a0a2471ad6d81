//! From an `Inventory` to the format `muster.inventory/1`: a machine and a point each on a line of its own.

use std::io::{self, Write};

use indexmap::IndexMap;
use serde::Serialize;

use super::{FORMAT, Inventory, LeftBehind, Machine, Point, PointKind, Power, Protection};
use crate::base::Timestamp;

#[derive(Serialize)]
struct MachineHead<'a> {
    group: Option<&'a str>,
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    power: Option<Power>,
    protection: Protection,
    #[serde(skip_serializing_if = "Option::is_none")]
    replicates_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    address: &'a IndexMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_registered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_behind: Option<&'a LeftBehind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_bytes: Option<u64>,
}

#[derive(Serialize)]
struct PointLine<'a> {
    id: &'a str,
    at: Timestamp,
    kind: PointKind,
    set: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    processed: bool,
    usable: bool,
}

/// Writes an inventory. `read` gives the same back.
///
/// # Errors
/// What the writer says.
pub fn write<W: Write>(inventory: &Inventory, out: &mut W) -> io::Result<()> {
    write!(out, "{{\n  \"format\": ")?;
    serde_json::to_writer(&mut *out, FORMAT)?;
    write!(out, ",\n  \"now\": ")?;
    serde_json::to_writer(&mut *out, &inventory.now)?;
    write!(out, ",\n  \"sites\": ")?;
    serde_json::to_writer(&mut *out, &inventory.sites)?;
    write!(out, ",\n  \"vms\": {{")?;
    for (index, (name, machine)) in inventory.vms.iter().enumerate() {
        write!(out, "{}\n    ", if index == 0 { "" } else { "," })?;
        serde_json::to_writer(&mut *out, name)?;
        write!(out, ": ")?;
        write_machine(inventory, machine, out)?;
    }
    write!(out, "{}}}", if inventory.vms.is_empty() { "" } else { "\n  " })?;
    if !inventory.process_servers.is_empty() {
        write!(out, ",\n  \"process_servers\": ")?;
        serde_json::to_writer(&mut *out, &inventory.process_servers)?;
    }
    if let Some(sim) = &inventory.sim {
        write!(out, ",\n  \"sim\": ")?;
        serde_json::to_writer(&mut *out, sim)?;
    }
    writeln!(out, "\n}}")
}

/// An inventory as text.
#[must_use]
pub fn to_text(inventory: &Inventory) -> String {
    let mut bytes = Vec::new();
    match write(inventory, &mut bytes) {
        // INVARIANT: serde_json writes UTF-8, so nothing is replaced.
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => crate::bug!("an inventory could not be written to memory: {error}"),
    }
}

fn write_machine<W: Write>(inventory: &Inventory, machine: &Machine, out: &mut W) -> io::Result<()> {
    let head = MachineHead {
        group: machine.group.as_deref(),
        site: &machine.site,
        power: machine.power,
        protection: machine.protection,
        replicates_to: machine.replicates_to.as_deref(),
        os: machine.os.as_deref(),
        address: &machine.address,
        agent_registered: machine.agent_registered,
        left_behind: machine.left_behind.as_ref(),
        pending_bytes: machine.pending_bytes,
    };
    let head = serde_json::to_string(&head)?;
    let open = head.strip_suffix('}').unwrap_or(&head);
    write!(out, "{open},\"points\":[")?;
    for (index, point) in machine.points.iter().enumerate() {
        write!(out, "{}\n      ", if index == 0 { "" } else { "," })?;
        serde_json::to_writer(&mut *out, &line(inventory, point))?;
    }
    write!(out, "{}]}}", if machine.points.is_empty() { "" } else { "\n    " })
}

fn line<'a>(inventory: &'a Inventory, point: &Point) -> PointLine<'a> {
    let tags = inventory.tag_sets.get(point.tags.0 as usize).map(Vec::as_slice).unwrap_or_default();
    PointLine {
        id: inventory.text(point.id),
        at: point.at,
        kind: point.kind,
        set: point.set.map(|set| inventory.text(set)),
        tags: tags.iter().map(|tag| inventory.text(*tag)).collect(),
        processed: point.processed,
        usable: point.usable,
    }
}
