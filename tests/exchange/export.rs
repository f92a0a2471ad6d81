//! What a recovery plan can hold of a plan, and what is said of the rest.

use musterpoint::exchange::azure::{self, ExportOptions, Exported, Items};
use musterpoint::model::{Operation, Plan};
use serde_json::{Value, json};

use crate::lab::{exported, file, imported, in_style, items, judged, options, sound};

/// A plan of one estate with a body, errors and all.
fn plan(body: &str) -> Plan {
    let text = format!(
        "estate e {{ sites = [home, away], provider = sim {{ inventory = \"e.json\" }} }}\n\
         role boss {{ members = anyone }}\nplan p {{\n estate = e\n point = latest_processed\n{body}\n}}\n"
    );
    let (plan, found) = judged(&text);
    plan.unwrap_or_else(|| panic!("{found:#?}"))
}

fn group(out: &Exported, at: usize) -> &Value {
    &out.body["properties"]["groups"][at]
}

fn names(actions: &Value) -> Vec<&str> {
    actions.as_array().unwrap().iter().map(|action| action["actionName"].as_str().unwrap()).collect()
}

fn refused(plan: &Plan, options: &ExportOptions) -> Vec<String> {
    let found = azure::export(plan, options).unwrap_err();
    found.iter().for_each(in_style);
    found.iter().map(|found| format!("{} {}", found.code, found.message)).collect()
}

#[test]
fn the_body_is_what_the_service_takes() {
    let ours = sound(&imported(&file("plan.json"), &options(items())).plan_text);
    let out = exported(&ours, &items());
    assert_eq!(out.body["name"], "erp-plan");
    let properties = &out.body["properties"];
    assert_eq!(properties["recoveryFabricId"], "Microsoft Azure");
    assert_eq!(properties["failoverDeploymentModel"], "ResourceManager");
    assert_eq!(properties["providerSpecificInput"], json!([]));
    assert!(properties["primaryFabricId"].as_str().unwrap().ends_with("/replicationFabrics/9c4f"));
    let kinds: Vec<&str> = properties["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["groupType"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Shutdown", "Failover", "Boot", "Boot"]);
    assert_eq!(group(&out, 2)["replicationProtectedItems"][1]["virtualMachineId"], "f8491e4f-0001");
    assert!(!out.notes.iter().any(|note| note.contains("made up")), "{:?}", out.notes);
    assert_eq!(
        group(&out, 2)["endGroupActions"][0],
        json!({
            "actionName": "databases-checked",
            "failoverTypes": ["TestFailover", "PlannedFailover", "UnplannedFailover"],
            "failoverDirections": ["PrimaryToRecovery", "RecoveryToPrimary"],
            "customDetails": { "instanceType": "ManualActionDetails", "description": "Do the databases answer?" },
        })
    );
}

#[test]
fn ids_that_nobody_gave_are_made_up_and_said_to_be() {
    let out = exported(&plan("vm sql01 { name = \"SQL/01\" }"), &Items::none());
    let id = group(&out, 2)["replicationProtectedItems"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("/subscriptions/SUBSCRIPTION-ID/resourceGroups/RESOURCE-GROUP/"), "{id}");
    assert!(
        id.ends_with("/FABRIC/replicationProtectionContainers/CONTAINER/replicationProtectedItems/SQL-01"),
        "{id}"
    );
    assert!(out.notes.iter().any(|note| note.contains("the id of `sql01` is made up")), "{:?}", out.notes);
}

