//! `check`: everything that is wrong with plans, in one go.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::base::words::count;
use crate::base::{Clock as _, Id as _, SystemClock};
use crate::cli::args::{CheckArgs, Format};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::cli::render::json::{DiagnosticJson, FORMAT, list};
use crate::estate::any::{Purpose, is_simulated};
use crate::graph::{Expand, expand};
use crate::model::resolve::{DiskFiles, resolve};
use crate::model::{Mode, Operation, Plan};
use crate::rules::{self, DiskScripts};
use crate::runbook::{CompileOptions, compile, missing_servers};
use crate::source::codes::names::PLAN_COUNT;
use crate::source::codes::run as codes;
use crate::source::{Diagnostic, FileId, Sources};
use crate::syntax::ast::StmtKind;

/// What the compiler spent, part by part.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Timings {
    parse_ms: f64,
    resolve_ms: f64,
    rules_ms: f64,
    graph_ms: f64,
}

#[derive(Debug, Serialize)]
struct Document {
    format: &'static str,
    plans: Vec<PlanJson>,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<DiagnosticJson>,
}

#[derive(Debug, Serialize)]
struct PlanJson {
    file: String,
    plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings: Option<Timings>,
}

/// Checks each plan by itself.
pub(in crate::cli) fn run(context: &Context, args: &CheckArgs) -> Result<Exit, Failure> {
    let mut document =
        Document { format: FORMAT, plans: Vec::new(), errors: 0, warnings: 0, diagnostics: Vec::new() };
    for path in &args.plans {
        let mut sources = Sources::default();
        let (plan, diagnostics, timings) = check(context, path, &mut sources);
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        document.errors += errors;
        document.warnings += diagnostics.len() - errors;
        match args.output.format {
            Format::Json => {
                document.diagnostics.extend(list(&sources, &diagnostics));
                document.plans.push(PlanJson {
                    file: path.display().to_string(),
                    plan: plan.map(|plan| plan.name),
                    timings: args.timings.then_some(timings),
                });
            }
            Format::Text => {
                context.console.show(&sources, &diagnostics);
                match plan {
                    Some(plan) if errors == 0 => Console::print_line(&summary(path, &plan))?,
                    None if errors == 0 => {
                        let said = format!("{}: no plan; what it declares is sound", path.display());
                        Console::print_line(&said)?;
                    }
                    Some(_) | None => {}
                }
                if args.timings {
                    Console::print_line(&timings.text())?;
                }
            }
        }
    }
    if args.output.format == Format::Json {
        Console::print_json(&document)?;
    }
    Ok(if document.errors > 0 { Exit::InputWrong } else { Exit::Done })
}

fn check(context: &Context, path: &Path, sources: &mut Sources) -> (Option<Plan>, Vec<Diagnostic>, Timings) {
    let (resolved, whole) = timed(|| resolve(path, &mut DiskFiles, sources));
    let mut diagnostics = resolved.diagnostics;
    if is_only_used(sources) {
        diagnostics.retain(|diagnostic| diagnostic.code != PLAN_COUNT);
    }
    // The resolver reads and parses on its way; what the parser takes of that is measured by itself.
    let (_, parse) = timed(|| {
        for (index, (_, source)) in sources.iter().enumerate() {
            let parsed = crate::syntax::parse(FileId::from_index(index), source.text());
            drop(parsed);
        }
    });
    let mut timings = Timings {
        parse_ms: milliseconds(parse),
        resolve_ms: milliseconds(whole.saturating_sub(parse)),
        ..Timings::default()
    };
    if let Some(plan) = &resolved.plan {
        let (found, rules) = timed(|| rules::check(plan, &DiskScripts));
        diagnostics.extend(found);
        let (_, graph) = timed(|| expand(plan, &Expand::new(Operation::Failover, Some(Mode::Planned))));
        timings.rules_ms = milliseconds(rules);
        timings.graph_ms = milliseconds(graph);
        if !diagnostics.iter().any(Diagnostic::is_error) {
            diagnostics.extend(estate(context, plan, sources));
        }
        pipeline::sort(&mut diagnostics);
    }
    (resolved.plan, diagnostics, timings)
}

/// Whether a file declares what others `use` and no plan: nothing is missing in it, and whoever checks a
/// whole folder is not told that it cannot be run.
fn is_only_used(sources: &Sources) -> bool {
    let Some((file, root)) = sources.iter().next() else { return false };
    let parsed = crate::syntax::parse(file, root.text());
    let mut declares = false;
    for item in &parsed.file.items {
        match &item.kind {
            StmtKind::Block(block) if block.kind.text == "plan" => return false,
            StmtKind::Block(_) => declares = true,
            StmtKind::Use(_) | StmtKind::Assign(_) | StmtKind::Chain(_) | StmtKind::Broken { .. } => {}
        }
    }
    declares
}

/// What is wrong with the inventory that a simulated estate is made of, and what of the plan does not
/// agree with it: it is one of the plan's own files. A real estate is not asked.
fn estate(context: &Context, plan: &Plan, sources: &Sources) -> Vec<Diagnostic> {
    let spec = pipeline::estate_spec(plan);
    if !is_simulated(&spec.provider) {
        return Vec::new();
    }
    let inventory = pipeline::open_quietly(context, &spec, Purpose::Look)
        .and_then(|estate| pipeline::inventory(context, &spec.name, &estate));
    let inventory = match inventory {
        Ok(inventory) => inventory,
        Err(failure) => return failure.diagnostics,
    };
    // A test is possible in either direction. Whether it is possible now is not the plan's fault.
    let options = CompileOptions::new(Operation::Test, None, sources);
    let mut found = compile(plan, &inventory, &options).err().unwrap_or_default();
    found.retain(|diagnostic| [codes::UNKNOWN_TO_ESTATE, codes::GROUP_DIFFERS].contains(&diagnostic.code));
    found.extend(missing_servers(plan, &inventory));
    found
}

fn summary(path: &Path, plan: &Plan) -> String {
    let machines = count(plan.vms.len(), "machine");
    let steps = count(plan.steps.len(), "step");
    format!("{}: plan `{}` is sound: {machines}, {steps}", path.display(), plan.name)
}

impl Timings {
    fn text(self) -> String {
        format!(
            "parse {:.1}ms  resolve {:.1}ms  graph {:.1}ms  rules {:.1}ms",
            self.parse_ms, self.resolve_ms, self.graph_ms, self.rules_ms
        )
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = SystemClock.now();
    let done = work();
    (done, SystemClock.now().since(began))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
