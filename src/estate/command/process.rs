//! The process of a provider's program: its pipes, its process group, and how it ended. Bytes in and
//! bytes out; knows no message.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::base::limits;
use crate::base::words as english;

use super::trouble::{Kind, Trouble};

/// How long an ended program's last words and its status are waited for.
const LAST_WORDS_MAX: Duration = Duration::from_millis(500);
/// What is passed on of our own environment. All else stays here, secrets among it.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR"];

/// What is run.
#[derive(Clone)]
pub struct Program {
    /// What people call it.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Its environment besides the few variables that every program gets.
    pub env: Vec<(String, String)>,
}

impl std::fmt::Debug for Program {
    // The environment may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} in {}", self.argv, self.folder.display())
    }
}

impl Program {
    /// As people call it.
    pub(super) fn label(&self) -> String {
        crate::base::words::one_line(&self.name, 80).replace('`', "'")
    }
}

/// A process group, killed whole when it is let go.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<u32>,
    killed: AtomicBool,
}

impl Group {
    /// Kills it, once: later its number may be another group's.
    pub(super) fn kill(&self) {
        if self.killed.swap(true, Ordering::SeqCst) {
            return;
        }
        let group = self.leader.and_then(|group| i32::try_from(group).ok());
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            // A group that is gone already is no matter.
            let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A process with its pipes.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
    /// None once it has closed it.
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: ChildStdout,
    /// None once it has closed it.
    pub(super) stderr: Option<ChildStderr>,
}

/// Starts a program in a process group of its own: what stops the engine from the keyboard does not
/// stop it in the middle of an act.
pub(super) fn start(program: &Program) -> Result<(Process, Group), Trouble> {
    let label = program.label();
    let failed = |why: &str| Trouble::before(Kind::NotStarted, format!("`{label}` does not start: {why}"));
    let (name, arguments) = program.argv.split_first().ok_or_else(|| failed("no program is named"))?;
    let mut child = Command::new(name)
        .args(arguments)
        .current_dir(&program.folder)
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|key| std::env::var_os(key).map(|value| (*key, value))))
        .envs(program.env.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&english::system(&error)))?;
    let group = Group { leader: child.id(), killed: AtomicBool::new(false) };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let stdout = stdout.ok_or_else(|| failed("its standard output cannot be read"))?;
    Ok((Process { child, stdin, stdout, stderr }, group))
}

impl Process {
    /// How it ended, after its standard output did.
    pub(super) async fn how_it_ended(&mut self) -> String {
        use std::os::unix::process::ExitStatusExt as _;
        match tokio::time::timeout(LAST_WORDS_MAX, self.child.wait()).await {
            Ok(Ok(status)) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("ended with status {code}"),
                (None, Some(signal)) => format!("was killed by signal {signal}"),
                (None, None) => "ended".to_owned(),
            },
            Ok(Err(_)) => "ended".to_owned(),
            Err(_) => "closed its standard output".to_owned(),
        }
    }

    /// What it still says on standard error, up to a bound in time and size.
    pub(super) async fn last_words(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if let Some(stderr) = self.stderr.take() {
            let mut stderr = stderr.take(limits::PROVIDER_LOG_BYTES_MAX);
            let _late = tokio::time::timeout(LAST_WORDS_MAX, stderr.read_to_end(&mut rest)).await;
        }
        rest
    }
}
