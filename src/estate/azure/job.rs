//! Jobs: what became of something that was asked for, down to the task that failed, and what the service
//! advises. States are matched loosely, for their list is an open one.

use serde::Deserialize;

use super::id::ArmId;
use super::trouble::{Trouble, said};
use super::wire::{list, object};

/// How deep tasks may hold tasks: a plan's job has groups with machines with steps.
const DEPTH: usize = 8;

/// A job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Job {
    pub(super) activity_id: Option<String>,
    pub(super) scenario_name: Option<String>,
    pub(super) state: Option<String>,
    pub(super) state_description: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(super) tasks: Vec<Task>,
    #[serde(deserialize_with = "list")]
    pub(super) errors: Vec<JobError>,
}

/// A part of a job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Task {
    pub(super) task_id: Option<String>,
    pub(super) friendly_name: Option<String>,
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(super) custom_details: TaskDetails,
    #[serde(deserialize_with = "object")]
    pub(super) group_task_custom_details: GroupTask,
    #[serde(deserialize_with = "list")]
    pub(super) errors: Vec<JobError>,
}

/// The parts of a part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GroupTask {
    #[serde(deserialize_with = "list")]
    pub(super) child_tasks: Vec<Task>,
}

/// What a part is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TaskDetails {
    #[serde(deserialize_with = "object")]
    pub(super) job_task: JobEntity,
    pub(super) skipped_reason: Option<String>,
}

/// The job of one machine within a plan's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct JobEntity {
    pub(super) target_object_id: Option<String>,
    pub(super) target_object_name: Option<String>,
}

/// Why a part failed, in two voices.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct JobError {
    #[serde(deserialize_with = "object")]
    pub(super) service_error_details: ServiceError,
    #[serde(deserialize_with = "object")]
    pub(super) provider_error_details: ProviderError,
    pub(super) task_id: Option<String>,
}

/// What the service says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServiceError {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) possible_causes: Option<String>,
    pub(super) recommended_action: Option<String>,
}

/// What its component on the spot says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ProviderError {
    pub(super) error_code: Option<i64>,
    pub(super) error_message: Option<String>,
    pub(super) possible_causes: Option<String>,
    pub(super) recommended_action: Option<String>,
}

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It goes on, or is a word that nobody knows yet.
    GoesOn,
    /// It waits for a person in the portal.
    Suspended,
    /// It ended well, as far as the whole goes.
    Succeeded,
    /// It ended and did not.
    Failed,
    /// It was cancelled. Jobs write two l's, operations one.
    Cancelled,
}

/// How the state of a job or an operation is meant.
pub(super) fn standing(state: Option<&str>) -> Standing {
    let state = state.unwrap_or_default().to_ascii_lowercase();
    match state.as_str() {
        "succeeded" | "completed" => Standing::Succeeded,
        "failed" => Standing::Failed,
        "cancelled" | "canceled" => Standing::Cancelled,
        "suspended" => Standing::Suspended,
        _ => Standing::GoesOn,
    }
}

impl Job {
    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        standing(self.state.as_deref())
    }

    /// Whether it is said to have ended well only in part.
    pub(super) fn is_partial(&self) -> bool {
        self.state_description.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("PartiallySucceeded"))
    }

    /// The part about one machine, by its item or its name.
    pub(super) fn task_of(&self, item: &ArmId, name: &str) -> Option<&Task> {
        find(&self.tasks, DEPTH, &|task| {
            let about = &task.custom_details.job_task;
            let by_id = about
                .target_object_id
                .as_deref()
                .is_some_and(|id| ArmId::new(id) == *item || id.eq_ignore_ascii_case(item.name()));
            by_id || about.target_object_name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name))
        })
    }

    /// Why it, or its part about one machine, failed.
    pub(super) fn failure(&self, what: &str, part: Option<&Task>) -> Trouble {
        let mut found: Vec<&JobError> = Vec::new();
        if let Some(task) = part {
            errors(std::slice::from_ref(task), DEPTH, &mut found);
        } else {
            errors(&self.tasks, DEPTH, &mut found);
        }
        let own = self
            .errors
            .iter()
            .filter(|error| part.is_none_or(|task| error.task_id.is_none() || error.task_id == task.task_id));
        found.extend(own);
        let step = part.map_or(self.tasks.as_slice(), std::slice::from_ref);
        let step = find(step, DEPTH, &|task| {
            standing(task.state.as_deref()) == Standing::Failed
                && task.group_task_custom_details.child_tasks.is_empty()
        });
        let step = step.and_then(|task| task.friendly_name.as_deref());
        let at = step.map_or_else(String::new, |step| format!(" at `{}`", said(step)));
        match found.first() {
            Some(error) => error.trouble(&format!("{what} failed{at}")),
            None => Trouble::refused(
                "job_failed",
                format!("{what} failed{at}, and the service says no more; see the job in the portal"),
            ),
        }
    }
}

impl JobError {
    /// The service's own code, words, causes and advice, as one sentence.
    fn trouble(&self, what: &str) -> Trouble {
        let (service, provider) = (&self.service_error_details, &self.provider_error_details);
        let number = provider.error_code.filter(|code| *code != 0).map(|code| code.to_string());
        let code = service.code.clone().filter(|code| !code.is_empty()).or(number);
        let code = code.unwrap_or_else(|| "job_failed".to_owned());
        let mut text = what.to_owned();
        let mut add = |before: &str, one: &Option<String>, other: &Option<String>| {
            let one = one.as_deref().filter(|text| !text.trim().is_empty());
            let other = other.as_deref().filter(|text| !text.trim().is_empty());
            if let Some(words) = one.or(other) {
                text.push_str(before);
                text.push_str(said(words).trim_end_matches('.'));
            }
        };
        add(": ", &service.message, &provider.error_message);
        add("; possible causes: ", &service.possible_causes, &provider.possible_causes);
        add("; advised: ", &service.recommended_action, &provider.recommended_action);
        Trouble { message: text, ..Trouble::refused(&code, "") }
    }
}

fn find<'a>(tasks: &'a [Task], depth: usize, is: &dyn Fn(&Task) -> bool) -> Option<&'a Task> {
    let depth = depth.checked_sub(1)?;
    tasks.iter().find_map(|task| {
        if is(task) { Some(task) } else { find(&task.group_task_custom_details.child_tasks, depth, is) }
    })
}

fn errors<'a>(tasks: &'a [Task], depth: usize, found: &mut Vec<&'a JobError>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for task in tasks {
        found.extend(&task.errors);
        errors(&task.group_task_custom_details.child_tasks, depth, found);
    }
}
