//! The programs of QEMU that the provider runs, and the runs of `qemu-img` with their limit.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::source::Diagnostic;
use crate::source::codes::estate as codes;

use super::trouble::Trouble;

/// What installs the programs.
pub const INSTALL: &str = "apt-get install -y qemu-utils";
/// What installs what guests need besides.
pub(super) const INSTALL_GUESTS: &str = "apt-get install -y --no-install-recommends qemu-system-x86";
/// One run of `qemu-img`: below the 60 s that a call of an estate may take.
const RUN_MAX: Duration = Duration::from_secs(45);
/// What is shown of a program's complaint.
const COMPLAINT_CHARS_MAX: usize = 400;

/// The programs by path, or by name to be looked for on `PATH`.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `qemu-storage-daemon`
    pub daemon: PathBuf,
    /// `qemu-img`
    pub img: PathBuf,
}

impl Default for Tools {
    fn default() -> Self {
        Self { daemon: "qemu-storage-daemon".into(), img: "qemu-img".into() }
    }
}

impl Tools {
    /// Finds both programs, so that a missing one is said before anything is touched.
    ///
    /// # Errors
    /// The one that is missing, with the line that installs it.
    pub(super) fn found(&self) -> Result<Self, Diagnostic> {
        Ok(Self { daemon: find(&self.daemon)?, img: find(&self.img)? })
    }

    /// A new qcow2 file of a size.
    pub(super) async fn create(&self, path: &Path, size: u64) -> Result<(), Trouble> {
        let size = size.to_string();
        self.run(&[&"create", &"-q", &"-f", &"qcow2", &path, &size]).await
    }

    /// A new overlay over `backing`, which is said relative to the overlay.
    pub(super) async fn overlay(&self, path: &Path, backing: &str) -> Result<(), Trouble> {
        self.run(&[&"create", &"-q", &"-f", &"qcow2", &"-b", &backing, &"-F", &"qcow2", &path]).await
    }

    /// Writes the name of a backing file into a file. Checks nothing: the caller knows the parent.
    pub(super) async fn rebase(&self, path: &Path, backing: &str) -> Result<(), Trouble> {
        self.run(&[&"rebase", &"-q", &"-u", &"-f", &"qcow2", &"-b", &backing, &"-F", &"qcow2", &path]).await
    }

    /// Merges a file into the file that it stands on.
    pub(super) async fn merge(&self, path: &Path, into: &Path) -> Result<(), Trouble> {
        self.run(&[&"commit", &"-q", &"-f", &"qcow2", &"-b", &into, &path]).await
    }

    /// Opens a file with everything below it, without locks, to see that the chain is whole.
    pub(super) async fn chain_is_whole(&self, path: &Path) -> Result<(), Trouble> {
        self.run(&[&"info", &"-U", &"--backing-chain", &"--output=json", &path]).await
    }

    async fn run(&self, args: &[&(dyn AsRef<std::ffi::OsStr> + Send + Sync)]) -> Result<(), Trouble> {
        let mut command = Command::new(&self.img);
        for arg in args {
            command.arg(arg.as_ref());
        }
        command.stdin(Stdio::null()).env("LC_ALL", "C").kill_on_drop(true);
        let output = match tokio::time::timeout(RUN_MAX, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(&self.img)),
            Ok(Err(error)) => return Err(Trouble::io("run", &self.img, &error)),
            Err(_) => {
                let message = format!("`{}` did not end within {}s", self.img.display(), RUN_MAX.as_secs());
                return Err(Trouble::Retry("tool_timed_out", message));
            }
        };
        if output.status.success() {
            return Ok(());
        }
        let said = complaint(&output.stderr);
        let code = if said.contains("No space left") { "no_space" } else { "tool_failed" };
        Err(Trouble::Retry(code, format!("`{}` failed: {said}", self.img.display())))
    }
}

/// A program's complaint as one line.
pub(super) fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(COMPLAINT_CHARS_MAX).collect()
}

/// A program that went away since it was found.
pub(super) fn missing(tool: &Path) -> Trouble {
    let message = format!("`{}` is not on this host; install it with `{INSTALL}`", tool.display());
    Trouble::Refused("tool_missing", message)
}

fn find(tool: &Path) -> Result<PathBuf, Diagnostic> {
    find_by(tool, INSTALL)
}

/// The emulator of a guest.
///
/// # Errors
/// It is missing; with the line that installs it.
pub(super) fn find_emulator(program: &str) -> Result<(), Diagnostic> {
    find_by(Path::new(program), INSTALL_GUESTS).map(drop)
}

fn find_by(tool: &Path, install: &str) -> Result<PathBuf, Diagnostic> {
    let runs = |path: &Path| {
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let found = if tool.components().count() > 1 {
        Some(tool.to_path_buf()).filter(|path| runs(path))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|path| runs(path))
    };
    found.ok_or_else(|| {
        let message = format!("the program `{}` is not on this host", tool.display());
        Diagnostic::placeless(codes::TOOL_MISSING, message).help(format!("run `{install}`"))
    })
}
