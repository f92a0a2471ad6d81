//! The programs of QEMU that the provider runs, and the runs of `qemu-img` with their limit.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::source::Diagnostic;
use crate::source::codes::estate as codes;

use crate::estate::trouble::Trouble;

/// What installs the programs.
pub const INSTALL: &str = "apt-get install -y qemu-utils";
/// What installs what guests need besides.
pub(super) const INSTALL_GUESTS: &str = "apt-get install -y --no-install-recommends qemu-system-x86";
/// One run of `qemu-img`: below the 60 s that a call of an estate may take.
const RUN_MAX: Duration = Duration::from_secs(45);
/// One run that reads a whole disk, outside any call of the engine: a tebibyte at 75 MB/s.
const READ_MAX: Duration = Duration::from_secs(4 * 3600);
/// What `qemu-img check` ends with where it found leaks and nothing else.
const LEAKS_ONLY: i32 = 3;
/// What is shown of a program's complaint.
const COMPLAINT_CHARS_MAX: usize = 400;

/// What a qcow2 file says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Header {
    /// The disk's size in bytes.
    pub(super) virtual_size: u64,
    /// The file that it stands on, as written.
    #[serde(default)]
    pub(super) backing_filename: Option<String>,
    /// What only this format has.
    format_specific: Specific,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
struct Specific {
    data: SpecificData,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct SpecificData {
    #[serde(default)]
    data_file: Option<String>,
}

impl Header {
    /// Another file in which its bytes would lie: the provider makes none.
    pub(super) fn elsewhere(&self) -> Option<&str> {
        self.format_specific.data.data_file.as_deref()
    }
}

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

    /// What a file's own header says. Opens nothing below it.
    pub(super) async fn header(&self, path: &Path) -> Result<Header, Trouble> {
        let args: &[&(dyn AsRef<std::ffi::OsStr> + Send + Sync)] =
            &[&"info", &"-U", &"-f", &"qcow2", &"--output=json", &path];
        let output = self.output(RUN_MAX, args).await?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let why = crate::base::words::json(&error);
            Trouble::Retry("tool_failed", format!("`{}` said what cannot be read: {why}", self.img.display()))
        })
    }

    /// Looks for references in a file that lead nowhere or overlap. Space that nothing refers to is harmless.
    pub(super) async fn check(&self, path: &Path) -> Result<(), Trouble> {
        self.finish(&[LEAKS_ONLY], READ_MAX, &[&"check", &"-q", &"-U", &"-f", &"qcow2", &path])
            .await
            .map(drop)
    }

    /// Reads everything that a disk holds, through all files that it stands on, to nowhere.
    pub(super) async fn read_through(&self, path: &Path, size: u64) -> Result<(), Trouble> {
        let nowhere = format!("driver=null-co,size={size}");
        let args: &[&(dyn AsRef<std::ffi::OsStr> + Send + Sync)] =
            &[&"convert", &"-q", &"-U", &"-n", &"-f", &"qcow2", &"--target-image-opts", &path, &nowhere];
        self.output(READ_MAX, args).await.map(drop)
    }

    async fn run(&self, args: &[&(dyn AsRef<std::ffi::OsStr> + Send + Sync)]) -> Result<(), Trouble> {
        self.output(RUN_MAX, args).await.map(drop)
    }

    async fn output(
        &self,
        limit: Duration,
        args: &[&(dyn AsRef<std::ffi::OsStr> + Send + Sync)],
    ) -> Result<Output, Trouble> {
        self.finish(&[], limit, args).await
    }

    /// Runs it; success, or one of the codes that are as good.
    async fn finish(
        &self,
        as_good: &[i32],
        limit: Duration,
        args: &[&(dyn AsRef<std::ffi::OsStr> + Send + Sync)],
    ) -> Result<Output, Trouble> {
        let mut command = Command::new(&self.img);
        for arg in args {
            command.arg(arg.as_ref());
        }
        command.stdin(Stdio::null()).env("LC_ALL", "C").kill_on_drop(true);
        let output = match tokio::time::timeout(limit, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(&self.img)),
            Ok(Err(error)) => return Err(Trouble::io("run", &self.img, &error)),
            Err(_) => {
                let message = format!("`{}` did not end within {}s", self.img.display(), limit.as_secs());
                return Err(Trouble::Retry("tool_timed_out", message));
            }
        };
        if output.status.success() || output.status.code().is_some_and(|code| as_good.contains(&code)) {
            return Ok(output);
        }
        if output.status.code().is_none() {
            // Somebody ended it, or memory did: that says nothing of the file.
            return Err(Trouble::Later(format!("`{}` was ended by a signal", self.img.display())));
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
