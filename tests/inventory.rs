//! The inventory format: what is read is what was written, and what is wrong is refused with its place.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; helpers outside `#[test]` functions are tests as well"
)]

use musterpoint::inventory::{Inventory, PointKind, Power, Protection, read, read_file, to_text};

const WHOLE: &str = r#"{ "format": "muster.inventory/1", "now": "2026-11-23T06:00:00Z", "sites": ["avs", "azure"],
  "vms": { "sql01": { "group": "db", "site": "azure", "power": "on", "protection": "protected", "replicates_to": "avs", "os": "windows",
      "address": { "avs": "10.0.0.11", "azure": "10.8.0.11" }, "agent_registered": true, "left_behind": null, "pending_bytes": 0,
      "points": [ { "id": "p6", "at": "2026-11-23T06:50:00.5+01:00", "kind": "app", "set": null, "tags": ["blue", "n\u00e9"], "processed": true, "usable": false },
                  { "id": "p7", "at": "2026-11-23T05:55:00Z", "kind": "crash", "set": "s7", "tags": [], "processed": true, "usable": true } ] },
    "SQL 02.contoso.com": { "group": null, "site": "avs", "protection": "failed_over", "left_behind": { "site": "azure", "power": "off" }, "points": [] } },
  "process_servers": [ { "name": "ps-westeurope-01", "site": "azure", "healthy": true } ],
  "sim": { "anything": { "goes": [1, null] } } }"#;

fn whole() -> Inventory {
    read("whole.json", WHOLE.as_bytes()).unwrap()
}

#[test]
fn a_whole_inventory_is_read_and_its_points_are_newest_first() {
    let inventory = whole();
    assert_eq!(inventory.sites, ["avs", "azure"]);
    let sql01 = &inventory.vms["sql01"];
    assert_eq!((sql01.group.as_deref(), sql01.power), (Some("db"), Some(Power::On)));
    assert_eq!(sql01.pending_bytes, Some(0));
    let ids: Vec<&str> = sql01.points.iter().map(|point| inventory.text(point.id)).collect();
    assert_eq!(ids, ["p7", "p6"]);
    let app = &sql01.points[1];
    assert_eq!((app.kind, app.usable, app.set), (PointKind::App, false, None));
    assert_eq!(app.at.to_string(), "2026-11-23T05:50:00.5Z");
    assert!(inventory.has_tag(app, inventory.symbols.find("né").unwrap()));
    let other = &inventory.vms["SQL 02.contoso.com"];
    assert_eq!((other.protection, other.agent_registered), (Protection::FailedOver, None));
    assert_eq!(other.left_behind.as_ref().map(|left| left.power), Some(Some(Power::Off)));
}

#[test]
fn what_is_written_reads_back_the_same() {
    let text = to_text(&whole());
    let again = read("again.json", text.as_bytes()).unwrap();
    assert_eq!(to_text(&again), text);
    assert_eq!(again.vms["sql01"].points.len(), 2);
    assert_eq!(again.sim, whole().sim);
    let empty = to_text(&Inventory::empty(whole().now, vec!["a".into()]));
    assert_eq!(to_text(&read("empty.json", empty.as_bytes()).unwrap()), empty);
}

#[test]
fn a_byte_order_mark_is_accepted_and_equal_instants_keep_their_order() {
    let twice = WHOLE.replace("2026-11-23T06:50:00.5+01:00", "2026-11-23T05:55:00Z");
    let inventory = read("x", format!("\u{feff}{twice}").as_bytes()).unwrap();
    let points = &inventory.vms["sql01"].points;
    assert_eq!(inventory.text(points[0].id), "p6");
}

/// The first finding after replacing `from` by `to` in a whole inventory.
fn refused(from: &str, to: &str) -> (String, String, String) {
    let text = WHOLE.replacen(from, to, 1);
    assert_ne!(text, WHOLE, "{from} is not in the example");
    finding(&text)
}

fn finding(text: &str) -> (String, String, String) {
    let found = read("c.json", text.as_bytes()).map(|_| ()).unwrap_err();
    let first = &found[0];
    assert!(!first.message.ends_with('.') && !first.message.contains('\n'), "{}", first.message);
    assert!(first.message.contains("`c.json`"), "{}", first.message);
    (first.code.to_string(), first.message.clone(), first.help.clone().unwrap_or_default())
}

