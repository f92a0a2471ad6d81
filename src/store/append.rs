//! Adds events to a run log: under the lease's epoch, without a gap, with the summary row and the
//! answers to requests in the same transaction.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::base::Digest;
use crate::event::EventLine;

use super::writer::Stop;
use super::{Answer, RunId, RunSummary, StoreError, request, rows, sums};

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
    StateRow::put(connection, run, &end, summary)?;
    if summary.state.is_final() {
        connection.prepare_cached("DELETE FROM machine_lock WHERE run = ?1")?.execute([run.as_str()])?;
        request::close(connection, run, summary)?;
    }
    Ok(())
}

/// How a run stands by its own account: what it makes of itself, and where its log ends.
pub(super) struct StateRow {
    pub state: String,
    pub at: String,
    pub ended_at: Option<String>,
    pub seq: i64,
    pub digest: String,
    sum: Option<String>,
}

impl StateRow {
    /// From six columns that begin at `first`.
    pub(super) fn read(row: &Row<'_>, first: usize) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            state: row.get(first)?,
            at: row.get(first + 1)?,
            ended_at: row.get(first + 2)?,
            seq: row.get(first + 3)?,
            digest: row.get(first + 4)?,
            sum: row.get(first + 5)?,
        })
    }

    fn of(end: &End, summary: &RunSummary) -> Self {
        let at = summary.at.to_string();
        Self {
            state: summary.state.word().to_owned(),
            ended_at: summary.state.is_final().then(|| at.clone()),
            at,
            seq: rows::to_sql(end.seq),
            digest: end.digest.as_str().to_owned(),
            sum: None,
        }
    }

    fn sum_for(&self, run: &RunId) -> String {
        let ended_at = self.ended_at.as_deref().unwrap_or_default();
        sums::of(&[run.as_str(), &self.state, &self.at, ended_at, &self.seq.to_string(), &self.digest])
    }

    /// Refuses what was never written.
    pub(super) fn check(&self, run: &RunId) -> Result<(), StoreError> {
        sums::check(self.sum.as_deref(), || self.sum_for(run), format_args!("the summary of run `{run}`"))
    }

    /// Writes it.
    pub(super) fn put(
        connection: &Connection,
        run: &RunId,
        end: &End,
        summary: &RunSummary,
    ) -> Result<(), rusqlite::Error> {
        let row = Self::of(end, summary);
        connection
            .prepare_cached(
                "INSERT INTO run_state (run, state, at, ended_at, seq, digest, sum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (run) DO UPDATE
                 SET state = ?2, at = ?3, ended_at = ?4, seq = ?5, digest = ?6, sum = ?7",
            )?
            .execute(params![
                run.as_str(),
                row.state,
                row.at,
                row.ended_at,
                row.seq,
                row.digest,
                row.sum_for(run)
            ])?;
        Ok(())
    }
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
        .prepare_cached("SELECT state, at, ended_at, seq, digest, sum FROM run_state WHERE run = ?1")?
        .query_row([run.as_str()], |row| StateRow::read(row, 0))
        .optional()?;
    let Some(row) = found else {
        return Err(StoreError::NoSuchRun { said: run.to_string(), near: None }.into());
    };
    row.check(run)?;
    Ok(End { seq: rows::from_sql(row.seq)?, digest: rows::digest(row.digest), ended: row.ended_at.is_some() })
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
