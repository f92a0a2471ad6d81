//! `muster rehearse`: what it prints, what it refuses, and that it only reads.

use std::path::Path;

use serde_json::Value;

use crate::bench::Bench;

const ERP: [&str; 4] = ["rehearse", "failback", "erp.muster", "--planned"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ERP.iter().copied().chain(more.iter().copied()).collect()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_nothing_is_written() {
    let bench = Bench::new();
    let args = with(&["--runs", "40", "--all-single-faults", "--format", "json"]);
    let first = bench.run(&args).exits(0);
    let again = bench.run(&args).exits(0);
    assert_eq!(first.out, again.out);
    assert!(!bench.path(".muster").exists(), "a rehearsal leaves no state folder behind");
    let other = bench.run(&with(&["--runs", "40", "--seed", "2", "--format", "json"])).exits(0);
    assert_ne!(first.json()["rto"], other.json()["rto"]);
    let (text, more) = (with(&["--runs", "7"]), with(&["--runs", "7"]));
    assert_eq!(bench.run(&text).exits(0).out, bench.run(&more).exits(0).out);
}

#[test]
fn a_state_folder_with_runs_is_read_and_left_as_it_was() {
    let bench = Bench::new();
    bench.run(&["failover", "one.muster", "--planned", "--yes", "--quiet"]).exits(0);
    bench.run(&["failback", "one.muster", "--planned", "--yes", "--quiet"]).exits(0);
    let kept = |bench: &Bench| -> Vec<(String, Vec<u8>)> {
        let mut kept = files(&bench.path(".muster"));
        // The simulated estate's clock goes on whenever somebody looks, as for `muster preview`; and whoever
        // reads the store leaves SQLite's own files beside it, empty or of shared memory.
        kept.retain(|(path, _)| {
            !path.contains("estates") && !path.ends_with("-shm") && !path.ends_with("-wal")
        });
        kept
    };
    let before = kept(&bench);
    let args = ["rehearse", "failover", "one.muster", "--planned", "--runs", "3", "--format", "json"];
    let found = bench.run(&args).exits(0).json();
    assert!(kept(&bench) == before, "a file of the state folder has changed");
    // The run of the same operation is read, the one of another is not.
    assert_eq!(found["durations"]["past_runs"], 1);
    assert_eq!(found["durations"]["sources"], serde_json::json!({ "past_step": 9 }));
    let report = bench.run(&["report", text(&bench.runs()[0]["id"]), "--format", "json"]).exits(0).json();
    let (was, is) = (report["achieved"]["rto_s"].as_f64().unwrap(), found["rto"]["p50_s"].as_f64().unwrap());
    assert!((was - is).abs() < 3.0, "it took {was} s and is rehearsed as {is} s");
}

#[test]
fn a_single_fault_is_replayed_by_its_words_and_the_run_is_told() {
    let bench = Bench::new();
    let found = bench.run(&with(&["--runs", "5", "--all-single-faults", "--format", "json"])).exits(0).json();
    let singles = &found["single_faults"];
    assert_eq!(singles["tried"], singles["possible"]);
    let lost = singles["not_survived"].as_array().unwrap();
    assert!(lost.len() > 30, "{}", lost.len());
    for one in [&lost[0], &lost[lost.len() / 2], &lost[lost.len() - 1]] {
        let words: Vec<String> = shell(text(&one["replay"]));
        let args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        let shown = bench.run(&args).exits(0);
        let why = text(&one["why"]);
        let whole = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(whole.contains(why), "no `{why}` in\n{}", shown.out);
        assert!(shown.out.contains("the run\n2026-11-23 (UTC)\n"), "{}", shown.out);
        let again: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        let again = bench.run(&again).exits(0).json();
        assert_eq!(again["not_survived"][0]["why"], one["why"]);
        assert_eq!(again["not_survived"][0]["ended"], one["ended"]);
        let events = again["timeline"].as_array().unwrap();
        assert_eq!(events[0]["event"], "run_started");
        assert!(events.iter().any(|event| event["step"] == one["step"]));
    }
}

/// The words of a command line of ours: only single quotes.
fn shell(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

#[test]
fn faults_drawn_from_the_seed_are_counted_and_replayed_by_seed() {
    let bench = Bench::new();
    let args = with(&["--runs", "60", "--fault", "fail fail_over sql02 30%", "--format", "json"]);
    let found = bench.run(&args).exits(0).json();
    let halted = found["ends"]["halted"].as_u64().unwrap();
    assert!((8..30).contains(&halted), "{halted} of 60");
    assert_eq!(found["survived"].as_u64().unwrap() + halted, 60);
    let lost = &found["not_survived"][0];
    let seed = lost["seed"].to_string();
    let args =
        with(&["--runs", "1", "--seed", &seed, "--fault", "fail fail_over sql02 30%", "--format", "json"]);
    assert_eq!(bench.run(&args).exits(0).json()["not_survived"][0]["why"], lost["why"]);
}

#[test]
fn a_service_that_answers_too_late_is_foreseen_and_so_is_a_script_that_fails() {
    let bench = Bench::new();
    let run = ["failback", "erp.muster", "--planned", "--yes", "--quiet", "--as", "dana", "--approve", "go"];
    bench.edit("scripts/freeze-batch.sh", "#!/bin/sh", "#!/bin/sh\nexit 3");
    let found =
        bench.run(&with(&["--runs", "1", "--fault", "fail freeze", "--format", "json"])).exits(0).json();
    assert_eq!(
        (text(&found["not_survived"][0]["ended"]), text(&found["not_survived"][0]["step"])),
        ("halted", "freeze")
    );
    bench.run(&run).exits(3).prints("halted");

    let bench = Bench::new();
    bench.edit("estates/contoso.json", "\"after\": \"20s\"", "\"after\": \"9m\"");
    let found = bench.run(&with(&["--runs", "1", "--format", "json"])).exits(0).json();
    assert_eq!(
        (text(&found["not_survived"][0]["ended"]), text(&found["not_survived"][0]["step"])),
        ("halted", "sql_up")
    );
    bench.run(&run).exits(3).prints("halted");
    bench.run(&["status", "last"]).exits(0).prints("`sql_up` failed");
}

#[test]
fn stated_durations_go_before_the_estate_s() {
    let bench = Bench::new();
    bench.write(
        "d.json",
        r#"{ "format": "muster.durations/1",
             "kinds": { "fail_over": ["2m", "4m"], "script": "1s", "shut_down": ["10s", "20s", "30s"] },
             "steps": { "fail over sql01": "9m", "go": "30s" } }"#,
    );
    let found =
        bench.run(&with(&["--runs", "30", "--durations", "d.json", "--format", "json"])).exits(0).json();
    let step = |name: &str| {
        let steps = found["durations"]["steps"].as_array().unwrap();
        steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name}")).clone()
    };
    let told = |name: &str| {
        let step = step(name);
        (text(&step["source"]).to_owned(), step["from_s"].as_f64().unwrap(), step["to_s"].as_f64().unwrap())
    };
    assert_eq!(told("fail over sql01"), ("said_step".to_owned(), 540.0, 540.0));
    assert_eq!(told("fail over app01"), ("said_kind".to_owned(), 120.0, 240.0));
    assert_eq!(told("shut down app01"), ("said_kind".to_owned(), 10.0, 30.0));
    assert_eq!(told("go"), ("said_step".to_owned(), 30.0, 30.0));
    assert_eq!(told("commit sql01"), ("estate".to_owned(), 20.0, 60.0));
    assert_eq!(found["holders"][0]["step"], "fail over sql01");
}

