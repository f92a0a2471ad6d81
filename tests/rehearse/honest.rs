//! The same fault rehearsed, and told to the simulated estate behind the real driver: both come to the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use musterpoint::drive::DriveEnd;
use musterpoint::estate::Estate as _;
use musterpoint::event::{FinalState, Lasts};
use musterpoint::model::{Mode, Operation};
use musterpoint::rehearse::file::Said;
use musterpoint::rehearse::{Ended, Fault, Keep, Lengths, Outcome, Past, Scene, Sources, Told, play, study};
use musterpoint::run::{NodeState, OperatorRequest, Run, RunState};
use musterpoint::runbook::{Act, Runbook};

use crate::estates::{Desk, person, why};

/// Faults and what a planned failback of the seed's plan makes of each.
const PLANNED: [(&str, Ended); 21] = [
    ("fail fail_over app02 once refused as disk_full", Ended::Halted),
    // It takes longer to fail than passing refusals are tried again for.
    ("fail fail_over sql01 once retry", Ended::Halted),
    ("fail start sql01 once retry", Ended::Completed),
    ("fail shut_down jump01", Ended::CompletedWithExceptions),
    ("fail take_final sql01", Ended::Waiting),
    ("hang shut_down app01 once", Ended::Halted),
    ("hang commit app01 once", Ended::Halted),
    ("lose fail_over sql01 once", Ended::Completed),
    ("lose commit sql02 once", Ended::Completed),
    ("drop start app02 once", Ended::Completed),
    ("forget start sql01 once", Ended::Completed),
    ("forget shut_down sql02 once", Ended::Completed),
    ("forget fail_over sql01 once", Ended::Waiting),
    ("forget reprotect app01 once", Ended::Waiting),
    ("no heartbeat sql01", Ended::Halted),
    ("no agent app01", Ended::Halted),
    ("late start sql02 5m", Ended::Completed),
    ("late start sql02 15m", Ended::Halted),
    ("lie start sql01", Ended::Halted),
    ("cut site azure", Ended::Halted),
    ("cut site avs at +5m for 4m", Ended::Completed),
];

const UNPLANNED: [(&str, Ended); 7] = [
    // It comes up without its source; on the way home the commit has to delete what was left there.
    ("cut site azure", Ended::Halted),
    ("cut site azure for 12m", Ended::CompletedWithExceptions),
    ("fail shut_down app01 refused as guest_stuck", Ended::Waiting),
    ("hang shut_down sql01 once", Ended::Waiting),
    ("fail process_pending jump01", Ended::CompletedWithExceptions),
    ("hang fail_over app01 once", Ended::Halted),
    ("forget commit app02 once", Ended::Waiting),
];

fn stage(desk: &Desk, runbook: &Runbook, said: Said, past: Past) -> Scene {
    let stated = desk.estate().stated().expect("what the estate states");
    let sources = Sources { said, past, stated, answer_after: Some(Duration::ZERO) };
    Scene::new(Arc::new(runbook.clone()), Lengths::of(runbook, &sources))
}

/// The plan's script is a real one, and takes moments.
fn moments() -> Said {
    let mut said = Said::default();
    said.steps.insert("freeze".to_owned(), Lasts::Exactly(Duration::from_millis(100)));
    said
}

fn rehearsed(desk: &Desk, runbook: &Runbook, faults: &[&str]) -> (Ended, Run) {
    let scene = stage(desk, runbook, moments(), Past::default());
    let faults = faults.iter().map(|text| Fault::read(text, runbook).expect("a fault")).collect();
    let played = play(&scene, &Told::new(&scene, faults), 1, Keep::Run);
    (Outcome::of(&scene, &played, 1).ended, played.run)
}

fn ended(end: DriveEnd) -> Ended {
    match end {
        DriveEnd::Stands(RunState::Ended(FinalState::Completed)) => Ended::Completed,
        DriveEnd::Stands(RunState::Ended(FinalState::CompletedWithExceptions)) => {
            Ended::CompletedWithExceptions
        }
        DriveEnd::Stands(RunState::Ended(FinalState::RolledBack)) => Ended::RolledBack,
        DriveEnd::Stands(RunState::Ended(FinalState::Failed)) => Ended::Failed,
        DriveEnd::Stands(RunState::Waiting) => Ended::Waiting,
        DriveEnd::Stands(RunState::Halted) => Ended::Halted,
        DriveEnd::Stands(RunState::Paused | RunState::Running) | DriveEnd::Left => panic!("{end:?}"),
    }
}

/// What went wrong, step by step: the word of its state, and the attempts it took where they are no matter of
/// the clock. How often a step is tried until something else has passed is one: of it counts only that once
/// was not enough.
fn trouble(run: &Run) -> BTreeSet<(String, &'static str, u32)> {
    let nodes = run.runbook().nodes.iter_enumerated();
    let wrong = nodes.filter(|(id, node)| {
        let state = run.node(*id);
        let wrong =
            matches!(state, NodeState::Failed { .. } | NodeState::Waiting { .. } | NodeState::Unknown { .. });
        wrong || run.attempts(*id) > 1 && !matches!(node.act, Act::Reprotect { .. })
    });
    let told = wrong.map(|(id, node)| {
        let attempts = match (&node.act, run.node(id)) {
            (Act::Reprotect { .. }, _) => 0,
            (_, NodeState::Succeeded { .. }) => run.attempts(id).min(2),
            _ => run.attempts(id),
        };
        (node.name.clone(), run.node(id).word(), attempts)
    });
    told.collect()
}

