//! Single drills, each with one thing that goes wrong.

use std::collections::BTreeSet;

use musterpoint::drive::replay;
use musterpoint::estate::Estate as _;
use musterpoint::event::{Artifact, EventKind, FinalState};
use musterpoint::model::Operation;
use musterpoint::run::{NodeState, OperatorRequest, Run, RunState};
use musterpoint::store::RunId;

use super::chaos::{driven, post};
use super::estates::{Desk, person, why};
use super::spy::Harm;

async fn begin(faults: &[&str]) -> (Desk, RunId) {
    let desk = Desk::with_faults("erp.muster", faults);
    let runbook = desk.compile(Operation::Test, None, |_| {}).await.expect("a runbook");
    let id = desk.begin(&runbook, &["go", "accept"]).await;
    (desk, id)
}

async fn goes_on(desk: &Desk, id: &RunId, harm: Harm) -> Run {
    driven(desk, id, false, harm).await;
    replay(&desk.store, id).expect("a replay").0
}

async fn cleaned(desk: &Desk, id: &RunId) -> Run {
    post(desk, id, &OperatorRequest::CleanUp).await;
    goes_on(desk, id, Harm::default()).await
}

fn failed(run: &Run) -> Vec<(&str, &str)> {
    let of = |node| match run.node(node) {
        NodeState::Failed { last, .. } => last.code.as_str(),
        other => panic!("{other:?}"),
    };
    run.failed().map(|node| (run.runbook().nodes.at(node).name.as_str(), of(node))).collect()
}

fn open(run: &Run) -> Vec<Artifact> {
    run.open_artifacts().map(|(_, made)| made.artifact.clone()).collect()
}

async fn there(desk: &Desk, machine: &str) -> Vec<Artifact> {
    desk.estate().remains(&[machine.to_owned()]).await.expect("a look")
}

#[tokio::test(flavor = "current_thread")]
async fn what_an_optional_machine_leaves_keeps_the_run_from_ending() {
    let (mut desk, id) = begin(&["leak clean_up jump01"]).await;
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(run.state(), RunState::Halted, "{}", why(&run));
    assert_eq!(failed(&run), [("clean up jump01", "left_behind")]);
    assert_eq!(open(&run), there(&desk, "jump01").await);
    assert_eq!(open(&run).len(), 1, "a disk");
    let run = cleaned(&desk, &id).await;
    assert_eq!(run.state(), RunState::Halted, "the estate still leaks: {}", why(&run));
    desk.faults.clear();
    let run = cleaned(&desk, &id).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Completed), "{}", why(&run));
    assert_eq!((open(&run), there(&desk, "jump01").await), (Vec::new(), Vec::new()));
}

/// The first `muster cleanup` after a cleanup that had failed left it as it was.
#[tokio::test(flavor = "current_thread")]
async fn a_cleanup_that_failed_is_tried_again_by_the_first_request() {
    let (desk, id) = begin(&["fail clean_up app01 once refused"]).await;
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(failed(&run), [("clean up app01", "injected_fault")]);
    assert_eq!(open(&run).len(), 3, "what is left is known after a failure too");
    let run = cleaned(&desk, &id).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Completed), "{}", why(&run));
}

/// Resuming a cleanup reset what slept, and the cleanup waited for that for ever.
#[tokio::test(flavor = "current_thread")]
async fn a_failed_test_whose_cleanup_fails_is_cleaned_up_in_the_end() {
    let (desk, id) = begin(&["no heartbeat app01", "fail clean_up app02 once refused"]).await;
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(run.state(), RunState::Halted, "{}", why(&run));
    let run = cleaned(&desk, &id).await;
    assert_eq!(failed(&run).last(), Some(&("clean up app02", "injected_fault")), "{}", why(&run));
    post(&desk, &id, &OperatorRequest::Resume).await;
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Failed), "{}", why(&run));
    assert!(open(&run).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_cleanup_that_lies_is_caught_and_does_it_the_next_time() {
    let (desk, id) = begin(&["lie clean_up sql01 once"]).await;
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Completed), "{}", why(&run));
    let (_, events, _) = replay(&desk.store, &id).unwrap();
    let told = events.iter().find_map(|event| match &event.kind {
        EventKind::StepFailed { code, message, .. } if code == "left_behind" => Some(message.clone()),
        _ => None,
    });
    let told = told.expect("it was caught");
    for made in run.artifacts().filter(|(_, made)| made.artifact.machine == "sql01") {
        assert!(told.contains(&made.1.artifact.to_string()), "{told}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_cannot_be_looked_at_is_not_clean_and_a_person_is_asked_in_the_end() {
    let (desk, id) = begin(&[]).await;
    let run = goes_on(&desk, &id, Harm { blind: 1000, ..Harm::default() }).await;
    assert_eq!(run.state(), RunState::Halted, "{}", why(&run));
    assert!(failed(&run).iter().all(|(_, code)| *code == "site_unreachable"), "{:?}", failed(&run));
    assert_eq!(failed(&run).len(), 5);
    assert_eq!(open(&run).len(), 15, "nothing is known to be gone");
    let run = cleaned(&desk, &id).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Completed), "{}", why(&run));
}

