//! Scripts that outlive the engine. A script runs under a small host process of its own, which
//! writes down how it ended; an engine that comes back finds the end, or the host still at work,
//! or knows that the script never began. Nothing is run twice.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::limits;

use super::program::{self, Ending, Program, ProgramEnd};

/// Who may run the script of a folder: the host, or the engine that gives it up. Whoever makes the
/// file first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Claim {
    Host { pid: u32, started: String },
    GivenUp,
}

/// What became of a script whose engine went away.
#[derive(Debug)]
pub enum ScriptFound {
    /// It ended so.
    Ended(ProgramEnd),
    /// Its host is at work still.
    Running,
    /// It never began, and will not.
    NeverBegan,
    /// It began, and its host died without an end.
    Vanished,
}

/// Why a script's host was not started. Nothing has run.
#[derive(Debug)]
pub enum NotStarted {
    /// For want of space, which may come.
    NoSpace,
    /// For this reason.
    Failed(String),
}

const SPEC: &str = "spec.json";
const CLAIM: &str = "host.json";
const END: &str = "end.json";
/// There while a host waits for space. It is empty, and so it needs none itself.
const WAITS: &str = "waits-for-space";

/// The folder of a script's attempt, below the state folder.
#[must_use]
pub fn folder(output: &Path, run: &str, key: &str) -> PathBuf {
    output.join(run).join(key)
}

