//! The contract of every estate, held by this one too.

use std::path::Path;

use musterpoint::estate::azure::{Appliance, Azure, AzureOptions, Hidden, SignIn, Wishes};
use musterpoint::estate::conformance::{self, Subject};
use musterpoint::event::Network;
use musterpoint::model::ShutdownSpec;

use super::lab::{CONTOSO, StandIn};

fn opened(service: &StandIn, appliance: Appliance, folder: &Path) -> Azure {
    let place = |text: &str| text.parse().unwrap();
    Azure::open(AzureOptions {
        subscription: "00000000-0000-0000-0000-000000000001".to_owned(),
        resource_group: "rg-standin".to_owned(),
        vault: "vault-standin".to_owned(),
        appliance,
        sign_in: SignIn::Token(Hidden::new("any".to_owned())),
        endpoint: place(&service.endpoint),
        authority: place(&service.endpoint),
        identity_endpoint: place(&service.endpoint),
        wishes: Wishes {
            failback_policy: Some("24-hour-retention-failback".to_owned()),
            ..Wishes::default()
        },
        folder: folder.to_owned(),
    })
    .unwrap()
}

/// The estate with all its machines at home, where a vault's machines are before the first failover.
pub(crate) fn at_home(folder: &Path) -> std::path::PathBuf {
    let text = std::fs::read_to_string(CONTOSO).unwrap();
    let mut estate: serde_json::Value = serde_json::from_str(&text).unwrap();
    for machine in estate["vms"].as_object_mut().unwrap().values_mut() {
        machine["site"] = "avs".into();
        machine["replicates_to"] = "azure".into();
    }
    let path = folder.join("at-home.json");
    std::fs::write(&path, estate.to_string()).unwrap();
    path
}

fn holds(appliance: Appliance, word: &str) {
    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start(&at_home(folder.path()), &["--appliance", word, "--speed", "3600"]);
    let engine = opened(&service, appliance, &folder.path().join("own"));
    let subject = Subject {
        machine: "app01".to_owned(),
        network: Network { name: Some("vnet-erp".to_owned()), address: None },
        test_network: Network { name: Some("vnet-bubble".to_owned()), address: None },
        via: Some("ps-avs-01".to_owned()),
        shutdown: ShutdownSpec::default(),
        whole: true,
        round: word.to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(conformance::run(&engine, &subject)), Ok(()));
}

#[test]
fn the_newer_appliance_holds_the_contract() {
    holds(Appliance::Modernized, "modernized");
}

#[test]
fn the_older_appliance_holds_the_contract() {
    holds(Appliance::Classic, "classic");
}
