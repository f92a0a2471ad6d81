//! Single claims, with what is said to people.

use std::time::Duration;

use musterpoint::inventory::PointKind;
use musterpoint::model::{LadderEnd, Policy, PolicyKind};
use musterpoint::point::{Matched, Subject, choose, forecast, json, text, verify};

use crate::estate::*;

fn point(second: i64, set: Option<u8>, kind: PointKind) -> Spec {
    Spec { at: second, set, kind, tagged: false, processed: true, usable: true }
}

#[test]
fn common_ignores_a_newer_set_that_is_missing_on_one_member() {
    let machines = [
        vec![
            point(99, Some(9), PointKind::App),
            point(95, Some(8), PointKind::App),
            point(90, Some(7), PointKind::App),
        ],
        vec![point(95, Some(8), PointKind::Crash), point(90, Some(7), PointKind::App)],
    ];
    let inventory = inventory(&machines);
    let db = subject("db", &[0, 1], vec![Policy::plain(PolicyKind::CommonApp)], LadderEnd::Fail);
    let outcome = choose(&db, &inventory, at(NOW));
    let choice = outcome.choice().unwrap();
    assert_eq!(choice.set.as_deref(), Some("s7"));
    assert_eq!(choice.limiting.as_deref(), Some("m1"));
    let said = text::render_choice(choice);
    assert_eq!(
        said,
        "db: set s7 by common_app, loses 10s\n\
        \x20 m0  p0-2  1970-01-01T00:01:30Z  app-consistent, loses 10s\n\
        \x20 m1  p1-1  1970-01-01T00:01:30Z  app-consistent, loses 10s\n\
        \x20 newer, and why not:\n\
        \x20   `s9` of 1970-01-01T00:01:39Z (1s old): missing on `m1`\n\
        \x20   `s8` of 1970-01-01T00:01:35Z (5s old): not app-consistent on `m1`\n\
        \x20 held back by m1"
    );
    let subjects = [db];
    let forecast = forecast(&subjects, &[], &inventory, at(NOW));
    let document = serde_json::to_value(json::document(&subjects, &forecast, at(NOW))).unwrap();
    assert_eq!(document["groups"]["db"]["policy"], "common_app");
    assert_eq!(document["groups"]["db"]["missing"], serde_json::json!(["m1"]));
    assert_eq!(
        document["groups"]["db"]["refused"][0]["because"],
        serde_json::json!([{ "vm": "m1", "reason": "missing" }])
    );
    assert_eq!(document["vms"]["m0"]["point"], "p0-2");
    assert_eq!(document["vms"]["m0"]["loss_s"], 10);
    assert_eq!(document["vms"]["m0"]["limited_by"], "m1");
}

#[test]
fn a_final_point_satisfies_app_policies_but_not_as_of() {
    let machines = [vec![point(99, Some(9), PointKind::Final), point(90, Some(7), PointKind::App)]];
    let inventory = inventory(&machines);
    for (as_of, wanted) in [(None, "p0-0"), (Some(at(95)), "p0-1")] {
        for kind in [PolicyKind::CommonApp, PolicyKind::LatestApp] {
            let policy = Policy { as_of, ..Policy::plain(kind) };
            let db = subject("db", &[0], vec![policy], LadderEnd::Fail);
            assert_eq!(crate::ids(choose(&db, &inventory, at(NOW)).choice().unwrap()), [wanted]);
        }
    }
}

#[test]
fn equal_instants_make_no_set_where_one_member_reports_a_set_id() {
    let mut machines = [vec![point(90, None, PointKind::Crash)], vec![point(90, None, PointKind::Crash)]];
    let db = subject("db", &[0, 1], vec![Policy::plain(PolicyKind::Common)], LadderEnd::Fail);
    let outcome = choose(&db, &inventory(&machines), at(NOW));
    assert_eq!(outcome.choice().map(|choice| choice.matched), Some(Matched::Instant));
    machines[0].push(point(10, Some(1), PointKind::Crash));
    let outcome = choose(&db, &inventory(&machines), at(NOW));
    assert_eq!(outcome.no_choice().map(|none| none.blamed.clone()), Some(vec!["m1".to_owned()]));
}

#[test]
fn machines_without_any_usable_point_are_named_together() {
    let unusable = Spec { usable: false, ..point(90, None, PointKind::Crash) };
    let machines = [vec![], vec![point(90, None, PointKind::Crash)], vec![unusable]];
    let inventory = inventory(&machines);
    let policy = || vec![Policy::plain(PolicyKind::Latest)];
    let subjects = [
        subject("db", &[0, 1], policy(), LadderEnd::Fail),
        subject("app", &[2, 7], policy(), LadderEnd::Ask),
    ];
    let forecast = forecast(&subjects, &[], &inventory, at(NOW));
    let names: Vec<&str> = forecast.pointless.iter().map(|machine| machine.name.as_str()).collect();
    assert_eq!(names, ["m0", "m2", "m7"]);
    let diagnostics = forecast.diagnostics();
    assert_eq!(diagnostics[0].message, "3 machines have no usable recovery point: `m0`, `m2` and `m7`");
    assert_eq!(diagnostics.len(), 2);
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.ends_with('.') && !diagnostic.message.contains('\n'));
    }
    assert!(text::render(&forecast).contains("m7 cannot be recovered: it is not in the inventory"));
}

#[test]
fn certificates_keep_a_few_candidates_and_count_the_rest() {
    let mut specs: Vec<Spec> = (0..60).map(|second| point(second, None, PointKind::Crash)).collect();
    specs.push(point(0, None, PointKind::App));
    let inventory = inventory(&[specs]);
    let vm = Subject {
        group: false,
        ..subject("v", &[0], vec![Policy::plain(PolicyKind::LatestApp)], LadderEnd::Fail)
    };
    let outcome = choose(&vm, &inventory, at(NOW));
    let choice = outcome.choice().unwrap();
    assert_eq!((choice.refused.len(), choice.refused_more), (6, 54));
    assert_eq!(verify(choice, &vm, &inventory, at(NOW)), Ok(()));
}

#[test]
fn what_is_too_old_is_said_with_both_sides() {
    let inventory =
        inventory(&[vec![point(10, Some(1), PointKind::Crash)], vec![point(10, Some(1), PointKind::Crash)]]);
    let policy = Policy { max_age: Some(Duration::from_secs(60)), ..Policy::plain(PolicyKind::Common) };
    let db = subject("db", &[0, 1], vec![policy], LadderEnd::Fail);
    let outcome = choose(&db, &inventory, at(NOW));
    assert_eq!(
        outcome.no_choice().unwrap().diagnostic().message,
        "no recovery point of group `db` satisfies `common(max_age = 1m)`; closest is `s1` of \
         1970-01-01T00:00:10Z (1m30s old, `max_age` is 1m): too old on `m0` and `m1`"
    );
}
