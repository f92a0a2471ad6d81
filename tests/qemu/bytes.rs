//! What is on the disks, seen by programs that know nothing of the provider; and the end of a daemon.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) const BLOCK: usize = 64 * 1024;

/// Kills a site's daemon with -9, if the process is the one of this folder of an estate.
pub(crate) fn kill_daemon(estate: &Path, site: &str) {
    let Ok(pid) = fs::read_to_string(estate.join(site).join("qsd.pid")) else { return };
    let pid = pid.trim();
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let ours = estate.display().to_string();
    if String::from_utf8_lossy(&line).contains(&ours) {
        assert!(Command::new("sh").args(["-c", "kill -9 \"$1\"", "kill", pid]).status().unwrap().success());
        // The kernel lets its locks and sockets go before the process is gone.
        while fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty()) {
            std::thread::yield_now();
        }
    }
}

fn run(program: &str, args: &[&str]) -> Output {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; install it: apt-get install -y qemu-utils"))
}

pub(crate) fn write_to(uri: &str, n: u8) {
    assert!(try_write(uri, n), "write of {n} to {uri}");
}

/// Whether the write was acknowledged and flushed.
pub(crate) fn try_write(uri: &str, n: u8) -> bool {
    let write = format!("write -q -P {n} {} {BLOCK}", usize::from(n) * BLOCK);
    let output = run("qemu-io", &["-f", "raw", "-c", &write, "-c", "flush", uri]);
    output.status.success() && output.stderr.is_empty()
}

pub(crate) fn rows_of(source: &str, format: &str) -> BTreeSet<u8> {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw");
    let output =
        run("qemu-img", &["convert", "-U", "-f", format, "-O", "raw", source, raw.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    rows_in(&raw)
}

fn rows_in(raw: &Path) -> BTreeSet<u8> {
    let bytes = fs::read(raw).unwrap();
    let mut rows = BTreeSet::new();
    for (n, block) in bytes.chunks(BLOCK).enumerate() {
        let first = block[0];
        assert!(block.iter().all(|byte| *byte == first), "block {n} is torn");
        if first != 0 {
            assert_eq!(usize::from(first), n, "block {n} holds another transaction");
            rows.insert(first);
        }
    }
    rows
}