#[test]
fn steps_stand_at_their_moment_and_what_is_no_question_is_told_to_a_person() {
    let out = exported(
        &plan(
            "vm db { approve quiet { at = before_shutdown, prompt = \"quiet?\", by = boss, within = 1h }
                     script mark { at = after_shutdown, operations = [failover], run = [\"mark it\", \"a\"], timeout = 1m }
                     approve look { at = before_start, prompt = \"look\", by = boss, within = 1h } }
             vm web { check up { tcp = \"${web.address}:443\", within = 5m } }
             approve go { prompt = \"go?\", by = boss, within = 1h, quorum = 2 }
             wait settle { duration = 3m, because = \"caches fill\" }
             approve done { prompt = \"done in ${run.target}?\", by = boss, within = 1h }
             script tell { operations = [failover], run = [\"tell\"], timeout = 1m }
             order { go -> db -> settle -> web -> done -> commit -> tell }
             commit { }",
        ),
        &Items::none(),
    );
    assert_eq!(names(&group(&out, 0)["startGroupActions"]).len(), 2);
    assert_eq!(names(&group(&out, 0)["endGroupActions"]), ["mark"]);
    assert_eq!(names(&group(&out, 2)["startGroupActions"]), ["look"]);
    assert_eq!(names(&group(&out, 2)["endGroupActions"]), ["settle"]);
    assert_eq!(names(&group(&out, 3)["endGroupActions"]), ["up", "done"]);
    let says = |at: usize, field: &str, action: usize| {
        group(&out, at)[field][action]["customDetails"]["description"].as_str().unwrap().to_owned()
    };
    assert_eq!(says(0, "endGroupActions", 0), "Run by hand: 'mark it' a");
    assert_eq!(says(2, "endGroupActions", 0), "Wait 3m: caches fill");
    assert_eq!(
        says(3, "endGroupActions", 0),
        "Check by hand, within 5m: ${web.address}:443 accepts a connection"
    );
    assert_eq!(says(3, "endGroupActions", 1), "done in ${run.target}?");
    let notes = out.notes.join("\n");
    for says in [
        "`mark` is a script, which a recovery plan cannot hold",
        "`up` is a check",
        "`settle` is a pause",
        "`go` loses `by`, `within`, `quorum`",
        "the prompt of `done` is shown with its `${…}` unfilled",
        "`tell` stand behind `commit`",
        "so `point` is left out",
    ] {
        assert!(notes.contains(says), "{says}\n{notes}");
    }
}

#[test]
fn a_direction_alone_keeps_its_own_actions() {
    let plan = plan(
        "vm db { }
         approve out { operations = [failover], prompt = \"out\", by = boss, within = 1h }
         approve home { operations = [failback], prompt = \"home\", by = boss, within = 1h }
         approve both { operations = [test, failback], prompt = \"both\", by = boss, within = 1h }
         order { db -> [out, home, both] }",
    );
    let of = |operation: Option<Operation>| {
        let out = azure::export(&plan, &ExportOptions { operation, items: Items::none() }).unwrap();
        names(&group(&out, 2)["endGroupActions"]).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(Some(Operation::Failover)), ["out", "both"]);
    assert_eq!(of(Some(Operation::Failback)), ["home", "both"]);
    // What runs in a test and on the way home only is two actions: one would also run on the way out.
    assert_eq!(of(None), ["out", "home", "both", "both-failback"]);
}

#[test]
fn what_one_recovery_plan_cannot_hold_is_refused_all_at_once() {
    let mut body: String = (0..101).map(|at| format!(" vm v{at} {{ }}\n")).collect();
    let chain: Vec<String> = (0..8).map(|at| format!("v{at}")).collect();
    body +=
        &format!(" group g {{ vm [a, b] {{ }}, order {{ a -> b }} }}\n order {{ {} }}", chain.join(" -> "));
    assert_eq!(
        refused(&plan(&body), &ExportOptions::default()),
        [
            "MP1209 plan `p` has 103 machines, and a recovery plan takes 100",
            "MP1209 plan `p` has 8 waves, and a recovery plan takes 7",
            "MP1208 `a` and `b` of the group `g` start in different waves, and a group is in one boot group",
        ]
    );
    let twice = json!({ "value": [
        { "id": "/x/1", "properties": { "friendlyName": "db" } },
        { "id": "/x/2", "properties": { "friendlyName": "db" } },
    ] });
    let items = Items::read("items.json", &twice.to_string()).unwrap();
    assert_eq!(
        refused(&plan("vm db { }"), &ExportOptions { operation: None, items }),
        ["MP1210 several machines of the vault are called `db`"]
    );
}
