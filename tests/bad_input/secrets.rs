//! Secrets of a plan: whatever its programs print, no byte of them is in anything the engine wrote or said.

use std::path::Path;

use crate::bench::{Bench, Ended};
use crate::lab::{FAILOVER, came_to_its_end, lab};

const TOKEN: &str = "hunter2-is-taken-4711";
const KEY: [&str; 3] = ["-----BEGIN LAB KEY-----", "c2VjcmV0LWxpbmUtb25l", "-----END LAB KEY-----"];

/// Runs with the secret in the environment; what is said must not hold it.
#[track_caller]
fn told(bench: &Bench, args: &[&str]) -> Ended {
    let ended = bench.run_with("LAB_TOKEN", TOKEN, args);
    for text in [&ended.out, &ended.err] {
        assert!(!text.contains(TOKEN), "{args:?}: {text}");
        assert!(KEY.iter().all(|line| !text.contains(line)), "{args:?}: {text}");
    }
    ended
}

/// Every file below a folder, but the secret's own.
#[track_caller]
fn holds_no_secret(folder: &Path) -> usize {
    let mut looked = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            looked += holds_no_secret(&path);
        } else if !path.ends_with("key.pem") {
            looked += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in [TOKEN].iter().chain(&KEY) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "`{secret}` is in {}", path.display());
            }
        }
    }
    looked
}

fn secretive(script: &str) -> Bench {
    let bench = lab(script);
    bench.write("key.pem", KEY.join("\n") + "\n");
    let env = "timeout = 20s, env { TOKEN = env(\"LAB_TOKEN\"), KEY = file(\"key.pem\") }";
    bench.edit("lab.muster", "timeout = 20s", env);
    let tells = "notify ops { run = [\"/bin/sh\", \"-c\", \"echo cannot page: $TOKEN $KEY; exit 1\"], \
                 on = [started, halted, ended], timeout = 5s, env { TOKEN = env(\"LAB_TOKEN\"), KEY = \
                 file(\"key.pem\") } }\nplan lab {";
    bench.edit("lab.muster", "plan lab {", tells);
    bench
}

#[test]
fn secrets_are_in_nothing_that_is_written_or_said() {
    let scripts = [
        // In the last line, on both streams, beside other text.
        ("env; echo pw=$TOKEN; echo \"the key: $KEY\" >&2; exit 1", 3),
        ("echo \"$KEY\" | while read -r line; do echo \"> $line\"; done; echo \"$TOKEN$TOKEN\"; exit 0", 0),
        // In a flood, so that the place where output is cut falls into one.
        ("i=0; while [ $i -lt 60000 ]; do echo $TOKEN; i=$((i+1)); done; echo \"$KEY\"; exit 0", 0),
        ("cat /proc/self/environ; kill -9 $$", 3),
    ];
    for (script, exit) in scripts {
        let bench = secretive(script);
        told(&bench, &["check", "lab.muster"]).exits(0);
        let freeze = ["preview", "failover", "lab.muster", "--planned", "--out", "frozen.json"];
        told(&bench, &freeze).exits(0);
        told(&bench, &FAILOVER).exits(exit);
        for verb in ["status", "log", "report"] {
            told(&bench, &[verb, "last"]).exits(0);
            told(&bench, &[verb, "last", "--format", "json"]).exits(0);
        }
        let looked = holds_no_secret(&bench.path(""));
        assert!(looked > 20, "only {looked} files");
        if exit != 0 {
            told(&bench, &["skip", "last", "before", "--reason", "done by hand"]).exits(0);
            told(&bench, &["resume", "last"]).exits(0);
        }
        holds_no_secret(&bench.path(".muster"));
        came_to_its_end(&bench);
    }
}

#[test]
fn a_check_that_prints_a_secret_does_not_tell_it() {
    let bench = secretive("true");
    let check = "check  sees { command = [\"/bin/sh\", \"-c\", \"echo seen: $TOKEN; exit 1\"], env { TOKEN = \
                 env(\"LAB_TOKEN\") }, every = 1s, within = 2s }\n  order";
    bench.edit("lab.muster", "order", check);
    bench.edit("lab.muster", "-> up ->", "-> sees -> up ->");
    told(&bench, &FAILOVER).exits(3).says("seen: ***");
    holds_no_secret(&bench.path(""));
    told(&bench, &["skip", "last", "sees", "--reason", "done by hand"]).exits(0);
    told(&bench, &["resume", "last"]).exits(0);
    came_to_its_end(&bench);
}

#[test]
fn a_secret_that_is_not_there_is_named_and_not_guessed() {
    let bench = secretive("true");
    bench.run(&FAILOVER).exits(3).says("the environment variable `LAB_TOKEN` of a secret is not set");
    std::fs::remove_file(bench.path("key.pem")).unwrap();
    told(&bench, &["resume", "last"]).exits(3).says("the file `key.pem` of a secret cannot be read");
    bench.write("key.pem", KEY.join("\n"));
    told(&bench, &["resume", "last"]).exits(0);
    came_to_its_end(&bench);
}
