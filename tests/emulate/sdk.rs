//! The whole cycle with Microsoft's own client, which nobody here has written.

use std::path::Path;
use std::process::Command;

use crate::lab::{ESTATE, StandIn};

/// Where `scripts/test` puts the client.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/azure-client/bin/python");
const CYCLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulate/cycle.py");

fn cycle(product: &str) {
    assert!(
        Path::new(PYTHON).exists(),
        "Microsoft's client is not there; `scripts/test --test emulate` installs it, as does:\n\
         python3 -m venv target/azure-client && \
         target/azure-client/bin/pip install -r tests/emulate/requirements.txt"
    );
    // Slow enough for the client's second between two looks, quick enough for an agent that takes hours.
    let service = StandIn::over(ESTATE, &["--appliance", product, "--speed", "3600", "--page-size", "2"]);
    let ended = Command::new(PYTHON).args([CYCLE, &service.url, product]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let wrong = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.ends_with("cycle complete\n"), "{said}\n{wrong}");
}

#[test]
fn microsoft_s_client_goes_through_the_cycle_of_an_appliance() {
    cycle("modernized");
}

#[test]
fn microsoft_s_client_goes_through_the_cycle_of_a_configuration_server() {
    cycle("classic");
}
