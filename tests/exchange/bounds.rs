//! Documents of anyone's: what is no document, and what is too much of one.

use musterpoint::exchange::azure::{Items, import};
use serde_json::json;

use crate::lab::{in_style, options, refused};

#[test]
fn what_is_no_recovery_plan_is_told_apart() {
    let none = options(Items::none());
    assert!(refused("{\"a\": ", &none)[0].starts_with("MP1202 `export.json` is not JSON: line 1"));
    assert_eq!(refused("{}", &none), ["MP1203 `export.json` holds no recovery plan"]);
    assert_eq!(refused("[1, null]", &none), ["MP1203 `export.json` holds no recovery plan"]);
    let vault = json!({ "type": "Microsoft.RecoveryServices/vaults", "properties": { "groups": [] } });
    assert_eq!(refused(&vault.to_string(), &none), ["MP1203 `export.json` holds no recovery plan"]);
    let empty = json!({ "name": "x", "properties": { "groups": [] } });
    assert_eq!(
        refused(&empty.to_string(), &none),
        ["MP1203 `export.json` holds a recovery plan without machines"]
    );
}

#[test]
fn too_large_and_too_deep_documents_are_not_read() {
    let none = options(Items::none());
    let large = format!("\"{}\"", " ".repeat(33 * 1024 * 1024));
    assert_eq!(refused(&large, &none), ["MP1201 `export.json` is larger than 32 MiB, the most that is read"]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(
        refused(&deep, &none),
        ["MP1201 `export.json` nests deeper than 64 levels, the most that is read"]
    );
    let groups: Vec<_> = (0..10_001).map(|_| json!({ "groupType": "Boot" })).collect();
    let wide = json!({ "name": "x", "properties": { "groups": groups } });
    assert_eq!(
        refused(&wide.to_string(), &none),
        ["MP1201 `export.json` has more than 10000 groups in one plan"]
    );
    // Brackets in texts nest nothing.
    let text = json!({ "name": "[".repeat(1000), "properties": { "groups": [] } });
    assert!(refused(&text.to_string(), &none)[0].starts_with("MP1203"));
}

#[test]
fn findings_have_a_bound() {
    let actions: Vec<_> = (0..1000).map(|_| json!({})).collect();
    let group = json!({ "groupType": "Boot", "startGroupActions": actions });
    let plan = json!({ "name": "x", "properties": { "groups": [group] } });
    assert_eq!(import(&plan.to_string(), &options(Items::none())).unwrap_err().len(), 100);
}

#[test]
fn a_list_of_machines_is_read_with_the_same_care() {
    let said = |json: &str| {
        let found = Items::read("items.json", json).unwrap_err();
        found.iter().for_each(in_style);
        found.iter().map(|found| format!("{} {}", found.code, found.message)).collect::<Vec<_>>()
    };
    assert_eq!(said("{}"), ["MP1206 `items.json` lists no machines in `value`"]);
    assert_eq!(said("{\"value\": [{}]}"), ["MP1206 `items.json` lists a machine without an `id`"]);
    assert!(said("nonsense")[0].starts_with("MP1202 "));
}
