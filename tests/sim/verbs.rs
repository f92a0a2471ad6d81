//! Each verb does what the real thing does, and is refused where that refuses.

use std::time::Duration;

use musterpoint::estate::conformance;

use musterpoint::event::Request;
use musterpoint::inventory::{Power, Protection};
use musterpoint::model::{Mode, ShutdownSpec, ShutdownThen};

use crate::lab::{Lab, commit, fail_over, reprotect, start, subject};

#[test]
fn the_simulator_keeps_the_contract_in_both_directions() {
    let lab = Lab::new();
    for (round, via) in [("there", "ps-avs"), ("back", "ps-azure"), ("there again", "ps-avs")] {
        for machine in ["app01", "sql01"] {
            lab.runtime
                .block_on(conformance::run(&lab.sim, &subject(machine, via, &format!("{round} {machine}"))))
                .unwrap_or_else(|broken| panic!("{round}, {machine}: {broken}"));
        }
    }
    assert!(lab.sim.effects().unwrap().iter().all(|effect| effect.count == 1));
}

#[test]
fn failover_and_failback_go_round_and_round_on_one_state() {
    let mut lab = Lab::new();
    for round in 0..5 {
        for (to, home) in [("azure", "avs"), ("avs", "azure")] {
            for name in ["sql01", "sql02", "app01"] {
                lab.go(name);
                lab.done(&commit(name));
                let vm = lab.vm(name);
                assert_eq!((vm.site.as_str(), vm.protection), (to, Protection::Unprotected));
                // Home, the machine left behind in the cloud is deleted; there, the one at home stays off.
                let left = (to == "azure").then_some(Some(Power::Off));
                assert_eq!(vm.left_behind.map(|left| left.power), left);
                let put_off = lab.reprotect(name, home);
                assert_eq!(put_off > 0, to == "avs" && put_off > 0, "round {round}");
                let vm = lab.vm(name);
                assert_eq!((vm.protection, vm.replicates_to.as_deref()), (Protection::Protected, Some(home)));
                assert_eq!(vm.left_behind, None);
            }
        }
        lab = lab.reopen(&[]);
    }
    assert!(lab.sim.warnings().len() < 2);
    let effects = lab.sim.effects().unwrap();
    assert!(effects.iter().all(|effect| effect.count == 1));
    let commits = effects.iter().filter(|effect| effect.verb == "commit").count();
    assert_eq!(commits, 5 * 2 * 3);
}

