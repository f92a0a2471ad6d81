//! How long each step of a rehearsal lasts and who says so: what is said now, what earlier runs took, what
//! the estate states, and where nobody knows better the plan's own upper bound.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::base::IdVec;
use crate::event::{Lasts, Stated};
use crate::model::{CheckKind, CheckStep, CommitPolicy, ScriptWhere, Template, TemplatePart, VmId};
use crate::runbook::{Act, CommitGate, Lane, Node, NodeId, Runbook, attempt_bound};

use super::file::Said;
use super::kind::{kind, readies};
use super::past::Past;

/// How long a person thinks who is asked and of whom nothing is known; half of the time allowed where that is
/// less. A guess, and said to be one.
pub const ANSWER_AFTER: Duration = Duration::from_secs(5 * 60);

/// Everything that is known beforehand.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file of a person's.
    pub said: Said,
    /// Earlier runs.
    pub past: Past,
    /// The estate.
    pub stated: Stated,
    /// How long people think, as said.
    pub answer_after: Option<Duration>,
}

/// Where a length comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// The file names the step.
    SaidStep,
    /// The file names its kind.
    SaidKind,
    /// `--answer-after`
    SaidAnswer,
    /// The same step of earlier runs.
    PastStep,
    /// Steps of its kind of earlier runs.
    PastKind,
    /// The estate.
    Estate,
    /// The guess about people.
    Guess,
    /// Nobody knows: its upper bound.
    Bound,
    /// It takes no time of its own: a look at the estate, or the core's own timer.
    Nothing,
}

/// How long a step lasts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Length {
    /// So long from its begin.
    Drawn(Lasts),
    /// A check: until the guest answers that its machine's start brings up.
    Boot,
    /// A check: until something answers on a machine, so long after its guest; never if none.
    Service(VmId, Option<Duration>),
}

/// A length and its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// How long.
    pub length: Length,
    /// Who says so.
    pub source: Source,
    /// How many times were seen, where they were.
    pub samples: usize,
}

/// The lengths of a runbook's steps.
#[derive(Clone, Debug)]
pub struct Lengths {
    pub(super) nodes: IdVec<NodeId, Known>,
    /// From power-on to the guest's first answer, where the estate says.
    pub(super) boots: IdVec<VmId, Option<Lasts>>,
    /// From power-on until the agent has registered, where that matters and the estate says.
    pub(super) agents: IdVec<VmId, Option<Lasts>>,
}

impl Lengths {
    /// The lengths of a runbook, each from the best source.
    #[must_use]
    pub fn of(runbook: &Runbook, sources: &Sources) -> Self {
        let readies = readies(runbook);
        let finder = Finder { runbook, sources, readies };
        let nodes: IdVec<NodeId, Known> =
            runbook.nodes.iter_enumerated().map(|(id, node)| finder.known(id, node)).collect();
        let stated = |verb: &str| -> IdVec<VmId, Option<Lasts>> {
            let machines = runbook.machines.iter();
            machines.map(|machine| sources.stated.verb(&machine.estate_name, verb).cloned()).collect()
        };
        let mut agents = stated("agent");
        let home = runbook.target == runbook.home;
        for (id, node) in runbook.nodes.iter_enumerated() {
            // Earlier runs waited for agents within the step; away from home nobody has to.
            let Act::Reprotect { vm, .. } = node.act else { continue };
            if let Some(slot) = agents.get_mut(vm).filter(|_| !home || nodes.at(id).source != Source::Estate)
            {
                *slot = None;
            }
        }
        Self { nodes, boots: stated("start"), agents }
    }

    /// What is known of a step.
    #[must_use]
    pub fn at(&self, node: NodeId) -> &Known {
        self.nodes.at(node)
    }
}

struct Finder<'r> {
    runbook: &'r Runbook,
    sources: &'r Sources,
    readies: BTreeSet<NodeId>,
}

