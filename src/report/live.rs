//! Progress on a terminal: one view, drawn again in place. The run and the estate's time in, lines
//! within the given rows and columns out; the last view stays.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::base::time::format_duration_short;
use crate::base::{Clock, Timestamp};
use crate::drive::Watch;
use crate::event::Event;
use crate::run::{NodeState, Run, RunState};
use crate::runbook::{Act, Phase, Slot};

use super::asks::{self, Ask};
use super::status;
use super::tell::{Teller, Weight};
use super::verdict;
use super::words::{Colour, Paint, chars, clean, clip, pad, paint, paint_of_state};

/// Least time between two drawings: faster than the eye reads costs the terminal more than the run.
const REDRAW: Duration = Duration::from_millis(100);

/// The characters that a terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marks {
    /// `✓ ▸ · ✗ ?`
    Unicode,
    /// `+ > . x ?`
    Ascii,
}

/// A terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Its columns.
    pub columns: usize,
    /// Its rows.
    pub rows: usize,
    /// Colours.
    pub colour: Colour,
    /// Characters.
    pub marks: Marks,
}

/// The view of a run at an instant of the estate's clock: never more lines than the screen has rows
/// less one, and none wider than its columns less one, so that a terminal neither scrolls nor wraps.
#[must_use]
pub fn frame(run: &Run, now: Timestamp, hold: Option<&str>, screen: Screen) -> Vec<String> {
    let mut view = View { screen, lines: Vec::new(), room: screen.rows.saturating_sub(1).max(1) };
    let now = now.max(run.last_at());
    let state = run.state().word();
    let runbook = run.runbook();
    let title = format!("{} · {} · {} · {}", run.id(), runbook.what(), state, clock(now));
    view.painted(paint_of_state(state), &title);
    if let Some(why) = hold {
        view.painted(Paint::Bad, &format!("the engine holds: {why}"));
    }
    if !matches!(run.state(), RunState::Running | RunState::Waiting) {
        view.plain(&verdict::meaning(run, false));
    }
    view.phases(run);
    view.plain(&format!("RTO  {}", verdict::rto(run, now)));
    view.plain(&format!("RPO  {}", verdict::rpo(run)));
    view.slots(run);
    let asks = asks::asks(run);
    view.asks(&asks, now);
    view.list("running", running(run, now));
    view.list("next", next(run));
    view.lines
}

fn clock(now: Timestamp) -> String {
    format!("{}Z", now.time_of_day())
}

/// Lines within a screen.
struct View {
    screen: Screen,
    lines: Vec<String>,
    room: usize,
}

impl View {
    fn free(&self) -> usize {
        self.room.saturating_sub(self.lines.len())
    }

    fn columns(&self) -> usize {
        self.screen.columns.saturating_sub(1).max(1)
    }

    fn plain(&mut self, text: &str) {
        if self.free() > 0 {
            let text = self.in_marks(&clip(&clean(text), self.columns()));
            self.lines.push(text);
        }
    }

    fn painted(&mut self, with: Paint, text: &str) {
        if self.free() > 0 {
            let text = self.in_marks(&clip(&clean(text), self.columns()));
            self.lines.push(paint(self.screen.colour, with, &text));
        }
    }

    /// A terminal without these characters gets others as wide.
    fn in_marks(&self, text: &str) -> String {
        match self.screen.marks {
            Marks::Unicode => text.to_owned(),
            Marks::Ascii => text.replace('·', "-").replace(['“', '”'], "\"").replace('…', "~"),
        }
    }

