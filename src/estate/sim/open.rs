//! Opens a simulated estate: its database is continued, or made from the inventory, in one transaction.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, TransactionBehavior};

use crate::base::words::system;
use crate::base::{Clock, Timestamp};
use crate::inventory::Inventory;
use crate::source::codes::estate::{SIM_CHANGED, SIM_SEED, SIM_STATE};
use crate::source::codes::run::{NO_SPACE, STATE_READ_ONLY};
use crate::source::{Diagnostic, Severity};

use super::clock::VirtualClock;
use super::db::{self, Facts};
use super::ground::Ground;
use super::import::{Start, import};
use super::settings::Settings;
use super::trouble::{DiskTrouble, Trouble};
use super::world::World;
use super::{Sim, SimOptions, view};

/// Why an estate does not open.
enum Failure {
    Said(Vec<Diagnostic>),
    Broken(Trouble),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Broken(trouble)
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(said: Vec<Diagnostic>) -> Self {
        Self::Said(said)
    }
}

/// See `Sim::open`.
pub(super) fn open(options: SimOptions) -> Result<Sim, Vec<Diagnostic>> {
    let path = options.path.clone();
    try_open(options).map_err(|failure| match failure {
        Failure::Said(diagnostics) => diagnostics,
        Failure::Broken(trouble) => vec![unopened(&path, trouble)],
    })
}

fn try_open(options: SimOptions) -> Result<Sim, Failure> {
    let SimOptions { path, inventory, seed, speed, faults, real } = options;
    let start = import(&inventory, &Settings::read(&inventory)?, seed)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            vec![match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => no_space(folder),
                ErrorKind::ReadOnlyFilesystem => read_only(folder),
                _ => broken(&path, &system(&error)),
            }]
        })?;
    }
    let mut connection = db::open(&path)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = db::version(&tx)?;
    match version {
        0 => db::create(&tx, inventory.now, &start.facts, &start.machines)?,
        1 => db::upgrade(&tx)?,
        db::SCHEMA_VERSION => {}
        other => {
            let text =
                format!("its tables are of version {other}, and this program knows {}", db::SCHEMA_VERSION);
            return Err(vec![broken(&path, &text)].into());
        }
    }
    let facts = db::facts(&tx)?;
    let warnings = if version == 0 { Vec::new() } else { changed(&path, &facts, &start) };
    let now = db::now(&tx)?;
    let ground = ground(&tx, facts, &faults, now)?;
    tx.commit()?;
    let connection = Arc::new(Mutex::new(connection));
    let clock =
        Arc::new(VirtualClock::new(now, speed, Arc::<dyn Clock>::clone(&real), Arc::clone(&connection)));
    Ok(Sim { connection, clock, ground, warnings })
}

/// The ground of the estate that the database holds, with the faults told now.
fn ground(tx: &Connection, facts: Facts, told: &[String], now: Timestamp) -> Result<Ground, Failure> {
    let bare =
        Ground::new(facts.clone(), Settings::default(), Vec::new(), &Inventory::empty(now, Vec::new()))?;
    let mut known = view::inventory(&World { tx, ground: &bare, at: now, dry: true })?;
    known.sim.clone_from(&facts.sim);
    let settings = Settings::read(&known)?;
    let wanted: Vec<&str> = settings.faults.iter().chain(told).map(String::as_str).collect();
    db::want_faults(tx, &wanted, now)?;
    let rows = db::faults(tx)?;
    Ok(Ground::new(facts, settings, rows, &known)?)
}

fn changed(path: &Path, facts: &Facts, start: &Start) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut warn = |code, message: String| {
        let help = format!(
            "to begin again from the inventory, delete `{}` or name another `--state`",
            path.display()
        );
        warnings.push(Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::placeless(code, message).help(help)
        });
    };
    if facts.inventory != start.facts.inventory {
        warn(
            SIM_CHANGED,
            "the inventory has changed since the simulated estate was made from it, and the estate goes on \
             as it stands"
                .to_owned(),
        );
    }
    if facts.seed != start.facts.seed {
        let (was, said) = (facts.seed, start.facts.seed);
        warn(SIM_SEED, format!("the simulated estate was made with seed {was} and keeps it, not {said}"));
    }
    warnings
}

/// What kept the database from being opened. Nothing was asked of the estate yet.
fn unopened(path: &Path, trouble: Trouble) -> Diagnostic {
    match trouble.of_disk(path) {
        Some(DiskTrouble::Full) => no_space(path),
        Some(DiskTrouble::ReadOnly) => read_only(path),
        None => {
            let help = if trouble.is_busy() {
                "end the program that holds it, or name another `--state`"
            } else {
                "nothing real is in it: delete it, or name another `--state`"
            };
            broken(path, &trouble.into_reason()).help(help)
        }
    }
}

fn no_space(path: &Path) -> Diagnostic {
    Diagnostic::placeless(NO_SPACE, format!("there is no space left for `{}`", path.display()))
        .help("free space on that file system")
}

fn read_only(path: &Path) -> Diagnostic {
    Diagnostic::placeless(STATE_READ_ONLY, format!("`{}` can only be read", path.display()))
        .help("name a folder that can be written with `--state`")
}

fn broken(path: &Path, why: &str) -> Diagnostic {
    let message = format!("the simulated estate in `{}` does not open: {why}", path.display());
    Diagnostic::placeless(SIM_STATE, message.replace('\n', " ")).help("name another `--state`")
}
