//! From an inventory to the machines that a simulated estate starts with. Pure.

use crate::base::words::list;
use crate::base::{Chance, Digest, Timestamp};
use crate::inventory::{Inventory, Machine, Power, Protection};
use crate::source::Diagnostic;
use crate::source::codes::estate::SIM_INVENTORY;

use super::db::Facts;
use super::machine::{Copy, KeptPoint, Pending, SimMachine};
use super::settings::{Settings, Tools};

/// Seconds of a resynchronisation that the inventory shows under way.
const RESYNC_S: (u64, u64) = (120, 600);

/// What an estate starts with.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) facts: Facts,
    pub(super) machines: Vec<SimMachine>,
}

/// The start of an estate from an inventory.
///
/// # Errors
/// Everything in it that cannot be simulated.
pub(super) fn import(
    inventory: &Inventory,
    settings: &Settings,
    seed: u64,
) -> Result<Start, Vec<Diagnostic>> {
    let wrong = check(inventory);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let machines: Vec<SimMachine> = inventory
        .vms
        .values()
        .enumerate()
        .map(|(ordinal, vm)| Importer { inventory, settings, seed }.machine(ordinal, vm))
        .collect();
    let mut facts = Facts {
        inventory: String::new(),
        seed,
        sites: inventory.sites.clone(),
        process_servers: inventory.process_servers.clone(),
        sim: inventory.sim.clone(),
    };
    facts.inventory = digest(inventory, &facts).as_str().to_owned();
    Ok(Start { facts, machines })
}

/// The digest of all that an estate takes from an inventory.
fn digest(inventory: &Inventory, facts: &Facts) -> Digest {
    let mut parts = vec![
        inventory.now.to_string(),
        inventory.sites.join("\n"),
        serde_json::to_string(&facts.process_servers).unwrap_or_default(),
        inventory.sim.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    for vm in inventory.vms.values() {
        let Machine { name, group, site, power, protection, replicates_to, os, .. } = vm;
        let Machine { address, agent_registered, left_behind, pending_bytes, .. } = vm;
        parts.push(format!(
            "{name:?} {group:?} {site:?} {power:?} {protection:?} {replicates_to:?} {os:?} {address:?} \
             {agent_registered:?} {left_behind:?} {pending_bytes:?}"
        ));
        parts.extend(kept(inventory, vm).map(|point| format!("{point:?}")));
    }
    let bytes: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    Digest::of(&bytes)
}

fn check(inventory: &Inventory) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    let mut say = |message: String, help: &str| {
        wrong.push(Diagnostic::placeless(SIM_INVENTORY, message).help(help));
    };
    if inventory.sites.len() < 2 {
        say(
            format!(
                "the inventory has {}, and an estate needs two",
                crate::base::words::count(inventory.sites.len(), "site")
            ),
            "list both sites under `sites`, home first",
        );
    }
    for vm in inventory.vms.values() {
        let others = inventory.sites.iter().filter(|site| **site != vm.site).count();
        for site in
            std::iter::once(&vm.site).chain(&vm.replicates_to).chain(vm.left_behind.iter().map(|l| &l.site))
        {
            if !inventory.sites.contains(site) {
                say(
                    format!(
                        "machine `{}` names site `{site}`, which is not one of {}",
                        vm.name,
                        list(&inventory.sites, 5)
                    ),
                    "list the site under `sites`, or correct its name",
                );
            }
        }
        if vm.replicates_to.as_ref() == Some(&vm.site) {
            say(
                format!("machine `{}` replicates from `{}` to the same site", vm.name, vm.site),
                "name the other site in `replicates_to`",
            );
        }
        if vm.protection == Protection::Protected && vm.replicates_to.is_none() && others != 1 {
            say(
                format!(
                    "machine `{}` is protected, and which of {others} other sites it replicates to is not said",
                    vm.name
                ),
                "name that site in `replicates_to`",
            );
        }
    }
    wrong
}

struct Importer<'a> {
    inventory: &'a Inventory,
    settings: &'a Settings,
    seed: u64,
}