#[test]
fn unknown_fields_are_refused_with_their_place_and_the_nearest_name() {
    let (code, message, help) =
        refused(r#""processed": true, "usable": true"#, r#""proccessed": true, "usable": true"#);
    assert_eq!(code, "MP0505");
    assert_eq!(message, "in inventory `c.json`, the field `proccessed` at `vms.sql01.points[1]` is unknown");
    assert_eq!(help, "did you mean `processed`?");
    for (from, to, place) in [
        (r#""power": "on""#, r#""powr": "on""#, "`vms.sql01`"),
        (
            r#""site": "azure", "power": "off""#,
            r#""site": "azure", "pwer": "off""#,
            "`vms.\"SQL 02.contoso.com\".left_behind`",
        ),
        (r#""healthy": true"#, r#""healthy": true, "age": {"a": [1]}"#, "`process_servers[0]`"),
        (r#""sim""#, r#""simm""#, "the top"),
    ] {
        let (code, message, _) = refused(from, to);
        assert_eq!(code, "MP0505");
        assert!(message.contains(place), "{message}");
    }
}

#[test]
fn missing_fields_are_refused() {
    for (field, from) in [
        ("group", r#""group": "db", "#),
        ("points", r#", "points": []"#),
        ("set", r#""set": "s7", "#),
        ("usable", r#", "usable": false"#),
        ("now", r#""now": "2026-11-23T06:00:00Z", "#),
    ] {
        let (code, message, _) = refused(from, "");
        assert_eq!(code, "MP0506");
        assert!(message.contains(&format!("`{field}`")), "{message}");
    }
}

#[test]
fn wrong_values_are_refused_with_what_they_are() {
    for (from, to, said) in [
        (
            r#""usable": true"#,
            r#""usable": "yes""#,
            "`vms.sql01.points[1].usable` is a text, not true or false",
        ),
        (
            r#""kind": "crash""#,
            r#""kind": "crsh""#,
            "`vms.sql01.points[1].kind` is `crsh`, not `crash`, `app` or `final`",
        ),
        (r#""pending_bytes": 0"#, r#""pending_bytes": -1"#, "a whole number of bytes"),
        (r#""2026-11-23T06:00:00Z""#, r#""yesterday""#, "`now`: `yesterday` is not an instant"),
        (r#""2026-11-23T05:55:00Z""#, "5", "`vms.sql01.points[1].at` is a number, not an instant"),
        (r#""points": []"#, r#""points": {}"#, "is an object, not a list of points"),
        (r#"["avs", "azure"]"#, r#""avs""#, "`sites` is a text, not a list of names"),
        (r#""tags": []"#, r#""tags": [[]]"#, "`vms.sql01.points[1].tags` is a list, not a text"),
        (r#"{ "site": "azure", "power": "off" }"#, "7", "is a number, not an object"),
    ] {
        let (code, message, _) = refused(from, to);
        assert_eq!(code, "MP0507", "{message}");
        assert!(message.contains(said), "{message}");
    }
    assert_eq!(finding("[]").1, "in inventory `c.json`, the top is a list, not an object");
}

#[test]
fn what_stands_twice_is_refused() {
    let (code, message, _) = refused("\"SQL 02.contoso.com\"", "\"sql01\"");
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("MP0508", "in inventory `c.json`, machine `sql01` stands twice")
    );
    let (code, message, _) = refused(r#""p6""#, r#""p7""#);
    assert_eq!(code, "MP0509");
    assert!(message.contains("`vms.sql01.points[1]`"), "{message}");
    assert_eq!(refused(r#""os": "windows""#, r#""os": "windows", "site": "avs""#).0, "MP0513");
    assert_eq!(refused(r#"["avs", "azure"]"#, r#"["avs", "azure", "avs"]"#).0, "MP0513");
}

#[test]
fn unknown_sites_and_empty_names_are_refused() {
    let (code, message, help) = refused(r#""site": "azure", "power""#, r#""site": "azur", "power""#);
    assert_eq!((code.as_str(), help.as_str()), ("MP0510", "did you mean `azure`?"));
    assert_eq!(message, "in inventory `c.json`, `vms.sql01.site` names the unknown site `azur`");
    assert_eq!(refused(r#""replicates_to": "avs""#, r#""replicates_to": "x""#).0, "MP0510");
    assert_eq!(refused(r#""group": "db""#, r#""group": """#).0, "MP0511");
    assert_eq!(refused(r#""sql01""#, r#""a\nb""#).0, "MP0511");
    assert_eq!(refused(r#""id": "p7""#, &format!(r#""id": "{}""#, "x".repeat(257))).0, "MP0511");
    assert!(read("ok", WHOLE.replacen("p7", &"x".repeat(256), 1).as_bytes()).is_ok());
}

#[test]
fn another_format_is_said_alone() {
    let (code, message, _) = refused("muster.inventory/1", "muster.inventory/2");
    assert_eq!(code, "MP0504");
    assert!(message.contains("newer format"), "{message}");
    assert_eq!(finding("{}").0, "MP0504");
    let text = WHOLE.replace("muster.inventory/1", "muster.inventory/2").replace("processed", "done");
    assert_eq!(read("x", text.as_bytes()).unwrap_err().len(), 1);
}

#[test]
fn every_cut_of_a_file_is_an_error() {
    for end in (0..WHOLE.len()).filter(|end| WHOLE.is_char_boundary(*end)) {
        let found = read("cut", &WHOLE.as_bytes()[..end]).unwrap_err();
        assert!(found.iter().any(|one| one.code.as_str() == "MP0502"), "{end}: {found:?}");
    }
    assert_eq!(finding("not json").0, "MP0501");
    assert_eq!(finding(&format!("{WHOLE} x")).0, "MP0501");
    assert_eq!(finding(&format!("{{\"format\": {}", "[".repeat(100_000))).0, "MP0502");
    assert_eq!(finding(&format!("{{\"sim\": {}", "[".repeat(100_000))).0, "MP0501");
}

#[test]
fn several_mistakes_are_reported_at_once_and_a_flood_is_bounded() {
    let text = WHOLE.replace("processed", "done");
    let found = read("x", text.as_bytes()).unwrap_err();
    assert_eq!(found.len(), 4, "{found:?}");
    let many = vec!["{}"; 1000].join(",");
    let text = WHOLE.replace(r#""points": []"#, &format!(r#""points": [{many}]"#));
    assert_eq!(read("x", text.as_bytes()).unwrap_err().len(), 100);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let found = read_file("estates/none.json", &folder.path().join("none.json")).unwrap_err();
    assert_eq!(found[0].code.as_str(), "MP0512");
    assert!(found[0].message.contains("`estates/none.json`"));
    std::fs::write(folder.path().join("some.json"), WHOLE).unwrap();
    assert!(read_file("some.json", &folder.path().join("some.json")).is_ok());
}
