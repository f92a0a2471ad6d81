//! The document of `muster points --format json`: subjects and forecast in, `muster.points/1` out.

use indexmap::IndexMap;
use serde::Serialize;

use super::choice::{Aligned, Choice, Matched, NoAlign, NoChoice, Outcome, Reason, Refused};
use super::forecast::Forecast;
use super::subject::Subject;
use crate::base::Timestamp;
use crate::inventory::PointKind;
use crate::model::Policy;

/// The format's name.
pub const FORMAT: &str = "muster.points/1";

/// The whole document.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PointsDocument {
    /// `muster.points/1`
    pub format: &'static str,
    /// The inventory's own time.
    pub now: Timestamp,
    /// Age and loss count from here.
    pub reference: Timestamp,
    /// Replication groups by name, in plan order.
    pub groups: IndexMap<String, GroupEntry>,
    /// All machines by name, in plan order.
    pub vms: IndexMap<String, VmEntry>,
}

/// A replication group.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GroupEntry {
    /// The policy that holds, in a word; the first of the ladder where none does.
    pub policy: Option<&'static str>,
    /// The same with its arguments.
    pub policy_text: Option<String>,
    /// The rung that holds.
    pub rung: Option<u32>,
    /// The set, where it has an id.
    pub set: Option<String>,
    /// The oldest instant of the set; null for independent points.
    pub at: Option<Timestamp>,
    /// Members that a newer set is missing on; without a choice, the members to blame.
    pub missing: Vec<String>,
    /// The member that holds the group back.
    pub limited_by: Option<String>,
    /// Newer candidates; without a choice, those of the first rung.
    pub refused: Vec<RefusedEntry>,
    /// How many more there are.
    pub refused_more: u64,
    /// What it was chosen together with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aligned: Option<Aligned>,
    /// Why it could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_aligned: Option<NoAlign>,
}

/// A candidate that was refused.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RefusedEntry {
    /// The set, where it has an id.
    pub set: Option<String>,
    /// The point, where each machine has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// Its newest instant.
    pub at: Timestamp,
    /// Who refuses it and why, one entry a reason.
    pub because: Vec<BecauseEntry>,
}

/// A machine and one reason.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BecauseEntry {
    /// The machine.
    pub vm: String,
    /// What is wrong there.
    pub reason: Reason,
}

/// A machine.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VmEntry {
    /// Its group, if it is in a replication group.
    pub group: Option<String>,
    /// As for a group.
    pub policy: Option<&'static str>,
    /// As for a group.
    pub policy_text: Option<String>,
    /// As for a group.
    pub rung: Option<u32>,
    /// Where it goes.
    pub point: Option<String>,
    /// When that was taken.
    pub at: Option<Timestamp>,
    /// How it was made.
    pub kind: Option<PointKind>,
    /// Whether it is processed.
    pub processed: Option<bool>,
    /// Loss in seconds: a whole number where it is one.
    pub loss_s: Option<serde_json::Number>,
    /// The member of its group that holds it back.
    pub limited_by: Option<String>,
    /// Newer points, for a machine on its own.
    pub refused: Vec<RefusedEntry>,
    /// How many more there are.
    pub refused_more: u64,
}

/// The document of a forecast that was made for `subjects`.
#[must_use]
pub fn document(subjects: &[Subject], forecast: &Forecast, now: Timestamp) -> PointsDocument {
    let mut groups = IndexMap::new();
    let mut vms = IndexMap::new();
    for (subject, outcome) in subjects.iter().zip(&forecast.outcomes) {
        if subject.group {
            let entry = match outcome {
                Outcome::Chosen(choice) => chosen_group(choice),
                Outcome::NotChosen(no_choice) => unchosen_group(subject, no_choice),
            };
            groups.insert(subject.name.clone(), entry);
        }
        for (index, member) in subject.members.iter().enumerate() {
            let entry = match outcome {
                Outcome::Chosen(choice) => chosen_vm(subject, choice, index),
                Outcome::NotChosen(no_choice) => unchosen_vm(subject, no_choice),
            };
            vms.insert(member.name.clone(), entry);
        }
    }
    PointsDocument { format: FORMAT, now, reference: forecast.reference, groups, vms }
}

