//! The estate at one instant, inside one transaction: machines in and out, and questions about them.

use rusqlite::Connection;

use crate::base::Timestamp;
use crate::base::words::did_you_mean;
use crate::event::{Key, Request};

use super::db;
use super::ground::Ground;
use super::machine::{KeptPoint, SimMachine};
use super::stream;
use super::trouble::{Trouble, refused, retry};

/// The estate at one instant.
pub(super) struct World<'a> {
    pub(super) tx: &'a Connection,
    pub(super) ground: &'a Ground,
    pub(super) at: Timestamp,
    /// Nothing is written: an act that is said to be done and is not.
    pub(super) dry: bool,
}

/// A point as it is reported.
#[derive(Debug)]
pub(super) struct ShownPoint {
    pub(super) point: KeptPoint,
    pub(super) processed: bool,
    pub(super) usable: bool,
}

impl<'a> World<'a> {
    /// The same estate at another instant.
    pub(super) const fn at(&self, at: Timestamp) -> World<'a> {
        World { tx: self.tx, ground: self.ground, at, dry: self.dry }
    }

    /// A machine by name.
    pub(super) fn machine(&self, name: &str) -> Result<SimMachine, Trouble> {
        if let Some(machine) = db::machine(self.tx, name)? {
            return Ok(self.mature(machine));
        }
        let known = db::machines(self.tx)?;
        let nearest = did_you_mean(name, known.iter().map(|machine| machine.name.as_str()));
        let hint = nearest.map_or_else(String::new, |nearest| format!(", {nearest}"));
        Err(refused("machine_unknown", format!("the estate has no machine `{name}`{hint}")).into())
    }

    /// All machines in the order of the inventory.
    pub(super) fn machines(&self) -> Result<Vec<SimMachine>, Trouble> {
        Ok(db::machines(self.tx)?.into_iter().map(|machine| self.mature(machine)).collect())
    }

    /// The machines of which a copy has, or had, an address.
    pub(super) fn machines_at(&self, address: &str) -> Result<Vec<SimMachine>, Trouble> {
        let found = db::machines_at(self.tx, address)?;
        Ok(found.into_iter().map(|machine| self.mature(machine)).collect())
    }

    /// The machines of an act.
    pub(super) fn machines_of(&self, request: &Request) -> Result<Vec<SimMachine>, Trouble> {
        request.machines().iter().map(|name| self.machine(name)).collect()
    }

    /// Stores a machine.
    pub(super) fn save(&self, machine: &SimMachine) -> Result<(), Trouble> {
        if self.dry { Ok(()) } else { db::save(self.tx, machine) }
    }

    /// Counts an act on a machine.
    pub(super) fn effect(&self, machine: &str, verb: &str, key: &Key) -> Result<(), Trouble> {
        if self.dry { Ok(()) } else { db::count_effect(self.tx, machine, verb, key, self.at) }
    }

    /// The points of a machine as reported, newest first.
    pub(super) fn points(&self, machine: &SimMachine) -> Vec<ShownPoint> {
        let all = stream::points(&self.ground.rules, machine, self.at).into_iter();
        all.filter_map(|point| {
            let (listed, usable) = self.ground.point_stands(machine, &point, self.at);
            let processed = stream::processed(machine, &point, self.at);
            listed.then_some(ShownPoint { point, processed, usable })
        })
        .collect()
    }

    /// Refuses for now what asks about a site that is cut off.
    pub(super) fn reach(&self, sites: &[String]) -> Result<(), Trouble> {
        match sites.iter().find(|site| !self.ground.contact(site, self.at)) {
            None => Ok(()),
            Some(site) => Err(retry("site_unreachable", format!("site `{site}` cannot be reached")).into()),
        }
    }

    /// The site other than this one, where there is exactly one.
    pub(super) fn other_site(&self, site: &str) -> Option<String> {
        let mut others = self.ground.facts.sites.iter().filter(|other| *other != site);
        others.next().filter(|_| others.next().is_none()).cloned()
    }

    /// Ends a resynchronisation whose time has come.
    fn mature(&self, mut machine: SimMachine) -> SimMachine {
        let Some(ends) = machine.in_sync_at.filter(|ends| *ends <= self.at) else { return machine };
        machine.in_sync_at = None;
        if machine.replicates_to.is_none() {
            machine.replicates_to = self.other_site(&machine.active.site);
        }
        super::act::protect(&mut machine, ends);
        machine
    }
}
