//! `docs/azure.md`, command by command, against a stand-in. `UPDATE_DOCS=1` writes down what is printed now.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::console::{matches, rewrite, shown};
use super::lab::{Lab, StandIn};

/// Where the paper's stand-in listens.
const PLACE: &str = "127.0.0.1:8443";
const VAULT: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-standin/providers/Microsoft.RecoveryServices/vaults/vault-standin";

#[test]
fn ten_commands_lead_from_a_vault_to_a_rehearsed_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let service = StandIn::start(&root.join("plans/estates/northwind.json"), &["--speed", "120"]);
    fill(&service.endpoint);
    let lab = Lab::alone();
    let paper = root.join("docs/azure.md");
    let text = std::fs::read_to_string(&paper).unwrap();
    let all = shown(&text);
    assert_eq!(all.len(), 10, "the paper promises ten commands");
    let real = service.endpoint.trim_start_matches("http://").to_owned();
    let (mut wrong, mut new) = (String::new(), Vec::new());
    for one in all {
        let (code, output) = run(&lab, &one.command.replace(PLACE, &real));
        let output = output.replace(&real, PLACE);
        if one.code != code || !matches(&one.output, &output) {
            let known = one.output.trim_end();
            writeln!(wrong, "$ {}\nexit {code}, shown:\n{known}\nprinted:\n{output}", one.command).unwrap();
        }
        new.push((one, output));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        rewrite(&paper, &text, &new);
        return;
    }
    assert_eq!(wrong, "");
}

/// A recovery plan as a vault may have it: the group, a manual action of tests, then the others.
fn fill(endpoint: &str) {
    let ask = |method: &str, path: &str, body: String| {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{endpoint}{VAULT}/{path}?api-version=2024-04-01"))
            .header("authorization", "Bearer any")
            .body(body)
            .unwrap();
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut answer = ureq::Agent::from(config).run(request).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let (_, text) = ask("GET", "replicationProtectedItems", String::new());
    let items: Value = serde_json::from_str(&text).unwrap();
    let (grouped, alone): (Vec<&Value>, Vec<&Value>) =
        items["value"].as_array().unwrap().iter().partition(|item| {
            let group = item["properties"]["providerSpecificDetails"]["multiVmGroupName"].as_str();
            group.is_some_and(|group| !group.is_empty())
        });
    let boot = |items: &[&Value], actions: Value| {
        let items: Vec<Value> = items.iter().map(|item| json!({ "id": item["id"] })).collect();
        json!({ "groupType": "Boot", "replicationProtectedItems": items, "startGroupActions": [], "endGroupActions": actions })
    };
    let action = |name: &str, details: Value, types: Value| json!({ "actionName": name, "failoverTypes": types, "failoverDirections": ["PrimaryToRecovery"], "customDetails": details });
    let manual = json!({ "instanceType": "ManualActionDetails", "description": "Can payroll print a slip?" });
    let runbook = json!({ "instanceType": "AutomationRunbookActionDetails", "runbookId": "/subscriptions/s/runbooks/open-ports",
        "timeout": "PT10M", "fabricLocation": "Recovery" });
    let types = json!(["TestFailover", "UnplannedFailover"]);
    let body = json!({ "properties": {
        "primaryFabricId": format!("{VAULT}/replicationFabrics/lyon"),
        "recoveryFabricId": "Microsoft Azure", "failoverDeploymentModel": "ResourceManager",
        "groups": [
            boot(&grouped, json!([action("open ports", runbook, types.clone())])),
            boot(&alone, json!([action("verify", manual, types)])),
        ],
    } });
    let (status, said) = ask("PUT", "replicationRecoveryPlans/payday", body.to_string());
    assert_eq!(status, 202, "{said}");
    while ask("GET", "replicationRecoveryPlans/payday", String::new()).0 != 200 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// `muster …` is the program of this build.
fn run(lab: &Lab, line: &str) -> (i32, String) {
    let binaries = Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap().display().to_string();
    let output = Command::new("sh")
        .args(["-c", &format!("{line} 2>&1")])
        .current_dir(lab.path("."))
        .env_clear()
        .env("PATH", format!("{binaries}:{}", std::env::var("PATH").unwrap_or_default()))
        .env("HOME", lab.path("."))
        .env("COLUMNS", "100")
        .env("MUSTER_STATE", lab.path("state"))
        .env("ASR_TOKEN", "any")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let said = said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    (output.status.code().unwrap_or(-1), said.trim_end().to_owned())
}
