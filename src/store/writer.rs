//! The thread that owns the only writing connection. Takes one piece of work and whatever else is
//! queued, commits them together, and only then answers each. Knows no table.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::{mpsc, oneshot};

use crate::base::limits;

use super::StoreError;
use super::room::Room;

/// Why a piece of work stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is refused, before it wrote anything: the others in its commit go on.
    Refused(StoreError),
    /// SQLite failed: nothing of the whole commit is kept.
    Sqlite(rusqlite::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A piece of work inside a commit. It looks before it writes: what it refuses, it refuses before
/// its first write.
trait Work: Send {
    fn perform(&mut self, connection: &Connection) -> Result<(), rusqlite::Error>;
    /// Says how it went; `failed` where the commit did.
    fn answer(self: Box<Self>, failed: Option<&StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    done: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Stop> + Send,
{
    fn perform(&mut self, connection: &Connection) -> Result<(), rusqlite::Error> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match work(connection) {
            Ok(done) => self.done = Some(Ok(done)),
            Err(Stop::Refused(error)) => self.done = Some(Err(error)),
            Err(Stop::Sqlite(error)) => return Err(error),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, failed: Option<&StoreError>) {
        let said = match (failed, self.done) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(done)) => done,
            (None, None) => crate::bug!("a commit succeeded without one of its parts"),
        };
        // Whoever asked may have gone; the commit stands.
        drop(self.reply.send(said));
    }
}

/// The way to the writing thread. When it is dropped, what is queued is still committed.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for dyn Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(limits::STORE_QUEUE_MAX);
        let file = path.clone();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write(connection, waiting, &file))
            .map_err(|error| StoreError::Failed { path: path.clone(), why: error.to_string() })?;
        Ok(Self { path, queue: Some(queue), thread: Some(thread) })
    }

    /// Has the work done in a commit of its own or a shared one. Durable when it returns; where the
    /// future is dropped before that, the work may still be done.
    pub(super) async fn perform<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        let ended = || StoreError::Failed { path: self.path.clone(), why: "its writer has ended".to_owned() };
        let (reply, answer) = oneshot::channel();
        let task: Box<dyn Work> = Box::new(Task { work: Some(work), done: None, reply });
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        queue.send(task).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so; everybody who waited for it was told.
            drop(thread.join());
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the thread owns the connection and closes it at its end")]
fn write(connection: Connection, mut waiting: mpsc::Receiver<Box<dyn Work>>, path: &Path) {
    let mut room = Room::beside(path);
    let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(limits::STORE_GROUP_MAX);
    // After a failed sync nobody knows what the disk holds: nothing is written by this process again.
    let mut broken: Option<StoreError> = None;
    let mut wrote = false;
    while waiting.blocking_recv_many(&mut group, limits::STORE_GROUP_MAX) > 0 {
        let failed = match &broken {
            Some(error) => Some(error.clone()),
            None => {
                let done = commit(&connection, &mut room, &mut group);
                done.err().map(|error| StoreError::of_sqlite(path, &error))
            }
        };
        wrote |= failed.is_none();
        broken = failed.clone().filter(StoreError::is_fatal);
        for work in group.drain(..) {
            work.answer(failed.as_ref());
        }
    }
    if broken.is_none() && wrote {
        // Only tidies: a log that stays is read by whoever opens the file next.
        drop(connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false));
        drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    }
}

/// Statements kept prepared, not a transaction of the binding's: that parses both anew for each commit.
fn commit(
    connection: &Connection,
    room: &mut Room,
    group: &mut [Box<dyn Work>],
) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    room.make();
    let done = group
        .iter_mut()
        .try_for_each(|work| work.perform(connection))
        .and_then(|()| connection.prepare_cached("COMMIT")?.execute([]).map(drop));
    // Where a commit failed for want of space SQLite has rolled it back already.
    if done.is_err() && !connection.is_autocommit() {
        // What stays open makes the next commit fail.
        drop(connection.execute_batch("ROLLBACK"));
    }
    done
}
