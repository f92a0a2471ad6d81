//! Inputs that are wrong, hostile or cut off: one clean sentence, exit code 1, nothing touched.

use super::bench::Bench;

/// What every reader of plans has to say to a file.
#[track_caller]
fn refused(bytes: &[u8], sentence: &str) {
    let bench = Bench::new();
    bench.write("bad.muster", bytes);
    bench.run(&["check", "bad.muster"]).exits(1).says("error[MP").says(sentence);
    bench.run(&["failover", "bad.muster", "--planned", "--yes"]).exits(1).says(sentence);
    assert!(!bench.path(".muster").exists(), "a wrong plan left a state folder behind");
}

#[test]
fn files_that_are_no_text_are_refused() {
    refused(b"plan x { \xff\xfe }", "UTF-8");
    refused(b"\xff\xfep\0l\0a\0n\0", "UTF-16");
    refused(b"plan x {\0}", "NUL");
}

#[test]
fn an_empty_file_and_one_without_a_plan_are_refused() {
    refused(b"", "no plan");
    refused(b"estate e { }\n", "error[MP");
}

#[test]
fn files_that_are_not_there_are_named() {
    let bench = Bench::new();
    bench.run(&["check", "none.muster"]).exits(1).says("`none.muster` does not exist");
    bench.run(&["check", "scripts"]).exits(1).says("is a folder");
    bench.run(&["points", "one.muster", "--inventory", "none.json"]).exits(1).says("none.json");
    refused(b"use \"missing.muster\"\nplan x { estate = y }\n", "missing.muster");
}

#[test]
fn paths_that_climb_out_of_the_plans_folder_are_refused() {
    refused(b"use \"../secret.muster\"\nplan x { estate = y }\n", "error[MP");
    refused(b"use \"/etc/passwd\"\nplan x { estate = y }\n", "error[MP");
}

#[test]
fn files_that_use_each_other_are_reported_as_a_loop() {
    let bench = Bench::new();
    bench.write("a.muster", "use \"b.muster\"\n");
    bench.write("b.muster", "use \"a.muster\"\n");
    bench.run(&["check", "a.muster"]).exits(1).says("use each other");
}

#[test]
fn several_syntax_errors_are_reported_in_one_go() {
    let bench = Bench::new();
    bench.write("bad.muster", "plan x {\n  estate = \"open\n  vm a { os == linux }\n  group ] \n}\n");
    let ended = bench.run(&["check", "bad.muster"]).exits(1);
    assert!(ended.err.matches("error[MP").count() >= 2, "{}", ended.err);
}

#[test]
fn a_hundred_thousand_open_braces_are_one_clean_error() {
    refused("{".repeat(100_000).as_bytes(), "error[MP");
    refused("[(\"".repeat(30_000).as_bytes(), "error[MP");
}

#[test]
fn a_file_past_the_limit_is_refused_unread() {
    refused(&vec![b'#'; 50 * 1024 * 1024], "a plan file may have");
}

#[test]
fn ten_thousand_errors_on_one_line_are_printed_as_twenty_and_a_count() {
    let bench = Bench::new();
    bench.write("bad.muster", format!("plan x {{ {} }}", "vm 1, ".repeat(3000)));
    let ended = bench.run(&["check", "bad.muster"]).exits(1).says("more; `muster check --format json`");
    assert!(ended.err.matches("error[MP").count() <= 20);
    let json = bench.run(&["check", "bad.muster", "--format", "json"]).exits(1).json();
    assert_eq!(json["format"], "muster.diagnostics/1");
    assert!(json["diagnostics"].as_array().unwrap().len() > 20);
}

#[test]
fn an_inventory_that_was_cut_off_is_refused_and_nothing_is_made_of_it() {
    let bench = Bench::new();
    let whole = bench.read("estates/office.json");
    bench.write("estates/office.json", &whole[..whole.len() / 2]);
    for args in [&["check", "one.muster"][..], &["points", "one.muster"], &["inventory", "one.muster"]] {
        bench.run(args).exits(1).says("ends in the middle");
    }
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(1).says("ends in the middle");
    assert!(!bench.path(".muster").exists());
}

#[test]
fn a_machine_that_the_estate_does_not_know_is_named() {
    let bench = Bench::new();
    bench.edit("one.muster", "vm    wiki01  { os", "vm wiki01 { name = \"wikki01\", os");
    bench.run(&["check", "one.muster"]).exits(1).says("wikki01").says("MP0604");
    bench.run(&["failover", "one.muster", "--planned", "--yes"]).exits(4).says("wikki01");
    assert!(bench.runs().is_empty());
}

#[test]
fn a_frozen_runbook_that_was_edited_or_cut_off_is_refused() {
    let bench = Bench::new();
    bench.run(&["preview", "failover", "one.muster", "--planned", "--out", "one.json"]).exits(0);
    let whole = bench.read("one.json");
    bench.write("cut.json", &whole[..whole.len() / 2]);
    bench.write("edited.json", whole.replace("wiki_up", "wiki_uq"));
    for name in ["cut.json", "edited.json"] {
        bench.run(&["failover", name, "--yes"]).exits(1).says(name);
    }
    assert!(bench.runs().is_empty());
}

#[test]
fn wrong_usage_exits_with_2_and_names_the_option() {
    let bench = Bench::new();
    bench.run(&["flyover", "one.muster"]).exits(2).says("flyover");
    bench.run(&["failover", "one.muster", "--planned", "--forced"]).exits(2).says("--forced");
    bench.run(&["failover", "one.muster", "--yes"]).exits(2).says("--planned");
    bench.run(&["failover", "one.muster", "--forced", "--yes"]).exits(2).says("--lost-at");
    bench.run(&["points", "one.muster", "--as-of", "yesterday"]).exits(2).says("instant");
    bench.run(&["points", "one.muster", "--point", "commom"]).exits(2).says("commom");
    bench.run(&["points", "one.muster", "--point", "nobody=latest"]).exits(2).says("nobody");
    bench
        .run(&["failover", "one.muster", "--planned", "--yes", "--without", "x"])
        .exits(2)
        .says("`--without x`");
    bench.run(&["failover", "one.muster", "--planned", "--yes", "--param", "a=b"]).exits(2).says("`a`");
    bench.run(&["choose", "last", "common"]).exits(2).says("names no group");
    bench.run(&["skip", "last", "go"]).exits(2).says("--reason");
    assert!(bench.runs().is_empty());
}
