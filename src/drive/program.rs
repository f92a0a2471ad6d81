//! Runs a program to its end: bounded output, bounded time, its whole process group gone afterwards.

use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::base::limits;

/// A program to run: argv, never a shell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// Program and arguments; at least the program.
    pub argv: Vec<String>,
    /// Where it runs.
    pub folder: std::path::PathBuf,
    /// Its environment besides the few variables that every program gets. Never written down: it may
    /// hold secrets.
    #[serde(skip)]
    pub env: Vec<(String, String)>,
    /// Handed to it on standard input.
    pub stdin: String,
    /// Its limit.
    #[serde(with = "crate::base::time::duration_text")]
    pub timeout: Duration,
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Its time was up, and its process group was killed.
    TimedOut,
    /// It did not start.
    NotStarted(String),
}

/// The end of a program and what it printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProgramEnd {
    /// How.
    pub ending: Ending,
    /// The beginning of standard output.
    #[serde(skip)]
    pub stdout: Vec<u8>,
    /// The beginning of standard error.
    #[serde(skip)]
    pub stderr: Vec<u8>,
    /// Bytes printed past the limit and not kept.
    pub dropped: u64,
    /// The last line printed, for people; empty if none.
    pub last_line: String,
}

/// What is passed on of our own environment. All else stays here, secrets among it.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR"];

/// Runs it to its end. Dropping the future kills it.
pub async fn run(program: &Program) -> ProgramEnd {
    let not_started = |message: String| ProgramEnd {
        ending: Ending::NotStarted(message),
        stdout: Vec::new(),
        stderr: Vec::new(),
        dropped: 0,
        last_line: String::new(),
    };
    let Some((name, arguments)) = program.argv.split_first() else {
        return not_started("there is no program to run".to_owned());
    };
    let mut command = tokio::process::Command::new(name);
    command
        .args(arguments)
        .current_dir(&program.folder)
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|key| std::env::var_os(key).map(|value| (*key, value))))
        .envs(program.env.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return not_started(format!("`{name}` did not start: {error}")),
    };
    let group = child.id();
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input closes the pipe; that is its right.
            let _unread = stdin.write_all(program.stdin.as_bytes()).await;
        }
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (_, out, err, status) = tokio::join!(feed, keep(stdout), keep(stderr), child.wait());
        (out, err, status)
    };
    let worked = tokio::time::timeout(program.timeout, work).await;
    let (out, err, ending) = match worked {
        Ok((out, err, Ok(status))) => {
            use std::os::unix::process::ExitStatusExt as _;
            let ending = match (status.code(), status.signal()) {
                (Some(code), _) => Ending::Exited(code),
                (None, Some(signal)) => Ending::Signalled(signal),
                (None, None) => Ending::NotStarted("its exit status cannot be read".to_owned()),
            };
            (out, err, ending)
        }
        Ok((out, err, Err(error))) => {
            (out, err, Ending::NotStarted(format!("it cannot be waited for: {error}")))
        }
        Err(_) => (Kept::default(), Kept::default(), Ending::TimedOut),
    };
    if ending == Ending::TimedOut {
        kill_group(group);
    }
    let last_line = last_line(&err.bytes).or_else(|| last_line(&out.bytes)).unwrap_or_default();
    ProgramEnd { ending, dropped: out.dropped + err.dropped, stdout: out.bytes, stderr: err.bytes, last_line }
}

/// Kills what the program started too; a group that is gone already is no matter.
fn kill_group(group: Option<u32>) {
    let pid = group.and_then(|group| i32::try_from(group).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _gone = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    dropped: u64,
}

/// Keeps the beginning of a stream and counts the rest, so that a flood costs no memory and does not
/// stop the program either.
async fn keep(stream: Option<impl AsyncRead + Unpin>) -> Kept {
    let mut kept = Kept::default();
    let Some(mut stream) = stream else { return kept };
    let mut buffer = vec![0u8; 64 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let room = limits::SCRIPT_OUTPUT_BYTES_MAX.saturating_sub(kept.bytes.len());
        kept.bytes.extend(buffer.iter().take(read.min(room)));
        kept.dropped += read.saturating_sub(room) as u64;
    }
    kept
}

/// The last line that says something, shortened and with control characters left out.
fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
}
