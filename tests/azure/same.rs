//! One plan, once on the simulated estate itself and once through the service that stands in front of the same
//! estate: what comes of it is the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::lab::{CONTOSO, Lab, policy};

/// What a run came to, in words that do not depend on who acted: its end, which of its acts succeeded, and of
/// each machine what the report says of target, group and protection; its address where the service tells it.
fn outcome(lab: &Lab, addresses: bool) -> (Value, BTreeSet<String>, Vec<Value>) {
    let said = lab.muster("report last --format json").ok();
    let report: Value = serde_json::from_str(&said.out).unwrap();
    // Acts that the service has no name for are part of its failover.
    let inside = ["shut down ", "confirm stopped ", "start ", "final point ", "process "];
    let steps = report["steps"].as_array().unwrap().iter();
    let steps = steps
        .map(|step| format!("{} {}", step["name"].as_str().unwrap(), step["state"].as_str().unwrap()))
        .filter(|step| !inside.iter().any(|word| step.starts_with(word)))
        .collect();
    let machines = report["machines"].as_object().unwrap().iter();
    let machines = machines
        .map(|(name, machine)| {
            let address = if addresses { machine["address"].clone() } else { Value::Null };
            serde_json::json!([name, machine["target"], machine["protected"], address, machine["group"]])
        })
        .collect();
    (report["state"].clone(), steps, machines)
}

fn same(appliance: &str, operation: &str) {
    let real = Lab::over(appliance, &["--speed", "1200"]);
    real.whole(operation);
    // A configuration server tells no address of a machine that came home.
    let addresses = appliance == "modernized";
    let simulated = Lab::alone();
    std::fs::copy(CONTOSO, simulated.path("contoso.json")).unwrap();
    simulated.write_plan(r#"sim { inventory = "contoso.json" }"#, policy(appliance));
    simulated.whole(operation);
    assert_eq!(outcome(&real, addresses), outcome(&simulated, addresses));
    let where_they_are = |lab: &Lab| {
        let machines = lab.machines();
        let one = |(name, machine): (&String, &Value)| {
            (
                name.clone(),
                machine["site"].clone(),
                machine["protection"].clone(),
                machine["replicates_to"].clone(),
            )
        };
        machines.as_object().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(where_they_are(&real), where_they_are(&simulated));
}

#[test]
fn a_planned_failback_comes_to_the_same() {
    same("modernized", "failback erp.muster --planned");
}

#[test]
fn an_unplanned_failback_of_the_older_appliance_comes_to_the_same() {
    same("classic", "failback erp.muster --unplanned");
}
