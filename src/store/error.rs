//! What can go wrong in the state folder, in words for people. Knows no terminal.

use std::path::{Path, PathBuf};

use crate::base::{Timestamp, words};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::{Owner, RequestId, RunId};

/// SQLite's extended code for "the shared-memory file cannot grow": the same full disk as
/// `SQLITE_FULL`, met one file earlier.
const IOERR_SHMSIZE: i32 = 10 | (19 << 8);

/// Why the store did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was ever recorded here.
    #[error("there is no run log in `{}`", .folder.display())]
    NoStore {
        /// The state folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be made, opened or synced.
    #[error("`{}` cannot be {doing}: {why}", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// `created`, `opened`, `synced`.
        doing: &'static str,
        /// The system's words.
        why: String,
    },
    /// The folder or the file may only be read.
    #[error("`{}` can only be read", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full. Nothing was written; the same call may succeed later.
    #[error("there is no space left for `{}`", .path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a run log: {why}", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// The file was written by another version of the program.
    #[error("`{}` has version {found}, this program reads and writes version {ours}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: i64,
        /// This program's.
        ours: i64,
    },
    /// Another process held the file for longer than the limit. Nothing was written.
    #[error("`{}` is held by another process", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The folder lies on a network file system.
    #[error("`{}` lies on a network file system (`{kind}`)", .path.display())]
    Network {
        /// The folder.
        path: PathBuf,
        /// The file system's type.
        kind: String,
    },
    /// What was read is not what was written.
    #[error("{what}")]
    Damaged {
        /// A sentence that names the run and the event, or the file.
        what: String,
    },
    /// Events that were recorded are gone: the log ends too early.
    #[error("{}", lost(.run, *.from, *.last))]
    Lost {
        /// The run.
        run: RunId,
        /// The first event that is gone.
        from: u64,
        /// The last.
        last: u64,
        /// The file that tells.
        mark: PathBuf,
    },
    /// Requests that were recorded are gone: the log ends too early.
    #[error("{}", lost_requests(*.from, *.last))]
    LostRequests {
        /// The first that is gone.
        from: u64,
        /// The last.
        last: u64,
        /// The file that tells.
        mark: PathBuf,
    },
    /// The store itself failed. Whether the last write came about is not known.
    #[error("`{}` failed: {why}", .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Somebody drives the run.
    #[error("run `{run}` is driven by {owner} until {until}")]
    LeaseHeld {
        /// The run.
        run: RunId,
        /// By whom.
        owner: Box<Owner>,
        /// Until when, if it is not renewed.
        until: Timestamp,
    },
    /// Somebody else has taken the run over. Nothing was written.
    #[error("run `{run}` was taken over by another process: this one (epoch {epoch}) drives it no more")]
    LeaseLost {
        /// The run.
        run: RunId,
        /// The epoch that was lost.
        epoch: u64,
    },
    /// A live run has the machine.
    #[error("machine `{machine}` belongs to run `{run}`")]
    MachineHeld {
        /// Its name in the estate.
        machine: String,
        /// The run that holds it.
        run: RunId,
    },
    /// No run of that name.
    #[error("{}", if .said == "last" { "there is no run yet".to_owned() } else { format!("there is no run `{said}`") })]
    NoSuchRun {
        /// What was said.
        said: String,
        /// `did you mean …`, where something is near.
        near: Option<String>,
    },
    /// Several runs begin so.
    #[error("`{said}` is the start of {}", words::list(.candidates, 5))]
    AmbiguousRun {
        /// What was said.
        said: String,
        /// The runs, oldest first.
        candidates: Vec<String>,
    },
    /// The run has ended.
    #[error("run `{run}` has ended")]
    RunOver {
        /// The run.
        run: RunId,
    },
    /// Nobody answers the requests.
    #[error("run `{run}` has {count} unanswered requests, the limit")]
    TooManyRequests {
        /// The run.
        run: RunId,
        /// How many.
        count: usize,
    },
    /// No request of that number that could be answered.
    #[error("run `{run}` has no open request {id}")]
    NoSuchRequest {
        /// The run.
        run: RunId,
        /// The request.
        id: RequestId,
    },
    /// The id is taken.
    #[error("there is a run `{run}` already")]
    RunExists {
        /// The run.
        run: RunId,
    },
    /// The events do not continue the run log. Nothing was written.
    #[error("event {seq} does not continue the log of run `{run}`, which ends at event {last}")]
    OutOfOrder {
        /// The run.
        run: RunId,
        /// The event offered.
        seq: u64,
        /// The last one stored.
        last: u64,
    },
}

