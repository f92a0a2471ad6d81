//! Looks: items by their names, where a machine is, what is left of tests. Only reads.

use crate::event::{Artifact, ArtifactKind, Observation, Request};
use crate::inventory::{Power, Protection};

use super::Azure;
use super::id::ArmId;
use super::kind::{Kind, Operation};
use super::report::{self, AZURE, Sites};
use super::trouble::{Trouble, said};
use super::vault::Named;

impl Azure {
    /// The item of a machine, as it was when it was last listed.
    pub(super) async fn known(&self, machine: &str) -> Result<Named, Trouble> {
        if let Some(item) = self.kept().get(machine) {
            return Ok(item.clone());
        }
        let items = self.vault.items().await?;
        let found = items.get(machine).cloned();
        *self.kept() = items;
        found.ok_or_else(|| {
            Trouble::refused("not_found", format!("the vault protects no machine `{}`", said(machine)))
        })
    }

    /// The item of a machine as it is now, of a kind that is driven.
    pub(super) async fn driven(&self, machine: &str) -> Result<Named, Trouble> {
        let item = self.vault.item(&self.known(machine).await?).await?;
        let Some(appliance) = item.kind.appliance() else {
            let message =
                format!("`{machine}` is replicated by `{}`, which is not driven from here", item.kind.word());
            return Err(Trouble::refused("not_driven", message));
        };
        if appliance != self.appliance {
            let message = format!(
                "`{machine}` is replicated by `{}`, and the plan says `appliance = {}`",
                item.kind.word(),
                super::word_of(self.appliance)
            );
            return Err(Trouble::refused("other_appliance", message));
        }
        Ok(item)
    }

    /// Where a machine is. Of a guest the service tells nothing; that it runs is inferred from its failover.
    pub(super) async fn seen(&self, machine: &str, test: bool) -> Result<Observation, Trouble> {
        let item = self.vault.item(&self.known(machine).await?).await?;
        let at_home = report::home_power(&item).map(|power| power == Power::On);
        if test {
            let address = item.item.is_in_test().then(|| report::test_address(&item)).flatten();
            return Ok(Observation {
                source_running: at_home,
                target_running: Some(item.item.is_in_test()),
                address,
                fenced: None,
            });
        }
        let failed_over = item.item.allows(Operation::Commit);
        let in_azure = item.item.is_in_azure();
        // Before its commit a failover has its source at the other side than where it is active.
        let source_at_home = in_azure == failed_over;
        let source_running = if source_at_home { at_home } else { None };
        let target_running = match failed_over {
            true if !source_at_home => at_home,
            true => Some(true),
            // Committed, and not replicated: it is where it was failed over to, and nothing says whether it runs.
            false if report::protection(&item) == Protection::Unprotected => None,
            false => Some(false),
        };
        Ok(Observation {
            source_running,
            target_running,
            address: self.address_now(&item, false).filter(|_| failed_over),
            fenced: source_running.map(|running| !running),
        })
    }

    /// The address that a machine has where it is active, or that its test's copy has.
    pub(super) fn address_now(&self, item: &Named, test: bool) -> Option<String> {
        if test {
            return report::test_address(item);
        }
        let home = Sites::of(&[]).home(item);
        let site = if item.item.is_in_azure() { AZURE } else { home.as_str() };
        report::addresses(item, &home).get(site).cloned()
    }

    /// Whether a guest answers, as far as the service can say: that its machine has been failed over.
    pub(super) async fn heartbeat(&self, machine: &str, test: bool) -> Result<String, String> {
        let item = async { self.vault.item(&self.known(machine).await?).await };
        let item = item.await.map_err(|trouble| trouble.message)?;
        let state = said(item.item.protection_state.as_deref().unwrap_or("no state"));
        let there = if test { item.item.is_in_test() } else { item.item.allows(Operation::Commit) };
        if there {
            Ok(format!("the service reports it up (`{state}`); its guest was not asked"))
        } else {
            Err(format!("the service reports `{state}`"))
        }
    }

    /// What an act of a test will make: one machine, of the name that the service gives it.
    pub(super) async fn to_make(&self, request: &Request) -> Result<Vec<Artifact>, Trouble> {
        if !matches!(request, Request::FailOver { mode: None, .. }) {
            return Ok(Vec::new());
        }
        let mut made = Vec::new();
        for machine in request.machines() {
            made.push(copy_of(&self.known(machine).await?));
        }
        Ok(made)
    }

    /// What is there of tests now.
    pub(super) async fn of_tests(&self, machines: &[String]) -> Result<Vec<Artifact>, Trouble> {
        let items = self.vault.items().await?;
        let there = items.values().filter(|item| machines.contains(&item.name) && item.item.is_in_test());
        let found = there.map(copy_of).collect();
        *self.kept() = items;
        Ok(found)
    }
}

/// The copy of a machine's test. The service adds `-test` to the target's name (seen in its documents).
fn copy_of(item: &Named) -> Artifact {
    let details = &item.item.provider_specific_details;
    let target = details.target_vm_name.as_ref().or(details.recovery_azure_vm_name.as_ref());
    let target = target.map(|name| said(name)).filter(|name| !name.is_empty());
    let name = target.unwrap_or_else(|| item.name.clone());
    Artifact::new(&item.name, ArtifactKind::Copy, format!("{name}-test"))
}

/// The point that an item was failed over to, by its own name.
pub(super) fn point_used(item: &Named) -> Option<String> {
    let details = &item.item.provider_specific_details;
    let id = item.item.failover_recovery_point_id.clone();
    let id = id.or_else(|| details.failover_recovery_point_id.clone().map(ArmId::new));
    let name = id.map(|id| id.name().to_owned()).filter(|name| !name.is_empty());
    // Home, the point is made by the job and has no id that anybody could compare.
    name.filter(|_| !matches!(item.kind, Kind::RcmBack))
}
