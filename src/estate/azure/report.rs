//! The vault as an inventory. Pure: what was read goes in.

use indexmap::IndexMap;

use crate::base::Timestamp;
use crate::inventory::{Inventory, LeftBehind, Machine, Point, Power, ProcessServer, Protection, TagSet};

use super::kind::{Kind, Operation};
use super::offers;
use super::settings::Appliance;
use super::vault::Named;
use super::wire::{self, Fabric, Nic, Resource};

/// What the side of Azure is called, whatever the region.
pub(super) const AZURE: &str = "azure";

/// Names of the fabrics at home, by the names in their ids.
pub(super) struct Sites(IndexMap<String, String>);

impl Sites {
    /// The fabrics that items are replicated from.
    pub(super) fn of(fabrics: &[Resource<Fabric>]) -> Self {
        Self(
            fabrics
                .iter()
                .map(|fabric| {
                    let friendly = fabric.properties.friendly_name.clone().filter(|name| !name.is_empty());
                    let name = friendly.unwrap_or_else(|| fabric.name().to_owned());
                    (fabric.name().to_ascii_lowercase(), name)
                })
                .collect(),
        )
    }

    /// The site at home of an item.
    pub(super) fn home(&self, item: &Named) -> String {
        let known = self.0.get(&item.fabric().to_ascii_lowercase()).cloned();
        let said = || item.item.primary_fabric_friendly_name.clone().filter(|name| !name.is_empty());
        known.or_else(said).unwrap_or_else(|| item.fabric().to_owned())
    }
}

/// What was read of a vault.
pub(super) struct Read {
    pub(super) now: Timestamp,
    pub(super) fabrics: Vec<Resource<Fabric>>,
    pub(super) items: IndexMap<String, Named>,
    pub(super) points: IndexMap<String, Vec<Resource<wire::Point>>>,
    /// Machines whose pending data counts as processed.
    pub(super) latest: IndexMap<String, Timestamp>,
}

/// The inventory of what was read.
pub(super) fn inventory(read: &Read, appliance: Appliance) -> Inventory {
    let sites = Sites::of(&read.fabrics);
    let mut names: Vec<String> = Vec::new();
    for item in read.items.values() {
        let home = sites.home(item);
        if !names.contains(&home) {
            names.push(home);
        }
    }
    names.push(AZURE.to_owned());
    let mut inventory = Inventory::empty(read.now, names);
    inventory.process_servers = servers(read, &sites, appliance);
    for item in read.items.values() {
        let listed = read.points.get(&item.name).map(Vec::as_slice).unwrap_or_default();
        let counts = read.latest.contains_key(&item.name);
        let points = offers::offers(item, listed, read.now).into_iter().map(|offer| Point {
            at: offer.at,
            id: inventory.symbols.intern(&offer.id),
            set: offer.set.as_ref().map(|set| inventory.symbols.intern(set)),
            tags: TagSet::default(),
            kind: offer.kind,
            processed: offer.processed || counts,
            usable: true,
        });
        let points: Vec<Point> = points.collect();
        let machine = machine(item, &sites.home(item), points);
        inventory.vms.insert(machine.name.clone(), machine);
    }
    inventory
}

fn machine(item: &Named, home: &str, points: Vec<Point>) -> Machine {
    let details = &item.item.provider_specific_details;
    let protection = protection(item);
    let (here, there) = if item.item.is_in_azure() { (AZURE, home) } else { (home, AZURE) };
    let home_power = home_power(item);
    let failed_over = protection == Protection::FailedOver;
    let at_home = |site: &str| if site == home { home_power } else { None };
    Machine {
        name: item.name.clone(),
        group: item.group().map(str::to_owned),
        site: here.to_owned(),
        power: at_home(here),
        protection,
        replicates_to: (protection == Protection::Protected).then(|| there.to_owned()),
        os: details.os_type.as_deref().or(details.os_details.os_type.as_deref()).map(str::to_ascii_lowercase),
        address: addresses(item, home),
        agent_registered: details.is_agent_registration_successful_after_failover,
        left_behind: failed_over.then(|| LeftBehind { site: there.to_owned(), power: at_home(there) }),
        pending_bytes: None,
        points,
    }
}

