//! What whoever approves a runbook has to know before.

use crate::base::IdVec;
use crate::base::time::format_duration_short;
use crate::graph::SubjectId;
use crate::inventory::ProcessServer;
use crate::model::Operation;
use crate::runbook::{Runbook, Subject, longest};

use super::Compiler;

impl Compiler<'_, '_> {
    pub(super) fn warn(&mut self, subjects: &IdVec<SubjectId, Subject>) {
        if self.forced() {
            self.warnings.push(format!(
                "UNPROTECTED: a forced run ends before reprotect; nothing replicates to `{}` until `muster reprotect`",
                self.source.name
            ));
            if let Some(reason) = &self.options.unfenced {
                self.warnings.push(format!("NOT FENCED, accepted because: {reason}"));
            }
        } else if self.options.operation != Operation::Test {
            let unprotected = self.units.units.iter().any(|unit| {
                let said = unit.plan.reprotect.as_ref();
                !unit.plan.vms.is_empty()
                    && said.is_none_or(|it| !it.operations.contains(&self.options.operation))
            });
            if unprotected {
                self.warnings.push(
                    "after the commit nothing replicates until `muster reprotect`: the plan does not reprotect"
                        .to_owned(),
                );
            }
        }
        let can = self.abilities();
        if !can.rollback && self.options.operation != Operation::Test && !self.forced() {
            self.warnings.push(format!(
                "provider `{}` has no rollback: there is no way back",
                self.plan.estate.provider
            ));
        }
        self.warn_of_groups();
        self.warn_of_servers();
        self.warn_of_loss(subjects);
    }

    /// Groups of which some members stay behind.
    fn warn_of_groups(&mut self) {
        for id in self.live_subjects() {
            let all = self.units.subjects.at(id).members.len();
            let live = self.live_members(id).len();
            if live < all {
                let name = &self.units.subjects.at(id).name;
                let are = if live == 1 { "is" } else { "are" };
                self.warnings.push(format!(
                    "{live} of {all} members of `{name}` {are} recovered: together they are consistent, with the rest not"
                ));
            }
        }
    }

    fn warn_of_servers(&mut self) {
        let servers = &self.inventory.process_servers;
        if servers.is_empty() || self.forced() || self.options.operation == Operation::Test {
            return;
        }
        for unit in self.units.units.ids() {
            let Some(reprotect) = &self.units.units.at(unit).plan.reprotect else { continue };
            let Some(via) = reprotect.via.get(&self.source.name).and_then(|via| via.as_plain()) else {
                continue;
            };
            // One server may stand for both sites.
            let here = |server: &&ProcessServer| server.site == self.source.estate_name;
            let mut named = servers.iter().filter(|server| server.name == via);
            match named.clone().find(here).or_else(|| named.next()) {
                None => self
                    .warnings
                    .push(format!("the estate reports no process server `{via}`: reprotect may fail")),
                Some(server) if server.site != self.source.estate_name => self.warnings.push(format!(
                    "process server `{via}` stands at `{}`, not at `{}`: reprotect may fail",
                    server.site, self.source.estate_name
                )),
                Some(server) if !server.healthy => {
                    self.warnings.push(format!("process server `{via}` is not healthy: reprotect may fail"));
                }
                Some(_) => {}
            }
        }
    }

    fn warn_of_loss(&mut self, subjects: &IdVec<SubjectId, Subject>) {
        let Some(rpo) = self.plan.objective.as_ref().and_then(|objective| objective.rpo) else { return };
        // A final point is taken after the shutdown: what is forecast now is not what is lost then.
        let final_point = self.mode == Some(crate::model::Mode::Planned) && self.abilities().final_points;
        for subject in subjects.iter().filter(|_| !final_point) {
            let points = subject.forecast.iter().flat_map(|forecast| &forecast.points);
            if let Some(worst) = points.map(|point| point.loss).max().filter(|loss| *loss > rpo) {
                self.warnings.push(format!(
                    "`{}` loses {}, the RPO is {}",
                    subject.name,
                    format_duration_short(worst),
                    format_duration_short(rpo)
                ));
            }
        }
    }
}

/// What follows from the finished nodes: whether the RTO holds even if every step takes its longest.
pub(super) fn about_time(runbook: &mut Runbook) {
    let Some(rto) = runbook.objective.rto else { return };
    let (bound, _) = longest(runbook);
    if bound > rto {
        runbook.warnings.push(format!(
            "with every step at its limit the run takes {}, the RTO is {}",
            format_duration_short(bound),
            format_duration_short(rto)
        ));
    }
}
