//! Every change of an exported log is found, and the record is named.

use musterpoint::base::{Digest, Timestamp};
use musterpoint::event::{Claim, SecretKey};
use musterpoint::report::verify;
use proptest::prelude::*;

use crate::bench::Bench;
use crate::signed::{first_fault, lines, signed};

fn joined(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.concat()
}

/// Of a log of `lines`: the head, the records from 0 to this one, the seal.
fn last_record(lines: &[Vec<u8>]) -> u64 {
    lines.len() as u64 - 3
}

#[track_caller]
fn finds(bytes: &[u8], code: &str, record: Option<u64>) {
    let found = first_fault(bytes, &signed().key);
    assert_eq!(found, Some((code.to_owned(), record)), "{}", String::from_utf8_lossy(bytes));
}

#[test]
fn an_untouched_log_holds_and_tells_what_it_is_of() {
    let verdict = verify::file(&signed().log, &signed().key).unwrap();
    assert_eq!(verdict.faults, []);
    assert_eq!(verdict.records, last_record(&lines(&signed().log)));
    assert_eq!(verdict.subject.as_deref(), Some("test of plan `one`"));
    assert!(verdict.signed_at.is_some() && verdict.between.is_some_and(|(from, to)| from < to));
}

/// The byte at `place`, changed: what is found has to name its record.
fn changed(place: usize, by: u8) {
    let mut log = signed().log.clone();
    let line = log[..place].iter().filter(|byte| **byte == b'\n').count();
    log[place] ^= by;
    let found = first_fault(&log, &signed().key);
    let last = lines(&signed().log).len() - 1;
    let (code, record) = found.unwrap_or_else(|| panic!("byte {place} of line {line} changed, and it holds"));
    if (1..last).contains(&line) {
        assert_eq!(record, Some(line as u64 - 1), "byte {place} of line {line}: {code}");
    }
}

#[test]
fn each_byte_of_the_head_of_a_record_and_of_the_seal_counts() {
    let log = &signed().log;
    let ends: Vec<usize> = (0..log.len()).filter(|at| log[*at] == b'\n').collect();
    let (head, seal) = (0..=ends[0], ends[ends.len() - 2] + 1..log.len());
    let (first, last) = (ends[1] + 1..=ends[2], ends[ends.len() - 3] + 1..=ends[ends.len() - 2]);
    for place in head.chain(first).chain(last).chain(seal) {
        changed(place, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_byte_anywhere_is_found_and_its_record_named(place in any::<prop::sample::Index>(), by in 1_u8..) {
        changed(place.index(signed().log.len()), by);
    }

    #[test]
    fn a_log_cut_off_anywhere_does_not_hold(place in any::<prop::sample::Index>()) {
        let log = &signed().log;
        prop_assert!(first_fault(&log[..place.index(log.len())], &signed().key).is_some());
    }

    #[test]
    fn whatever_stands_in_a_file_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
        prop_assert!(first_fault(&bytes, &signed().key).is_some());
        let mut log = signed().log.clone();
        let at = at.index(log.len());
        log.splice(at..at, bytes.iter().copied());
        prop_assert_eq!(first_fault(&log, &signed().key).is_none(), bytes.is_empty());
    }
}

#[test]
fn a_removed_record_is_named() {
    let all = lines(&signed().log);
    for removed in 0..=last_record(&all) {
        let mut left = all.clone();
        left.remove(removed as usize + 1);
        finds(&joined(&left), "MP0807", Some(removed));
    }
}

#[test]
fn records_that_changed_places_are_named() {
    let all = lines(&signed().log);
    for (one, other) in [(1, 2), (0, 1), (3, 9), (4, last_record(&all))] {
        let mut moved = all.clone();
        moved.swap(one as usize + 1, other as usize + 1);
        finds(&joined(&moved), "MP0807", Some(one));
    }
}

#[test]
fn an_inserted_record_is_named_also_where_its_digest_was_made_to_fit() {
    let all = lines(&signed().log);
    for number in 1..=last_record(&all) {
        let mut doubled = all.clone();
        doubled.insert(number as usize + 1, all[number as usize + 1].clone());
        finds(&joined(&doubled), "MP0807", Some(number));
    }
    let before: serde_json::Value = serde_json::from_slice(&all[3]).unwrap();
    let body = "{\"seq\":3,\"at\":\"2026-11-23T06:00:00Z\",\"event\":\"window_overdue\",\"node\":0}";
    let digest = Digest::of(&[before["digest"].as_str().unwrap().as_bytes(), body.as_bytes()]);
    let mut forged = all.clone();
    let line = serde_json::json!({ "seq": 3, "digest": digest, "body": body });
    forged.insert(4, format!("{line}\n").into_bytes());
    finds(&joined(&forged), "MP0807", Some(3));
}

/// A log in which record 5 was changed and everything after it made to fit again.
fn rewritten() -> Vec<Vec<u8>> {
    let mut all = lines(&signed().log);
    let mut before = String::new();
    let last = all.len() - 1;
    for line in &mut all[1..last] {
        let mut record: serde_json::Value = serde_json::from_slice(line).unwrap();
        let body = record["body"].as_str().unwrap().to_owned();
        let body = if record["seq"] == 5 { body.replacen("T06:", "T05:", 1) } else { body };
        let digest = if record["seq"] == 0 {
            Digest::of(&[body.as_bytes()])
        } else {
            Digest::of(&[before.as_bytes(), body.as_bytes()])
        };
        before = digest.to_string();
        record["body"] = body.into();
        record["digest"] = before.clone().into();
        *line = format!("{record}\n").into_bytes();
    }
    all
}

#[test]
fn a_log_that_was_made_to_fit_again_is_found_out_by_its_seal() {
    let mut all = rewritten();
    assert_ne!(joined(&all), signed().log);
    finds(&joined(&all), "MP0808", None);
    // Without the seal it says nothing, and with one of somebody else's it is somebody else's.
    let seal = all.pop().unwrap();
    finds(&joined(&all), "MP0810", None);
    let thief = SecretKey::from_seed(&[7; 32]);
    let record = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).unwrap();
    let digest = |line: &[u8]| serde_json::from_value::<Digest>(record(line)["digest"].clone()).unwrap();
    let run = record(&all[0])["run"].as_str().unwrap().to_owned();
    let events = all.len() as u64 - 2;
    let claim =
        Claim::new(&run, &digest(&all[1]), events, &digest(&all[all.len() - 1]), Timestamp::from_seconds(0));
    let line = |seal: serde_json::Value| format!("{}\n", serde_json::json!({ "seal": seal })).into_bytes();
    let forged = serde_json::to_value(claim.seal(&thief)).unwrap();
    let sealed = |seal: serde_json::Value| [joined(&all), line(seal)].concat();
    finds(&sealed(forged.clone()), "MP0809", None);
    assert_eq!(
        first_fault(&sealed(forged.clone()), &thief.public()),
        None,
        "the forger's own key would hold"
    );
    // The thief's signature under our key's name.
    let mut named = forged;
    named["key"] = signed().key.to_string().into();
    finds(&sealed(named), "MP0808", None);
    // Our own seal of another log.
    finds(&sealed(record(&seal)["seal"].clone()), "MP0808", None);
}

