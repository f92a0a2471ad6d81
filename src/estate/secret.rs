//! Secrets of providers: by reference in the plan, read when the estate is opened, printed nowhere.

use std::path::Path;

use serde_json::Value;

use crate::base::words;
use crate::model::Secret;
use crate::source::Diagnostic;
use crate::source::codes::estate as codes;

/// The value of a secret of a provider.
///
/// # Errors
/// The variable is not set, or the file cannot be read.
pub(in crate::estate) fn read(name: &str, reference: &Value, folder: &Path) -> Result<String, Diagnostic> {
    let failed = |why: String| {
        let message = format!("the secret `{name}` of the provider cannot be read: {why}");
        Diagnostic::placeless(codes::PROVIDER_SECRET, message)
    };
    match serde_json::from_value(reference.clone()) {
        Ok(Secret::Env(variable)) => std::env::var(&variable).map_err(|_| {
            failed(format!("the variable `{variable}` is not set"))
                .help(format!("set `{variable}` where `muster` is started"))
        }),
        Ok(Secret::File(path)) => std::fs::read_to_string(folder.join(&path))
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| {
                failed(format!("the file `{path}`: {}", words::system(&error)))
                    .help(format!("put the secret into `{path}`"))
            }),
        Err(_) => Err(failed("it is neither `env(…)` nor `file(…)`".to_owned()).help("write one of the two")),
    }
}
