//! A recovery plan of the service, typed. Properties in; everything that is wrong with them among the faults.

use serde_json::Value;

use crate::base::limits;
use crate::source::codes::exchange as codes;

use super::faults::{Faults, shown};
use super::json::{list, same, text, texts};
use super::template::RawPlan;

/// A recovery plan.
#[derive(Clone, Debug)]
pub(super) struct RecoveryPlan {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) vault: Option<String>,
    /// Where the machines belong: the fabric's name for people.
    pub(super) primary: Option<String>,
    pub(super) recovery: Option<String>,
    /// What replicates: `InMageRcm`, …
    pub(super) providers: Vec<String>,
    pub(super) groups: Vec<PlanGroup>,
    /// Fields that are not known here and hold something.
    pub(super) unknown: Vec<String>,
}

/// What a group is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Shutdown,
    Failover,
    Boot,
    /// A word that is not known here.
    Other(String),
}

/// A group of a recovery plan.
#[derive(Clone, Debug)]
pub(super) struct PlanGroup {
    pub(super) stage: Stage,
    /// The ids of its machines.
    pub(super) items: Vec<String>,
    pub(super) before: Vec<Action>,
    pub(super) after: Vec<Action>,
    pub(super) unknown: Vec<String>,
}

/// Something that is done before or after a group.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) types: Vec<String>,
    pub(super) directions: Vec<String>,
    pub(super) details: Details,
    pub(super) unknown: Vec<String>,
}

/// What an action does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Details {
    /// A person does something and resumes the plan.
    Manual { description: Option<String> },
    /// A script or an automation runbook: its kind for people, and its facts as name and value.
    Program { kind: &'static str, facts: Vec<(&'static str, String)> },
    /// A word that is not known here.
    Other(String),
}

const OF_PLAN: &[&str] = &[
    "friendlyName",
    "primaryFabricId",
    "primaryFabricFriendlyName",
    "recoveryFabricId",
    "recoveryFabricFriendlyName",
    "failoverDeploymentModel",
    "replicationProviders",
    "allowedOperations",
    "lastPlannedFailoverTime",
    "lastUnplannedFailoverTime",
    "lastTestFailoverTime",
    "currentScenario",
    "currentScenarioStatus",
    "currentScenarioStatusDescription",
    "groups",
];
const OF_GROUP: &[&str] = &["groupType", "replicationProtectedItems", "startGroupActions", "endGroupActions"];
const OF_ACTION: &[&str] = &["actionName", "failoverTypes", "failoverDirections", "customDetails"];

/// Reads a plan. Nothing where it has no groups to read.
pub(super) fn read(raw: &RawPlan, faults: &mut Faults) -> Option<RecoveryPlan> {
    let properties = &raw.properties;
    let Some(groups) = properties.get("groups").and_then(Value::as_array) else {
        let says = format!("says no `groups` for the recovery plan `{}`", shown(&raw.name));
        faults.push(codes::FIELD, &says, "export the plan whole, as the service returns it");
        return None;
    };
    if groups.len() > limits::EXCHANGE_PARTS_MAX {
        let says = format!("has more than {} groups in one plan", limits::EXCHANGE_PARTS_MAX);
        faults.push(codes::TOO_LARGE, &says, "cut it down to the recovery plan that is meant");
        return None;
    }
    let groups = groups.iter().zip(1..).map(|(group, number)| read_group(group, number, faults)).collect();
    let fabric = |name: &str, id: &str| {
        text(properties, name)
            .or_else(|| text(properties, id).map(super::json::last_segment))
            .map(str::to_owned)
    };
    Some(RecoveryPlan {
        name: raw.name.clone(),
        id: raw.id.clone(),
        vault: raw.vault.clone(),
        primary: fabric("primaryFabricFriendlyName", "primaryFabricId"),
        recovery: fabric("recoveryFabricFriendlyName", "recoveryFabricId"),
        providers: providers(properties),
        groups,
        unknown: unknown(properties, OF_PLAN),
    })
}

