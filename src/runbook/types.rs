//! The frozen document. Its digest covers every field of it.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::time::{duration_text, duration_text_option};
use crate::base::{Digest, IdVec, Timestamp};
use crate::inventory::{PointKind, Protection};
use crate::model::{Identity, Ladder, Limits, Mode, Notify, Operation, PlanFile, Role, VmId};

use super::{Node, NodeId, Unit, UnitId};

pub use crate::graph::SubjectId;

/// The version that this program writes.
pub const RUNBOOK_FORMAT: &str = "muster.runbook/1";

/// A plan compiled for one operation and mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// `muster.runbook/1`
    pub format: String,
    /// The plan's name.
    pub plan: String,
    /// The plan's doc comment.
    pub doc: String,
    /// What it does.
    pub operation: Operation,
    /// How the source is treated; none in a test.
    pub mode: Option<Mode>,
    /// The estate's time when it was compiled.
    pub compiled_at: Timestamp,
    /// When the source was lost, as said by `--lost-at`; age and loss count from it, else from binding.
    pub lost_at: Option<Timestamp>,
    /// The site that the machines leave.
    pub source: Site,
    /// The site they come up at.
    pub target: Site,
    /// The estate's first site.
    pub home: Site,
    /// Where the machines are.
    pub estate: EstateSpec,
    /// Parameters in force.
    pub params: IndexMap<String, String>,
    /// What is promised.
    pub objective: RunbookObjective,
    /// The lower of plan and provider.
    pub limits: Limits,
    /// Who may answer.
    pub roles: IndexMap<String, Role>,
    /// Who is told.
    pub notify: IndexMap<String, Notify>,
    /// The plan, and each plan that it calls; the plan itself first.
    pub units: IdVec<UnitId, Unit>,
    /// The machines of all units.
    pub machines: IdVec<VmId, RunbookMachine>,
    /// What gets one choice of points each.
    pub subjects: IdVec<SubjectId, Subject>,
    /// Subjects wanted near one another in time.
    pub aligns: Vec<AlignSpec>,
    /// The graph. Dependencies point to any node; there is no cycle.
    pub nodes: IdVec<NodeId, Node>,
    /// Machines of the plan that this runbook does not touch, and why.
    pub left_out: Vec<LeftOut>,
    /// What is not fenced and accepted with a reason (`--unfenced`).
    pub unfenced: Option<String>,
    /// The provider changes no point in this direction, so that the commit window does not offer it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub fixed_points: bool,
    /// What whoever approves it has to know: unprotected afterwards, an objective that may be missed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the compiler relied on. A run is refused when one has changed.
    pub facts: Facts,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(fact: &bool) -> bool {
    !*fact
}

impl Runbook {
    /// The digest over the canonical JSON of the whole document.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match serde_json::to_vec(self) {
            Ok(json) => Digest::of(&[&json]),
            Err(error) => crate::bug!("a runbook does not serialize: {error}"),
        }
    }

    /// Whether this is a test.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.operation == Operation::Test
    }

    /// Whether it only protects machines in the other direction, where they run.
    #[must_use]
    pub fn only_reprotects(&self) -> bool {
        !self.nodes.is_empty() && self.nodes.iter().all(|node| node.phase == super::Phase::Reprotect)
    }

    /// `planned failback`, `test` or `reprotect`.
    #[must_use]
    pub fn what(&self) -> String {
        match self.mode {
            _ if self.only_reprotects() => "reprotect".to_owned(),
            Some(mode) => format!("{} {}", mode.word(), self.operation.word()),
            None => self.operation.word().to_owned(),
        }
    }
}

/// A site by the plan's word and by the estate's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Site {
    /// The plan's word.
    pub name: String,
    /// The estate's name.
    pub estate_name: String,
}

