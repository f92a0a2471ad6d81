//! What the benches share: works measured in turns, the best of several rounds, and instruction counts
//! where valgrind is installed. Knows nothing of what is measured.

#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::process::Command;
use std::time::{Duration, Instant};

/// Tells a copy of the bench that runs under valgrind which work to do once; empty for none.
const ONCE: &str = "MUSTER_BENCH_ONCE";

/// A piece of work to measure. What it needs is made beforehand; what it makes is dropped outside the time.
pub(crate) struct Work<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Box<dyn Kept + 'a> + 'a>,
}

/// Anything: results are kept until the clock has been read.
pub(crate) trait Kept {}
impl<T> Kept for T {}

impl<'a> Work<'a> {
    /// Work with a name that stands in the table.
    pub(crate) fn new<T: 'a>(name: &'static str, mut run: impl FnMut() -> T + 'a) -> Self {
        Self { name, run: Box::new(move || Box::new(run())) }
    }
}

/// What was measured of one work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// The best of the rounds.
    pub(crate) best: Duration,
    /// Instructions of one time, set-up left out.
    pub(crate) instructions: Option<u64>,
}

impl Figure {
    pub(crate) fn seconds(&self) -> f64 {
        self.best.as_secs_f64()
    }
}

/// Does each work once a round, in turns, and returns the figures in their order. Under valgrind it does
/// the one work that was asked for and ends the process.
#[expect(clippy::disallowed_methods, reason = "a bench measures")]
pub(crate) fn measure(rounds: usize, mut works: Vec<Work<'_>>) -> Vec<Figure> {
    if let Ok(once) = std::env::var(ONCE) {
        if let Some(work) = works.iter_mut().find(|work| work.name == once) {
            std::mem::forget((work.run)());
        }
        std::process::exit(0);
    }
    let mut best = vec![Duration::MAX; works.len()];
    for _ in 0..rounds {
        for (work, best) in works.iter_mut().zip(&mut best) {
            let start = Instant::now();
            let made = (work.run)();
            *best = (*best).min(start.elapsed());
            drop(made);
        }
    }
    let base = instructions("");
    let counted = |work: &Work<'_>| base.and_then(|base| instructions(work.name)?.checked_sub(base));
    let found = works.iter().zip(best);
    found.map(|(work, best)| Figure { best, instructions: counted(work) }).collect()
}

/// The instructions of this bench doing one work once; nothing where valgrind is not installed or
/// `MUSTER_BENCH_QUICK` is set.
fn instructions(work: &str) -> Option<u64> {
    if std::env::var_os("MUSTER_BENCH_QUICK").is_some() {
        return None;
    }
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(std::env::current_exe().ok()?).args(std::env::args_os().skip(1));
    let output = command.env(ONCE, work).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find_map(|line| line.split_once("Collected : "))?;
    line.1.trim().parse().ok()
}

/// The first line of every bench: what the machine was doing besides.
pub(crate) fn heading(what: &str) {
    if std::env::var_os(ONCE).is_none() {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Vec<&str> = load.split(' ').take(3).collect();
        println!("{what}; load {}", load.join(" "));
        println!("{:<44} {:>10} {:>15}  ", "", "ms", "instructions");
    }
}

/// One line of the table.
pub(crate) fn line(name: &str, figure: Figure, note: &str) {
    let instructions = figure.instructions.map_or_else(|| "-".to_owned(), grouped);
    println!("{name:<44} {:>10.2} {instructions:>15}  {note}", figure.seconds() * 1e3);
}

/// A remark under the table.
#[allow(dead_code, reason = "each bench uses its part of what they share")]
pub(crate) fn note(text: &str) {
    println!("{text}");
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A line of the kernel's account of this process, in bytes.
#[allow(dead_code, reason = "not every bench counts memory")]
pub(crate) fn resident(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}
