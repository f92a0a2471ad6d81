//! A protected item as the API shows it.

use serde_json::{Value, json};

use crate::inventory::{Machine, Point, PointKind, Power, Protection};

use super::item;
use super::job::Way;
use super::kept::{Item, Kept, Scenario};
use super::names::{guid, instant};
use super::options::Generation;
use super::show_fabric::policy_name;
use super::vault::{AZURE, Vault};
use super::view::{View, way};

/// What is shown where nothing ever ran.
const NEVER: &str = "1753-01-01T01:01:01Z";

/// An item of the vault.
pub(super) fn item(vault: &Vault, view: &View, kept: &Kept, machine: &Machine) -> Value {
    let name = &machine.name;
    let way = way(vault, machine);
    let remembered = kept.items.get(name);
    let state = item::protection_state(kept, machine);
    let test = item::test_state(kept, name);
    let policy = policy_name(way);
    let time = |of: fn(&Item) -> Option<crate::base::Timestamp>| remembered.and_then(of).map(instant);
    json!({
        "id": vault.item_id(name),
        "name": vault.item_name(name),
        "type": concat!(
            "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/",
            "replicationProtectedItems"
        ),
        "properties": {
            "friendlyName": name,
            "protectedItemType": "VMwareVirtualMachine",
            "protectableItemId": null,
            "recoveryServicesProviderId": null,
            "primaryFabricFriendlyName": vault.home,
            "primaryFabricProvider": provider_of_fabric(vault.generation),
            "recoveryFabricFriendlyName": AZURE,
            "recoveryFabricId": AZURE,
            "primaryProtectionContainerFriendlyName": vault.container(),
            "recoveryProtectionContainerFriendlyName": AZURE,
            "protectionState": state,
            "protectionStateDescription": state,
            "activeLocation": if machine.site == vault.home { "Primary" } else { "Recovery" },
            "testFailoverState": test,
            "testFailoverStateDescription": test,
            "switchProviderState": null,
            "allowedOperations": item::allowed(vault, view, kept, machine),
            "replicationHealth": "Normal",
            "failoverHealth": "Normal",
            "healthErrors": [],
            "policyId": vault.policy_id(policy),
            "policyFriendlyName": policy,
            "lastSuccessfulFailoverTime": time(|item| item.failed_over_at),
            "lastSuccessfulTestFailoverTime": time(|item| item.tested_at),
            "currentScenario": scenario(vault, remembered.and_then(|item| item.scenario.as_ref())),
            "failoverRecoveryPointId": failed_over_to(vault, name, remembered),
            "providerSpecificDetails": details(vault, view, machine, remembered),
            "recoveryContainerId": null,
            "eventCorrelationId": null,
        }
    })
}

/// The last job of something, which stays visible.
pub(super) fn scenario(vault: &Vault, scenario: Option<&Scenario>) -> Value {
    match scenario {
        Some(Scenario { operation, job, at }) => json!({
            "scenarioName": operation.words().0,
            "jobId": vault.job_id(job),
            "startTime": instant(*at),
        }),
        None => json!({ "scenarioName": "None", "jobId": vault.job_id("None"), "startTime": NEVER }),
    }
}

const fn provider_of_fabric(generation: Generation) -> &'static str {
    match generation {
        Generation::Modernized => "InMageRcmFabric",
        Generation::Classic => "VMware",
    }
}

fn failed_over_to(vault: &Vault, machine: &str, item: Option<&Item>) -> Option<String> {
    let point = item.and_then(|item| item.point.as_ref())?;
    Some(vault.point_id(machine, point))
}

fn details(vault: &Vault, view: &View, machine: &Machine, item: Option<&Item>) -> Value {
    let way = way(vault, machine);
    let mut details = match (vault.generation, way) {
        (Generation::Modernized, Way::Forward) => rcm(vault, view, machine, item),
        (Generation::Modernized, Way::Back) => rcm_failback(vault, view, machine),
        (Generation::Classic, Way::Forward | Way::Back) => classic(vault, view, machine),
    };
    if let Some(details) = details.as_object_mut() {
        details.insert("instanceType".to_owned(), item::provider(vault.generation, way).into());
    }
    details
}

fn rcm(vault: &Vault, view: &View, machine: &Machine, item: Option<&Item>) -> Value {
    let newest = newest(view, machine);
    let target = |point: &String| vault.point_id(&machine.name, point);
    json!({
        "internalIdentifier": guid(&["internal", &machine.name]),
        "multiVmGroupName": machine.group,
        "discoveryType": "VMware",
        "processServerId": null,
        "osType": os(machine),
        "primaryNicIpAddress": machine.address.get(&vault.home),
        "targetVmName": machine.name,
        "failoverRecoveryPointId": item.and_then(|item| item.point.as_ref()).map(target),
        "lastRecoveryPointReceived": newest.map(|point| instant(point.at)),
        "lastRecoveryPointId": newest.map(|point| vault.point_id(&machine.name, view.id(point))),
        "lastRpoInSeconds": newest.map(|point| view.now().since(point.at).as_secs()),
        "lastRpoCalculatedTime": newest.map(|_| instant(view.now())),
        "resyncRequired": "false",
        "resyncState": "None",
        "protectedDisks": [{
            "diskId": guid(&["disk", &machine.name]),
            "diskName": "disk0",
            "isOSDisk": "true",
            "logStorageAccountId": log_storage(vault),
            "diskState": "Protected",
            "isInitialReplicationComplete": "true",
        }],
        "unprotectedDisks": null,
        "isAgentRegistrationSuccessfulAfterFailover": registered(machine),
        "vmNics": [{
            "nicId": guid(&["nic", &machine.name]),
            "isPrimaryNic": "true",
            "isSelectedForFailover": "true",
            "sourceIPAddress": machine.address.get(&vault.home),
            "sourceIPAddressType": "Static",
            "targetIPAddress": machine.address.get(&vault.away),
            "targetIPAddressType": "Static",
            "testIPAddress": null,
        }],
        "discoveredVmDetails": discovered(vault, view, machine),
    })
}

