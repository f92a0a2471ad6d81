//! Jobs as the API shows them, and the status of the operation that each of them is.

use serde_json::{Map, Value, json};

use super::item_calls::target;
use super::job::{About, Job, JobError, JobState, Operation, Stage, Subject, Task, TaskState};
use super::names::{guid, instant};
use super::vault::Vault;

/// The id of the operation that a job is.
pub(super) fn operation_of(job: &str) -> String {
    guid(&["operation", job])
}

/// `state` of a job.
pub(super) const fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::InProgress => "InProgress",
        JobState::Suspended => "Suspended",
        JobState::Succeeded => "Succeeded",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Cancelled",
    }
}

/// The status of a job's operation, in ARM's words and not in those of jobs.
pub(super) fn status(vault: &Vault, job: &Job) -> Value {
    let id = operation_of(&job.id);
    let status = match job.state {
        JobState::InProgress | JobState::Suspended => "InProgress",
        JobState::Succeeded => "Succeeded",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Canceled",
    };
    let mut body = json!({
        "id": vault.id_of(&format!("replicationOperationStatus/{id}")),
        "name": id,
        "status": status,
        "startTime": instant(job.started),
    });
    let end = job.ended.map(|at| ("endTime", instant(at).into()));
    let first = failures(job).into_iter().next().filter(|_| job.state == JobState::Failed);
    let error = first.map(|(_, error)| {
        let code = error.code.clone();
        ("error", json!({ "code": code, "message": format!("{} {}", error.message, error.causes) }))
    });
    if let Some(body) = body.as_object_mut() {
        body.extend(
            end.into_iter().chain(error).map(|(name, value): (&str, Value)| (name.to_owned(), value)),
        );
    }
    body
}

/// A job.
pub(super) fn job(vault: &Vault, job: &Job) -> Value {
    let (object, name, kind) = target(vault, job);
    let (scenario, title, _) = job.operation.words();
    let tasks: Vec<Value> = match &job.about {
        About::Item(_) => job.tasks().map(|own| task(vault, job, own)).collect(),
        About::Plan(_) => {
            let numbered = job.stages.iter().enumerate();
            numbered.map(|(number, stage)| group(vault, job, number, stage)).collect()
        }
    };
    let errors = failures(job).into_iter().map(|(task, error)| shown_error(job, task, error));
    json!({
        "id": vault.job_id(&job.id),
        "name": job.id,
        "type": "Microsoft.RecoveryServices/vaults/replicationJobs",
        "properties": {
            "activityId": job.activity,
            "scenarioName": scenario,
            "friendlyName": title,
            "state": state_word(job.state),
            "stateDescription": description(job),
            "tasks": tasks,
            "errors": errors.collect::<Vec<_>>(),
            "startTime": instant(job.started),
            "endTime": job.ended.map(instant),
            "allowedActions": actions(job),
            "targetObjectId": object,
            "targetObjectName": name,
            "targetInstanceType": kind,
            "customDetails": details(vault, job),
        }
    })
}

fn description(job: &Job) -> &str {
    match job.state {
        JobState::Suspended => "WaitingForManualAction",
        _ => &job.description,
    }
}

fn actions(job: &Job) -> Vec<&'static str> {
    let mut all = Vec::new();
    if job.state == JobState::Suspended {
        all.push("Resume");
    }
    if job.can_be_cancelled() {
        all.push("Cancel");
    }
    if job.state == JobState::Failed && job.taking_back.is_none() {
        all.push("Restart");
    }
    all
}

fn failures(job: &Job) -> Vec<(&Task, &JobError)> {
    let mut all = Vec::new();
    for task in job.tasks() {
        if let TaskState::Failed(error) = &task.state {
            all.push((task, error));
        }
    }
    all
}

fn task_id(job: &Job, task: &Task) -> String {
    let whom = task.machines().join(" ");
    guid(&["task", &job.id, &task.name, &whom])
}

