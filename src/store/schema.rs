//! The tables, by version. A version that was ever released is never edited, only followed.

/// `must` in ASCII: says that a SQLite file is a store of this program.
pub(super) const APPLICATION_ID: i64 = 0x6d75_7374;

/// What brings a file from version N to N + 1. The file's version is `user_version`.
pub(super) const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3];

/// What people want to see of an event is read out of its body by a view: it cannot say anything else
/// than what the digest covers, and costs nothing when events are written. The large runbook is apart
/// from `run_state`, which every append writes.
const VERSION_1: &str = "
CREATE TABLE run (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    plan       TEXT NOT NULL,
    operation  TEXT NOT NULL,
    mode       TEXT,
    started_at TEXT NOT NULL,
    source     TEXT NOT NULL,
    digest     TEXT NOT NULL,
    runbook    TEXT NOT NULL
) STRICT;

CREATE TABLE run_state (
    run      TEXT PRIMARY KEY REFERENCES run (id),
    state    TEXT NOT NULL,
    at       TEXT NOT NULL,
    ended_at TEXT,
    seq      INTEGER NOT NULL,
    digest   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    run    TEXT NOT NULL REFERENCES run (id),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    body   TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE VIEW event_seen AS
SELECT run, seq, body ->> '$.at' AS at, body ->> '$.event' AS kind, body, digest FROM event;

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE lease (
    run   TEXT PRIMARY KEY REFERENCES run (id),
    owner TEXT,
    epoch INTEGER NOT NULL,
    until TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE machine_lock (
    estate  TEXT NOT NULL,
    machine TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('real', 'test')),
    run     TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (estate, machine, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_lock_by_run ON machine_lock (run);

CREATE TABLE request (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run        TEXT NOT NULL REFERENCES run (id),
    at         TEXT NOT NULL,
    by         TEXT NOT NULL,
    body       TEXT NOT NULL,
    handled_at TEXT,
    accepted   INTEGER,
    answer     TEXT
) STRICT;
CREATE INDEX request_open ON request (run, id) WHERE handled_at IS NULL;
";

/// The seals of ended runs: a signed statement over each run log.
const VERSION_2: &str = "
CREATE TABLE seal (
    run       TEXT PRIMARY KEY REFERENCES run (id),
    statement TEXT NOT NULL,
    key       TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER seal_is_never_changed BEFORE UPDATE ON seal
BEGIN SELECT RAISE(ABORT, 'seals are never changed'); END;
CREATE TRIGGER seal_is_never_deleted BEFORE DELETE ON seal
BEGIN SELECT RAISE(ABORT, 'seals are never deleted'); END;
";

/// Sums beside the rows that decide something, see `sums.rs`.
const VERSION_3: &str = "
ALTER TABLE run ADD COLUMN sum TEXT;
ALTER TABLE run_state ADD COLUMN sum TEXT;
ALTER TABLE lease ADD COLUMN sum TEXT;
ALTER TABLE machine_lock ADD COLUMN sum TEXT;
ALTER TABLE request ADD COLUMN sum TEXT;
";