fn rcm_failback(vault: &Vault, view: &View, machine: &Machine) -> Value {
    let forward = policy_name(Way::Forward);
    json!({
        "internalIdentifier": guid(&["internal", &machine.name]),
        "azureVirtualMachineId": null,
        "multiVmGroupName": machine.group,
        "reprotectAgentId": null,
        "osType": os(machine),
        "logStorageAccountId": log_storage(vault),
        "targetDataStoreName": "datastore1",
        "targetVmName": machine.name,
        "resyncRequired": "false",
        "resyncState": "None",
        "protectedDisks": [{
            "diskId": guid(&["disk", &machine.name]),
            "diskName": "disk0",
            "isOSDisk": "true",
            "isInitialReplicationComplete": "true",
            "lastSyncTime": newest(view, machine).map(|point| instant(point.at)),
        }],
        "vmNics": [{
            "networkName": null,
            "sourceIpAddress": machine.address.get(&vault.away),
        }],
        "discoveredVmDetails": discovered(vault, view, machine),
        "lastUsedPolicyId": vault.policy_id(forward),
        "lastUsedPolicyFriendlyName": forward,
        "isAgentRegistrationSuccessfulAfterFailover": registered(machine),
    })
}

fn classic(vault: &Vault, view: &View, machine: &Machine) -> Value {
    let newest = newest(view, machine);
    let mut details = json!({
        "vmId": guid(&["internal", &machine.name]),
        "ipAddress": machine.address.get(&machine.site),
        "lastHeartbeat": registered(machine).filter(|on| *on).map(|_| instant(view.now())),
        "processServerId": null,
        "multiVmGroupId": machine.group.as_ref().map(|group| guid(&["group", group])),
        "multiVmGroupName": machine.group,
        "multiVmSyncStatus": if machine.group.is_some() { "Enabled" } else { "Disabled" },
        "rpoInSeconds": newest.map(|point| view.now().since(point.at).as_secs()),
        "lastRpoCalculatedTime": newest.map(|_| instant(view.now())),
        "masterTargetId": null,
        "discoveryType": "vCenter",
        "protectedDisks": [],
        "vmNics": [{
            "nicId": guid(&["nic", &machine.name]),
            "selectionType": "SelectedByUser",
            "ipConfigs": [{
                "name": "primary",
                "isPrimary": true,
                "staticIPAddress": machine.address.get(&vault.home),
                "ipAddressType": "Static",
                "recoveryStaticIPAddress": machine.address.get(&vault.away),
                "recoveryIPAddressType": "Static",
            }],
        }],
        "validationErrors": null,
    });
    // The two providers have the same idea of these, and other names.
    let own = match way(vault, machine) {
        Way::Forward => json!({
            "osType": os(machine),
            "lastRecoveryPointReceived": newest.map(|point| instant(point.at)),
        }),
        Way::Back => json!({ "osDetails": { "osType": os(machine) } }),
    };
    if let (Some(details), Value::Object(own)) = (details.as_object_mut(), own) {
        details.extend(own);
    }
    details
}

/// What vCenter tells of the machine on premises. (i) The words; the description leaves them free.
fn discovered(vault: &Vault, view: &View, machine: &Machine) -> Value {
    let left = machine.left_behind.as_ref().filter(|left| left.site == vault.home);
    let power = match left {
        Some(left) => left.power,
        None if machine.site == vault.home => machine.power,
        // Replicated to, or failed over from: it is there and off.
        None => Some(Power::Off),
    };
    let power = power.map(|power| if power == Power::On { "ON" } else { "OFF" });
    let tools = view.tools(&machine.name).map(|on| if on { "OK" } else { "NotRunning" });
    json!({
        "vCenterFqdn": null,
        "datastores": ["datastore1"],
        "ipAddresses": machine.address.get(&vault.home).map(|address| vec![address]),
        "vmwareToolsStatus": tools,
        "powerStatus": power,
        "osName": machine.os,
        "isDeleted": false,
        "lastDiscoveryTimeInUtc": instant(view.now()),
    })
}

fn newest<'a>(view: &View, machine: &'a Machine) -> Option<&'a Point> {
    // A point that a failover made is none that replication made.
    let replicates = matches!(machine.protection, Protection::Protected | Protection::Resyncing);
    view.usable(machine).find(|point| replicates && point.kind != PointKind::Final)
}

/// Whether the agent is registered; it tells of the copy that serves.
const fn registered(machine: &Machine) -> Option<bool> {
    machine.agent_registered
}

fn os(machine: &Machine) -> &'static str {
    let windows = machine.os.as_deref().is_some_and(|os| os.to_lowercase().contains("windows"));
    if windows { "Windows" } else { "Linux" }
}

fn log_storage(vault: &Vault) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Storage/storageAccounts/logs",
        vault.subscription, vault.resource_group
    )
}
