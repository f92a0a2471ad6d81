//! The paper that describes the protocol and the types that speak it are two descriptions of one thing:
//! whatever one of them takes, the other takes, also with a field left out, added, or of another type.

use std::fmt::Write as _;

use musterpoint::base::Timestamp;
use musterpoint::estate::command::Purpose;
use musterpoint::estate::command::message::{
    Announced, Call, CallLine, Cancelled, Farewell, Hello, Level, PROTOCOL, Probed, Remaining, Seen,
    Standing, VERBS, Wrong,
};
use musterpoint::event::{GuestScript, Key, Network, Probe, Request};
use musterpoint::model::{Mode, ShutdownSpec};
use serde_json::{Value, json};

fn paper() -> Value {
    serde_json::from_str(include_str!("../../docs/provider-protocol.schema.json")).unwrap()
}

/// What the engine knows of JSON Schema: as much as the paper uses. Patterns are for people; the engine
/// judges such texts by itself.
const KNOWN: &[&str] = &[
    "$ref",
    "type",
    "const",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "oneOf",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "description",
];

/// Why a value is not what a schema says; none if it is.
fn wrong(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    for key in schema.as_object().unwrap().keys() {
        assert!(KNOWN.contains(&key.as_str()), "the paper uses `{key}`");
    }
    if let Some(name) = schema["$ref"].as_str() {
        let named = &root["$defs"][name.trim_start_matches("#/$defs/")];
        assert!(named.is_object(), "{name} is not defined");
        if let Some(why) = wrong(root, named, value) {
            return Some(why);
        }
    }
    let bad = |what: &str| Some(format!("{value} is against {what} of {schema}"));
    if let Some(types) = schema.get("type") {
        let is = |name: &str| match name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "null" => value.is_null(),
            other => panic!("the paper has the type {other}"),
        };
        let one = types.as_str().map(is);
        if !one.unwrap_or_else(|| types.as_array().unwrap().iter().any(|name| is(name.as_str().unwrap()))) {
            return bad("type");
        }
    }
    if schema.get("const").is_some_and(|wanted| wanted != value)
        || schema.get("enum").is_some_and(|known| !known.as_array().unwrap().contains(value))
    {
        return bad("const or enum");
    }
    if let (Some(number), least, most) = (value.as_i64(), &schema["minimum"], &schema["maximum"])
        && (least.as_i64().is_some_and(|least| number < least)
            || most.as_i64().is_some_and(|most| number > most))
    {
        return bad("minimum or maximum");
    }
    if let Some(several) = schema["oneOf"].as_array() {
        let fits = several.iter().filter(|one| wrong(root, one, value).is_none()).count();
        if fits != 1 {
            return bad(&format!("oneOf, {fits} fit,"));
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array())
        && let Some(why) = values.iter().find_map(|value| wrong(root, items, value))
    {
        return Some(why);
    }
    let (Some(object), empty) = (value.as_object(), serde_json::Map::new()) else { return None };
    let known = schema["properties"].as_object().unwrap_or(&empty);
    for name in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(name.as_str().unwrap()) {
            return bad("required");
        }
    }
    for (name, value) in object {
        let found = match (known.get(name), &schema["additionalProperties"]) {
            (Some(of_it), _) => wrong(root, of_it, value),
            (None, Value::Bool(false)) => bad("additionalProperties"),
            (None, others @ Value::Object(_)) => wrong(root, others, value),
            (None, _) => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn named(root: &Value, name: &str, value: &Value) -> Option<String> {
    wrong(root, &json!({ "$ref": format!("#/$defs/{name}") }), value)
}

fn requests() -> Vec<Request> {
    let machine = || "app01".to_owned();
    let point = || "p7".to_owned();
    let network = Network { name: Some("lan".to_owned()), address: None };
    let machines = vec![machine(), "app02".to_owned()];
    let fail_over = |mode| Request::FailOver {
        machine: machine(),
        point: point(),
        mode,
        to: "lower".to_owned(),
        network: network.clone(),
    };
    vec![
        Request::ProcessPending { machines: machines.clone() },
        Request::ShutDown { machine: machine(), spec: ShutdownSpec::default() },
        Request::TakeFinal { machines },
        fail_over(None),
        fail_over(Some(Mode::Planned)),
        fail_over(Some(Mode::Forced)),
        Request::Start { machine: machine(), test: true },
        Request::ChangePoint { machine: machine(), point: point() },
        Request::RollBack { machine: machine(), start_source: true },
        Request::Commit { machine: machine() },
        Request::Reprotect { machine: machine(), to: "upper".to_owned(), via: Some("ps".to_owned()) },
        Request::CleanUp { machine: machine() },
        Request::GuestScript(GuestScript {
            machine: machine(),
            argv: vec!["sync".to_owned()],
            timeout: std::time::Duration::from_secs(90),
            test: false,
        }),
    ]
}

#[test]
fn every_call_is_what_the_paper_says() {
    let root = paper();
    let (key, since) = (Key::of("a run", 1, 1), Timestamp::from_seconds(1_795_000_000));
    let probes = [
        Probe::Heartbeat { machine: "app01".to_owned(), test: false },
        Probe::Tcp { address: "10.0.0.1:22".to_owned() },
        Probe::Http { url: "http://app01/".to_owned(), status: 200, body: Some("ok".to_owned()) },
    ];
    let requests = requests();
    let machines = ["app01".to_owned()];
    let hello = Call::Hello {
        protocol: PROTOCOL,
        engine: "muster",
        estate: "lab",
        purpose: Purpose::Look,
        folder: "/x",
    };
    let mut calls = vec![
        hello,
        Call::Inventory {},
        Call::Poll { key: key.as_str(), handle: "h" },
        Call::Cancel { key: key.as_str(), handle: "h" },
        Call::Observe { machine: "app01", test: true },
        Call::Remains { machines: &machines },
        Call::Bye {},
    ];
    for request in &requests {
        calls.push(Call::WillCreate { key: &key, request });
        calls.push(Call::Submit { key: &key, request });
        calls.push(Call::Find { key: &key, request, since });
    }
    calls.extend(probes.iter().map(|probe| Call::Probe { probe }));
    for call in &calls {
        let line = serde_json::to_value(CallLine { id: 7, call }).unwrap();
        assert_eq!(named(&root, "call", &line), None, "{line}");
        assert_eq!(line["call"], call.word());
    }
    let shown = root["$defs"]["call"]["oneOf"].as_array().unwrap().len();
    let mut words: Vec<&str> = calls.iter().map(Call::word).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), shown, "the paper has calls that are not made");
    let verbs = root["$defs"]["request"]["oneOf"].as_array().unwrap();
    let verbs: Vec<&str> =
        verbs.iter().map(|verb| verb["properties"]["verb"]["const"].as_str().unwrap()).collect();
    assert_eq!(verbs[..10], VERBS);
}

