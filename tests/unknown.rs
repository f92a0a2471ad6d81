//! Acts whose outcome the estate cannot tell: the question, its evidence, each answer, and what comes of it
//! on the simulated estate. Nothing is done twice, and nothing is assumed.

#[path = "support/estates.rs"]
#[expect(dead_code, reason = "shared with the tests of shipped plans")]
mod estates;

use estates::{Desk, person, why};
use musterpoint::drive::DriveEnd;
use musterpoint::estate::Estate as _;
use musterpoint::event::{Event, EventKind, FinalState, Outcome};
use musterpoint::model::{Mode, Operation};
use musterpoint::run::{NodeState, OperatorRequest, Run, RunState};
use musterpoint::runbook::NodeId;
use musterpoint::store::RunId;

/// A planned failback of `erp` that stands at a question about one act.
async fn asked(faults: &[&str], step: &str) -> (Desk, RunId, Run) {
    let desk = Desk::with_faults("erp.muster", faults);
    let runbook = desk.compile(Operation::Failback, Some(Mode::Planned), |_| {}).await.expect("a runbook");
    let id = desk.begin(&runbook, &["go", "accept"]).await;
    let (end, run, _) = desk.drive(&id).await;
    assert_eq!(end, DriveEnd::Stands(RunState::Waiting), "{}", why(&run));
    assert!(run.is_unclear(node(&run, step)), "{}", why(&run));
    (desk, id, run)
}

fn node(run: &Run, name: &str) -> NodeId {
    let found = run.runbook().nodes.iter_enumerated().find(|(_, node)| node.name == name);
    found.unwrap_or_else(|| panic!("no step `{name}`")).0
}

/// Asks, lets the driver answer, and says whether it was granted.
async fn ask(desk: &Desk, id: &RunId, request: OperatorRequest) -> (bool, String, DriveEnd, Run, Vec<Event>) {
    let body = serde_json::to_value(&request).unwrap();
    let now = desk.estate().clock().now();
    let posted = desk.store.post_request(id, &person("dana"), &body, now).await.expect("posted");
    let (end, run, events) = desk.drive(id).await;
    let answer = desk.store.request(posted).unwrap().unwrap().answer.expect("an answer");
    (answer.accepted, answer.text, end, run, events)
}

fn resolve(step: &str, outcome: Outcome) -> OperatorRequest {
    OperatorRequest::Resolve { step: step.to_owned(), outcome, reason: "seen in the console".to_owned() }
}

/// The estate goes on by itself while people look.
fn minutes_pass(desk: &Desk, minutes: u64) {
    let clock = desk.estate().clock();
    clock.jump(clock.now().plus(std::time::Duration::from_secs(minutes * 60)));
}

/// How often a verb took effect on a machine, over all keys.
fn effects(desk: &Desk, verb: &str, machine: &str) -> u32 {
    let all = desk.estate().effects().unwrap().into_iter();
    all.filter(|effect| effect.verb == verb && effect.machine == machine).map(|effect| effect.count).sum()
}

fn evidence(run: &Run, step: &str) -> Vec<(&'static str, String)> {
    run.evidence(node(run, step)).expect("a question")
}

