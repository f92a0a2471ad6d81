//! Moves a job at one instant: begins its stages, asks the estate for acts, takes in what became of them. Keys
//! follow from the job, so that asking again after a restart never acts twice.

use indexmap::IndexMap;

use crate::base::{Digest, Timestamp, words};
use crate::estate::Estate as _;
use crate::estate::sim::Sim;
use crate::event::{EstateError, Found, Handle, Key, Network, Progress, Request, Submitted};
use crate::model::{ShutdownSpec, ShutdownThen};

use super::bind::bind;
use super::job::{
    Act, FAILED_EARLIER, Job, JobError, JobState, OnError, Operation, Running, Stage, Subject, Task,
    TaskState, Way,
};
use super::kept::{Item, TestState};
use super::options::Generation;
use super::program;
use super::vault::Vault;
use super::view::View;

/// How long a guest may take to shut down before its power is cut. (i)
const SHUTDOWN: ShutdownSpec =
    ShutdownSpec { guest: std::time::Duration::from_secs(300), then: ShutdownThen::PowerOff };
/// The least time until an act is looked at again.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// What a job is moved with.
#[derive(Debug)]
pub(super) struct Hands<'a> {
    pub(super) sim: &'a Sim,
    pub(super) vault: &'a Vault,
    pub(super) items: &'a mut IndexMap<String, Item>,
    pub(super) now: Timestamp,
}

/// Moves a job by one stage's beginning or end, or its tasks as far as they go. Says whether anything changed;
/// the caller writes that down before it calls again, so that what was bound is kept before it is acted on.
pub(super) async fn step(hands: &mut Hands<'_>, job: &mut Job) -> bool {
    let place = job.at;
    let Some(stage) = job.stages.get(place) else {
        finish(job, hands.now);
        return true;
    };
    if !stage.begun {
        begin(hands, job).await;
        return true;
    }
    let mut moved = false;
    for number in 0..stage.tasks.len() {
        moved |= run(hands, job, number).await;
    }
    let Some(stage) = job.stages.get(place) else { return moved };
    if stage.tasks.iter().all(Task::is_over) {
        close(hands, job).await;
        return true;
    }
    let waits = stage.tasks.iter().any(|task| task.state == TaskState::Suspended);
    let state = if waits { JobState::Suspended } else { JobState::InProgress };
    moved |= job.state != state;
    job.state = state;
    moved
}

/// Whether an error of a stage ends in the state before the job: only the way home of an appliance.
pub(super) fn takes_back(vault: &Vault, job: &Job) -> bool {
    vault.generation == Generation::Modernized
        && job.operation == Operation::PlannedFailover
        && job.way == Some(Way::Back)
        && job.taking_back.is_none()
}

/// Turns a job round: what it has begun is taken back, and then it ends in the given state.
pub(super) async fn turn_round(sim: &Sim, job: &mut Job, end: JobState) {
    let failed = failed(job);
    let inventory = sim.inventory().await;
    let machines: Vec<&str> = job.machines();
    let stage = inventory.ok().map(|inventory| program::taking_back(&View { inventory }, &machines, &failed));
    job.stages.truncate(job.at + 1);
    job.stages.extend(stage);
    job.at += 1;
    job.taking_back = Some(end);
    job.state = JobState::InProgress;
}

/// The machines that failed so far.
fn failed(job: &Job) -> Vec<String> {
    job.tasks().filter(|task| task.failed()).flat_map(|task| task.machines().to_vec()).collect()
}

