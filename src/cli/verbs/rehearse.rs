//! `rehearse`: runs of a runbook in memory, on a clock that jumps, with faults. Only reads.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::base::words::system;
use crate::base::{Digest, limits};
use crate::cli::args::{Format, RehearseArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline::{self, Wish};
use crate::cli::{frozen, past};
use crate::estate::any::Purpose;
use crate::event::Stated;
use crate::rehearse::file::{self, Said};
use crate::rehearse::{Fault, Keep, Lengths, Scene, Sources, Told, play, singles, study};
use crate::report::rehearsal::{self, Rehearsal};
use crate::runbook::Runbook;
use crate::source::codes::rehearse as codes;

/// Options of one rehearsal that a replay says itself, and whether a value follows.
const OF_ONE: [(&str, bool); 4] =
    [("--runs", true), ("--seed", true), ("--format", true), ("--all-single-faults", false)];

/// Rehearses a plan or a frozen runbook.
pub(in crate::cli) fn run(context: &Context, args: &RehearseArgs) -> Result<Exit, Failure> {
    let (runbook, digest) = compile(context, args)?;
    let stated = stated(context, &runbook)?;
    let past = past::past(context, &runbook)?;
    let past_runs = past.runs;
    let said = said(context, args.durations.as_deref(), &runbook)?;
    let faults = told(&args.faults, &runbook)?;
    let (estate_faults, left_out) = of_estate(&stated, &runbook);
    let sources = Sources { said, past, stated, answer_after: args.answer_after };
    let lengths = Lengths::of(&runbook, &sources);
    let scene = Scene::new(Arc::new(runbook), lengths);
    let all = estate_faults.iter().chain(&faults).cloned().collect();
    let told = Told::new(&scene, all);
    let study = study(&scene, &told, args.runs, args.seed);
    let singles = args.all_single_faults.then(|| singles(&scene, &told, args.seed));
    let played = (args.runs == 1).then(|| play(&scene, &told, args.seed, Keep::Log));
    let command = command(std::env::args());
    let rehearsal = Rehearsal {
        scene: &scene,
        digest: digest.as_ref().map(Digest::as_str),
        faults: &faults,
        estate_faults: &estate_faults,
        left_out: &left_out,
        past_runs,
        study: &study,
        singles: singles.as_ref(),
        played: played.as_ref(),
        command: &command,
    };
    match args.output.format {
        Format::Json => Console::print(&rehearsal::json(&rehearsal))?,
        Format::Text => Console::print(&rehearsal::text(&rehearsal, context.console.look()))?,
    }
    Ok(Exit::Done)
}

/// The runbook, and its digest where it was frozen.
fn compile(context: &Context, args: &RehearseArgs) -> Result<(Runbook, Option<Digest>), Failure> {
    let operation = args.operation.operation();
    if let Some(runbook) = frozen::read(&args.plan)? {
        frozen::check(context, &runbook, operation, args.mode.mode(), &args.said)?;
        let digest = runbook.digest();
        return Ok((runbook, Some(digest)));
    }
    let wish = Wish { operation, mode: args.mode.mode(), said: &args.said, approved: Vec::new() };
    let compiled = pipeline::runbook(context, &args.plan, &wish)?;
    context.console.show(&compiled.sources, &compiled.warnings);
    Ok((compiled.runbook, None))
}

/// What the estate says beforehand.
fn stated(context: &Context, runbook: &Runbook) -> Result<Stated, Failure> {
    let estate = pipeline::open_quietly(context, &runbook.estate, Purpose::Look)?;
    let stated = estate.stated();
    context.runtime()?.block_on(estate.close());
    stated.map_err(|error| Failure::engine("the estate cannot say how long its acts take", &error))
}

/// What a file of a person's states.
fn said(context: &Context, path: Option<&Path>, runbook: &Runbook) -> Result<Said, Failure> {
    let Some(path) = path else { return Ok(Said::default()) };
    let name = path.display().to_string();
    let wrong = |why: String| {
        let help = "name a file of the format `muster.durations/1`";
        Failure::said(Exit::InputWrong, codes::DURATIONS, format!("durations `{name}` {why}"), help)
    };
    let mut text = String::new();
    let opened = std::fs::File::open(path).map(|file| file.take(limits::DURATIONS_BYTES_MAX + 1));
    let read = opened.and_then(|mut file| file.read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes as u64 > limits::DURATIONS_BYTES_MAX => {
            Err(wrong(format!("have more than {} bytes", limits::DURATIONS_BYTES_MAX)))
        }
        Ok(_) => match file::read(&name, &text, runbook) {
            Ok((said, warnings)) => {
                context.console.show(&crate::source::Sources::default(), &warnings);
                Ok(said)
            }
            Err(errors) => Err(Failure::placeless(Exit::InputWrong, errors)),
        },
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(wrong("are no UTF-8 text".to_owned()))
        }
        Err(error) => Err(wrong(format!("cannot be read: {}", system(&error)))),
    }
}

/// The faults of the command line; everything that is wrong with them at once.
fn told(texts: &[String], runbook: &Runbook) -> Result<Vec<Fault>, Failure> {
    let mut faults = Vec::new();
    let mut wrong = Vec::new();
    for text in texts {
        match Fault::read(text, runbook) {
            Ok(fault) => faults.push(fault),
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    if wrong.is_empty() { Ok(faults) } else { Err(Failure::placeless(Exit::Usage, wrong)) }
}

/// The faults that the estate was told of: those that concern this runbook, and those that only the estate
/// itself can have. What hits no step of the runbook is nobody's business here.
fn of_estate(stated: &Stated, runbook: &Runbook) -> (Vec<Fault>, Vec<String>) {
    let mut faults = Vec::new();
    let mut left_out = Vec::new();
    for text in &stated.faults {
        match Fault::read(text, runbook) {
            Ok(fault) => faults.push(fault),
            Err(diagnostic) if diagnostic.code == codes::FAULT => left_out.push(text.clone()),
            Err(_) => {}
        }
    }
    (faults, left_out)
}

/// The command as it was typed, without what a replay says itself.
fn command(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = vec!["muster".to_owned()];
    let mut words = words.skip(1);
    while let Some(word) = words.next() {
        let of_one = OF_ONE.into_iter().find(|(option, _)| {
            word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        match of_one {
            Some((option, true)) if word == option => drop(words.next()),
            Some(_) => {}
            None => kept.push(word),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_keeps_what_was_typed_but_for_what_it_says_itself() {
        let typed = "target/muster --state s rehearse failover p.muster --planned --runs 50 --seed=7 \
                     --param a=b --all-single-faults --format json --fault x";
        let kept = command(typed.split_whitespace().map(str::to_owned));
        assert_eq!(
            kept.join(" "),
            "muster --state s rehearse failover p.muster --planned --param a=b --fault x"
        );
    }
}
