//! Which span stands in which row of the picture: a row for each step of the plan that is about no
//! single machine, then one for each machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Timestamp;
use crate::model::VmId;
use crate::run::Run;
use crate::runbook::{Act, NodeId, Runbook};

use super::spans::{Doing, Span};

/// Machines drawn. With more the picture would be longer than anybody scrolls; the table has them all.
const MACHINES_MAX: usize = 600;
/// Other rows drawn.
const STEPS_MAX: usize = 120;

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) spans: Vec<Span>,
}

impl Row {
    fn first(&self) -> Option<Timestamp> {
        self.spans.iter().map(|span| span.from).min()
    }
}

/// The rows of a picture.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) steps: Vec<Row>,
    pub(super) machines: Vec<Row>,
    /// Rows for which there was no room.
    pub(super) left_out: usize,
}

/// Sorts spans into rows. What is on the critical path or failed is kept before all else.
pub(super) fn of(run: &Run, spans: Vec<Span>, critical: &BTreeSet<NodeId>) -> Rows {
    let runbook = run.runbook();
    let machine = machines_of_nodes(runbook);
    let mut steps: BTreeMap<String, Row> = BTreeMap::new();
    let mut machines: BTreeMap<VmId, Row> = BTreeMap::new();
    for span in spans {
        let Some(node) = runbook.nodes.get(span.node) else { continue };
        if node.act == Act::Join {
            continue;
        }
        let row = match machine.get(&span.node) {
            Some(vm) => machines.entry(*vm).or_insert_with(|| {
                let of = runbook.machines.get(*vm);
                let name = of.map_or_else(String::new, |machine| machine.name.clone());
                Row { name, group: of.and_then(|machine| machine.group.clone()), spans: Vec::new() }
            }),
            None => {
                let name = shared(&node.act).map_or_else(|| node.name.clone(), ToOwned::to_owned);
                let row = || Row { name: name.clone(), group: None, spans: Vec::new() };
                steps.entry(name.clone()).or_insert_with(row)
            }
        };
        row.spans.push(span);
    }
    let mut steps: Vec<Row> = steps.into_values().collect();
    steps.sort_by(|one, other| (one.first(), &one.name).cmp(&(other.first(), &other.name)));
    let mut rows = Rows { steps, machines: machines.into_values().collect(), left_out: 0 };
    let weighs =
        |row: &Row| row.spans.iter().any(|span| critical.contains(&span.node) || span.doing == Doing::Failed);
    for (list, most) in [(&mut rows.steps, STEPS_MAX), (&mut rows.machines, MACHINES_MAX)] {
        let mut room = most.saturating_sub(list.iter().filter(|row| weighs(row)).count());
        let before = list.len();
        list.retain(|row| {
            let stays = weighs(row) || room > 0;
            if !weighs(row) {
                room = room.saturating_sub(1);
            }
            stays
        });
        rows.left_out += before - list.len();
    }
    rows
}

/// The machine that each node is about. Whether a machine is ready is looked at by a node of its own.
fn machines_of_nodes(runbook: &Runbook) -> BTreeMap<NodeId, VmId> {
    let mut found = BTreeMap::new();
    for (id, node) in runbook.nodes.iter_enumerated() {
        if let Some(vm) = node.act.vm() {
            found.insert(id, vm);
            if let Some(ready) = node.policy.slot_until {
                found.insert(ready, vm);
            }
        }
    }
    found
}

/// Acts of which there may be one for each machine, and that share a row.
const fn shared(act: &Act) -> Option<&'static str> {
    match act {
        Act::Bind(_) => Some("bind points"),
        Act::TakeFinal { .. } => Some("final points"),
        Act::ProcessPending { .. } => Some("pending data"),
        _ => None,
    }
}
