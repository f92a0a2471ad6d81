//! A recovery plan as it is stored, as close to the JSON that it came in as its meaning allows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::Timestamp;

use super::item;
use super::job::{Operation, Way};
use super::kept::{Kept, Scenario};
use super::names::instant;
use super::show_item::scenario;
use super::vault::{AZURE, Vault};
use super::view::{View, way};

/// A recovery plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) model: String,
    pub(super) groups: Vec<Group>,
    pub(super) scenario: Option<Scenario>,
    /// The last planned, unplanned and test failover.
    pub(super) last: [Option<Timestamp>; 3],
}

/// A group of a plan: `Shutdown`, `Failover` or `Boot`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) kind: String,
    pub(super) machines: Vec<String>,
    pub(super) before: Vec<Action>,
    pub(super) after: Vec<Action>,
}

/// What is done before or after a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) failover_types: Vec<String>,
    pub(super) directions: Vec<String>,
    pub(super) details: Value,
}

impl Action {
    /// Whether it belongs to an operation in a direction.
    pub(super) fn concerns(&self, operation: Operation, way: Way) -> bool {
        let has = |words: &[String], word: &str| words.iter().any(|own| own.eq_ignore_ascii_case(word));
        has(&self.failover_types, operation.words().0) && has(&self.directions, way.word())
    }

    fn shown(&self) -> Value {
        json!({
            "actionName": self.name,
            "failoverTypes": self.failover_types,
            "failoverDirections": self.directions,
            "customDetails": self.details,
        })
    }
}

impl Plan {
    /// Its machines, group by group.
    pub(super) fn machines(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().flat_map(|group| &group.machines).map(String::as_str)
    }

    /// What may be done with it: what any of its items allows. (i)
    pub(super) fn allowed(&self, vault: &Vault, view: &View, kept: &Kept) -> Vec<&'static str> {
        let mut all = Vec::new();
        for machine in self.machines().filter_map(|name| view.machine(name)) {
            for word in item::allowed(vault, view, kept, machine) {
                // A plan neither changes a point nor reprotects.
                if !matches!(word, "ChangePit" | "ReverseReplicate") && !all.contains(&word) {
                    all.push(word);
                }
            }
        }
        all
    }

    /// As the API shows it.
    pub(super) fn shown(&self, vault: &Vault, view: &View, kept: &Kept) -> Value {
        let mut providers: Vec<&str> = Vec::new();
        for machine in self.machines().filter_map(|name| view.machine(name)) {
            let provider = item::provider(vault.generation, way(vault, machine));
            if !providers.contains(&provider) {
                providers.push(provider);
            }
        }
        let job = self.scenario.as_ref().and_then(|scenario| kept.job(&scenario.job));
        let [planned, unplanned, tested] = self.last.map(|at| at.map(instant));
        json!({
            "id": vault.plan_id(&self.name),
            "name": self.name,
            "type": "Microsoft.RecoveryServices/vaults/replicationRecoveryPlans",
            "properties": {
                "friendlyName": self.name,
                "primaryFabricId": vault.fabric_id(),
                "primaryFabricFriendlyName": vault.home,
                "recoveryFabricId": AZURE,
                "recoveryFabricFriendlyName": AZURE,
                "failoverDeploymentModel": self.model,
                "replicationProviders": providers,
                "allowedOperations": self.allowed(vault, view, kept),
                "lastPlannedFailoverTime": planned,
                "lastUnplannedFailoverTime": unplanned,
                "lastTestFailoverTime": tested,
                "currentScenario": scenario(vault, self.scenario.as_ref()),
                "currentScenarioStatus": job.map(|job| super::show_job::state_word(job.state)),
                "currentScenarioStatusDescription": job.map(|job| job.description.as_str()),
                "groups": self.groups.iter().map(|group| shown(vault, group)).collect::<Vec<_>>(),
                "providerSpecificDetails": [],
            }
        })
    }
}

fn shown(vault: &Vault, group: &Group) -> Value {
    let items = group
        .machines
        .iter()
        .map(|machine| json!({ "id": vault.item_id(machine), "virtualMachineId": vault.item_name(machine) }));
    json!({
        "groupType": group.kind,
        "replicationProtectedItems": items.collect::<Vec<_>>(),
        "startGroupActions": group.before.iter().map(Action::shown).collect::<Vec<_>>(),
        "endGroupActions": group.after.iter().map(Action::shown).collect::<Vec<_>>(),
    })
}
