//! `import` and `export`: plans of other products. Results go where they are asked for, what was dropped or
//! changed is said on standard error.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::base::limits;
use crate::base::words::system;
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::exchange::azure;
use crate::model::Operation;
use crate::source::codes::{exchange as codes, names};

use super::fmt::replace;

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(subcommand)]
    product: ImportFrom,
}

#[derive(Debug, Subcommand)]
enum ImportFrom {
    /// From a recovery plan of Azure Site Recovery: as the service returns it, or in a template
    Azure(ImportAzure),
}

#[derive(Debug, Args)]
struct ImportAzure {
    /// A recovery plan, a list of them, or a template in JSON
    file: PathBuf,
    /// Which of several recovery plans
    #[arg(long, value_name = "NAME")]
    plan: Option<String>,
    /// What the plan is called [default: as the recovery plan]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The vault's list of protected items, which knows names, systems and replication groups
    #[arg(long, value_name = "FILE")]
    items: Option<PathBuf>,
    /// Write the plan to this file, not to standard output
    #[arg(long, short, value_name = "PLAN")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    #[command(subcommand)]
    product: ExportTo,
}

#[derive(Debug, Subcommand)]
enum ExportTo {
    /// As a recovery plan of Azure Site Recovery: the body that the service takes
    Azure(ExportAzure),
}

#[derive(Debug, Args)]
struct ExportAzure {
    /// The plan file
    plan: PathBuf,
    /// Only the actions of this direction; a test goes with a failover
    #[arg(long, value_enum, value_name = "OPERATION")]
    operation: Option<Direction>,
    /// The vault's list of protected items, which knows the machines' ids
    #[arg(long, value_name = "FILE")]
    items: Option<PathBuf>,
}

/// A direction as said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Direction {
    /// Away from home
    Failover,
    /// The way home
    Failback,
}

/// Makes a plan of a recovery plan.
pub(in crate::cli) fn import(context: &Context, args: &ImportArgs) -> Result<Exit, Failure> {
    let ImportFrom::Azure(args) = &args.product;
    let options = azure::ImportOptions {
        file: args.file.display().to_string(),
        plan: args.plan.clone(),
        name: args.name.clone(),
        items: items(args.items.as_deref())?,
    };
    let imported = azure::import(&text(&args.file)?, &options).map_err(wrong)?;
    for note in &imported.notes {
        context.console.note(note);
    }
    match &args.output {
        Some(path) => replace(path, imported.plan_text.as_bytes())?,
        None => Console::print(&imported.plan_text)?,
    }
    Ok(Exit::Done)
}

/// Writes a plan as a recovery plan.
pub(in crate::cli) fn export(context: &Context, args: &ExportArgs) -> Result<Exit, Failure> {
    let ExportTo::Azure(args) = &args.product;
    let sound = pipeline::sound(&args.plan)?;
    context.console.show(&sound.sources, &sound.warnings);
    let operation = args.operation.map(|direction| match direction {
        Direction::Failover => Operation::Failover,
        Direction::Failback => Operation::Failback,
    });
    let options = azure::ExportOptions { operation, items: items(args.items.as_deref())? };
    match azure::export(&sound.plan, &options) {
        Ok(exported) => {
            for note in &exported.notes {
                context.console.note(note);
            }
            Console::print_json(&exported.body)?;
            Ok(Exit::Done)
        }
        Err(diagnostics) => Err(Failure::new(Exit::InputWrong, diagnostics, sound.sources)),
    }
}

fn wrong(diagnostics: Vec<crate::source::Diagnostic>) -> Failure {
    Failure::placeless(Exit::InputWrong, diagnostics)
}

fn items(path: Option<&Path>) -> Result<azure::Items, Failure> {
    match path {
        Some(path) => azure::Items::read(&path.display().to_string(), &text(path)?).map_err(wrong),
        None => Ok(azure::Items::none()),
    }
}

/// A file of another product, within the bound on those.
fn text(path: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let name = path.display();
    let unreadable = |error: std::io::Error| {
        let message = format!("`{name}` cannot be read: {}", system(&error));
        Failure::said(Exit::InputWrong, names::FILE_MISSING, message, "name a file that was exported")
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(limits::EXCHANGE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limits::EXCHANGE_BYTES_MAX {
        // The reader says that it is too large; where the bound cuts a letter matters to nobody.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("`{name}` is not UTF-8, so it is no JSON");
        Failure::said(Exit::InputWrong, codes::NOT_JSON, message, "export it again, as JSON")
    })
}
