//! Verbs that only read, and the ones about plans' texts.

use std::io::Read as _;
use std::process::Stdio;

use super::bench::Bench;

#[test]
fn check_says_what_is_sound_and_warns_on_standard_error() {
    let bench = Bench::new();
    bench.run(&["check", "erp.muster"]).exits(0).prints("plan `erp` is sound").says("");
    bench.edit("erp.muster", "common_app(max_age = 1h)", "common_app(max_age = 2h)");
    bench.run(&["check", "erp.muster"]).exits(0).prints("plan `erp` is sound").says("warning[MP0318]");
    let quiet = bench.run(&["check", "-q", "erp.muster"]).exits(0);
    assert_eq!(quiet.err, "", "warnings are no errors");
    bench.run(&["check", "--timings", "one.muster"]).exits(0).prints("parse ").prints("graph ");
    assert!(!bench.path(".muster").exists());
}

#[test]
fn check_takes_a_file_that_only_declares_what_plans_use() {
    let bench = Bench::new();
    bench.write("only.muster", "role lead { members = [\"dana\"] }\n");
    bench.run(&["check", "only.muster"]).exits(0).prints("only.muster: no plan; what it declares is sound");
    bench.run(&["preview", "failover", "only.muster", "--planned"]).exits(1).says("holds no plan");
    bench.write("only.muster", "role lead { members = 3 }\n");
    bench.run(&["check", "only.muster"]).exits(1).says("members");
    bench.write("none.muster", "# nothing\n");
    bench.run(&["check", "none.muster"]).exits(1).says("holds no plan");
}

#[test]
fn check_prints_places_with_line_and_column_as_json() {
    let bench = Bench::new();
    bench.edit("one.muster", "point = latest", "pointt = latest");
    let json = bench.run(&["check", "one.muster", "--format", "json"]).exits(1).json();
    assert_eq!(json["errors"], 1);
    let label = &json["diagnostics"][0]["labels"][0];
    assert_eq!((label["file"].as_str(), label["line"].as_u64()), (Some("one.muster"), Some(11)));
    assert_eq!(label["column"], 31);
}

#[test]
fn diagnostics_are_narrated_where_no_graphics_are_wanted() {
    let bench = Bench::new();
    bench.edit("one.muster", "point = latest", "pointt = latest");
    let told = bench.run_with("NO_GRAPHICS", "1", &["check", "one.muster"]).exits(1);
    assert!(told.err.contains("label at line 11, columns 31 to 36"), "{}", told.err);
    assert!(!told.err.contains('╭'));
}

#[test]
fn fmt_writes_the_canonical_form_once_and_leaves_broken_files_alone() {
    let bench = Bench::new();
    bench.write("a.muster", "plan  a {\n\n\n  estate=e }\n");
    bench.run(&["fmt", "--check", "a.muster"]).exits(1).prints("a.muster");
    assert_eq!(bench.read("a.muster"), "plan  a {\n\n\n  estate=e }\n", "--check writes nothing");
    bench.run(&["fmt", "a.muster"]).exits(0);
    let once = bench.read("a.muster");
    bench.run(&["fmt", "--check", "a.muster"]).exits(0);
    bench.run(&["fmt", "a.muster"]).exits(0);
    assert_eq!(bench.read("a.muster"), once);
    bench.write("b.muster", "plan b { estate == }\n");
    bench.run(&["fmt", "b.muster", "a.muster"]).exits(1).says("error[MP");
    assert_eq!(bench.read("b.muster"), "plan b { estate == }\n");
    assert!(
        !std::fs::read_dir(bench.path(""))
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with(".b.") })
    );
}

#[test]
fn explain_prints_pages_and_reasons() {
    let bench = Bench::new();
    bench.run(&["explain", "mp0704"]).exits(0).prints("MP0704").prints("--as");
    bench.run(&["explain", "MP9999"]).exits(1).says("MP9999");
    bench.run(&["explain", "erp.muster", "start sql02"]).exits(0).prints("`sql01 -> sql02` in erp.muster:");
    bench.run(&["explain", "erp.muster", "freez"]).exits(1).says("did you mean `freeze`?");
}

