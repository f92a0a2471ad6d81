//! The run log for people and for programs: one line an event. Runbook and events in, lines out;
//! the runbook only lends its names.

use std::io::{self, Write};

use serde_json::Value;

use crate::base::Id;
use crate::event::Event;
use crate::model::VmId;
use crate::runbook::{NodeId, Runbook, SubjectId};

use super::tell::{Line, Teller, node_of};
use super::words::{Look, chars, clean, clip, day, pad, wrap};

/// The columns of log lines: how wide phase and step are, and the day of the line before.
#[derive(Debug)]
pub(super) struct Columns {
    phase: usize,
    step: usize,
    width: usize,
    day: Option<String>,
}

/// Widest step column; longer names are cut.
const STEP_MAX: usize = 28;

impl Columns {
    pub(super) fn of(runbook: &Runbook, look: Look) -> Self {
        let nodes = || runbook.nodes.iter().filter(|node| node.act != crate::runbook::Act::Join);
        let phase = nodes().map(|node| chars(node.phase.word())).max().unwrap_or(0);
        let step = nodes().map(|node| chars(&node.name)).max().unwrap_or(0).clamp(3, STEP_MAX);
        Self { phase, step, width: look.width.clamp(40, 100), day: None }
    }

    /// The lines of one event: a new day is said first, a long sentence hangs.
    pub(super) fn lay_out(&mut self, line: &Line) -> Vec<String> {
        let mut lines = Vec::new();
        let today = day(line.at);
        if self.day.as_ref() != Some(&today) {
            lines.push(format!("{today} (UTC)"));
            self.day = Some(today);
        }
        let phase = line.phase.map_or("", crate::runbook::Phase::word);
        // Where there is no room for three columns, the sentence has a line of its own.
        let (head, hang) = if self.width >= 80 {
            let step = pad(&clip(&clean(&line.step), self.step), self.step);
            let head = format!("{}  {}  {step}  ", line.at.time_of_day(), pad(phase, self.phase));
            let hang = chars(&head);
            (head, hang)
        } else {
            lines.push(clip(&format!("{}  {}", line.at.time_of_day(), clean(&line.step)), self.width));
            ("    ".to_owned(), 4)
        };
        let room = self.width.saturating_sub(hang).max(20);
        for (index, part) in wrap(&line.what, room).iter().enumerate() {
            if index == 0 {
                lines.push(format!("{head}{part}"));
            } else {
                lines.push(format!("{}{part}", " ".repeat(hang)));
            }
        }
        lines
    }
}

/// The log in lines for people, one an event.
///
/// # Errors
/// Those of `out`.
pub fn text<'a>(
    runbook: &Runbook,
    events: impl IntoIterator<Item = &'a Event>,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut teller = Teller::default();
    let mut columns = Columns::of(runbook, look);
    for event in events {
        for line in columns.lay_out(&teller.line(runbook, event)) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The log in lines of JSON: each event as stored, with the names of what it speaks of in ids.
///
/// # Errors
/// Those of `out`.
pub fn json<'a>(
    runbook: &Runbook,
    events: impl IntoIterator<Item = &'a Event>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for event in events {
        let mut value = serde_json::to_value(event).map_err(io::Error::other)?;
        name_all(runbook, event, &mut value);
        serde_json::to_writer(&mut *out, &value).map_err(io::Error::other)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The name behind an id.
fn name_of(runbook: &Runbook, key: &str, id: usize) -> Option<String> {
    match key {
        "node" => runbook.nodes.get(NodeId::from_index(id)).map(|node| node.name.clone()),
        "subject" => runbook.subjects.get(SubjectId::from_index(id)).map(|subject| subject.name.clone()),
        "vm" => runbook.machines.get(VmId::from_index(id)).map(|machine| machine.name.clone()),
        _ => None,
    }
}

/// Adds `step` and `phase`, and beside each `subject` and `vm` its name. Certificates name all already.
fn name_all(runbook: &Runbook, event: &Event, value: &mut Value) {
    add_names(runbook, value, 0);
    let Some(object) = value.as_object_mut() else { return };
    if let Some(node) = node_of(&event.kind).and_then(|node| runbook.nodes.get(node)) {
        object.insert("phase".to_owned(), node.phase.word().into());
    }
    if let Some(kept) = object.get_mut("kept").and_then(Value::as_array_mut) {
        for pair in kept.iter_mut().filter_map(Value::as_array_mut) {
            let id = pair.first().and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
            if let Some(name) = id.and_then(|id| name_of(runbook, "vm", id)) {
                pair.push(name.into());
            }
        }
    }
}

/// Depth is that of our own event types: five at most.
fn add_names(runbook: &Runbook, value: &mut Value, depth: usize) {
    if depth > 6 {
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| add_names(runbook, item, depth + 1)),
        Value::Object(object) => {
            for (key, name_key) in [("node", "step"), ("subject", "subject_name"), ("vm", "vm_name")] {
                let id = object.get(key).and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
                if let Some(name) = id.and_then(|id| name_of(runbook, key, id)) {
                    object.insert(name_key.to_owned(), name.into());
                }
            }
            for (key, item) in object.iter_mut() {
                if key != "certificate" {
                    add_names(runbook, item, depth + 1);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
