//! Begins a run: its runbook, its first events and its machines' locks in one transaction.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::base::{Digest, Timestamp};
use crate::event::EventLine;
use crate::model::{Mode, Operation};
use crate::runbook::Runbook;

use super::append::{End, StateRow, follow, insert};
use super::writer::Stop;
use super::{LeaseInfo, RunId, RunSummary, StoreError, lease, rows, sums};

/// For what a run holds a machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LockKind {
    /// It moves the machine.
    Real,
    /// It works on a copy.
    Test,
}

impl LockKind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Test => "test",
        }
    }
}

/// Which locks of other live runs keep a run from starting. Its own kind always does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockRule {
    /// Every lock.
    AnyKind,
    /// Only those of its own kind: a live test never stands in the way of an unplanned failover.
    OwnKind,
}

impl LockRule {
    /// The rule for what a run does: an unplanned or forced run passes a live test by.
    #[must_use]
    pub const fn of(operation: Operation, mode: Option<Mode>) -> Self {
        match (operation, mode) {
            (Operation::Failover | Operation::Failback, Some(Mode::Unplanned | Mode::Forced)) => {
                Self::OwnKind
            }
            (Operation::Failover | Operation::Failback, Some(Mode::Planned) | None)
            | (Operation::Test, _) => Self::AnyKind,
        }
    }
}

/// A machine that a run is to hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineLock {
    /// The estate, by a name that is the same in every plan of it.
    pub estate: String,
    /// The machine's name in the estate.
    pub machine: String,
    /// For what.
    pub kind: LockKind,
}

/// A run to begin.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id, from `Store::fresh_run_id`.
    pub id: RunId,
    /// What it runs, as JSON.
    runbook: String,
    digest: Digest,
    plan: String,
    operation: Operation,
    mode: Option<Mode>,
    /// Where the runbook came from: the plan or the frozen file.
    pub source: String,
    /// When it starts, by the estate's clock.
    pub started_at: Timestamp,
    /// How it stands after the first events.
    pub summary: RunSummary,
    /// The machines that it holds until it ends.
    pub locks: Vec<MachineLock>,
    /// Which locks of others keep it from starting.
    pub rule: LockRule,
}

impl NewRun {
    /// A run of the runbook that holds all its machines, for a test of it as copies, in the estate
    /// of the runbook's word.
    #[must_use]
    pub fn of(id: RunId, runbook: &Runbook, source: &str, summary: RunSummary) -> Self {
        let json = match serde_json::to_string(runbook) {
            Ok(json) => json,
            Err(error) => crate::bug!("a runbook does not serialize: {error}"),
        };
        let kind = if runbook.is_test() { LockKind::Test } else { LockKind::Real };
        let locks = runbook.machines.iter().map(|machine| MachineLock {
            estate: runbook.estate.name.clone(),
            machine: machine.estate_name.clone(),
            kind,
        });
        Self {
            id,
            digest: Digest::of(&[json.as_bytes()]),
            runbook: json,
            plan: runbook.plan.clone(),
            operation: runbook.operation,
            mode: runbook.mode,
            source: source.to_owned(),
            started_at: summary.at,
            summary,
            locks: locks.collect(),
            rule: LockRule::of(runbook.operation, runbook.mode),
        }
    }
}

impl NewRun {
    /// What the first line of the log follows.
    pub(super) const fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Looks, then writes.
pub(super) fn create(connection: &Connection, new: &NewRun, first: &[EventLine]) -> Result<(), Stop> {
    let run = new.id.as_str();
    if rows::exists(connection, &new.id)? {
        return Err(StoreError::RunExists { run: new.id.clone() }.into());
    }
    let end = follow(&new.id, End { seq: 0, digest: new.digest.clone(), ended: false }, first)?;
    check_all_locks(connection)?;
    for lock in &new.locks {
        check_lock(connection, lock, new.rule)?;
    }
    insert_run(connection, new)?;
    insert(connection, &new.id, first)?;
    StateRow::put(connection, &new.id, &end, &new.summary)?;
    lease::put(connection, &new.id, &LeaseInfo { owner: None, epoch: 0, until: None })?;
    if !new.summary.state.is_final() {
        let mut lock = connection.prepare_cached(
            "INSERT OR IGNORE INTO machine_lock (estate, machine, kind, run, sum) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for held in &new.locks {
            let sum = sums::of(&[&held.estate, &held.machine, held.kind.word(), run]);
            lock.execute(params![held.estate, held.machine, held.kind.word(), run, sum])?;
        }
    }
    Ok(())
}

fn insert_run(connection: &Connection, new: &NewRun) -> Result<(), rusqlite::Error> {
    let (id, operation, started_at) = (new.id.as_str(), new.operation.word(), new.started_at.to_string());
    let mode = new.mode.map(Mode::word);
    let digest = new.digest.as_str();
    let sum =
        sums::of(&[id, &new.plan, operation, mode.unwrap_or_default(), &started_at, &new.source, digest]);
    connection.execute(
        "INSERT INTO run (id, plan, operation, mode, started_at, source, digest, runbook, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![id, new.plan, operation, mode, started_at, new.source, digest, new.runbook, sum],
    )?;
    Ok(())
}

/// Refuses to start anything while a lock is not what was written: nobody knows whose machine is free.
fn check_all_locks(connection: &Connection) -> Result<(), Stop> {
    let mut select = connection.prepare_cached("SELECT estate, machine, kind, run, sum FROM machine_lock")?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let field = |place| row.get::<_, String>(place);
        let (estate, machine, kind, run) = (field(0)?, field(1)?, field(2)?, field(3)?);
        let sum: Option<String> = row.get(4)?;
        let what = format_args!("the lock of machine `{machine}` by run `{run}`");
        sums::check(sum.as_deref(), || sums::of(&[&estate, &machine, &kind, &run]), what)?;
    }
    Ok(())
}

fn check_lock(connection: &Connection, lock: &MachineLock, rule: LockRule) -> Result<(), Stop> {
    let held: Option<String> = connection
        .prepare_cached(
            "SELECT run FROM machine_lock
             WHERE estate = ?1 AND machine = ?2 AND (kind = ?3 OR ?4) ORDER BY kind LIMIT 1",
        )?
        .query_row(params![lock.estate, lock.machine, lock.kind.word(), rule == LockRule::AnyKind], |row| {
            row.get(0)
        })
        .optional()?;
    match held {
        Some(run) => {
            let machine = lock.machine.clone();
            Err(StoreError::MachineHeld { machine, run: RunId::from_text(run) }.into())
        }
        None => Ok(()),
    }
}
