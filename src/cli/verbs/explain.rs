//! `explain`: the page of a code, or why a step of a plan waits for what it waits for.

use std::path::Path;

use crate::base::words::did_you_mean;
use crate::cli::args::{ExplainArgs, Format};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::page;
use crate::cli::pipeline;
use crate::graph::{self, Expand, expand};
use crate::model::{Mode, Operation};
use crate::source::codes::{self, command};

/// Lines longer than this are hard to read, however wide the terminal.
const PAGE_COLUMNS: usize = 100;

/// Prints a page, or the reasons of a step.
pub(in crate::cli) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some(step) = &args.step else { return page(context, &args.subject) };
    let operation = args.what.operation.operation();
    let mode = mode(operation, args.what.mode.mode());
    let plan = pipeline::sound(Path::new(&args.subject))?;
    let graph = expand(&plan.plan, &Expand::new(operation, mode));
    let found = graph::explain(&graph, step, &plan.sources);
    if found.is_empty() {
        let names = graph::names(&graph);
        let message = format!("the plan does nothing called `{step}` in this operation and mode");
        let help = did_you_mean(step, names.iter().map(String::as_str))
            .unwrap_or_else(|| "name a step, a machine or a group of the plan".to_owned());
        return Err(Failure::said(Exit::InputWrong, command::NO_SUCH_STEP, message, help));
    }
    context.console.show(&plan.sources, &plan.warnings);
    match args.output.format {
        Format::Json => {
            let document = serde_json::json!({ "format": "muster.explanation/1", "steps": found });
            Console::print_json(&document)?;
        }
        Format::Text => {
            Console::print_clean(&found.iter().map(graph::Explanation::text).collect::<String>())?
        }
    }
    Ok(Exit::Done)
}

/// The mode that is looked at: a real operation is planned unless said.
pub(super) fn mode(operation: Operation, said: Option<Mode>) -> Option<Mode> {
    match operation {
        Operation::Test => None,
        Operation::Failover | Operation::Failback => said.or(Some(Mode::Planned)),
    }
}

fn page(context: &Context, subject: &str) -> Result<Exit, Failure> {
    let Some(info) = codes::find(subject) else {
        let known = codes::all().map(|info| info.code.as_str());
        let message = format!("there is no diagnostic `{subject}`");
        let to_a_step = "to explain a step, name it after the plan: `muster explain PLAN STEP`";
        let help = did_you_mean(&subject.to_uppercase(), known).unwrap_or_else(|| to_a_step.to_owned());
        return Err(Failure::said(Exit::InputWrong, command::NO_SUCH_CODE, message, help));
    };
    let page = page::filled(info.page.trim(), context.console.width.min(PAGE_COLUMNS));
    Console::print(&format!("{}: {}\n\n{page}", info.code, info.title))?;
    Ok(Exit::Done)
}
