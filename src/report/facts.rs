//! What a run comes to, as data: what `status` and `report` say in text and JSON alike. Durations are
//! seconds, instants RFC 3339; what is not known or does not apply is null.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Number, Value};

use crate::base::Timestamp;
use crate::event::ArtifactKind;
use crate::inventory::PointKind;

/// Everything that readers of a run agree on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Facts {
    /// The run's id.
    pub id: String,
    /// The word of its state.
    pub state: &'static str,
    /// The runbook's digest.
    pub digest: String,
    /// The plan's name.
    pub plan: String,
    /// What it does.
    pub operation: &'static str,
    /// How the source is treated; null in a test.
    pub mode: Option<&'static str>,
    /// The site that the machines leave.
    pub source: String,
    /// The site they come up at.
    pub target: String,
    /// Who started it.
    pub started_by: Option<Who>,
    /// When things happened.
    #[serde(flatten)]
    pub instants: Instants,
    /// What was promised.
    pub objectives: Objectives,
    /// What was given.
    pub achieved: Achieved,
    /// Machines by name, in plan order.
    pub machines: IndexMap<String, MachineFact>,
    /// Points by group or machine, in plan order; null where none is bound.
    pub points: IndexMap<String, Option<PointsFact>>,
    /// Approvals in the order of the runbook.
    pub approvals: Vec<ApprovalFact>,
    /// What there is to say besides success, in order.
    pub exceptions: Vec<ExceptionFact>,
    /// Steps in the order of the runbook; those of a way back that nobody took are left out.
    pub steps: Vec<StepFact>,
    /// What a test made, thing by thing; what is not seen to be gone first.
    pub artifacts: Vec<ArtifactFact>,
    /// Notifications that did not reach anybody.
    pub notifications: Vec<NotificationFact>,
}

/// Instants of a run, by the estate's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Instants {
    /// When the first event was recorded.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When the source was lost, as said.
    pub lost_at: Option<Timestamp>,
    /// When the commit window opened.
    pub window_opened_at: Option<Timestamp>,
    /// The last event.
    pub last_event_at: Timestamp,
}

/// A person, and how much the name is worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Who {
    /// The name that counts.
    pub name: String,
    /// The effective user of the process.
    pub os_user: String,
    /// Whether the name is that user's, and not only claimed.
    pub verified: bool,
}

/// What was promised.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Objectives {
    /// Greatest loss accepted.
    pub rpo_s: Option<Number>,
    /// Longest time to be back.
    pub rto_s: Option<Number>,
    /// The step whose end stops the clock; null for the last machine's start.
    pub until: Option<String>,
}

/// What was given.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Achieved {
    /// The greatest loss among bound points.
    pub rpo_s: Option<Number>,
    /// Whether it is within the objective; null until every point is bound, unless it is missed already.
    pub rpo_met: Option<bool>,
    /// The machine that loses most.
    pub worst: Option<String>,
    /// From the start of the run to `reached_at`.
    pub rto_s: Option<Number>,
    /// Whether it is within the objective; false also once the time is over and nothing was reached.
    pub rto_met: Option<bool>,
    /// When the objective's step was done.
    pub reached_at: Option<Timestamp>,
    /// From `lost_at` to `reached_at`.
    pub outage_s: Option<Number>,
    /// The steps that took the time, first to last, once it was reached.
    pub critical_path: Vec<PathStep>,
}

/// A step of the critical path as it was.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PathStep {
    /// Its name.
    pub step: String,
    /// How long it took.
    pub took_s: Number,
    /// How long it stood before: for a slot, a delay or the driver.
    pub waited_s: Number,
}

