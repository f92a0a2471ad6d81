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

/// What becomes of points that are not processed when one is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// They will be processed before the failover where the policy is `latest`: a forecast.
    ToCome,
    /// That was done. What the source sent since then stays behind, whatever the policy: a binding.
    Done,
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
    /// Whether pending data was processed before.
    pub pending: Pending,
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
