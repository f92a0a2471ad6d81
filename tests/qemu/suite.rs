//! The contract of every estate, over real disks, and the plan that ships with them.

use std::path::Path;
use std::time::Duration;

use musterpoint::estate::conformance::{self, Subject};
use musterpoint::event::Network;
use musterpoint::format::format;
use musterpoint::inventory::Protection;
use musterpoint::model::resolve::{DiskFiles, resolve};
use musterpoint::model::{ShutdownSpec, ShutdownThen};
use musterpoint::rules::{self, DiskScripts};
use musterpoint::source::Sources;

use super::lab::*;

fn subject(round: &str) -> Subject {
    Subject {
        machine: "orders".to_owned(),
        network: Network { name: None, address: None },
        test_network: Network { name: None, address: None },
        via: None,
        shutdown: ShutdownSpec { guest: Duration::from_secs(5), then: ShutdownThen::PowerOff },
        whole: false,
        round: round.to_owned(),
    }
}

#[tokio::test]
async fn disks_keep_the_contract_of_every_estate_there_back_and_there_again() {
    let lab = Lab::new(one_machine());
    let engine = lab.set_up().await;
    for (round, to) in [("there", "south"), ("back", "north"), ("there again", "south")] {
        // Two points, so that there is an older one to change to.
        engine.take_point("orders").await.unwrap();
        assert_eq!(conformance::run(&engine, &subject(round)).await, Ok(()), "{round}");
        let at = lab.inventory().await;
        assert_eq!(
            (at.vms["orders"].site.as_str(), at.vms["orders"].protection),
            (to, Protection::Protected)
        );
    }
}

#[test]
fn the_shipped_plan_of_disks_passes_every_rule_and_is_written_as_the_formatter_writes() {
    let mut sources = Sources::default();
    let resolved = resolve(Path::new("plans/disks.muster"), &mut DiskFiles, &mut sources);
    assert!(resolved.diagnostics.is_empty(), "{:#?}", resolved.diagnostics);
    let found = rules::check(&resolved.plan.unwrap(), &DiskScripts);
    assert!(found.is_empty(), "{found:#?}");
    let text = include_str!("../../plans/disks.muster");
    assert_eq!(format(text).unwrap(), text);
}
