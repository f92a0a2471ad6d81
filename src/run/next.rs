//! What has to be done now: pure over the state and the instant handed in.

use crate::base::{Id, Timestamp, limits};
use crate::event::{EventKind, Key};
use crate::model::{CommitPolicy, VmId};
use crate::runbook::{Act, CommitGate, NodeId, Slot};

use super::core::{Flow, Run};
use super::ready::Offer;
use super::{Command, NodeState, Question, SkipReason, Wake};

impl Run {
    /// Everything to be done at `now`. The driver records and applies it before it asks again; what
    /// it is doing already (`Resolve`) it is asked for again.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.ended.is_some() || self.started.is_none() {
            return commands;
        }
        self.resolve_unknowns(&mut commands);
        if let Some(reason) = self.due_to_go_back() {
            commands.push(Command::Record(EventKind::RollbackStarted { by: None, reason }));
            return commands;
        }
        self.end_pauses(now, &mut commands);
        self.look_at_waiting(now, &mut commands);
        if commands
            .iter()
            .any(|command| matches!(command, Command::Record(EventKind::RollbackStarted { .. })))
        {
            return commands;
        }
        if self.unsettled == 0
            && self.running.is_empty()
            && self.unknown.is_empty()
            && !self.stands_on_failure()
            && !self.is_held_by_unclear()
        {
            let state = self.final_state();
            commands.push(Command::Record(EventKind::RunEnded { state, kept: self.kept() }));
            return commands;
        }
        self.begin_ready(now, &mut commands);
        commands
    }

    /// The next instant at which `next` may have something new by itself.
    #[must_use]
    pub fn wake(&self) -> Option<Wake> {
        if self.ended.is_some() {
            return None;
        }
        let starts = self.goes();
        let mut wakes: Vec<Wake> = Vec::new();
        let mut add = |at: Timestamp, person: bool| wakes.push(Wake { at, person });
        if let Some((at, _)) = self.pausing.first() {
            add(*at, false);
        }
        if starts {
            self.backing_off.first().into_iter().for_each(|(at, _)| add(*at, false));
            self.delayed.first().into_iter().for_each(|(at, _)| add(*at, false));
        }
        for node in &self.waiting {
            let NodeState::Waiting { since, question, .. } = &self.nodes.at(*node).state else { continue };
            match (&self.runbook.nodes.at(*node).act, &**question) {
                (Act::Approve(approve), Question::Approval { late: false, .. }) => {
                    add(since.plus(approve.within), true)
                }
                (Act::CommitGate(gate), Question::Commit { overdue: false }) if starts => {
                    self.gate_deadline(*node, gate).into_iter().for_each(|at| add(at, false));
                }
                _ => {}
            }
        }
        // An earlier instant first; of two at the same, the one for which a clock may be moved.
        wakes.into_iter().min_by_key(|wake| (wake.at, wake.person))
    }

    /// As `wake`, leaving out what is only a person's time.
    #[must_use]
    pub fn wake_without_people(&self) -> Option<Timestamp> {
        let mut at: Vec<Timestamp> = self.pausing.first().map(|(at, _)| *at).into_iter().collect();
        if self.goes() {
            at.extend(self.backing_off.first().map(|(at, _)| *at));
            at.extend(self.delayed.first().map(|(at, _)| *at));
            at.extend(self.waiting.iter().filter_map(|node| match &self.runbook.nodes.at(*node).act {
                Act::CommitGate(gate) if !self.gate_is_overdue(*node) => self.gate_deadline(*node, gate),
                _ => None,
            }));
        }
        at.into_iter().min()
    }

    /// Whether anything may start: nobody paused or halted the run, and no step did.
    const fn goes(&self) -> bool {
        !self.paused && self.halted.is_none()
    }

    /// Why the run goes back by a rule of the plan. Not past a person who has stopped it: they decide.
    fn due_to_go_back(&self) -> Option<String> {
        let stopped = self.paused || matches!(self.halted, Some(super::HaltCause::Operator { .. }));
        let (_, reason) = self.rollback_due.as_ref().filter(|_| !stopped && self.can_roll_back().is_ok())?;
        Some(reason.clone())
    }

    fn resolve_unknowns(&self, commands: &mut Vec<Command>) {
        for node in &self.unknown {
            if let NodeState::Unknown { attempt, since, key, handle } = &self.nodes.at(*node).state {
                commands.push(Command::Resolve {
                    node: *node,
                    attempt: *attempt,
                    since: *since,
                    key: key.clone(),
                    handle: handle.clone(),
                });
            }
        }
    }

    fn end_pauses(&self, now: Timestamp, commands: &mut Vec<Command>) {
        for (at, node) in &self.pausing {
            if *at > now {
                break;
            }
            let (node, detail) = (*node, crate::event::Detail::default());
            commands.push(Command::Record(EventKind::StepSucceeded { node, detail, found: false }));
        }
    }

    fn look_at_waiting(&self, now: Timestamp, commands: &mut Vec<Command>) {
        for node in &self.waiting {
            let NodeState::Waiting { since, question, .. } = &self.nodes.at(*node).state else { continue };
            match (&self.runbook.nodes.at(*node).act, &**question) {
                (Act::Approve(approve), Question::Approval { given, late }) => {
                    let beforehand = self.approved_beforehand(*node).filter(|_| given.is_empty());
                    if let Some(event) = beforehand {
                        commands.push(Command::Record(event));
                    } else if !late && since.plus(approve.within) <= now {
                        commands.push(Command::Record(EventKind::ApprovalLate { node: *node }));
                    }
                }
                (Act::CommitGate(gate), Question::Commit { .. }) if self.goes() => {
                    commands.extend(self.look_at_gate(*node, gate, now).map(Command::Record));
                }
                _ => {}
            }
        }
        if self.goes() {
            self.look_at_rollback_timers(now, commands);
        }
    }

    fn approved_beforehand(&self, node: NodeId) -> Option<EventKind> {
        let (_, by, options) = self.started.as_ref()?;
        let name = &self.runbook.nodes.at(node).name;
        let (_, comment) = options.approved.iter().find(|(step, _)| step == name)?;
        Some(EventKind::Approved { node, by: by.clone(), comment: comment.clone(), beforehand: true })
    }

    /// A gate that waits: its own gates have passed, for every edge into it is satisfied.
    fn look_at_gate(&self, node: NodeId, gate: &CommitGate, now: Timestamp) -> Option<EventKind> {
        let passed =
            || EventKind::StepSucceeded { node, detail: crate::event::Detail::default(), found: false };
        let due = self.gate_deadline(node, gate).filter(|at| *at <= now);
        let closes = match gate.policy {
            CommitPolicy::Gated => gate.gated,
            // What was seen before a break may be true no more: its checks look again, and then it closes.
            CommitPolicy::Auto(_) => match due {
                Some(at) if at > self.going_since || self.looked_again(node) => true,
                Some(_) => return Some(EventKind::WindowOverdue { node }),
                None => false,
            },
            // A test's end waits for the operator's word, whether it was reached before or after it.
            CommitPolicy::Manual => self.flow == Flow::CleaningUp,
            CommitPolicy::Rollback(_) => false,
        };
        closes.then(passed)
    }

    /// Windows that roll back by timer, whether their gate was reached or not. One whose time ran out while
    /// nobody drove the run, or while somebody had stopped it, asks a person instead: the world may have
    /// moved on.
    fn look_at_rollback_timers(&self, now: Timestamp, commands: &mut Vec<Command>) {
        for (node, opened) in &self.window_opened {
            let Act::CommitGate(gate) = &self.runbook.nodes.at(*node).act else { continue };
            let CommitPolicy::Rollback(after) = gate.policy else { continue };
            let deadline = opened.plus(after);
            if deadline > now || self.nodes.at(*node).state.is_settled() || self.flow != Flow::Forward {
                continue;
            }
            if deadline > self.going_since {
                let allowed = crate::base::time::format_duration(after);
                let reason = format!("the commit window closed uncommitted after {allowed}");
                if self.can_roll_back().is_ok() {
                    commands.push(Command::Record(EventKind::RollbackStarted { by: None, reason }));
                    return;
                }
            } else if matches!(&self.nodes.at(*node).state, NodeState::Waiting { question, .. } if matches!(**question, Question::Commit { overdue: false }))
            {
                commands.push(Command::Record(EventKind::WindowOverdue { node: *node }));
            }
        }
    }

    fn gate_is_overdue(&self, node: NodeId) -> bool {
        matches!(&self.nodes.at(node).state, NodeState::Waiting { question, .. } if matches!(**question, Question::Commit { overdue: true }))
    }

    /// When a timed gate closes, once its window is open.
    fn gate_deadline(&self, node: NodeId, gate: &CommitGate) -> Option<Timestamp> {
        match gate.policy {
            CommitPolicy::Auto(after) | CommitPolicy::Rollback(after) => {
                self.window_opened.get(&node).map(|opened| opened.plus(after))
            }
            CommitPolicy::Gated | CommitPolicy::Manual => None,
        }
    }

    fn begin_ready(&self, now: Timestamp, commands: &mut Vec<Command>) {
        if self.paused || self.halted.is_some() {
            return;
        }
        // Acts of the way left behind are followed to their end before the way back begins.
        if self.flow != Flow::Forward && (self.forward_is_active() || self.is_held_by_unclear()) {
            return;
        }
        let mut free = limits::IN_FLIGHT_MAX.saturating_sub(self.running.len() + self.unknown.len());
        let mut taken: std::collections::BTreeMap<Slot, u32> = std::collections::BTreeMap::new();
        let mut offer = |node: NodeId| {
            let compiled = self.runbook.nodes.at(node);
            let record = self.nodes.at(node);
            if free == 0 {
                return Offer::NoRoom;
            }
            if let (Some(slot), false) = (compiled.policy.slot, record.holds_slot) {
                let used =
                    self.slots.get(&slot).copied().unwrap_or(0) + taken.get(&slot).copied().unwrap_or(0);
                if self.slot_limit(slot).is_some_and(|limit| used >= limit) {
                    return Offer::NoSlot;
                }
                *taken.entry(slot).or_insert(0) += 1;
            }
            let attempt = record.attempts + 1;
            let key = Key::of(&self.id, u32::try_from(node.index()).unwrap_or(u32::MAX), attempt);
            commands.push(Command::Begin { node, attempt, key });
            if !matches!(compiled.act, Act::Approve(_) | Act::CommitGate(_) | Act::Wait { .. }) {
                free -= 1;
            }
            Offer::Taken
        };
        let due = [&self.backing_off, &self.delayed];
        for (_, node) in due.into_iter().flat_map(|queue| queue.iter().take_while(|(at, _)| *at <= now)) {
            offer(*node);
        }
        self.ready.offer(offer);
    }

    fn forward_is_active(&self) -> bool {
        self.running.iter().chain(&self.unknown).any(|node| !self.awake(self.runbook.nodes.at(*node).lane))
    }

    fn slot_limit(&self, slot: Slot) -> Option<u32> {
        match slot {
            Slot::PowerOn => self.runbook.limits.power_on,
            Slot::ShutDown => self.runbook.limits.shut_down,
            Slot::FailOver => self.runbook.limits.fail_over,
        }
    }

    /// Whether nothing is left to do by itself while something failed: the run stands until an
    /// operator retries, skips, rolls back or cleans up. What a test left is a failure too, whatever its
    /// steps say.
    pub(super) fn stands_on_failure(&self) -> bool {
        if self.leaks() {
            return true;
        }
        match self.flow {
            // A way back with a failure in it is not over either.
            Flow::RollingBack => self.any_failed(crate::runbook::Lane::Rollback),
            Flow::CleaningUp => self.any_failed(crate::runbook::Lane::Cleanup),
            Flow::Forward => {
                self.any_failed(crate::runbook::Lane::Forward)
                    || self.any_failed(crate::runbook::Lane::Cleanup)
            }
        }
    }

    fn any_failed(&self, lane: crate::runbook::Lane) -> bool {
        self.nodes.iter_enumerated().any(|(id, record)| {
            self.runbook.nodes.at(id).lane == lane
                && match &record.state {
                    NodeState::Failed { tolerated, .. } => !tolerated,
                    NodeState::Skipped { because: SkipReason::Blocked { .. }, .. } => true,
                    _ => false,
                }
        })
    }

    /// Machines that a commit or cleanup left as they were, with the reason.
    fn kept(&self) -> Vec<(VmId, String)> {
        let uncommitted = self.runbook.nodes.iter_enumerated().filter_map(|(id, node)| {
            match (&node.act, &self.nodes.at(id).state) {
                // Of one that was skipped while nobody knew what became of it, nothing can be said here.
                (Act::Commit { vm }, NodeState::Skipped { because: SkipReason::TargetNotDone, .. }) => {
                    Some((*vm, "its target is not done, so its source was kept".to_owned()))
                }
                (
                    Act::Commit { vm },
                    NodeState::Skipped { because: SkipReason::Operator { reason, .. }, .. },
                ) => Some((*vm, format!("its commit was skipped: {reason}"))),
                _ => None,
            }
        });
        uncommitted.chain(self.left_of_test()).collect()
    }
}