impl StoreError {
    /// What SQLite's error means for the file.
    pub(super) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        let Some(told) = error.sqlite_error() else {
            // Without a code of SQLite's it is a value of the wrong type, or none, in a row of ours; or a table
            // or a column that is called otherwise.
            let why = match error {
                rusqlite::Error::SqlInputError { msg, .. } => plain(msg),
                error => plain(&error.to_string()),
            };
            return Self::Damaged {
                what: format!("`{}` holds what was never written: {why}", path.display()),
            };
        };
        let why = plain(&error.to_string());
        if told.extended_code == IOERR_SHMSIZE {
            return Self::NoSpace { path };
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "SQLite's codes are not ours; all others are failures"
        )]
        match told.code {
            Code::DiskFull => Self::NoSpace { path },
            Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed => {
                Self::InUse { path }
            }
            Code::ReadOnly => Self::ReadOnly { path },
            Code::CannotOpen | Code::PermissionDenied | Code::AuthorizationForStatementDenied => {
                Self::Folder { path, doing: "opened", why }
            }
            Code::NotADatabase => Self::NotOurs { path, why },
            Code::DatabaseCorrupt => {
                Self::Damaged { what: format!("`{}` is damaged: {why}", path.display()) }
            }
            _ => Self::Failed { path, why },
        }
    }

    /// What the system's error means for a file or folder.
    pub(super) fn of_system(path: &Path, doing: &'static str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let path = path.to_owned();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the system's kinds are not ours")]
        match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::NoSpace { path },
            Kind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::Folder { path, doing, why: plain(&crate::base::words::system(error)) },
        }
    }

    /// Whether nothing was written and the same call may succeed later: hold, say so, try again.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::NoSpace { .. } | Self::InUse { .. })
    }

    /// Whether the store can no longer be trusted by this process: stop, exit 5.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Failed { .. }
                | Self::Damaged { .. }
                | Self::Lost { .. }
                | Self::LostRequests { .. }
                | Self::Folder { .. }
                | Self::ReadOnly { .. }
        )
    }

    /// The error with its stable code and one action.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let (code, help) = self.code_and_help();
        Diagnostic::placeless(code, self.to_string()).help_if(help)
    }

    fn code_and_help(&self) -> (crate::source::Code, Option<String>) {
        let say = |text: &str| Some(text.to_owned());
        match self {
            Self::NoStore { .. } => (codes::NO_STORE, say("name the folder of the runs with `--state`")),
            Self::Folder { .. } => (
                codes::STATE_FOLDER,
                say("give your user access to it, or name another folder with `--state`"),
            ),
            Self::ReadOnly { .. } => {
                (codes::STATE_READ_ONLY, say("name a folder that can be written with `--state`"))
            }
            Self::NoSpace { .. } => (codes::NO_SPACE, say("free space on that file system")),
            Self::NotOurs { .. } => (codes::NOT_A_STORE, say("name another folder with `--state`")),
            Self::Version { found, ours, .. } if found > ours => {
                (codes::STORE_VERSION, say("use the newer program that wrote it"))
            }
            Self::Version { .. } => {
                (codes::STORE_VERSION, say("run any command that writes once, which brings it up to date"))
            }
            Self::InUse { .. } => {
                (codes::STORE_IN_USE, say("end the program that holds it, such as a backup or `sqlite3`"))
            }
            Self::Network { .. } => {
                (codes::STORE_ON_NETWORK, say("name a folder on a local disk with `--state`"))
            }
            Self::Damaged { .. } => (
                codes::STORE_DAMAGED,
                say("restore the state folder from a backup, and keep this one as evidence"),
            ),
            Self::Lost { mark, .. } | Self::LostRequests { mark, .. } => (
                codes::STORE_DAMAGED,
                Some(format!(
                    "put `muster.db` and `muster.db-wal` back as they were; to go on with what is left, delete `{}`",
                    mark.display()
                )),
            ),
            Self::Failed { .. } => (
                codes::STORE_FAILED,
                say("look at the disk and the system's log, then `muster resume` the run"),
            ),
            Self::LeaseHeld { run, .. } => {
                (codes::LEASE_HELD, Some(format!("watch it with `muster status {run}`")))
            }
            Self::LeaseLost { run, .. } => {
                (codes::LEASE_LOST, Some(format!("watch the other driver with `muster status {run}`")))
            }
            Self::MachineHeld { run, .. } => (
                codes::MACHINE_HELD,
                Some(format!("end that run first; `muster status {run}` says what it waits for")),
            ),
            Self::NoSuchRun { near, .. } => {
                (codes::NO_SUCH_RUN, near.clone().or_else(|| say("`muster runs` lists them")))
            }
            Self::AmbiguousRun { .. } => (codes::AMBIGUOUS_RUN, say("say more of the id")),
            Self::RunOver { run } => {
                (codes::RUN_OVER, Some(format!("`muster report {run}` says how it ended")))
            }
            Self::TooManyRequests { run, .. } => {
                (codes::TOO_MANY_REQUESTS, Some(format!("have somebody drive it with `muster resume {run}`")))
            }
            Self::NoSuchRequest { run, .. } => {
                (codes::NO_SUCH_REQUEST, Some(format!("look at `muster log {run}`")))
            }
            Self::RunExists { .. } => (codes::RUN_EXISTS, say("start it again")),
            Self::OutOfOrder { run, .. } => {
                (codes::OUT_OF_ORDER, Some(format!("read the log again with `muster resume {run}`")))
            }
        }
    }
}

fn lost_requests(from: u64, last: u64) -> String {
    if from == last {
        return format!("request {last} was recorded and is gone");
    }
    format!("requests {from} to {last} were recorded and are gone")
}

fn lost(run: &RunId, from: u64, last: u64) -> String {
    if from == last {
        return format!("event {last} of run `{run}` was recorded and is gone");
    }
    format!("events {from} to {last} of run `{run}` were recorded and are gone")
}

/// Another program's words as the end of a sentence of ours: one line, no full stop.
pub(super) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}