/// Each has one clean sentence with a code, and the nearest name where a name is wrong.
#[test]
fn wrong_faults_are_refused_with_the_nearest_name() {
    let bench = Bench::new();
    for (fault, code, said) in [
        ("fial fail_over app02", "MP0901", "did you mean `fail`?"),
        ("fail failover app02", "MP0901", "did you mean `fail_over`?"),
        ("fail fail_over app03", "MP0902", "did you mean"),
        ("fail fail_over app02 sometimes", "MP0901", "which is not how often"),
        ("never sql_upp", "MP0902", "did you mean `sql_up`?"),
        ("reject og", "MP0902", "did you mean `go`?"),
        ("never go", "MP0901", "say `late STEP` or `reject STEP`"),
        ("reject sql_up", "MP0901", "say `never STEP`"),
        ("late freeze", "MP0901", "does not say how late"),
        ("fail process_pending app01", "MP0902", "can never come"),
        ("fail change_point sql01", "MP0902", "can never come"),
        ("lie fail_over sql01", "MP0901", "say it of `start`"),
        ("down server ps-avs-01", "MP0901", "the plan's `faults`"),
        ("cut azure", "MP0901", "names no site"),
        ("cut site azur", "MP0902", "did you mean `azure`?"),
        ("cut site azure at noon", "MP0901", "say `at +10m`"),
        ("die", "MP0901", "die at 17"),
        ("die at noon", "MP0901", "die at 17"),
        ("fail", "MP0901", "ends too early"),
        ("", "MP0901", "is empty"),
    ] {
        let refused =
            bench.run(&with(&["--fault", fault])).exits(2).says(&format!("error[{code}]")).says(said);
        assert_eq!(refused.out, "", "{fault}: nothing is rehearsed");
    }
    // All of them at once.
    bench.run(&with(&["--fault", "never x1", "--fault", "fial x"])).exits(2).says("MP0902").says("MP0901");
}

