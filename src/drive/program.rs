//! Runs a program to its end: bounded output, bounded time. Past its time, or given up, its whole
//! process group is killed.

use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::base::hide::hide;
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
    /// The names in `env` whose values are secret: these are hidden in what it prints.
    #[serde(default)]
    pub secrets: Vec<String>,
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

/// Bytes of a flood's end that are kept for its last line.
const TAIL_BYTES: usize = 1024;

/// What is passed on of our own environment. All else stays here, secrets among it.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR"];

/// Runs it to its end. Dropping the future kills it and what it started.
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
    let mut strays = Strays { group: child.id() };
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input closes the pipe; that is its right.
            let _unread = stdin.write_all(program.stdin.as_bytes()).await;
        }
    };
    let (mut out, mut err) = (Kept::default(), Kept::default());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let streams = async {
        tokio::join!(feed, keep(stdout, &mut out), keep(stderr, &mut err));
    };
    let ending = until_it_ends(&mut strays, streams, child.wait(), program.timeout).await;
    let values = program.env.iter().filter(|(name, _)| program.secrets.contains(name));
    let secrets: Vec<&[u8]> = values.map(|(_, value)| value.as_bytes()).collect();
    out.hide(&secrets);
    err.hide(&secrets);
    let last_line = err.last_line().or_else(|| out.last_line()).unwrap_or_default();
    ProgramEnd { ending, dropped: out.dropped + err.dropped, stdout: out.bytes, stderr: err.bytes, last_line }
}

/// Waits for the end of a program and of its output. Whoever still holds its pipes some time after it
/// ended is killed: the program is done, and its exit status stands.
async fn until_it_ends(
    strays: &mut Strays,
    streams: impl Future<Output = ()>,
    end: impl Future<Output = std::io::Result<std::process::ExitStatus>>,
    timeout: Duration,
) -> Ending {
    use std::os::unix::process::ExitStatusExt as _;
    let mut streams = std::pin::pin!(streams);
    let mut end = std::pin::pin!(end);
    let whole = async {
        tokio::select! {
            biased;
            status = &mut end => {
                let closed = tokio::time::timeout(limits::SCRIPT_PIPES_MAX, &mut streams).await.is_ok();
                (status, closed)
            }
            () = &mut streams => (end.await, true),
        }
    };
    let Ok((status, closed)) = tokio::time::timeout(timeout, whole).await else {
        return Ending::TimedOut;
    };
    if closed {
        strays.group = None;
    }
    match status.map(|status| (status.code(), status.signal())) {
        Ok((Some(code), _)) => Ending::Exited(code),
        Ok((None, Some(signal))) => Ending::Signalled(signal),
        Ok((None, None)) => Ending::NotStarted("its exit status cannot be read".to_owned()),
        Err(error) => Ending::NotStarted(format!("it cannot be waited for: {error}")),
    }
}

/// A process group that is killed whole when nobody follows it any more.
struct Strays {
    group: Option<u32>,
}

impl Drop for Strays {
    fn drop(&mut self) {
        let group = self.group.and_then(|group| i32::try_from(group).ok());
        if let Some(pid) = group.and_then(rustix::process::Pid::from_raw) {
            // A group that is gone already is no matter.
            let _gone = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

/// What is kept of a stream: its beginning, and its very end for the last line.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    tail: Vec<u8>,
    dropped: u64,
}

impl Kept {
    fn take_in(&mut self, read: &[u8]) {
        let room = limits::SCRIPT_OUTPUT_BYTES_MAX.saturating_sub(self.bytes.len());
        let (kept, rest) = read.split_at(read.len().min(room));
        self.bytes.extend(kept);
        self.dropped += rest.len() as u64;
        if !rest.is_empty() {
            self.tail.extend(rest);
            let beyond = self.tail.len().saturating_sub(TAIL_BYTES);
            self.tail.drain(..beyond);
        }
    }

    /// Takes the secrets out of what is kept.
    fn hide(&mut self, secrets: &[&[u8]]) {
        hide(&mut self.bytes, secrets, self.dropped > 0);
        hide(&mut self.tail, secrets, false);
        // The tail may begin in the middle of a secret, and so in the middle of a line.
        let first = self.tail.iter().position(|byte| *byte == b'\n').map_or(self.tail.len(), |at| at + 1);
        self.tail.drain(..first);
    }

    fn last_line(&self) -> Option<String> {
        last_line(&self.tail).or_else(|| last_line(&self.bytes))
    }
}

/// Keeps the beginning of a stream and counts the rest, so that a flood costs no memory and does not
/// stop the program either.
async fn keep(stream: Option<impl AsyncRead + Unpin>, kept: &mut Kept) {
    let Some(mut stream) = stream else { return };
    let mut buffer = vec![0u8; 64 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        kept.take_in(buffer.get(..read).unwrap_or_default());
    }
}

/// The last line that says something, shortened and with control characters left out.
fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
}
