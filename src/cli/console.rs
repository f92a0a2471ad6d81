//! The terminal: results to standard output, all else to standard error; colour and drawings only
//! where somebody looks. A pipe that is closed ends output quietly.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::report::{Colour, Look};
use crate::source::{Diagnostic, Sources};

use super::failure::Failure;
use super::render::{self, Style};

/// Columns where the terminal does not say.
const WIDTH: usize = 100;

/// How the command talks.
#[derive(Clone, Debug)]
pub(super) struct Console {
    /// How diagnostics are drawn.
    pub(super) style: Style,
    /// Only errors and results.
    pub(super) quiet: bool,
    /// Columns.
    pub(super) width: usize,
    /// Whether somebody can be asked.
    pub(super) attended: bool,
}

impl Console {
    /// What the environment allows.
    pub(super) fn new(quiet: bool) -> Self {
        let said = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminal = std::io::stderr().is_terminal();
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let style = if said("NO_GRAPHICS") {
            Style::Narrated
        } else if terminal {
            Style::Drawn { color: !said("NO_COLOR") && !dumb }
        } else {
            Style::Plain
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let width = columns.unwrap_or(WIDTH).clamp(40, 400);
        Self { style, quiet, width, attended: std::io::stdin().is_terminal() }
    }

    /// How results are laid out.
    pub(super) fn look(&self) -> Look {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = if wanted && std::io::stdout().is_terminal() { Colour::On } else { Colour::Off };
        Look { width: self.width, colour }
    }

    /// Prints a result.
    pub(super) fn print(text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::engine("standard output cannot be written", &crate::base::words::system(&error)))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Prints a result that is for people and has no colours, freed of what moves a cursor.
    pub(super) fn print_clean(text: &str) -> Result<(), Failure> {
        Self::print(&render::clean(text))
    }

    /// Prints a line as `print_clean` does, with its newline.
    pub(super) fn print_line(text: &str) -> Result<(), Failure> {
        Self::print_clean(&format!("{text}\n"))
    }

    /// Prints a document as JSON.
    pub(super) fn print_json<T: serde::Serialize>(document: &T) -> Result<(), Failure> {
        match serde_json::to_string_pretty(document) {
            Ok(text) => Self::print(&(text + "\n")),
            Err(error) => crate::bug!("a document does not serialize: {error}"),
        }
    }

    /// Says something in passing.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says something that must be seen.
    pub(super) fn say(&self, text: &str) {
        // Nobody reads it: nothing can be said about that either.
        drop(writeln!(std::io::stderr().lock(), "{}", render::clean(text)));
    }

    /// Shows diagnostics, the first ones whole and the rest as a count.
    pub(super) fn show(&self, sources: &Sources, diagnostics: &[Diagnostic]) {
        let wanted: Vec<&Diagnostic> =
            diagnostics.iter().filter(|diagnostic| diagnostic.is_error() || !self.quiet).collect();
        if !wanted.is_empty() {
            let text = render::text(sources, &wanted, self.style, self.width);
            drop(std::io::stderr().lock().write_all(text.as_bytes()));
        }
    }

    /// Asks for a line; none at the end of input.
    pub(super) fn ask(&self, question: &str) -> Option<String> {
        let mut err = std::io::stderr().lock();
        drop(write!(err, "{question} ").and_then(|()| err.flush()));
        drop(err);
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    }
}