#[tokio::test(flavor = "current_thread")]
async fn a_person_is_asked_with_what_was_asked_what_came_back_and_what_is_seen() {
    let (desk, id, run) = asked(&["forget fail_over sql01 once"], "fail over sql01").await;
    let rows = evidence(&run, "fail over sql01");
    let about: Vec<&str> = rows.iter().map(|(about, _)| *about).collect();
    assert_eq!(about, ["asked", "key", "answer", "then", "seen"], "{rows:#?}");
    let row = |wanted: &str| &rows.iter().find(|(about, _)| *about == wanted).unwrap().1;
    assert!(row("asked").starts_with("`fail_over` of `sql01` to point `"), "{rows:#?}");
    assert!(row("answer").starts_with("lost: "), "{rows:#?}");
    assert!(row("then").contains("it keeps no record of the act"), "{rows:#?}");
    assert!(row("seen").contains("`sql01`: source does not run"), "{rows:#?}");
    assert_eq!(effects(&desk, "start", "sql01"), 0, "nothing that depends on it goes on");
    // The engine may die and come back as often as it likes: the question stands, and nothing is repeated.
    for _ in 0..3 {
        let (end, again, _) = desk.drive(&id).await;
        assert_eq!(end, DriveEnd::Stands(RunState::Waiting));
        assert_eq!(evidence(&again, "fail over sql01"), rows);
    }
    assert_eq!(run.attempts(node(&run, "fail over sql01")), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_person_says_has_happened_is_done_with_its_address_seen_and_their_name_in_the_report() {
    let (desk, id, _) = asked(&["forget fail_over sql01 once"], "fail over sql01").await;
    minutes_pass(&desk, 10);
    let (granted, words, end, run, events) =
        ask(&desk, &id, resolve("fail over sql01", Outcome::Happened)).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::CompletedWithExceptions)), "{}", why(&run));
    assert_eq!(effects(&desk, "fail_over", "sql01"), 1, "it is not done again");
    desk.check_effects();
    let said = events.iter().find_map(|event| match &event.kind {
        EventKind::OutcomeStated { by, reason, seen, detail, .. } => Some((by, reason, seen, detail)),
        _ => None,
    });
    let (by, reason, seen, detail) = said.expect("it is recorded");
    assert_eq!((by.name.as_str(), reason.as_str()), ("dana", "seen in the console"));
    let observed = seen[0].observed.as_ref().expect("it was looked at again");
    assert_eq!(observed.target_running, Some(false));
    assert_eq!(detail.address, observed.address, "the address is learnt by looking");
    let told =
        run.exceptions().iter().find(|exception| exception.what.contains("said to have happened by dana"));
    assert_eq!(told.expect("an exception").about, "fail over sql01");
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_person_says_has_not_happened_begins_again_under_another_key() {
    let faults = ["forget fail_over sql01 once", "lie fail_over sql01 once"];
    let (desk, id, run) = asked(&faults, "fail over sql01").await;
    assert_eq!(effects(&desk, "fail_over", "sql01"), 0);
    let step = node(&run, "fail over sql01");
    minutes_pass(&desk, 10);
    let (granted, words, end, run, events) =
        ask(&desk, &id, resolve("fail over sql01", Outcome::DidNotHappen)).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::CompletedWithExceptions)), "{}", why(&run));
    let keys: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StepStarted { node, attempt, key } if *node == step => Some((*attempt, key.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(keys.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(keys[0].1, keys[1].1);
    assert_eq!(effects(&desk, "fail_over", "sql01"), 1);
    desk.check_effects();
}

/// The act goes on in the world although nobody can tell: what begins too early is turned away there.
#[tokio::test(flavor = "current_thread")]
async fn an_act_that_was_said_not_to_have_happened_and_does_meets_itself_and_is_not_done_twice() {
    let (desk, id, _) = asked(&["forget fail_over sql01 once"], "fail over sql01").await;
    minutes_pass(&desk, 10);
    let (granted, _, end, run, _) = ask(&desk, &id, resolve("fail over sql01", Outcome::DidNotHappen)).await;
    assert!(granted);
    assert_eq!(end, DriveEnd::Stands(RunState::Halted), "the estate refuses it: {}", why(&run));
    assert_eq!(effects(&desk, "fail_over", "sql01"), 1);
    desk.check_effects();
}

#[tokio::test(flavor = "current_thread")]
async fn a_retry_asks_the_estate_once_more_and_repeats_nothing() {
    let (desk, id, before) = asked(&["forget fail_over sql01 once"], "fail over sql01").await;
    minutes_pass(&desk, 10);
    let retry = OperatorRequest::Retry { step: Some("fail over sql01".to_owned()) };
    let (granted, words, end, run, _) = ask(&desk, &id, retry).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Waiting), "it cannot tell still: {}", why(&run));
    assert_eq!(run.attempts(node(&run, "fail over sql01")), 1);
    assert_eq!(effects(&desk, "fail_over", "sql01"), 1);
    let seen = |run: &Run| evidence(run, "fail over sql01").pop().unwrap().1;
    assert_ne!(seen(&before), seen(&run), "what is seen is seen anew");
    let asked =
        run.exceptions().iter().filter(|exception| exception.what.starts_with("its outcome was not known"));
    assert_eq!(asked.count(), 1, "and listed once");
    // A retry of all tries failed steps; an unknown one has to be named.
    let words = run.decide(&OperatorRequest::Retry { step: None }, &person("dana")).unwrap_err();
    assert!(words.contains("muster retry"), "{words}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_skip_goes_on_without_the_machine_and_says_that_nobody_knows() {
    let (desk, id, _) = asked(&["forget fail_over app02 once"], "fail over app02").await;
    let skip = OperatorRequest::Skip {
        step: "fail over app02".to_owned(),
        reason: "not worth the night".to_owned(),
    };
    let (granted, words, end, run, events) = ask(&desk, &id, skip).await;
    assert!(granted, "{words}");
    assert!(matches!(end, DriveEnd::Stands(RunState::Ended(_))), "{}", why(&run));
    assert_eq!(effects(&desk, "start", "app02"), 0, "what may not be there is not started");
    assert_eq!(effects(&desk, "commit", "app02"), 0, "and not committed");
    assert!(run.exceptions().iter().any(|exception| exception.what.contains("its outcome not known")));
    let report = musterpoint::report::account::json(&run, &events);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["machines"]["app02"]["target"], "unknown");
    let note = report["machines"]["app02"]["note"].as_str().unwrap();
    assert!(note.contains("`fail over app02` is not known; dana went on"), "{note}");
}

