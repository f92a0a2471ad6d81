//! Fabrics, containers and policies as the API shows them.

use serde_json::{Value, json};

use super::names::{guid, instant};
use super::options::Generation;
use super::vault::{Vault, agent_id, server_id};
use super::view::View;

/// Names of the policy forward and of the one that comes with a failback.
pub(super) const POLICIES: [&str; 2] = ["24-hour-retention", "24-hour-retention-failback"];

/// The fabric on premises.
pub(super) fn fabric(vault: &Vault, view: &View) -> Value {
    let details = match vault.generation {
        Generation::Modernized => modernized(vault, view),
        Generation::Classic => classic(vault, view),
    };
    json!({
        "id": vault.fabric_id(),
        "name": vault.fabric,
        "type": "Microsoft.RecoveryServices/vaults/replicationFabrics",
        "properties": {
            "friendlyName": vault.home,
            "encryptionDetails": { "kekState": "None", "kekCertThumbprint": null },
            "rolloverEncryptionDetails": { "kekState": "None", "kekCertThumbprint": null },
            "internalIdentifier": guid(&["fabric", &vault.home]),
            "bcdrState": "Valid",
            "customDetails": details,
            "healthErrorDetails": [],
            "health": "Normal",
        }
    })
}

/// (i) A process server of the estate is shown as a process server and as a reprotect agent, whatever its site: an
/// appliance holds both parts, and the estate has one name for them.
fn modernized(vault: &Vault, view: &View) -> Value {
    let heard = instant(view.now());
    let servers = view.inventory.process_servers.iter().map(|server| {
        json!({
            "id": server_id(&server.name),
            "name": server.name,
            "fqdn": null,
            "version": "9.60.0.0",
            "lastHeartbeatUtc": heard,
            "health": health(server.healthy),
            "healthErrors": [],
            "protectedItemCount": vault.machines().count(),
        })
    });
    let agents = view.inventory.process_servers.iter().map(|server| {
        json!({
            "id": agent_id(&server.name),
            "name": server.name,
            "version": "9.60.0.0",
            "lastHeartbeatUtc": heard,
            "health": health(server.healthy),
            "healthErrors": [],
            "protectedItemCount": 0,
            "accessibleDatastores": ["datastore1"],
            "vcenterId": vault.id_of(&format!("replicationFabrics/{}/replicationvCenters/vcenter", vault.fabric)),
            "lastDiscoveryInUtc": heard,
        })
    });
    json!({
        "instanceType": "InMageRcm",
        "vmwareSiteId": null,
        "processServers": servers.collect::<Vec<_>>(),
        "reprotectAgents": agents.collect::<Vec<_>>(),
        "rcmProxies": [],
        "dras": null,
    })
}

fn classic(vault: &Vault, view: &View) -> Value {
    let heard = instant(view.now());
    let servers = view.inventory.process_servers.iter().map(|server| {
        json!({
            "friendlyName": server.name,
            "id": server_id(&server.name),
            "osType": "Windows",
            "lastHeartbeat": heard,
            "machineCount": vault.machines().count().to_string(),
            "health": health(server.healthy),
            "healthErrors": [],
        })
    });
    json!({
        "instanceType": "VMware",
        "processServers": servers.collect::<Vec<_>>(),
        "masterTargetServers": [{
            "id": vault.master_target_id(),
            "name": format!("mt-{}", vault.fabric),
            "osType": "Linux",
            "lastHeartbeat": heard,
            "retentionVolumes": [{
                "volumeName": "/mnt/retention",
                "capacityInBytes": 1_099_511_627_776_i64,
                "freeSpaceInBytes": 549_755_813_888_i64,
                "thresholdPercentage": 25,
            }],
            "dataStores": [{
                "symbolicName": "datastore1",
                "uuid": guid(&["datastore", &vault.home]),
                "capacity": "2048",
                "freeSpace": "1024",
                "type": "VMFS",
            }],
            "validationErrors": [],
            "diskCount": 8,
        }],
        "runAsAccounts": [{ "accountId": "1", "accountName": "vcenter" }],
        "lastHeartbeat": heard,
        "hostName": format!("cs-{}", vault.fabric),
    })
}

const fn health(healthy: bool) -> &'static str {
    if healthy { "Normal" } else { "Critical" }
}

/// The container in it.
pub(super) fn container(vault: &Vault) -> Value {
    let kind = match vault.generation {
        Generation::Modernized => "VMwareV2",
        Generation::Classic => "VMware",
    };
    json!({
        "id": vault.container_id(),
        "name": vault.container(),
        "type": "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers",
        "properties": {
            "fabricFriendlyName": vault.home,
            "friendlyName": vault.container(),
            "fabricType": kind,
            "protectedItemCount": vault.machines().count(),
            "pairingStatus": "Paired",
            "role": "",
            "fabricSpecificDetails": null,
        }
    })
}

/// A replication policy; what it is for is told by the kind of its details.
pub(super) fn policy(vault: &Vault, name: &str) -> Value {
    let kind = match (vault.generation, name.ends_with("-failback")) {
        (Generation::Modernized, false) => "InMageRcm",
        (Generation::Modernized, true) => "InMageRcmFailback",
        (Generation::Classic, false) => "InMageAzureV2",
        (Generation::Classic, true) => "InMage",
    };
    json!({
        "id": vault.policy_id(name),
        "name": name,
        "type": "Microsoft.RecoveryServices/vaults/replicationPolicies",
        "properties": { "friendlyName": name, "providerSpecificDetails": { "instanceType": kind } },
    })
}
