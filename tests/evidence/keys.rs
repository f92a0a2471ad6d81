//! Where the key comes from, what is wrong with one, and that it never leaves its file.

use std::os::unix::fs::PermissionsExt as _;

use crate::bench::Bench;
use crate::signed::key;

const DRILL: [&str; 3] = ["test", "one.muster", "--yes"];

fn mode(bench: &Bench, file: &str) -> u32 {
    std::fs::metadata(bench.path(file)).unwrap().permissions().mode() & 0o777
}

fn set_mode(bench: &Bench, file: &str, mode: u32) {
    std::fs::set_permissions(bench.path(file), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_key_is_made_on_first_use_for_its_owner_alone_and_stays() {
    let bench = Bench::new();
    bench.run(&DRILL).exits(0);
    assert_eq!(mode(&bench, ".muster/keys/sign.key"), 0o600);
    let (secret, public) = (bench.read(".muster/keys/sign.key"), bench.read(".muster/keys/sign.pub"));
    assert_eq!(bench.run(&["key"]).exits(0).out, public);
    bench.run(&DRILL).exits(0);
    assert_eq!(bench.read(".muster/keys/sign.key"), secret);
    assert_eq!(
        std::fs::read_dir(bench.path(".muster/keys")).unwrap().count(),
        2,
        "nothing half written is left"
    );
    // A lost public key comes back out of the secret one.
    std::fs::remove_file(bench.path(".muster/keys/sign.pub")).unwrap();
    bench.run(&["key"]).exits(0);
    assert_eq!(bench.read(".muster/keys/sign.pub"), public);
    assert_ne!(key(&Bench::new()), key(&bench), "two installations have two keys");
}

/// Looks into every file below a folder but the key's own.
fn no_file_holds(folder: &std::path::Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            no_file_holds(&entry, secret);
        } else if !entry.ends_with("sign.key") {
            let bytes = std::fs::read(&entry).unwrap();
            assert!(
                !bytes.windows(secret.len()).any(|part| part == secret.as_bytes()),
                "{}",
                entry.display()
            );
        }
    }
}

#[test]
fn the_secret_key_stands_in_nothing_that_is_said_or_written() {
    let bench = Bench::new();
    let mut said = String::new();
    for args in [
        &DRILL[..],
        &["key"],
        &["key", "--format", "json"],
        &["report", "last", "--format", "json"],
        &["report", "last", "--format", "html"],
        &["log", "last", "--format", "jsonl"],
        &["verify", "last"],
    ] {
        let ended = bench.run(args).exits(0);
        said.push_str(&ended.out);
        said.push_str(&ended.err);
    }
    let file = bench.read(".muster/keys/sign.key");
    let secret = file.lines().nth(1).unwrap();
    // The first letters are the same in every key.
    let own = &secret[22..secret.len() - 1];
    assert!(own.len() > 38 && !said.contains(own));
    no_file_holds(&bench.path("."), own);
    // Also where the key is damaged, nothing of it is quoted.
    bench.write(".muster/keys/sign.key", file.replace("-----END", "-----AND"));
    let told = bench.run(&["key"]).exits(1).says("MP0801");
    assert!(!told.err.contains(own));
}

#[test]
fn a_key_of_openssl_signs_and_its_public_key_verifies() {
    let bench = Bench::new();
    // RFC 8410, section 10.3.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    bench.write("own.key", pem);
    set_mode(&bench, "own.key", 0o600);
    bench.run(&["test", "one.muster", "--yes", "--key", "own.key"]).exits(0);
    assert!(!bench.path(".muster/keys").exists(), "no key of its own is made");
    bench.run(&["verify", "last", "--key", "own.key"]).exits(0);
    assert_eq!(bench.run_with("MUSTER_KEY", "own.key", &["verify", "last"]).exits(0).err, "");
    bench.write("own.pub", bench.run(&["key", "--key", "own.key"]).exits(0).out);
    assert!(bench.read("own.pub").contains("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="));
    bench.run(&["verify", "last", "--public-key", "own.pub"]).exits(0);
    bench.run(&["key"]).exits(0);
    bench.run(&["verify", "last"]).exits(1).says("MP0809");
}

#[test]
fn a_key_that_cannot_be_used_is_told_and_holds_no_recovery_up() {
    let bench = Bench::new();
    bench.run(&["key"]).exits(0);
    let whole = bench.read(".muster/keys/sign.key");
    set_mode(&bench, ".muster/keys/sign.key", 0o640);
    let told = bench.run(&DRILL).exits(0).says("warning[MP0802]").says("its mode is 0640, 0600 is allowed");
    assert!(told.says("has ended and is not signed").out.contains("completed"));
    bench.run(&["report", "last"]).exits(0).prints("NOT SIGNED").says("MP0802");
    bench.run(&["log", "last", "--format", "jsonl", "-o", "unsigned.jsonl"]).exits(0).says("MP0802");
    bench.run(&["verify", "last"]).exits(1).says("MP0810").says("nobody has signed its log");
    set_mode(&bench, ".muster/keys/sign.key", 0o600);
    for (text, says) in
        [("", "has no line"), (&whole[..60], "has no line"), (&"k".repeat(5000), "is larger than 4096")]
    {
        bench.write(".muster/keys/sign.key", text);
        bench.run(&["report", "last"]).exits(0).prints("NOT SIGNED").says("MP0801").says(says);
    }
    // Named on this very command line, it has to be usable before anything starts.
    bench
        .run(&["test", "one.muster", "--yes", "--key", "none.key"])
        .exits(1)
        .says("error[MP0801]")
        .says("does not exist");
    assert_eq!(bench.runs().len(), 1);
    // The engine's next look at the run signs it.
    bench.write(".muster/keys/sign.key", &whole);
    bench.run(&["report", "last"]).exits(0).prints("records, signed");
    bench.run(&["verify", "last"]).exits(0);
}

#[test]
fn what_died_between_the_end_and_its_signature_is_signed_by_the_next_look() {
    for look in [
        &["report", "last"][..],
        &["verify", "last"],
        &["log", "last", "--format", "jsonl"],
        &["resume", "last"],
    ] {
        let bench = Bench::new();
        // A folder in the place of the key: the run ends as if the engine had died before it signed.
        std::fs::create_dir_all(bench.path(".muster/keys/sign.key")).unwrap();
        bench.run(&DRILL).exits(0).says("is a folder");
        std::fs::remove_dir(bench.path(".muster/keys/sign.key")).unwrap();
        let _any = bench.run(look);
        let log = bench.run(&["log", "last", "--format", "jsonl"]).exits(0).out;
        bench.write("run.jsonl", &log);
        bench.run(&["verify", "run.jsonl"]).exits(0).prints("sealed at");
        // Once signed, another key changes nothing, and requests to an ended run neither.
        bench.run(&["cleanup", "last"]).exits(4);
        bench.write("other.key", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n");
        set_mode(&bench, "other.key", 0o600);
        let again = bench.run(&["log", "last", "--format", "jsonl", "--key", "other.key"]).exits(0).out;
        assert_eq!(again, log);
    }
}