#[tokio::test(flavor = "current_thread")]
async fn what_does_no_harm_twice_is_tried_again_and_nobody_is_woken() {
    for fault in ["forget start sql01 once", "forget shut_down app01 once"] {
        let desk = Desk::with_faults("erp.muster", &[fault]);
        let runbook =
            desk.compile(Operation::Failback, Some(Mode::Planned), |_| {}).await.expect("a runbook");
        let id = desk.begin(&runbook, &["go", "accept"]).await;
        let (end, run, events) = desk.drive(&id).await;
        assert!(matches!(end, DriveEnd::Stands(RunState::Ended(_))), "{fault}: {}", why(&run));
        assert!(!events.iter().any(|event| matches!(event.kind, EventKind::StepUnclear { .. })), "{fault}");
        desk.check_effects();
    }
}

/// The source is cut off in the middle of its shutdown, for good: an unplanned run was kept waiting for a
/// person by an act that does no harm when it is repeated.
#[tokio::test(flavor = "current_thread")]
async fn an_unplanned_run_is_not_held_up_by_a_source_that_went_away_under_its_shutdown() {
    let faults = ["lose shut_down app01 once", "cut site azure at +30s for 100h"];
    let desk = Desk::with_faults("erp.muster", &faults);
    let runbook = desk.compile(Operation::Failback, Some(Mode::Unplanned), |_| {}).await.expect("a runbook");
    let id = desk.begin(&runbook, &["go", "accept"]).await;
    let (_, run, events) = desk.drive(&id).await;
    assert!(!events.iter().any(|event| matches!(event.kind, EventKind::StepUnclear { .. })), "{}", why(&run));
    let step = node(&run, "shut down app01");
    assert!(matches!(run.node(step), NodeState::Failed { tolerated: true, .. }), "{:?}", run.node(step));
}

#[tokio::test(flavor = "current_thread")]
async fn the_way_back_waits_until_somebody_says_what_became_of_it() {
    let (desk, id, _) = asked(&["forget fail_over sql01 once"], "fail over sql01").await;
    let back = OperatorRequest::Rollback { reason: "wrong night".to_owned() };
    let (granted, words, end, run, _) = ask(&desk, &id, back).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Waiting), "{}", why(&run));
    assert!(run.is_rolling_back() && run.is_unclear(node(&run, "fail over sql01")));
    assert_eq!(effects(&desk, "roll_back", "sql01"), 0, "a target that may still appear is not dropped yet");
    minutes_pass(&desk, 10);
    let (granted, words, end, run, _) = ask(&desk, &id, resolve("fail over sql01", Outcome::Happened)).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::RolledBack)), "{}", why(&run));
    for name in ["sql01", "sql02", "app01", "app02"] {
        let seen = desk.estate().observe(name, false).await.unwrap();
        assert_eq!(seen.source_running, Some(true), "{name}");
        assert_ne!(seen.target_running, Some(true), "{name}");
    }
    desk.check_effects();
}

#[tokio::test(flavor = "current_thread")]
async fn a_commit_nobody_knows_of_is_neither_repeated_nor_rolled_back() {
    let (desk, id, run) = asked(&["forget commit sql02 once"], "commit sql02").await;
    let back = run.decide(&OperatorRequest::Rollback { reason: String::new() }, &person("dana")).unwrap_err();
    assert!(back.contains("the commit has begun"), "{back}");
    minutes_pass(&desk, 10);
    let (granted, words, end, run, _) = ask(&desk, &id, resolve("commit sql02", Outcome::Happened)).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::CompletedWithExceptions)), "{}", why(&run));
    assert_eq!(effects(&desk, "commit", "sql02"), 1);
    desk.check_effects();
}

#[tokio::test(flavor = "current_thread")]
async fn a_halt_keeps_the_question_and_the_answer_counts_once_the_run_goes_on() {
    let faults = ["forget fail_over sql01 once", "lie fail_over sql01 once"];
    let (desk, id, _) = asked(&faults, "fail over sql01").await;
    minutes_pass(&desk, 10);
    let (granted, _, end, _, _) =
        ask(&desk, &id, OperatorRequest::Halt { reason: "let us look".to_owned() }).await;
    assert!(granted);
    assert_eq!(end, DriveEnd::Stands(RunState::Halted));
    // `Desk::drive` resumes what is halted, as `muster resume` does.
    let (granted, words, end, run, _) =
        ask(&desk, &id, resolve("fail over sql01", Outcome::DidNotHappen)).await;
    assert!(granted, "{words}");
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::CompletedWithExceptions)), "{}", why(&run));
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_takes_a_reason_and_a_question() {
    let (_, _, run) = asked(&["forget fail_over sql01 once"], "fail over sql01").await;
    let mut request = resolve("fail over sql01", Outcome::Happened);
    if let OperatorRequest::Resolve { reason, .. } = &mut request {
        reason.clear();
    }
    let words = run.decide(&request, &person("dana")).unwrap_err();
    assert!(words.contains("--reason"), "{words}");
    let words = run.decide(&resolve("fail over sql02", Outcome::Happened), &person("dana")).unwrap_err();
    assert!(words.contains("nobody is asked") && words.contains("'fail over sql01'"), "{words}");
}
