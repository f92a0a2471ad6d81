//! Progress in plain lines, one for each event worth it, for files, pipes and people who like them.

use std::io::Write;

use crate::base::Timestamp;
use crate::drive::Watch;
use crate::event::Event;
use crate::run::{Run, RunState};

use super::asks;
use super::log::Columns;
use super::tell::{Teller, Weight, node_of};
use super::words::{Look, clean};

/// Writes lines as things happen. What cannot be written is dropped: a reader that went away never
/// stops a run.
#[derive(Debug)]
pub struct Plain<W> {
    out: W,
    look: Look,
    known: u64,
    teller: Teller,
    columns: Option<Columns>,
    stood: Option<RunState>,
}

impl<W: Write> Plain<W> {
    /// A reader that was told of the first `known` events before, and does not repeat them.
    pub fn new(out: W, look: Look, known: u64) -> Self {
        Self { out, look, known, teller: Teller::default(), columns: None, stood: None }
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

    /// What to type, once a person is needed.
    fn needs_person(&mut self, event: &Event, run: &Run) {
        let Some(ask) = node_of(&event.kind).and_then(|node| asks::ask(run, node)) else { return };
        let commands = ask.alternatives.iter().map(|one| &one.command).chain(&ask.commands);
        let mut lines: Vec<String> = vec![format!("    {}", clean(&ask.what))];
        lines.extend(commands.map(|command| format!("    {}", clean(command))));
        self.write(&lines);
    }
}

impl<W: Write> Watch for Plain<W> {
    fn event(&mut self, event: &Event, run: &Run) {
        let runbook = run.runbook();
        let line = self.teller.line(runbook, event);
        if event.seq <= self.known || line.weight == Weight::Fine {
            return;
        }
        let look = self.look;
        let lines = self.columns.get_or_insert_with(|| Columns::of(runbook, look)).lay_out(&line);
        self.write(&lines);
        self.needs_person(event, run);
        let state = run.state();
        if state == RunState::Halted && self.stood != Some(state) {
            let how = [asks::command(run, "status", None), asks::command(run, "resume", None)];
            self.write(&how.map(|command| format!("    {command}")));
        }
        self.stood = Some(state);
    }

    fn tick(&mut self, _run: &Run, _now: Timestamp) {}

    fn hold(&mut self, why: Option<&str>) {
        let line = match why {
            Some(why) => format!("the engine holds: {}", clean(why)),
            None => "the engine goes on".to_owned(),
        };
        self.write(&[line]);
    }
}
