//! What each subject wants, what it would get now, and what keeps it from getting anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::words::did_you_mean;
use crate::graph::SubjectId;
use crate::model::{Ladder, LadderEnd, PolicyKind, VmId};
use crate::point::{self, AlignRequest, Choice, Member, Outcome};
use crate::runbook::{AlignSpec, BoundPoint, Forecast, Subject};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::Compiler;

/// A choice as runbooks and events hold it, its certificate inside.
#[must_use]
pub fn forecast_of(choice: &Choice) -> Forecast {
    let bound = |pick: &point::Pick| BoundPoint {
        vm: pick.vm,
        point: pick.point.clone(),
        at: pick.at,
        kind: pick.kind,
        loss: pick.loss,
    };
    let certificate = match serde_json::to_value(choice) {
        Ok(certificate) => certificate,
        Err(error) => crate::bug!("a certificate does not serialize: {error}"),
    };
    Forecast {
        rung: usize::try_from(choice.rung).unwrap_or(usize::MAX),
        policy: choice.policy.to_string(),
        set: choice.set.clone(),
        points: choice.picks.iter().map(bound).collect(),
        certificate,
    }
}

impl Compiler<'_, '_> {
    /// Subjects with a machine that is not left out.
    pub(super) fn live_subjects(&self) -> Vec<SubjectId> {
        self.units.subjects.ids().filter(|id| !self.live_members(*id).is_empty()).collect()
    }

    pub(super) fn live_members(&self, id: SubjectId) -> Vec<VmId> {
        let members = &self.units.subjects.at(id).members;
        members.iter().filter(|vm| !self.left_out.contains_key(vm)).copied().collect()
    }

    /// Subjects whose ladder comes to a question.
    pub(super) fn asked(&self) -> Vec<SubjectId> {
        let asks = |(id, outcome): (&SubjectId, &Outcome)| outcome.no_choice().is_some().then_some(*id);
        self.forecast.iter().filter_map(asks).collect()
    }

    /// Ladders, forecast, and what refuses the run. Optional machines without a point are left out.
    pub(super) fn choose_points(&mut self) {
        self.read_ladders();
        let reference = self.options.lost_at.unwrap_or(self.inventory.now);
        // Each round leaves out at least one machine, or is the last.
        loop {
            let ids: Vec<SubjectId> =
                self.live_subjects().into_iter().filter(|id| self.ladders.contains_key(id)).collect();
            let subjects: Vec<point::Subject> = ids.iter().map(|id| self.point_subject(*id)).collect();
            let aligns = self.align_requests(&subjects);
            let forecast = point::forecast(&subjects, &aligns, self.inventory, reference);
            if self.leave_out_pointless(&forecast) {
                continue;
            }
            self.problems.extend(said_once(&forecast, &self.unreplicated).diagnostics());
            self.forecast = ids.into_iter().zip(forecast.outcomes).collect();
            return;
        }
    }

    /// Leaves out optional machines that keep their subject from a point; says whether there were any.
    fn leave_out_pointless(&mut self, forecast: &point::Forecast) -> bool {
        let mut gone: BTreeMap<VmId, String> = BTreeMap::new();
        for machine in &forecast.pointless {
            gone.insert(machine.vm, "it is optional and has no usable recovery point".to_owned());
        }
        for refused in forecast.outcomes.iter().filter_map(Outcome::no_choice) {
            if refused.end == LadderEnd::Fail && refused.align.is_none() {
                let blamed = refused.blamed.iter().filter_map(|name| self.units.find_vm(name));
                let why = "it is optional and none of its points satisfies its policy";
                for vm in blamed {
                    gone.entry(vm).or_insert_with(|| why.to_owned());
                }
            }
        }
        gone.retain(|vm, _| self.units.is_optional(*vm) && !self.left_out.contains_key(vm));
        let any = !gone.is_empty();
        self.left_out.append(&mut gone);
        any
    }

    fn read_ladders(&mut self) {
        let mut overrides: BTreeMap<SubjectId, Ladder> = BTreeMap::new();
        for (name, ladder) in &self.options.points {
            let named = self.units.subjects.iter_enumerated().filter(|(_, subject)| match name {
                Some(name) => subject.name == *name,
                None => true,
            });
            let ids: Vec<SubjectId> = named.map(|(id, _)| id).collect();
            if let (Some(name), []) = (name, ids.as_slice()) {
                let message = format!("`--point {name}=…` names no group and no machine outside any");
                let names = self.units.subjects.iter().map(|subject| subject.name.as_str());
                let problem = Diagnostic::placeless(codes::UNKNOWN_OPTION, message)
                    .help("name a `group`, or a machine that stands in none")
                    .help_if(did_you_mean(name, names));
                self.problems.push(problem);
            }
            // What is said for one subject outlasts what is said for all.
            for id in ids {
                if name.is_some() || !overrides.contains_key(&id) {
                    overrides.insert(id, ladder.clone());
                }
            }
        }
        let mut bare = Vec::new();
        for id in self.live_subjects() {
            let overridden = overrides.remove(&id);
            let said = overridden.is_some();
            let Some(mut ladder) = overridden.or_else(|| self.units.ladder(id).cloned()) else {
                bare.extend(self.live_members(id));
                continue;
            };
            for rung in &mut ladder.rungs {
                rung.as_of = match (rung.as_of, self.options.as_of) {
                    (Some(plan), Some(line)) => Some(plan.min(line)),
                    (one, other) => one.or(other),
                };
            }
            self.check_ids(id, &ladder);
            self.ladders.insert(id, (ladder, said));
        }
        if !bare.is_empty() {
            let message = format!("no recovery point policy holds for {}", self.vm_names(bare));
            let problem = Diagnostic::placeless(codes::NO_POLICY, message)
                .help("write `point` on the plan, the group or the machine");
            self.problems.push(problem);
        }
    }

