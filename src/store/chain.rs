//! Reads a run log page by page and checks that every event fits the one before, up to the last one
//! that was ever recorded.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::base::{Digest, limits};
use crate::event::{Event, EventLine};

use super::ahead::Ahead;
use super::handle::Readers;
use super::writer::Stop;
use super::{RunId, StoreError, append, mark, rows};

/// The events of a run in order. After an error there is nothing more. At the end it may be asked
/// again: it then looks for events that came since.
#[derive(Debug)]
pub struct EventReader {
    readers: Arc<Readers>,
    run: RunId,
    /// The last event given out.
    seq: u64,
    digest: Digest,
    /// Lines whose chain was checked.
    page: std::vec::IntoIter<EventLine>,
    /// Reads on while there is much to read.
    ahead: Option<Ahead>,
    failed: bool,
}

impl EventReader {
    /// From event `from` (1 is the first) on.
    pub(super) fn new(readers: Arc<Readers>, run: &RunId, from: u64) -> Result<Self, StoreError> {
        let seq = from.saturating_sub(1);
        let digest = readers.with(|connection| before(connection, run, seq))?;
        let (run, page) = (run.clone(), Vec::new().into_iter());
        Ok(Self { readers, run, seq, digest, page, ahead: None, failed: false })
    }

    /// The number of the last event given out; 0 before the first.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The digest that the next event follows.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    fn read(&mut self) -> Result<Option<Event>, StoreError> {
        let line = match self.page.next() {
            Some(line) => line,
            None => {
                self.page = self.next_page()?.into_iter();
                match self.page.next() {
                    Some(line) => line,
                    None => return Ok(None),
                }
            }
        };
        let event = line.event().map_err(|why| damaged(&self.run, &why))?;
        self.seq = line.seq;
        self.digest = line.digest;
        Ok(Some(event))
    }

    /// The lines after the last one; none is the end.
    fn next_page(&mut self) -> Result<Vec<EventLine>, StoreError> {
        if let Some(page) = self.ahead.as_ref().and_then(Ahead::next) {
            return page;
        }
        self.ahead = None;
        let marked = mark::last(&self.readers.from.path, &self.run);
        let page = checked_page(&self.readers, &self.run, self.seq, &self.digest)?;
        match page.last() {
            None => mark::check(&self.readers.from.path, &self.run, marked, self.seq)?,
            Some(last) if is_full(&page) => {
                self.ahead = Ahead::start(&self.readers, &self.run, last.seq, &last.digest);
            }
            Some(_) => {}
        }
        Ok(page)
    }
}

impl Iterator for EventReader {
    type Item = Result<Event, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read().transpose();
        self.failed = matches!(read, Some(Err(_)));
        read
    }
}

fn damaged(run: &RunId, why: &str) -> StoreError {
    StoreError::Damaged { what: format!("the log of run `{run}` is damaged: {why}") }
}

/// The digest that event `seq` + 1 follows: the runbook's before the first.
fn before(connection: &Connection, run: &RunId, seq: u64) -> Result<Digest, Stop> {
    let found: Option<String> = if seq == 0 {
        connection
            .prepare_cached("SELECT digest FROM run WHERE id = ?1")?
            .query_row([run.as_str()], |row| row.get(0))
            .optional()?
    } else {
        connection
            .prepare_cached("SELECT digest FROM event WHERE run = ?1 AND seq = ?2")?
            .query_row(params![run.as_str(), rows::to_sql(seq)], |row| row.get(0))
            .optional()?
    };
    match found {
        Some(digest) => Ok(rows::digest(digest)),
        None if seq > 0 && rows::exists(connection, run)? => {
            Err(damaged(run, &format!("event {seq} is missing")).into())
        }
        None => Err(StoreError::NoSuchRun { said: run.to_string(), near: None }.into()),
    }
}

/// The lines after event `seq`, which has `digest`, up to one that does not fit the one before it; an error
/// where that is the first. No line is the end.
pub(super) fn checked_page(
    readers: &Readers,
    run: &RunId,
    seq: u64,
    digest: &Digest,
) -> Result<Vec<EventLine>, StoreError> {
    let mut lines = readers.with(|connection| page(connection, run, seq, digest))?;
    let (mut last, mut before) = (seq, digest);
    let mut broken = None;
    for line in &lines {
        if line.seq != last + 1 {
            broken = Some(format!("event {} is missing", last + 1));
        } else if let Err(why) = line.follows(before) {
            broken = Some(why);
        }
        if broken.is_some() {
            break;
        }
        (last, before) = (line.seq, &line.digest);
    }
    match broken {
        Some(why) if last == seq => Err(damaged(run, &why)),
        Some(_) => {
            lines.retain(|line| line.seq <= last);
            Ok(lines)
        }
        None => Ok(lines),
    }
}

fn is_full(page: &[EventLine]) -> bool {
    i64::try_from(page.len()).is_ok_and(|lines| lines >= limits::STORE_PAGE_EVENTS)
}

/// The lines after event `seq`, which has `digest`. No line is the end, and the end has to be where
/// the summary row says it is.
fn page(connection: &Connection, run: &RunId, seq: u64, digest: &Digest) -> Result<Vec<EventLine>, Stop> {
    // One transaction: a driver may be writing.
    let transaction = connection.unchecked_transaction()?;
    let mut select = transaction.prepare_cached(
        "SELECT seq, body, digest FROM event WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut found = select.query(params![run.as_str(), rows::to_sql(seq), limits::STORE_PAGE_EVENTS])?;
    let mut lines = Vec::new();
    while let Some(row) = found.next()? {
        let seq = rows::from_sql(row.get(0)?)?;
        lines.push(EventLine { seq, body: row.get(1)?, digest: rows::digest(row.get(2)?) });
    }
    if lines.is_empty() {
        let end = append::end(&transaction, run)?;
        if end.seq > seq {
            return Err(damaged(run, &format!("event {} is missing", seq + 1)).into());
        }
        if end.seq < seq || end.digest != *digest {
            return Err(damaged(run, &format!("event {seq} is not the last one that was recorded")).into());
        }
    }
    Ok(lines)
}
