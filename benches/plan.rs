//! From text to a checked graph: a generated plan of a hundred thousand machines, part by part, beside
//! hcl-edit over the same content in its own language; and the memory that reading takes: `plan [MACHINES]`.

#[path = "../tests/support/gen.rs"]
mod generated;
mod support;

use std::fmt::Write as _;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use musterpoint::base::Id as _;
use musterpoint::graph::order::{Csr, order};
use musterpoint::graph::{Expand, expand};
use musterpoint::model::resolve::{Files, resolve};
use musterpoint::model::{Mode, Operation, Plan};
use musterpoint::rules::{self, ScriptLookup, ScriptTrouble};
use musterpoint::source::{Diagnostic, FileId, Sources};
use musterpoint::syntax;
use support::{Work, heading, line, measure, note, resident};

const ESTATE: &str =
    "estate contoso {\n  sites    = [avs, azure]\n  provider = sim { inventory = \"contoso.json\" }\n}\n";
/// Tells a copy of the bench whose memory to take.
const MEMORY: &str = "MUSTER_BENCH_MEMORY";

fn main() {
    let machines = std::env::args().filter_map(|arg| arg.parse::<usize>().ok()).next().unwrap_or(100_000);
    let text = generated::plan(machines);
    if let Ok(whose) = std::env::var(MEMORY) {
        return memory(&whose, &text, machines);
    }
    let hcl = in_hcl(machines);
    heading(&format!("{machines} machines, {} bytes", text.len()));
    let plan = read(&text);
    let options = Expand::new(Operation::Failover, Some(Mode::Unplanned));
    let graph = expand(&plan, &options);
    let works = vec![
        Work::new("parse", || syntax::parse(FileId::from_index(0), black_box(&text))),
        Work::new("hcl", || hcl_edit::parser::parse_body(black_box(&hcl)).map(|body| body.len())),
        Work::new("resolve", || read(&text)),
        Work::new("rules", || rules::check(&plan, &AnyScript)),
        Work::new("expand", || expand(&plan, &options)),
        Work::new("order", || order(&Csr::new(graph.dag.node_count(), graph.pairs()))),
        Work::new("whole", || whole(&text)),
    ];
    let figures = measure(5, works);
    let [parse, other, resolve, rules, expand, order, whole] = figures.as_slice() else { return };
    let speed = |bytes: usize, seconds: f64| bytes as f64 / seconds / 1e6;
    line("parse: text to tree", *parse, &format!("{:.0} MB/s", speed(text.len(), parse.seconds())));
    let ratio = other.seconds() / parse.seconds();
    let rate = speed(hcl.len(), other.seconds());
    line(
        "hcl-edit, the same content",
        *other,
        &format!(
            "{rate:.0} MB/s of {} bytes; parse is {ratio:.1} times as fast; goal 4, floor 1.5",
            hcl.len()
        ),
    );
    line("parse and resolve: text to plan", *resolve, "");
    line("rules", *rules, "");
    line("graph of one operation", *expand, &format!("{} nodes", graph.dag.node_count()));
    line("its order", *order, "");
    line("text to checked graph, all of it", *whole, "goal 500 ms, floor 1500 ms");
    memories(text.len(), hcl.len());
}

/// Everything `check` does.
fn whole(text: &str) -> usize {
    let plan = read(text);
    let findings = rules::check(&plan, &AnyScript);
    assert!(!findings.iter().any(Diagnostic::is_error), "the generated plan is right");
    let graph = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Unplanned)));
    order(&Csr::new(graph.dag.node_count(), graph.pairs())).nodes.len()
}

#[expect(clippy::panic, reason = "a bench of a wrong plan measures nothing")]
fn read(text: &str) -> Plan {
    let mut sources = Sources::default();
    let resolved = resolve(Path::new("large.muster"), &mut Given(text), &mut sources);
    match resolved.plan {
        Some(plan) => plan,
        None => panic!("the generated plan does not resolve: {:?}", resolved.diagnostics.first()),
    }
}

/// The generated text and its estate, as if they were files.
struct Given<'a>(&'a str);

