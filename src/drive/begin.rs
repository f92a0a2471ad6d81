//! Begins the work of a node, finds out what became of it, and makes its next move: the only place
//! that starts tasks for nodes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Timestamp, limits};
use crate::estate::Estate;
use crate::event::{EventKind, Key, Probe, ProbeAnswer};
use crate::run::NodeState;
use crate::runbook::NodeId;

use super::activity::{Activity, FromTask, Report, Work};
use super::call::{Call, limited};
use super::driver::{DriveError, Driver};
use super::estate_act::failed;
use super::hold::Held;
use super::runner::Runner as _;
use super::script::{self, NotStarted};
use super::surroundings::World;

impl<W: World> Driver<'_, W> {
    /// Does what was recorded as begun.
    pub(super) async fn begin(&mut self, node: NodeId, key: Key) -> Result<(), DriveError> {
        let NodeState::Running { since, .. } = *self.run.node(node) else { return Ok(()) };
        if matches!(self.run.runbook().nodes.at(node).act, crate::runbook::Act::Wait { .. }) {
            return Ok(());
        }
        match super::act::work(&self.run, node, since, &self.output, &key) {
            Ok((work, deadline)) => {
                let activity = Activity { key, since, deadline, work, in_flight: false, wake: None };
                self.activities.insert(node, activity);
                self.go_on(node).await
            }
            Err(message) => self.record(vec![failed(node, "not_known", message, false, false)]).await,
        }
    }

    /// Finds out what became of an attempt whose outcome is not recorded.
    pub(super) async fn resolve(
        &mut self,
        node: NodeId,
        since: Timestamp,
        key: Key,
        handle: Option<crate::event::Handle>,
    ) -> Result<(), DriveError> {
        let (mut work, deadline) = match super::act::work(&self.run, node, since, &self.output, &key) {
            Ok(work) => work,
            Err(evidence) => {
                let seen = Vec::new();
                return self.record(vec![EventKind::StepUnclear { node, evidence, seen }]).await;
            }
        };
        match &mut work {
            Work::Verb { request, handle: slot, .. } => {
                slot.clone_from(&handle);
                let find = Call::Find(request.clone());
                let estate = Arc::clone(&self.estate);
                self.spawn(node, key.clone(), find.make(estate, key.clone(), since, self.tenure.clone()));
            }
            Work::Script { folder } => {
                let folder = folder.clone();
                let runner = self.runner.clone();
                self.spawn(node, key.clone(), async move { Report::Script(runner.watch(folder).await) });
            }
            // These only read: the same attempt goes on, its deadline as it was.
            Work::Confirm { .. }
            | Work::Probe { .. }
            | Work::Command { .. }
            | Work::Points
            | Work::Look { .. } => {
                self.record(vec![EventKind::StepNotArrived { node }]).await?;
                let activity = Activity { key, since, deadline, work, in_flight: false, wake: None };
                self.activities.insert(node, activity);
                return self.go_on(node).await;
            }
        }
        let activity = Activity { key, since, deadline, work, in_flight: true, wake: None };
        self.activities.insert(node, activity);
        Ok(())
    }

    /// The next move of an activity that has no task out.
    pub(super) async fn go_on(&mut self, node: NodeId) -> Result<(), DriveError> {
        let now = self.now();
        if !self.tenure.holds() {
            self.renew_now().await?;
        }
        let Some(activity) = self.activities.get_mut(&node) else { return Ok(()) };
        let key = activity.key.clone();
        let late = activity.deadline.is_some_and(|deadline| deadline <= now);
        let unknown = matches!(self.run.node(node), NodeState::Unknown { .. });
        activity.in_flight = true;
        activity.wake = None;
        let (estate, since) = (Arc::clone(&self.estate), activity.since);
        if let Some(call) = Call::next(activity, unknown, late) {
            self.spawn(node, key.clone(), call.make(estate, key, since, self.tenure.clone()));
            return Ok(());
        }
        match &activity.work {
            Work::Verb { .. } => crate::bug!("a verb has no next call"),
            Work::Confirm { machine } => {
                let machine = machine.clone();
                self.spawn(node, key, async move {
                    Report::Observed(limited(estate.observe(&machine, false)).await)
                });
            }
            Work::Probe { probe, .. } => {
                let (probe, real) = (probe.clone(), self.is_real(node));
                self.spawn(node, key, async move { Report::Probed(look(&*estate, &probe, real).await) });
            }
            Work::Command { program, .. } => {
                let program = program.clone();
                let runner = self.runner.clone();
                self.spawn(node, key, async move { Report::Command(runner.run(*program).await) });
            }
            Work::Look { glance, .. } => {
                let glance = glance.clone();
                self.spawn(node, key, async move { Report::Seen(glance.look(estate).await) });
            }
            Work::Points => {
                self.spawn(node, key, async move {
                    Report::Inventory(Box::new(limited(estate.inventory()).await))
                });
            }
            Work::Script { folder } => {
                let folder = folder.clone();
                return self.start_script(node, key, folder).await;
            }
        }
        Ok(())
    }

    fn is_real(&self, node: NodeId) -> bool {
        matches!(&self.run.runbook().nodes.at(node).act, crate::runbook::Act::Check(check) if check.real)
    }

    async fn start_script(&mut self, node: NodeId, key: Key, folder: PathBuf) -> Result<(), DriveError> {
        if !self.tenure.holds() {
            self.spawn(node, key, again());
            return Ok(());
        }
        let compiled = self.run.runbook().nodes.at(node);
        let spec = match &compiled.act {
            crate::runbook::Act::Script(script) => &script.spec,
            crate::runbook::Act::Fence { spec, .. } => spec,
            _ => crate::bug!("`{}` is no script", compiled.name),
        };
        let started = super::fill::program(spec, &self.run, &compiled.name)
            .map_err(NotStarted::Failed)
            .and_then(|program| self.runner.start(&folder, &program));
        match started {
            Ok(hosted) => {
                self.hold(Held::Start(node), None);
                let runner = self.runner.clone();
                self.spawn(node, key, async move { Report::Script(runner.ended(hosted, folder).await) });
                Ok(())
            }
            Err(NotStarted::NoSpace) => {
                self.hold(Held::Start(node), Some(script::no_space(&folder)));
                self.spawn(node, key, again());
                Ok(())
            }
            Err(NotStarted::Failed(message)) => {
                self.activities.remove(&node);
                self.release(node);
                self.record(vec![failed(node, "not_started", message, false, false)]).await
            }
        }
    }

    fn spawn(&mut self, node: NodeId, key: Key, work: impl Future<Output = Report> + Send + 'static) {
        self.tasks.spawn(async move { FromTask { node, key, report: work.await } });
    }
}

/// For what cannot be done just now.
pub(super) async fn again() -> Report {
    tokio::time::sleep(limits::SPACE_RETRY).await;
    Report::Again
}

/// A look within its limit: from here, or by the estate.
async fn look(estate: &impl Estate, probe: &Probe, real: bool) -> ProbeAnswer {
    let asked =
        async { if real { crate::estate::real_probe(probe).await } else { estate.probe(probe).await } };
    let answer = tokio::time::timeout(limits::ESTATE_CALL_MAX, asked).await;
    answer.unwrap_or_else(|_| Err("no answer".to_owned()))
}
