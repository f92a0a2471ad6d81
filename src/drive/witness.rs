//! Looks at machines before a person is asked what became of an act, and once more when they answer: what
//! is there counts for more than a call whose answer was lost. Reads only.

use std::sync::Arc;

use crate::base::limits;
use crate::estate::Estate;
use crate::event::{Detail, EstateError, Listed, Outcome, Request, Sighting};
use crate::model::Mode;
use crate::run::Run;
use crate::runbook::{Act, NodeId};

/// How machines are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// Source and target, and in the inventory.
    Observed,
    /// A test's copy, and in the inventory.
    Copy,
    /// In the inventory only: a forced run never contacts the source.
    Listed,
}

/// What is to be looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Glance {
    machines: Vec<String>,
    how: How,
}

impl Glance {
    /// At the machines of an act; none where it acts on none.
    pub(super) fn of(run: &Run, request: &Request) -> Option<Self> {
        let machines: Vec<String> = request.machines().iter().take(limits::SIGHTINGS_MAX).cloned().collect();
        let how = match run.runbook().mode {
            Some(Mode::Forced) => How::Listed,
            Some(Mode::Planned | Mode::Unplanned) => How::Observed,
            None => How::Copy,
        };
        (!machines.is_empty()).then_some(Self { machines, how })
    }

    /// Looks. What cannot be seen is said, and is no failure: a person is asked all the more. Takes no longer
    /// than one call of an estate may.
    pub(super) async fn look<E: Estate>(self, estate: Arc<E>) -> Vec<Sighting> {
        let mut seen: Vec<Sighting> = self.machines.iter().map(|machine| blank(machine)).collect();
        let looked = tokio::time::timeout(limits::ESTATE_CALL_MAX, self.fill(&*estate, &mut seen));
        if looked.await.is_err() {
            let limit = crate::base::time::format_duration(limits::ESTATE_CALL_MAX);
            for one in &mut seen {
                if one.observed.is_none() || one.listed.is_none() {
                    one.unseen.push(format!("the estate did not say more within {limit}"));
                }
            }
        }
        seen
    }

    async fn fill<E: Estate>(&self, estate: &E, seen: &mut [Sighting]) {
        match estate.inventory().await {
            Ok(inventory) => {
                for one in seen.iter_mut() {
                    match inventory.vms.get(&one.machine) {
                        Some(machine) => one.listed = Some(Listed::of(machine)),
                        None => one.unseen.push("the inventory does not list it".to_owned()),
                    }
                }
            }
            Err(error) => seen.iter_mut().for_each(|one| one.unseen.push(not_seen("inventory", &error))),
        }
        let test = match self.how {
            How::Observed => false,
            How::Copy => true,
            How::Listed => return,
        };
        for one in seen {
            match estate.observe(&one.machine, test).await {
                Ok(observed) => one.observed = Some(observed),
                Err(error) => one.unseen.push(not_seen("observe", &error)),
            }
        }
    }
}

fn blank(machine: &str) -> Sighting {
    Sighting { machine: machine.to_owned(), observed: None, listed: None, unseen: Vec::new() }
}

fn not_seen(call: &str, error: &EstateError) -> String {
    format!("`{call}` says: {error}")
}

/// What an act brought about that a person says has happened, as far as it is seen: a target's address. Where
/// it is not seen the run goes on without, and a step that needs it says so.
pub(super) fn detail(run: &Run, node: NodeId, outcome: Outcome, seen: &[Sighting]) -> Detail {
    let address = match (&run.runbook().nodes.at(node).act, outcome) {
        (Act::FailOver { .. } | Act::Start { .. }, Outcome::Happened) => {
            seen.iter().find_map(Sighting::address).map(ToOwned::to_owned)
        }
        (_, Outcome::Happened | Outcome::DidNotHappen) => None,
    };
    Detail { address, ..Detail::default() }
}
