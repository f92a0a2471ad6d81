//! The shipped plan of guests in a folder of its own, the program, and what runs of it. Nothing outlives a lab.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Exit codes.
pub(crate) const DONE: i32 = 0;
pub(crate) const REFUSED: i32 = 4;
pub(crate) const WAITING: i32 = 6;

/// Two guests fill two processors: one lab at a time.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) struct Lab {
    folder: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for site in ["north", "south", "north/test", "south/test"] {
            self.kill_site(site);
        }
    }
}

/// A kernel and what it boots into, made once of Debian's packages.
fn image() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let emulator = Command::new("qemu-system-x86_64").arg("--version").stdout(Stdio::null()).status();
        assert!(
            emulator.is_ok_and(|ended| ended.success()),
            "qemu-system-x86_64 is not installed: apt-get install --no-install-recommends qemu-system-x86"
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest-image");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/guests/build.sh");
        let made = Command::new("sh").arg(script).arg(&folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        folder
    })
}

impl Lab {
    /// The plan and its files, nothing set up.
    pub(crate) fn bare() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::Builder::new().prefix("mg").tempdir_in("/tmp").unwrap();
        let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
        for below in ["estates", "scripts", "guests"] {
            fs::create_dir(folder.path().join(below)).unwrap();
        }
        for file in ["guests.muster", "estates/guests.json", "scripts/cut-site.sh"] {
            fs::copy(plans.join(file), folder.path().join(file)).unwrap();
        }
        std::os::unix::fs::symlink(image(), folder.path().join("guests/image")).unwrap();
        Self { folder, _turn: turn }
    }

    /// As a checkout looks, for whoever does what a paper says.
    pub(crate) fn of_paper() -> Self {
        let lab = Self::bare();
        let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
        let here = lab.path("plans");
        for below in ["estates", "scripts", "guests"] {
            fs::create_dir_all(here.join(below)).unwrap();
            for entry in fs::read_dir(plans.join(below)).unwrap().flatten() {
                if entry.file_type().unwrap().is_file() {
                    fs::copy(entry.path(), here.join(below).join(entry.file_name())).unwrap();
                }
            }
        }
        fs::copy(plans.join("guests.muster"), here.join("guests.muster")).unwrap();
        std::os::unix::fs::symlink(image(), here.join("guests/image")).unwrap();
        lab
    }

    /// Waits until both machines of a paper answer.
    pub(crate) fn waits_for_both(&self) {
        for machine in ["db", "app"] {
            let said = self.muster(&["estate", "plans/guests.muster", "address", machine], DONE).out;
            let address = said.lines().find_map(|line| line.strip_prefix("guest ")).unwrap().to_owned();
            super::books::wait_for(&address, 7000);
        }
    }

    /// Set up, both guests up.
    pub(crate) fn new() -> Self {
        let lab = Self::bare();
        lab.muster(&["estate", "guests.muster", "set-up"], DONE);
        for machine in ["db", "app"] {
            super::books::wait_for(&lab.address(machine, "north"), 7000);
        }
        lab
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn estate(&self, below: &str) -> PathBuf {
        self.path("state/estates/laptop").join(below)
    }

    /// Changes a file of the lab.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        fs::write(self.path(file), text.replace(from, to)).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("MUSTER_STATE", self.path("state")).env("NO_COLOR", "1");
        command
    }

    /// Starts it, for somebody to kill.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let to = |name: &str| File::create(self.path(name)).unwrap();
        self.command(args).stdout(to("started.out")).stderr(to("started.err")).spawn().unwrap()
    }

    pub(crate) fn try_muster(&self, args: &[&str]) -> Ended {
        // Into files: a daemon or guest that it starts must not hold a pipe of the test open.
        let (out, err) = (self.path("out"), self.path("err"));
        let mut command = self.command(args);
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_secs(240) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("muster {args:?} does not end: {}", fs::read_to_string(&err).unwrap());
            }
            pause(20);
        };
        let read = |path| fs::read_to_string(path).unwrap();
        Ended { code: status.code().unwrap_or(-1), out: read(&out), err: read(&err) }
    }

    #[track_caller]
    pub(crate) fn muster(&self, args: &[&str], code: i32) -> Ended {
        let ended = self.try_muster(args);
        assert_eq!(ended.code, code, "muster {args:?}\n{}{}\n{}", ended.out, ended.err, self.story());
        ended
    }

    /// Says yes to `accept` and drives on.
    #[track_caller]
    pub(crate) fn accept(&self) {
        self.muster(&["approve", "last", "accept"], DONE);
        self.muster(&["resume", "last", "--quiet"], DONE);
    }

    pub(crate) fn inventory(&self) -> Value {
        let said = self.muster(&["inventory", "guests.muster", "--format", "json"], DONE).out;
        serde_json::from_str(&said).unwrap()
    }

    /// Where a machine's guest is reached at a site.
    pub(crate) fn address(&self, machine: &str, site: &str) -> String {
        self.inventory()["vms"][machine]["address"][site].as_str().unwrap().to_owned()
    }

    /// Kills everything that runs at a site, at once.
    pub(crate) fn kill_site(&self, site: &str) {
        for process in self.processes(site) {
            let _gone = Command::new("kill").args(["-9", &process.to_string()]).status();
        }
        until("the processes of a site to be gone", || self.processes(site).is_empty());
    }

    /// The processes whose command line names the site's folder.
    pub(crate) fn processes(&self, site: &str) -> Vec<u32> {
        let folder = format!("{}/", self.estate(site).display());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            if line.starts_with("qemu-") && line.contains(&folder)
                || line.contains("/qemu-storage-daemon") && line.contains(&folder)
            {
                found.push(pid);
            }
        }
        found
    }

    /// The log of the last run, for whoever reads a failure.
    pub(crate) fn story(&self) -> String {
        let told = self.command(&["log", "last"]).output().unwrap();
        let guests = ["north/vms/db", "north/vms/app", "south/vms/db", "south/vms/app"].map(|vm| {
            let log = fs::read(self.estate(vm).join("guest.log")).unwrap_or_default();
            let text = String::from_utf8_lossy(&log).into_owned();
            let tail: Vec<&str> = text.lines().rev().take(5).collect();
            format!("{vm}: {tail:?}")
        });
        format!("{}\n{}", String::from_utf8_lossy(&told.stdout), guests.join("\n"))
    }
}

pub(crate) fn pause(milliseconds: u64) {
    std::thread::park_timeout(Duration::from_millis(milliseconds));
}

#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        pause(50);
    }
}
