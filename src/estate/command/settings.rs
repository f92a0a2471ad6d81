//! What a plan says of a provider's program, as what it is started with. Reads the secrets that it names;
//! their values are in no message.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::base::limits;
use crate::base::time::parse_duration;
use crate::estate::secret;
use crate::source::Diagnostic;

use super::message::Purpose;
use super::process::Program;

/// What the provider is opened with.
#[derive(Clone, Debug)]
pub struct CommandOptions {
    /// The estate's name in the plan.
    pub estate: String,
    /// The program.
    pub program: Program,
    /// Values that are hidden in whatever it says.
    pub secrets: Hidden,
    /// One answer.
    pub timeout: Duration,
    /// What for.
    pub purpose: Purpose,
    /// A folder of the estate's own, which the program is told of.
    pub folder: std::path::PathBuf,
    /// Where its words for people are kept; nowhere where nothing may be made.
    pub log: Option<std::path::PathBuf>,
    /// Kills the program after each act that it answered. For tests of programs.
    pub kill_after_acts: bool,
}

/// Values that are printed by nothing.
#[derive(Clone, Default)]
pub struct Hidden(pub Vec<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl CommandOptions {
    /// A program that acts, without secrets, with the usual limit and no log.
    #[must_use]
    pub fn new(estate: &str, argv: Vec<String>, folder: &Path, state: &Path) -> Self {
        let name = argv.join(" ");
        Self {
            estate: estate.to_owned(),
            program: Program { name, argv, folder: folder.to_path_buf(), env: Vec::new() },
            secrets: Hidden::default(),
            timeout: Duration::from_secs(30),
            purpose: Purpose::Act,
            folder: state.join(estate),
            log: None,
            kill_after_acts: false,
        }
    }

    /// The options of a plan: the provider's keys, the plan's folder, the folder of all estates.
    ///
    /// # Errors
    /// A secret that cannot be read.
    pub fn of_plan(
        estate: &str,
        args: &Value,
        (folder, state): (&Path, &Path),
        purpose: Purpose,
    ) -> Result<Self, Diagnostic> {
        let said = args.get("run").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut argv: Vec<String> = said.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
        let name = argv.join(" ");
        place(&mut argv, folder);
        let state = std::path::absolute(state).unwrap_or_else(|_| state.to_path_buf());
        let mut options = Self::new(estate, argv, folder, &state);
        options.program.name = name;
        let timeout = args.get("timeout").and_then(Value::as_str).and_then(|text| parse_duration(text).ok());
        options.timeout = timeout.unwrap_or(options.timeout).min(limits::PROVIDER_CALL_MAX);
        options.purpose = purpose;
        if purpose == Purpose::Act {
            options.log = Some(state.join(format!("{estate}.log")));
        }
        for (name, value) in args.get("env").and_then(Value::as_object).into_iter().flatten() {
            let value = match value {
                Value::String(text) => text.clone(),
                other => {
                    let value = secret::read(name, other, folder)?;
                    options.secrets.0.push(value.clone());
                    value
                }
            };
            options.program.env.push((name.clone(), value));
        }
        Ok(options)
    }
}

/// A program that is a relative path counts from a folder; the arguments are the program's own.
pub fn place(argv: &mut [String], folder: &Path) {
    if let Some(first) = argv.first_mut().filter(|first| first.contains('/') && !first.starts_with('/')) {
        *first = folder.join(&*first).to_string_lossy().into_owned();
    }
}
