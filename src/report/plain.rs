//! Progress in plain lines, one for each event worth it, for files, pipes and people who like them.

use std::collections::BTreeMap;
use std::io::Write;

use crate::base::Timestamp;
use crate::drive::Watch;
use crate::event::Event;
use crate::run::{Run, RunState};
use crate::runbook::NodeId;

use super::asks;
use super::log::Columns;
use super::tell::{Teller, Weight};
use super::words::{Look, clean, wrap};

/// Writes lines as things happen. What cannot be written is dropped: a reader that went away never
/// stops a run.
#[derive(Debug)]
pub struct Plain<W> {
    out: W,
    look: Look,
    known: u64,
    teller: Teller,
    columns: Option<Columns>,
    /// Questions as they were put, by node.
    put: BTreeMap<NodeId, String>,
    /// Something happened since what waits was looked at.
    stale: bool,
    stood: Option<RunState>,
}

/// Columns before what is asked and what to type.
const INDENT: usize = 4;

impl<W: Write> Plain<W> {
    /// A reader that was told of the first `known` events before, and does not repeat them.
    pub fn new(out: W, look: Look, known: u64) -> Self {
        let look = Look { width: look.width.clamp(40, 100), ..look };
        let (teller, put) = (Teller::default(), BTreeMap::new());
        Self { out, look, known, teller, columns: None, put, stale: true, stood: None }
    }

    /// Says what still waits for a person, once the driver has left.
    pub fn close(&mut self, run: &Run) {
        self.stale = true;
        self.say_what_waits(run);
    }

    /// The writer, when all is said.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write(&mut self, lines: &[String]) {
        for line in lines {
            if writeln!(self.out, "{line}").is_err() {
                return;
            }
        }
        let _flushed = self.out.flush();
    }

    /// Questions that are new or changed, and what to type. Not said with the event: an approval given
    /// beforehand and a gate that closes by itself are answered before anybody could.
    fn say_what_waits(&mut self, run: &Run) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let waiting: Vec<NodeId> = run.waiting_for_people().collect();
        self.put.retain(|node, _| waiting.contains(node));
        for node in waiting {
            let Some(ask) = asks::ask(run, node) else { continue };
            if self.put.get(&node) == Some(&ask.what) {
                continue;
            }
            let text = format!("`{}` waits: {}", ask.step, ask.what);
            let mut lines: Vec<String> = wrap(&text, self.look.width.saturating_sub(INDENT));
            let commands = ask.alternatives.iter().map(|one| &one.command).chain(&ask.commands);
            lines.extend(commands.map(|command| clean(command)));
            self.indented(&lines);
            self.put.insert(node, ask.what);
        }
        let state = run.state();
        if state == RunState::Halted && self.stood != Some(state) {
            let how = [asks::command(run, "status", None), asks::command(run, "resume", None)];
            self.indented(&how);
        }
        self.stood = Some(state);
    }

    fn indented(&mut self, lines: &[String]) {
        let lines: Vec<String> = lines.iter().map(|line| format!("{}{line}", " ".repeat(INDENT))).collect();
        self.write(&lines);
    }
}

impl<W: Write> Watch for Plain<W> {
    fn event(&mut self, event: &Event, run: &Run) {
        self.stale = true;
        let line = self.teller.line(run.runbook(), event);
        if event.seq <= self.known || line.weight == Weight::Fine {
            return;
        }
        let look = self.look;
        let columns = self.columns.get_or_insert_with(|| Columns::of(run.runbook(), look));
        let lines = columns.lay_out(&line);
        self.write(&lines);
    }

    fn tick(&mut self, run: &Run, _now: Timestamp) {
        self.say_what_waits(run);
    }

    fn hold(&mut self, why: Option<&str>) {
        let text = match why {
            Some(why) => format!("the engine holds: {why}"),
            None => "the engine goes on".to_owned(),
        };
        self.write(&wrap(&text, self.look.width));
    }
}