/// Begins a stage: its points are bound for all machines at one look, and whoever failed before is left out.
async fn begin(hands: &Hands<'_>, job: &mut Job) {
    let failed = failed(job);
    let back = job.taking_back.is_some();
    let Some(stage) = job.stages.get_mut(job.at) else { return };
    stage.begun = true;
    for task in stage.tasks.iter_mut().filter(|task| !task.is_over() && !back) {
        if task.machines().iter().any(|machine| failed.contains(machine)) {
            task.state = TaskState::Skipped(FAILED_EARLIER.to_owned());
        }
    }
    let Some(pick) = &stage.binds else { return };
    let waiting = |stage: &Stage| -> Vec<String> {
        let open = stage.tasks.iter().filter(|task| !task.is_over());
        open.flat_map(|task| task.machines().to_vec()).collect()
    };
    let bound = match hands.sim.inventory().await {
        Ok(inventory) => bind(&View { inventory }, &waiting(stage), pick),
        Err(error) => {
            let lost = |name: String| (name.clone(), Err(Box::new(told(&error, &name))));
            waiting(stage).into_iter().map(lost).collect()
        }
    };
    for (machine, bound) in bound {
        match bound {
            Ok(point) => drop(job.points.insert(machine, point)),
            Err(error) => {
                let task = stage.tasks.iter_mut().find(|task| task.machines().contains(&machine));
                task.into_iter().for_each(|task| end(task, TaskState::Failed(*error.clone()), hands.now));
            }
        }
    }
}

/// Ends a stage, and the job where its rule says so.
async fn close(hands: &Hands<'_>, job: &mut Job) {
    let failed = job.stages.get(job.at).is_some_and(|stage| stage.tasks.iter().any(Task::failed));
    if failed && takes_back(hands.vault, job) {
        return turn_round(hands.sim, job, JobState::Failed).await;
    }
    job.at += 1;
    if failed && job.on_error == OnError::Stop {
        for task in job.stages.iter_mut().skip(job.at).flat_map(|stage| &mut stage.tasks) {
            task.state = TaskState::Cancelled;
        }
        job.at = job.stages.len();
    }
}

/// Ends a job whose stages are over.
fn finish(job: &mut Job, now: Timestamp) {
    job.ended = Some(now);
    let of = |wanted: fn(&Task) -> bool| job.tasks().filter(|task| wanted(task)).count();
    let failed: Vec<String> = failed(job);
    let skipped = of(|task| matches!(task.state, TaskState::Skipped(_)));
    let informed = of(|task| task.tolerated && matches!(task.state, TaskState::Failed(_))) > 0;
    let all = job.machines().iter().all(|machine| failed.iter().any(|other| other == machine));
    let (state, description) = match job.taking_back {
        Some(state @ JobState::Cancelled) => (state, "Cancelled"),
        Some(state) => (state, "Failed"),
        None if failed.is_empty() && skipped == job.tasks().count() && skipped > 0 => {
            (JobState::Succeeded, "Skipped")
        }
        None if failed.is_empty() && informed => (JobState::Succeeded, "CompletedWithInformation"),
        None if failed.is_empty() => (JobState::Succeeded, "Completed"),
        None if all || job.on_error == OnError::Stop => (JobState::Failed, "Failed"),
        // (i) An unplanned failover of which some machines failed has succeeded in part.
        None => (JobState::Succeeded, "PartiallySucceeded"),
    };
    job.state = state;
    description.clone_into(&mut job.description);
}

/// Runs a task as far as it goes at this instant.
async fn run(hands: &mut Hands<'_>, job: &mut Job, number: usize) -> bool {
    let Some(mut task) = job.stages.get(job.at).and_then(|stage| stage.tasks.get(number)).cloned() else {
        return false;
    };
    let before = task.clone();
    while !task.is_over() && task.state != TaskState::Suspended {
        if task.state == TaskState::Waiting {
            task.state = TaskState::Running;
            task.started = Some(hands.now);
        }
        if matches!(task.subject, Subject::Manual { .. }) && task.observation.is_none() {
            task.state = TaskState::Suspended;
        } else if !once(hands, job, number, &mut task).await {
            break;
        }
    }
    let moved = task != before;
    if let Some(place) = job.stages.get_mut(job.at).and_then(|stage| stage.tasks.get_mut(number)) {
        *place = task;
    }
    moved
}

