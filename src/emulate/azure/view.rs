//! The estate as it stands when a request is answered. Only reads.

use serde_json::Value;

use crate::base::Timestamp;
use crate::inventory::{Inventory, Machine, Point, Protection};

use super::job::Way;
use super::vault::Vault;

/// The estate at one instant.
#[derive(Debug)]
pub(super) struct View {
    pub(super) inventory: Inventory,
}

impl View {
    pub(super) const fn now(&self) -> Timestamp {
        self.inventory.now
    }

    pub(super) fn machine(&self, name: &str) -> Option<&Machine> {
        self.inventory.vms.get(name)
    }

    /// Whether VMware Tools run in a machine; none where it has none.
    pub(super) fn tools(&self, machine: &str) -> Option<bool> {
        let tools = self.inventory.sim.as_ref()?.get("vms")?.get(machine)?.get("tools");
        tools.and_then(Value::as_str).map(|word| word == "on")
    }

    /// The text of a point's id in the estate.
    pub(super) fn id<'a>(&'a self, point: &Point) -> &'a str {
        self.inventory.text(point.id)
    }

    /// A machine's points that can be gone to now, newest first.
    pub(super) fn usable<'a>(&self, machine: &'a Machine) -> impl Iterator<Item = &'a Point> {
        machine.points.iter().filter(|point| point.usable && point.processed)
    }

    /// The instant that a point shows: that of the earliest member of its set, so that all of a set show one.
    pub(super) fn shown_at(&self, machine: &Machine, point: &Point) -> Timestamp {
        let (Some(set), Some(group)) = (point.set, machine.group.as_deref()) else { return point.at };
        let members = self.inventory.members(group).flat_map(|member| &member.points);
        members.filter(|other| other.set == Some(set)).map(|other| other.at).min().unwrap_or(point.at)
    }
}

/// In which direction a machine replicates, or did before it was failed over.
pub(super) fn way(vault: &Vault, machine: &Machine) -> Way {
    let back = match machine.protection {
        Protection::Protected | Protection::Resyncing => match &machine.replicates_to {
            Some(to) => *to == vault.home,
            None => machine.site != vault.home,
        },
        // What failed over to a site had replicated to it.
        Protection::Unprotected | Protection::FailedOver | Protection::Reprotecting => {
            machine.site == vault.home
        }
    };
    if back { Way::Back } else { Way::Forward }
}
