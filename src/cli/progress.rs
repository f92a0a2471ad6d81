//! Who watches a run that this process drives: one view on a terminal, lines for a pipe, nobody.

use std::io::{IsTerminal as _, Stderr};
use std::sync::Arc;

use crate::base::{SystemClock, Timestamp};
use crate::drive::Watch;
use crate::event::Event;
use crate::report::{Colour, Live, Look, Marks, Plain, Screen};
use crate::run::Run;

use super::console::Console;
use super::render::Style;

/// Rows and columns of a terminal that does not say.
const SIZE: (usize, usize) = (24, 80);

/// The watcher.
#[derive(Debug)]
pub(super) enum Progress {
    /// A view that is drawn again in place.
    Live(Box<Live<Stderr>>),
    /// A line an event.
    Plain(Box<Plain<Stderr>>),
    /// `--quiet`
    Silent,
}

impl Progress {
    /// What fits the terminal. Of the first `known` events nothing is said.
    pub(super) fn new(console: &Console, known: u64) -> Self {
        if console.quiet {
            return Self::Silent;
        }
        let Style::Drawn { color } = console.style else {
            let look = Look { width: console.width, colour: Colour::Off };
            return Self::Plain(Box::new(Plain::new(std::io::stderr(), look, known)));
        };
        let (rows, columns) = size().unwrap_or(SIZE);
        let screen = Screen {
            columns,
            rows,
            colour: if color { Colour::On } else { Colour::Off },
            marks: if speaks_unicode() { Marks::Unicode } else { Marks::Ascii },
        };
        Self::Live(Box::new(Live::new(std::io::stderr(), screen, Arc::new(SystemClock), known)))
    }

    /// Leaves the last view on the terminal.
    pub(super) fn close(&mut self, run: &Run) {
        match self {
            Self::Live(live) => live.close(run),
            Self::Plain(_) | Self::Silent => {}
        }
    }
}

impl Watch for Progress {
    fn event(&mut self, event: &Event, run: &Run) {
        match self {
            Self::Live(live) => live.event(event, run),
            Self::Plain(plain) => plain.event(event, run),
            Self::Silent => {}
        }
    }

    fn tick(&mut self, run: &Run, now: Timestamp) {
        match self {
            Self::Live(live) => live.tick(run, now),
            Self::Plain(plain) => plain.tick(run, now),
            Self::Silent => {}
        }
    }

    fn hold(&mut self, why: Option<&str>) {
        match self {
            Self::Live(live) => live.hold(why),
            Self::Plain(plain) => plain.hold(why),
            Self::Silent => {}
        }
    }
}

/// Rows and columns of the terminal, as `stty` knows them.
fn size() -> Option<(usize, usize)> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let mut stty = std::process::Command::new("stty");
    let asked = stty.arg("size").stdin(std::process::Stdio::inherit()).output();
    let said = asked.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(said.stdout).ok()?;
    let (rows, columns) = text.trim().split_once(' ')?;
    let (rows, columns) = (rows.parse().ok()?, columns.parse().ok()?);
    (rows > 0 && columns > 0).then_some((rows, columns))
}

fn speaks_unicode() -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    said.is_some_and(|value| value.to_ascii_uppercase().contains("UTF"))
}