/// How the driver reaches the estate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EstateSpec {
    /// Its name in the plan.
    pub name: String,
    /// `sim`, `qemu`, …
    pub provider: String,
    /// The provider's own keys.
    pub args: serde_json::Value,
    /// The plan's folder; relative paths in `args` and scripts start here.
    pub folder: PathBuf,
    /// Whose word counts.
    pub identity: Identity,
}

/// Objectives of the run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RunbookObjective {
    /// Greatest loss accepted.
    #[serde(with = "duration_text_option")]
    pub rpo: Option<Duration>,
    /// Longest time to be back.
    #[serde(with = "duration_text_option")]
    pub rto: Option<Duration>,
    /// The node whose end stops the clock; the last start if absent.
    pub until: Option<NodeId>,
}

/// A machine that the runbook acts on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunbookMachine {
    /// Its name in the plan; of a called plan, `shop/web01`.
    pub name: String,
    /// Its name in the estate: what the provider is told.
    pub estate_name: String,
    /// The plan it belongs to.
    pub unit: UnitId,
    /// The subject that its point is chosen with.
    pub subject: SubjectId,
    /// Its group or tier, for people.
    pub group: Option<String>,
    /// `windows`, `linux`, …
    pub os: Option<String>,
    /// Its failure is tolerated and listed.
    pub optional: bool,
    /// The estate's network it is attached to at the target (in a test, the isolated one).
    pub network: Option<String>,
    /// Its address at the target, where the plan or the inventory knows it; in a test, the copy's.
    pub address: Option<String>,
    /// Its address at the source, to tell a copy's from production's.
    pub source_address: Option<String>,
}

/// What gets one choice of points.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// The group's or machine's name in the plan; of a called plan, `shop/db`.
    pub name: String,
    /// The group's name in the estate; none for a machine outside any.
    pub group: Option<String>,
    /// Its machines in plan order.
    pub members: Vec<VmId>,
    /// The policies to try.
    pub ladder: Ladder,
    /// Whether the ladder was said on the command line.
    pub overridden: bool,
    /// What would be chosen now; none where a person will be asked.
    pub forecast: Option<Forecast>,
}

/// What would be chosen, or was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// The rung that held, from 0.
    pub rung: usize,
    /// The policy in the language's words.
    pub policy: String,
    /// The set, for a common point.
    pub set: Option<String>,
    /// Each member's point.
    pub points: Vec<BoundPoint>,
    /// Why: the certificate as `point` wrote it.
    pub certificate: serde_json::Value,
}

/// A machine's point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoundPoint {
    /// The machine.
    pub vm: VmId,
    /// The point's id.
    pub point: String,
    /// When it was taken.
    pub at: Timestamp,
    /// How it was made.
    pub kind: PointKind,
    /// From the point to the reference instant.
    #[serde(with = "duration_text")]
    pub loss: Duration,
}

/// Subjects wanted near one another in time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlignSpec {
    /// At least two, in plan order.
    pub subjects: Vec<SubjectId>,
    /// The greatest distance of their points.
    #[serde(with = "duration_text")]
    pub within: Duration,
}

/// A machine of the plan that is not touched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name in the plan.
    pub vm: String,
    /// Why: `--without`, optional and without a point, already at the target.
    pub reason: String,
    /// What depends on it by arrows, for people.
    pub dependants: Vec<String>,
}

/// What the compiler relied on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The files of the plan.
    pub files: Vec<PlanFile>,
    /// Digests of scripts in the plan's folder, by path as written.
    pub scripts: IndexMap<String, Digest>,
    /// Each machine's, by name in the estate.
    pub machines: IndexMap<String, MachineFact>,
    /// Members of each replication group, all by their names in the estate.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub groups: IndexMap<String, Vec<String>>,
    /// Points of the forecast, by machine's name in the estate: they have to be there and usable still.
    pub points: IndexMap<String, String>,
}

/// What was relied on of a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MachineFact {
    /// Where it ran.
    pub site: String,
    /// What its replication did.
    pub protection: Protection,
    /// Its replication group in the estate.
    pub group: Option<String>,
}