#[test]
fn a_newer_log_is_told_as_newer_and_other_files_as_what_they_are() {
    let newer = String::from_utf8(signed().log.clone()).unwrap().replacen("evidence/1", "evidence/2", 1);
    finds(newer.as_bytes(), "MP0805", None);
    for other in
        ["", "{}", "[]", "null", "x", "{\"format\":\"muster.log/1\",\"run\":\"x\"}\n", "<!doctype html>\n<p>"]
    {
        finds(other.as_bytes(), "MP0804", None);
    }
    finds(&signed().log[..0], "MP0804", None);
    let deep = "[".repeat(200_000);
    finds(deep.as_bytes(), "MP0804", None);
}

#[test]
fn the_command_names_the_record_what_it_is_and_its_time() {
    let bench = Bench::new();
    let key = signed().key.to_string();
    bench.write("run.jsonl", &signed().log);
    let verify = |file: &str, code: i32| bench.run(&["verify", file, "--public-key", &key]).exits(code);
    verify("run.jsonl", 0).prints("holds: the log of run `one-").prints("no record was changed");
    let text = String::from_utf8(signed().log.clone()).unwrap();
    let place = text.find("step_succeeded").unwrap();
    let record = text[..place].lines().count() - 2;
    bench.write(
        "bad.jsonl",
        text.replacen("\\\"event\\\":\\\"step_succeeded\\\"", "\\\"event\\\":\\\"step_succeeded\\\" ", 1),
    );
    let told = verify("bad.jsonl", 1).prints("DOES NOT HOLD: 1 fault");
    told.says(&format!("error[MP0806]: record {record} is not what was recorded: `"))
        .says("is done")
        .says("Z\n");
    let json = bench.run(&["verify", "bad.jsonl", "--public-key", &key, "--format", "json"]).exits(1).json();
    assert_eq!((&json["holds"], &json["faults"][0]["record"]), (&false.into(), &record.into()));
    // No state folder was made or asked for.
    assert!(!bench.path(".muster").exists());
    bench.run(&["verify", "run.jsonl"]).exits(2).says("MP0803");
    bench.run(&["verify", "run.jsonl", "--public-key", &"0".repeat(64)]).exits(2).says("MP0803");
}
