//! What goes wrong, and what the run makes of it: the seed's plan on the simulated estate with faults,
//! operators and deaths of the engine.

#[path = "support/estates.rs"]
#[expect(dead_code, reason = "shared with the tests of shipped plans")]
mod estates;

use estates::{Desk, person, why};
use musterpoint::drive::DriveEnd;
use musterpoint::estate::Estate as _;
use musterpoint::event::{Event, EventKind, FinalState};
use musterpoint::model::{Mode, Operation};
use musterpoint::run::{OperatorRequest, Run, RunState};
use musterpoint::store::{RequestId, RunId};

async fn post(desk: &Desk, id: &RunId, by: &str, request: &OperatorRequest) -> RequestId {
    let body = serde_json::to_value(request).unwrap();
    let now = desk.estate().inventory().await.unwrap().now;
    desk.store.post_request(id, &person(by), &body, now).await.expect("posted")
}

/// The answer to a request: its words, and whether it was granted.
fn answer(desk: &Desk, request: RequestId) -> (bool, String) {
    let answer = desk.store.request(request).unwrap().unwrap().answer.expect("an answer");
    (answer.accepted, answer.text)
}

async fn start(desk: &Desk, mode: Mode, approved: &[&str]) -> (RunId, DriveEnd, Run, Vec<Event>) {
    let runbook = match desk.compile(Operation::Failback, Some(mode), |_| {}).await {
        Ok(runbook) => runbook,
        Err(errors) => panic!("{errors:#?}"),
    };
    let id = desk.begin(&runbook, approved).await;
    let (end, run, events) = desk.drive(&id).await;
    (id, end, run, events)
}

fn stands(end: DriveEnd) -> RunState {
    match end {
        DriveEnd::Stands(state) => state,
        DriveEnd::Left => panic!("the driver left"),
    }
}

fn began(run: &Run, name: &str) -> u32 {
    let found = run.runbook().nodes.iter_enumerated().find(|(_, node)| node.name == name);
    run.attempts(found.unwrap_or_else(|| panic!("no step `{name}`")).0)
}

#[tokio::test(flavor = "current_thread")]
async fn a_planned_run_stops_at_the_first_error_and_resume_tries_again() {
    let desk = Desk::with_faults("erp.muster", &["fail fail_over app02 once refused as disk_full"]);
    let (id, end, run, _) = start(&desk, Mode::Planned, &["go", "accept"]).await;
    assert_eq!(stands(end), RunState::Halted, "{}", why(&run));
    assert_eq!(began(&run, "start sql01"), 0, "nothing starts after the first error");
    let (end, run, _) = desk.drive(&id).await;
    assert!(matches!(stands(end), RunState::Ended(_)), "{}", why(&run));
    assert_eq!(began(&run, "fail over app02"), 2);
    assert_eq!(began(&run, "fail over app01"), 1, "what succeeded is not done again");
    desk.check_effects();
}

