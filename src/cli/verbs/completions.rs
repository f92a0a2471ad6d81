//! `completions` and `man`: both written from the one definition of the command line.

use clap::CommandFactory as _;

use crate::cli::args::{Cli, CompletionsArgs};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// Prints a completion script.
pub(in crate::cli) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "muster", &mut script);
    Console::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Prints the manual page: the program, then each verb.
pub(in crate::cli) fn man() -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    let mut written = clap_mangen::Man::new(command.clone()).render(&mut page);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let part = clap_mangen::Man::new(verb.clone().disable_help_flag(true));
        written = written
            .and_then(|()| {
                use std::io::Write as _;
                writeln!(page, ".SH MUSTER {}", verb.get_name().to_uppercase())
            })
            .and_then(|()| part.render_description_section(&mut page))
            .and_then(|()| part.render_synopsis_section(&mut page))
            .and_then(|()| part.render_options_section(&mut page));
    }
    written.map_err(|error| {
        Failure::engine("the manual page cannot be written", &crate::base::words::system(&error))
    })?;
    Console::print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
