//! A plan: estate, machines, groups, steps and arrows. What `expand`, `rules` and `compile` read.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::{Digest, IdVec};
use crate::source::Span;

use super::{
    CommitSpec, Identity, Ladder, Operation, Retry, ScriptSpec, ShutdownSpec, StartSpec, Step, StepId,
    Template,
};

crate::id_type!(
    /// A machine of a plan.
    VmId
);
crate::id_type!(
    /// A group or tier of a plan.
    GroupId
);

/// An authored plan, resolved. Every name it mentions exists, every value has its type.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its doc comment.
    pub doc: String,
    /// The folder of its file: what it reads lies here or below.
    pub folder: PathBuf,
    /// The files it was read from, the plan's own first.
    pub files: Vec<PlanFile>,
    /// Where its machines are.
    pub estate: Estate,
    /// Who may answer.
    pub roles: IndexMap<String, Role>,
    /// Who is told.
    pub notify: IndexMap<String, Notify>,
    /// What the command line may set.
    pub params: IndexMap<String, Param>,
    /// What is promised.
    pub objective: Option<Objective>,
    /// How many at once.
    pub limits: Limits,
    /// What machines are attached to.
    pub networks: IndexMap<String, Network>,
    /// Groups and tiers in order.
    pub groups: IdVec<GroupId, Group>,
    /// Machines in order.
    pub vms: IdVec<VmId, Vm>,
    /// Approvals, scripts, checks, waits and calls in order.
    pub steps: IdVec<StepId, Step>,
    /// Groups wanted near one another in time.
    pub aligns: Vec<Align>,
    /// The arrows, chain by chain, those of `order` blocks inside groups included.
    pub order: Vec<Chain>,
    /// What makes sure that the old copy cannot write.
    pub fence: Option<Fence>,
    /// How the commit window closes; the default where the plan has a `commit` node without a block.
    pub commit: Option<CommitSpec>,
    /// How replication goes on afterwards.
    pub reprotect: Option<Reprotect>,
}

/// A file that a plan was read from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlanFile {
    /// Its path below the plan's folder.
    pub path: String,
    /// Of its bytes.
    pub digest: Digest,
}

/// Two sites and what replicates between them.
#[derive(Clone, Debug)]
pub struct Estate {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its sites by the names of the plan, home first, each with its name in the estate.
    pub sites: IndexMap<String, String>,
    /// `sim`, `qemu`, …
    pub provider: String,
    /// Where the provider is named.
    pub provider_span: Span,
    /// The provider's own keys, checked by its schema; secrets stay references.
    pub provider_args: serde_json::Value,
    /// Whose word counts.
    pub identity: Identity,
}

impl Estate {
    /// The first site: where machines belong.
    #[must_use]
    pub fn home(&self) -> &str {
        self.sites.keys().next().map_or("", String::as_str)
    }
}

/// Who may answer an approval.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Its members.
    pub members: RoleMembers,
}

/// The people of a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleMembers {
    /// `members = anyone`
    Anyone,
    /// These.
    People(Vec<String>),
}

/// Who is told of what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notify {
    /// The program; the message is on its standard input as JSON.
    pub spec: ScriptSpec,
    /// On what.
    pub on: Vec<NotifyOn>,
    /// Said again this often while a person is waited for.
    #[serde(default, with = "crate::base::time::duration_text_option")]
    pub remind: Option<Duration>,
}

/// Occasions of a notification.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyOn {
    /// The run began.
    Started,
    /// A person is waited for.
    Waiting,
    /// The run halted.
    Halted,
    /// The run reached a final state.
    Ended,
}

/// What the command line may set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Param {
    /// Its type.
    pub kind: ParamKind,
    /// Its value unless set; without one it must be set.
    pub default: Option<String>,
}

/// The types of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    /// Any text.
    Text,
    /// A whole number.
    Int,
    /// `90s`
    Duration,
    /// `true` or `false`
    Bool,
}

/// Objectives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objective {
    /// Greatest loss accepted.
    pub rpo: Option<Duration>,
    /// Longest time to be back.
    pub rto: Option<Duration>,
    /// The node whose end stops the RTO; the last start if absent.
    pub until: Option<EndpointRef>,
    /// Where the block stands.
    pub span: Span,
}

/// How many at once; the lower of plan and provider holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Machines between power-on and ready.
    pub power_on: Option<u32>,
    /// Shutdowns.
    pub shut_down: Option<u32>,
    /// Failovers.
    pub fail_over: Option<u32>,
}

/// What a machine is attached to, per site (the plan's names) and in a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The estate's network per site of the plan.
    pub by_site: IndexMap<String, String>,
    /// The isolated network of a test.
    pub test: Option<String>,
}

/// What a group is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// `group`: a replication group; points are taken together.
    Replication,
    /// `tier`: bundled for order and settings only.
    Tier,
}

/// A group or tier.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name in the plan.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its doc comment.
    pub doc: String,
    /// Its name in the estate.
    pub estate_name: String,
    /// Group or tier.
    pub kind: GroupKind,
    /// Its machines in order.
    pub members: Vec<VmId>,
    /// Its own settings, not inherited.
    pub settings: Settings,
    /// A failed member counts as done and is listed.
    pub optional: bool,
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Its name in the plan.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its doc comment.
    pub doc: String,
    /// Its name in the estate.
    pub estate_name: String,
    /// The block it stands in.
    pub group: Option<GroupId>,
    /// `windows`, `linux`, …
    pub os: Option<String>,
    /// Settings in force, the innermost of machine, group and plan.
    pub settings: Settings,
    /// Its address per site of the plan.
    pub address: IndexMap<String, String>,
    /// Its address in a test; `dhcp` where only the estate knows.
    pub test_address: Option<String>,
    /// Its failure is tolerated and listed.
    pub optional: bool,
}

/// What may stand on plan, group and machine. Resolved on a `Vm`, the innermost wins.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Settings {
    /// Which point.
    pub point: Option<(Ladder, Span)>,
    /// How the source is shut down.
    pub shutdown: Option<ShutdownSpec>,
    /// How the target is started.
    pub start: Option<StartSpec>,
    /// A name of `Plan::networks`.
    pub network: Option<String>,
}

/// `align [orders, stock] { within = 30s }`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Align {
    /// Replication groups in plan order, at least two.
    pub groups: Vec<GroupId>,
    /// The greatest distance of their points.
    pub within: Duration,
    /// Where it stands.
    pub span: Span,
}

/// `a -> [b, c] -> d`: each link is joined before the next arrow goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// The stations.
    pub links: Vec<Vec<EndpointRef>>,
    /// The group in whose block the chain stands.
    pub owner: Option<GroupId>,
}

/// A name in a chain, with its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndpointRef {
    /// What it names.
    pub to: Endpoint,
    /// Where it stands.
    pub span: Span,
}

/// What an arrow can join.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A machine.
    Vm(VmId),
    /// A group or tier.
    Group(GroupId),
    /// A step.
    Step(StepId),
    /// `commit`
    Commit,
    /// `reprotect`
    Reprotect,
    /// `cleanup`
    Cleanup,
}

/// What makes sure that the old copy cannot write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fence {
    /// The program.
    pub spec: ScriptSpec,
    /// The role that may say it is fenced when the program cannot.
    pub or_approve: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// How replication goes on in the other direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reprotect {
    /// The process server by the site (the plan's name) that is replicated to.
    pub via: IndexMap<String, Template>,
    /// How often it is tried.
    pub retry: Option<Retry>,
    /// Where it stands.
    pub span: Span,
    /// The operations after which it is done.
    pub operations: Vec<Operation>,
}