impl Importer<'_> {
    fn machine(&self, ordinal: usize, vm: &Machine) -> SimMachine {
        let now = self.inventory.now;
        let active = copy(&vm.site, vm.power.unwrap_or(Power::On), now);
        let left_behind =
            vm.left_behind.as_ref().map(|left| copy(&left.site, left.power.unwrap_or(Power::Off), now));
        let streams = vm.protection == Protection::Protected && active.runs();
        let oldest = vm.points.iter().map(|point| point.at).min();
        let syncs = matches!(vm.protection, Protection::Resyncing | Protection::Reprotecting);
        let agent = vm.agent_registered.unwrap_or(true);
        let tools = self.settings.vm(&vm.name).and_then(|own| own.tools);
        SimMachine {
            name: vm.name.clone(),
            ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
            group: vm.group.clone(),
            os: vm.os.clone(),
            address: vm.address.clone(),
            protection: vm.protection,
            replicates_to: self.replicates_to(vm),
            agent_at: self.agent_at(vm, agent && active.runs()),
            tools_broken: tools == Some(Tools::Off),
            // A copy left behind by a machine that is not protected: its failover was committed.
            committed: left_behind.is_some() && vm.protection == Protection::Unprotected,
            active,
            left_behind,
            test: None,
            clean_stop: true,
            streaming_since: streams.then_some(now),
            phase_s: self.phase_s(vm),
            processed_through: None,
            pending: Pending { bytes: vm.pending_bytes.unwrap_or(0), since: now },
            shown_age_s: oldest.map_or(0, |oldest| now.since(oldest).as_secs()),
            in_sync_at: syncs.then(|| now.plus(self.together(vm, "resync").seconds(RESYNC_S.0, RESYNC_S.1))),
            kept: kept(self.inventory, vm).map(|point| self.processed_later(vm, point)).collect(),
        }
    }

    fn replicates_to(&self, vm: &Machine) -> Option<String> {
        let other = || {
            let mut others = self.inventory.sites.iter().filter(|site| **site != vm.site);
            others.next().filter(|_| others.next().is_none()).cloned()
        };
        match vm.protection {
            Protection::Protected | Protection::Resyncing => vm.replicates_to.clone().or_else(other),
            Protection::Reprotecting => vm.replicates_to.clone().or_else(other),
            Protection::Unprotected | Protection::FailedOver => None,
        }
    }

    /// An agent that the inventory shows missing registers like one after a boot.
    fn agent_at(&self, vm: &Machine, registered: bool) -> Option<Timestamp> {
        let now = self.inventory.now;
        if registered {
            return Some(now);
        }
        let runs = vm.power.unwrap_or(Power::On) == Power::On;
        let drawn = Chance::of(self.seed, &["agent", &vm.name]).seconds(120, 900);
        runs.then(|| now.plus(self.settings.duration(&vm.name, "agent").unwrap_or(drawn)))
    }

    /// What the members of a group draw together.
    fn together(&self, vm: &Machine, what: &str) -> Chance {
        Chance::of(self.seed, &[what, vm.group.as_deref().unwrap_or(&vm.name)])
    }

    /// The grid goes on from the newest point shown, of any member.
    fn phase_s(&self, vm: &Machine) -> u64 {
        let step = self.settings.replication.crash_every.0.as_secs().max(1);
        let newest = match vm.group.as_deref() {
            Some(group) => self.inventory.members(group).filter_map(newest_at).max(),
            None => newest_at(vm),
        };
        newest.map_or_else(
            || self.together(vm, "phase").below(step),
            |at| at.since(Timestamp::from_nanos(0)).as_secs() % step,
        )
    }

    fn processed_later(&self, vm: &Machine, mut point: KeptPoint) -> KeptPoint {
        if point.processed_at.is_none() && vm.protection == Protection::Protected {
            let lag = Chance::of(self.seed, &["lag", &vm.name]).instant(point.at).seconds(20, 150);
            point.processed_at = Some(self.inventory.now.plus(lag));
        }
        point
    }
}

fn newest_at(vm: &Machine) -> Option<Timestamp> {
    vm.points.iter().map(|point| point.at).max()
}

fn copy(site: &str, power: Power, now: Timestamp) -> Copy {
    Copy { site: site.to_owned(), power, answers_at: (power == Power::On).then_some(now) }
}

fn kept<'a>(inventory: &'a Inventory, vm: &'a Machine) -> impl Iterator<Item = KeptPoint> + 'a {
    vm.points.iter().map(|point| KeptPoint {
        id: inventory.text(point.id).to_owned(),
        at: point.at,
        kind: point.kind,
        set: point.set.map(|set| inventory.text(set).to_owned()),
        tags: inventory
            .tag_sets
            .get(point.tags.0 as usize)
            .map(|tags| tags.iter().map(|tag| inventory.text(*tag).to_owned()).collect())
            .unwrap_or_default(),
        processed_at: point.processed.then_some(point.at),
        usable: point.usable,
    })
}
