//! What the service answers, as far as it is read. Whatever is not required may be null or missing, and words
//! of its enumerations may be new: recorded answers hold both.

use serde::{Deserialize, Deserializer};

use crate::base::Timestamp;

use super::id::ArmId;

/// A list that may be null.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::<Vec<Option<T>>>::deserialize(deserializer)
        .map(|list| list.unwrap_or_default().into_iter().flatten().collect())
}

/// An object that may be null.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An instant; none where it is missing, or is the service's `never` in the year 1753.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.starts_with("1753-") && !text.starts_with("0001-")).and_then(|text| {
        let text = if text.ends_with('Z') || text.contains('+') { text } else { text + "Z" };
        text.parse().ok()
    }))
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
pub(super) struct Page<T> {
    #[serde(default = "Vec::new", deserialize_with = "list")]
    pub(super) value: Vec<T>,
    #[serde(default)]
    pub(super) next_link: Option<String>,
}

/// A resource.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Resource<T> {
    pub(super) id: ArmId,
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) properties: T,
}

impl<T> Resource<T> {
    /// Its own name: said, or the last part of its id.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or_else(|| self.id.name())
    }
}

/// What is under way or came last.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Scenario {
    pub(super) scenario_name: Option<String>,
    pub(super) job_id: Option<ArmId>,
}

/// A protected item.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Item {
    pub(super) friendly_name: Option<String>,
    pub(super) primary_fabric_friendly_name: Option<String>,
    pub(super) protection_state: Option<String>,
    pub(super) active_location: Option<String>,
    pub(super) test_failover_state: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(super) allowed_operations: Vec<String>,
    #[serde(deserialize_with = "object")]
    pub(super) current_scenario: Scenario,
    pub(super) failover_recovery_point_id: Option<ArmId>,
    #[serde(deserialize_with = "object")]
    pub(super) provider_specific_details: Details,
}

/// The details of an item: the fields of all four kinds that are driven, each of them optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Details {
    pub(super) instance_type: Option<String>,
    pub(super) multi_vm_group_name: Option<String>,
    pub(super) os_type: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(super) os_details: OsDetails,
    pub(super) target_vm_name: Option<String>,
    #[serde(rename = "recoveryAzureVMName")]
    pub(super) recovery_azure_vm_name: Option<String>,
    #[serde(deserialize_with = "instant")]
    pub(super) last_recovery_point_received: Option<Timestamp>,
    pub(super) last_rpo_in_seconds: Option<i64>,
    pub(super) rpo_in_seconds: Option<i64>,
    pub(super) is_agent_registration_successful_after_failover: Option<bool>,
    pub(super) resync_required: Option<String>,
    pub(super) ip_address: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(super) vm_nics: Vec<Nic>,
    #[serde(deserialize_with = "list")]
    pub(super) protected_disks: Vec<Disk>,
    #[serde(deserialize_with = "object")]
    pub(super) discovered_vm_details: Discovered,
    pub(super) log_storage_account_id: Option<String>,
    pub(super) recovery_azure_log_storage_account_id: Option<String>,
    pub(super) recovery_azure_storage_account: Option<String>,
    pub(super) azure_storage_account_id: Option<String>,
    pub(super) last_used_policy_id: Option<ArmId>,
    pub(super) failover_recovery_point_id: Option<String>,
}

/// The system of a classic item on its way home.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OsDetails {
    pub(super) os_type: Option<String>,
}

/// A network interface: the names of both generations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Nic {
    #[serde(rename = "isPrimaryNic")]
    pub(super) is_primary: Option<String>,
    #[serde(rename = "sourceIPAddress", alias = "sourceIpAddress", alias = "primaryNicStaticIPAddress")]
    pub(super) source: Option<String>,
    #[serde(rename = "targetIPAddress", alias = "replicaNicStaticIPAddress")]
    pub(super) target: Option<String>,
    #[serde(rename = "testIPAddress")]
    pub(super) test: Option<String>,
}

/// A disk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Disk {
    pub(super) log_storage_account_id: Option<String>,
}

/// What was discovered of the machine at home.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Discovered {
    #[serde(deserialize_with = "list")]
    pub(super) ip_addresses: Vec<String>,
    pub(super) power_status: Option<String>,
}

/// A recovery point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Point {
    #[serde(deserialize_with = "instant")]
    pub(super) recovery_point_time: Option<Timestamp>,
    pub(super) recovery_point_type: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(super) provider_specific_details: PointDetails,
}

/// The details of a point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PointDetails {
    pub(super) is_multi_vm_sync_point: Option<String>,
}

/// A recovery plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Plan {
    #[serde(deserialize_with = "list")]
    pub(super) groups: Vec<PlanGroup>,
    #[serde(deserialize_with = "object")]
    pub(super) current_scenario: Scenario,
}

/// A group of a recovery plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PlanGroup {
    #[serde(deserialize_with = "list")]
    pub(super) replication_protected_items: Vec<PlanItem>,
    #[serde(deserialize_with = "list")]
    pub(super) start_group_actions: Vec<serde::de::IgnoredAny>,
    #[serde(deserialize_with = "list")]
    pub(super) end_group_actions: Vec<serde::de::IgnoredAny>,
}

/// A machine of a recovery plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanItem {
    pub(super) id: Option<ArmId>,
}

/// A fabric: a site on premises, or Azure.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Fabric {
    pub(super) friendly_name: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(super) custom_details: FabricDetails,
}

/// The servers of a fabric, of both generations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FabricDetails {
    #[serde(deserialize_with = "list")]
    pub(super) process_servers: Vec<Server>,
    #[serde(deserialize_with = "list")]
    pub(super) reprotect_agents: Vec<Server>,
    #[serde(deserialize_with = "list")]
    pub(super) master_target_servers: Vec<Server>,
    #[serde(deserialize_with = "list")]
    pub(super) run_as_accounts: Vec<Account>,
}

/// A process server, a reprotect agent or a master target.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Server {
    pub(super) id: Option<String>,
    #[serde(alias = "friendlyName")]
    pub(super) name: Option<String>,
    pub(super) health: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(super) accessible_datastores: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(super) retention_volumes: Vec<Volume>,
    #[serde(deserialize_with = "list")]
    pub(super) data_stores: Vec<DataStore>,
}

/// A volume of a master target.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Volume {
    pub(super) volume_name: Option<String>,
}

/// A datastore that a master target reaches.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DataStore {
    pub(super) symbolic_name: Option<String>,
}

/// An account of the configuration server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Account {
    pub(super) account_id: Option<String>,
    pub(super) account_name: Option<String>,
}

/// A policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Policy {
    pub(super) friendly_name: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(super) provider_specific_details: PolicyDetails,
}

/// What a policy is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PolicyDetails {
    pub(super) instance_type: Option<String>,
}
