//! What is done with jobs: given up, begun again, resumed after a manual action.

use crate::base::Timestamp;
use crate::estate::Estate as _;
use crate::estate::sim::Sim;

use super::advance;
use super::answer::{Answer, Refusal, conflict, not_found};
use super::ask::Ask;
use super::body::properties;
use super::job::{Act, FAILED_EARLIER, Job, JobState, Task, TaskState};
use super::service::Service;

impl Service {
    /// An action on a job, by the last segment of its path.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn job_call(&mut self, ask: &Ask, id: &str, action: &str) -> Result<Answer, Refusal> {
        let now = self.time.now();
        let job = self.kept.job_mut(id).ok_or_else(|| not_found("The job"))?;
        match action {
            "cancel" => {
                if !job.can_be_cancelled() {
                    let message = format!(
                        "Job '{id}' ({}) cannot be cancelled: it is over, or it is one that must not be.",
                        job.operation.words().0
                    );
                    return Err(conflict("JobCannotBeCancelled", message));
                }
                give_up(&self.sim, job, now).await;
                if advance::takes_back(&self.vault, job) {
                    advance::turn_round(&self.sim, job, JobState::Cancelled).await;
                } else {
                    end_cancelled(job, now);
                }
            }
            "restart" => again(job, id)?,
            "resume" => {
                let comments = properties(ask)?.required("comments")?.to_owned();
                if job.state != JobState::Suspended {
                    let message = format!("Job '{id}' is not suspended, so it cannot be resumed.");
                    return Err(conflict("JobNotSuspended", message));
                }
                resume(job, &comments);
            }
            _ => return Err(not_found("The action")),
        }
        let id = job.id.clone();
        self.save()?;
        self.step().await?;
        // (i) The job itself is what is followed, not a job of resuming it.
        Ok(self.accepted(ask, &id))
    }
}

/// Gives up what of a job is under way. What the estate does not let go of goes on by itself.
pub(super) async fn give_up(sim: &Sim, job: &mut Job, now: Timestamp) {
    for task in job.stages.iter_mut().flat_map(|stage| &mut stage.tasks).filter(|task| !task.is_over()) {
        if let Some(handle) = task.running.take().and_then(|running| running.handle) {
            drop(sim.cancel(&handle).await);
        }
        task.state = TaskState::Cancelled;
        task.ended = task.started.map(|_| now);
    }
}

/// Ends a job that was given up.
pub(super) fn end_cancelled(job: &mut Job, now: Timestamp) {
    job.at = job.stages.len();
    job.state = JobState::Cancelled;
    "Cancelled".clone_into(&mut job.description);
    job.ended = Some(now);
}

fn resume(job: &mut Job, comments: &str) {
    let Some(stage) = job.stages.get_mut(job.at) else { return };
    for task in stage.tasks.iter_mut().filter(|task| task.state == TaskState::Suspended) {
        task.observation = Some(comments.to_owned());
        task.state = TaskState::Running;
    }
    job.state = JobState::InProgress;
}

/// Begins a failed job again where it failed. (i) One whose failback was taken back is over for good.
fn again(job: &mut Job, id: &str) -> Result<(), Refusal> {
    let failed = job.state == JobState::Failed && job.taking_back.is_none();
    let first = job.stages.iter().position(|stage| stage.tasks.iter().any(Task::failed));
    let Some(first) = first.filter(|_| failed) else {
        let message = format!("Job '{id}' has not failed, or it cannot be begun again.");
        return Err(conflict("JobCannotBeRestarted", message));
    };
    for stage in job.stages.iter_mut().skip(first) {
        stage.begun = false;
        let anew = |task: &&mut Task| match &task.state {
            TaskState::Succeeded => false,
            TaskState::Skipped(reason) => reason == FAILED_EARLIER,
            TaskState::Waiting | TaskState::Running | TaskState::Suspended => true,
            TaskState::Failed(_) | TaskState::Cancelled => true,
        };
        for task in stage.tasks.iter_mut().filter(anew) {
            task.state = TaskState::Waiting;
            task.running = None;
            task.ended = None;
            // What was to go wrong once has gone wrong.
            task.acts.retain(|act| !matches!(act, Act::Refuse(_)));
            task.at = task.at.min(task.acts.len());
        }
    }
    job.at = first;
    job.attempt += 1;
    job.state = JobState::InProgress;
    "InProgress".clone_into(&mut job.description);
    job.ended = None;
    Ok(())
}
