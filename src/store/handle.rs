//! The store as others hold it: writes go to the writing thread, reads to connections of their own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::base::{Digest, Timestamp};
use crate::event::{Claim, Event, EventLine, Evidence, Person, Seal};
use crate::runbook::Runbook;

use super::connect::{self, OpenFor, ReadFrom};
use super::writer::{Stop, Writer};
use super::{
    Answer, EventReader, NewRun, OperatorRequest, Owner, RequestId, RunId, RunInfo, RunSummary, StoreError,
    append, folder, lease, mark, request, rows, seal, start,
};

/// Reading connections kept open: the driver's, and a few readers beside it.
const READERS_KEPT_MAX: usize = 4;
/// Ids tried before a new run is refused: they differ in four digits.
const ID_ATTEMPTS_MAX: u32 = 1000;

/// A folder beside the store's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subfolder {
    /// What programs printed.
    Output,
    /// Keys of this installation.
    Keys,
    /// What simulated estates keep.
    Estates,
}

/// A state folder, opened. Several processes may have it open; each write is one transaction.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    readers: Arc<Readers>,
    writer: Option<Writer>,
    marks: mark::Marks,
    started: AtomicU64,
}

impl Store {
    /// Opens a state folder. For writing it is made where missing.
    ///
    /// # Errors
    /// `NoStore` (for reading), `Folder`, `ReadOnly`, `NoSpace`, `NotOurs`, `Version`, `InUse`, `Network`,
    /// `Damaged`, `Failed`.
    pub fn open(folder: &Path, how: OpenFor) -> Result<Self, StoreError> {
        let (from, writer) = match how {
            OpenFor::Write => {
                let (connection, from) = connect::for_writing(folder)?;
                let writer = Writer::start(connection, from.path.clone())?;
                (from, Some(writer))
            }
            OpenFor::Read => (connect::for_reading(folder)?, None),
        };
        let marks = mark::Marks::beside(&from.path);
        let readers = Arc::new(Readers { from, idle: Mutex::new(Vec::new()) });
        Ok(Self { folder: folder.to_owned(), readers, writer, marks, started: AtomicU64::new(0) })
    }

