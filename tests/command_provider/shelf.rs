//! The shipped example: it keeps the contract, and its plan goes there and back, also where every answer
//! to an act is lost.

use std::path::Path;
use std::process::Command;

use musterpoint::estate::Estate as _;
use musterpoint::estate::command::{Command as Provider, CommandOptions};
use musterpoint::event::{Key, Request, Submitted};

const PLAN: &str = "plans/shelf.muster";
const PROGRAM: &str = "plans/providers/shelf.py";

/// How a command ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn try_muster(state: &Path, args: &[&str]) -> Ended {
    let done = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(args)
        .current_dir(root())
        .env("MUSTER_STATE", state)
        .env("NO_COLOR", "1")
        .env("SHELF", root().join(PROGRAM))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

#[track_caller]
fn muster(state: &Path, args: &[&str], code: i32) -> Ended {
    let ended = try_muster(state, args);
    assert_eq!(ended.code, code, "{args:?}\n{}\n{}", ended.out, ended.err);
    ended
}

/// Runs an operation to its approval, approves, and resumes to its end.
#[track_caller]
fn run(state: &Path, plan: &str, args: &[&str]) {
    let (verb, rest) = args.split_first().unwrap();
    let mut begin = vec![*verb, plan, "--yes", "--quiet", "--as", "dana"];
    begin.extend(rest);
    muster(state, &begin, 6);
    muster(state, &["approve", "last", "accept", "--as", "dana"], 0);
    let ended = muster(state, &["resume", "last", "--quiet"], 0);
    assert!(ended.out.contains("completed"), "{}", ended.out);
}