impl Files for Given<'_> {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let text = if path.ends_with("large.muster") { self.0 } else { ESTATE };
        Ok(text.as_bytes().to_vec())
    }
    fn canonical(&mut self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }
}

/// Programs that can always be run: the disk is not measured.
struct AnyScript;

impl ScriptLookup for AnyScript {
    fn trouble(&self, _: &Path, _: &str) -> Option<ScriptTrouble> {
        None
    }
}

/// What the process took at its highest, above what it had before, in a copy of this bench each.
fn memories(ours: usize, theirs: usize) {
    for (whose, input, goal) in [("parse", ours, "goal 3, floor 8"), ("hcl", theirs, "")] {
        let Ok(exe) = std::env::current_exe() else { return };
        let output = Command::new(exe).args(std::env::args_os().skip(1)).env(MEMORY, whose).output();
        let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let bytes: f64 = said.ok().and_then(|said| said.trim().parse().ok()).unwrap_or(f64::NAN);
        let times = bytes / input as f64;
        note(&format!("memory of {whose}: {:.1} MB, {times:.1} times its input  {goal}", bytes / 1e6));
    }
}

fn memory(whose: &str, text: &str, machines: usize) {
    let hcl = in_hcl(if whose == "hcl" { machines } else { 0 });
    let before = resident("VmRSS");
    if whose == "hcl" {
        std::mem::forget(black_box(hcl_edit::parser::parse_body(&hcl)));
    } else {
        std::mem::forget(black_box(syntax::parse(FileId::from_index(0), text)));
    }
    note(&resident("VmHWM").saturating_sub(before).to_string());
}

/// What `generated::plan` says, in HCL: the same names, values, texts and comments, with its blocks, lists
/// and calls. HCL allows one key in a block of one line, so it takes more lines.
fn in_hcl(machines: usize) -> String {
    let mut out = String::with_capacity(machines * 200 + 1024);
    out.push_str("plan \"large\" {\n  estate = contoso\n");
    for group in 0..machines.div_ceil(4) {
        if group.is_multiple_of(20) {
            let _ = write!(out, "  # ---- rack {} ----\n\n", group / 20);
        }
        let _ = writeln!(out, "  # Replicated together for service {group}.\n  group \"svc{group:05}\" {{");
        out.push_str("    point = [common_app(\"1h\"), common(\"4h\"), ask]\n");
        for number in group * 4..(group * 4 + 4).min(machines) {
            hcl_machine(&mut out, number);
        }
        let first = group * 4;
        let _ = writeln!(out, "    order {{\n      chain = [m{first:06}, m{:06}]\n    }}\n  }}", first + 1);
        if group.is_multiple_of(10) {
            let _ = writeln!(
                out,
                "  check \"up{group:05}\" {{\n    tcp    = \"${{m{first:06}.address}}:1433\"\n    every  = \"5s\"\n    within = \"5m\"\n  }}"
            );
        }
        out.push('\n');
    }
    out.push_str("  order {\n    chains = [\n");
    for first in (0..machines.div_ceil(4)).step_by(10) {
        let _ = write!(out, "      [svc{first:05}, up{first:05}");
        for group in first + 1..(first + 10).min(machines.div_ceil(4)) {
            let _ = write!(out, ", svc{group:05}");
        }
        out.push_str("],\n");
    }
    out.push_str("    ]\n  }\n}\n");
    out
}

fn hcl_machine(out: &mut String, number: usize) {
    let os = if number.is_multiple_of(3) { "windows" } else { "linux" };
    let _ = writeln!(out, "    vm \"m{number:06}\" {{\n      os = {os}");
    if number.is_multiple_of(4) {
        let (high, low) = (number / 250 % 250, number % 250 + 1);
        let _ = writeln!(
            out,
            "      network = lan\n      address {{\n        azure = \"10.8.{high}.{low}\"\n      }}\n    }}"
        );
    } else {
        out.push_str("      start {\n        ready  = heartbeat\n        within = \"10m\"\n      }\n    }\n");
    }
}
