//! Which sites an act has to reach, and when they can be: a site that is cut off runs on, and does not answer.

use std::time::Duration;

use crate::base::{Timestamp, limits};
use crate::event::EventKind;
use crate::model::Mode;
use crate::run::NodeState;
use crate::runbook::{Act, NodeId, Runbook, attempt_bound};

use super::fault::Side;
use super::open::{End, Hears, Open};
use super::world::World;

/// What could not be asked is asked again after this long, as the driver does.
const AGAIN: Duration = Duration::from_secs(5);

/// The sites that an act has to reach.
fn needs(runbook: &Runbook, act: &Act) -> &'static [Side] {
    const BOTH: &[Side] = &[Side::Source, Side::Target];
    match act {
        Act::ShutDown { .. } | Act::ConfirmStopped { .. } => &[Side::Source],
        Act::TakeFinal { .. } | Act::Reprotect { .. } | Act::RollBack { .. } => BOTH,
        Act::FailOver { .. } if runbook.mode == Some(Mode::Planned) => BOTH,
        // Only where commit deletes the machine left behind has its site to be reached.
        Act::Commit { .. } if runbook.target == runbook.home => BOTH,
        Act::ProcessPending { .. }
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::Commit { .. }
        | Act::CleanUp { .. }
        | Act::Check(_)
        | Act::Script(_) => &[Side::Target],
        Act::Join
        | Act::Approve(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::Fence { .. }
        | Act::Bind(_)
        | Act::CommitGate(_) => &[],
    }
}

impl World<'_> {
    /// A site that the act needs and that cannot be reached now, by its name in the plan.
    pub(super) fn unreachable(&self, act: &Act) -> Option<&str> {
        if self.told.cuts.is_empty() {
            return None;
        }
        let runbook = &self.scene.runbook;
        let is_cut = |side: &&Side| {
            let mut cuts = self.told.cuts.iter();
            cuts.any(|cut| cut.side == **side && cut.from <= self.now && self.now < cut.to)
        };
        let side = needs(runbook, act).iter().find(is_cut)?;
        Some(match side {
            Side::Source => &runbook.source.estate_name,
            Side::Target => &runbook.target.estate_name,
        })
    }

    /// The first instant from `at` on at which every site that the act needs can be reached.
    pub(super) fn reached_from(&self, act: &Act, at: Timestamp) -> Timestamp {
        let sides = needs(&self.scene.runbook, act);
        let mut free = at;
        // A cut may begin where another ends; each is passed once at most.
        for _ in 0..=self.told.cuts.len() {
            let holds = self
                .told
                .cuts
                .iter()
                .find(|cut| sides.contains(&cut.side) && cut.from <= free && free < cut.to);
            match holds {
                Some(cut) => free = cut.to,
                None => break,
            }
        }
        free
    }

    /// That a site cannot be reached, as an act that needs it is told.
    pub(super) fn cut_off(&self, act: &Act) -> Option<End> {
        let site = self.unreachable(act)?;
        Some(End::failed("site_unreachable", format!("site `{site}` cannot be reached"), true))
    }

    /// When the engine hears of an end while it asks every so often; past its patience it hears of none.
    pub(super) fn heard(
        &self,
        act: &Act,
        deadline: Timestamp,
        (ends, end): (Timestamp, End),
    ) -> (Timestamp, End) {
        let free = self.reached_from(act, ends);
        if free == ends {
            return (ends, end);
        }
        let rounds = free.since(ends).as_nanos().div_ceil(AGAIN.as_nanos());
        let heard = ends.plus(AGAIN.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)));
        let last = deadline.max(ends).plus(limits::CANCEL_MAX);
        if heard <= last {
            return (heard, end);
        }
        let what = act.word();
        (
            last,
            End::Unclear(format!(
                "`{what}` was accepted, has not ended in time, and did not end when cancelled"
            )),
        )
    }

    /// A step whose outcome is not known and cannot be asked for now: later, until its time is up.
    pub(super) fn ask_later(&mut self, node: NodeId) -> Option<Vec<EventKind>> {
        let compiled = self.scene.runbook.nodes.at(node);
        let site = self.unreachable(&compiled.act)?.to_owned();
        let NodeState::Unknown { since, .. } = self.run.node(node) else { return None };
        let deadline = since.plus(attempt_bound(compiled).unwrap_or(limits::ACT_MAX));
        let open = self.open.remove(&node);
        if deadline <= self.now {
            let evidence = format!("site `{site}` cannot be reached (site_unreachable)");
            return Some(vec![EventKind::StepUnclear { node, evidence, seen: Vec::new() }]);
        }
        let (ends, remembered) = open.map_or((None, true), |open| (open.ends, open.remembered));
        let due = Some(self.now.plus(AGAIN));
        self.put(node, Open { due, hears: Hears::Nothing, ends, remembered });
        Some(Vec::new())
    }
}
