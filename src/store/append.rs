//! Adds events to a run log: under the lease's epoch, without a gap, with the summary row and the
//! answers to requests in the same transaction.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::base::Digest;
use crate::event::EventLine;

use super::writer::Stop;
use super::{Answer, RunId, RunSummary, StoreError, request, rows};

/// What one call of `append` brings.
pub(super) struct Batch {
    pub run: RunId,
    pub epoch: u64,
    pub lines: Vec<EventLine>,
    pub summary: RunSummary,
    pub answers: Vec<Answer>,
}

/// Where a run log ends.
pub(super) struct End {
    pub seq: u64,
    pub digest: Digest,
    pub ended: bool,
}

/// Looks, then writes.
pub(super) fn append(connection: &Connection, batch: &Batch) -> Result<(), Stop> {
    let Batch { run, epoch, lines, summary, answers } = batch;
    let end = end_under(connection, run, *epoch)?;
    if end.ended {
        return Err(StoreError::RunOver { run: run.clone() }.into());
    }
    let end = follow(run, end, lines)?;
    for answer in answers {
        request::check_open(connection, run, answer.id)?;
    }
    insert(connection, run, lines)?;
    for answer in answers {
        request::answer(connection, answer)?;
    }
    connection
        .prepare_cached(
            "UPDATE run_state SET state = ?2, at = ?3, ended_at = ?4, seq = ?5, digest = ?6 WHERE run = ?1",
        )?
        .execute(params![
            run.as_str(),
            summary.state.word(),
            summary.at.to_string(),
            summary.state.is_final().then(|| summary.at.to_string()),
            rows::to_sql(end.seq),
            end.digest.as_str(),
        ])?;
    if summary.state.is_final() {
        connection.prepare_cached("DELETE FROM machine_lock WHERE run = ?1")?.execute([run.as_str()])?;
        request::close(connection, run, summary)?;
    }
    Ok(())
}

/// Refuses a driver whose lease was taken or given back.
pub(super) fn check_epoch(connection: &Connection, run: &RunId, epoch: u64) -> Result<(), Stop> {
    let held: Option<i64> = connection
        .prepare_cached("SELECT epoch FROM lease WHERE run = ?1 AND owner IS NOT NULL")?
        .query_row([run.as_str()], |row| row.get(0))
        .optional()?;
    if held == Some(rows::to_sql(epoch)) {
        Ok(())
    } else {
        Err(StoreError::LeaseLost { run: run.clone(), epoch }.into())
    }
}

/// Where the log of a run ends, for the driver that holds the epoch: both in one look.
fn end_under(connection: &Connection, run: &RunId, epoch: u64) -> Result<End, Stop> {
    let found = connection
        .prepare_cached(
            "SELECT seq, digest, ended_at IS NOT NULL FROM run_state JOIN lease USING (run)
             WHERE run = ?1 AND epoch = ?2 AND owner IS NOT NULL",
        )?
        .query_row(params![run.as_str(), rows::to_sql(epoch)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    match found {
        Some((seq, digest, ended)) => {
            Ok(End { seq: rows::from_sql(seq)?, digest: rows::digest(digest), ended })
        }
        None => Err(StoreError::LeaseLost { run: run.clone(), epoch }.into()),
    }
}

/// Where the log of a run ends.
pub(super) fn end(connection: &Connection, run: &RunId) -> Result<End, Stop> {
    let found = connection
        .prepare_cached("SELECT seq, digest, ended_at IS NOT NULL FROM run_state WHERE run = ?1")?
        .query_row([run.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((seq, digest, ended)) = found else {
        return Err(StoreError::NoSuchRun { said: run.to_string(), near: None }.into());
    };
    Ok(End { seq: rows::from_sql(seq)?, digest: rows::digest(digest), ended })
}

/// The end of the log once the lines were added, which continue it without a gap.
pub(super) fn follow(run: &RunId, end: End, lines: &[EventLine]) -> Result<End, StoreError> {
    let last = end.seq;
    let mut end = end;
    for line in lines {
        let digest = Digest::of(&[end.digest.as_str().as_bytes(), line.body.as_bytes()]);
        if line.seq != end.seq + 1 || digest != line.digest {
            return Err(StoreError::OutOfOrder { run: run.clone(), seq: line.seq, last });
        }
        end = End { seq: line.seq, digest, ended: end.ended };
    }
    Ok(end)
}

/// Writes lines that were checked.
pub(super) fn insert(
    connection: &Connection,
    run: &RunId,
    lines: &[EventLine],
) -> Result<(), rusqlite::Error> {
    let mut insert =
        connection.prepare_cached("INSERT INTO event (run, seq, body, digest) VALUES (?1, ?2, ?3, ?4)")?;
    for line in lines {
        insert.execute(params![run.as_str(), rows::to_sql(line.seq), line.body, line.digest.as_str()])?;
    }
    Ok(())
}