    fn check_ids(&mut self, id: SubjectId, ladder: &Ladder) {
        let by_id = ladder.rungs.iter().any(|rung| matches!(rung.kind, PolicyKind::Id(_)));
        if by_id && self.provider.is_some_and(|provider| !provider.capabilities.chosen_ids) {
            let name = &self.units.subjects.at(id).name;
            let message =
                format!("provider `{}` takes no point by its id for `{name}`", self.plan.estate.provider);
            let problem =
                Diagnostic::placeless(codes::NOT_PROMISED, message).help("choose a policy other than `id`");
            self.problems.push(problem);
        }
    }

    fn point_subject(&self, id: SubjectId) -> point::Subject {
        let subject = self.units.subjects.at(id);
        let member = |vm: VmId| Member {
            vm,
            name: self.units.vm_name(vm),
            estate_name: self.units.vm(vm).estate_name.clone(),
        };
        let ladder = match self.ladders.get(&id) {
            Some((ladder, _)) => ladder.clone(),
            None => Ladder { rungs: Vec::new(), end: LadderEnd::Fail },
        };
        point::Subject {
            name: subject.name.clone(),
            members: self.live_members(id).into_iter().map(member).collect(),
            group: subject.group.is_some(),
            ladder,
            pending: point::Pending::ToCome,
        }
    }

    fn align_requests(&self, live: &[point::Subject]) -> Vec<AlignRequest> {
        let lives: BTreeSet<&str> = live.iter().map(|subject| subject.name.as_str()).collect();
        let mut requests = Vec::new();
        for unit in &self.units.units {
            for align in &unit.plan.aligns {
                let name = |group| format!("{}{}", unit.prefix, unit.plan.groups.at(group).name);
                let groups: Vec<String> = align.groups.iter().map(|group| name(*group)).collect();
                let groups: Vec<String> =
                    groups.into_iter().filter(|name| lives.contains(name.as_str())).collect();
                if groups.len() > 1 {
                    requests.push(AlignRequest { groups, within: align.within });
                }
            }
        }
        requests
    }

    /// The alignments of subjects that are not left out, by the runbook's ids.
    pub(super) fn align_specs(&self, ids: &BTreeMap<SubjectId, SubjectId>) -> Vec<AlignSpec> {
        let live: Vec<point::Subject> =
            self.live_subjects().into_iter().map(|id| self.point_subject(id)).collect();
        let by_name: BTreeMap<&str, SubjectId> = self
            .units
            .subjects
            .iter_enumerated()
            .filter_map(|(id, subject)| Some((subject.name.as_str(), *ids.get(&id)?)))
            .collect();
        let spec = |request: AlignRequest| AlignSpec {
            subjects: request.groups.iter().filter_map(|name| by_name.get(name.as_str()).copied()).collect(),
            within: request.within,
        };
        self.align_requests(&live).into_iter().map(spec).collect()
    }

    /// A subject of the runbook, with the runbook's ids in its forecast and certificate.
    pub(super) fn subject(&self, id: SubjectId, ids: &BTreeMap<VmId, VmId>) -> Subject {
        let unit_subject = self.units.subjects.at(id);
        let group = unit_subject
            .group
            .map(|group| self.units.units.at(unit_subject.unit).plan.groups.at(group).estate_name.clone());
        let forecast = self.forecast.get(&id).and_then(Outcome::choice).map(|choice| {
            let mut choice = choice.clone();
            for pick in &mut choice.picks {
                pick.vm = ids.get(&pick.vm).copied().unwrap_or(pick.vm);
            }
            forecast_of(&choice)
        });
        let (ladder, overridden) = match self.ladders.get(&id) {
            Some((ladder, said)) => (ladder.clone(), *said),
            None => crate::bug!("subject `{}` has no ladder", unit_subject.name),
        };
        Subject {
            name: unit_subject.name.clone(),
            group,
            members: self.live_members(id).iter().filter_map(|vm| ids.get(vm).copied()).collect(),
            ladder,
            overridden,
            forecast,
        }
    }
}

/// The forecast without what is said elsewhere already: machines unknown to the estate or refused for
/// their replication, and ladders that fail only because a machine has no point at all.
fn said_once(forecast: &point::Forecast, refused: &BTreeSet<VmId>) -> point::Forecast {
    let pointless: BTreeSet<&str> = forecast.pointless.iter().map(|machine| machine.name.as_str()).collect();
    let explained = |outcome: &&Outcome| {
        let blamed = outcome.no_choice().map(|refused| refused.blamed.as_slice()).unwrap_or_default();
        blamed.is_empty() || !blamed.iter().any(|name| pointless.contains(name.as_str()))
    };
    let known = |machine: &&point::Pointless| {
        machine.why != point::PointlessWhy::NotInInventory && !refused.contains(&machine.vm)
    };
    point::Forecast {
        reference: forecast.reference,
        outcomes: forecast.outcomes.iter().filter(explained).cloned().collect(),
        pointless: forecast.pointless.iter().filter(known).cloned().collect(),
    }
}
