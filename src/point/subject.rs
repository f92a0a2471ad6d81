//! For whom a point is chosen: a replication group, or a machine on its own.

use serde::{Deserialize, Serialize};

use crate::inventory::{Inventory, Point};
use crate::model::{Ladder, VmId};

/// A machine of a subject.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its id in the plan.
    pub vm: VmId,
    /// Its name in the plan; what certificates say.
    pub name: String,
    /// Its name in the estate; what the inventory says.
    pub estate_name: String,
}

/// A replication group with its members in plan order, or a single machine (of a tier or of none).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// The group's or the machine's name in the plan.
    pub name: String,
    /// Its machines in plan order; those left out of the run are not here.
    pub members: Vec<Member>,
    /// Whether it is a replication group: then `common` means a set.
    pub group: bool,
    /// Which point is wanted.
    pub ladder: Ladder,
}

impl Subject {
    /// The points of each member, newest first; empty for a machine that the inventory does not know.
    #[must_use]
    pub fn timelines<'a>(&self, inventory: &'a Inventory) -> Vec<&'a [Point]> {
        self.members.iter().map(|member| timeline(member, inventory)).collect()
    }
}

/// The points of a member, newest first.
pub(super) fn timeline<'a>(member: &Member, inventory: &'a Inventory) -> &'a [Point] {
    inventory.vms.get(&member.estate_name).map_or(&[], |vm| vm.points.as_slice())
}
