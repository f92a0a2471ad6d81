//! The one way from a file to a plan and on to a runbook, shared by all verbs: read, resolve, rules,
//! estate, inventory, compile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::{Digest, limits};
use crate::estate::Estate as _;
use crate::estate::any::{self, AnyEstate, Opening, Purpose};
use crate::estate::qemu::Qemu;
use crate::inventory::Inventory;
use crate::model::resolve::{DiskFiles, parse_ladder, resolve};
use crate::model::{Ladder, Operation, Plan};
use crate::rules::{self, DiskScripts};
use crate::runbook::{CompileOptions, EstateSpec, Runbook, compile, reprotect};
use crate::source::codes::names::FILE_MISSING;
use crate::source::codes::{command as codes, estate as estate_codes, run as run_codes};
use crate::source::{Code, Diagnostic, Source, Sources};

use super::args::{SaidArgs, WantedArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;

/// A plan without errors, its texts, and the warnings that it gave.
#[derive(Debug)]
pub(super) struct Sound {
    /// The plan.
    pub(super) plan: Plan,
    /// Its texts.
    pub(super) sources: Sources,
    /// Warnings in source order.
    pub(super) warnings: Vec<Diagnostic>,
}

/// Everything that is to be said about a plan by itself, and the plan if it resolves.
pub(super) fn examine(path: &Path, sources: &mut Sources) -> (Option<Plan>, Vec<Diagnostic>) {
    let resolved = resolve(path, &mut DiskFiles, sources);
    let mut diagnostics = resolved.diagnostics;
    if let Some(plan) = &resolved.plan {
        diagnostics.extend(rules::check(plan, &DiskScripts));
        sort(&mut diagnostics);
    }
    (resolved.plan, diagnostics)
}

/// In the order of the texts; what has no place comes first.
pub(super) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
}

/// Reads a plan and proves it.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn sound(path: &Path) -> Result<Sound, Failure> {
    let mut sources = Sources::default();
    let (plan, diagnostics) = examine(path, &mut sources);
    match plan {
        Some(plan) if !diagnostics.iter().any(Diagnostic::is_error) => {
            Ok(Sound { plan, sources, warnings: diagnostics })
        }
        Some(_) | None => Err(Failure::new(Exit::InputWrong, diagnostics, sources)),
    }
}

/// How a plan's estate is reached, by its absolute folder: a run outlives the working folder.
pub(super) fn estate_spec(plan: &Plan) -> EstateSpec {
    EstateSpec {
        name: plan.estate.name.clone(),
        provider: plan.estate.provider.clone(),
        args: plan.estate.provider_args.clone(),
        folder: absolute(&plan.folder),
        identity: plan.estate.identity,
    }
}

/// An absolute folder; the path itself where the working folder is gone.
fn absolute(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let found = folder.canonicalize().or_else(|_| std::path::absolute(folder));
    found.unwrap_or_else(|_| folder.to_path_buf())
}

/// Opens an estate and says what is to be said about it.
///
/// # Errors
/// It does not open: an input is wrong.
pub(super) fn open(
    context: &Context,
    spec: &EstateSpec,
    purpose: Purpose,
) -> Result<Arc<AnyEstate>, Failure> {
    let estate = open_quietly(context, spec, purpose)?;
    context.console.show(&Sources::default(), estate.warnings());
    Ok(estate)
}

/// The disks of an estate, where that is what it has.
pub(super) fn disks(estate: &AnyEstate) -> Result<&Qemu, Failure> {
    estate.disks().map_err(|why| {
        let help = "name a plan whose estate is of the provider `qemu`";
        Failure::said(Exit::Refused, estate_codes::NOTHING_TO_OPERATE, why, help)
    })
}

/// As `open`, where it was said before.
///
/// # Errors
/// As `open`.
pub(super) fn open_quietly(
    context: &Context,
    spec: &EstateSpec,
    purpose: Purpose,
) -> Result<Arc<AnyEstate>, Failure> {
    let opened = any::open(Opening {
        name: &spec.name,
        provider: &spec.provider,
        args: &spec.args,
        folder: &spec.folder,
        state: &context.state,
        purpose,
    });
    opened.map(Arc::new).map_err(|diagnostics| Failure::placeless(exit_unopened(&diagnostics), diagnostics))
}

/// How a command ends whose estate does not open: what it keeps in the state folder fails as that does.
fn exit_unopened(diagnostics: &[Diagnostic]) -> Exit {
    let says = |code: Code| diagnostics.iter().any(|diagnostic| diagnostic.code == code);
    if says(run_codes::NO_SPACE) {
        Exit::EngineFailed
    } else if says(run_codes::STATE_READ_ONLY) {
        Exit::Refused
    } else {
        Exit::InputWrong
    }
}

