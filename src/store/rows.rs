//! Runs and leases as they are listed, and the way of numbers, instants and digests into columns.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize as _;
use serde::de::value::{Error as ValueError, StringDeserializer};

use crate::base::{Digest, Timestamp, limits, words};
use crate::model::{Mode, Operation};

use super::append::StateRow;
use super::writer::Stop;
use super::{Owner, RunId, RunState, StoreError, lease, sums};

/// Who drives a run, or drove it last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseInfo {
    /// The holder; none before the first driver and after a driver that gave it back.
    pub owner: Option<Owner>,
    /// How often it was taken.
    pub epoch: u64,
    /// Until when, if it is not renewed.
    pub until: Option<Timestamp>,
}

impl LeaseInfo {
    /// Whether somebody may be driving: the lease was neither given back, nor ran out, nor is its
    /// holder known to have ended.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        match (&self.owner, self.until) {
            // Nobody takes a lease for that long: the clock was set back since, and only a holder that is
            // seen to live still holds it.
            (Some(owner), Some(until)) if until > now.plus(limits::LEASE) => owner.lives(),
            (Some(owner), Some(until)) => now < until && !owner.is_gone(),
            (Some(_) | None, _) => false,
        }
    }

    /// From four columns that begin at `first`.
    fn read(run: &RunId, row: &Row<'_>, first: usize) -> Result<Self, Stop> {
        let damaged = || StoreError::Damaged { what: format!("the lease of run `{run}` cannot be read") };
        let epoch = row.get::<_, Option<i64>>(first)?.ok_or_else(damaged)?;
        let (owner, until): (Option<String>, Option<String>) = (row.get(first + 1)?, row.get(first + 2)?);
        let sum: Option<String> = row.get(first + 3)?;
        let sum_now = || lease::sum(run, epoch, owner.as_deref(), until.as_deref());
        sums::check(sum.as_deref(), sum_now, format_args!("the lease of run `{run}`"))?;
        let owner = owner.map(|text| Owner::from_text(&text).ok_or_else(damaged)).transpose()?;
        let until = until.map(|text| instant(&text)).transpose()?;
        Ok(Self { owner, epoch: from_sql(epoch)?, until })
    }
}

/// A run as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunInfo {
    /// Its id.
    pub id: RunId,
    /// The plan's name.
    pub plan: String,
    /// What it does.
    pub operation: Operation,
    /// How the source is treated; none in a test.
    pub mode: Option<Mode>,
    /// Where the runbook came from.
    pub source: String,
    /// The runbook's digest.
    pub digest: Digest,
    /// When it started.
    pub started_at: Timestamp,
    /// How it stands, by its own account.
    pub state: RunState,
    /// The instant of the last event.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How many events there are.
    pub events: u64,
    /// Who drives it.
    pub lease: LeaseInfo,
}

impl RunInfo {
    /// Whether its driver died with work left, so that some steps may be unknown.
    #[must_use]
    pub fn is_interrupted(&self, now: Timestamp) -> bool {
        let abandoned = self.lease.owner.is_some() || self.state == RunState::Running;
        !self.state.is_final() && abandoned && !self.lease.holds(now)
    }

    /// The word for people and in JSON: `interrupted`, or the state's.
    #[must_use]
    pub fn word(&self, now: Timestamp) -> &'static str {
        if self.is_interrupted(now) { "interrupted" } else { self.state.word() }
    }
}

/// A run whose other rows were lost is damaged, not absent.
const COLUMNS: &str = "SELECT id, plan, operation, mode, source, run.digest, started_at, run.sum,
    state, at, ended_at, seq, run_state.digest, run_state.sum, epoch, owner, until, lease.sum
    FROM run LEFT JOIN run_state ON run_state.run = id LEFT JOIN lease ON lease.run = id";

/// All runs, oldest first.
pub(super) fn runs(connection: &Connection) -> Result<Vec<RunInfo>, Stop> {
    let mut select = connection.prepare_cached(&format!("{COLUMNS} ORDER BY number"))?;
    let mut found = select.query([])?;
    let mut runs = Vec::new();
    while let Some(row) = found.next()? {
        runs.push(read(row)?);
    }
    Ok(runs)
}

/// One run.
pub(super) fn run(connection: &Connection, id: &RunId) -> Result<RunInfo, Stop> {
    let mut select = connection.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    let mut found = select.query([id.as_str()])?;
    match found.next()? {
        Some(row) => read(row),
        None => Err(StoreError::NoSuchRun { said: id.to_string(), near: None }.into()),
    }
}

