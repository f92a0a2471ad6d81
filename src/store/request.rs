//! What operators ask of a run from any terminal: recorded, answered by the driver, kept.

use std::fmt;

use rusqlite::{Connection, Row, params};

use crate::base::{Timestamp, limits};
use crate::event::Person;

use super::writer::Stop;
use super::{RunId, RunSummary, StoreError, append, rows, sums};

/// The number of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(i64);

impl RequestId {
    /// The number as a store counts them.
    pub(super) const fn of(number: i64) -> Self {
        Self(number)
    }

    pub(super) const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The driver's answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Which.
    pub id: RequestId,
    /// When.
    pub at: Timestamp,
    /// Whether it was done.
    pub accepted: bool,
    /// What is to be said to the person.
    pub text: String,
}

/// A request as recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct OperatorRequest {
    /// Its number; later ones are greater.
    pub id: RequestId,
    /// Of which run.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Person,
    /// What, in the words of driver and command line.
    pub body: serde_json::Value,
    /// The answer; none while it is open.
    pub answer: Option<Answer>,
}

/// Records a request of a run that has not ended.
pub(super) fn post(
    connection: &Connection,
    run: &RunId,
    by: &str,
    body: &str,
    at: Timestamp,
) -> Result<RequestId, Stop> {
    if append::end(connection, run)?.ended {
        return Err(StoreError::RunOver { run: run.clone() }.into());
    }
    let open: i64 = connection
        .prepare_cached("SELECT count(*) FROM request WHERE run = ?1 AND handled_at IS NULL")?
        .query_row([run.as_str()], |row| row.get(0))?;
    if usize::try_from(open).is_ok_and(|open| open >= limits::REQUESTS_OPEN_MAX) {
        let count = limits::REQUESTS_OPEN_MAX;
        return Err(StoreError::TooManyRequests { run: run.clone(), count }.into());
    }
    let at = at.to_string();
    let sum = sums::of(&[run.as_str(), &at, by, body]);
    connection
        .prepare_cached("INSERT INTO request (run, at, by, body, sum) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![run.as_str(), at, by, body, sum])?;
    Ok(RequestId(connection.last_insert_rowid()))
}

/// Refuses to answer what is not open.
pub(super) fn check_open(connection: &Connection, run: &RunId, id: RequestId) -> Result<(), Stop> {
    let open = connection
        .prepare_cached("SELECT 1 FROM request WHERE id = ?1 AND run = ?2 AND handled_at IS NULL")?
        .exists(params![id.0, run.as_str()])?;
    if open { Ok(()) } else { Err(StoreError::NoSuchRequest { run: run.clone(), id }.into()) }
}

/// Records the answer to a request that was checked to be open.
pub(super) fn answer(connection: &Connection, answer: &Answer) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("UPDATE request SET handled_at = ?2, accepted = ?3, answer = ?4 WHERE id = ?1")?
        .execute(params![answer.id.0, answer.at.to_string(), answer.accepted, answer.text])?;
    Ok(())
}

/// What is said to a request that was open when its run ended.
pub(super) fn over(run: &RunId) -> String {
    StoreError::RunOver { run: run.clone() }.to_string()
}

/// Answers what is open when a run ends, so that nobody waits for ever.
pub(super) fn close(
    connection: &Connection,
    run: &RunId,
    summary: &RunSummary,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "UPDATE request SET handled_at = ?2, accepted = 0, answer = ?3
             WHERE run = ?1 AND handled_at IS NULL",
        )?
        .execute(params![run.as_str(), summary.at.to_string(), over(run)])?;
    Ok(())
}

const COLUMNS: &str = "SELECT id, run, at, by, body, handled_at, accepted, answer, sum FROM request";

/// The open requests of a run, oldest first.
pub(super) fn open(connection: &Connection, run: &RunId) -> Result<Vec<OperatorRequest>, Stop> {
    let sql = format!("{COLUMNS} WHERE run = ?1 AND handled_at IS NULL ORDER BY id");
    let mut select = connection.prepare_cached(&sql)?;
    let mut found = select.query([run.as_str()])?;
    let mut requests = Vec::new();
    while let Some(row) = found.next()? {
        requests.push(read(row)?);
    }
    Ok(requests)
}

/// A request by its number.
pub(super) fn find(connection: &Connection, id: RequestId) -> Result<Option<OperatorRequest>, Stop> {
    let mut select = connection.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    let mut found = select.query([id.0])?;
    found.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<OperatorRequest, Stop> {
    let id = RequestId(row.get(0)?);
    let run = RunId::from_text(row.get::<_, String>(1)?);
    let damaged = || StoreError::Damaged { what: format!("request {id} of run `{run}` cannot be read") };
    let (at, by, body): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    // What was asked; the answer only says what the run log says.
    let sum: Option<String> = row.get(8)?;
    let sum_now = || sums::of(&[run.as_str(), &at, &by, &body]);
    sums::check(sum.as_deref(), sum_now, format_args!("request {id} of run `{run}`"))?;
    let by = serde_json::from_str(&by).map_err(|_| damaged())?;
    let body = serde_json::from_str(&body).map_err(|_| damaged())?;
    let answer = match row.get::<_, Option<String>>(5)? {
        Some(at) => Some(Answer {
            id,
            at: rows::instant(&at)?,
            accepted: row.get(6)?,
            text: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
        }),
        None => None,
    };
    let at = rows::instant(&at)?;
    Ok(OperatorRequest { id, run, at, by, body, answer })
}
