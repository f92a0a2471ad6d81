//! Frozen runbooks: what was compiled and approved is what runs, or nothing runs.

use std::io::Read as _;
use std::path::Path;

use crate::base::limits::RUNBOOK_BYTES_MAX;
use crate::base::words::system;
use crate::estate::any::{Purpose, is_simulated};
use crate::model::{Mode, Operation};
use crate::runbook::{Act, Phase, Runbook, drift, drift_diagnostics, looks_frozen, thaw};
use crate::source::codes::run as codes;
use crate::source::{Diagnostic, Sources};

use super::args::SaidArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::pipeline;

/// The runbook of a file, if the file is one and not a plan.
///
/// # Errors
/// It is one and cannot be used.
pub(super) fn read(path: &Path) -> Result<Option<Runbook>, Failure> {
    // A file that cannot be read is no runbook: the plan's reader says what is wrong with it.
    let Ok(mut file) = std::fs::File::open(path) else { return Ok(None) };
    let mut head = Vec::new();
    if file.by_ref().take(64).read_to_end(&mut head).is_err()
        || !looks_frozen(&String::from_utf8_lossy(&head))
    {
        return Ok(None);
    }
    let name = path.display().to_string();
    let mut bytes = head;
    let read = file.take(RUNBOOK_BYTES_MAX + 1).read_to_end(&mut bytes);
    let text = match read.map(|_| String::from_utf8(bytes)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Err(unusable(&name, "is not UTF-8 text")),
        Err(error) => return Err(unusable(&name, &format!("cannot be read: {}", system(&error)))),
    };
    let runbook =
        thaw(&name, &text).map_err(|diagnostic| Failure::placeless(Exit::InputWrong, vec![*diagnostic]))?;
    Ok(Some(runbook))
}

fn unusable(name: &str, why: &str) -> Failure {
    let help = "compile it again with `muster preview --out`";
    Failure::said(Exit::InputWrong, codes::RUNBOOK_FILE, format!("`{name}` {why}"), help)
}

/// Whether a frozen runbook may be started as it was said.
///
/// # Errors
/// It is for another operation or mode, an option would change it, or a fact that it relies on has
/// changed; nothing was touched.
pub(super) fn check(
    context: &Context,
    runbook: &Runbook,
    operation: Operation,
    mode: Option<Mode>,
    said: &SaidArgs,
) -> Result<(), Failure> {
    if runbook.operation != operation || mode.is_some_and(|mode| runbook.mode != Some(mode)) {
        let asked = mode.map_or_else(String::new, |mode| format!("{} ", mode.word()));
        let (what, asked) = (runbook.what(), format!("{asked}{}", operation.word()));
        let article = |what: &str| if what.starts_with('u') { "an" } else { "a" };
        let message =
            format!("the runbook is for {} {what}, not for {} {asked}", article(&what), article(&asked));
        let mode = runbook.mode.map_or_else(String::new, |mode| format!(" --{}", mode.word()));
        let help = format!("start it with `muster {}{mode}`", runbook.operation.word());
        return Err(Failure::said(Exit::Refused, codes::RUNBOOK_FILE, message, help));
    }
    if let Some(option) = changes(said) {
        let message = format!("`{option}` would change a frozen runbook");
        let help = "freeze another one with `muster preview --out`";
        return Err(Failure::said(Exit::Refused, codes::RUNBOOK_FILE, message, help));
    }
    let estate = pipeline::open(context, &runbook.estate, Purpose::Look)?;
    let inventory = pipeline::inventory(context, &runbook.estate.name, &estate)?;
    let drifts = drift(runbook, &inventory, Some(&pipeline::digest_of));
    if drifts.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, drift_diagnostics(&drifts), Sources::default()))
}

/// An option that says what a runbook has fixed.
fn changes(said: &SaidArgs) -> Option<&'static str> {
    let said_ones = [
        ("--point", !said.wanted.points.is_empty()),
        ("--as-of", said.wanted.as_of.is_some()),
        ("--lost-at", said.wanted.lost_at.is_some()),
        ("--to", said.to.is_some()),
        ("--without", !said.without.is_empty()),
        ("--param", !said.params.is_empty()),
        ("--unfenced", said.unfenced.is_some()),
    ];
    said_ones.into_iter().find_map(|(option, said)| said.then_some(option))
}

/// Whether approvals of a runbook may be answered before it starts: the compiler proves it of a plan,
/// this of a frozen one.
///
/// # Errors
/// A step is no approval, or asks about what only the run can show.
pub(super) fn check_approved(runbook: &Runbook, steps: &[String]) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for step in steps {
        let node = runbook.nodes.iter().find(|node| node.name == *step);
        match node {
            Some(node) if matches!(node.act, Act::Approve(_)) => {
                if node.phase != Phase::Prepare && !is_simulated(&runbook.estate.provider) {
                    let message =
                        format!("approval `{step}` comes after machines and cannot be answered beforehand");
                    wrong.push(
                        Diagnostic::placeless(codes::ANSWERED_TOO_EARLY, message)
                            .help("answer it in the run, when the machines are up"),
                    );
                }
            }
            Some(_) | None => {
                let message = format!("`--approve` names `{step}`, which is no approval of this runbook");
                wrong.push(
                    Diagnostic::placeless(codes::UNKNOWN_OPTION, message)
                        .help("name an approval as `muster preview` lists it"),
                );
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::placeless(Exit::Refused, wrong)) }
}
