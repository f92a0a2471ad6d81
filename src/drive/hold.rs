//! What the engine waits for itself: space on a disk, a file that another process holds. Said once when it
//! begins and once when it is over, however often it is tried in between.

use std::collections::BTreeMap;

use crate::base::limits;
use crate::runbook::NodeId;
use crate::store::StoreError;

use super::activity::Work;
use super::driver::Driver;
use super::runner::Runner as _;
use super::script;
use super::surroundings::World;

/// What cannot go on for now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Held {
    /// Nothing can be recorded.
    Store,
    /// A script does not begin for want of space.
    Start(NodeId),
    /// A script has ended, and its host cannot write that down.
    End(NodeId),
}

/// What holds now, and since when nobody looked.
pub(super) struct Holds {
    by: BTreeMap<Held, String>,
    looked: tokio::time::Instant,
}

impl Holds {
    pub(super) fn new() -> Self {
        Self { by: BTreeMap::new(), looked: tokio::time::Instant::now() }
    }
}

impl<W: World> Driver<'_, W> {
    /// Takes in that something holds, for this reason, or goes on.
    pub(super) fn hold(&mut self, what: Held, why: Option<String>) {
        let held = !self.holds.by.is_empty();
        match why {
            Some(why) => self.holds.by.insert(what, why),
            None => self.holds.by.remove(&what),
        };
        match self.holds.by.values().next() {
            Some(why) if !held => self.watch.hold(Some(why)),
            None if held => self.watch.hold(None),
            Some(_) | None => {}
        }
    }

    /// As `hold`, of the store.
    pub(super) fn hold_store(&mut self, why: Option<&StoreError>) {
        self.hold(Held::Store, why.map(ToString::to_string));
    }

    /// Nothing is held any more for a script that has ended.
    pub(super) fn release(&mut self, node: NodeId) {
        self.hold(Held::Start(node), None);
        self.hold(Held::End(node), None);
    }

    /// Looks, now and then, for scripts whose hosts wait for space.
    pub(super) fn look_at_hosts(&mut self) {
        if self.holds.looked.elapsed() < limits::SPACE_RETRY {
            return;
        }
        self.holds.looked = tokio::time::Instant::now();
        let waits: Vec<(NodeId, Option<String>)> = self
            .activities
            .iter()
            .filter_map(|(node, activity)| match &activity.work {
                Work::Script { folder } => {
                    Some((*node, self.runner.waits_for_space(folder).then(|| script::no_space(folder))))
                }
                Work::Verb { .. }
                | Work::Confirm { .. }
                | Work::Probe { .. }
                | Work::Command { .. }
                | Work::Points
                | Work::Look { .. } => None,
            })
            .collect();
        for (node, why) in waits {
            self.hold(Held::End(node), why);
        }
    }
}