#[test]
fn a_guest_that_does_not_shut_down_halts_where_the_plan_says_so_and_runs_on() {
    let lab = Lab::with(r#"{ "durations": { "shut_down": "20m" } }"#, &[]);
    let spec = ShutdownSpec { guest: Duration::from_secs(60), then: ShutdownThen::Halt };
    let before = lab.now();
    let code = lab.refusal(&Request::ShutDown { machine: "app01".to_owned(), spec });
    assert_eq!(code, "guest_shutdown_timeout");
    assert_eq!(lab.now().since(before), Duration::from_secs(60));
    assert_eq!(lab.observe("app01", false).source_running, Some(true));
    lab.heartbeat("app01").unwrap();
}

#[test]
fn a_failover_is_refused_while_its_source_runs_only_where_it_is_planned() {
    let lab = Lab::new();
    let point = lab.newest("app01");
    assert_eq!(lab.refusal(&fail_over("app01", &point, Some(Mode::Planned), "azure")), "source_running");
    let detail = lab.done(&fail_over("app01", &point, Some(Mode::Unplanned), "azure"));
    assert_eq!(detail.address.as_deref(), Some("10.8.0.21"));
    let seen = lab.observe("app01", false);
    assert_eq!(
        (seen.source_running, seen.target_running, seen.fenced),
        (Some(true), Some(false), Some(false))
    );
    let vm = lab.vm("app01");
    assert_eq!(vm.left_behind.unwrap().power, Some(Power::On));
    lab.done(&start("app01"));
    lab.done(&commit("app01"));
    assert_eq!(lab.refusal(&reprotect("app01", "avs", "ps-avs")), "source_running");
    lab.shut_down("app01");
    lab.minutes(3);
    lab.reprotect("app01", "avs");
}

#[test]
fn a_failover_is_refused_at_a_point_that_cannot_be_used_or_in_the_wrong_direction() {
    let lab = Lab::with("{}", &["vanish point app01 p6", "spoil point db s7"]);
    let unplanned = Some(Mode::Unplanned);
    assert_eq!(lab.refusal(&fail_over("app01", "p6", unplanned, "azure")), "point_unknown");
    assert_eq!(lab.refusal(&fail_over("app01", "p999", unplanned, "azure")), "point_unknown");
    assert_eq!(lab.refusal(&fail_over("sql01", "p7", unplanned, "azure")), "point_unusable");
    assert_eq!(lab.refusal(&fail_over("app01", "p7", unplanned, "avs")), "wrong_direction");
    assert_eq!(lab.refusal(&fail_over("nobody", "p7", unplanned, "azure")), "machine_unknown");
    lab.minutes(10);
    let inventory = lab.inventory();
    let fresh = inventory.vms["sql02"].points.iter().find(|p| !p.processed);
    if let Some(fresh) = fresh {
        let id = inventory.text(fresh.id);
        assert_eq!(lab.refusal(&fail_over("sql02", id, unplanned, "azure")), "point_unprocessed");
    }
    assert_eq!(lab.vm("app01").protection, Protection::Protected);
    assert_eq!(lab.sim.effects().unwrap(), []);
}

#[test]
fn what_does_not_fit_the_state_of_a_machine_is_refused_with_that_state() {
    let lab = Lab::new();
    assert_eq!(lab.refusal(&commit("app01")), "not_failed_over");
    assert_eq!(lab.refusal(&reprotect("app01", "azure", "ps-azure")), "already_protected");
    assert_eq!(lab.refusal(&start("app01")), "no_target");
    assert_eq!(lab.refusal(&Request::TakeFinal { machines: vec!["app01".to_owned()] }), "source_running");
    lab.go("app01");
    let point = lab.newest("app01");
    assert_eq!(
        lab.refusal(&fail_over("app01", &point, Some(Mode::Unplanned), "azure")),
        "already_failed_over"
    );
    let refused = lab.end(&reprotect("app01", "avs", "ps-avs")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`app01` is failed over at `azure` and not committed, and is reprotected only after the commit \
         (not_committed)"
    );
    assert_eq!(lab.refusal(&Request::ProcessPending { machines: vec!["app01".to_owned()] }), "not_protected");
    lab.done(&commit("app01"));
    assert_eq!(lab.refusal(&commit("app01")), "already_committed");
    let change = Request::ChangePoint { machine: "app01".to_owned(), point };
    assert_eq!(lab.refusal(&change), "not_failed_over");
    let back = Request::RollBack { machine: "app01".to_owned(), start_source: true };
    assert_eq!(lab.refusal(&back), "already_committed");
}

#[test]
fn reprotection_needs_a_healthy_process_server_at_the_site_replicated_to() {
    let lab = Lab::new();
    lab.go("app01");
    lab.done(&commit("app01"));
    assert_eq!(lab.refusal(&reprotect("app01", "avs", "ps-nowhere")), "process_server_unknown");
    let unnamed = Request::Reprotect { machine: "app01".to_owned(), to: "avs".to_owned(), via: None };
    assert_eq!(lab.refusal(&unnamed), "process_server_unknown");
    assert_eq!(lab.refusal(&reprotect("app01", "avs", "ps-azure")), "process_server_elsewhere");
    assert_eq!(lab.refusal(&reprotect("app01", "azure", "ps-azure")), "wrong_direction");
    lab.reprotect("app01", "avs");
    lab.go("app01");
    lab.done(&commit("app01"));
    assert_eq!(lab.refusal(&reprotect("app01", "azure", "ps-sick")), "retry process_server_unhealthy");
}

#[test]
fn after_a_failback_the_agent_takes_up_to_fifteen_minutes_to_register() {
    let lab = Lab::with(r#"{ "vms": { "app01": { "durations": { "agent": "14m" } } } }"#, &[]);
    lab.go("app01");
    lab.done(&commit("app01"));
    assert_eq!(lab.reprotect("app01", "avs"), 0, "in the cloud it is registered with its first heartbeat");
    lab.go("app01");
    lab.done(&commit("app01"));
    assert_eq!(lab.vm("app01").agent_registered, Some(false));
    let put_off = lab.reprotect("app01", "azure");
    assert!((8..=13).contains(&put_off), "{put_off}");
    assert_eq!(lab.vm("app01").agent_registered, Some(true));
}

#[test]
fn a_test_brings_up_a_copy_beside_production_and_is_never_committed() {
    let lab = Lab::new();
    let before = lab.vm("app01");
    let copy = lab.done(&fail_over("app01", "p7", None, "azure")).address.unwrap();
    assert!(!before.address.values().any(|address| *address == copy));
    assert_eq!(lab.refusal(&fail_over("app01", "p7", None, "azure")), "test_copy_exists");
    lab.done(&Request::Start { machine: "app01".to_owned(), test: true });
    lab.minutes(3);
    lab.tcp(&format!("{copy}:443")).unwrap();
    lab.tcp("10.0.0.21:443").unwrap();
    assert_eq!(lab.refusal(&commit("app01")), "test_copy");
    assert_eq!(lab.refusal(&reprotect("app01", "azure", "ps-azure")), "test_copy");
    let lab = lab.reopen(&[]);
    let seen = lab.observe("app01", true);
    assert_eq!((seen.source_running, seen.target_running), (Some(true), Some(true)));
    assert_eq!(seen.address.as_deref(), Some(copy.as_str()), "a copy left over is seen");
    lab.done(&Request::CleanUp { machine: "app01".to_owned() });
    assert_eq!(lab.observe("app01", true).address, None);
    assert_eq!(lab.tcp(&format!("{copy}:443")).unwrap_err(), "connection timed out");
    assert_eq!(lab.vm("app01").protection, before.protection);
}

#[test]
fn a_rollback_drops_the_target_and_starts_the_source_and_its_points_go_on() {
    let lab = Lab::new();
    lab.go("app01");
    let point = lab.newest("app01");
    lab.done(&Request::RollBack { machine: "app01".to_owned(), start_source: true });
    let vm = lab.vm("app01");
    assert_eq!((vm.site.as_str(), vm.power, vm.protection), ("avs", Some(Power::On), Protection::Protected));
    assert_eq!((vm.replicates_to.as_deref(), vm.left_behind), (Some("azure"), None));
    let inventory = lab.inventory();
    let kept: Vec<_> = inventory.vms["app01"].points.iter().map(|p| inventory.text(p.id)).collect();
    assert!(kept.contains(&point.as_str()));
    let newest = inventory.vms["app01"].points[0].at;
    lab.minutes(10);
    assert!(lab.vm("app01").points[0].at > newest);
}

#[test]
fn a_rollback_before_any_failover_starts_what_was_shut_down() {
    let lab = Lab::new();
    let back = Request::RollBack { machine: "app01".to_owned(), start_source: true };
    assert!(lab.done(&back).note.contains("was not failed over"));
    lab.shut_down("app01");
    lab.done(&back);
    assert_eq!(lab.observe("app01", false).source_running, Some(true));
    let newest = lab.vm("app01").points[0].at;
    lab.minutes(10);
    assert!(lab.vm("app01").points[0].at > newest);
}

#[test]
fn a_changed_point_takes_the_target_down_until_it_is_started_again() {
    let lab = Lab::new();
    lab.go("app01");
    lab.done(&Request::ChangePoint { machine: "app01".to_owned(), point: "p6".to_owned() });
    assert_eq!(lab.observe("app01", false).target_running, Some(false));
    lab.heartbeat("app01").unwrap_err();
    lab.done(&start("app01"));
    lab.minutes(3);
    lab.heartbeat("app01").unwrap();
}