/// A machine.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MachineFact {
    /// Its name in the estate.
    pub estate_name: String,
    /// Its group or tier.
    pub group: Option<String>,
    /// Whether its failure is tolerated.
    pub optional: bool,
    /// What became of the source: `untouched`, `not-contacted`, `shutting-down`, `shut-down`,
    /// `not-shut-down`, `started-again`, `deleted`, `left-behind`, `kept`, `unknown`.
    pub source: &'static str,
    /// What became of the target: `none`, `making`, `made`, `starting`, `up`, `failed`, `unknown`,
    /// `skipped`, `dropped`, `removed`, `left-behind`, `left-out`.
    pub target: &'static str,
    /// Why, where a word is not enough.
    pub note: Option<String>,
    /// Whether the old copy is known not to write; null where that does not matter or is not known yet.
    pub fenced: Option<bool>,
    /// Whether it is replicated again; null before the end of a failover, and in a test.
    #[serde(rename = "protected")]
    pub guarded: Option<bool>,
    /// Where it is reached at the target.
    pub address: Option<String>,
    /// Its point.
    pub point: Option<String>,
    /// When that was taken.
    pub at: Option<Timestamp>,
    /// What it lost.
    pub loss_s: Option<Number>,
}

/// A thing that a test made, or may have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ArtifactFact {
    /// The machine, by its name in the plan.
    pub machine: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Its name in the estate.
    pub id: String,
    /// `announced`: it may be there; `made`: its step succeeded; `left-behind`: seen there after a
    /// cleanup; `gone`: not seen there any more.
    pub state: &'static str,
    /// From where it is known: `announced` before it was made, `told` by the estate with the outcome,
    /// `found` by a look.
    pub known: &'static str,
    /// The step that makes it; of one that was found, the cleanup.
    pub step: String,
    /// Since when it is known.
    pub since: Timestamp,
    /// When it was last looked for.
    pub seen_at: Option<Timestamp>,
}

/// The points of a group or lone machine.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PointsFact {
    /// The policy that held.
    pub policy: String,
    /// Its rung, from 0.
    pub rung: usize,
    /// Whether the ladder was said on the command line or chosen by a person.
    pub chosen_by_person: bool,
    /// The set, for a common point.
    pub set: Option<String>,
    /// From the oldest point to the newest.
    pub spread_s: Option<Number>,
    /// Whether each machine has its own point, not consistent with the others.
    pub independent: bool,
    /// The greatest loss.
    pub loss_s: Number,
    /// Each machine's point.
    pub vms: IndexMap<String, PointFact>,
    /// Why: the certificate as it was recorded.
    pub certificate: Value,
}

/// A machine's point.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PointFact {
    /// Its id.
    pub point: String,
    /// When it was taken.
    pub at: Timestamp,
    /// How it was made.
    pub kind: PointKind,
    /// From the point to the reference instant.
    pub loss_s: Number,
}

/// An approval.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ApprovalFact {
    /// The step.
    pub step: String,
    /// What is asked.
    pub prompt: String,
    /// The role that may answer.
    pub role: String,
    /// How many have to say yes.
    pub quorum: u32,
    /// `not-asked`, `waiting`, `approved`, `rejected`, `late`, `skipped`.
    pub state: &'static str,
    /// Since when it waits or waited.
    pub asked_at: Option<Timestamp>,
    /// Until when it was to be answered.
    pub deadline: Option<Timestamp>,
    /// The answers, in order.
    pub answers: Vec<Answer>,
}

/// An answer to an approval.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Answer {
    /// `yes` or `no`.
    pub said: &'static str,
    /// Who.
    pub by: Who,
    /// When.
    pub at: Timestamp,
    /// What was added.
    pub comment: String,
    /// Answered when the run was started.
    pub beforehand: bool,
}

/// What there is to say besides success.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExceptionFact {
    /// When.
    pub at: Timestamp,
    /// The step, group or machine.
    pub about: String,
    /// A sentence.
    pub what: String,
}

/// A step.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepFact {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: &'static str,
    /// What it does, in a word.
    pub kind: &'static str,
    /// The word of its state.
    pub state: &'static str,
    /// Why it failed, was skipped or waits.
    pub reason: Option<String>,
    /// Whether a failure counts as done.
    pub tolerated: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When it first began.
    pub started_at: Option<Timestamp>,
    /// When it settled.
    pub ended_at: Option<Timestamp>,
    /// From one to the other.
    pub took_s: Option<Number>,
    /// Where its output is kept, below the state folder.
    pub output: Option<String>,
    /// Where in the plan it comes from.
    pub written: Option<String>,
}

/// A notification that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotificationFact {
    /// The `notify` block.
    pub notify: String,
    /// On what occasion.
    pub occasion: String,
    /// When.
    pub at: Timestamp,
    /// What went wrong.
    pub failed: String,
}