/// One look at an act, or its beginning; false where there is nothing but to wait.
async fn once(hands: &mut Hands<'_>, job: &Job, number: usize, task: &mut Task) -> bool {
    let Some(act) = task.acts.get(task.at).cloned() else {
        end(task, TaskState::Succeeded, hands.now);
        return true;
    };
    let machine = task.machines().first().cloned().unwrap_or_default();
    let answer = match &task.running {
        Some(running) if running.due > hands.now => return false,
        Some(Running { handle: Some(handle), .. }) => polled(hands.sim.poll(handle).await, &machine),
        Some(Running { handle: None, .. }) => Answered::Done,
        None => match request(job, task.machines(), &act) {
            Wanted::Time(seconds) => {
                let due = hands.now.plus(std::time::Duration::from_secs(seconds));
                task.running = Some(Running { handle: None, due });
                return false;
            }
            Wanted::Refusal(error) => Answered::Failed(error),
            Wanted::Request(request) => {
                asked(hands.sim, &key(job, number, task.at), &request, hands.now).await
            }
        },
    };
    match answer {
        Answered::Goes(handle, at) => {
            let handle = handle.or_else(|| task.running.take().and_then(|running| running.handle));
            task.running = Some(Running { handle, due: at.max(hands.now.plus(LOOK)) });
            return false;
        }
        Answered::Done => {
            task.running = None;
            task.at += 1;
            note(hands, job, &act, task.machines());
        }
        Answered::Failed(error) => {
            task.running = None;
            if matches!(act, Act::FailOver { mode: None, .. }) {
                // (i) What a failed test has left is cleaned up like what a good one made.
                hands.items.entry(machine).or_default().test = TestState::WaitingForCleanup;
            }
            end(task, TaskState::Failed(error), hands.now);
        }
    }
    true
}

fn end(task: &mut Task, state: TaskState, now: Timestamp) {
    task.state = state;
    task.started = task.started.or(Some(now));
    task.ended = Some(now);
}

/// What became of an act that was asked for or looked at.
enum Answered {
    /// It goes on until an instant; the handle where it is new.
    Goes(Option<Handle>, Timestamp),
    Done,
    Failed(JobError),
}

fn polled(answer: Result<Progress, EstateError>, machine: &str) -> Answered {
    match answer {
        Ok(Progress::Running(at)) => Answered::Goes(None, at),
        Ok(Progress::Done(_)) => Answered::Done,
        Ok(Progress::Failed(error)) | Err(error) => Answered::Failed(told(&error, machine)),
    }
}

/// Asks for an act; where no answer comes, what became of it is looked up, as a service does with its own parts.
async fn asked(sim: &Sim, key: &Key, request: &Request, now: Timestamp) -> Answered {
    let machine = request.machines().first().map_or("", String::as_str);
    match sim.submit(key, request).await {
        Ok(Submitted::Done(_)) => Answered::Done,
        Ok(Submitted::Accepted(handle, at)) => Answered::Goes(Some(handle), at),
        Err(unknown @ EstateError::Unknown { .. }) => match sim.find(key, request, now).await {
            Ok(Found::Done(_)) => Answered::Done,
            Ok(Found::Running(handle)) => Answered::Goes(Some(handle), now),
            Ok(Found::Failed(error)) | Err(error) => Answered::Failed(told(&error, machine)),
            Ok(Found::NeverArrived | Found::CannotTell(_)) => Answered::Failed(told(&unknown, machine)),
        },
        Err(error) => Answered::Failed(told(&error, machine)),
    }
}

/// The name of one act, the same after a restart, another when the job is started again.
fn key(job: &Job, number: usize, act: usize) -> Key {
    let place = format!("{}/{}/{number}/{act}/{}", job.id, job.at, job.attempt);
    let digest = Digest::of(&[b"azure stand-in", place.as_bytes()]);
    Key::from_text(digest.as_str().get(..24).unwrap_or_default())
}

