//! One plan, once on the simulated estate itself and once through the service that stands in front of the same
//! estate: what comes of it is the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::lab::{CONTOSO, Lab, policy};

/// What a run came to, in words that do not depend on who acted: the end, and of each machine where it went and
/// what became of each of its acts.
fn outcome(lab: &Lab) -> (String, BTreeSet<String>) {
    let said = lab.muster("report last --format json").ok();
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let mut lines = BTreeSet::new();
    let log = lab.muster("log last --format json").ok();
    // Acts that the service has no name for are part of its failover.
    let inside = ["shut down", "start ", "final point", "process "];
    for line in log.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        let text = event.to_string();
        let _ = text;
    }
    for line in lab.muster("log last").ok().out.lines() {
        let done = line.contains("is done") && !inside.iter().any(|word| line.contains(word));
        if done {
            let words: Vec<&str> = line.split_whitespace().skip(2).collect();
            let end = words.windows(2).position(|pair| pair == ["is", "done"]).unwrap_or(words.len());
            lines.insert(words[..end].join(" "));
        }
    }
    (report["outcome"].as_str().or(report["end"].as_str()).unwrap_or_default().to_owned(), lines)
}

fn same(appliance: &str, operation: &str) {
    let real = Lab::over(appliance, &["--speed", "1200"]);
    real.whole(operation);
    let simulated = Lab::alone();
    std::fs::copy(CONTOSO, simulated.path("contoso.json")).unwrap();
    simulated.write_plan(r#"sim { inventory = "contoso.json" }"#, policy(appliance));
    simulated.whole(operation);
    assert_eq!(outcome(&real), outcome(&simulated));
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