fn shown_error(job: &Job, task: &Task, error: &JobError) -> Value {
    let provider = error.provider.as_ref().map(|(number, message)| {
        json!({
            "errorCode": number,
            "errorMessage": message,
            "errorId": error.code,
            "possibleCauses": error.causes,
            "recommendedAction": error.action,
        })
    });
    json!({
        "serviceErrorDetails": {
            "code": error.code,
            "message": error.message,
            "possibleCauses": error.causes,
            "recommendedAction": error.action,
            "activityId": job.activity,
        },
        "providerErrorDetails": provider,
        "errorLevel": if task.tolerated { "Warning" } else { "Error" },
        "creationTime": task.ended.map(instant),
        "taskId": task_id(job, task),
    })
}

/// A stage of a plan's job: a task that groups those of its machines.
fn group(vault: &Vault, job: &Job, number: usize, stage: &Stage) -> Value {
    let children: Vec<Value> = stage.tasks.iter().map(|own| task(vault, job, own)).collect();
    let started = stage.tasks.iter().filter_map(|task| task.started).min();
    let over = stage.begun && stage.tasks.iter().all(Task::is_over);
    let ended = stage.tasks.iter().filter_map(|task| task.ended).max().filter(|_| over);
    let any = |wanted: fn(&TaskState) -> bool| stage.tasks.iter().any(|task| wanted(&task.state));
    let state = if !stage.begun {
        "NotStarted"
    } else if any(|state| matches!(state, TaskState::Suspended)) {
        "Suspended"
    } else if !over {
        "InProgress"
    } else if any(|state| matches!(state, TaskState::Failed(_))) {
        "Failed"
    } else if any(|state| matches!(state, TaskState::Cancelled)) {
        "Cancelled"
    } else {
        "Succeeded"
    };
    let mut details = json!({ "instanceType": "InlineWorkflowTaskDetails", "childTasks": children });
    if let (Some(kind), Some(details)) = (&stage.group, details.as_object_mut()) {
        details.insert("instanceType".to_owned(), "RecoveryPlanGroupTaskDetails".into());
        details.insert("name".to_owned(), stage.name.as_str().into());
        details.insert("groupId".to_owned(), guid(&["group task", &job.id, &number.to_string()]).into());
        details.insert("rpGroupType".to_owned(), kind.as_str().into());
    }
    json!({
        "taskId": guid(&["stage", &job.id, &number.to_string()]),
        "name": stage.name,
        "startTime": started.map(instant),
        "endTime": ended.map(instant),
        "allowedActions": [],
        "friendlyName": stage.name,
        "state": state,
        "stateDescription": state,
        "taskType": "GroupTaskDetails",
        "customDetails": null,
        "groupTaskCustomDetails": details,
        "errors": [],
    })
}

fn task(vault: &Vault, job: &Job, task: &Task) -> Value {
    let (state, description) = match &task.state {
        TaskState::Waiting => ("NotStarted", "NotStarted"),
        TaskState::Running => ("InProgress", "InProgress"),
        TaskState::Suspended => ("Suspended", "WaitingForManualAction"),
        TaskState::Succeeded => ("Succeeded", "Completed"),
        TaskState::Skipped(_) => ("Succeeded", "Skipped"),
        TaskState::Failed(_) => ("Failed", "Failed"),
        TaskState::Cancelled => ("Cancelled", "Cancelled"),
    };
    let error = match &task.state {
        TaskState::Failed(error) => vec![shown_error(job, task, error)],
        TaskState::Waiting | TaskState::Running | TaskState::Suspended => Vec::new(),
        TaskState::Succeeded | TaskState::Skipped(_) | TaskState::Cancelled => Vec::new(),
    };
    json!({
        "taskId": task_id(job, task),
        "name": task.name,
        "startTime": task.started.map(instant),
        "endTime": task.ended.map(instant),
        "allowedActions": if task.state == TaskState::Suspended { vec!["Resume"] } else { Vec::new() },
        "friendlyName": task.name,
        "state": state,
        "stateDescription": description,
        "taskType": "TaskDetails",
        "customDetails": of_task(vault, job, task),
        "groupTaskCustomDetails": null,
        "errors": error,
    })
}

