//! Fabrics, containers and policies as the API shows them.

use serde_json::{Value, json};

use super::item;
use super::job::Way;
use super::names::{guid, instant};
use super::options::Generation;
use super::vault::{Vault, agent_id, server_id};
use super::view::View;

/// The name of the policy of a way; that of the way home comes with a failback.
pub(super) const fn policy_name(way: Way) -> &'static str {
    match way {
        Way::Forward => "24-hour-retention",
        Way::Back => "24-hour-retention-failback",
    }
}

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

/// A replication policy: what the documents say is set without a word, forward and on the way home.
pub(super) fn policy(vault: &Vault, way: Way) -> Value {
    let name = policy_name(way);
    let provider = item::provider(vault.generation, way);
    let details = match (vault.generation, way) {
        (Generation::Modernized, Way::Forward) => json!({
            "instanceType": provider,
            "recoveryPointHistoryInMinutes": 1440,
            "appConsistentFrequencyInMinutes": 60,
            "crashConsistentFrequencyInMinutes": 5,
            "enableMultiVmSync": "true",
        }),
        (Generation::Modernized, Way::Back) => json!({
            "instanceType": provider,
            "appConsistentFrequencyInMinutes": 60,
            "crashConsistentFrequencyInMinutes": 5,
        }),
        (Generation::Classic, Way::Forward | Way::Back) => json!({
            "instanceType": provider,
            "recoveryPointThresholdInMinutes": 15,
            "recoveryPointHistory": 1440,
            "appConsistentFrequencyInMinutes": 60,
            "multiVmSyncStatus": "Enable",
        }),
    };
    json!({
        "id": vault.policy_id(name),
        "name": name,
        "type": "Microsoft.RecoveryServices/vaults/replicationPolicies",
        "properties": { "friendlyName": name, "providerSpecificDetails": details },
    })
}