fn sites(state: &Path, plan: &str) -> Vec<(String, String)> {
    let said = muster(state, &["inventory", plan, "--format", "json"], 0).out;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let vms = said["vms"].as_object().unwrap();
    vms.values()
        .map(|vm| (vm["site"].as_str().unwrap().to_owned(), vm["protection"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn the_example_keeps_the_contract_also_when_it_is_killed_after_every_act() {
    let state = tempfile::tempdir().unwrap();
    let ended = muster(state.path(), &["provider", "test", "--", PROGRAM], 0);
    assert!(ended.out.contains("shelf 1.0, version 1 of the protocol"), "{}", ended.out);
    assert!(ended.out.contains("with the machine ledger, from upper to lower"), "{}", ended.out);
    assert_eq!(ended.out.matches("  passed     ").count(), 11, "{}", ended.out);
    // The guide for authors shows this very run.
    let guide = std::fs::read_to_string(root().join("docs/providers.md")).unwrap();
    let shown = format!("```console\n$ muster provider test -- {PROGRAM}\n{}```\n", ended.out);
    assert!(guide.contains(&shown), "{shown}");
}

#[test]
fn a_program_that_breaks_a_promise_is_told_which_and_the_rest_is_not_tried() {
    let state = tempfile::tempdir().unwrap();
    // Forgets every key: the second asking acts again.
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join(PROGRAM)).unwrap();
    let broken = text.replace(
        "act = self.state[\"acts\"].get(key)\n        return {\"state\": \"never",
        "act = None\n        return {\"state\": \"never",
    );
    assert_ne!(text, broken);
    let program = folder.path().join("forgetful.py");
    std::fs::write(&program, broken).unwrap();
    let ended = muster(state.path(), &["provider", "test", "--", "python3", program.to_str().unwrap()], 1);
    assert!(ended.out.contains("  passed     a look changes nothing\n"), "{}", ended.out);
    assert!(ended.out.contains("  failed     "), "{}", ended.out);
    assert!(
        ended.out.contains("  not tried  killed after every act, a look changes nothing"),
        "{}",
        ended.out
    );
    assert!(ended.err.contains("error[MP0570]: the program does not keep a promise: "), "{}", ended.err);
}

/// The example, changed in one place, in a file of its own.
fn changed(folder: &Path, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(root().join(PROGRAM)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let program = folder.join("changed.py");
    std::fs::write(&program, text).unwrap();
    program.to_str().unwrap().to_owned()
}

const LIES: (&str, &str) = ("        box[\"test\"] = None\n", "        pass\n");
const NAMES_NOTHING: (&str, &str) = (", \"artifacts\": True", "");

#[test]
fn a_cleanup_that_lies_breaks_a_promise_also_of_a_program_that_names_nothing() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let test = |changes: &[(&str, &str)], code| {
        let program = changed(folder.path(), changes);
        muster(state.path(), &["provider", "test", "--", "python3", &program], code)
    };
    let lying = test(&[LIES], 1).err;
    assert!(lying.contains("after its cleanup there is copy `ledger-test-"), "{lying}");
    std::fs::remove_dir_all(state.path().join("estates")).unwrap();
    let silent = test(&[LIES, NAMES_NOTHING], 1).err;
    assert!(silent.contains("after its cleanup there is copy `test copy of ledger`"), "{silent}");
    std::fs::remove_dir_all(state.path().join("estates")).unwrap();
    // Programs of before the protocol had names for things go on as they are.
    test(&[NAMES_NOTHING], 0);
    let unannounced = test(&[("if copies else []", "if False else []")], 1).err;
    assert!(unannounced.contains("there should be nothing"), "{unannounced}");
}

#[test]
fn a_test_is_not_over_while_the_program_only_says_that_it_cleaned_up() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = changed(folder.path(), &[LIES]);
    let plan = std::fs::read_to_string(root().join(PLAN)).unwrap();
    let plan = plan.replace("\"providers/shelf.py\"", &format!("\"python3\", \"{program}\""));
    std::fs::create_dir(folder.path().join("scripts")).unwrap();
    std::fs::copy(root().join("plans/scripts/isolate.sh"), folder.path().join("scripts/isolate.sh")).unwrap();
    let file = folder.path().join("lying.muster");
    std::fs::write(&file, plan).unwrap();
    muster(state.path(), &["test", file.to_str().unwrap(), "--yes", "--quiet", "--as", "dana"], 6);
    muster(state.path(), &["approve", "last", "accept", "--as", "dana"], 0);
    let mut resume = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["resume", "last", "--quiet"])
        .env("MUSTER_STATE", state.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let left = || {
        let said = muster(state.path(), &["status", "last", "--format", "json"], 0).out;
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let things = said["artifacts"].as_array().unwrap().clone();
        things.into_iter().filter(|thing| thing["state"] == "left-behind").collect::<Vec<_>>()
    };
    let began = std::time::Instant::now();
    while left().len() < 3 {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:#?}", left());
    }
    muster(state.path(), &["pause", "last"], 0);
    assert_eq!(resume.wait().unwrap().code(), Some(6));
    // Mended, it does what it says.
    changed(folder.path(), &[]);
    muster(state.path(), &["cleanup", "last", "--quiet"], 0);
    assert_eq!(left(), Vec::<serde_json::Value>::new());
}

#[test]
fn a_real_machine_is_only_tested_with_when_somebody_names_it() {
    let state = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join(PROGRAM)).unwrap();
    let program = folder.path().join("real.py");
    std::fs::write(&program, text.replace("\"simulated\": True", "\"simulated\": False")).unwrap();
    let program = program.to_str().unwrap();
    let ended = muster(state.path(), &["provider", "test", "--", "python3", program], 4);
    assert!(ended.err.contains("error[MP0571]") && ended.err.contains("--machine NAME"), "{}", ended.err);
    assert!(!state.path().join("estates/.provider-test/shelf.json").exists(), "nothing was done");
    let ended = muster(state.path(), &["provider", "test", "--machine", "lump", "--", "python3", program], 4);
    assert!(
        ended.err.contains("no machine `lump`") && ended.err.contains("did you mean `lamp`?"),
        "{}",
        ended.err
    );
    let ended = muster(state.path(), &["provider", "test", "--", "./no-such-program"], 4);
    assert!(ended.err.contains("error[MP0560]"), "{}", ended.err);
    muster(state.path(), &["provider", "test", "--timeout", "10m", "--", PROGRAM], 2);
    muster(state.path(), &["provider", "test"], 2);
}

#[test]
fn the_shipped_plan_is_sound_canonical_and_shown_without_leaving_a_trace() {
    let state = tempfile::tempdir().unwrap();
    let ended = muster(state.path(), &["check", PLAN], 0);
    assert!(!ended.err.contains("warning"), "{}", ended.err);
    muster(state.path(), &["fmt", "--check", PLAN], 0);
    let ended = muster(state.path(), &["preview", "failover", PLAN, "--planned"], 0);
    assert!(ended.out.contains("take the final point of books, lamp"), "{}", ended.out);
    muster(state.path(), &["points", PLAN], 0);
    assert!(!state.path().join("estates").exists(), "looking makes nothing");
}

#[test]
fn the_shipped_plan_is_tested_and_fails_over() {
    let state = tempfile::tempdir().unwrap();
    run(state.path(), PLAN, &["test"]);
    run(state.path(), PLAN, &["failover", "--planned"]);
    let there = ("lower".to_owned(), "protected".to_owned());
    assert_eq!(sites(state.path(), PLAN), [there.clone(), there.clone(), there]);
    let log = std::fs::read_to_string(state.path().join("estates/shelves.log")).unwrap();
    assert!(log.contains("info: the shelf of shelves is open to act"), "{log}");
}

#[test]
fn a_run_whose_provider_dies_before_every_answer_ends_and_acts_once() {
    let state = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = std::fs::read_to_string(root().join(PLAN)).unwrap();
    let fragile = root().join("tests/fixtures/providers/fragile.py");
    let run_fragile =
        format!("run = [\"python3\", \"{}\"], env {{ SHELF = env(\"SHELF\") }}", fragile.display());
    let plan = plan.replace("run = [\"providers/shelf.py\"]", &run_fragile);
    std::fs::create_dir(folder.path().join("scripts")).unwrap();
    std::fs::copy(root().join("plans/scripts/isolate.sh"), folder.path().join("scripts/isolate.sh")).unwrap();
    let file = folder.path().join("fragile.muster");
    std::fs::write(&file, plan).unwrap();
    let file = file.to_str().unwrap();
    run(state.path(), file, &["failover", "--planned"]);
    let there = ("lower".to_owned(), "protected".to_owned());
    assert_eq!(sites(state.path(), file), [there.clone(), there.clone(), there]);
    // Every act was cut off once, and is one act in the shelf's own record.
    let estate = state.path().join("estates/shelves");
    let kept = std::fs::read_to_string(estate.join("shelf.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let acts = kept["acts"].as_object().unwrap().len();
    let cuts = std::fs::read_dir(&estate)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("cut-"));
    assert_eq!(cuts.count(), acts);
    assert_eq!(
        acts,
        3 + 2 + 3 + 3 + 3 + 3,
        "shutdowns, final sets, failovers, starts, commits, reprotections"
    );
}

#[test]
fn a_plan_says_a_program_and_a_secret_that_are_not_there() {
    let state = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = std::fs::read_to_string(root().join(PLAN)).unwrap();
    std::fs::create_dir(folder.path().join("scripts")).unwrap();
    std::fs::copy(root().join("plans/scripts/isolate.sh"), folder.path().join("scripts/isolate.sh")).unwrap();
    let file = folder.path().join("shelf.muster");
    let check = |run: &str, verb: &str, code: i32, says: &str| {
        std::fs::write(&file, plan.replace("run = [\"providers/shelf.py\"], timeout = 20s", run)).unwrap();
        let ended = muster(state.path(), &[verb, file.to_str().unwrap()], code);
        assert!(ended.err.contains(says), "{run}\n{}", ended.err);
    };
    check(
        "run = [\"providers/gone.py\"]",
        "check",
        1,
        "the program `providers/gone.py` of `estate shelves` does not exist",
    );
    check("run = [\"no-such-program-anywhere\"]", "check", 1, "is not found on `PATH`");
    check("run = [\"../gone.py\"]", "check", 1, "leaves the plan's folder by `..`");
    check("run = [\"\"]", "check", 1, "`run` names no program");
    check("run = [\"python3\"], timeout = 2m", "check", 1, "`timeout` is `2m`, and `40s` is the most");
    check("run = [\"python3\"], env { A = \"${lamp.address}\" }", "check", 1, "without holes");
    check("run = [\"python3\"], env { A = env(\"NO_SUCH_VARIABLE\") }", "inventory", 1, "error[MP0561]");
}

/// An engine that was killed may have left a process behind, and two engines may share an estate.
#[tokio::test]
async fn two_processes_of_the_example_forget_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let argv = vec![root().join(PROGRAM).display().to_string()];
        Provider::open(CommandOptions::new("shelves", argv, folder.path(), folder.path()))
    };
    let (one, two) = (open(), open());
    let act = |machine: &str| Request::CleanUp { machine: machine.to_owned() };
    for number in 0..8 {
        let keys = [Key::of("one", number, 1), Key::of("two", number, 1), Key::of("both", number, 1)];
        let (lamp, ledger) = (act("lamp"), act("ledger"));
        let (a, b) = tokio::join!(one.submit(&keys[0], &lamp), two.submit(&keys[1], &ledger));
        let (c, d) = tokio::join!(one.submit(&keys[2], &lamp), two.submit(&keys[2], &lamp));
        assert!([a, b, c, d].iter().all(|answer| matches!(answer, Ok(Submitted::Done(_)))));
    }
    let kept = std::fs::read_to_string(folder.path().join("shelves/shelf.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["acts"].as_object().unwrap().len(), 24);
}