async fn same(mode: Mode, fault: &str, wanted: Ended) {
    let desk = Desk::with_faults("erp.muster", &[fault]);
    let runbook = desk.compile(Operation::Failback, Some(mode), |_| {}).await.expect("a runbook");
    let (expected, imagined) = rehearsed(&desk, &runbook, &[fault]);
    assert_eq!(expected, wanted, "{mode:?} {fault}: rehearsed");
    let id = desk.begin(&runbook, &["go", "accept"]).await;
    let (end, run, _) = desk.drive(&id).await;
    assert_eq!(ended(end), wanted, "{mode:?} {fault}: driven\n{}", why(&run));
    assert_eq!(trouble(&imagined), trouble(&run), "{mode:?} {fault}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_planned_run_meets_each_fault_as_rehearsed() {
    for (fault, wanted) in PLANNED {
        same(Mode::Planned, fault, wanted).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_unplanned_run_meets_each_fault_as_rehearsed() {
    for (fault, wanted) in UNPLANNED {
        same(Mode::Unplanned, fault, wanted).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_no_is_the_same_no() {
    let desk = Desk::new("erp.muster");
    let runbook = desk.compile(Operation::Failback, Some(Mode::Planned), |_| {}).await.expect("a runbook");
    let (expected, imagined) = rehearsed(&desk, &runbook, &["reject accept"]);
    let id = desk.begin(&runbook, &["go"]).await;
    let (end, _, _) = desk.drive(&id).await;
    assert_eq!(end, DriveEnd::Stands(RunState::Waiting));
    let request = OperatorRequest::Reject { step: Some("accept".to_owned()), comment: String::new() };
    let now = desk.estate().clock().now();
    let body = serde_json::to_value(&request).unwrap();
    desk.store.post_request(&id, &person("dana"), &body, now).await.expect("posted");
    let (end, run, _) = desk.drive(&id).await;
    assert_eq!((ended(end), expected), (Ended::Halted, Ended::Halted));
    assert_eq!(trouble(&imagined), trouble(&run));
}

/// The farm's plan tells its estate of faults; a rehearsal of it is told of them by the estate.
#[tokio::test(flavor = "current_thread")]
async fn what_an_estate_was_told_goes_wrong_in_its_rehearsal_too() {
    let desk = Desk::new("farm.muster");
    let runbook = desk.compile(Operation::Failover, Some(Mode::Unplanned), |_| {}).await.expect("a runbook");
    let stated = desk.estate().stated().expect("what the estate states");
    assert_eq!(stated.faults, ["no heartbeat spare02", "fail fail_over spare04", "late start spare05 3m"]);
    let faults: Vec<&str> = stated.faults.iter().map(String::as_str).collect();
    let (expected, imagined) = rehearsed(&desk, &runbook, &faults);
    assert_eq!(expected, Ended::CompletedWithExceptions);
    let id = desk.begin(&runbook, &[]).await;
    let (_, run, _) = desk.drive(&id).await;
    desk.answer(&id, &run).await;
    let (end, run, _) = desk.drive(&id).await;
    assert_eq!(ended(end), Ended::CompletedWithExceptions, "{}", why(&run));
    assert_eq!(trouble(&imagined), trouble(&run));
}

/// How long a run takes is within what was rehearsed from the estate's own times, and just what is rehearsed
/// from that very run afterwards.
#[tokio::test(flavor = "current_thread")]
async fn a_run_takes_as_long_as_rehearsed() {
    let desk = Desk::new("erp.muster");
    let runbook = desk.compile(Operation::Failback, Some(Mode::Planned), |_| {}).await.expect("a runbook");
    let scene = stage(&desk, &runbook, moments(), Past::default());
    let before = study(&scene, &Told::default(), 500, 1).rto.expect("it is reached");
    let id = desk.begin(&runbook, &["go", "accept"]).await;
    let (_, run, events) = desk.drive(&id).await;
    let start = run.started().expect("it began").0;
    let goal = musterpoint::runbook::goal(&runbook);
    let took = run.reached(&goal).expect("it was reached").0.since(start);
    let slack = Duration::from_secs(5);
    assert!(before.min <= took + slack && took <= before.max + slack, "{took:?} is not within {before:?}");
    assert!(before.p95 - before.min < Duration::from_secs(300), "a spread that holds anything: {before:?}");

    let mut past = Past::default();
    past.add(&runbook, &events);
    let scene = stage(&desk, &runbook, Said::default(), past);
    let after = study(&scene, &Told::default(), 3, 9).rto.expect("it is reached");
    assert_eq!(after.min, after.max, "one run has one length");
    assert!(after.p50.abs_diff(took) < slack, "{took:?} was rehearsed as {:?}", after.p50);
}