/// What replicates, by what the plan says and by the details that a body to be written names.
fn providers(properties: &Value) -> Vec<String> {
    let mut providers = texts(properties, "replicationProviders");
    for details in list(properties, "providerSpecificInput") {
        providers.extend(text(details, "instanceType").map(str::to_owned));
    }
    providers
}

fn read_group(group: &Value, number: usize, faults: &mut Faults) -> PlanGroup {
    let word = text(group, "groupType").unwrap_or("none");
    let known = [("Shutdown", Stage::Shutdown), ("Failover", Stage::Failover), ("Boot", Stage::Boot)];
    let stage = known.into_iter().find(|(known, _)| same(known, word)).map(|(_, stage)| stage);
    let mut items = Vec::new();
    for item in list(group, "replicationProtectedItems") {
        match text(item, "id") {
            Some(id) => items.push(id.to_owned()),
            None => {
                let says = format!("names a machine without an `id` in group {number}");
                faults.push(codes::FIELD, &says, "export the plan whole, as the service returns it");
            }
        }
    }
    let mut actions = |field: &str| -> Vec<Action> {
        list(group, field).iter().filter_map(|action| read_action(action, number, faults)).collect()
    };
    PlanGroup {
        stage: stage.unwrap_or_else(|| Stage::Other(word.to_owned())),
        items,
        before: actions("startGroupActions"),
        after: actions("endGroupActions"),
        unknown: unknown(group, OF_GROUP),
    }
}

fn read_action(action: &Value, group: usize, faults: &mut Faults) -> Option<Action> {
    let help = "export the plan whole, as the service returns it";
    let Some(name) = text(action, "actionName") else {
        faults.push(codes::FIELD, &format!("has an action without `actionName` in group {group}"), help);
        return None;
    };
    let Some(details) = action.get("customDetails").filter(|details| text(details, "instanceType").is_some())
    else {
        let says = format!("does not say what the action `{}` is, in its `customDetails`", shown(name));
        faults.push(codes::FIELD, &says, help);
        return None;
    };
    let kind = text(details, "instanceType").unwrap_or_default();
    let facts = |fields: [(&'static str, &'static str); 3]| {
        let fact = |(field, label)| text(details, field).map(|value| (label, value.to_owned()));
        fields.into_iter().filter_map(fact).collect()
    };
    let (details, known): (Details, &[&str]) = if same(kind, "ManualActionDetails") {
        (Details::Manual { description: text(details, "description").map(str::to_owned) }, &["description"])
    } else if same(kind, "ScriptActionDetails") {
        let facts = facts([("path", "path"), ("timeout", "timeout"), ("fabricLocation", "at")]);
        (Details::Program { kind: "script", facts }, &["path", "timeout", "fabricLocation"])
    } else if same(kind, "AutomationRunbookActionDetails") {
        let facts = facts([("runbookId", "runbook"), ("timeout", "timeout"), ("fabricLocation", "at")]);
        (Details::Program { kind: "automation runbook", facts }, &["runbookId", "timeout", "fabricLocation"])
    } else {
        (Details::Other(kind.to_owned()), &[])
    };
    let mut strange = unknown(action, OF_ACTION);
    if !matches!(details, Details::Other(_)) {
        let fields: Vec<&str> = known.iter().copied().chain(["instanceType"]).collect();
        strange.extend(action.get("customDetails").map(|it| unknown(it, &fields)).unwrap_or_default());
    }
    Some(Action {
        name: name.to_owned(),
        types: texts(action, "failoverTypes"),
        directions: texts(action, "failoverDirections"),
        details,
        unknown: strange,
    })
}

/// The fields beyond the known ones that hold anything.
fn unknown(value: &Value, known: &[&str]) -> Vec<String> {
    let holds = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let map = value.as_object().into_iter().flatten();
    map.filter(|(key, value)| holds(value) && !known.iter().any(|known| same(known, key)))
        .map(|(key, _)| key.clone())
        .collect()
}
