//! Progress in plain lines, one for each event worth it, for files, pipes and people who like them.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use crate::base::Timestamp;
use crate::base::time::format_duration_short;
use crate::drive::Watch;
use crate::event::{Event, EventKind};
use crate::run::{NodeState, Run, RunState};
use crate::runbook::NodeId;

use super::asks;
use super::log::Columns;
use super::tell::{Line, Teller, Weight};
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
    /// Why a step is tried again and again, and when that was last said.
    again: BTreeMap<NodeId, (String, Timestamp)>,
    /// Something happened since what waits was looked at.
    stale: bool,
    stood: Option<RunState>,
}

/// Columns before what is asked and what to type.
const INDENT: usize = 4;

/// A step that is tried again for the same reason is silent this long: an agent that registers within a
/// quarter of an hour and is asked each minute would bury what matters. The log has every attempt.
const SILENCE: Duration = Duration::from_secs(600);

impl<W: Write> Plain<W> {
    /// A reader that was told of the first `known` events before, and does not repeat them.
    pub fn new(out: W, look: Look, known: u64) -> Self {
        let look = Look { width: look.width.clamp(40, 100), ..look };
        let (teller, put) = (Teller::default(), BTreeMap::new());
        let again = BTreeMap::new();
        Self { out, look, known, teller, columns: None, put, again, stale: true, stood: None }
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

    /// The line of an event as it is said here: that a step is tried again is said once for each reason,
    /// and nothing of the attempts between.
    fn once(&mut self, mut line: Line, event: &Event, run: &Run) -> Option<Line> {
        match &event.kind {
            EventKind::StepFailed { node, code, message, .. } => {
                let NodeState::BackingOff { until, .. } = run.node(*node) else {
                    if self.again.remove(node).is_some() {
                        line.what = format!("{}, at attempt {}", line.what, run.attempts(*node));
                    }
                    return Some(line);
                };
                let reason = format!("{message} (`{code}`)");
                let next = format_duration_short(until.since(event.at));
                match self.again.get(node) {
                    Some((why, at)) if *why == reason => {
                        if event.at.since(*at) < SILENCE {
                            return None;
                        }
                        line.what = format!("still fails: {reason}; next attempt in {next}");
                    }
                    Some(_) | None => line.what = format!("{}; next attempt in {next}", line.what),
                }
                self.again.insert(*node, (reason, event.at));
            }
            EventKind::StepStarted { node, .. } if self.again.contains_key(node) => return None,
            EventKind::StepSucceeded { node, .. } if self.again.remove(node).is_some() => {
                line.what = format!("{}, at attempt {}", line.what, run.attempts(*node));
            }
            _ => {}
        }
        Some(line)
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
        let Some(line) = self.once(line, event, run) else { return };
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
