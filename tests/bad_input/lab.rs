//! A plan with one script before one machine, drivers that can be watched, and the end that every run has
//! to come to.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use musterpoint::estate::sim::{Sim, SimOptions};
use serde_json::Value;

use crate::bench::{Bench, Ended};

/// Whatever is waited for comes long before this.
const PATIENCE: Duration = Duration::from_secs(60);

const PLAN: &str = r#"estate office { sites = [office, cloud], provider = sim { inventory = "estates/office.json" } }
plan lab {
  estate = office
  network lan { office = "LAN", cloud = "vpc-dr/lan", test = "vpc-test/lan" }
  vm     wiki01 { os = linux, point = latest, network = lan }
  script before { operations = [failover, failback, test], run = ["/bin/sh", "-c", "SCRIPT"], timeout = 20s }
  check  up     { heartbeat = wiki01, within = 10m }
  order  { before -> wiki01 -> up -> commit
           up -> cleanup }
  fence  { run = ["scripts/isolate.sh", "${run.source}"], timeout = 2m }
}
"#;

pub(crate) const FAILOVER: [&str; 4] = ["failover", "lab.muster", "--planned", "--yes"];

/// The shipped plans and `lab.muster`, whose script is a line of shell.
pub(crate) fn lab(script: &str) -> Bench {
    let bench = Bench::new();
    let text = serde_json::to_string(script).unwrap().replace("${", "\\${");
    bench.write("lab.muster", PLAN.replace("\"SCRIPT\"", &text));
    bench
}

/// A script that says it has begun, and ends when it is let.
pub(crate) fn gated(bench_file: &str) -> String {
    format!("touch begun-{bench_file}; while [ ! -e {bench_file} ]; do sleep 0.02; done; echo let go")
}

/// A driver in the background; what it says goes to files. Killed when dropped.
pub(crate) struct Driver {
    pub(crate) child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _code = self.child.wait();
    }
}

impl Driver {
    pub(crate) fn start(bench: &Bench, args: &[&str]) -> Self {
        Self::of(bench, &bench.command(args))
    }

    /// Starts it with no signal ignored, whatever this test was started to ignore.
    pub(crate) fn of(bench: &Bench, command: &Command) -> Self {
        let mut heard = Command::new("env");
        heard.arg("--default-signal=INT,TERM,HUP").arg(command.get_program()).args(command.get_args());
        heard.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
        heard.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        heard.current_dir(command.get_current_dir().unwrap());
        let mut command = heard;
        let number = std::fs::read_dir(bench.path("")).unwrap().count();
        let (out, err) = (bench.path(&format!("out-{number}")), bench.path(&format!("err-{number}")));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Self { child: command.spawn().unwrap(), out, err }
    }

    pub(crate) fn err(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }

    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) {
        let err = self.err.clone();
        until(text, || std::fs::read_to_string(&err).unwrap().contains(text));
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    #[track_caller]
    pub(crate) fn ends(&mut self) -> Ended {
        let child = &mut self.child;
        until("the driver to end", || child.try_wait().unwrap().is_some());
        Ended {
            code: self.child.wait().unwrap().code().unwrap_or(-1),
            out: std::fs::read_to_string(&self.out).unwrap(),
            err: self.err(),
        }
    }
}

/// Looks until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

pub(crate) fn status(bench: &Bench) -> Value {
    bench.run(&["status", "last", "--format", "json"]).exits(0).json()
}

/// Waits until a file is there.
#[track_caller]
pub(crate) fn exists(bench: &Bench, name: &str) {
    until(name, || bench.path(name).exists());
}

/// The events of the last run, as JSON.
pub(crate) fn log(bench: &Bench) -> Vec<Value> {
    bench.run(&["log", "last", "--format", "json"]).exits(0).json()["events"].as_array().unwrap().clone()
}

/// The last event of a kind about a step.
#[track_caller]
pub(crate) fn event(bench: &Bench, kind: &str, step: &str) -> Value {
    let all = log(bench);
    let found = all.iter().rfind(|event| event["event"] == kind && event["step"] == step);
    found.unwrap_or_else(|| panic!("no {kind} of {step} in {all:#?}")).clone()
}

/// The run is whole: it completed, each key acted once, and each verb once on the machine.
#[track_caller]
pub(crate) fn came_to_its_end(bench: &Bench) {
    let runs = bench.runs();
    let state = &runs.last().unwrap()["state"];
    assert!(state == "completed" || state == "completed-with-exceptions", "{state}");
    acted_once(bench, "estates/office.json", "office");
    let mut verbs: Vec<String> =
        effects(bench, "estates/office.json", "office").into_iter().map(|(verb, _, _)| verb).collect();
    verbs.sort();
    let before = verbs.len();
    verbs.dedup();
    assert_eq!(verbs.len(), before, "a verb acted twice: {verbs:?}");
    assert!(verbs.iter().any(|verb| verb == "fail_over"), "{verbs:?}");
}

/// No key of the estate acted twice.
#[track_caller]
pub(crate) fn acted_once(bench: &Bench, inventory: &str, estate: &str) {
    for (verb, machine, count) in effects(bench, inventory, estate) {
        assert_eq!(count, 1, "{verb} on {machine}");
    }
}

/// What was done on the estate: verb, machine, how often for the key.
pub(crate) fn effects(bench: &Bench, inventory: &str, estate: &str) -> Vec<(String, String, u64)> {
    let read = musterpoint::inventory::read_file(inventory, &bench.path(inventory)).unwrap();
    let file = bench.path(".muster/estates").join(format!("{estate}.db"));
    assert!(file.exists(), "{}", file.display());
    let sim = Sim::open(SimOptions::new(file, read)).unwrap();
    let effects = sim.effects().unwrap().into_iter();
    effects.map(|effect| (effect.verb, effect.machine, u64::from(effect.count))).collect()
}

/// The last run goes on to its end.
#[track_caller]
pub(crate) fn resumes(bench: &Bench) {
    bench.run(&["resume", "last"]).exits(0).prints("completed");
    came_to_its_end(bench);
}

/// Set in the child that has mounts of its own.
const OWN_MOUNTS: &str = "MUSTER_BAD_INPUT_MOUNTS";

/// Whether this is the child, in which mounts vanish with the test; the parent starts it and sees it pass.
pub(crate) fn has_own_mounts(test: &str) -> bool {
    if std::env::var_os(OWN_MOUNTS).is_some() {
        return true;
    }
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let done = Command::new("unshare")
        .arg(if root { "-m" } else { "-rm" })
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(OWN_MOUNTS, "1")
        .output()
        .expect("`unshare` runs; install it with: apt-get install util-linux");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the child ran the test: {said}");
    false
}

pub(crate) fn mount(args: &[&str], folder: &Path) {
    let status = Command::new("mount").args(args).arg(folder).status();
    assert!(status.expect("`mount` runs; install it with: apt-get install mount").success());
}

/// A file system of this size in a folder of the bench.
pub(crate) fn small_disk(bench: &Bench, name: &str, size: &str) {
    std::fs::create_dir_all(bench.path(name)).unwrap();
    mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], &bench.path(name));
}

/// Fills the file system of a folder to its last byte.
pub(crate) fn fill(bench: &Bench, folder: &str) {
    use std::io::Write as _;
    let mut ballast = File::create(bench.path(folder).join("ballast")).unwrap();
    for size in [64 * 1024, 4096, 1] {
        while ballast.write_all(&vec![1; size]).is_ok() {}
    }
}

pub(crate) fn free(bench: &Bench, folder: &str) {
    std::fs::remove_file(bench.path(folder).join("ballast")).unwrap();
}