/// Starts a script under its host, which is this program's own hidden `script-host` command. Prereq: nothing
/// has run in this folder; an attempt that was given up before it began may have left its files there.
///
/// # Errors
/// The folder cannot be written, or the host does not start. Nothing has run then.
pub fn start(host: &Path, folder: &Path, program: &Program) -> Result<tokio::process::Child, NotStarted> {
    let wrong = |what: &str, error: std::io::Error| {
        if is_full(&error) {
            return NotStarted::NoSpace;
        }
        NotStarted::Failed(format!("{what} `{}`: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| wrong("cannot make", error))?;
    for name in [SPEC, CLAIM, WAITS] {
        let _absent = std::fs::remove_file(folder.join(name));
    }
    let spec = serde_json::to_vec(program).map_err(|error| wrong("cannot write", error.into()))?;
    write_whole(&folder.join(SPEC), &spec).map_err(|error| wrong("cannot write", error))?;
    tokio::process::Command::new(host)
        .arg("script-host")
        .arg(folder)
        .envs(program.env.iter().map(|(key, value)| (key, value)))
        .env(
            "MUSTER_SCRIPT_ENV",
            program.env.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(","),
        )
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| {
            NotStarted::Failed(format!("the host of scripts `{}` does not start: {error}", host.display()))
        })
}

/// The body of the hidden command: runs the script of a folder to its end and writes that down.
///
/// # Errors
/// One sentence; the engine sees a host without an end.
pub async fn host(folder: &Path) -> Result<(), String> {
    let wrong = |error: &dyn std::fmt::Display| format!("`{}`: {error}", folder.display());
    let spec = std::fs::read(folder.join(SPEC)).map_err(|error| wrong(&error))?;
    let mut program: Program = serde_json::from_slice(&spec).map_err(|error| wrong(&error))?;
    let keys = std::env::var("MUSTER_SCRIPT_ENV").unwrap_or_default();
    program.env = keys
        .split(',')
        .filter_map(|key| std::env::var(key).ok().map(|value| (key.to_owned(), value)))
        .collect();
    let pid = std::process::id();
    let claim = Claim::Host { pid, started: started_of(pid).unwrap_or_default() };
    let claimed = when_there_is_space(folder, || claim_folder(folder, &claim)).await;
    if !claimed.map_err(|error| wrong(&error))? {
        return Err(wrong(&"it was given up before it began"));
    }
    let end = program::run(&program).await;
    let json = serde_json::to_vec(&end).map_err(|error| wrong(&error))?;
    for (name, bytes) in [("stdout", &end.stdout), ("stderr", &end.stderr), (END, &json)] {
        let written = when_there_is_space(folder, || write_whole(&folder.join(name), bytes)).await;
        written.map_err(|error| wrong(&error))?;
    }
    Ok(())
}

/// The end of a script is known only here: a full disk is waited for, within a bound.
async fn when_there_is_space<T>(
    folder: &Path,
    mut write: impl FnMut() -> std::io::Result<T>,
) -> std::io::Result<T> {
    let until = tokio::time::Instant::now() + limits::SCRIPT_SPACE_MAX;
    let marker = folder.join(WAITS);
    let mut waited = false;
    loop {
        match write() {
            Err(error) if is_full(&error) && tokio::time::Instant::now() < until => {
                if !waited {
                    // Without it the engine only waits in silence.
                    let _unsaid = std::fs::File::create(&marker);
                }
                waited = true;
                tokio::time::sleep(limits::SPACE_RETRY).await;
            }
            written => {
                if waited {
                    let _unsaid = std::fs::remove_file(&marker);
                }
                return written;
            }
        }
    }
}

/// Whether the host of a script waits for space.
pub(super) fn waits_for_space(folder: &Path) -> bool {
    folder.join(WAITS).exists()
}

/// In words, why a script does not go on.
pub(super) fn no_space(folder: &Path) -> String {
    format!("there is no space left for `{}`", folder.display())
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// The end that a host wrote down, if it did.
#[must_use]
pub fn end(folder: &Path) -> Option<ProgramEnd> {
    let json = std::fs::read(folder.join(END)).ok()?;
    serde_json::from_slice(&json).ok()
}

/// What became of a script whose engine went away. One that had not begun is given up.
///
/// # Errors
/// The folder cannot be read or written.
pub fn find(folder: &Path) -> std::io::Result<ScriptFound> {
    if !folder.join(SPEC).exists() {
        return Ok(ScriptFound::NeverBegan);
    }
    if let Some(end) = end(folder) {
        return Ok(ScriptFound::Ended(end));
    }
    if claim_folder(folder, &Claim::GivenUp)? {
        return Ok(ScriptFound::NeverBegan);
    }
    let claim = std::fs::read(folder.join(CLAIM))?;
    match serde_json::from_slice(&claim) {
        Ok(Claim::GivenUp) => Ok(ScriptFound::NeverBegan),
        Ok(Claim::Host { pid, started }) if started_of(pid).as_ref() == Some(&started) => {
            Ok(ScriptFound::Running)
        }
        // The host may have ended between the two looks.
        Ok(Claim::Host { .. }) => Ok(end(folder).map_or(ScriptFound::Vanished, ScriptFound::Ended)),
        Err(error) => Err(error.into()),
    }
}

/// Waits for the end that a host of an earlier engine writes down.
pub async fn watch(folder: PathBuf) -> ScriptFound {
    loop {
        match find(&folder) {
            Ok(ScriptFound::Running) => tokio::time::sleep(Duration::from_millis(100)).await,
            Ok(found) => return found,
            Err(error) if is_full(&error) => tokio::time::sleep(limits::SPACE_RETRY).await,
            Err(_) => return ScriptFound::Vanished,
        }
    }
}

/// The exit of a script as a person is told it; none after success.
#[must_use]
pub fn failure(end: &ProgramEnd, timeout: Duration) -> Option<(String, String, bool)> {
    let said = if end.last_line.is_empty() { String::new() } else { format!(": {}", end.last_line) };
    match &end.ending {
        Ending::Exited(0) => None,
        Ending::Exited(code) => {
            Some(("exit_status".to_owned(), format!("it exited with status {code}{said}"), false))
        }
        Ending::Signalled(signal) => {
            let name = name_of(*signal).map_or_else(String::new, |name| format!(" ({name})"));
            Some(("killed".to_owned(), format!("it was killed by signal {signal}{name}{said}"), false))
        }
        Ending::TimedOut => {
            let limit = crate::base::time::format_duration(timeout);
            Some((
                "timed_out".to_owned(),
                format!("it did not end within {limit} and was killed{said}"),
                true,
            ))
        }
        Ending::NotStarted(why) => Some(("not_started".to_owned(), why.clone(), false)),
    }
}

/// The name of a signal as Linux numbers it everywhere; none of those that differ or that nobody meets.
const fn name_of(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// Whether this claim was the first.
fn claim_folder(folder: &Path, claim: &Claim) -> std::io::Result<bool> {
    let json = serde_json::to_vec(claim)?;
    // Written aside and linked into place: a claim is there whole or not at all.
    let aside = folder.join(format!("claim-{}", std::process::id()));
    write_whole(&aside, &json)?;
    let linked = std::fs::hard_link(&aside, folder.join(CLAIM));
    let _left = std::fs::remove_file(&aside);
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// When a process began, as the kernel counts it; none if there is no such process, or a dead one.
fn started_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18).map(str::to_owned)).flatten()
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = path.with_extension("part");
    let mut file = std::fs::File::create(&aside)?;
    let written =
        file.write_all(bytes).and_then(|()| file.sync_data()).and_then(|()| std::fs::rename(&aside, path));
    if written.is_err() {
        // A part of it is worth nothing, and on a full disk takes others' room.
        let _left = std::fs::remove_file(&aside);
    }
    written
}