/// Asks an estate for its inventory.
///
/// # Errors
/// It does not answer, in time or at all; nothing was touched.
pub(super) fn inventory(context: &Context, name: &str, estate: &AnyEstate) -> Result<Inventory, Failure> {
    let asked = context.runtime()?.block_on(async {
        let asked = tokio::time::timeout(limits::ESTATE_CALL_MAX, estate.inventory()).await;
        estate.close().await;
        asked
    });
    let why = match asked {
        Ok(Ok(inventory)) => {
            context.console.show(&Sources::default(), &estate.remarks());
            return Ok(inventory);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => {
            let limit = crate::base::time::format_duration(limits::ESTATE_CALL_MAX);
            format!("no answer within {limit}")
        }
    };
    let message = format!("the inventory of estate `{name}` was not given: {why}");
    let help = "mend what the message names, then try again";
    Err(Failure::said(Exit::Refused, codes::ESTATE_SILENT, message, help))
}

/// Ladders said on the command line, with whose they are; of all where nobody is named.
pub(super) type Ladders = Vec<(Option<String>, Ladder)>;

/// What `--point` says, each for one group or machine or for all. The texts go into `sources`.
///
/// # Errors
/// One cannot be read: a wrong use of the command.
pub(super) fn ladders(wanted: &WantedArgs, mut sources: Sources) -> Result<(Ladders, Sources), Failure> {
    let mut ladders = Vec::new();
    for said in &wanted.points {
        let (name, policy) = split_point(said);
        let file = sources.add(Source::new("--point", policy));
        match parse_ladder(file, policy) {
            Ok(ladder) => ladders.push((name.map(str::to_owned), ladder)),
            Err(diagnostics) => return Err(Failure::new(Exit::Usage, diagnostics, sources)),
        }
    }
    Ok((ladders, sources))
}

/// `db=common(max_age = 1h)`: the name before the first `=` that stands outside any bracket.
fn split_point(said: &str) -> (Option<&str>, &str) {
    match said.split_once('=') {
        Some((name, policy)) if !name.contains(['(', '[', '"']) => (Some(name.trim()), policy.trim()),
        Some(_) | None => (None, said.trim()),
    }
}

/// A group and what is wanted for it: `db=common`.
///
/// # Errors
/// It cannot be read: a wrong use of the command.
pub(super) fn point_choice(said: &str) -> Result<(String, Ladder), Failure> {
    let (name, policy) = split_point(said);
    let Some(name) = name else {
        let message = format!("`{said}` names no group or machine");
        return Err(Failure::said(Exit::Usage, codes::OPTION_UNREADABLE, message, "write `db=common`"));
    };
    let mut sources = Sources::default();
    let file = sources.add(Source::new("GROUP=POLICY", policy));
    match parse_ladder(file, policy) {
        Ok(ladder) => Ok((name.to_owned(), ladder)),
        Err(diagnostics) => Err(Failure::new(Exit::Usage, diagnostics, sources)),
    }
}

/// What is to be compiled.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    pub(super) operation: crate::model::Operation,
    pub(super) mode: Option<crate::model::Mode>,
    pub(super) said: &'a SaidArgs,
    pub(super) approved: Vec<String>,
}

/// A runbook with the warnings on the way to it.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) runbook: Runbook,
    pub(super) sources: Sources,
    pub(super) warnings: Vec<Diagnostic>,
}

/// Compiles a plan against what its estate reports now.
///
/// # Errors
/// The plan is wrong, the estate does not answer, or the world does not fit: nothing was touched.
pub(super) fn runbook(context: &Context, path: &Path, wish: &Wish<'_>) -> Result<Compiled, Failure> {
    let said = wish.said;
    against_estate(context, path, &said.wanted, |plan, inventory, points, sources| {
        let mut options = CompileOptions::new(wish.operation, wish.mode, sources);
        options.to.clone_from(&said.to);
        options.lost_at = said.wanted.lost_at;
        options.as_of = said.wanted.as_of;
        options.points = points;
        options.without.clone_from(&said.without);
        options.params.clone_from(&said.params);
        options.approved.clone_from(&wish.approved);
        options.unfenced.clone_from(&said.unfenced);
        options.scripts = Some(&digest_of);
        compile(plan, inventory, &options)
    })
}

/// Compiles the reprotection of a plan's machines by themselves.
///
/// # Errors
/// As `runbook`.
pub(super) fn reprotection(
    context: &Context,
    path: &Path,
    without: &[String],
    params: &[(String, String)],
) -> Result<Compiled, Failure> {
    let wanted = WantedArgs { points: Vec::new(), as_of: None, lost_at: None };
    against_estate(context, path, &wanted, |plan, inventory, _, sources| {
        let mut options = CompileOptions::new(Operation::Failover, None, sources);
        options.without = without.to_vec();
        options.params = params.to_vec();
        reprotect(plan, inventory, &options)
    })
}

/// Reads a plan, asks its estate, and has a runbook made of both.
fn against_estate(
    context: &Context,
    path: &Path,
    wanted: &WantedArgs,
    make: impl FnOnce(&Plan, &Inventory, Ladders, &Sources) -> Result<Runbook, Vec<Diagnostic>>,
) -> Result<Compiled, Failure> {
    let Sound { plan, sources, warnings } = sound(path)?;
    let (points, sources) = ladders(wanted, sources)?;
    let spec = estate_spec(&plan);
    if spec.folder.to_str().is_none() {
        let message = format!("the plan's folder `{}` has a name that is not UTF-8", spec.folder.display());
        let help = "give the folder a name that a runbook can hold";
        return Err(Failure::said(Exit::InputWrong, FILE_MISSING, message, help));
    }
    let estate = open(context, &spec, Purpose::Look)?;
    let inventory = inventory(context, &plan.estate.name, &estate)?;
    match make(&plan, &inventory, points, &sources) {
        Ok(mut runbook) => {
            runbook.estate.folder = spec.folder;
            Ok(Compiled { runbook, sources, warnings })
        }
        Err(diagnostics) => {
            let usage = diagnostics.iter().all(|diagnostic| is_about_usage(diagnostic.code));
            let exit = if usage { Exit::Usage } else { Exit::Refused };
            Err(Failure::new(exit, diagnostics, sources))
        }
    }
}

/// Whether the command line alone is at fault.
fn is_about_usage(code: Code) -> bool {
    [run_codes::MODE_MISSING, run_codes::FORCED_INCOMPLETE, run_codes::UNKNOWN_OPTION, run_codes::PARAM_WRONG]
        .contains(&code)
}

/// The digest of a file's bytes; nothing where it cannot be read.
pub(super) fn digest_of(path: &Path) -> Option<Digest> {
    std::fs::read(path).ok().map(|bytes| Digest::of(&[&bytes]))
}
