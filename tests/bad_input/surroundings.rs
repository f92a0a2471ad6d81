//! Odd state folders, odd working folders, odd terminals.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use crate::bench::Bench;
use crate::lab::{FAILOVER, came_to_its_end, lab};

#[test]
fn a_state_folder_of_any_name_is_one() {
    let names: [&[u8]; 6] =
        [b"a b", "zürich—日本".as_bytes(), b"r%20el?x=1#f", b"new\nline", b"latin\xff1", b"a/b/../c/./d"];
    let bench = lab("echo hello");
    for name in names {
        let run = |args: &[&str]| {
            let output = bench.command(args).env("MUSTER_STATE", OsStr::from_bytes(name)).output().unwrap();
            assert!(output.status.success(), "{name:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(run(&FAILOVER).contains("completed"));
        assert!(run(&["report", "last"]).contains("completed"));
        assert!(bench.path("").join(OsStr::from_bytes(name)).join("muster.db").exists(), "{name:?}");
    }
    let long = "l".repeat(300);
    bench
        .run(&["--state", &long, FAILOVER[0], FAILOVER[1], FAILOVER[2], FAILOVER[3]])
        .exits(4)
        .says("MP0651");
    for place in ["/proc", "/dev/null", "lab.muster"] {
        bench.run(&["--state", place, "test", "lab.muster", "--yes"]).exits(4).says("MP0651");
    }
    bench.run(&["--state", "", "runs"]).exits(2);
}

#[test]
fn a_plan_in_a_folder_that_a_runbook_cannot_name_is_refused() {
    let bench = lab("echo hello");
    let odd = bench.path("").join(OsStr::from_bytes(b"odd\xff"));
    std::fs::create_dir(&odd).unwrap();
    std::fs::create_dir(odd.join("estates")).unwrap();
    std::fs::create_dir(odd.join("scripts")).unwrap();
    for file in ["lab.muster", "estates/office.json", "scripts/isolate.sh"] {
        std::fs::copy(bench.path(file), odd.join(file)).unwrap();
    }
    for args in [&["preview", "failover", "lab.muster", "--planned"][..], &FAILOVER] {
        let output = bench.command(args).current_dir(&odd).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("MP0218") && said.contains("not UTF-8"), "{said}");
    }
    assert!(!odd.join(".muster").exists());
}

#[test]
fn a_working_folder_that_is_gone_is_no_trouble_where_paths_are_whole() {
    let bench = lab("echo hello");
    let plan = bench.path("lab.muster");
    let state = bench.path(".muster");
    let gone = bench.path("gone");
    let muster = |args: &str| {
        std::fs::create_dir(&gone).unwrap();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &format!("rmdir \"$PWD\"; exec \"$0\" {args}"), env!("CARGO_BIN_EXE_muster")]);
        let output = shell.current_dir(&gone).env("P", &plan).env("S", &state).stdin(Stdio::null()).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = muster("failover \"$P\" --planned --yes");
    assert!(code == Some(4) && said.contains("MP0651"), "{code:?} {said}");
    let (code, said) = muster("check lab.muster");
    assert!(code == Some(1) && said.contains("MP0218"), "{code:?} {said}");
    let (code, said) = muster("--state \"$S\" failover \"$P\" --planned --yes");
    assert_eq!(code, Some(0), "{said}");
    came_to_its_end(&bench);
}

#[test]
fn columns_and_terminals_of_any_kind_are_taken() {
    let bench: Bench = lab("echo hello");
    bench.run(&FAILOVER).exits(0);
    for columns in ["0", "-1", "1", "x", "4294967296", "99999999999999999999999"] {
        for args in [&["status", "last"][..], &["report", "last"], &["log", "last"], &["check", "erp.muster"]]
        {
            let ended = bench.run_with("COLUMNS", columns, args).exits(0);
            assert!(ended.out.lines().all(|line| line.chars().count() <= 400), "{columns}: {}", ended.out);
        }
    }
    for term in ["dumb", "", "no-such-terminal", "xterm-256color\u{1b}[31m"] {
        let ended = bench.run_with("TERM", term, &["status", "last"]).exits(0);
        assert!(!ended.out.contains('\u{1b}'), "{term}: {}", ended.out);
    }
}
