//! Control characters from outside: names of an inventory, words of scripts and services, what people
//! type. None of them reaches a terminal as it came.

use crate::bench::{Bench, Ended};
use crate::lab::{FAILOVER, came_to_its_end, lab};

/// Sets a title, turns the direction of writing, colours by a one-byte control.
const EVIL: &str = "\u{1b}]0;pwned\u{7}\u{202e}\u{9b}31m";

#[track_caller]
fn tame(ended: Ended) -> Ended {
    for text in [&ended.out, &ended.err] {
        let raw =
            text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(raw, None, "{text:?}");
    }
    ended
}

const READERS: [&[&str]; 5] = [
    &["check", "lab.muster"],
    &["points", "lab.muster"],
    &["inventory", "lab.muster"],
    &["preview", "failover", "lab.muster", "--planned"],
    &FAILOVER,
];

#[test]
fn names_of_an_inventory_with_control_characters_are_refused_in_tame_words() {
    let evil = serde_json::to_string(EVIL).unwrap();
    let evil = evil.trim_matches('"');
    let places = [
        (r#""wiki01": {"#, format!(r#""wiki01{evil}": {{"#)),
        (r#""id": "wiki01-0555""#, format!(r#""id": "wiki01-0555{evil}""#)),
        (r#""group": null"#, format!(r#""group": "g{evil}""#)),
        (r#""cloud": "10.1.0.20""#, format!(r#""cloud": "10.1.0.20{evil}""#)),
        (r#""sites": ["office", "cloud"]"#, format!(r#""sites": ["office", "cloud", "x{evil}"]"#)),
        (r#""kind": "crash", "set": null"#, format!(r#""kind": "crash", "set": "s{evil}""#)),
        (r#""kind": "crash", "set": null"#, format!(r#""tags": ["t{evil}"], "kind": "crash", "set": null"#)),
        (r#""kind": "crash""#, format!(r#""kind": "crash{evil}""#)),
        (r#""format": "muster.inventory/1""#, format!(r#""format": "muster.inventory/1{evil}""#)),
        (r#""os": "linux""#, format!(r#""os": "linux", "colour{evil}": 1"#)),
    ];
    for (from, to) in places {
        let bench = lab("true");
        bench.edit("estates/office.json", from, &to);
        for args in READERS {
            tame(bench.run(args)).exits(1).says("error[MP05");
        }
        assert!(!bench.path(".muster").exists());
    }
}

#[test]
fn names_that_turn_the_direction_of_writing_are_told_without_doing_so() {
    let bench = lab("true");
    bench.edit("estates/office.json", "wiki01-05", "wiki01\u{202e}05");
    for args in READERS {
        tame(bench.run(args));
    }
    for verb in ["status", "report", "log"] {
        if !bench.runs().is_empty() {
            tame(bench.run(&[verb, "last"])).exits(0);
        }
    }
}

#[test]
fn what_scripts_and_services_say_is_told_in_tame_words() {
    let evil = r"\033]0;pwned\007\342\200\256\302\23331m";
    let bench: Bench = lab(&format!("printf '{evil}' >&2; printf 'last {evil} line\\r\\n'; exit 7"));
    tame(bench.run(&FAILOVER)).exits(3).says("it exited with status 7");
    let reason = format!("because {EVIL}");
    let skip = ["skip", "last", "before", "--reason", &reason, "--as", &format!("eve{EVIL}")];
    tame(bench.run(&skip)).exits(0);
    tame(bench.run(&["resume", "last"])).exits(0);
    for verb in ["status", "report", "log"] {
        tame(bench.run(&[verb, "last"])).exits(0);
    }
    tame(bench.run(&["runs"])).exits(0);
    came_to_its_end(&bench);
    // What is asked for is named, and may be anything too.
    for args in [["status", EVIL], ["explain", EVIL], ["check", EVIL], ["resume", EVIL]] {
        let ended = tame(bench.run(&args));
        assert_ne!(ended.code, 0, "{args:?}");
    }
}
