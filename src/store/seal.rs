//! Seals of ended runs, and runs as they are handed on: rows as they stand, whatever they hold.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::event::{Claim, EventLine, Evidence, Seal};

use super::writer::Stop;
use super::{RunId, StoreError, append, rows};

/// Keeps a seal whose claim is that of the log's end. Another process may have been faster: its seal
/// stays.
pub(super) fn keep(connection: &Connection, run: &RunId, claim: &Claim, seal: &Seal) -> Result<(), Stop> {
    let end = append::end(connection, run)?;
    if !end.ended || end.seq != claim.events || end.digest != claim.head {
        return Err(StoreError::OutOfOrder { run: run.clone(), seq: claim.events, last: end.seq }.into());
    }
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO seal (run, statement, key, signature) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![run.as_str(), seal.statement, seal.key, seal.signature])?;
    Ok(())
}

/// The seal of a run.
pub(super) fn find(connection: &Connection, run: &RunId) -> Result<Option<Seal>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT statement, key, signature FROM seal WHERE run = ?1")?
        .query_row([run.as_str()], |row| {
            Ok(Seal { statement: row.get(0)?, key: row.get(1)?, signature: row.get(2)? })
        })
        .optional()
}

/// Everything that there is of a run, as one moment shows it.
pub(super) fn evidence(connection: &Connection, run: &RunId) -> Result<Evidence, Stop> {
    // One transaction: a driver may be writing.
    let transaction = connection.unchecked_transaction()?;
    let (runbook, _) = rows::runbook(&transaction, run)?;
    let mut select =
        transaction.prepare_cached("SELECT seq, body, digest FROM event WHERE run = ?1 ORDER BY seq")?;
    let mut found = select.query([run.as_str()])?;
    let mut lines = Vec::new();
    while let Some(row) = found.next()? {
        let seq = rows::from_sql(row.get(0)?)?;
        lines.push(EventLine { seq, body: row.get(1)?, digest: rows::digest(row.get(2)?) });
    }
    Ok(Evidence { run: run.to_string(), runbook, lines, seal: find(&transaction, run)? })
}