#[tokio::test(flavor = "current_thread")]
async fn a_lost_answer_is_looked_for_and_nothing_is_done_twice() {
    for fault in [
        "lose fail_over sql01 once",
        "lose shut_down app01 once",
        "lose commit sql02 once",
        "drop start app02 once",
    ] {
        let desk = Desk::with_faults("erp.muster", &[fault]);
        let (_, end, run, events) = start(&desk, Mode::Planned, &["go", "accept"]).await;
        assert!(matches!(stands(end), RunState::Ended(_)), "{fault}: {}", why(&run));
        let lost = events.iter().any(|event| matches!(event.kind, EventKind::AnswerLost { .. }));
        assert!(lost, "{fault}: the run log tells of it");
        desk.check_effects();
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_start_that_lies_is_seen_by_the_heartbeat() {
    let desk = Desk::with_faults("erp.muster", &["lie start sql01"]);
    let (_, end, run, _) = start(&desk, Mode::Planned, &["go", "accept"]).await;
    assert_eq!(stands(end), RunState::Halted, "{}", why(&run));
    let failed: Vec<&str> = run.failed().map(|node| run.runbook().nodes.at(node).name.as_str()).collect();
    assert_eq!(failed, ["ready sql01"]);
}

#[tokio::test(flavor = "current_thread")]
async fn an_unplanned_run_goes_on_past_a_failed_shutdown_and_asks_when_the_source_runs() {
    let desk = Desk::with_faults("erp.muster", &["fail shut_down app01 refused as guest_stuck"]);
    let (id, end, run, _) = start(&desk, Mode::Unplanned, &["go", "accept"]).await;
    assert_eq!(stands(end), RunState::Waiting, "{}", why(&run));
    let waiting: Vec<&str> =
        run.waiting_for_people().map(|node| run.runbook().nodes.at(node).name.as_str()).collect();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert!(waiting[0].contains("app01"), "{waiting:?}");
    assert_eq!(began(&run, "fail over sql01"), 0, "no second copy comes up while the first may run");
    let skip = OperatorRequest::Skip { step: waiting[0].to_owned(), reason: "pulled its plug".to_owned() };
    let asked = post(&desk, &id, "dana", &skip).await;
    let (end, run, _) = desk.drive(&id).await;
    assert!(answer(&desk, asked).0);
    assert_eq!(stands(end), RunState::Ended(FinalState::CompletedWithExceptions), "{}", why(&run));
    assert!(run.exceptions().iter().any(|exception| exception.what.contains("pulled its plug")));
}

#[tokio::test(flavor = "current_thread")]
async fn an_unplanned_run_with_the_source_cut_off_reports_what_is_not_fenced() {
    let desk = Desk::with_faults("erp.muster", &["cut site azure at +0m for 25m"]);
    let (_, end, run, _) = start(&desk, Mode::Unplanned, &["go", "accept"]).await;
    let not_fenced =
        run.exceptions().iter().filter(|exception| exception.what.contains("not fenced")).count();
    assert!(not_fenced >= 4, "{:?}\n{}", run.exceptions(), why(&run));
    assert!(!matches!(stands(end), RunState::Ended(FinalState::Completed)), "{}", why(&run));
}

#[tokio::test(flavor = "current_thread")]
async fn an_approval_takes_the_role_and_a_rejection_halts() {
    let desk = Desk::new("erp.muster");
    let (id, end, run, _) = start(&desk, Mode::Planned, &[]).await;
    assert_eq!(stands(end), RunState::Waiting, "{}", why(&run));
    assert_eq!(began(&run, "shut down sql01"), 0, "the approval gates everything");
    let approve = OperatorRequest::Approve { step: Some("go".to_owned()), comment: String::new() };
    let asked = post(&desk, &id, "mallory", &approve).await;
    let (end, _, _) = desk.drive(&id).await;
    let (granted, words) = answer(&desk, asked);
    assert!(!granted && words.contains("dr_lead"), "{words}");
    assert_eq!(stands(end), RunState::Waiting);
    let reject = OperatorRequest::Reject { step: None, comment: "not tonight".to_owned() };
    let asked = post(&desk, &id, "lee", &reject).await;
    let (end, run, _) = desk.drive(&id).await;
    assert!(answer(&desk, asked).0);
    assert_eq!(stands(end), RunState::Halted, "{}", why(&run));
    assert_eq!(began(&run, "shut down sql01"), 0);
    // Nothing was touched, so the way back is short.
    let asked = post(&desk, &id, "lee", &OperatorRequest::Rollback { reason: "rejected".to_owned() }).await;
    let (end, run, _) = desk.drive(&id).await;
    assert!(answer(&desk, asked).0);
    assert_eq!(stands(end), RunState::Ended(FinalState::RolledBack), "{}", why(&run));
    assert!(desk.estate().effects().unwrap().is_empty(), "nothing was touched");
}

#[tokio::test(flavor = "current_thread")]
async fn a_machine_belongs_to_one_live_run() {
    let desk = Desk::new("erp.muster");
    let (first, end, _, _) = start(&desk, Mode::Planned, &[]).await;
    assert_eq!(stands(end), RunState::Waiting);
    let runbook = desk.compile(Operation::Failback, Some(Mode::Planned), |_| {}).await.expect("a runbook");
    let options = musterpoint::event::RunOptions::default();
    let now = runbook.compiled_at;
    let again =
        musterpoint::drive::begin_run(&desk.store, &runbook, "again", person("lee"), options, now).await;
    let error = again.expect_err("held").to_string();
    assert!(error.contains(first.as_str()), "{error}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_run_waits_in_its_window_until_it_is_committed_with_the_right_count() {
    let desk = Desk::new("erp.muster");
    let (id, end, run, _) = start(&desk, Mode::Planned, &["go"]).await;
    assert_eq!(stands(end), RunState::Waiting, "{}", why(&run));
    let early = post(&desk, &id, "dana", &OperatorRequest::Commit { delete_sources: None }).await;
    desk.drive(&id).await;
    let (granted, words) = answer(&desk, early);
    assert!(!granted, "the gate before it is open: {words}");
    let approve = OperatorRequest::Approve { step: None, comment: "the books add up".to_owned() };
    let asked = post(&desk, &id, "sam", &approve).await;
    let (end, run, events) = desk.drive(&id).await;
    assert!(answer(&desk, asked).0);
    assert!(matches!(stands(end), RunState::Ended(_)), "{}", why(&run));
    let late = run.decide(&OperatorRequest::Pause, &person("dana")).expect_err("it has ended");
    assert!(late.contains("has ended"), "{late}");
    let who = events.iter().find_map(|event| match &event.kind {
        EventKind::Approved { by, beforehand: false, .. } => Some(by.name.clone()),
        _ => None,
    });
    assert_eq!(who.as_deref(), Some("sam"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_test_is_cleaned_up_after_a_failure_too() {
    let desk = Desk::with_faults("quarterly.muster", &["lie start hr-db01"]);
    let runbook = desk.compile(Operation::Test, None, |_| {}).await.expect("a runbook");
    let id = desk.begin(&runbook, &[]).await;
    let (end, run, _) = desk.drive(&id).await;
    let state = stands(end);
    assert!(matches!(state, RunState::Halted | RunState::Waiting), "{}", why(&run));
    let asked = post(&desk, &id, "dana", &OperatorRequest::CleanUp).await;
    let (end, run, _) = desk.drive(&id).await;
    assert!(answer(&desk, asked).0);
    assert_eq!(stands(end), RunState::Ended(FinalState::Failed), "{}", why(&run));
    for machine in run.runbook().machines.iter() {
        let seen = desk.estate().observe(&machine.estate_name, true).await.expect("seen");
        assert_ne!(seen.target_running, Some(true), "{}", machine.name);
    }
}