/// A value as the paper and as the program take it.
type Takes = fn(&Value) -> bool;

fn takes<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
    serde_json::from_str::<T>(&value.to_string()).is_ok()
}

/// Every value that differs from this one in one field: left out, added, of another type.
fn variants(value: &Value) -> Vec<Value> {
    let mut found = vec![value.clone(), json!(null), json!([]), json!("x")];
    let Some(object) = value.as_object() else { return found };
    let mut more = object.clone();
    more.insert("strange".to_owned(), json!(1));
    found.push(Value::Object(more));
    for (name, inner) in object {
        let mut less = object.clone();
        less.remove(name);
        found.push(Value::Object(less));
        let others = [json!(null), json!(-1), json!("x"), json!(true), json!([]), json!([1]), json!({})];
        for other in others.into_iter().chain(if inner.is_object() { variants(inner) } else { Vec::new() }) {
            let mut changed = object.clone();
            changed.insert(name.clone(), other);
            found.push(Value::Object(changed));
        }
    }
    found
}

/// Differences that are meant: the program checks them after reading, or is stricter than it need be.
fn is_meant(name: &str, value: &Value) -> bool {
    // Any version reads, so that another one can be told apart. A list of nothing reads as an object of nothing.
    name == "hello" && (value["protocol"] != json!(1) && value["protocol"].is_u64())
        || *value == json!([])
        || value["detail"] == json!([])
        // A `null` where something may be left out reads as left out.
        || value.as_object().is_some_and(|object| {
            object.values().any(Value::is_null)
                || object.get("detail").and_then(Value::as_object).is_some_and(|it| it.values().any(Value::is_null))
        })
}

