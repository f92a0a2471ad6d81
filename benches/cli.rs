//! What a person waits for: `muster --version`, and a hundred diagnostics drawn over a file of 19 MB.

mod support;

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use musterpoint::cli::render::{self, Style};
use musterpoint::source::codes::syntax as codes;
use musterpoint::source::{Diagnostic, Source, Sources, Span};
use support::{Figure, Work, heading, line, measure};

const TEXT_BYTES: usize = 19_000_000;
const FINDINGS: usize = 100;
/// As many as are shown to people at once.
const SHOWN: usize = musterpoint::base::limits::DIAGNOSTICS_SHOWN_MAX;

fn main() {
    heading("the command line");
    let text = text();
    let mut sources = Sources::default();
    let file = sources.add(Source::new("large.muster", text.as_str()));
    let diagnostics = findings(&sources, file);
    let shown: Vec<&Diagnostic> = diagnostics.iter().collect();
    let works = vec![
        Work::new("version", || version(&["--version"])),
        Work::new("true", || Command::new("true").status().is_ok_and(|status| status.success())),
        Work::new("index", || Source::new("large.muster", text.as_str())),
        Work::new("drawn", || draw(&sources, &shown, Style::Drawn { color: true })),
        Work::new("plain", || draw(&sources, &shown, Style::Plain)),
    ];
    let figures = measure(15, works);
    let [started, floor, index, drawn, plain] = figures.as_slice() else { return };
    line("muster --version", Figure { instructions: None, ..*started }, "goal 10 ms");
    line("starting any program (`true`)", Figure { instructions: None, ..*floor }, "the floor");
    line("copy and line index of 19 MB", *index, "once a file");
    line("100 diagnostics drawn in colour", *drawn, "goal 50 ms");
    line("100 diagnostics in plain lines", *plain, "");
}

fn version(args: &[&str]) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(args).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn draw(sources: &Sources, diagnostics: &[&Diagnostic], style: Style) -> usize {
    diagnostics.chunks(SHOWN).map(|some| render::text(sources, some, style, 100).len()).sum()
}

fn text() -> String {
    let mut text = String::with_capacity(TEXT_BYTES + 100);
    let mut number = 0;
    while text.len() < TEXT_BYTES {
        let _ = writeln!(text, "    vm m{number:06} {{ os = linux, start {{ ready = heartbeat }} }}");
        number += 1;
    }
    text
}

/// Findings spread over the whole file, each with two places.
fn findings(sources: &Sources, file: musterpoint::source::FileId) -> Vec<Diagnostic> {
    let source = sources.get(file);
    let each = source.line_count() / (FINDINGS + 1);
    let name = |line: usize| {
        let start = u32::try_from(source.line_range(line).start).unwrap_or(0);
        Span::new(file, start + 7, start + 14)
    };
    (1..=FINDINGS)
        .map(|number| {
            Diagnostic::error(codes::BAD_NAME, "the name is taken", name(number * each))
                .labelled("again here")
                .at(name(number * each - 2), "first here")
                .help("choose another name")
        })
        .collect()
}
