//! What every verb is handed: where things are kept, who acts, how to talk.

use std::cell::OnceCell;
use std::path::PathBuf;

use crate::event::Person;
use crate::runbook::Runbook;
use crate::store::{OpenFor, Store, StoreError};

use super::args::Global;
use super::console::Console;
use super::failure::Failure;
use super::sealing::KeyFrom;

/// Where runs are kept unless said.
const STATE: &str = ".muster";

/// The surroundings of a command.
#[derive(Debug)]
pub(super) struct Context {
    /// The terminal.
    pub(super) console: Console,
    /// The state folder.
    pub(super) state: PathBuf,
    /// The state folder only where it was said, for what keeps nothing unless told to.
    pub(super) said_state: Option<PathBuf>,
    /// `--as`
    pub(super) name: Option<String>,
    /// What signs run logs.
    pub(super) key: KeyFrom,
    runtime: OnceCell<tokio::runtime::Runtime>,
}

impl Context {
    /// From the options for every verb and the environment.
    pub(super) fn new(global: Global) -> Self {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let key = match (global.key, named("MUSTER_KEY")) {
            (Some(path), _) => KeyFrom::Said(path),
            (None, Some(path)) => KeyFrom::Named(path),
            (None, None) => KeyFrom::State,
        };
        Self {
            console: Console::new(global.quiet),
            said_state: global.state.clone(),
            state: global.state.or_else(|| named("MUSTER_STATE")).unwrap_or_else(|| PathBuf::from(STATE)),
            name: global.name,
            key,
            runtime: OnceCell::new(),
        }
    }

    /// The state folder, for reading. One of an older version is brought up to date where it can be
    /// written: whoever only wants to read an old report should not have to start a run for it.
    pub(super) fn store(&self) -> Result<Store, Failure> {
        match Store::open(&self.state, OpenFor::Read) {
            Err(StoreError::Version { found, ours, .. }) if found < ours => {
                drop(Store::open(&self.state, OpenFor::Write)?);
                Ok(Store::open(&self.state, OpenFor::Read)?)
            }
            opened => Ok(opened?),
        }
    }

    /// The state folder, for writing; made where it is missing.
    pub(super) fn store_to_write(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.state, OpenFor::Write)?)
    }

    /// Who acts on the estate of a runbook.
    pub(super) fn person(&self, runbook: &Runbook) -> Result<Person, Failure> {
        super::person::person(self.name.as_deref(), runbook.estate.identity)
    }

    /// What the driver and the estates run on: one for the whole command.
    pub(super) fn runtime(&self) -> Result<&tokio::runtime::Runtime, Failure> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let made = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::engine("the timers of the driver cannot be made", &crate::base::words::system(&error))
        })?;
        Ok(self.runtime.get_or_init(|| made))
    }
}
