//! What becomes of an attempt at a step: when it ends, how, and what that changes. The answers are those that
//! an estate behind the real driver gives, seen through it: `drive` says which events follow from them.

use std::time::Duration;

use crate::base::time::format_duration;
use crate::base::{Chance, Id as _, Timestamp, limits};
use crate::event::{EventKind, Lasts};
use crate::model::{CheckStep, Mode, ScriptWhere, ShutdownSpec, ShutdownThen, VmId};
use crate::runbook::{Act, NodeId, attempt_bound};

use super::fate::Fate;
use super::fault::{machines_of, verb_of};
use super::lengths::{Length, Source, looks_at};
use super::open::{End, Hears, Open, Sign};
use super::world::{Seen, World, accepted};

/// An act that was cancelled is asked about again after this long.
const AFTER_CANCEL: Duration = Duration::from_secs(1);

impl World<'_> {
    /// What goes on for a step that was begun; none where the core itself waits.
    pub(super) fn imagine(&mut self, node: NodeId, since: Timestamp) -> Option<Open> {
        let scene = self.scene;
        let act = &scene.runbook.nodes.at(node).act;
        let at_once = |end: End| Some(Open::until(self.now, end));
        match act {
            Act::Join | Act::Wait { .. } => None,
            Act::Approve(_) | Act::CommitGate(_) => self.person(node, since),
            Act::AskPoints { .. } if self.is_asked(node) => self.person(node, since),
            Act::AskPoints { .. } => at_once(if self.asks(node) { End::Asked } else { End::Done(None) }),
            Act::Bind(_) => {
                let took = self.length(node);
                Some(Open::until(self.now.plus(took), End::Bound))
            }
            Act::ConfirmStopped { vm } => {
                let took = self.length(node);
                Some(Open::until(self.now.plus(took), self.observed(act, *vm)))
            }
            Act::Check(check) => Some(self.check(node, check, since)),
            Act::Fence { .. } => Some(self.script(node, since)),
            Act::Script(script) if script.place == ScriptWhere::Runner => Some(self.script(node, since)),
            Act::Script(_)
            | Act::ShutDown { .. }
            | Act::ProcessPending { .. }
            | Act::TakeFinal { .. }
            | Act::FailOver { .. }
            | Act::Start { .. }
            | Act::Commit { .. }
            | Act::Reprotect { .. }
            | Act::CleanUp { .. }
            | Act::RollBack { .. } => Some(self.verb(node, act, since)),
        }
    }

    /// The chance of this attempt at a step: the same whatever else goes wrong in the run.
    fn chance_of(&self, node: NodeId) -> Chance {
        let number = u64::try_from(node.index()).unwrap_or(u64::MAX);
        self.chance.number(number).number(u64::from(self.run.attempts(node)))
    }

    pub(super) fn fate(&mut self, node: NodeId) -> Fate {
        if self.told.by_node.is_empty() {
            return Fate::default();
        }
        let chance = self.chance_of(node);
        self.counts.draw(self.told, node, chance)
    }

    /// How long the step lasts by itself.
    pub(super) fn length(&self, node: NodeId) -> Duration {
        match &self.scene.lengths.at(node).length {
            Length::Drawn(Lasts::Exactly(duration)) => *duration,
            Length::Drawn(lasts) => lasts.draw(self.chance_of(node)),
            Length::Boot | Length::Service(..) => Duration::ZERO,
        }
    }

    /// Whether a source is seen to be down.
    fn observed(&self, act: &Act, vm: VmId) -> End {
        if self.unreachable(act).is_some() {
            return End::Done(Some("not fenced: its site cannot be asked whether it runs".to_owned()));
        }
        if self.machines.at(vm).down {
            return End::Done(None);
        }
        End::failed("source_running", "the source runs still: two copies would be live".to_owned(), false)
    }

    fn script(&mut self, node: NodeId, since: Timestamp) -> Open {
        let fate = self.fate(node);
        let took = self.length(node).saturating_add(fate.late);
        let limit = attempt_bound(self.scene.runbook.nodes.at(node)).unwrap_or(limits::ACT_MAX);
        if fate.hang || took > limit {
            let message = format!("it did not end within {} and was killed", format_duration(limit));
            return Open::until(since.plus(limit).max(self.now), End::timed_out("timed_out", message));
        }
        let end = match fate.fail {
            Some((code, _)) => End::failed(&code, "it exited with status 1".to_owned(), false),
            None => End::Done(None),
        };
        Open::until(self.now.plus(took), end)
    }

    /// Looks are made at once and then every so often; the last one comes before the time is up.
    fn check(&mut self, node: NodeId, check: &CheckStep, since: Timestamp) -> Open {
        let fate = self.fate(node);
        let act = &self.scene.runbook.nodes.at(node).act;
        let on = looks_at(&check.kind).map(|(vm, _)| vm);
        let machine = on.map(|vm| *self.machines.at(vm));
        let answers = machine.map_or(Sign::Unknown, |machine| machine.answers);
        let (every, from) = (check.every.max(Duration::from_millis(1)), self.now);
        let (good_at, in_a_row) = match &self.scene.lengths.at(node).length {
            Length::Drawn(_) => {
                let late = machine.filter(|_| answers == Sign::Unknown).map(|machine| machine.late);
                let took = self.length(node).saturating_add(late.unwrap_or_default());
                (Some(since.plus(took)), 1)
            }
            Length::Boot => (self.answered(answers, since), check.in_a_row),
            Length::Service(_, after) => {
                let guest = self.answered(answers, since);
                (guest.zip(*after).map(|(at, after)| at.plus(after)), check.in_a_row)
            }
        };
        let good_at = good_at.filter(|_| !fate.never && answers != Sign::Never).map(|at| at.plus(fate.late));
        let deadline = since.plus(check.within);
        let looks = |time: Duration| u32::try_from(time.as_nanos() / every.as_nanos()).unwrap_or(u32::MAX);
        let passes = good_at.map(|at| match &self.scene.lengths.at(node).length {
            // Earlier runs and people say when the last look was, not when there was something to see.
            Length::Drawn(_) => at.max(from),
            Length::Boot | Length::Service(..) => {
                let wait = at.since(from);
                let rounds = looks(wait).saturating_add(u32::from(wait.as_nanos() % every.as_nanos() != 0));
                from.plus(every.saturating_mul(rounds.saturating_add(in_a_row.saturating_sub(1))))
            }
        });
        // A site that is cut off is looked at in vain.
        let passes = passes.map(|at| {
            let free = self.reached_from(act, at).since(at);
            at.plus(every.saturating_mul(
                u32::try_from(free.as_nanos().div_ceil(every.as_nanos())).unwrap_or(u32::MAX),
            ))
        });
        match passes.filter(|at| *at <= deadline) {
            Some(at) => Open::until(at, End::Done(None)),
            None => {
                let message = format!("it did not pass within {}", format_duration(check.within));
                let last = from.plus(every.saturating_mul(looks(deadline.since(from))));
                Open::until(last, End::timed_out("check_failed", message))
            }
        }
    }

    /// When a guest answers; at once where nobody knows better.
    const fn answered(&self, answers: Sign, since: Timestamp) -> Option<Timestamp> {
        match answers {
            Sign::From(at) => Some(at),
            Sign::Unknown => Some(since),
            Sign::Never => None,
        }
    }

    fn verb(&mut self, node: NodeId, act: &Act, since: Timestamp) -> Open {
        if let Some(end) = self.at_once(act) {
            return Open::until(self.now, end);
        }
        let fate = self.fate(node);
        if fate.dropped {
            return Open { due: Some(self.now), hears: Hears::Silence, ends: None, remembered: true };
        }
        let (natural, end) = self.natural(node, act, &fate);
        let deadline =
            since.plus(attempt_bound(self.scene.runbook.nodes.at(node)).unwrap_or(limits::ACT_MAX));
        let ends = self.within(act, deadline, (natural, end), fate.hang);
        let ends = self.heard(act, deadline, ends);
        if let Act::Start { vm } = act {
            self.boots(node, *vm, &fate);
        }
        let due = if fate.lost { self.now } else { ends.0 };
        let hears = if fate.lost { Hears::Silence } else { Hears::End };
        Open { due: Some(due), hears, ends: Some(ends), remembered: !fate.forgotten }
    }

    /// When and how a verb ends by itself.
    fn natural(&self, node: NodeId, act: &Act, fate: &Fate) -> (Timestamp, End) {
        let mut took = self.length(node);
        let mut end = End::Done(None);
        let by_estate = self.scene.lengths.at(node).source == Source::Estate;
        match act {
            // What the estate says of a shutdown is the guest's own time.
            Act::ShutDown { vm, spec } if by_estate => (took, end) = self.guest(*vm, *spec, took),
            // Of a start that is late, the guest is what is late.
            Act::Start { .. } if fate.no_tools => {
                end = End::Done(Some("VMware Tools did not come back".to_owned()));
            }
            _ => {}
        }
        if !matches!(act, Act::Start { .. }) {
            took = took.saturating_add(fate.late);
        }
        if let Some((code, retryable)) = &fate.fail {
            let message = format!("{} failed at the estate", verb_of(act).unwrap_or(act.word()));
            end = End::failed(code, message, *retryable);
        }
        (self.now.plus(took), end)
    }

    /// A guest that goes down in its time, or not.
    fn guest(&self, vm: VmId, spec: ShutdownSpec, took: Duration) -> (Duration, End) {
        if took <= spec.guest {
            return (took, End::Done(None));
        }
        let name = &self.scene.runbook.machines.at(vm).estate_name;
        let limit = format_duration(spec.guest);
        match spec.then {
            ShutdownThen::PowerOff => {
                let what =
                    format!("the power of `{name}` was cut, for its guest did not shut down within {limit}");
                (spec.guest, End::Done(Some(what)))
            }
            ShutdownThen::Halt => {
                let message = format!("the guest of `{name}` did not shut down within {limit}");
                (spec.guest, End::failed("guest_shutdown_timeout", message, false))
            }
        }
    }

    /// The same, given up when its time is up.
    fn within(
        &self,
        act: &Act,
        deadline: Timestamp,
        (natural, end): (Timestamp, End),
        hangs: bool,
    ) -> (Timestamp, End) {
        if !hangs && natural <= deadline {
            return (natural, end);
        }
        let limit = format_duration(deadline.since(self.now));
        let given_up = deadline.max(self.now);
        // A commit that goes on cannot be cancelled; its outcome is polled for a while.
        if matches!(act, Act::Commit { .. }) && !hangs {
            let last = given_up.plus(limits::CANCEL_MAX);
            let evidence =
                format!("`commit` was accepted, has not ended after {limit}, and did not end when cancelled");
            return if natural <= last { (natural, end) } else { (last, End::Unclear(evidence)) };
        }
        let message = format!("it did not end within {limit} and was cancelled");
        (given_up.plus(AFTER_CANCEL), End::timed_out("timed_out", message))
    }

    /// The guest and the agent of a machine that is powered on.
    fn boots(&mut self, node: NodeId, vm: VmId, fate: &Fate) {
        let (scene, now) = (self.scene, self.now);
        let chance = self.chance_of(node);
        let draw = |lasts: &Option<Lasts>, number: u64| {
            lasts
                .as_ref()
                .map_or(Sign::Unknown, |lasts| Sign::From(now.plus(lasts.draw(chance.number(number)))))
        };
        let mut answers = draw(scene.lengths.boots.at(vm), 1);
        let mut agent = draw(scene.lengths.agents.at(vm), 2);
        if let Sign::From(at) = answers {
            answers = Sign::From(at.plus(fate.late));
        }
        if let (Sign::From(guest), Sign::From(registered)) = (answers, agent) {
            agent = Sign::From(registered.max(guest));
        }
        let machine = self.machines.at_mut(vm);
        machine.late = fate.late;
        machine.answers = if fate.no_heartbeat || fate.lie { Sign::Never } else { answers };
        machine.agent = if fate.no_agent || fate.no_heartbeat || fate.lie { Sign::Never } else { agent };
    }

    /// The answer of an estate that does not take an act on, or has nothing to do.
    fn at_once(&self, act: &Act) -> Option<End> {
        if let Some(end) = self.cut_off(act) {
            return Some(end);
        }
        let vms = machines_of(&self.scene.runbook, act);
        let name = |vm: &VmId| self.scene.runbook.machines.at(*vm).estate_name.as_str();
        let busy = |vm: &&VmId| self.machines.at(**vm).busy_until.is_some_and(|until| until > self.now);
        if let (Some(vm), false) = (vms.iter().find(busy), matches!(act, Act::Script(_))) {
            let message = format!("another act on `{}` is still under way", name(vm));
            return Some(End::failed("machine_busy", message, true));
        }
        let runs = |vm: &&VmId| !self.machines.at(**vm).down;
        match act {
            Act::ShutDown { vm, .. } => self.machines.at(*vm).down.then_some(End::Done(None)),
            Act::Start { vm } => self.machines.at(*vm).started.then_some(End::Done(None)),
            Act::TakeFinal { .. } => vms.iter().find(runs).map(|vm| {
                let message =
                    format!("`{}` still runs, and a final point is taken of a source that is off", name(vm));
                End::failed("source_running", message, false)
            }),
            Act::FailOver { .. } if self.scene.runbook.mode == Some(Mode::Planned) => {
                vms.iter().find(runs).map(|vm| {
                    let message = format!("`{}` still runs, and a planned failover needs it off", name(vm));
                    End::failed("source_running", message, false)
                })
            }
            Act::Reprotect { vm, .. } => self.is_missing(self.machines.at(*vm).agent).then(|| {
                let message =
                    format!("the replication agent of `{}` has not registered since its boot", name(vm));
                End::failed("agent_not_registered", message, true)
            }),
            Act::Script(_) => {
                vms.iter().find(|vm| self.is_missing(self.machines.at(**vm).answers)).map(|vm| {
                    End::failed("guest_silent", format!("the guest of `{}` does not answer", name(vm)), true)
                })
            }
            _ => None,
        }
    }

    fn is_missing(&self, sign: Sign) -> bool {
        match sign {
            Sign::Unknown => false,
            Sign::From(at) => at > self.now,
            Sign::Never => true,
        }
    }

    /// What a step that is done has changed.
    pub(super) fn done(&mut self, node: NodeId) {
        let now = self.now;
        match &self.scene.runbook.nodes.at(node).act {
            Act::ShutDown { vm, .. } => self.machines.at_mut(*vm).down = true,
            Act::Start { vm } => self.machines.at_mut(*vm).started = true,
            Act::Check(check) => {
                if let Some((vm, _)) = looks_at(&check.kind) {
                    let machine = self.machines.at_mut(vm);
                    if machine.answers == Sign::Unknown {
                        machine.answers = Sign::From(now);
                    }
                }
            }
            _ => {}
        }
    }

    /// What is found out about a step whose outcome is not known.
    pub(super) fn find(&mut self, node: NodeId) -> Vec<EventKind> {
        if self.open.get(&node).is_some_and(|open| open.due.is_some_and(|due| due > self.now)) {
            return Vec::new();
        }
        let is_verb = verb_of(&self.scene.runbook.nodes.at(node).act).is_some();
        if let Some(later) = is_verb.then(|| self.ask_later(node)).flatten() {
            return later;
        }
        let Some(open) = self.open.get_mut(&node) else {
            return vec![EventKind::StepNotArrived { node }];
        };
        let act = &self.scene.runbook.nodes.at(node).act;
        let Some((at, _)) = open.ends else {
            self.open.remove(&node);
            return vec![EventKind::StepNotArrived { node }];
        };
        if is_verb && !open.remembered {
            self.open.remove(&node);
            return self.cannot_tell(node, act, at);
        }
        if at <= self.now {
            let ended = self.open.remove(&node).and_then(|open| open.ends);
            let seen = if is_verb { Seen::Found } else { Seen::Live };
            return ended.map_or_else(Vec::new, |(_, end)| self.end(node, end, seen));
        }
        let open = Open { due: Some(at), hears: Hears::End, ..open.clone() };
        self.put(node, open);
        if is_verb { vec![accepted(node)] } else { Vec::new() }
    }

    /// The act came about, or will, and nobody can say so: what does no harm is asked for again.
    fn cannot_tell(&mut self, node: NodeId, act: &Act, ends: Timestamp) -> Vec<EventKind> {
        for vm in machines_of(&self.scene.runbook, act) {
            let machine = self.machines.at_mut(vm);
            machine.busy_until = machine.busy_until.max(Some(ends));
        }
        self.done(node);
        if !is_harmless_to_repeat(act) {
            let evidence = format!("the estate keeps no record of {}", verb_of(act).unwrap_or(act.word()));
            return vec![EventKind::StepUnclear { node, evidence, seen: Vec::new() }];
        }
        let message = "its outcome is not known, and it does no harm to ask for it again".to_owned();
        let code = "unknown".to_owned();
        vec![EventKind::StepFailed { node, code, message, retryable: true, timed_out: false, output: None }]
    }
}

/// As `Request::harmless_to_repeat`, of the act that the request is made from.
const fn is_harmless_to_repeat(act: &Act) -> bool {
    match act {
        Act::ProcessPending { .. } | Act::ShutDown { .. } | Act::Start { .. } | Act::CleanUp { .. } => true,
        Act::Join
        | Act::Approve(_)
        | Act::Script(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::ConfirmStopped { .. }
        | Act::Fence { .. }
        | Act::TakeFinal { .. }
        | Act::Bind(_)
        | Act::FailOver { .. }
        | Act::CommitGate(_)
        | Act::Commit { .. }
        | Act::Reprotect { .. }
        | Act::RollBack { .. } => false,
    }
}
