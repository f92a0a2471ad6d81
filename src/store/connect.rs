//! Opens connections: the one that writes, with every setting read back, and those that only read.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::base::limits;

use super::schema::{APPLICATION_ID, MIGRATIONS};
use super::{StoreError, folder, mark, sums};

/// What a store is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenFor {
    /// Reads and writes; the folder and the file are made where missing.
    Write,
    /// Only reads; nothing is made.
    Read,
}

/// A connection is used by one thread at a time, so SQLite need not lock it.
const ALONE: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
/// Statements kept prepared by one connection: more than there are.
const STATEMENTS_MAX: usize = 64;
/// Pages kept by the writing connection, in KiB, as measured: 64 MiB.
const WRITER_CACHE: i64 = -65_536;
/// What is left of the write-ahead log's file once it was emptied.
const WAL_LEFT_BYTES: i64 = 64 * 1024 * 1024;

/// How further reading connections are opened.
#[derive(Clone, Debug)]
pub(super) struct ReadFrom {
    /// The file.
    pub path: PathBuf,
    /// Nobody can write the file, so it is read without locks and without its shared memory.
    frozen: bool,
}

/// The writing connection of a state folder, its tables up to date.
pub(super) fn for_writing(folder: &Path) -> Result<(Connection, ReadFrom), StoreError> {
    let path = folder::create(folder)?;
    sums::check_head(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | ALONE;
    let mut connection =
        Connection::open_with_flags(&path, flags).map_err(|error| StoreError::of_sqlite(&path, &error))?;
    // SQLite opens what it may only read without a word.
    if connection.is_readonly("main").unwrap_or(false) {
        return Err(StoreError::ReadOnly { path });
    }
    settle(&connection, &path)?;
    let sqlite = |error: rusqlite::Error| StoreError::of_sqlite(&path, &error);
    // Whoever opens a damaged file and writes nothing leaves file and log as they were.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sqlite)?;
    // Before the file is turned to a write-ahead log, it has to be ours.
    if refuse_foreign(&connection, &path)? == 0 {
        mark::check_empty(&path)?;
    }
    pragmas(&connection, &path)?;
    migrate(&mut connection, &path)?;
    sums::check_small(&connection, &path)?;
    mark::check_requests(&path, &connection)?;
    connection.execute_batch("PRAGMA wal_autocheckpoint = 1000").map_err(sqlite)?;
    Ok((connection, ReadFrom { path, frozen: false }))
}

/// How to read a state folder that is there already.
pub(super) fn for_reading(folder: &Path) -> Result<ReadFrom, StoreError> {
    let path = folder::find(folder)?;
    sums::check_head(&path)?;
    let live = ReadFrom { path: path.clone(), frozen: false };
    let tried = live.connect().and_then(|connection| refuse_foreign(&connection, &path));
    let (from, version) = match tried {
        Ok(version) => (live, version),
        Err(StoreError::Folder { .. } | StoreError::ReadOnly { .. }) if !has_log(&path) => {
            // A read-only medium: there is no place for the shared memory, and no need for it.
            let frozen = ReadFrom { path: path.clone(), frozen: true };
            let version = refuse_foreign(&frozen.connect()?, &path)?;
            (frozen, version)
        }
        Err(error) => return Err(error),
    };
    match version {
        0 => {
            mark::check_empty(&path)?;
            return Err(StoreError::NoStore { folder: folder.to_owned() });
        }
        found if found < newest() => return Err(StoreError::Version { path, found, ours: newest() }),
        _ => {}
    }
    let connection = from.connect()?;
    sums::check_small(&connection, &path)?;
    mark::check_requests(&path, &connection)?;
    Ok(from)
}

impl ReadFrom {
    /// One more reading connection.
    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let sqlite = |error: rusqlite::Error| StoreError::of_sqlite(&self.path, &error);
        let connection = if self.frozen {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | ALONE;
            Connection::open_with_flags(frozen_uri(&self.path), flags).map_err(sqlite)?
        } else {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | ALONE;
            Connection::open_with_flags(&self.path, flags).map_err(sqlite)?
        };
        settle(&connection, &self.path)?;
        Ok(connection)
    }
}

/// What every connection needs first.
fn settle(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection
        .busy_timeout(limits::STORE_BUSY)
        // Otherwise the planner looks at the values that are bound, and statements kept prepared are
        // prepared anew at every use.
        .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop))
        .and_then(|()| connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"))
        .map_err(|error| StoreError::of_sqlite(path, &error))
}

/// The file's version, after making sure that it is a store of this program and not a newer one.
/// 0 is an empty file.
fn refuse_foreign(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::of_sqlite(path, &error);
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(sqlite);
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let empty = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION_ID && !empty {
        let why = "it is a database of another program".to_owned();
        return Err(StoreError::NotOurs { path: path.to_owned(), why });
    }
    if version > newest() {
        return Err(StoreError::Version { path: path.to_owned(), found: version, ours: newest() });
    }
    if !empty && version < 1 {
        let why = format!("its version is {version}");
        return Err(StoreError::NotOurs { path: path.to_owned(), why });
    }
    Ok(version)
}

/// Sets what durability rests on and reads it back: SQLite ignores what it cannot do.
fn pragmas(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::of_sqlite(path, &error);
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(sqlite)?;
    if mode != "wal" {
        let why = format!("its journal mode stays `{mode}` where `wal` is needed");
        return Err(StoreError::Failed { path: path.to_owned(), why });
    }
    let busy = i64::try_from(limits::STORE_BUSY.as_millis()).unwrap_or(i64::MAX);
    let mut wanted = vec![
        ("synchronous", 2),
        ("cache_size", WRITER_CACHE),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("journal_size_limit", WAL_LEFT_BYTES),
        ("busy_timeout", busy),
    ];
    if cfg!(target_os = "macos") {
        wanted.push(("fullfsync", 1));
    }
    for (name, value) in wanted {
        // Some answer with a row and some do not.
        connection.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(no_row).map_err(sqlite)?;
        let set: i64 = connection.pragma_query_value(None, name, |row| row.get(0)).map_err(sqlite)?;
        if set != value {
            let why = format!("its setting `{name}` stays {set} where {value} is needed");
            return Err(StoreError::Failed { path: path.to_owned(), why });
        }
    }
    Ok(())
}

fn no_row(error: rusqlite::Error) -> rusqlite::Result<()> {
    if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(()) } else { Err(error) }
}

/// Brings the tables up to date in one transaction. Of two processes, one does it.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::of_sqlite(path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let found = refuse_foreign(&transaction, path)?;
    let done = usize::try_from(found).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step).map_err(sqlite)?;
    }
    if found != newest() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
        transaction.pragma_update(None, "user_version", newest()).map_err(sqlite)?;
    }
    transaction.commit().map_err(sqlite)
}

/// The version that this program writes.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Whether there is a write-ahead log with something in it.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// The file as a URI that tells SQLite that nothing changes it.
fn frozen_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte))
            }
            _ => {
                uri.push('%');
                for digit in [byte >> 4, byte & 15] {
                    uri.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
        }
    }
    uri.push_str("?immutable=1");
    uri
}
