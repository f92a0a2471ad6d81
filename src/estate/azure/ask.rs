//! What is sent: bodies in the words of the API description. Texts that look like truth values are texts there:
//! `performShutdown` and `useMultiVmSyncPoint`.

use serde::Serialize;

use super::id::ArmId;

/// Every body has its content in here.
#[derive(Debug, Serialize)]
pub(super) struct Body<T> {
    pub(super) properties: T,
}

/// Which way. Items take any text, plans these two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) enum Direction {
    PrimaryToRecovery,
    RecoveryToPrimary,
}

/// A text that says yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) enum Text {
    True,
    False,
}

impl From<bool> for Text {
    fn from(flag: bool) -> Self {
        if flag { Self::True } else { Self::False }
    }
}

/// Whether the source site is to be asked for anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) enum SourceSite {
    Required,
    NotRequired,
}

/// A failover, a test or a reprotect: what all of them have, and the part of the kind of replication. That is an
/// object on items and a list on plans.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Act<D> {
    pub(super) failover_direction: Direction,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_site_operations: Option<SourceSite>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) network: Option<TestNetwork>,
    pub(super) provider_specific_details: D,
}

/// Where a test comes up. The description leaves the type open; this word is the one that Az.RecoveryServices
/// sends with a network's id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestNetwork {
    pub(super) network_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_id: Option<String>,
}

/// The part of the kind of replication, by `instanceType`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", untagged)]
pub(super) enum Details {
    /// A plan's failover or test.
    Plan {
        instance_type: String,
        recovery_point_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        use_multi_vm_sync_point: Option<Text>,
    },
    /// An item's failover to Azure, modernized.
    RcmUnplanned {
        instance_type: &'static str,
        perform_shutdown: Text,
        #[serde(skip_serializing_if = "Option::is_none")]
        recovery_point_id: Option<String>,
    },
    /// An item's failover or test by a point alone.
    ByPoint {
        instance_type: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        network_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        recovery_point_id: Option<String>,
    },
    /// An item's failover by a word, and by a point where the word says so.
    ByWord {
        instance_type: String,
        recovery_point_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        recovery_point_id: Option<String>,
    },
    /// Home, modernized.
    RcmReprotect {
        instance_type: &'static str,
        reprotect_agent_id: String,
        datastore_name: String,
        log_storage_account_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        policy_id: Option<String>,
    },
    /// To Azure again, modernized.
    RcmBackReprotect {
        instance_type: &'static str,
        process_server_id: String,
        policy_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        run_as_account_id: Option<String>,
    },
    /// Home, classic.
    ClassicReprotect {
        instance_type: &'static str,
        master_target_id: String,
        process_server_id: String,
        retention_drive: String,
        profile_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        datastore_name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        run_as_account_id: Option<String>,
    },
    /// To Azure again, classic.
    ClassicBackReprotect {
        instance_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        master_target_id: Option<String>,
        process_server_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        storage_account_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        log_storage_account_id: Option<String>,
        policy_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        run_as_account_id: Option<String>,
    },
}

/// Another point.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangePoint {
    pub(super) recovery_point_id: String,
    pub(super) provider_specific_details: Details,
}

/// The end of a test.
#[derive(Debug, Serialize)]
pub(super) struct Comments {
    pub(super) comments: &'static str,
}

/// A recovery plan of one group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanOfGroup {
    primary_fabric_id: String,
    recovery_fabric_id: &'static str,
    failover_deployment_model: &'static str,
    groups: Vec<BootGroup>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BootGroup {
    group_type: &'static str,
    replication_protected_items: Vec<ItemOfPlan>,
    start_group_actions: [(); 0],
    end_group_actions: [(); 0],
}

#[derive(Debug, Serialize)]
struct ItemOfPlan {
    id: String,
}

impl PlanOfGroup {
    /// All members in one boot group, without any action.
    pub(super) fn new<'a>(fabric: String, items: impl Iterator<Item = &'a ArmId>) -> Self {
        let items = items.map(|id| ItemOfPlan { id: id.as_str().to_owned() }).collect();
        Self {
            primary_fabric_id: fabric,
            recovery_fabric_id: "Microsoft Azure",
            failover_deployment_model: "ResourceManager",
            groups: vec![BootGroup {
                group_type: "Boot",
                replication_protected_items: items,
                start_group_actions: [],
                end_group_actions: [],
            }],
        }
    }
}
