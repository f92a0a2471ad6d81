//! Takes a job on: remembers it, and begins it at once.

use indexmap::IndexMap;

use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::fault;
use super::job::{About, Job, JobState, OnError, Operation, Stage, Way};
use super::kept::Scenario;
use super::names::guid;
use super::service::Service;

/// What a request comes to.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) operation: Operation,
    /// Of a failover: which way it goes.
    pub(super) way: Option<Way>,
    pub(super) stages: Vec<Stage>,
    /// What the request said besides.
    pub(super) said: IndexMap<String, String>,
}

impl Work {
    /// Work of which the request says nothing besides.
    pub(super) fn new(operation: Operation, stages: Vec<Stage>) -> Self {
        Self { operation, way: None, stages, said: IndexMap::new() }
    }
}

impl Service {
    /// Begins a job, and answers where it can be followed.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(super) async fn begin(&mut self, ask: &Ask, about: About, work: Work) -> Result<Answer, Refusal> {
        let Work { operation, way, stages, said } = work;
        self.kept.started += 1;
        let id = guid(&["job", &self.vault.id(), &self.kept.started.to_string()]);
        let client = ask.client_request_id.clone().unwrap_or_else(|| guid(&["request", &id]));
        let now = self.time.now();
        let mut job = Job {
            activity: format!("{client} ActivityId: {}", guid(&["activity", &id])),
            id: id.clone(),
            operation,
            about,
            way,
            state: JobState::InProgress,
            description: "InProgress".to_owned(),
            started: now,
            ended: None,
            // A planned failover stops at the first error, an unplanned one runs to its end.
            on_error: if operation == Operation::PlannedFailover { OnError::Stop } else { OnError::GoOn },
            stages,
            at: 0,
            points: IndexMap::new(),
            taking_back: None,
            attempt: 0,
            said,
        };
        fault::spoil(&self.faults, &mut self.kept.came, &mut job);
        let scenario = Scenario { operation, job: id.clone(), at: now };
        for machine in job.machines() {
            self.kept.items.entry(machine.to_owned()).or_default().scenario = Some(scenario.clone());
        }
        if let About::Plan(name) = &job.about
            && let Some(plan) = self.kept.plans.get_mut(&name.to_lowercase())
        {
            let [planned, unplanned, tested] = &mut plan.last;
            match operation {
                Operation::PlannedFailover => *planned = Some(now),
                Operation::UnplannedFailover => *unplanned = Some(now),
                Operation::TestFailover => *tested = Some(now),
                _ => {}
            }
            if operation.allowed().is_some() {
                plan.scenario = Some(scenario);
            }
        }
        self.kept.add(job);
        self.save()?;
        self.step().await?;
        Ok(self.accepted(ask, &id))
    }
}