#[test]
fn the_paper_and_the_program_take_the_same_answers() {
    let root = paper();
    let about = json!({ "key": Key::of("a run", 1, 1), "machines": ["app01"] });
    let with = |more: Value| {
        let mut all = about.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let thing = json!({ "machine": "app01", "kind": "disk", "id": "d-1" });
    let error = json!({ "kind": "retry", "code": "busy", "message": "later" });
    let samples: Vec<(&str, Value, Takes)> = vec![
        (
            "hello",
            json!({ "protocol": 1, "name": "n", "version": "1", "verbs": ["start"], "cancel": true, "probes": true, "at_once": 4, "simulated": true, "artifacts": true }),
            takes::<Hello>,
        ),
        (
            "standing",
            with(
                json!({ "state": "done", "detail": { "note": "n", "address": "a", "clean": true, "exception": "e", "created": [thing.clone()] } }),
            ),
            takes::<Standing>,
        ),
        ("standing", with(json!({ "state": "running", "handle": "h", "again_in_ms": 5 })), takes::<Standing>),
        ("standing", with(json!({ "state": "failed", "error": error.clone() })), takes::<Standing>),
        ("standing", json!({ "state": "never_arrived", "key": about["key"] }), takes::<Standing>),
        ("standing", json!({ "state": "cannot_tell", "key": about["key"], "why": "w" }), takes::<Standing>),
        ("error", error, takes::<Wrong>),
        ("error", json!({ "kind": "refused", "code": "no", "message": "never" }), takes::<Wrong>),
        ("error", json!({ "kind": "unknown", "message": "who knows" }), takes::<Wrong>),
        ("announced", json!({ "key": about["key"], "artifacts": [thing.clone()] }), takes::<Announced>),
        ("remaining", json!({ "machines": ["app01"], "artifacts": [thing] }), takes::<Remaining>),
        ("cancelled", json!({ "key": about["key"] }), takes::<Cancelled>),
        (
            "seen",
            json!({ "machine": "app01", "source_running": true, "target_running": false, "address": "a", "fenced": true }),
            takes::<Seen>,
        ),
        ("probed", json!({ "machine": "app01", "passed": true, "seen": "it beats" }), takes::<Probed>),
        ("farewell", json!({}), takes::<Farewell>),
    ];
    let mut differ = String::new();
    let mut count = 0;
    for (name, sample, program_takes) in samples {
        assert_eq!(named(&root, name, &sample), None, "{name}");
        assert_eq!(
            named(&root, "answer", &json!({ "id": 1, if name == "error" { "error" } else { "ok" }: sample })),
            None
        );
        for value in variants(&sample) {
            count += 1;
            let (paper, program) = (named(&root, name, &value).is_none(), program_takes(&value));
            if paper != program && !is_meant(name, &value) {
                writeln!(differ, "{name}: paper {paper}, program {program}: {value}").unwrap();
            }
        }
    }
    assert!(count > 300, "{count}");
    assert!(differ.is_empty(), "{differ}");
    for level in [Level::Info, Level::Warning, Level::Error] {
        assert_eq!(named(&root, "log", &json!({ "log": "text", "level": level })), None);
    }
}

#[test]
fn shipped_inventories_are_what_the_paper_says() {
    let root = paper();
    for file in ["office.json", "contoso.json", "northwind.json"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/estates").join(file);
        let mut inventory: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        inventory.as_object_mut().unwrap().remove("sim");
        assert_eq!(named(&root, "inventory", &inventory), None, "{file}");
        assert_eq!(named(&root, "answer", &json!({ "id": 2, "ok": inventory })), None, "{file}");
    }
}

/// The lines that the guide for authors shows are lines of the protocol.
#[test]
fn lines_of_the_guide_are_messages() {
    let root = paper();
    let guide = include_str!("../../docs/providers.md");
    let mut count = 0;
    for line in guide.lines().filter(|line| line.starts_with("> {") || line.starts_with("< {")) {
        let message: Value =
            serde_json::from_str(&line[2..]).unwrap_or_else(|error| panic!("{line}: {error}"));
        let kind = if line.starts_with('>') {
            "call"
        } else if message.get("log").is_some() {
            "log"
        } else {
            "answer"
        };
        assert_eq!(named(&root, kind, &message), None, "{line}");
        count += 1;
    }
    assert!(count >= 12, "{count}");
}