/// (i) A task of several machines, as a point taken of a group together, names the first of them as its object.
fn of_task(vault: &Vault, job: &Job, task: &Task) -> Value {
    match &task.subject {
        Subject::Machines(machines) => {
            let first = machines.first().map_or("", String::as_str);
            let reason = match &task.state {
                TaskState::Skipped(reason) => Some(reason.as_str()),
                TaskState::Waiting | TaskState::Running | TaskState::Suspended => None,
                TaskState::Succeeded | TaskState::Failed(_) | TaskState::Cancelled => None,
            };
            json!({
                "instanceType": "VirtualMachineTaskDetails",
                "jobTask": {
                    "jobId": vault.job_id(&job.id),
                    "jobFriendlyName": job.operation.words().1,
                    "targetObjectId": vault.item_name(first),
                    "targetObjectName": machines.join(", "),
                    "targetInstanceType": "ProtectionEntity",
                    "jobScenarioName": job.operation.words().0,
                },
                "skippedReason": reason.map(|_| "AlreadyDone"),
                "skippedReasonString": reason,
            })
        }
        Subject::Manual { name, instructions } => json!({
            "instanceType": "ManualActionTaskDetails",
            "name": name,
            "instructions": instructions,
            "observation": task.observation,
        }),
        Subject::Script { name, details } => script(name, details),
        Subject::Service => Value::Null,
    }
}

fn script(name: &str, details: &Value) -> Value {
    let text = |field: &str| details.get(field).cloned().unwrap_or(Value::Null);
    let primary = details.get("fabricLocation").and_then(Value::as_str) == Some("Primary");
    match details.get("instanceType").and_then(Value::as_str) {
        Some("AutomationRunbookActionDetails") => json!({
            "instanceType": "AutomationRunbookTaskDetails",
            "name": name,
            "runbookId": text("runbookId"),
            "jobOutput": null,
            "isPrimarySideScript": primary,
        }),
        _ => json!({
            "instanceType": "ScriptActionTaskDetails",
            "name": name,
            "path": text("path"),
            "output": null,
            "isPrimarySideScript": primary,
        }),
    }
}

fn details(vault: &Vault, job: &Job) -> Value {
    let items: Vec<Value> = job
        .points
        .iter()
        .map(|(machine, (point, at))| {
            json!({
                "name": vault.item_name(machine),
                "friendlyName": machine,
                "testVmName": (job.operation == Operation::TestFailover).then(|| format!("{machine}-test")),
                "networkConnectionStatus": null,
                "recoveryPointId": vault.point_id(machine, point),
                "recoveryPointTime": instant(*at),
            })
        })
        .collect();
    let affected: Map<String, Value> = [("PrimaryFabricName", vault.home.as_str().into())]
        .into_iter()
        .map(|(name, value): (&str, Value)| (name.to_owned(), value))
        .collect();
    match job.operation {
        Operation::TestFailover => json!({
            "instanceType": "TestFailoverJobDetails",
            "affectedObjectDetails": affected,
            "testFailoverStatus": state_word(job.state),
            "comments": job.said.get("comments"),
            "networkType": job.said.get("networkType"),
            "networkName": job.said.get("networkId"),
            "protectedItemDetails": items,
        }),
        Operation::UnplannedFailover | Operation::PlannedFailover | Operation::ChangePoint => json!({
            "instanceType": "FailoverJobDetails",
            "affectedObjectDetails": affected,
            "protectedItemDetails": items,
        }),
        Operation::TestFailoverCleanup
        | Operation::Commit
        | Operation::Cancel
        | Operation::Reprotect
        | Operation::PutPlan
        | Operation::UpdatePlan
        | Operation::DeletePlan => {
            json!({ "instanceType": "AsrJobDetails", "affectedObjectDetails": affected })
        }
    }
}
