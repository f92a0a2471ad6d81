//! Small inventories and subjects.

use musterpoint::base::{Id, Timestamp};
use musterpoint::inventory::{Inventory, Machine, Point, PointKind, Protection, TagSet};
use musterpoint::model::{Ladder, LadderEnd, Policy, VmId};
use musterpoint::point::{Member, Pending, Subject};

#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) at: i64,
    pub(crate) set: Option<u8>,
    pub(crate) kind: PointKind,
    pub(crate) tagged: bool,
    pub(crate) processed: bool,
    pub(crate) usable: bool,
}

pub(crate) const NOW: i64 = 100;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Machines `v0`, `v1`, … ; points named by machine and place.
pub(crate) fn inventory(machines: &[Vec<Spec>]) -> Inventory {
    let mut inventory = Inventory::empty(at(NOW), vec!["a".into(), "b".into()]);
    let tag = inventory.symbols.intern("blue");
    inventory.tag_sets.push(vec![tag]);
    for (index, specs) in machines.iter().enumerate() {
        let mut points: Vec<Point> = Vec::new();
        for (place, spec) in specs.iter().enumerate() {
            points.push(Point {
                at: at(spec.at),
                id: inventory.symbols.intern(&format!("p{index}-{place}")),
                set: spec.set.map(|set| inventory.symbols.intern(&format!("s{set}"))),
                tags: TagSet(u32::from(spec.tagged)),
                kind: spec.kind,
                processed: spec.processed,
                usable: spec.usable,
            });
        }
        points.sort_by_key(|point| std::cmp::Reverse(point.at));
        let name = format!("v{index}");
        let machine = Machine {
            name: name.clone(),
            group: None,
            site: "a".into(),
            power: None,
            protection: Protection::Protected,
            replicates_to: None,
            os: None,
            address: indexmap::IndexMap::new(),
            agent_registered: None,
            left_behind: None,
            pending_bytes: None,
            points,
        };
        inventory.vms.insert(name, machine);
    }
    inventory
}

pub(crate) fn subject(name: &str, members: &[usize], rungs: Vec<Policy>, end: LadderEnd) -> Subject {
    let members = members.iter().map(|index| Member {
        vm: VmId::from_index(*index),
        name: format!("m{index}"),
        estate_name: format!("v{index}"),
    });
    let ladder = Ladder { rungs, end };
    Subject { name: name.into(), members: members.collect(), group: true, ladder, pending: Pending::ToCome }
}
