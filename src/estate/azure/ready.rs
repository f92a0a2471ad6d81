//! Calls that something else has to come before: the recovery plan of a group, which is made where the vault has
//! none. Who asks after such a call moves it on, one at a time, and every step is durable before the next.

use std::time::Duration;

use crate::base::{Clock, SystemClock, Timestamp};
use crate::event::EstateError;

use super::Azure;
use super::acts::{AGAIN, job_of};
use super::ask::{Body, PlanOfGroup};
use super::id::ArmId;
use super::job::{Job, Standing};
use super::journal::{Entry, Waits, request_id};
use super::trouble::{Came, Trouble};
use super::wire::{Plan, Resource};

/// How far a call is.
pub(super) enum Ready {
    /// The service has it.
    Asked(Box<Entry>),
    /// Something has to come before it still; look again then.
    NotYet(Timestamp),
    /// It did not come about.
    Refused(EstateError),
}

impl Azure {
    /// Moves a call on as far as it goes.
    pub(super) async fn made_ready(&self, entry: Entry) -> Result<Ready, Trouble> {
        if entry.is_taken() {
            return Ok(Ready::Asked(Box::new(entry)));
        }
        let _turn = self.sending.lock().await;
        let mut entry = self.written(&entry.key)?;
        if let Some(waits) = entry.waits.clone() {
            if let Some(again) = self.make(&mut entry, waits).await? {
                return Ok(Ready::NotYet(again));
            }
        } else if entry.refused.is_none() {
            match self.look_up(entry.clone()).await {
                Ok(Some(found)) => return Ok(Ready::Asked(Box::new(found))),
                // What had nothing to wait for is sent again by whoever sent it first, or by nobody.
                Ok(None) if entry.body.is_none() => return Ok(Ready::NotYet(soon(AGAIN))),
                Ok(None) => {}
                Err(trouble) if trouble.again => return Ok(Ready::NotYet(soon(AGAIN))),
                Err(trouble) => return Err(trouble),
            }
        }
        if entry.refused.is_none() {
            self.send(&mut entry).await?;
        }
        Ok(match entry.refused.clone() {
            Some((code, message)) => Ready::Refused(EstateError::Refused { code, message }),
            None if entry.is_taken() => Ready::Asked(Box::new(entry)),
            None => Ready::NotYet(soon(AGAIN)),
        })
    }

    /// Makes the plan, or looks whether it is made. Nothing once it is there and what waited may be sent.
    async fn make(&self, entry: &mut Entry, mut waits: Waits) -> Result<Option<Timestamp>, Trouble> {
        if !waits.asked {
            let plan = PlanOfGroup::new(waits.fabric.clone(), waits.items.iter());
            let body = Body { properties: plan };
            let answer = match self.vault.service.put(entry.target.as_str(), &body).await {
                Ok(answer) => answer,
                // To make it again does no harm.
                Err(trouble) if trouble.again => return Ok(Some(soon(AGAIN))),
                Err(trouble) => return self.refuse(entry, trouble).map(|()| None),
            };
            waits.asked = true;
            waits.job = answer.job();
            entry.waits = Some(waits);
            self.journal.write(entry)?;
            return Ok(Some(soon(answer.after.unwrap_or(AGAIN))));
        }
        if let Some(job) = &waits.job {
            let path = format!("{}/replicationJobs/{job}", self.vault.path);
            let answer = self.vault.service.get(&path).await?;
            let job: Resource<Job> = answer.read("the job")?;
            match job.properties.standing() {
                Standing::Succeeded => {}
                Standing::GoesOn | Standing::Suspended => {
                    return Ok(Some(soon(answer.after.unwrap_or(AGAIN))));
                }
                Standing::Failed | Standing::Cancelled => {
                    let trouble = job.properties.failure("making the recovery plan of the group", None);
                    return self.refuse(entry, trouble).map(|()| None);
                }
            }
        }
        let plan: Resource<Plan> = match self.vault.read(&entry.target).await {
            Ok(plan) => plan,
            Err(trouble) if trouble.status == Some(404) => return Ok(Some(soon(AGAIN))),
            Err(trouble) => return Err(trouble),
        };
        entry.before = job_of(&plan.properties.current_scenario);
        entry.waits = None;
        Ok(None)
    }

    /// Sends what waited. Its intent is durable before, without what it waited for.
    async fn send(&self, entry: &mut Entry) -> Result<(), Trouble> {
        entry.at = self.vault.service.now();
        self.journal.write(entry)?;
        let path = format!("{}/{}", entry.target.as_str().trim_end_matches('/'), entry.operation);
        match self.vault.service.post(&path, entry.body.as_ref(), &request_id(&entry.key)).await {
            Ok(answer) => {
                self.take(entry, &answer).await?;
                if !entry.is_taken() {
                    answer.is_of_a_resource(&entry.operation)?;
                    entry.ended = Some(self.detail(entry).await?);
                    self.journal.write(entry)?;
                }
                Ok(())
            }
            Err(trouble) if trouble.came == Came::No && !trouble.again => self.refuse(entry, trouble),
            // It is looked up by the job that its plan shows, and sent again only if none turns up.
            Err(_) => Ok(()),
        }
    }

    fn refuse(&self, entry: &mut Entry, trouble: Trouble) -> Result<(), Trouble> {
        entry.waits = None;
        entry.refused = Some((trouble.code, trouble.message));
        self.journal.write(entry)
    }
}

fn soon(after: Duration) -> Timestamp {
    SystemClock.now().plus(after)
}

/// The job that a link leads to.
pub(super) fn job_in(link: &str) -> Option<String> {
    let path = link.split('?').next().unwrap_or_default();
    ArmId::new(path).after("replicationJobs").map(str::to_owned)
}
