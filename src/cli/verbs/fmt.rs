//! `fmt`: plans in canonical form. A file is replaced whole or stays as it is.

use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::base::limits;
use crate::base::words::system;
use crate::cli::args::FmtArgs;
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::format::{FormatError, format};
use crate::model::resolve::{DiskFiles, Files as _};
use crate::source::codes::{command as codes, names};
use crate::source::{Diagnostic, Source, Sources};
use crate::syntax::check_bytes;

/// Formats each file, and goes on past those that cannot be.
pub(in crate::cli) fn run(context: &Context, args: &FmtArgs) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for path in &args.plans {
        let done = if path.as_os_str() == "-" { standard_input(args.check) } else { file(path, args.check) };
        match done {
            Ok(Outcome::Canonical) => {}
            Ok(Outcome::Changed) if args.check => {
                Console::print_line(&path.display().to_string())?;
                exit = exit.max(Exit::InputWrong);
            }
            Ok(Outcome::Changed) => context.console.note(&format!("formatted {}", path.display())),
            Err(failure) => {
                context.console.show(&failure.sources, &failure.diagnostics);
                exit = exit.max(failure.exit);
            }
        }
    }
    Ok(exit)
}

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Canonical,
    Changed,
}

fn standard_input(check: bool) -> Result<Outcome, Failure> {
    let mut bytes = Vec::new();
    let input = std::io::stdin().lock();
    let read = input.take(limits::PLAN_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable("standard input", &error))?;
    let (_, after, outcome) = formatted("standard input", bytes)?;
    if !check {
        Console::print(&after)?;
        return Ok(Outcome::Canonical);
    }
    Ok(outcome)
}

fn file(path: &Path, check: bool) -> Result<Outcome, Failure> {
    let name = path.display().to_string();
    let bytes = DiskFiles.read(path).map_err(|error| unreadable(&name, &error))?;
    let (_, after, outcome) = formatted(&name, bytes)?;
    if outcome == Outcome::Changed && !check {
        replace(path, after.as_bytes())?;
    }
    Ok(outcome)
}

fn formatted(name: &str, bytes: Vec<u8>) -> Result<(String, String, Outcome), Failure> {
    let began_with_mark = bytes.starts_with(b"\xef\xbb\xbf");
    let wrong = |diagnostics, sources| Failure::new(Exit::InputWrong, diagnostics, sources);
    let text = check_bytes(name, bytes).map_err(|diagnostic| wrong(vec![diagnostic], Sources::default()))?;
    match format(&text) {
        Ok(after) => {
            let same = after == text && !began_with_mark;
            Ok((text, after, if same { Outcome::Canonical } else { Outcome::Changed }))
        }
        Err(FormatError::Syntax(diagnostics)) => {
            let mut sources = Sources::default();
            sources.add(Source::new(name, text));
            Err(wrong(diagnostics, sources))
        }
        Err(error @ (FormatError::TreeChanged | FormatError::CommentLost)) => {
            let message = format!("`{name}` was not formatted: {error}");
            let help = "report it with the file; `muster check` works all the same";
            Err(Failure::said(Exit::EngineFailed, codes::FORMAT_HELD_BACK, message, help))
        }
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "may not be read".to_owned(),
        std::io::ErrorKind::IsADirectory => "is a folder".to_owned(),
        _ => format!("cannot be read: {}", system(error)),
    };
    Failure::placeless(
        Exit::InputWrong,
        vec![
            Diagnostic::placeless(names::FILE_MISSING, format!("`{name}` {why}"))
                .help("name a plan file, such as `plans/erp.muster`"),
        ],
    )
}

/// Puts a new text in the place of a file, durably: whoever reads it finds the old or the new one.
///
/// # Errors
/// It cannot be written; what stood there is there still.
pub(in crate::cli) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("`{}` cannot be written: {}", path.display(), system(&error));
        Failure::said(Exit::InputWrong, codes::FILE_NOT_WRITTEN, message, "name a file that may be written")
    };
    // A link stays one: what it leads to is replaced.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = real.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file = std::fs::File::create(&beside)?;
        if let Ok(facts) = std::fs::metadata(&real) {
            file.set_permissions(facts.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &real)
    })();
    if written.is_err() {
        // It may never have been made.
        drop(std::fs::remove_file(&beside));
    }
    written.map_err(failed)
}