fn read(row: &Row<'_>) -> Result<RunInfo, Stop> {
    let id = RunId::from_text(row.get::<_, String>(0)?);
    let damaged = || StoreError::Damaged { what: format!("the summary of run `{id}` cannot be read") };
    let (plan, word): (String, String) = (row.get(1)?, row.get(2)?);
    let operation = [Operation::Test, Operation::Failover, Operation::Failback]
        .into_iter()
        .find(|operation| operation.word() == word)
        .ok_or_else(damaged)?;
    let mode = match row.get::<_, Option<String>>(3)? {
        Some(word) => Some(
            [Mode::Planned, Mode::Unplanned, Mode::Forced]
                .into_iter()
                .find(|mode| mode.word() == word)
                .ok_or_else(damaged)?,
        ),
        None => None,
    };
    let (source, digest, started_at): (String, String, String) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let fields = [id.as_str(), &plan, &word, mode.map_or("", Mode::word), &started_at, &source, &digest];
    let sum: Option<String> = row.get(7)?;
    sums::check(sum.as_deref(), || sums::of(&fields), format_args!("the record of run `{id}`"))?;
    if row.get_ref(8)? == ValueRef::Null {
        return Err(damaged().into());
    }
    let stands = StateRow::read(row, 8)?;
    stands.check(&id)?;
    let state = super::state::from_word(&stands.state).ok_or_else(damaged)?;
    let ended_at = stands.ended_at.as_deref().map(instant).transpose()?;
    if state.is_final() != ended_at.is_some() {
        return Err(damaged().into());
    }
    Ok(RunInfo {
        plan,
        operation,
        mode,
        source,
        digest: self::digest(digest),
        started_at: instant(&started_at)?,
        state,
        updated_at: instant(&stands.at)?,
        ended_at,
        events: from_sql(stands.seq)?,
        lease: LeaseInfo::read(&id, row, 14)?,
        id,
    })
}

/// Whether there is a run of that id.
pub(super) fn exists(connection: &Connection, id: &RunId) -> Result<bool, rusqlite::Error> {
    connection.prepare_cached("SELECT 1 FROM run WHERE id = ?1")?.exists([id.as_str()])
}

/// The runbook as stored, and its digest.
pub(super) fn runbook(connection: &Connection, id: &RunId) -> Result<(String, Digest), Stop> {
    let found: Option<(String, String)> = connection
        .prepare_cached("SELECT runbook, digest FROM run WHERE id = ?1")?
        .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((json, text)) => Ok((json, digest(text))),
        None => Err(StoreError::NoSuchRun { said: id.to_string(), near: None }.into()),
    }
}

/// The run that a person means by `last`, an id, or the start of one.
pub(super) fn find(connection: &Connection, said: &str) -> Result<RunId, Stop> {
    if said == "last" {
        let last: Option<String> = connection
            .query_row("SELECT id FROM run ORDER BY number DESC LIMIT 1", [], |row| row.get(0))
            .optional()?;
        let none = || StoreError::NoSuchRun { said: said.to_owned(), near: None };
        return Ok(RunId::from_text(last.ok_or_else(none)?));
    }
    let id = RunId::from_text(said);
    if exists(connection, &id)? {
        return Ok(id);
    }
    let mut select = connection
        .prepare_cached("SELECT id FROM run WHERE substr(id, 1, length(?1)) = ?1 ORDER BY number")?;
    let candidates: Vec<String> =
        select.query_map(params![said], |row| row.get(0))?.collect::<Result<_, rusqlite::Error>>()?;
    match candidates.as_slice() {
        [one] if !said.is_empty() => Ok(RunId::from_text(one)),
        [_, _, ..] if !said.is_empty() => {
            Err(StoreError::AmbiguousRun { said: said.to_owned(), candidates }.into())
        }
        _ => {
            let known: Vec<String> = connection
                .prepare_cached("SELECT id FROM run ORDER BY number")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, rusqlite::Error>>()?;
            let near = words::did_you_mean(said, known.iter().map(String::as_str));
            Err(StoreError::NoSuchRun { said: said.to_owned(), near }.into())
        }
    }
}

/// A count as SQLite keeps it. Counts of events and epochs stay far below 2⁶³.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count out of a column.
pub(super) fn from_sql(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_| StoreError::Damaged { what: format!("a count of the run log is {number}") })
}

/// An instant out of a column.
pub(super) fn instant(text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|why: String| StoreError::Damaged {
        what: format!("an instant of the run log is damaged: {why}"),
    })
}

/// A digest out of a column. A damaged one fits nothing and is found out by the chain.
pub(super) fn digest(text: String) -> Digest {
    let read: Result<Digest, ValueError> = Digest::deserialize(StringDeserializer::new(text));
    match read {
        Ok(digest) => digest,
        Err(error) => crate::bug!("a digest is any text: {error}"),
    }
}
