//! The inventory in memory. Points are 32 bytes each and sorted newest first, for there may be
//! a hundred million of them; their texts are symbols of one table.

use std::num::NonZeroU32;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// A text of a `Symbols` table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(NonZeroU32);

/// Interned texts: ids of points and sets, tags.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    table: indexmap::IndexSet<Box<str>>,
}

impl Symbols {
    /// The symbol of a text, new or known.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let index = self.table.get_index_of(text).unwrap_or_else(|| self.table.insert_full(text.into()).0);
        let raw = u32::try_from(index).ok().and_then(|index| NonZeroU32::new(index.wrapping_add(1)));
        match raw {
            Some(raw) => Symbol(raw),
            None => crate::bug!("more than u32::MAX texts in one inventory"),
        }
    }

    /// The symbol of a known text.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let index = self.table.get_index_of(text)?;
        u32::try_from(index + 1).ok().and_then(NonZeroU32::new).map(Symbol)
    }

    /// The text of a symbol of this table.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.table.get_index(symbol.0.get() as usize - 1).map_or("", |text| text)
    }
}

/// How a point was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PointKind {
    /// Crash-consistent: as if the power had been cut.
    Crash,
    /// App-consistent: the application was quiesced first.
    App,
    /// Taken after a clean shutdown; satisfies every policy.
    Final,
}

/// Which texts of `Inventory::tag_sets` a point carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TagSet(pub u32);

/// A moment to which a machine can be brought back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// When it was taken.
    pub at: Timestamp,
    /// Its id, unique on its machine.
    pub id: Symbol,
    /// The set of points taken together, of several machines.
    pub set: Option<Symbol>,
    /// Its tags, an index of `Inventory::tag_sets`; 0 is none.
    pub tags: TagSet,
    /// How it was made.
    pub kind: PointKind,
    /// Received and applied: usable at once.
    pub processed: bool,
    /// The estate says it can be recovered.
    pub usable: bool,
}

/// Whether a machine runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// It runs.
    On,
    /// It does not.
    Off,
}

/// What a machine's replication is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Replicating.
    Protected,
    /// Not replicating.
    Unprotected,
    /// Failed over and not committed.
    FailedOver,
    /// Replicating, and comparing everything first.
    Resyncing,
    /// Being protected in the other direction.
    Reprotecting,
}

/// The copy that an operation left behind at the other site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftBehind {
    /// Where it is.
    pub site: String,
    /// Whether it runs; unknown if absent.
    #[serde(default)]
    pub power: Option<Power>,
}

/// A machine under replication.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name in the estate.
    pub name: String,
    /// Its replication group.
    pub group: Option<String>,
    /// Where it runs now.
    pub site: String,
    /// Whether it runs.
    pub power: Option<Power>,
    /// What its replication is doing.
    pub protection: Protection,
    /// The other site, while it replicates.
    pub replicates_to: Option<String>,
    /// `windows`, `linux`, or what the estate says.
    pub os: Option<String>,
    /// Its address at each site.
    pub address: IndexMap<String, String>,
    /// Whether its replication agent is registered; unknown if absent.
    pub agent_registered: Option<bool>,
    /// The copy left behind by a failover that is not committed.
    pub left_behind: Option<LeftBehind>,
    /// Data received and not yet processed into a point, in bytes.
    pub pending_bytes: Option<u64>,
    /// Its points, newest first; equal instants in the order reported.
    pub points: Vec<Point>,
}

/// A machine that sends replication data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessServer {
    /// Its name, as `reprotect { via { … } }` says it.
    pub name: String,
    /// Where it stands.
    pub site: String,
    /// Whether it works.
    pub healthy: bool,
}

/// Everything an estate reports at one moment.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The estate's own time.
    pub now: Timestamp,
    /// Its sites.
    pub sites: Vec<String>,
    /// Its machines by name in the estate, in the order reported.
    pub vms: IndexMap<String, Machine>,
    /// Its process servers.
    pub process_servers: Vec<ProcessServer>,
    /// Texts of points.
    pub symbols: Symbols,
    /// The tags that points carry, by `TagSet`; entry 0 is empty.
    pub tag_sets: Vec<Vec<Symbol>>,
    /// What the simulator keeps here (durations, faults, answers of checks); real estates have none.
    pub sim: Option<serde_json::Value>,
}

impl Inventory {
    /// An estate with the given sites and nothing in it.
    #[must_use]
    pub fn empty(now: Timestamp, sites: Vec<String>) -> Self {
        Self {
            now,
            sites,
            vms: IndexMap::new(),
            process_servers: Vec::new(),
            symbols: Symbols::default(),
            tag_sets: vec![Vec::new()],
            sim: None,
        }
    }

    /// The text of a symbol of this inventory.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.symbols.text(symbol)
    }

    /// Whether a point carries a tag.
    #[must_use]
    pub fn has_tag(&self, point: &Point, tag: Symbol) -> bool {
        self.tag_sets.get(point.tags.0 as usize).is_some_and(|tags| tags.contains(&tag))
    }

    /// The members of a replication group in the order reported.
    pub fn members<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Machine> {
        self.vms.values().filter(move |vm| vm.group.as_deref() == Some(group))
    }
}
