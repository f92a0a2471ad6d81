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
    connection
        .prepare_cached("INSERT INTO request (run, at, by, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![run.as_str(), at, by, body])?;
    let id = RequestId(connection.last_insert_rowid());
    connection
        .prepare_cached("UPDATE request SET sum = ?2 WHERE id = ?1")?
        .execute(params![id.0, asked_sum(id, run, &at, by, body)])?;
    Ok(id)
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
    let asked: Option<String> = connection
        .prepare_cached("SELECT sum FROM request WHERE id = ?1")?
        .query_row([answer.id.0], |row| row.get(0))?;
    let at = answer.at.to_string();
    let sum = asked.map(|asked| answered_sum(&asked, &at, answer.accepted, &answer.text));
    connection
        .prepare_cached(
            "UPDATE request SET handled_at = ?2, accepted = ?3, answer = ?4, sum = ?5 WHERE id = ?1",
        )?
        .execute(params![answer.id.0, at, answer.accepted, answer.text, sum])?;
    Ok(())
}

/// The sum of an open request's row.
fn asked_sum(id: RequestId, run: &RunId, at: &str, by: &str, body: &str) -> String {
    sums::of(&[&id.to_string(), run.as_str(), at, by, body])
}

/// The sum of an answered request's row, whose sum was `asked` while it was open.
fn answered_sum(asked: &str, at: &str, accepted: bool, text: &str) -> String {
    sums::of(&[asked, at, if accepted { "accepted" } else { "refused" }, text])
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
    let open: Vec<i64> = connection
        .prepare_cached("SELECT id FROM request WHERE run = ?1 AND handled_at IS NULL")?
        .query_map([run.as_str()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in open {
        answer(connection, &Answer { id: RequestId(id), at: summary.at, accepted: false, text: over(run) })?;
    }
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
    let answer = match row.get::<_, Option<String>>(5)? {
        Some(at) => Some((at, row.get::<_, bool>(6)?, row.get::<_, Option<String>>(7)?.unwrap_or_default())),
        None => None,
    };
    let sum: Option<String> = row.get(8)?;
    let sum_now = || {
        let asked = asked_sum(id, &run, &at, &by, &body);
        answer
            .as_ref()
            .map_or_else(|| asked.clone(), |(at, accepted, text)| answered_sum(&asked, at, *accepted, text))
    };
    sums::check(sum.as_deref(), sum_now, format_args!("request {id} of run `{run}`"))?;
    let by = serde_json::from_str(&by).map_err(|_| damaged())?;
    let body = serde_json::from_str(&body).map_err(|_| damaged())?;
    let answer = match answer {
        Some((at, accepted, text)) => Some(Answer { id, at: rows::instant(&at)?, accepted, text }),
        None => None,
    };
    let at = rows::instant(&at)?;
    Ok(OperatorRequest { id, run, at, by, body, answer })
}