impl Finder<'_> {
    fn known(&self, id: NodeId, node: &Node) -> Known {
        let kind = kind(id, node, &self.readies);
        if !takes_time(&node.act) {
            return drawn(Lasts::Exactly(Duration::ZERO), Source::Nothing);
        }
        let said = &self.sources.said;
        if let Some(lasts) = said.steps.get(&node.name) {
            return drawn(lasts.clone(), Source::SaidStep);
        }
        if let (Some(think), true) = (self.sources.answer_after, is_person(&node.act)) {
            return drawn(Lasts::Exactly(think), Source::SaidAnswer);
        }
        if let Some(lasts) = said.kinds.get(kind) {
            return drawn(lasts.clone(), Source::SaidKind);
        }
        let past = &self.sources.past;
        if let Some(samples) = past.steps.get(&node.name) {
            return drawn(Lasts::AsSeen(samples.clone()), Source::PastStep);
        }
        if let Some(samples) = past.kinds.get(kind) {
            return drawn(Lasts::AsSeen(samples.clone()), Source::PastKind);
        }
        self.stated(id, node).unwrap_or_else(|| nobody_knows(node))
    }

    /// What the estate says.
    fn stated(&self, id: NodeId, node: &Node) -> Option<Known> {
        let machine = |vm: VmId| self.runbook.machines.get(vm).map(|machine| machine.estate_name.as_str());
        let stated = &self.sources.stated;
        let by_estate = |length: Length| Known { length, source: Source::Estate, samples: 0 };
        let longest = |vms: &[VmId], verb: &str| {
            let all = vms.iter().filter_map(|vm| stated.verb(machine(*vm)?, verb));
            all.max_by_key(|lasts| lasts.bounds().1).cloned().map(Length::Drawn)
        };
        let length = match &node.act {
            Act::Start { vm } => {
                stated.verb(machine(*vm)?, "start")?;
                Length::Drawn(Lasts::Exactly(stated.power_on))
            }
            Act::Check(check) => match (&check.kind, self.readies.contains(&id)) {
                (CheckKind::Heartbeat(vm), true) => {
                    stated.verb(machine(*vm)?, "start")?;
                    Length::Boot
                }
                _ => self.service(check)?,
            },
            Act::Script(script) => match script.place {
                ScriptWhere::Guest(vm) => longest(&[vm], "guest_script")?,
                ScriptWhere::Runner => return None,
            },
            Act::ProcessPending { vms } => longest(vms, "process_pending")?,
            Act::TakeFinal { subject } => {
                longest(&self.runbook.subjects.get(*subject)?.members, "take_final")?
            }
            Act::ShutDown { vm, .. } => longest(&[*vm], "shut_down")?,
            Act::FailOver { vm } => longest(&[*vm], "fail_over")?,
            Act::Commit { vm } => longest(&[*vm], "commit")?,
            Act::Reprotect { vm, .. } => longest(&[*vm], "reprotect")?,
            Act::CleanUp { vm } => longest(&[*vm], "clean_up")?,
            Act::RollBack { vm, .. } => longest(&[*vm], "roll_back")?,
            Act::Join
            | Act::Approve(_)
            | Act::Wait { .. }
            | Act::AskPoints { .. }
            | Act::ConfirmStopped { .. }
            | Act::Fence { .. }
            | Act::Bind(_)
            | Act::CommitGate(_) => return None,
        };
        Some(by_estate(length))
    }

    /// What answers a check, of an estate that says how its machines start.
    fn service(&self, check: &CheckStep) -> Option<Length> {
        if check.real {
            return None;
        }
        let (vm, port) = looks_at(&check.kind)?;
        let name = &self.runbook.machines.get(vm)?.estate_name;
        self.sources.stated.verb(name, "start")?;
        let after = match (self.sources.stated.services.get(name), port) {
            (Some(services), Some(port)) => services.get(&port).copied(),
            (None, _) | (Some(_), None) => Some(Duration::ZERO),
        };
        Some(Length::Service(vm, after))
    }
}

