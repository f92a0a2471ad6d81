//! A program may do whatever it likes: each way of breaking the protocol is contained, told with its
//! code, and leaves no process behind.

use std::path::Path;
use std::time::{Duration, Instant};

use musterpoint::base::{Clock as _, SystemClock};
use musterpoint::estate::Estate as _;
use musterpoint::estate::command::{Command, CommandOptions};
use musterpoint::event::{EstateError, Found, Handle, Key, Probe, Request, Submitted};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/providers/hostile.py");
const TOKEN: &str = "hunter2-very-secret";

/// A program with one bad habit, in a folder of its own.
struct Lab {
    folder: tempfile::TempDir,
    estate: Command,
}

impl Lab {
    fn new(way: &str) -> Self {
        Self::within(way, Duration::from_secs(20))
    }

    fn within(way: &str, timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let said = ["python3", PROGRAM, way, folder.path().to_str().unwrap()];
        let argv = said.iter().map(|text| (*text).to_owned()).collect();
        let mut options = CommandOptions::new("lab", argv, folder.path(), folder.path());
        options.program.name = "hostile.py".to_owned();
        options.program.env.push(("TOKEN".to_owned(), TOKEN.to_owned()));
        options.secrets.0.push(TOKEN.to_owned());
        options.timeout = timeout;
        options.log = Some(folder.path().join("lab.log"));
        Self { folder, estate: Command::open(options) }
    }

    fn starts(&self) -> usize {
        std::fs::read(self.folder.path().join("starts")).map_or(0, |text| text.len())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("lab.log")).unwrap_or_default()
    }

    async fn submit(&self) -> Result<Submitted, EstateError> {
        self.estate.submit(&key(), &start()).await
    }
}

fn key() -> Key {
    Key::of("a run", 1, 1)
}

fn start() -> Request {
    Request::Start { machine: "app01".to_owned(), test: false }
}

/// A sentence that can be shown: it has its code, and neither control characters nor secrets.
#[track_caller]
fn told(message: &str, code: &str, says: &str) {
    assert!(message.contains(code), "{message}");
    assert!(message.contains(says), "{message}");
    assert!(!message.contains(TOKEN) && !message.contains(char::is_control), "{message:?}");
    assert!(message.chars().count() < 700, "{message}");
    assert!(musterpoint::source::codes::find(code).is_some());
}