#[tokio::test(flavor = "current_thread")]
async fn copies_of_failovers_that_came_to_nothing_are_removed() {
    let (desk, id) = begin(&[
        "leak fail_over *",
        "fail fail_over app01 once retry",
        "hang fail_over app02 once",
        "drop fail_over jump01 once",
        "fail fail_over sql02 refused",
    ])
    .await;
    let run = goes_on(&desk, &id, Harm { dies_after: Some(21), blind: 0 }).await;
    assert_eq!(run.ended(), None);
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(run.state(), RunState::Halted, "{}", why(&run));
    let run = cleaned(&desk, &id).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Failed), "{}", why(&run));
    assert!(open(&run).is_empty());
    let made = desk.estate().artifacts().unwrap();
    let of = |machine: &str| made.iter().filter(|one| one.artifact.machine == machine).count();
    // Half made ones, and whole ones of a second attempt where its time was not up.
    assert!(["app01", "app02", "sql02"].iter().all(|machine| of(machine) >= 2), "{made:#?}");
    assert!(made.iter().all(|one| one.gone_at.is_some()), "{made:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_operator_lets_go_of_what_is_left_and_every_name_is_in_the_last_event() {
    let (mut desk, id) = begin(&["leak clean_up app01"]).await;
    goes_on(&desk, &id, Harm::default()).await;
    let skip = OperatorRequest::Skip {
        step: "clean up app01".to_owned(),
        reason: "the array is being replaced".to_owned(),
    };
    post(&desk, &id, &skip).await;
    let run = goes_on(&desk, &id, Harm::default()).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::CompletedWithExceptions), "{}", why(&run));
    desk.faults.clear();
    let left = there(&desk, "app01").await;
    let (_, events, _) = replay(&desk.store, &id).unwrap();
    let Some(EventKind::RunEnded { kept, .. }) = events.last().map(|event| &event.kind) else {
        panic!("{:?}", events.last());
    };
    let [(vm, words)] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(run.runbook().machines.at(*vm).name, "app01");
    assert!(words.contains("the array is being replaced") && words.contains(&left[0].id), "{words}");
    let refused = run.decide(&OperatorRequest::CleanUp, &person("dana")).expect_err("it has ended");
    assert!(refused.contains(&left[0].id), "{refused}");
}

/// The next test of a machine finds what an earlier one left, and is not clean before that is gone.
#[tokio::test(flavor = "current_thread")]
async fn what_an_earlier_test_left_is_found_and_removed_by_the_next_one() {
    let (mut desk, id) = begin(&["leak clean_up app01"]).await;
    goes_on(&desk, &id, Harm::default()).await;
    let reason = "tomorrow".to_owned();
    post(&desk, &id, &OperatorRequest::Skip { step: "clean up app01".to_owned(), reason }).await;
    goes_on(&desk, &id, Harm::default()).await;
    desk.faults.clear();
    let left: BTreeSet<Artifact> = there(&desk, "app01").await.into_iter().collect();
    assert_eq!(left.len(), 1);
    let runbook = desk.compile(Operation::Test, None, |_| {}).await.expect("a runbook");
    let next = desk.begin(&runbook, &["go", "accept"]).await;
    let run = goes_on(&desk, &next, Harm::default()).await;
    assert_eq!(run.state(), RunState::Ended(FinalState::Completed), "{}", why(&run));
    assert!(there(&desk, "app01").await.is_empty());
}