/// What an act wants.
enum Wanted {
    Request(Request),
    Time(u64),
    Refusal(JobError),
}

fn request(job: &Job, machines: &[String], act: &Act) -> Wanted {
    let machine = machines.first().cloned().unwrap_or_default();
    let point = job.points.get(&machine).map(|(point, _)| point.clone()).unwrap_or_default();
    Wanted::Request(match act {
        Act::Wait(seconds) => return Wanted::Time(*seconds),
        Act::Refuse(error) => return Wanted::Refusal(error.clone()),
        Act::ProcessPending => Request::ProcessPending { machines: machines.to_vec() },
        Act::ShutDown => Request::ShutDown { machine, spec: SHUTDOWN },
        Act::TakeFinal => Request::TakeFinal { machines: machines.to_vec() },
        Act::FailOver { mode, to } => {
            let network = Network { name: job.said.get("networkId").cloned(), address: None };
            Request::FailOver { machine, point, mode: *mode, to: to.clone(), network }
        }
        Act::Start { test } => Request::Start { machine, test: *test },
        Act::ChangePoint => Request::ChangePoint { machine, point },
        Act::RollBack => Request::RollBack { machine, start_source: true },
        Act::Commit => Request::Commit { machine },
        Act::Reprotect { to, via } => Request::Reprotect { machine, to: to.clone(), via: via.clone() },
        Act::CleanUp => Request::CleanUp { machine },
    })
}

/// Remembers of each machine what was done to it.
fn note(hands: &mut Hands<'_>, job: &Job, act: &Act, machines: &[String]) {
    for machine in machines {
        let point = job.points.get(machine).map(|(point, _)| point.clone());
        let item = hands.items.entry(machine.clone()).or_default();
        match act {
            Act::FailOver { mode: None, .. } => {
                item.test = TestState::WaitingForCleanup;
                item.tested_at = Some(hands.now);
            }
            Act::FailOver { mode: Some(_), .. } => {
                item.planned = job.operation == Operation::PlannedFailover;
                item.point = point;
                item.failed_over_at = Some(hands.now);
            }
            Act::ChangePoint => item.point = point,
            Act::RollBack | Act::Reprotect { .. } => item.point = None,
            Act::CleanUp => item.test = TestState::None,
            Act::ProcessPending
            | Act::ShutDown
            | Act::TakeFinal
            | Act::Start { .. }
            | Act::Commit
            | Act::Wait(_)
            | Act::Refuse(_) => {}
        }
    }
}

/// An error of the estate as a job shows it. (i) The real codes are numbers that nobody has listed: which one
/// says that the agent is not installed is not documented, so the stand-in's codes are words of its own.
fn told(error: &EstateError, machine: &str) -> JobError {
    let (code, message) = match error {
        EstateError::Retry { code, message } | EstateError::Refused { code, message } => {
            (code.as_str(), message)
        }
        EstateError::Unknown { message } => ("no_answer", message),
    };
    let (code, text, action, number) = match code {
        "agent_not_registered" => (
            "MobilityAgentNotInstalled".to_owned(),
            format!("The mobility agent is not installed on '{machine}', or it is not registered."),
            "After the machine has booted the agent takes up to 15 minutes to register. Wait, and try again.",
            // (i) No documented number.
            1,
        ),
        // Documented for classic reprotection: the machine is not running.
        "machine_off" => (pascal(code), message.clone(), "Start the machine, and try again.", 78093),
        other => (pascal(other), message.clone(), "Mend what the message names, and try again.", 1),
    };
    let causes = words::clean(message);
    JobError {
        code,
        message: text,
        causes,
        action: action.to_owned(),
        provider: Some((number, message.clone())),
    }
}

fn pascal(code: &str) -> String {
    let mut out = String::new();
    for part in code.split('_') {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}