    /// The state folder, as it was named.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder beside the store's file, made where missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn subfolder(&self, which: Subfolder) -> Result<PathBuf, StoreError> {
        let name = match which {
            Subfolder::Output => "output",
            Subfolder::Keys => "keys",
            Subfolder::Estates => "estates",
        };
        let path = self.folder.join(name);
        folder::create_folder(&path)?;
        Ok(path)
    }

    /// An id that no run has.
    ///
    /// # Errors
    /// The store cannot be read; `RunExists` where a thousand ids are taken.
    pub fn fresh_run_id(&self, plan: &str, started: Timestamp) -> Result<RunId, StoreError> {
        let owner = Owner::this_process();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let id = RunId::new(plan, started, &owner, self.started.fetch_add(1, Ordering::Relaxed));
            if !self.readers.with(|connection| Ok(rows::exists(connection, &id)?))? {
                return Ok(id);
            }
            if attempt == ID_ATTEMPTS_MAX {
                return Err(StoreError::RunExists { run: id });
            }
        }
    }

    /// Begins a run: runbook, first events and machine locks, all or nothing. Nobody drives it yet.
    ///
    /// # Errors
    /// `RunExists`, `MachineHeld`, `OutOfOrder`, and what any write may meet.
    pub async fn create_run(&self, new: NewRun, first: Vec<EventLine>) -> Result<(), StoreError> {
        let (run, last) = (new.id.clone(), first.last().map_or(0, |line| line.seq));
        self.write(move |connection| start::create(connection, &new, &first)).await?;
        self.marks.note(&run, last);
        Ok(())
    }

    /// Adds events. Durable when it returns. A final summary releases the run's machines and answers
    /// its open requests.
    ///
    /// # Errors
    /// `LeaseLost`, `OutOfOrder`, `RunOver`; `NoSpace` and `InUse`, after which the same call may be made
    /// again; anything else is the end of this process's writing.
    pub async fn append(
        &self,
        run: &RunId,
        epoch: u64,
        lines: Vec<EventLine>,
        summary: RunSummary,
    ) -> Result<(), StoreError> {
        self.append_answering(run, epoch, lines, summary, Vec::new()).await
    }

    /// As `append`, with the answers to the requests that the events come from: a crash cannot part them.
    ///
    /// # Errors
    /// As `append`, and `NoSuchRequest` where one is not open.
    pub async fn append_answering(
        &self,
        run: &RunId,
        epoch: u64,
        lines: Vec<EventLine>,
        summary: RunSummary,
        answers: Vec<Answer>,
    ) -> Result<(), StoreError> {
        let (noted, last) = (run.clone(), lines.last().map_or(0, |line| line.seq));
        let batch = append::Batch { run: run.clone(), epoch, lines, summary, answers };
        self.write(move |connection| append::append(connection, &batch)).await?;
        self.marks.note(&noted, last);
        Ok(())
    }

    /// Becomes the driver of a run and returns the epoch: one more than any before.
    ///
    /// # Errors
    /// `LeaseHeld` where somebody may still be driving, `NoSuchRun`, `Lost`, and what any write may meet.
    pub async fn take_lease(&self, run: &RunId, owner: &Owner, now: Timestamp) -> Result<u64, StoreError> {
        self.refuse_lost(run)?;
        let (run, owner) = (run.clone(), owner.clone());
        self.write(move |connection| lease::take(connection, &run, &owner, now)).await
    }

    /// Stays the driver for `limits::LEASE` from `now`.
    ///
    /// # Errors
    /// `LeaseLost`, and what any write may meet.
    pub async fn renew_lease(&self, run: &RunId, epoch: u64, now: Timestamp) -> Result<(), StoreError> {
        let run = run.clone();
        self.write(move |connection| lease::renew(connection, &run, epoch, now)).await
    }

    /// Stops being the driver: anybody may take over at once.
    ///
    /// # Errors
    /// `LeaseLost`, and what any write may meet.
    pub async fn release_lease(&self, run: &RunId, epoch: u64) -> Result<(), StoreError> {
        let run = run.clone();
        self.write(move |connection| lease::release(connection, &run, epoch)).await
    }

    /// Records what an operator asks; whoever drives the run acts on it.
    ///
    /// # Errors
    /// `NoSuchRun`, `RunOver`, `TooManyRequests`, `Lost`, and what any write may meet.
    pub async fn post_request(
        &self,
        run: &RunId,
        by: &Person,
        body: &serde_json::Value,
        at: Timestamp,
    ) -> Result<RequestId, StoreError> {
        let by = match serde_json::to_string(by) {
            Ok(by) => by,
            Err(error) => crate::bug!("a person does not serialize: {error}"),
        };
        self.refuse_lost(run)?;
        let (run, body) = (run.clone(), body.to_string());
        let id = self.write(move |connection| request::post(connection, &run, &by, &body, at)).await?;
        self.marks.note_request(id);
        Ok(id)
    }

    /// Answers a request without an event.
    ///
    /// # Errors
    /// `LeaseLost`, `NoSuchRequest`, and what any write may meet.
    pub async fn answer_request(&self, run: &RunId, epoch: u64, answer: Answer) -> Result<(), StoreError> {
        let run = run.clone();
        self.write(move |connection| {
            append::check_epoch(connection, &run, epoch)?;
            request::check_open(connection, &run, answer.id)?;
            Ok(request::answer(connection, &answer)?)
        })
        .await
    }

    /// The requests of a run that nobody has answered, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn open_requests(&self, run: &RunId) -> Result<Vec<OperatorRequest>, StoreError> {
        self.readers.with(|connection| request::open(connection, run))
    }

    /// A request, so that whoever posted it can wait for the answer.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn request(&self, id: RequestId) -> Result<Option<OperatorRequest>, StoreError> {
        self.readers.with(|connection| request::find(connection, id))
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn runs(&self) -> Result<Vec<RunInfo>, StoreError> {
        let marked = mark::runs(&self.readers.from.path);
        let runs = self.readers.with(rows::runs)?;
        self.check_marked(marked, "")?;
        Ok(runs)
    }

    /// Refuses where a run whose id starts so has a mark and is in the store no more.
    fn check_marked(&self, marked: BTreeSet<RunId>, start: &str) -> Result<(), StoreError> {
        let path = &self.readers.from.path;
        for run in marked.into_iter().filter(|run| run.as_str().starts_with(start)) {
            if !self.readers.with(|connection| Ok(rows::exists(connection, &run)?))? {
                mark::check(path, &run, mark::last(path, &run), 0)?;
            }
        }
        Ok(())
    }

    /// Refuses a run whose log ends before its mark, before anything is written over what is left of it.
    fn refuse_lost(&self, run: &RunId) -> Result<(), StoreError> {
        let path = &self.readers.from.path;
        let marked = mark::last(path, run);
        mark::check(path, run, marked, self.run(run)?.events)
    }

    /// How a run stands.
    ///
    /// # Errors
    /// `NoSuchRun`; the store cannot be read.
    pub fn run(&self, run: &RunId) -> Result<RunInfo, StoreError> {
        self.readers.with(|connection| rows::run(connection, run))
    }

    /// The run that a person means: `last`, an id, or any unique start of one.
    ///
    /// # Errors
    /// `NoSuchRun`, `AmbiguousRun`; the store cannot be read.
    pub fn find_run(&self, said: &str) -> Result<RunId, StoreError> {
        let marked = mark::runs(&self.readers.from.path);
        let found = self.readers.with(|connection| rows::find(connection, said));
        let start = if said == "last" { "" } else { said };
        if start.is_empty() || matches!(found, Err(StoreError::NoSuchRun { .. })) {
            self.check_marked(marked, start)?;
        }
        found
    }

    /// What a run runs, checked against its digest.
    ///
    /// # Errors
    /// `NoSuchRun`, `Damaged`; the store cannot be read.
    pub fn runbook(&self, run: &RunId) -> Result<Runbook, StoreError> {
        let (json, digest) = self.readers.with(|connection| rows::runbook(connection, run))?;
        if Digest::of(&[json.as_bytes()]) != digest {
            let what = format!("the runbook of run `{run}` does not fit its digest");
            return Err(StoreError::Damaged { what });
        }
        serde_json::from_str(&json).map_err(|error| StoreError::Damaged {
            what: format!("the runbook of run `{run}` cannot be read: {error}"),
        })
    }

    /// The events of a run from number `from` on (1 is the first), each checked against the one before.
    ///
    /// # Errors
    /// `NoSuchRun`, `Damaged`; the store cannot be read.
    pub fn events(&self, run: &RunId, from: u64) -> Result<EventReader, StoreError> {
        EventReader::new(Arc::clone(&self.readers), run, from)
    }

    /// A run as it is handed on, unchecked: whoever gets it verifies it.
    ///
    /// # Errors
    /// `NoSuchRun`; the store cannot be read.
    pub fn evidence(&self, run: &RunId) -> Result<Evidence, StoreError> {
        self.readers.with(|connection| seal::evidence(connection, run))
    }

    /// The seal of a run; none of one that has not ended or was not signed yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn seal_of(&self, run: &RunId) -> Result<Option<Seal>, StoreError> {
        self.readers.with(|connection| Ok(seal::find(connection, run)?))
    }

    /// Keeps the seal of an ended run, durably. The first one stays.
    ///
    /// # Errors
    /// `NoSuchRun`; `OutOfOrder` where the claim is not that of the log's end, or the run has not ended;
    /// and what any write may meet.
    pub async fn keep_seal(&self, run: &RunId, claim: &Claim, seal: &Seal) -> Result<(), StoreError> {
        let (run, claim, seal) = (run.clone(), claim.clone(), seal.clone());
        self.write(move |connection| seal::keep(connection, &run, &claim, &seal)).await
    }

    /// The last `count` events of a run, in order.
    ///
    /// # Errors
    /// As `events`.
    pub fn tail(&self, run: &RunId, count: usize) -> Result<Vec<Event>, StoreError> {
        let last = self.run(run)?.events;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.events(run, last.saturating_sub(count).saturating_add(1))?.collect()
    }

    /// Writes a consistent copy of the store into a new file, durably. The file alone is not one: the
    /// latest commits are in the log beside it.
    ///
    /// # Errors
    /// The file exists, or cannot be written.
    pub fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        if path.exists() {
            let why = "it exists already".to_owned();
            return Err(StoreError::Folder { path: path.to_owned(), doing: "created", why });
        }
        let Some(name) = path.to_str() else {
            let why = "its name is not UTF-8".to_owned();
            return Err(StoreError::Folder { path: path.to_owned(), doing: "created", why });
        };
        let connection = self.readers.from.connect()?;
        connection.execute("VACUUM INTO ?1", [name]).map_err(|error| StoreError::of_sqlite(path, &error))?;
        // SQLite does not sync what it vacuums into.
        let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::of_system(path, "synced", &error))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        folder::sync_folder(parent.unwrap_or(Path::new(".")))
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.perform(work).await,
            None => Err(StoreError::ReadOnly { path: self.readers.from.path.clone() }),
        }
    }
}

/// Reading connections, opened when needed and kept.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) from: ReadFrom,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Reads with a connection that nobody else uses meanwhile.
    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Stop>) -> Result<T, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.from.connect()?,
        };
        let done = read(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT_MAX {
            idle.push(connection);
        }
        drop(idle);
        done.map_err(|stop| match stop {
            Stop::Refused(error) => error,
            Stop::Sqlite(error) => StoreError::of_sqlite(&self.from.path, &error),
        })
    }
}
