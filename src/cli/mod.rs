//! The command line: arguments in, results on standard output, all else on standard error, an exit
//! code. The only floor that knows a terminal, miette and clap.

mod args;
mod console;
mod context;
mod drive;
mod exit;
mod failure;
mod frozen;
mod page;
mod past;
mod person;
mod pipeline;
mod progress;
pub mod render;
mod sealing;
mod standing;
mod verbs;
mod version;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;
use context::Context;
pub use exit::Exit;

/// Runs the command of this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            // A reader that is gone needs no help text.
            drop(error.print());
            return exit.into();
        }
    };
    let context = Context::new(cli.global);
    // A panic is a bug, and still an end with a documented code: the message has been printed.
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| verbs::run(&context, cli.verb)));
    match ended {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            context.console.show(&failure.sources, &failure.diagnostics);
            failure.exit.into()
        }
        Err(_) => Exit::EngineFailed.into(),
    }
}