fn drawn(lasts: Lasts, source: Source) -> Known {
    let samples = if let Lasts::AsSeen(samples) = &lasts { samples.len() } else { 0 };
    Known { length: Length::Drawn(lasts), source, samples }
}

/// Where no source says anything.
fn nobody_knows(node: &Node) -> Known {
    match &node.act {
        Act::Approve(approve) => drawn(Lasts::Exactly(ANSWER_AFTER.min(approve.within / 2)), Source::Guess),
        Act::CommitGate(CommitGate { policy: CommitPolicy::Rollback(after), .. }) => {
            drawn(Lasts::Exactly(ANSWER_AFTER.min(*after / 2)), Source::Guess)
        }
        Act::CommitGate(_) | Act::AskPoints { .. } => drawn(Lasts::Exactly(ANSWER_AFTER), Source::Guess),
        // The choice is a computation over what the estate reports, and an observation one question.
        Act::Bind(_) | Act::ConfirmStopped { .. } => drawn(Lasts::Exactly(Duration::ZERO), Source::Nothing),
        _ => drawn(Lasts::Exactly(attempt_bound(node).unwrap_or_default()), Source::Bound),
    }
}

/// Whether somebody has to say how long it lasts.
fn takes_time(act: &Act) -> bool {
    match act {
        Act::Join | Act::Wait { .. } => false,
        Act::CommitGate(gate) => is_closed_by_hand(gate),
        _ => true,
    }
}

fn is_person(act: &Act) -> bool {
    matches!(act, Act::Approve(_) | Act::AskPoints { .. } | Act::CommitGate(_))
}

/// Whether a commit window waits for an operator.
pub(super) const fn is_closed_by_hand(gate: &CommitGate) -> bool {
    match gate.policy {
        CommitPolicy::Gated => !gate.gated,
        CommitPolicy::Manual | CommitPolicy::Rollback(_) => true,
        CommitPolicy::Auto(_) => false,
    }
}

/// The machine whose answer a check waits for, and the port, where it names them.
pub(super) fn looks_at(kind: &CheckKind) -> Option<(VmId, Option<u16>)> {
    let port = |rest: Option<&str>, default: Option<u16>| {
        let digits = rest?.strip_prefix(':')?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok().or(default)
    };
    match kind {
        CheckKind::Heartbeat(vm) => Some((*vm, None)),
        CheckKind::Tcp(text) => {
            let (_, vm, rest) = around(text)?;
            Some((vm, port(rest, None)))
        }
        CheckKind::Http { url, .. } => {
            let (before, vm, rest) = around(url)?;
            let default = if before == "https://" { 443 } else { 80 };
            Some((vm, port(rest, None).or(Some(default))))
        }
        CheckKind::Command(_) => None,
    }
}

/// What stands before and after the only machine of a text.
fn around(text: &Template) -> Option<(&str, VmId, Option<&str>)> {
    match text.parts.as_slice() {
        [TemplatePart::Address(vm)] => Some(("", *vm, None)),
        [TemplatePart::Address(vm), TemplatePart::Plain(rest), ..] => Some(("", *vm, Some(rest))),
        [TemplatePart::Plain(before), TemplatePart::Address(vm)] => Some((before, *vm, None)),
        [TemplatePart::Plain(before), TemplatePart::Address(vm), TemplatePart::Plain(rest), ..] => {
            Some((before, *vm, Some(rest)))
        }
        [..] => None,
    }
}

/// The steps that each source speaks for; those that take no time, and the way back, are left out.
#[must_use]
pub fn tally(runbook: &Runbook, lengths: &Lengths) -> BTreeMap<Source, Vec<NodeId>> {
    let mut found: BTreeMap<Source, Vec<NodeId>> = BTreeMap::new();
    for (id, node) in runbook.nodes.iter_enumerated() {
        let source = lengths.at(id).source;
        if takes_time(&node.act) && source != Source::Nothing && node.lane != Lane::Rollback {
            found.entry(source).or_default().push(id);
        }
    }
    found
}