/// The inventory is put off, by a word and with a code.
#[track_caller]
fn put_off<T: std::fmt::Debug>(answer: Result<T, EstateError>, word: &str, code: &str, says: &str) {
    match answer {
        Err(EstateError::Retry { code: said, message }) => {
            assert_eq!(said, word, "{message}");
            told(&message, code, says);
        }
        other => panic!("{other:?}"),
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[tokio::test]
async fn a_program_that_is_not_there_or_declines_is_told_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        CommandOptions::new("lab", vec!["no-such-program".to_owned()], folder.path(), folder.path());
    let found = Command::open(options).inventory().await;
    put_off(found, "provider_not_started", "MP0560", "`no-such-program` does not start");
    let lab = Lab::new("exits");
    let found = lab.estate.inventory().await;
    put_off(found, "provider_not_started", "MP0560", "ended with status 1, saying: cannot reach the array");
    assert!(lab.starts() <= 3, "{}", lab.starts());
    let lab = Lab::new("declines");
    put_off(lab.estate.inventory().await, "provider_not_started", "MP0560", "the licence is over");
    // An act was not sent, so nothing came about.
    put_off(Lab::new("declines").submit().await, "provider_not_started", "MP0560", "declined");
}

#[tokio::test]
async fn another_version_or_fewer_verbs_are_refused() {
    for (way, code, says) in [
        ("version", "MP0562", "speaks version 2 of the protocol, the engine speaks 1"),
        ("lacks", "MP0563", "does not know `commit`, `reprotect` and `clean_up`"),
    ] {
        match Lab::new(way).estate.inventory().await {
            Err(EstateError::Refused { message, .. }) => told(&message, code, says),
            other => panic!("{way}: {other:?}"),
        }
    }
    put_off(
        Lab::new("greedy").estate.inventory().await,
        "provider_garbage",
        "MP0566",
        "100000 calls at once",
    );
}

#[tokio::test]
async fn lines_that_are_no_messages_end_the_program_and_are_told() {
    for (way, says) in [
        ("not_json", "wrote a line that is not JSON: `connecting with *** [2J…`"),
        ("not_utf8", "is not UTF-8"),
        ("array", "is no JSON object"),
        ("deep", "is nested deeper than 64"),
        ("no_id", "has neither `id` nor `log`"),
        ("both", "has both `ok` and `error`"),
        ("bad_code", "has the code `No Way!`"),
    ] {
        let lab = Lab::new(way);
        put_off(lab.estate.inventory().await, "provider_garbage", "MP0566", says);
        // The next call finds a new process.
        assert!(lab.estate.observe("app01", false).await.is_ok(), "{way}");
        assert_eq!(lab.starts(), 2, "{way}");
    }
}

#[tokio::test]
async fn floods_are_bounded() {
    let lab = Lab::new("long_line");
    put_off(lab.estate.inventory().await, "provider_flood", "MP0567", "a line longer than 32 MiB");
    for way in ["log_flood", "blank_flood"] {
        let lab = Lab::new(way);
        put_off(lab.estate.inventory().await, "provider_flood", "MP0567", "more than 10000 lines");
        assert!(lab.log().lines().count() < 300, "{way}: {}", lab.log().lines().count());
    }
    // Standard error may be as long as it likes: the answer counts, and the log stays small.
    let lab = Lab::new("stderr_flood");
    lab.estate.inventory().await.expect("an inventory");
    assert!(lab.log().contains("more lines are not kept") && lab.log().len() < 1_000_000);
}

#[tokio::test]
async fn answers_that_nobody_asked_for_are_told() {
    let found = Lab::new("wrong_id").estate.inventory().await;
    put_off(found, "provider_not_asked", "MP0568", "which was never made");
    // The first of two answers stands; the second is met with it or by the next call, and logged.
    let lab = Lab::new("twice");
    lab.estate.inventory().await.expect("an inventory");
    match lab.estate.observe("app01", false).await {
        Ok(_) => assert_eq!(lab.starts(), 2),
        found => put_off(found, "provider_not_asked", "MP0568", "which was answered already"),
    }
    assert!(lab.log().contains("which was answered already [MP0568]"), "{}", lab.log());
}

#[tokio::test]
async fn answers_about_something_else_are_not_believed() {
    for (way, code, says) in [
        ("other_machine", "MP0569", "is about `app02`, which are not the machines of the act"),
        ("no_machine", "MP0569", "is about no machine"),
        ("other_key", "MP0569", "is about the key `000000000000000000000000`"),
        ("never_arrived", "MP0566", "says what only `find` is answered"),
        ("bad_handle", "MP0566", "has a handle"),
        ("bad_address", "MP0566", "gives the address `10.0.0.1; reboot`"),
        ("misspelt", "MP0566", "unknown field `adress`"),
    ] {
        match Lab::new(way).submit().await {
            Err(EstateError::Unknown { message }) => told(&message, code, says),
            other => panic!("{way}: {other:?}"),
        }
    }
    let lab = Lab::new("other_machine");
    let found = lab.estate.observe("app01", false).await;
    put_off(found, "provider_subject", "MP0569", "is about `app02`, and `app01` was asked about");
    let heartbeat = Probe::Heartbeat { machine: "app01".to_owned(), test: false };
    told(&lab.estate.probe(&heartbeat).await.unwrap_err(), "MP0569", "`app02`");
}

#[tokio::test]
async fn what_it_says_of_things_of_tests_is_judged_before_it_is_believed() {
    let start = Request::Start { machine: "app01".to_owned(), test: true };
    for (way, word, code, says) in [
        ("things_other_machine", "provider_subject", "MP0569", "names a thing of `app02`"),
        ("things_other_key", "provider_subject", "MP0569", "is "),
        ("things_bad_kind", "provider_garbage", "MP0566", "unknown variant `soul`"),
        ("things_bad_id", "provider_garbage", "MP0566", "names a thing by an id"),
        ("things_many", "provider_garbage", "MP0566", "names 20000 things, at most 10000 are possible"),
    ] {
        let lab = Lab::new(way);
        put_off(lab.estate.remains(&["app01".to_owned()]).await, word, code, says);
        put_off(lab.estate.will_create(&key(), &start).await, word, code, says);
    }
    let seen = Lab::new("things_secret").estate.remains(&["app01".to_owned()]).await.expect("things");
    assert_eq!(seen[0].id, "disk of ***");
    // Of a program that names nothing, what it sees is all that there is to know.
    let lab = Lab::new("none");
    assert_eq!(lab.estate.will_create(&key(), &start).await, Ok(Vec::new()));
    assert_eq!(lab.estate.remains(&["app01".to_owned()]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_handle_knows_its_act_after_the_engine_forgot_it() {
    let Ok(Submitted::Accepted(handle, _)) = Lab::new("running").submit().await else { panic!("no handle") };
    // Another engine, which only has the handle, is answered about another machine.
    let found = Lab::new("running").estate.poll(&handle).await;
    put_off(found, "provider_subject", "MP0569", "is about `app02`");
    let strange = Lab::new("running").estate.poll(&Handle("4711".to_owned())).await;
    assert!(matches!(strange, Err(EstateError::Unknown { .. })), "{strange:?}");
    let lab = Lab::new("other_key");
    assert!(
        matches!(lab.estate.cancel(&handle).await, Err(EstateError::Unknown { message }) if message.contains("MP0569"))
    );
    assert_eq!(Lab::new("running").estate.cancel(&handle).await, Ok(()));
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_everything_that_it_started() {
    let lab = Lab::within("hangs", Duration::from_secs(2));
    let found = lab.estate.observe("app01", false).await;
    put_off(found, "provider_silent", "MP0565", "did not answer `observe` within 2s");
    let child = std::fs::read_to_string(lab.folder.path().join("child")).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while is_alive(&child) {
        assert!(Instant::now() < until, "its child {child} lives");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_that_keeps_dying_is_started_ever_more_seldom() {
    let lab = Lab::new("dies");
    for _ in 0..2 {
        let found = lab.estate.inventory().await;
        put_off(found, "provider_died", "MP0564", "ended with status 3, saying: no licence [5mleft");
    }
    // What only reads is asked twice, each time a little later: 4 starts, 3 pauses that double.
    assert_eq!(lab.starts(), 4);
}

#[tokio::test]
async fn an_act_whose_answer_is_missing_is_unknown_and_found_by_its_key() {
    let lab = Lab::new("dies_in_act");
    match lab.submit().await {
        Err(EstateError::Unknown { message }) => told(&message, "MP0564", "ended with status 9"),
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.starts(), 1, "an act is not sent again");
    let now = SystemClock.now();
    assert!(matches!(lab.estate.find(&key(), &start(), now).await, Ok(Found::Done(_))));
    assert_eq!(lab.estate.find(&Key::of("a run", 2, 1), &start(), now).await, Ok(Found::NeverArrived));
}

#[tokio::test]
async fn a_program_that_ended_between_two_calls_is_started_again_quietly() {
    let lab = Lab::new("dies_idle");
    for round in 1..=3 {
        lab.estate.observe("app01", false).await.expect("an answer");
        assert_eq!(lab.starts(), round);
    }
}

#[tokio::test]
async fn answers_may_come_in_any_order_where_several_calls_are_open() {
    let lab = Lab::new("out_of_order");
    let [one, two, three] = ["one", "two", "three"];
    let found = tokio::join!(
        lab.estate.observe(one, false),
        lab.estate.observe(two, false),
        lab.estate.observe(three, false)
    );
    assert!(found.0.is_ok() && found.1.is_ok() && found.2.is_ok(), "{found:?}");
    assert_eq!(lab.starts(), 1);
}

#[tokio::test]
async fn an_answer_after_the_call_was_given_up_is_left_unread() {
    let lab = Lab::new("late");
    let asked = lab.folder.path().join("asked");
    let until_asked = async {
        while !asked.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        answer = lab.estate.observe("slow", false) => panic!("{answer:?}"),
        () = until_asked => {}
    }
    std::fs::write(lab.folder.path().join("go"), "").unwrap();
    lab.estate.observe("app01", false).await.expect("the answer to this call");
    assert_eq!(lab.starts(), 1);
    assert!(lab.log().contains("is left unread"), "{}", lab.log());
}

#[tokio::test]
async fn what_it_says_is_cleaned_and_its_secrets_are_hidden() {
    let lab = Lab::new("chatty");
    let Ok(Submitted::Done(detail)) = lab.submit().await else { panic!("not done") };
    lab.estate.close().await;
    assert!(detail.note.starts_with("with *** [1mand more") && detail.note.chars().count() <= 501);
    assert_eq!(detail.exception.as_deref(), Some("***"));
    let log = lab.log();
    assert!(log.contains("warning: token *** [2J and so on"), "{log}");
    assert!(log.contains("stderr: on stderr: *** [31mred"), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains('\u{1b}') && !log.contains('\u{202e}'), "{log:?}");
    let inventory = Lab::new("inventory_secret").estate.inventory().await.expect("an inventory");
    assert_eq!(inventory.vms["app01"].os.as_deref(), Some("***"));
}

#[tokio::test]
async fn an_inventory_that_does_not_read_is_told_with_the_inventory_s_own_code() {
    match Lab::new("inventory_wrong").estate.inventory().await {
        Err(EstateError::Refused { message, .. }) => told(&message, "MP0506", "hostile.py"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_program_is_asked_to_end_and_killed_if_it_does_not() {
    let polite = Lab::new("none");
    polite.estate.observe("app01", false).await.expect("an answer");
    assert!(polite.estate.close().await);
    assert!(Lab::new("none").estate.close().await, "what never ran has nothing to end");
    let rude = Lab::new("bye");
    rude.estate.observe("app01", false).await.expect("an answer");
    assert!(!rude.estate.close().await);
}
