//! `verify`: a log, a report or a run against a public key. For a file nothing else is needed.

use std::io::Read as _;
use std::path::Path;

use crate::base::limits::EVIDENCE_BYTES_MAX;
use crate::base::words::system;
use crate::cli::args::{Format, VerifyArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;
use crate::event::PublicKey;
use crate::report::verify::{self, Verdict};
use crate::source::codes::evidence as codes;
use crate::source::{Diagnostic, Sources};
use crate::store::read_public_key;

/// Verifies what is said, and tells what does not hold.
pub(in crate::cli) fn run(context: &Context, args: &VerifyArgs) -> Result<Exit, Failure> {
    let path = Path::new(&args.what);
    let verdict =
        if args.what == "-" || is_file(path) { file(context, args, path)? } else { of_run(context, args)? };
    Console::print(&match args.output.format {
        Format::Text => verify::text(&verdict),
        Format::Json => verify::json(&verdict),
    })?;
    if verdict.holds() {
        return Ok(Exit::Done);
    }
    let faults: Vec<Diagnostic> = verdict.faults.iter().map(verify::Fault::diagnostic).collect();
    context.console.show(&Sources::default(), &faults);
    Ok(Exit::InputWrong)
}

/// What is there, or could be nothing but a file's name.
fn is_file(path: &Path) -> bool {
    path.exists() || path.components().count() > 1 || path.extension().is_some()
}

fn file(context: &Context, args: &VerifyArgs, path: &Path) -> Result<Verdict, Failure> {
    let bytes = read(path)?;
    let key = match key(context, args)? {
        Some(key) => key,
        None => {
            let message = "no public key was said, and this state folder has none to verify with";
            let help = "name the key of whoever ran it with `--public-key`";
            return Err(Failure::said(Exit::Usage, codes::PUBLIC_KEY, message, help));
        }
    };
    verify::file(&bytes, &key).map_err(|fault| {
        let mut diagnostic = fault.diagnostic();
        if let Some(rest) = diagnostic.message.strip_prefix("the file ") {
            diagnostic.message = format!("`{}` {rest}", path.display());
        }
        Failure::placeless(Exit::InputWrong, vec![diagnostic])
    })
}

fn of_run(context: &Context, args: &VerifyArgs) -> Result<Verdict, Failure> {
    let store = context.store()?;
    let id = store.find_run(&args.what)?;
    sealing::seal(context, &store, &id)?;
    let Some(key) = key(context, args)? else {
        let message = "nothing was ever signed in this state folder, so there is no key to verify with";
        let help = "name the key with `--public-key`, or have the run signed with `muster report`";
        return Err(Failure::said(Exit::InputWrong, codes::PUBLIC_KEY, message, help));
    };
    Ok(verify::run(&store.evidence(&id)?, store.run(&id)?.events, &key))
}

/// The key said, else the one that is used here.
fn key(context: &Context, args: &VerifyArgs) -> Result<Option<PublicKey>, Failure> {
    let found = match &args.public_key {
        Some(said) if said.len() == 64 && !Path::new(said).exists() => {
            return PublicKey::parse(said).map(Some).map_err(|why| {
                let message = format!("the public key `{said}` {why}");
                let help =
                    "say the 64 digits that `muster key` told on the signing machine, or name its file";
                Failure::said(Exit::Usage, codes::PUBLIC_KEY, message, help)
            });
        }
        Some(said) => read_public_key(Path::new(said)).map(Some),
        None => sealing::public_key(context),
    };
    found.map_err(|error| Failure::placeless(Exit::InputWrong, vec![error.diagnostic()]))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |why: &str| {
        let message = format!("`{}` {why}", path.display());
        let help = "name a run, or what `muster log --format jsonl` or `muster report --format html` wrote";
        Failure::said(Exit::InputWrong, codes::NOT_EVIDENCE, message, help)
    };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(EVIDENCE_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(EVIDENCE_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(read) if read as u64 > EVIDENCE_BYTES_MAX => Err(failed("is larger than 2 GiB, which no log is")),
        Ok(_) => Ok(bytes),
        Err(error) => Err(match error.kind() {
            std::io::ErrorKind::NotFound => failed("does not exist"),
            std::io::ErrorKind::PermissionDenied => failed("may not be read"),
            std::io::ErrorKind::IsADirectory => failed("is a folder"),
            _ => failed(&format!("cannot be read: {}", system(&error))),
        }),
    }
}