    const fn mark(&self, mark: Mark) -> &'static str {
        match (self.screen.marks, mark) {
            (Marks::Unicode, Mark::Done) => "✓",
            (Marks::Unicode, Mark::Busy) => "▸",
            (Marks::Unicode, Mark::Open) => "·",
            (Marks::Unicode, Mark::Failed) => "✗",
            (Marks::Ascii, Mark::Done) => "+",
            (Marks::Ascii, Mark::Busy) => ">",
            (Marks::Ascii, Mark::Open) => ".",
            (Marks::Ascii, Mark::Failed) => "x",
        }
    }

    /// The phases on as few lines as they need.
    fn phases(&mut self, run: &Run) {
        let columns = self.columns();
        let mut line = String::new();
        let mut used = 0;
        let mut lines = Vec::new();
        for phase in phases(run) {
            let word = phase.phase.word();
            let mark = self.mark(phase.mark);
            let text = match phase.mark {
                Mark::Busy | Mark::Failed => format!("{mark} {word} {}/{}", phase.settled, phase.steps),
                Mark::Done | Mark::Open => format!("{mark} {word}"),
            };
            let with = match phase.mark {
                Mark::Done => Paint::Good,
                Mark::Busy => Paint::Heading,
                Mark::Open => Paint::Dim,
                Mark::Failed => Paint::Bad,
            };
            let long = chars(&text);
            if used > 0 && used + 2 + long > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push_str("  ");
                used += 2;
            }
            line.push_str(&paint(self.screen.colour, with, &clip(&text, columns)));
            used += long;
        }
        lines.push(line);
        for line in lines.into_iter().take(self.free()) {
            self.lines.push(line);
        }
    }

    fn slots(&mut self, run: &Run) {
        let limits = &run.runbook().limits;
        let parts: Vec<String> = run
            .slots_in_use()
            .map(|(slot, used)| {
                let (word, limit) = match slot {
                    Slot::PowerOn => ("starting", limits.power_on),
                    Slot::ShutDown => ("shutting down", limits.shut_down),
                    Slot::FailOver => ("failing over", limits.fail_over),
                };
                limit.map_or_else(|| format!("{word} {used}"), |limit| format!("{word} {used} of {limit}"))
            })
            .collect();
        if !parts.is_empty() {
            self.plain(&format!("at once  {}", parts.join(", ")));
        }
    }

    /// Questions come first: nothing else of the view needs its reader.
    fn asks(&mut self, asks: &[Ask], now: Timestamp) {
        for (index, ask) in asks.iter().enumerate() {
            if self.free() < 4 {
                let more = asks.len() - index;
                self.painted(Paint::Attention, &format!("{more} more waiting for a person"));
                return;
            }
            self.painted(Paint::Attention, &format!("`{}` waits: {}", ask.step, ask.what));
            let who: Vec<String> =
                [asks::who_may(ask), asks::until(ask, now)].into_iter().flatten().collect();
            if !who.is_empty() {
                self.plain(&format!("  {}", who.join("; ")));
            }
            let room = self.free().saturating_sub(2).max(1);
            let commands = ask.alternatives.iter().map(|one| &one.command).chain(&ask.commands);
            for command in commands.take(room) {
                self.plain(&format!("  {command}"));
            }
        }
    }

    /// Rows under a heading, the rest counted; names stand in a column.
    fn list(&mut self, heading: &str, rows: Vec<(String, String)>) {
        if rows.is_empty() || self.free() < 2 {
            return;
        }
        self.painted(Paint::Dim, heading);
        let fits = self.free();
        let shown = if rows.len() > fits { fits.saturating_sub(1) } else { rows.len() };
        let wide = rows.iter().take(shown).map(|(name, _)| chars(name)).max().unwrap_or(0).min(32);
        let more = rows.len() - shown;
        for (name, what) in rows.into_iter().take(shown) {
            self.plain(&format!("  {}  {what}", pad(&clip(&name, wide), wide)));
        }
        if more > 0 {
            self.plain(&format!("  and {more} more"));
        }
    }
}

/// How a phase stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    Done,
    Busy,
    Open,
    Failed,
}

struct PhaseCount {
    phase: Phase,
    mark: Mark,
    settled: usize,
    steps: usize,
}

/// The phases of the way that the run is on, in their order.
fn phases(run: &Run) -> Vec<PhaseCount> {
    let mut counts: std::collections::BTreeMap<Phase, (usize, usize, bool, bool)> =
        std::collections::BTreeMap::new();
    for (id, node) in run.runbook().nodes.iter_enumerated() {
        let state = run.node(id);
        if node.act == Act::Join || !(run.is_awake(id) || state.began()) {
            continue;
        }
        let count = counts.entry(node.phase).or_default();
        count.0 += usize::from(state.is_settled());
        count.1 += 1;
        count.2 |= state.began();
        count.3 |= matches!(state, NodeState::Failed { tolerated: false, .. });
    }
    counts
        .into_iter()
        .map(|(phase, (settled, steps, began, failed))| {
            let mark = match (failed, settled == steps, began) {
                (true, _, _) => Mark::Failed,
                (false, true, _) => Mark::Done,
                (false, false, true) => Mark::Busy,
                (false, false, false) => Mark::Open,
            };
            PhaseCount { phase, mark, settled, steps }
        })
        .collect()
}

/// What is under way, longest first, and what is tried again.
fn running(run: &Run, now: Timestamp) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = status::running(run, now)
        .into_iter()
        .map(|one| {
            let again = if one.attempt > 1 { format!(", attempt {}", one.attempt) } else { String::new() };
            let unknown = if one.state == "unknown" { ", outcome not known yet" } else { "" };
            (one.step, format!("{}{again}{unknown}", format_duration_short(now.since(one.since))))
        })
        .collect();
    rows.extend(status::retrying(run).into_iter().map(|one| {
        (one.step, format!("again in {}: {}", format_duration_short(one.at.since(now)), one.because))
    }));
    rows
}