fn chosen_group(choice: &Choice) -> GroupEntry {
    let mut missing: Vec<String> = Vec::new();
    // In the order of the members, each once.
    for pick in &choice.picks {
        let lacks = choice.refused.iter().flat_map(|refused| &refused.because);
        if lacks.clone().any(|one| one.vm == pick.name && one.reasons.contains(&Reason::Missing)) {
            missing.push(pick.name.clone());
        }
    }
    GroupEntry {
        policy: Some(choice.policy.kind.word()),
        policy_text: Some(choice.policy.to_string()),
        rung: Some(choice.rung),
        set: choice.set.clone(),
        at: if choice.matched == Matched::Own { None } else { choice.oldest() },
        missing,
        limited_by: choice.limiting.clone(),
        refused: choice.refused.iter().map(refused_entry).collect(),
        refused_more: choice.refused_more,
        aligned: choice.aligned.clone(),
        not_aligned: None,
    }
}

fn unchosen_group(subject: &Subject, no_choice: &NoChoice) -> GroupEntry {
    let wanted = subject.ladder.rungs.first();
    let failed = no_choice.failed.first();
    GroupEntry {
        policy: wanted.map(|policy| policy.kind.word()),
        policy_text: wanted.map(Policy::to_string),
        rung: None,
        set: None,
        at: None,
        missing: no_choice.blamed.clone(),
        limited_by: None,
        refused: failed.iter().flat_map(|rung| &rung.refused).map(refused_entry).collect(),
        refused_more: failed.map_or(0, |rung| rung.refused_more),
        aligned: None,
        not_aligned: no_choice.align.clone(),
    }
}

fn refused_entry(refused: &Refused) -> RefusedEntry {
    let because = refused.because.iter().flat_map(|because| {
        because.reasons.iter().map(|reason| BecauseEntry { vm: because.vm.clone(), reason: *reason })
    });
    RefusedEntry {
        set: refused.set.clone(),
        point: refused.point.clone(),
        at: refused.at,
        because: because.collect(),
    }
}

fn chosen_vm(subject: &Subject, choice: &Choice, index: usize) -> VmEntry {
    let pick = choice.picks.get(index);
    let own = |refused: &&Refused| {
        choice.matched == Matched::Own
            && refused.because.iter().any(|because| pick.is_some_and(|pick| pick.name == because.vm))
    };
    VmEntry {
        group: subject.group.then(|| subject.name.clone()),
        policy: Some(choice.policy.kind.word()),
        policy_text: Some(choice.policy.to_string()),
        rung: Some(choice.rung),
        point: pick.map(|pick| pick.point.clone()),
        at: pick.map(|pick| pick.at),
        kind: pick.map(|pick| pick.kind),
        processed: pick.map(|pick| pick.processed),
        loss_s: pick.and_then(|pick| seconds(pick.loss)),
        limited_by: choice.limiting.clone(),
        refused: choice.refused.iter().filter(own).map(refused_entry).collect(),
        refused_more: if subject.group { 0 } else { choice.refused_more },
    }
}

fn unchosen_vm(subject: &Subject, no_choice: &NoChoice) -> VmEntry {
    let wanted = subject.ladder.rungs.first();
    let failed = no_choice.failed.first().filter(|_| !subject.group);
    VmEntry {
        group: subject.group.then(|| subject.name.clone()),
        policy: wanted.map(|policy| policy.kind.word()),
        policy_text: wanted.map(Policy::to_string),
        rung: None,
        point: None,
        at: None,
        kind: None,
        processed: None,
        loss_s: None,
        limited_by: None,
        refused: failed.iter().flat_map(|rung| &rung.refused).map(refused_entry).collect(),
        refused_more: failed.map_or(0, |rung| rung.refused_more),
    }
}

fn seconds(loss: std::time::Duration) -> Option<serde_json::Number> {
    if loss.subsec_nanos() == 0 {
        Some(loss.as_secs().into())
    } else {
        serde_json::Number::from_f64(loss.as_secs_f64())
    }
}