#[test]
fn graph_is_drawn_in_every_format() {
    let bench = Bench::new();
    for (format, begin) in [("dot", "digraph"), ("mermaid", "flowchart"), ("svg", "<svg"), ("json", "{")] {
        let drawn = bench.run(&["graph", "erp.muster", "--for", "failback", "--format", format]).exits(0);
        assert!(drawn.out.trim_start().starts_with(begin), "{}", drawn.out);
    }
}

#[test]
fn points_are_forecast_with_their_certificates_and_leave_nothing_behind() {
    let bench = Bench::new();
    let json = bench.run(&["points", "erp.muster", "--format", "json"]).exits(0).json();
    assert_eq!(json["format"], "muster.points/1");
    assert_eq!(json["groups"]["db"]["set"], "set-0530");
    let inventory = ["points", "erp.muster", "--inventory", "estates/contoso.json", "--format", "json"];
    assert_eq!(bench.run(&inventory).exits(0).json()["groups"]["db"]["set"], "set-0530");
    let common = ["points", "erp.muster", "--point", "db=common(max_age = 4h)", "--format", "json"];
    assert_eq!(bench.run(&common).exits(0).json()["groups"]["db"]["policy"], "common");
    assert!(!bench.path(".muster").exists());
}

#[test]
fn points_are_drawn_and_only_real_disks_can_be_proved() {
    let bench = Bench::new();
    let drawn = bench.run(&["points", "erp.muster", "--format", "svg", "--lost-at", "2026-11-23T05:57:00Z"]);
    let drawn = drawn.exits(0);
    for says in
        ["<svg ", ">db: set set-0530 by", "lost at 2026-11-23T05:57:00Z", "sql02-0530, loses 27m", "</svg>"]
    {
        assert!(drawn.out.contains(says), "{says}: {}", drawn.out);
    }
    bench.run(&["points", "erp.muster", "--verify"]).exits(4).says("MP0546").says("provider `qemu`");
    bench.run(&["points", "erp.muster", "--verify", "--format", "svg"]).exits(2).says("no picture");
    bench.run(&["points", "erp.muster", "--verify", "--point", "db=latest"]).exits(2);
}

#[test]
fn a_group_without_a_choice_is_null_and_the_reader_exits_with_0() {
    let bench = Bench::new();
    let args = ["points", "erp.muster", "--point", "db=common_app(max_age = 1m)", "--format", "json"];
    let json = bench.run(&args).exits(0).json();
    assert!(json["groups"]["db"]["set"].is_null());
}

#[test]
fn the_inventory_is_written_in_its_own_format() {
    let bench = Bench::new();
    let json = bench.run(&["inventory", "erp.muster", "--format", "json"]).exits(0).json();
    assert_eq!(json["format"], "muster.inventory/1");
    bench.run(&["inventory", "erp.muster"]).exits(0).prints("sql01").prints("protected");
}

#[test]
fn preview_writes_nothing_but_the_file_it_is_told_to() {
    let bench = Bench::new();
    bench.run(&["preview", "failback", "erp.muster"]).exits(0).prints("DELETES 5 machines");
    assert!(!bench.path(".muster").exists());
    bench.run(&["preview", "failback", "erp.muster", "--out", "out.json"]).exits(0);
    let frozen: serde_json::Value = serde_json::from_str(&bench.read("out.json")).unwrap();
    assert_eq!(frozen["format"], "muster.runbook-file/1");
    bench.run(&["preview", "failback", "erp.muster", "--out", "no/such/folder.json"]).exits(1).says("MP0710");
}

#[test]
fn version_completions_and_manual_come_from_the_binary() {
    let bench = Bench::new();
    bench.run(&["--version"]).exits(0).prints(concat!("muster ", env!("CARGO_PKG_VERSION")));
    bench.run(&["completions", "bash"]).exits(0).prints("_muster");
    bench.run(&["man"]).exits(0).prints(".TH").prints("FAILBACK");
    let help = bench.run(&["--help"]).exits(0).prints("Exit codes:");
    assert!(!help.out.contains("script-host"), "{}", help.out);
}

#[test]
fn a_reader_that_goes_away_ends_output_quietly() {
    let bench = Bench::new();
    let mut child = bench.command(&["man"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn a_state_folder_that_was_never_used_has_no_runs() {
    let bench = Bench::new();
    assert!(bench.runs().is_empty());
    for verb in ["status", "log", "report", "resume", "pause"] {
        bench.run(&[verb, "last"]).exits(1).says("MP0650");
    }
    assert!(!bench.path(".muster").exists());
}
