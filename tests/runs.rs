//! Every shipped plan, run end to end on the simulated estate.

#[path = "support/estates.rs"]
mod estates;

use estates::{Desk, why};
use musterpoint::drive::DriveEnd;
use musterpoint::estate::Estate as _;
use musterpoint::event::FinalState;
use musterpoint::model::{Mode, Operation};
use musterpoint::run::{OperatorRequest, RunState};
use musterpoint::runbook::Runbook;

#[tokio::test(flavor = "current_thread")]
async fn the_seeds_scenario_fails_back_commits_and_reprotects() {
    let desk = Desk::new("erp.muster");
    let runbook = desk.compile(Operation::Failback, Some(Mode::Planned), |_| {}).await.expect("a runbook");
    let id = desk.begin(&runbook, &["go", "accept"]).await;
    let (end, run, _) = desk.drive(&id).await;
    assert!(matches!(end, DriveEnd::Stands(RunState::Ended(_))), "{}", why(&run));
    desk.check_effects();
    let inventory = desk.estate().inventory().await.unwrap();
    for name in ["sql01", "sql02", "app01", "app02"] {
        let machine = &inventory.vms[name];
        assert_eq!(
            (machine.site.as_str(), machine.replicates_to.as_deref()),
            ("avs", Some("azure")),
            "{name}"
        );
        assert_eq!(machine.left_behind, None, "{name}: the commit deletes what was left behind in the cloud");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_seeds_plan_goes_round_and_round() {
    let desk = Desk::new("erp.muster");
    for (operation, mode) in [
        (Operation::Failback, Mode::Planned),
        (Operation::Failover, Mode::Planned),
        (Operation::Failback, Mode::Unplanned),
        (Operation::Failover, Mode::Unplanned),
        (Operation::Failback, Mode::Planned),
    ] {
        let runbook = match desk.compile(operation, Some(mode), |_| {}).await {
            Ok(runbook) => runbook,
            Err(errors) => panic!("{operation:?} {mode:?}: {errors:#?}"),
        };
        let id = desk.begin(&runbook, &["go", "accept"]).await;
        let (end, run, _) = desk.drive(&id).await;
        let ended = matches!(
            end,
            DriveEnd::Stands(RunState::Ended(FinalState::Completed | FinalState::CompletedWithExceptions))
        );
        assert!(ended, "{operation:?} {mode:?}: {}", why(&run));
    }
    desk.check_effects();
}

/// The source sends on until it is told to stop, and in a test it never is: what arrives after pending
/// data was processed is not taken.
#[tokio::test(flavor = "current_thread")]
async fn points_that_arrive_while_latest_is_bound_are_left_out() {
    let desk = Desk::new("one.muster");
    for round in 0..8 {
        for (operation, mode) in [
            (Operation::Test, None),
            (Operation::Failover, Some(Mode::Unplanned)),
            (Operation::Test, None),
            (Operation::Failback, Some(Mode::Unplanned)),
        ] {
            let runbook = desk.compile(operation, mode, |_| {}).await.expect("a runbook");
            let id = desk.begin(&runbook, &[]).await;
            let (end, run, _) = desk.drive(&id).await;
            let ended = matches!(end, DriveEnd::Stands(RunState::Ended(FinalState::Completed)));
            assert!(ended, "{operation:?} of round {round}: {}", why(&run));
        }
    }
    desk.check_effects();
}

/// A runbook of a shipped plan, with what it has to be told.
async fn compiled(desk: &Desk, plan: &str, operation: Operation, mode: Option<Mode>) -> Runbook {
    let compiled = desk.compile(operation, mode, |options| {
        if mode == Some(Mode::Forced) {
            options.to = Some("dublin".to_owned());
            options.lost_at = Some("2026-11-23T02:51:00Z".parse().unwrap());
        }
        if plan == "shop.muster" {
            options.params = vec![("ticket".to_owned(), "CHG-4711".to_owned())];
        }
    });
    match compiled.await {
        Ok(runbook) => runbook,
        Err(errors) => panic!("{plan}: {errors:#?}"),
    }
}

/// Runs a plan once; approvals are given beforehand.
async fn run_once(
    plan: &str,
    operation: Operation,
    mode: Option<Mode>,
    approved: &[&str],
) -> (Desk, RunState) {
    let desk = Desk::new(plan);
    let runbook = compiled(&desk, plan, operation, mode).await;
    let id = desk.begin(&runbook, approved).await;
    // People answer whatever is asked, until nothing is.
    for _ in 0..10 {
        let (end, run, _) = desk.drive(&id).await;
        desk.check_effects();
        let DriveEnd::Stands(state) = end else { panic!("{plan}: the driver left") };
        println!("{plan}: {}", why(&run));
        if state != RunState::Waiting {
            return (desk, state);
        }
        desk.answer(&id, &run).await;
    }
    panic!("{plan}: it waits for ever")
}

#[tokio::test(flavor = "current_thread")]
async fn one_machine_runs_to_the_end() {
    let (_, state) = run_once("one.muster", Operation::Failover, Some(Mode::Planned), &[]).await;
    assert_eq!(state, RunState::Ended(FinalState::Completed));
}

#[tokio::test(flavor = "current_thread")]
async fn a_test_of_one_machine_leaves_nothing() {
    let (_, state) = run_once("one.muster", Operation::Test, None, &[]).await;
    assert_eq!(state, RunState::Ended(FinalState::Completed));
}

#[tokio::test(flavor = "current_thread")]
async fn the_shop_is_aligned_and_fails_over() {
    let (_, state) =
        run_once("shop.muster", Operation::Failover, Some(Mode::Planned), &["go", "accept"]).await;
    assert!(
        matches!(state, RunState::Ended(FinalState::Completed | FinalState::CompletedWithExceptions)),
        "{state:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn three_hundred_machines_move_in_waves() {
    let (_, state) = run_once("move.muster", Operation::Failover, Some(Mode::Planned), &[]).await;
    assert!(
        matches!(state, RunState::Ended(FinalState::Completed | FinalState::CompletedWithExceptions)),
        "{state:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn optional_machines_of_the_farm_fail_and_are_listed() {
    let (_, state) = run_once("farm.muster", Operation::Failover, Some(Mode::Unplanned), &[]).await;
    assert_eq!(state, RunState::Ended(FinalState::CompletedWithExceptions));
}

#[tokio::test(flavor = "current_thread")]
async fn the_night_is_forced_and_ends_unprotected() {
    let (_, state) =
        run_once("night.muster", Operation::Failover, Some(Mode::Forced), &["go", "accept"]).await;
    assert!(matches!(state, RunState::Ended(_)), "{state:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_forced_run_asks_the_lost_site_for_nothing() {
    let contacts = async |mode| {
        let desk = Desk::new("night.muster");
        let runbook = compiled(&desk, "night.muster", Operation::Failover, Some(mode)).await;
        let id = desk.begin(&runbook, &["declare", "go", "accept"]).await;
        let estate = desk.estate();
        let (end, run, _) = desk.drive_on(&id, estate.clone()).await;
        assert!(matches!(end, DriveEnd::Stands(_)), "{}", why(&run));
        estate.contacts()
    };
    let forced = contacts(Mode::Forced).await;
    assert_eq!(forced.get("hamburg"), None, "{forced:?}");
    assert!(forced["dublin"] > 0, "{forced:?}");
    // Any other run does ask it.
    assert!(contacts(Mode::Unplanned).await["hamburg"] > 0);
}

#[tokio::test(flavor = "current_thread")]
async fn the_quarterly_test_is_cleaned_up() {
    let (_, state) = run_once("quarterly.muster", Operation::Test, None, &["accept", "evidence", "go"]).await;
    assert!(
        matches!(state, RunState::Ended(FinalState::Completed | FinalState::CompletedWithExceptions)),
        "{state:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_operator_changes_the_point_in_the_window_and_then_rolls_back() {
    let desk = Desk::new("erp.muster");
    let runbook = desk.compile(Operation::Failback, Some(Mode::Unplanned), |_| {}).await.expect("a runbook");
    let id = desk.begin(&runbook, &["go"]).await;
    let (end, run, _) = desk.drive(&id).await;
    assert_eq!(end, DriveEnd::Stands(RunState::Waiting), "{}", why(&run));
    let before = run.bound(musterpoint::base::Id::from_index(0)).expect("bound").clone();

    let ladder = "common(max_age = 24h)";
    let file = musterpoint::base::Id::from_index(0);
    let ladder = musterpoint::model::resolve::parse_ladder(file, ladder).expect("a ladder");
    let now = desk.estate().inventory().await.unwrap().now;
    let request = OperatorRequest::ChangePoint { subject: "db".to_owned(), ladder };
    let post = |request: OperatorRequest| {
        let body = serde_json::to_value(request).unwrap();
        let desk = &desk;
        let id = &id;
        async move { desk.store.post_request(id, &estates::person("dana"), &body, now).await.expect("posted") }
    };
    let asked = post(request).await;
    let (end, run, _) = desk.drive(&id).await;
    let answer = desk.store.request(asked).unwrap().unwrap().answer.expect("an answer");
    assert!(answer.accepted, "{}", answer.text);
    assert_eq!(end, DriveEnd::Stands(RunState::Waiting), "{}", why(&run));
    assert_ne!(run.bound(musterpoint::base::Id::from_index(0)).expect("bound").policy, before.policy);

    let asked = post(OperatorRequest::Rollback { reason: "the books do not add up".to_owned() }).await;
    let (end, run, _) = desk.drive(&id).await;
    let answer = desk.store.request(asked).unwrap().unwrap().answer.expect("an answer");
    assert!(answer.accepted, "{}", answer.text);
    assert_eq!(end, DriveEnd::Stands(RunState::Ended(FinalState::RolledBack)), "{}", why(&run));
    let inventory = desk.estate().inventory().await.unwrap();
    for name in ["sql01", "sql02", "app01", "app02"] {
        assert_eq!(inventory.vms[name].site, "azure", "{name}");
        assert_eq!(inventory.vms[name].power, Some(musterpoint::inventory::Power::On), "{name}");
    }
    desk.check_effects();
}
