//! Nodes that could begin, those that wait for a slot apart: of a slot that is full not one is looked at,
//! however many wait for it.

use std::collections::BTreeSet;

use crate::runbook::{NodeId, Slot};

/// The kinds of slot, and none.
const QUEUES: usize = 4;

/// What became of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Offer {
    /// The node begins.
    Taken,
    /// Its kind of slot is full.
    NoSlot,
    /// Nothing more begins now.
    NoRoom,
}

/// Nodes that could begin, in the order of the runbook.
#[derive(Clone, Debug, Default)]
pub(super) struct Ready([BTreeSet<NodeId>; QUEUES]);

const fn queue(slot: Option<Slot>) -> usize {
    match slot {
        None => 0,
        Some(Slot::PowerOn) => 1,
        Some(Slot::ShutDown) => 2,
        Some(Slot::FailOver) => 3,
    }
}

impl Ready {
    pub(super) fn insert(&mut self, node: NodeId, slot: Option<Slot>) {
        if let Some(nodes) = self.0.get_mut(queue(slot)) {
            nodes.insert(node);
        }
    }

    pub(super) fn remove(&mut self, node: NodeId, slot: Option<Slot>) {
        if let Some(nodes) = self.0.get_mut(queue(slot)) {
            nodes.remove(&node);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(BTreeSet::clear);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeSet::is_empty)
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        let mut nodes: Vec<NodeId> = self.0.iter().flatten().copied().collect();
        nodes.sort_unstable();
        nodes.into_iter()
    }

    /// Offers each node in order with the slot it needs. What an offer says about a slot holds for the rest of
    /// them: once it has no room, its other nodes are not offered.
    pub(super) fn offer(&self, mut take: impl FnMut(NodeId) -> Offer) {
        let mut heads: Vec<_> = self.0.iter().map(|nodes| nodes.iter().copied().peekable()).collect();
        loop {
            let firsts = heads.iter_mut().enumerate();
            let firsts = firsts.filter_map(|(at, nodes)| Some((nodes.peek().copied()?, at)));
            let Some((node, at)) = firsts.min() else { return };
            match take(node) {
                Offer::Taken => drop(heads.get_mut(at).and_then(Iterator::next)),
                Offer::NoSlot => drop(heads.swap_remove(at)),
                Offer::NoRoom => return,
            }
        }
    }
}