#[test]
fn every_fault_of_the_page_reads() {
    let page = musterpoint::source::codes::find("MP0901").unwrap().page;
    let bench = Bench::new();
    let mut count = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("    ")) {
        let form = line.split("   ").next().unwrap().trim();
        for form in form.split(", ").filter(|form| !form.is_empty()) {
            let tail = form
                .replace("[once]", "once")
                .replace("[refused|retry]", "retry")
                .replace("[as CODE]", "as full");
            let tail = tail.replace("SITE [at +10m] [for 30m]", "azure at +10m for 30m");
            let form =
                tail.replace("VERB", "fail_over").replace("MACHINE", "app02").replace("CHECK", "sql_up");
            let form = form.replace("SCRIPT", "freeze").replace("APPROVAL", "go").replace("STEP", "erp_up");
            // `hang, lose, forget, drop VERB MACHINE`: the words share their tail.
            let form = if form.contains(' ') { form } else { format!("{form} fail_over app02") };
            bench.run(&with(&["--runs", "1", "--quiet", "--fault", &form])).exits(0);
            count += 1;
        }
    }
    assert_eq!(count, 16, "the forms of the page");
}

#[test]
fn numbers_past_their_limits_are_wrong_usage() {
    let bench = Bench::new();
    bench.run(&with(&["--runs", "0"])).exits(2).says("1..=100000");
    bench.run(&with(&["--runs", "100001"])).exits(2).says("1..=100000");
    bench.run(&with(&["--seed", "-1"])).exits(2);
    bench.run(&with(&["--answer-after", "soon"])).exits(2).says("is not a duration");
    bench.run(&["rehearse", "failover", "erp.muster", "--planned"]).exits(4).says("error[MP");
    bench
        .run(&["rehearse", "failback", "none.muster", "--planned"])
        .exits(1)
        .says("`none.muster` does not exist");
}

#[test]
fn durations_that_lie_are_refused_with_all_that_is_wrong() {
    let bench = Bench::new();
    let refused = |document: &str, said: &[&str]| {
        bench.write("d.json", document);
        let mut ended = bench.run(&with(&["--durations", "d.json"])).exits(1).says("error[MP0903]");
        assert_eq!(ended.out, "");
        for text in said {
            ended = ended.says(text);
        }
    };
    let kinds = |kinds: &str| format!(r#"{{ "format": "muster.durations/1", "kinds": {kinds} }}"#);
    refused("", &["d.json"]);
    refused("[]", &["d.json"]);
    refused(r#"{ "format": "muster.durations/2" }"#, &["its format is `muster.durations/2`"]);
    refused(r#"{ "format": "muster.durations/1", "verbs": {} }"#, &["unknown field `verbs`"]);
    refused(
        &kinds(r#"{ "failover": "5m" }"#),
        &["`failover` is no kind of step", "did you mean `fail_over`?"],
    );
    refused(&kinds(r#"{ "fail_over": ["9m", "3m"] }"#), &["goes from 9m to 3m"]);
    refused(&kinds(r#"{ "fail_over": [] }"#), &["is an empty list"]);
    refused(&kinds(r#"{ "fail_over": 5 }"#), &["is 5, which is no duration"]);
    refused(&kinds(r#"{ "fail_over": ["5m", 6, "7m"] }"#), &["holds 6"]);
    refused(&kinds(r#"{ "fail_over": "fast" }"#), &["`fast` is not a duration"]);
    refused(&kinds(r#"{ "fail_over": "9999d" }"#), &["nothing waits longer than"]);
    refused(&kinds(r#"{ "fail_over": "5m", "fail_over": "6m" }"#), &["`fail_over` stands twice"]);
    refused(&kinds(r#"{ "fial_over": "5m", "start": [] }"#), &["`fial_over`", "`start` is an empty list"]);
    bench.write("d.json", b"\xff\xfe");
    bench.run(&with(&["--durations", "d.json"])).exits(1).says("no UTF-8 text");
    bench.run(&with(&["--durations", "none.json"])).exits(1).says("`none.json` cannot be read");
    // A step of another runbook is only told.
    bench.write("d.json", r#"{ "format": "muster.durations/1", "steps": { "fail over sql1": "5m" } }"#);
    let told = bench.run(&with(&["--durations", "d.json", "--runs", "1"])).exits(0);
    told.says("warning[MP0902]").says("did you mean `fail over sql01`?");
}
