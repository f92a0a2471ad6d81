//! `key`: the public key that run logs are verified with, made with its secret one on first use.

use serde_json::json;

use crate::cli::args::{Format, KeyArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::sealing;

/// Prints the public key.
pub(in crate::cli) fn run(context: &Context, args: &KeyArgs) -> Result<Exit, Failure> {
    let key = sealing::key(context)
        .map_err(|error| Failure::placeless(Exit::InputWrong, vec![error.diagnostic()]))?
        .public();
    match args.output.format {
        Format::Text => {
            Console::print(&key.to_pem())?;
            context.console.note(&format!("the same in hexadecimal: {key}"));
        }
        Format::Json => {
            let document = json!({ "format": "muster.key/1", "key": key.to_string(), "pem": key.to_pem() });
            Console::print_json(&document)?;
        }
    }
    Ok(Exit::Done)
}
