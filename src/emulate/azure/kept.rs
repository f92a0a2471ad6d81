//! What the service remembers besides the estate: jobs, plans, and of each item what was last done to it. One
//! file, written before the estate is asked for anything that follows from it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::base::limits::STAND_IN_JOBS_MAX;

use super::job::{Job, Operation};
use super::plan::Plan;

/// How a test of an item stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) enum TestState {
    #[default]
    None,
    /// Its copy is there.
    WaitingForCleanup,
}

/// What the last job on an item or plan was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Scenario {
    pub(super) operation: Operation,
    pub(super) job: String,
    pub(super) at: Timestamp,
}

/// What is remembered of an item.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) scenario: Option<Scenario>,
    /// Whether its last failover was a planned one.
    pub(super) planned: bool,
    /// The point that it was failed over to, as the estate names it.
    pub(super) point: Option<String>,
    pub(super) test: TestState,
    pub(super) failed_over_at: Option<Timestamp>,
    pub(super) tested_at: Option<Timestamp>,
}

/// Everything that is remembered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Oldest first.
    pub(super) jobs: Vec<Job>,
    /// How many there ever were.
    pub(super) started: u64,
    pub(super) items: IndexMap<String, Item>,
    /// By their names in lower case.
    pub(super) plans: IndexMap<String, Plan>,
    /// Faults that came and do not come again.
    pub(super) came: Vec<String>,
}

impl Kept {
    /// Takes a job in; the oldest that is over makes room.
    pub(super) fn add(&mut self, job: Job) {
        if self.jobs.len() >= STAND_IN_JOBS_MAX
            && let Some(oldest) = self.jobs.iter().position(Job::is_over)
        {
            self.jobs.remove(oldest);
        }
        self.jobs.push(job);
    }

    pub(super) fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.eq_ignore_ascii_case(id))
    }

    pub(super) fn job_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id.eq_ignore_ascii_case(id))
    }

    pub(super) fn plan(&self, name: &str) -> Option<&Plan> {
        self.plans.get(&name.to_lowercase())
    }

    /// The job under way that a machine belongs to.
    pub(super) fn busy(&self, machine: &str) -> Option<&Job> {
        self.jobs.iter().rev().find(|job| !job.is_over() && job.machines().contains(&machine))
    }
}

/// Where it is kept.
#[derive(Debug)]
pub(super) struct Keeper {
    path: Option<PathBuf>,
    /// Held as long as this process uses the folder.
    _lock: Option<File>,
}

impl Keeper {
    /// In a folder, which is made where it is missing and held by one process at a time; or nowhere.
    ///
    /// # Errors
    /// The folder cannot be used, in words.
    pub(super) fn new(folder: Option<&Path>) -> Result<Self, String> {
        let Some(folder) = folder else { return Ok(Self { path: None, _lock: None }) };
        let opened = std::fs::create_dir_all(folder).and_then(|()| File::create(folder.join("lock")));
        let lock = opened.map_err(|error| crate::base::words::system(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: Some(folder.join("service.json")), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err("another stand-in uses the folder".to_owned()),
            Err(TryLockError::Error(error)) => Err(crate::base::words::system(&error)),
        }
    }

    /// What was kept, or nothing yet.
    ///
    /// # Errors
    /// The file is there and cannot be read, in words.
    pub(super) fn load(&self) -> Result<Kept, String> {
        let Some(path) = self.path.as_deref().filter(|path| path.exists()) else {
            return Ok(Kept::default());
        };
        let text = std::fs::read_to_string(path).map_err(|error| crate::base::words::system(&error))?;
        serde_json::from_str(&text).map_err(|error| crate::base::words::json(&error))
    }

    /// Writes it down, beside the old file first, so that a kill leaves one or the other.
    ///
    /// # Errors
    /// It cannot be written, in words.
    pub(super) fn save(&self, kept: &Kept) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let text = serde_json::to_string(kept).map_err(|error| error.to_string())?;
        let beside = path.with_extension("new");
        let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
        written.map_err(|error| crate::base::words::system(&error))
    }
}