/// What stands before its turn, and what it waits for: those that wait for what is under way.
fn next(run: &Run) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = run
        .ready_to_begin()
        .filter_map(|id| run.runbook().nodes.get(id))
        .map(|node| {
            let why = if node.policy.slot.is_some() { "waits for a free slot" } else { "begins" };
            (node.name.clone(), why.to_owned())
        })
        .collect();
    for (id, node) in run.runbook().nodes.iter_enumerated() {
        if rows.len() >= NEXT_MAX {
            break;
        }
        if node.act == Act::Join || !run.is_awake(id) || *run.node(id) != NodeState::NotStarted {
            continue;
        }
        let waits = run.waits_for(id);
        let [(on, why)] = waits.as_slice() else { continue };
        if let (Some(before), true) = (run.runbook().nodes.get(*on), run.node(*on).began()) {
            rows.push((node.name.clone(), format!("waits for `{}`: {why}", before.name)));
        }
    }
    rows
}

/// More rows than a terminal shows.
const NEXT_MAX: usize = 64;

/// Draws the view in place. Lines that somebody should see even later scroll past above it.
#[derive(Debug)]
pub struct Live<W> {
    out: W,
    screen: Screen,
    wall: Arc<dyn Clock>,
    known: u64,
    drawn: usize,
    last: Option<Timestamp>,
    shown: Timestamp,
    hold: Option<String>,
    teller: Teller,
    above: Vec<String>,
}

impl<W: Write> Live<W> {
    /// A view on a screen; `wall` says how often it is drawn, for the estate's clock may be virtual.
    /// Of the first `known` events nothing is said above it.
    pub fn new(out: W, screen: Screen, wall: Arc<dyn Clock>, known: u64) -> Self {
        let shown = Timestamp::default();
        let (teller, above) = (Teller::default(), Vec::new());
        Self { out, screen, wall, known, drawn: 0, last: None, shown, hold: None, teller, above }
    }

    /// The terminal has another size from here on.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        self.screen = Screen { columns, rows, ..self.screen };
    }

    /// Draws the view a last time and leaves it there.
    pub fn close(&mut self, run: &Run) {
        self.draw(run, self.shown);
        self.drawn = 0;
    }

    /// The writer, when all is said.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn draw(&mut self, run: &Run, now: Timestamp) {
        let lines = frame(run, now, self.hold.as_deref(), self.screen);
        let mut text = String::new();
        // A view taller than a screen that shrank cannot be reached any more: only what is visible.
        let up = self.drawn.min(self.screen.rows.saturating_sub(1));
        if up > 0 {
            text.push_str("\u{1b}[");
            text.push_str(&up.to_string());
            text.push('A');
        }
        text.push_str("\r\u{1b}[J");
        for line in self.above.drain(..).chain(lines.iter().cloned()) {
            text.push_str(&line);
            text.push('\n');
        }
        self.drawn = lines.len();
        self.shown = now;
        self.last = Some(self.wall.now());
        let _written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    fn is_due(&self) -> bool {
        // A wall clock that was set back draws at once, rather than never.
        self.last.is_none_or(|last| {
            let now = self.wall.now();
            now < last || now.since(last) >= REDRAW
        })
    }
}

impl<W: Write> Watch for Live<W> {
    fn event(&mut self, event: &Event, run: &Run) {
        let line = self.teller.line(run.runbook(), event);
        if event.seq > self.known && line.weight == Weight::Attention {
            let text = format!("{}  {}  {}", line.at.time_of_day(), line.step, line.what);
            let columns = self.screen.columns.saturating_sub(1).max(1);
            self.above.push(clip(&clean(&text), columns));
        }
        let now = self.shown.max(event.at);
        // The end is always drawn: no tick comes after it.
        if run.ended().is_some() || self.is_due() {
            self.draw(run, now);
        }
    }

    fn tick(&mut self, run: &Run, now: Timestamp) {
        if self.is_due() {
            self.draw(run, now);
        }
    }

    fn hold(&mut self, why: Option<&str>) {
        self.hold = why.map(ToOwned::to_owned);
        if let Some(why) = why {
            let line =
                clip(&clean(&format!("the engine holds: {why}")), self.screen.columns.saturating_sub(1));
            let _written = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
            // What was drawn stays above this line.
            self.drawn = 0;
        }
    }
}
