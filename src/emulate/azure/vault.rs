//! The vault: names and ids of everything in it. Fixed as long as the stand-in runs.

use crate::inventory::Inventory;

use super::names::{guid, last, same};
use super::options::{Generation, Options};

/// What the service calls Azure where a fabric is named.
pub(super) const AZURE: &str = "Microsoft Azure";

/// The vault.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) subscription: String,
    pub(super) resource_group: String,
    pub(super) name: String,
    pub(super) generation: Generation,
    /// The site on premises, by its name in the estate.
    pub(super) home: String,
    /// The site that is Azure.
    pub(super) away: String,
    /// The fabric's name: that of the site on premises.
    pub(super) fabric: String,
    pub(super) page_size: usize,
    /// Machines with the names of their protected items.
    items: Vec<(String, String)>,
    /// Process servers with their sites.
    servers: Vec<(String, String)>,
}

impl Vault {
    /// The vault over an estate.
    pub(super) fn new(options: &Options) -> Self {
        let inventory = &options.inventory;
        let said = inventory.sim.as_ref().and_then(|sim| sim.get("home")).and_then(|home| home.as_str());
        let home = said.map_or_else(|| inventory.sites.first().cloned().unwrap_or_default(), str::to_owned);
        let away = inventory.sites.iter().find(|site| **site != home).cloned().unwrap_or_default();
        Self {
            subscription: options.subscription.clone(),
            resource_group: options.resource_group.clone(),
            name: options.vault.clone(),
            generation: options.generation,
            fabric: home.to_lowercase(),
            home,
            away,
            page_size: options.page_size.max(1),
            items: inventory.vms.keys().map(|name| (name.clone(), guid(&["item", name]))).collect(),
            servers: servers(inventory),
        }
    }

    /// The vault's own id.
    pub(super) fn id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.RecoveryServices/vaults/{}",
            self.subscription, self.resource_group, self.name
        )
    }

    /// The id of something in the vault: `replicationJobs/…`.
    pub(super) fn id_of(&self, rest: &str) -> String {
        format!("{}/{rest}", self.id())
    }

    pub(super) fn fabric_id(&self) -> String {
        self.id_of(&format!("replicationFabrics/{}", self.fabric))
    }

    pub(super) fn container(&self) -> String {
        format!("{}-container", self.fabric)
    }

    pub(super) fn container_id(&self) -> String {
        format!("{}/replicationProtectionContainers/{}", self.fabric_id(), self.container())
    }

    /// The name of a machine's protected item.
    pub(super) fn item_name(&self, machine: &str) -> &str {
        self.items.iter().find(|(name, _)| name == machine).map_or("", |(_, item)| item)
    }

    pub(super) fn item_id(&self, machine: &str) -> String {
        format!("{}/replicationProtectedItems/{}", self.container_id(), self.item_name(machine))
    }

    /// The machine of an item's name.
    pub(super) fn machine(&self, item: &str) -> Option<&str> {
        self.items.iter().find(|(_, name)| name.eq_ignore_ascii_case(item)).map(|(machine, _)| &**machine)
    }

    /// The machine of an item's whole id.
    pub(super) fn machine_of_id(&self, id: &str) -> Option<&str> {
        self.machine(last(id)).filter(|machine| same(&self.item_id(machine), id))
    }

    /// All machines in the order of the estate.
    pub(super) fn machines(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(machine, _)| machine.as_str())
    }

    pub(super) fn job_id(&self, job: &str) -> String {
        self.id_of(&format!("replicationJobs/{job}"))
    }

    pub(super) fn plan_id(&self, plan: &str) -> String {
        self.id_of(&format!("replicationRecoveryPlans/{plan}"))
    }

    /// The id of a machine's point: GUIDs as the service has them, whatever the estate calls its points.
    pub(super) fn point_id(&self, machine: &str, point: &str) -> String {
        format!("{}/recoveryPoints/{}", self.item_id(machine), point_name(machine, point))
    }

    pub(super) fn policy_id(&self, policy: &str) -> String {
        self.id_of(&format!("replicationPolicies/{policy}"))
    }

    /// The process server of an id that was published, as process server or as reprotect agent.
    pub(super) fn server(&self, id: &str) -> Option<&str> {
        let known =
            |name: &str| server_id(name).eq_ignore_ascii_case(id) || agent_id(name).eq_ignore_ascii_case(id);
        self.servers.iter().map(|(name, _)| name.as_str()).find(|name| known(name))
    }

    /// A process server that stands at a site.
    pub(super) fn server_at(&self, site: &str) -> Option<String> {
        self.servers.iter().find(|(_, own)| own == site).map(|(name, _)| name.clone())
    }

    /// The id of the one master target of a classic vault.
    pub(super) fn master_target_id(&self) -> String {
        guid(&["master target", &self.home])
    }
}

fn servers(inventory: &Inventory) -> Vec<(String, String)> {
    inventory.process_servers.iter().map(|server| (server.name.clone(), server.site.clone())).collect()
}

/// The name of a point in the service.
pub(super) fn point_name(machine: &str, point: &str) -> String {
    guid(&["point", machine, point])
}

/// The id of a process server.
pub(super) fn server_id(name: &str) -> String {
    guid(&["process server", name])
}

/// The id of the reprotect agent of the same name.
pub(super) fn agent_id(name: &str) -> String {
    guid(&["reprotect agent", name])
}
