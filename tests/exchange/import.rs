//! What becomes of recovery plans as the service returns them.

use expect_test::{ExpectFile, expect_file};
use musterpoint::exchange::azure::{ImportOptions, Items};
use serde_json::{Value, json};

use crate::lab::{file, imported, items, judged, options, refused, sound};

fn golden(name: &str) -> ExpectFile {
    expect_file![format!("{}/tests/exchange/files/{name}", env!("CARGO_MANIFEST_DIR"))]
}

#[test]
fn a_recovery_plan_becomes_a_plan_with_its_machines_groups_order_and_questions() {
    let made = imported(&file("plan.json"), &options(items()));
    golden("plan.muster").assert_eq(&made.plan_text);
    let mut notes = made.notes.join("\n");
    notes.push('\n');
    golden("plan.notes").assert_eq(&notes);
    let plan = sound(&made.plan_text);
    assert_eq!(plan.estate.provider, "azure");
    let warnings: Vec<String> =
        judged(&made.plan_text).1.iter().map(|found| found.code.to_string()).collect();
    assert_eq!(warnings, ["MP0321"], "only the fence, which Azure has none of, is missing");
}

#[test]
fn without_a_list_of_machines_their_ids_name_them_and_the_plan_says_so() {
    let made = imported(&file("plan.json"), &options(Items::none()));
    let plan = sound(&made.plan_text);
    let names: Vec<(&str, &str)> =
        plan.vms.iter().map(|vm| (vm.name.as_str(), vm.estate_name.as_str())).collect();
    assert_eq!(names[0], ("f8491e4f-0001", "f8491e4f-0001"));
    assert_eq!(names[2], ("vm-0f491e4f-0003", "0f491e4f-0003"));
    assert!(plan.groups.iter().all(|group| group.name.starts_with("boot")), "no group is made up");
    assert!(made.notes.last().unwrap().starts_with("4 machines are named by the last part of an id"));
    assert!(made.plan_text.contains("# 4 machines are named by the last part of an id"));
}

#[test]
fn a_list_needs_to_be_told_which_plan_and_takes_it_in_any_case() {
    let plan: Value = serde_json::from_str(&file("plan.json")).unwrap();
    let mut other = plan.clone();
    other["name"] = json!("web");
    let both = json!({ "value": [plan, other], "nextLink": "https://next" }).to_string();
    assert_eq!(
        refused(&both, &options(items())),
        ["MP1204 `export.json` holds 2 recovery plans: `erp-plan` and `web`"]
    );
    let wants = |name: &str| ImportOptions { plan: Some(name.to_owned()), ..options(items()) };
    let made = imported(&both, &wants("ERP-plan"));
    assert!(made.notes[0].contains("nextLink"), "{:?}", made.notes);
    assert_eq!(sound(&made.plan_text).name, "erp-plan");
    assert_eq!(
        refused(&both, &wants("shop")),
        ["MP1204 `export.json` holds no recovery plan `shop`; it holds `erp-plan` and `web`"]
    );
    let named = ImportOptions { name: Some("my plan".to_owned()), ..options(items()) };
    assert_eq!(sound(&imported(&file("plan.json"), &named).plan_text).name, "my-plan");
}

/// `plan.json` with one change.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut plan: Value = serde_json::from_str(&file("plan.json")).unwrap();
    change(&mut plan);
    plan.to_string()
}

#[test]
fn machines_of_the_older_appliance_get_points_that_it_can_be_told() {
    let json = changed(|plan| plan["properties"]["replicationProviders"] = json!(["InMageAzureV2"]));
    let text = imported(&json, &options(items())).plan_text;
    assert!(text.contains("appliance      = classic"), "{text}");
    assert!(text.contains("point = common_app"), "{text}");
    sound(&text);
}

#[test]
fn what_is_not_known_is_said_where_it_stood() {
    let json = changed(|plan| {
        plan["properties"]["replicationProviders"] = json!(["A2A"]);
        plan["properties"]["zones"] = json!(["1"]);
        plan["properties"]["groups"][2]["pause"] = json!(5);
        plan["properties"]["groups"][3]["groupType"] = json!("Sing");
        plan["properties"]["groups"][1]["replicationProtectedItems"] = json!([{ "id": "/a/b" }]);
        plan["properties"]["groups"][2]["endGroupActions"][1]["failoverTypes"] =
            json!(["TestFailover", "Dance"]);
    });
    let made = imported(&json, &options(items()));
    let notes = made.notes.join("\n");
    for says in [
        "the recovery plan's field `zones` is not known here",
        "a group's field `pause` is not known here",
        "a group of the kind `Sing` with 1 machine is not known here and was left out",
        "the group of failovers lists 1 machine",
        "of the action `databases checked`: a plan has no place for what it does in `Dance`",
        "replicate by `A2A`",
        "it runs in a group that is not known here",
    ] {
        assert!(notes.contains(says), "{says}\n{notes}");
    }
    for note in &made.notes {
        let first: String = note.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        assert!(made.plan_text.to_lowercase().contains(&first.to_lowercase()), "{first}\n{}", made.plan_text);
    }
    sound(&made.plan_text);
}

#[test]
fn a_machine_stands_in_one_boot_group_and_so_does_a_replication_group() {
    let json = changed(|plan| {
        let one = plan["properties"]["groups"][2]["replicationProtectedItems"][0].clone();
        let two = plan["properties"]["groups"][2]["replicationProtectedItems"][1].take();
        plan["properties"]["groups"][2]["replicationProtectedItems"][1] = one;
        plan["properties"]["groups"][3]["replicationProtectedItems"] = json!([two]);
    });
    assert_eq!(
        refused(&json, &options(items())),
        [
            "MP1207 `export.json` lists the machine `f8491e4f-0001` twice",
            "MP1208 `export.json` has the replication group `Databases` in the boot groups 1 and 2",
        ]
    );
}

#[test]
fn more_than_the_service_takes_is_refused() {
    let json = changed(|plan| {
        let groups = (0..8).map(|boot| {
            let items: Vec<Value> = (0..13).map(|at| json!({ "id": format!("/x/vm-{boot}-{at}") })).collect();
            json!({ "groupType": "boot", "replicationProtectedItems": items })
        });
        plan["properties"]["groups"] = groups.collect();
    });
    assert_eq!(
        refused(&json, &options(Items::none())),
        [
            "MP1209 `export.json` has 104 machines in one recovery plan, and the service takes 100",
            "MP1209 `export.json` has 8 boot groups in one recovery plan, and the service takes 7",
        ]
    );
}

#[test]
fn all_missing_fields_are_said_at_once() {
    let json = changed(|plan| {
        plan["properties"]["groups"][0]["startGroupActions"][0]["actionName"] = Value::Null;
        plan["properties"]["groups"][2]["endGroupActions"][0]["customDetails"] = json!({});
        plan["properties"]["groups"][2]["replicationProtectedItems"][0] = json!({});
    });
    assert_eq!(
        refused(&json, &options(items())),
        [
            "MP1206 `export.json` has an action without `actionName` in group 1",
            "MP1206 `export.json` names a machine without an `id` in group 3",
            "MP1206 `export.json` does not say what the action `Attach disks` is, in its `customDetails`",
        ]
    );
    let none = json!({ "name": "x", "properties": { "groups": null } }).to_string();
    assert_eq!(
        refused(&none, &options(Items::none())),
        ["MP1206 `export.json` says no `groups` for the recovery plan `x`"]
    );
}
