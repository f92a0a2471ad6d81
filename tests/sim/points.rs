//! Recovery points come, are thinned, wait to be processed and are shared by groups.

use std::time::Duration;

use musterpoint::estate::Estate;

use musterpoint::event::Request;
use musterpoint::inventory::{self, PointKind};
use musterpoint::model::Mode;

use crate::lab::{Lab, commit, fail_over, open, runtime};

#[test]
fn a_group_has_a_common_point_as_soon_as_all_its_members_are_protected_again() {
    let lab = Lab::new();
    for name in ["sql01", "sql02"] {
        lab.go(name);
        lab.done(&commit(name));
    }
    for name in ["sql01", "sql02"] {
        lab.reprotect(name, "avs");
    }
    let inventory = lab.inventory();
    let sets = |name: &str| -> Vec<_> {
        let points = &inventory.vms[name].points;
        points.iter().filter(|p| p.processed && p.kind == PointKind::App).filter_map(|p| p.set).collect()
    };
    let (one, two) = (sets("sql01"), sets("sql02"));
    assert!(one.iter().any(|set| two.contains(set)), "{one:?} {two:?}");
}

#[test]
fn points_come_every_five_minutes_and_the_older_ones_are_thinned() {
    let lab = Lab::new();
    lab.minutes(72 * 60);
    let inventory = lab.inventory();
    let points = &inventory.vms["sql01"].points;
    let ages: Vec<u64> = points.iter().map(|p| lab.now().since(p.at).as_secs()).collect();
    let crash = |at_least: u64, below: u64| {
        let young = points
            .iter()
            .zip(&ages)
            .filter(|(p, age)| p.kind == PointKind::Crash && (at_least..below).contains(*age));
        young.count()
    };
    assert_eq!(crash(0, 7200), 24);
    let app: Vec<_> = points.iter().filter(|p| p.kind == PointKind::App).collect();
    assert!((23..=25).contains(&app.len()), "{}", app.len());
    assert_eq!(crash(7500, u64::MAX), 0, "an hour keeps its app-consistent point only");
    assert!(ages.iter().all(|age| *age <= 24 * 3600 + 300));
    assert!(points.windows(2).all(|pair| pair[0].at >= pair[1].at));
    let ids: std::collections::BTreeSet<_> = points.iter().map(|p| p.id).collect();
    assert_eq!(ids.len(), points.len());
}

#[test]
fn members_of_a_group_share_sets_and_a_machine_outside_has_none() {
    let lab = Lab::new();
    lab.minutes(60);
    let inventory = lab.inventory();
    let sets = |name: &str| -> Vec<_> { inventory.vms[name].points.iter().map(|p| p.set).collect() };
    assert_eq!(sets("sql01"), sets("sql02"));
    assert!(sets("app01").iter().all(Option::is_none));
    let newest = inventory.vms["sql01"].points[0];
    assert_eq!(newest.at.to_string(), "2026-11-23T07:00:00Z", "the grid goes on from the points shown");
    assert!(!newest.processed, "a new point is not processed at once");
    lab.minutes(3);
    let inventory = lab.inventory();
    assert!(inventory.vms["sql01"].points[0].processed);
}

#[test]
fn pending_data_grows_between_points_and_becomes_a_point_when_processed() {
    let lab = Lab::new();
    lab.minutes(6);
    let before = lab.vm("app01").pending_bytes.unwrap();
    lab.pass(Duration::from_secs(30));
    let later = lab.vm("app01").pending_bytes.unwrap();
    assert!(later > before, "{later} {before}");
    let points = lab.vm("app01").points.len();
    let asked = lab.now();
    lab.done(&Request::ProcessPending { machines: vec!["app01".to_owned()] });
    let vm = lab.vm("app01");
    assert!(vm.points.iter().any(|p| p.at == asked && p.processed && p.set.is_none()));
    assert!(vm.points.len() > points);
    let newest = vm.points[0].at;
    let rate = (later - before) / 30;
    assert_eq!(vm.pending_bytes.unwrap(), rate * lab.now().since(newest).as_secs());
}

#[test]
fn replication_stops_with_its_source_and_the_points_stay() {
    let lab = Lab::new();
    lab.shut_down("app01");
    let points = lab.vm("app01").points;
    lab.minutes(600);
    let later = lab.vm("app01").points;
    assert_eq!(points.len(), later.len());
    assert_eq!(points[0].at, later[0].at);
}

#[test]
fn a_final_point_is_final_after_a_clean_shutdown_and_crash_consistent_after_a_power_off() {
    let lab = Lab::with(r#"{ "vms": { "sql02": { "durations": { "shut_down": "20m" } } } }"#, &[]);
    assert_eq!(lab.shut_down("sql01").clean, Some(true));
    let cut = lab.shut_down("sql02");
    assert_eq!(cut.clean, Some(false));
    assert!(cut.exception.unwrap().contains("`sql02`"));
    lab.done(&Request::TakeFinal { machines: vec!["sql01".to_owned(), "sql02".to_owned()] });
    let inventory = lab.inventory();
    let (one, two) = (inventory.vms["sql01"].points[0], inventory.vms["sql02"].points[0]);
    assert_eq!((one.kind, two.kind), (PointKind::Final, PointKind::Crash));
    assert_eq!((one.set, one.at), (two.set, two.at));
    assert!(one.set.is_some() && one.processed && two.processed);
    assert_eq!(inventory.vms["sql01"].pending_bytes, Some(0));
}

#[test]
fn an_unprocessed_point_is_refused() {
    let lab = Lab::new();
    lab.minutes(5);
    let inventory = lab.inventory();
    let fresh = inventory.vms["sql01"].points[0];
    assert!(!fresh.processed);
    let id = inventory.text(fresh.id).to_owned();
    let code = lab.refusal(&fail_over("sql01", &id, Some(Mode::Unplanned), "azure"));
    assert_eq!(code, "point_unprocessed");
}

#[test]
fn an_exported_inventory_starts_an_estate_that_reports_the_same() {
    let lab = Lab::new();
    lab.minutes(90);
    let text = inventory::to_text(&lab.inventory());
    let again = inventory::read("export.json", text.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sim = open(&folder, again, &[]);
    let seen = runtime().block_on(sim.inventory()).unwrap();
    for (name, vm) in &lab.inventory().vms {
        let other = &seen.vms[name];
        assert_eq!(vm.points.len(), other.points.len());
        assert_eq!((&vm.site, vm.protection, &vm.address), (&other.site, other.protection, &other.address));
        assert_eq!(vm.pending_bytes, other.pending_bytes);
    }
}
