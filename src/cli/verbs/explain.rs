//! `explain`: the page of a code, or why a step of a plan waits for what it waits for.

use std::fmt::Write as _;
use std::path::Path;

use petgraph::Direction;
use petgraph::visit::EdgeRef as _;

use crate::base::words::did_you_mean;
use crate::cli::args::ExplainArgs;
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::graph::{Expand, Graph, Lane, Work, expand, place};
use crate::model::{Mode, Operation};
use crate::source::Sources;
use crate::source::codes::{self, command};

/// Prints a page, or the reasons of a step.
pub(in crate::cli) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some(step) = &args.step else { return page(&args.subject) };
    let operation = args.what.operation.operation();
    let mode = mode(operation, args.what.mode.mode());
    let plan = pipeline::sound(Path::new(&args.subject))?;
    context.console.show(&plan.sources, &plan.warnings);
    let graph = expand(&plan.plan, &Expand::new(operation, mode));
    Console::print(&reasons(&graph, &plan.sources, step)?)?;
    Ok(Exit::Done)
}

/// The mode that is looked at: a real operation is planned unless said.
pub(super) fn mode(operation: Operation, said: Option<Mode>) -> Option<Mode> {
    match operation {
        Operation::Test => None,
        Operation::Failover | Operation::Failback => said.or(Some(Mode::Planned)),
    }
}

fn page(subject: &str) -> Result<Exit, Failure> {
    let Some(info) = codes::find(subject) else {
        let known: Vec<&str> = codes::all().map(|info| info.code.as_str()).collect();
        let message = format!("there is no diagnostic `{subject}`");
        let help = did_you_mean(&subject.to_uppercase(), known).unwrap_or_else(|| {
            "to explain a step, name it after the plan: `muster explain PLAN STEP`".to_owned()
        });
        return Err(Failure::said(Exit::InputWrong, command::NO_SUCH_CODE, message, help));
    };
    Console::print(&format!("{}: {}\n\n{}\n", info.code, info.title, info.page.trim()))?;
    Ok(Exit::Done)
}

fn reasons(graph: &Graph<'_>, sources: &Sources, step: &str) -> Result<String, Failure> {
    let visible = |index: &petgraph::graph::NodeIndex| graph.node(*index).work != Work::Join;
    let Some(found) = graph.find(step).filter(visible) else {
        let names = graph.dag.node_indices().filter(visible).map(|index| graph.node(index).name.as_str());
        let message = format!("the plan does nothing called `{step}` in this operation and mode");
        let help = did_you_mean(step, names)
            .unwrap_or_else(|| "name a step of the plan, or an act such as `start sql01`".to_owned());
        return Err(Failure::said(Exit::InputWrong, command::NO_SUCH_STEP, message, help));
    };
    let node = graph.node(found);
    let mut text = String::new();
    let written = node.span.and_then(|span| place(sources, span));
    let from = written.map_or_else(String::new, |place| format!(", from {place}"));
    let lane = match node.lane {
        Lane::Forward => "",
        Lane::Cleanup => ", also when the run is cleaned up",
        Lane::Rollback => ", only when the run goes back",
    };
    // Writing into a string does not fail.
    let _ = writeln!(text, "{}: phase {}{lane}{from}", node.name, node.phase.word());
    for (direction, none, verb) in [
        (Direction::Incoming, "waits for nothing: it may begin at once", "waits for"),
        (Direction::Outgoing, "nothing waits for it", "is waited for by"),
    ] {
        let mut edges: Vec<_> = graph.dag.edges_directed(found, direction).collect();
        edges.sort_by_key(|edge| (edge.source(), edge.target()));
        if edges.is_empty() {
            let _ = writeln!(text, "  {none}");
        }
        for edge in edges {
            let other = if direction == Direction::Incoming { edge.source() } else { edge.target() };
            let (name, why) = (&graph.node(other).name, edge.weight().words(sources));
            let _ = writeln!(text, "  {verb} {name}: {why}");
        }
    }
    Ok(text)
}
