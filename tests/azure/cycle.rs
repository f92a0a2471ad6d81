//! The seed's whole story on both generations: home, committed, protected again, away, to another point, home
//! once more, and a test that is cleaned up.

use super::lab::Lab;

/// Where each machine is and what its replication does, in one line.
fn standing(lab: &Lab) -> String {
    let machines = lab.machines();
    let one = |(name, machine): (&String, &serde_json::Value)| {
        format!("{name} {} {}", machine["site"].as_str().unwrap(), machine["protection"].as_str().unwrap())
    };
    machines.as_object().unwrap().iter().map(one).collect::<Vec<_>>().join(", ")
}

fn all(site: &str, protection: &str) -> String {
    ["sql01", "sql02", "app01", "app02", "jump01"]
        .map(|name| format!("{name} {site} {protection}"))
        .join(", ")
}

fn round(appliance: &str, home: &str, speed: &str) -> Lab {
    let lab = Lab::over(appliance, &["--speed", speed]);
    assert_eq!(standing(&lab), all("azure", "protected"));
    let preview = lab.muster("preview failback erp.muster").all();
    assert_eq!(preview.contains("Planned failback of erp"), appliance == "modernized", "{preview}");
    lab.whole(&format!("failback erp.muster {home}"));
    assert_eq!(standing(&lab), all("avs", "protected"));
    // The group by one call of its plan, the others each by its own; nothing else of any of them.
    let operation = home.trim_start_matches("--").to_owned() + "Failover";
    assert_eq!(lab.posts(&operation), 1 + 3);
    assert_eq!((lab.posts("failoverCommit"), lab.posts("testFailover")), (5, 0));

    let begun = lab.muster("failover erp.muster --unplanned --yes");
    assert_eq!(begun.code, 6, "{}", begun.all());
    assert_eq!(standing(&lab), all("azure", "failed_over"));
    let changed = lab.muster("change-point last jump01=latest_processed");
    assert_eq!(changed.code, 6, "{}", changed.all());
    assert_eq!(lab.posts("applyRecoveryPoint"), 1);
    lab.muster("approve last accept").ok();
    let ended = lab.muster("resume last");
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert_eq!(standing(&lab), all("azure", "protected"));

    lab.whole(&format!("failback erp.muster {home}"));
    let before = standing(&lab);
    assert_eq!(before, all("avs", "protected"));
    let said = lab.whole("test erp.muster");
    assert!(said.contains("clean up sql02"), "{said}");
    assert_eq!(standing(&lab), before);
    assert_eq!((lab.posts("testFailover"), lab.posts("testFailoverCleanup")), (1 + 3, 5));
    lab
}

#[test]
fn the_newer_appliance_goes_the_whole_way_round() {
    let lab = round("modernized", "--planned", "1200");
    // Its agents are seen to register, so no reprotect failed for that.
    assert_eq!(lab.posts("reProtect"), 15);
}

#[test]
fn the_older_appliance_goes_the_whole_way_round_and_waits_for_its_agents() {
    let lab = round("classic", "--unplanned", "480");
    // Home, agents take their time, and whether they have is seen by trying alone.
    assert!(lab.posts("reProtect") > 15, "{}", lab.posts("reProtect"));
}

#[test]
fn no_operation_is_asked_for_more_often_than_the_service_wants() {
    let lab = Lab::over("modernized", &["--speed", "60"]);
    let began = std::time::SystemTime::now();
    let begun = lab.muster("failback erp.muster --planned --yes");
    let seconds = began.elapsed().unwrap().as_secs() + 2;
    assert_eq!(begun.code, 6, "{}", begun.all());
    let mut asked: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for (method, path, _) in lab.recorded() {
        if method == "GET" && path.contains("replicationJobs/") {
            *asked.entry(path).or_default() += 1;
        }
    }
    // The group's recovery plan, the group, three other machines.
    assert_eq!(asked.len(), 5, "{asked:?}");
    // A second is the shortest interval that the stand-in asks for; the group's job is asked for by two machines.
    assert!(asked.values().all(|times| *times <= 2 * seconds), "{asked:?} in {seconds} s");
    let token = std::fs::read_to_string(lab.path("record.jsonl")).unwrap();
    assert!(!token.contains("a-token-nobody-may-see"));
}