/// What replication does, by what the service allows; its state is a text that changes its spelling.
pub(super) fn protection(item: &Named) -> Protection {
    let state = item.item.protection_state.as_deref().unwrap_or_default().to_ascii_lowercase();
    match item.kind {
        Kind::Other(_) => Protection::Unprotected,
        _ if item.item.allows(Operation::Commit) => Protection::FailedOver,
        _ if offers::can_fail_over(item) => Protection::Protected,
        _ if item.item.allowed_operations.is_empty() && state.contains("failover") => Protection::FailedOver,
        _ if state.contains("reprotect") || state.contains("reverse") => Protection::Reprotecting,
        _ if state.contains("enabling") || state.contains("initial") || state.contains("resync") => {
            Protection::Resyncing
        }
        _ if item.item.allows(Operation::ReverseReplicate) => Protection::Unprotected,
        _ if state == "protected" => Protection::Protected,
        _ => Protection::Unprotected,
    }
}

/// Whether the machine at home runs, as it was discovered there.
pub(super) fn home_power(item: &Named) -> Option<Power> {
    let said = item.item.provider_specific_details.discovered_vm_details.power_status.as_deref()?;
    let word = said.to_ascii_lowercase().replace([' ', '_'], "");
    if word.ends_with("on") || word == "running" {
        Some(Power::On)
    } else {
        (word.ends_with("off") || word == "stopped").then_some(Power::Off)
    }
}

/// The address at each site, as far as the vault knows.
pub(super) fn addresses(item: &Named, home: &str) -> IndexMap<String, String> {
    let details = &item.item.provider_specific_details;
    let nic = nic(item);
    let discovered = details.discovered_vm_details.ip_addresses.first().cloned();
    let source = nic.and_then(|nic| nic.source.clone());
    let (at_home, in_azure) = if item.kind.is_back() {
        (discovered, source.or_else(|| details.ip_address.clone()))
    } else {
        (source.or_else(|| details.ip_address.clone()).or(discovered), nic.and_then(|nic| nic.target.clone()))
    };
    [(home, at_home), (AZURE, in_azure)]
        .into_iter()
        .filter_map(|(site, address)| Some((site.to_owned(), address.filter(|it| is_address(it))?)))
        .collect()
}

/// The address of a test's copy, as far as the vault knows.
pub(super) fn test_address(item: &Named) -> Option<String> {
    nic(item).and_then(|nic| nic.test.clone()).filter(|address| is_address(address))
}

fn nic(item: &Named) -> Option<&Nic> {
    let nics = &item.item.provider_specific_details.vm_nics;
    let primary = |nic: &&Nic| nic.is_primary.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("true"));
    nics.iter().find(primary).or_else(|| nics.first())
}

/// Whether a text can be handed to checks and scripts as an address.
fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// The servers that `reprotect { via { … } }` may name, by the site that they are for: towards home it is the
/// reprotect agent of an appliance, or a classic process server; towards Azure a process server.
fn servers(read: &Read, sites: &Sites, appliance: Appliance) -> Vec<ProcessServer> {
    let mut all = Vec::new();
    for fabric in &read.fabrics {
        let Some(home) = sites.0.get(&fabric.name().to_ascii_lowercase()) else { continue };
        let details = &fabric.properties.custom_details;
        let homewards = match appliance {
            Appliance::Modernized => &details.reprotect_agents,
            Appliance::Classic => &details.process_servers,
        };
        for (servers, site) in [(homewards, home.as_str()), (&details.process_servers, AZURE)] {
            all.extend(servers.iter().filter_map(|server| {
                let healthy =
                    !server.health.as_deref().is_some_and(|health| health.eq_ignore_ascii_case("Critical"));
                Some(ProcessServer { name: server.name.clone()?, site: site.to_owned(), healthy })
            }));
        }
    }
    all
}
