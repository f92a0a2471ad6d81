//! Disks that are full, read-only or hold something else. Mounts are made in a mount namespace of a
//! child process, so they vanish with it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use musterpoint::source::codes::run as codes;
use musterpoint::store::{OpenFor, Store, StoreError};

use crate::common::{START, at, count, drive, failover, open, running, wait};

/// Set in the child: the folder to mount on.
const MOUNT: &str = "MUSTER_STORE_MOUNT";

/// In the child, the fresh file system; in the parent, none, after the child has passed.
fn with_own_mounts(test: &str, size: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(MOUNT) {
        let folder = PathBuf::from(folder);
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], &folder);
        return Some(folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let done = Command::new("unshare")
        .arg(if root { "-m" } else { "-rm" })
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(MOUNT, folder.path())
        .output()
        .expect("`unshare` runs; install it with: apt-get install util-linux");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the child ran the test: {said}");
    None
}

fn mount(args: &[&str], folder: &Path) {
    let status = Command::new("mount").args(args).arg(folder).status();
    assert!(status.expect("`mount` runs; install it with: apt-get install mount").success());
}

#[test]
fn a_full_disk_refuses_and_the_same_events_go_in_once_there_is_space() {
    let Some(folder) =
        with_own_mounts("disks::a_full_disk_refuses_and_the_same_events_go_in_once_there_is_space", "2m")
    else {
        return;
    };
    let store = open(&folder.join("state"));
    let (run, mut log, epoch) = drive(&store, &failover());
    std::fs::write(folder.join("ballast"), vec![1; 1024 * 1024]).unwrap();
    let (lines, error) = loop {
        let lines: Vec<_> = (0..20).map(|_| log.paused()).collect();
        match wait(store.append(&run, epoch, lines.clone(), running(at(START)))) {
            Ok(()) => assert!(log.seq < 100_000, "the disk never fills"),
            Err(error) => break (lines, error),
        }
    };
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
    assert!(error.is_temporary() && !error.is_fatal());
    assert_eq!(error.diagnostic().code, codes::NO_SPACE);
    assert_eq!(count(&store, &run), log.seq - 20, "nothing of it is there");
    let again = wait(store.append(&run, epoch, lines.clone(), running(at(START))));
    assert_eq!(again, Err(error), "still full");
    let posted = wait(store.post_request(&run, &crate::common::anna(), &serde_json::json!(1), at(START)));
    assert!(posted.is_ok() || matches!(posted, Err(StoreError::NoSpace { .. })));

    std::fs::remove_file(folder.join("ballast")).unwrap();
    wait(store.append(&run, epoch, lines, running(at(START)))).unwrap();
    assert_eq!(count(&store, &run), log.seq);
    drop(store);
    assert_eq!(count(&open(&folder.join("state")), &run), log.seq);
}

#[test]
fn a_disk_that_is_full_from_the_start_says_so() {
    let Some(folder) = with_own_mounts("disks::a_disk_that_is_full_from_the_start_says_so", "64k") else {
        return;
    };
    let ballast = std::fs::write(folder.join("ballast"), vec![1; 60 * 1024]);
    assert!(ballast.is_ok());
    let error = Store::open(&folder.join("state"), OpenFor::Write).unwrap_err();
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
    std::fs::remove_file(folder.join("ballast")).unwrap();
}

#[test]
fn a_read_only_disk_can_be_read_and_not_written() {
    let Some(folder) = with_own_mounts("disks::a_read_only_disk_can_be_read_and_not_written", "8m") else {
        return;
    };
    let state = folder.join("st?te %41");
    let store = open(&state);
    let (run, mut log, epoch) = drive(&store, &failover());
    wait(store.append(&run, epoch, vec![log.paused()], running(at(START)))).unwrap();
    let torn = folder.join("torn");
    std::fs::create_dir(&torn).unwrap();
    for file in ["muster.db", "muster.db-wal"] {
        std::fs::copy(state.join(file), torn.join(file)).unwrap();
    }
    drop(store);
    mount(&["-o", "remount,ro"], &folder);

    let error = Store::open(&state, OpenFor::Write).unwrap_err();
    assert_eq!(error.diagnostic().code, codes::STATE_READ_ONLY, "{error}");
    let error = Store::open(&folder.join("new"), OpenFor::Write).unwrap_err();
    assert_eq!(error.diagnostic().code, codes::STATE_READ_ONLY, "{error}");
    assert_eq!(count(&Store::open(&state, OpenFor::Read).unwrap(), &run), 2);
    // Its latest commits are in a log that cannot be read without a place for the shared memory.
    let error = Store::open(&torn, OpenFor::Read).unwrap_err();
    assert_eq!(error.diagnostic().code, codes::STATE_FOLDER, "{error}");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let refused = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        for how in [OpenFor::Read, OpenFor::Write] {
            let error = Store::open(folder.path(), how).unwrap_err();
            assert_eq!(error.diagnostic().code, codes::NOT_A_STORE, "{error}");
        }
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    };
    refused(&b"this is a letter and no database at all. ".repeat(100));
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    refused(&std::fs::read(&other).unwrap());
}

#[test]
fn a_newer_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let other = rusqlite::Connection::open(folder.path().join("muster.db")).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    drop(other);
    for how in [OpenFor::Read, OpenFor::Write] {
        let error = Store::open(folder.path(), how).unwrap_err();
        assert_eq!(error.diagnostic().code, codes::STORE_VERSION);
        assert!(
            error.to_string().ends_with("has version 99, this program reads and writes version 3"),
            "{error}"
        );
    }
}

#[test]
fn an_empty_file_is_a_store_that_was_never_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("muster.db"), "").unwrap();
    let error = Store::open(folder.path(), OpenFor::Read).unwrap_err();
    assert!(matches!(error, StoreError::NoStore { .. }), "{error}");
    drive(&open(folder.path()), &failover());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    std::fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("below")] {
        let error = Store::open(&place, OpenFor::Write).unwrap_err();
        assert_eq!(error.diagnostic().code, codes::STATE_FOLDER, "{error}");
    }
}
