//! Replication the other way, item by item: which servers, stores and policies it goes through, from what the
//! plan says and what the vault has. Two of a kind and no word in the plan is a refusal, not a guess.

use crate::event::{Key, Submitted};

use super::Azure;
use super::acts::{Call, allowed, job_of};
use super::ask::{Act, Body, Details, Direction};
use super::kind::{Kind, Operation};
use super::report::AZURE;
use super::trouble::Trouble;
use super::vault::Named;
use super::wire::{Fabric, FabricDetails, Resource, Server};

impl Azure {
    pub(super) async fn reprotect(
        &self,
        key: &Key,
        item: &Named,
        to: &str,
        via: Option<&str>,
    ) -> Result<Submitted, Trouble> {
        let home = to != AZURE;
        if home != item.item.is_in_azure() {
            let here = if item.item.is_in_azure() { "in Azure" } else { "at home" };
            let message = format!("`{}` runs {here} and cannot be replicated to `{to}`", item.name);
            return Err(Trouble::refused("wrong_direction", message));
        }
        allowed(item, Operation::ReverseReplicate)?;
        // Modernized only; the classic kind shows nothing, and its job fails as long as it is so.
        if item.item.provider_specific_details.is_agent_registration_successful_after_failover == Some(false)
        {
            let message = format!("the agent of `{}` has not registered since the failover", item.name);
            return Err(Trouble::retry("agent_not_registered", message));
        }
        let fabric = self.fabric(item).await?;
        let servers = &fabric.properties.custom_details;
        let details = match (&item.kind, home) {
            (Kind::RcmForward | Kind::RcmBack, true) => self.modernized_home(item, servers, via).await?,
            (Kind::RcmForward | Kind::RcmBack, false) => self.modernized_to_azure(item, servers, via).await?,
            (Kind::ClassicForward | Kind::ClassicBack, true) => self.classic_home(servers, via).await?,
            (Kind::ClassicForward | Kind::ClassicBack, false) => {
                self.classic_to_azure(item, servers, via).await?
            }
            (Kind::Other(other), _) => {
                return Err(Trouble::refused("not_driven", format!("`{other}` is not driven")));
            }
        };
        // As Az.RecoveryServices sends it; of a classic item on its way to Azure again that is the same word.
        let classic = matches!(item.kind, Kind::ClassicForward | Kind::ClassicBack);
        let direction =
            if home || classic { Direction::RecoveryToPrimary } else { Direction::PrimaryToRecovery };
        let properties = Act {
            failover_direction: direction,
            source_site_operations: None,
            network: None,
            provider_specific_details: details,
        };
        let call = Call {
            target: &item.id,
            before: job_of(&item.item.current_scenario),
            operation: Operation::ReverseReplicate,
            body: Some(Body { properties }),
            point: None,
        };
        self.ask(key, item, call).await
    }

    async fn fabric(&self, item: &Named) -> Result<Resource<Fabric>, Trouble> {
        let fabrics = self.vault.fabrics().await?;
        let own = fabrics.into_iter().find(|fabric| fabric.name().eq_ignore_ascii_case(item.fabric()));
        own.ok_or_else(|| {
            Trouble::refused("not_found", format!("the vault has no fabric `{}`", item.fabric()))
        })
    }

    async fn modernized_home(
        &self,
        item: &Named,
        servers: &FabricDetails,
        via: Option<&str>,
    ) -> Result<Details, Trouble> {
        let agent = server(&servers.reprotect_agents, via, "reprotect agent")?;
        let details = &item.item.provider_specific_details;
        let log = self.wishes.log_storage.clone();
        let log = log
            .or_else(|| details.protected_disks.iter().find_map(|disk| disk.log_storage_account_id.clone()));
        let log = log.or_else(|| details.log_storage_account_id.clone());
        Ok(Details::RcmReprotect {
            instance_type: "InMageRcm",
            reprotect_agent_id: id(agent)?,
            datastore_name: one(
                self.wishes.datastore.as_ref(),
                agent.accessible_datastores.iter(),
                "datastore",
            )?,
            log_storage_account_id: log.ok_or_else(|| unsaid("log_storage", "storage account"))?,
            policy_id: self.policy(self.wishes.failback_policy.as_deref()).await?,
        })
    }

    async fn modernized_to_azure(
        &self,
        item: &Named,
        servers: &FabricDetails,
        via: Option<&str>,
    ) -> Result<Details, Trouble> {
        let details = &item.item.provider_specific_details;
        let said = self.policy(self.wishes.policy.as_deref()).await?;
        let last = details.last_used_policy_id.as_ref().map(|id| id.as_str().to_owned());
        Ok(Details::RcmBackReprotect {
            instance_type: "InMageRcmFailback",
            process_server_id: id(server(&servers.process_servers, via, "process server")?)?,
            policy_id: said.or(last).ok_or_else(|| unsaid("policy", "replication policy"))?,
            run_as_account_id: self.account(servers)?,
        })
    }

    async fn classic_home(&self, servers: &FabricDetails, via: Option<&str>) -> Result<Details, Trouble> {
        let master =
            server(&servers.master_target_servers, self.wishes.master_target.as_deref(), "master target")?;
        let drives = master.retention_volumes.iter().filter_map(|volume| volume.volume_name.as_ref());
        let failback = self.wishes.failback_policy.as_deref();
        Ok(Details::ClassicReprotect {
            instance_type: "InMage",
            master_target_id: id(master)?,
            process_server_id: id(server(&servers.process_servers, via, "process server")?)?,
            retention_drive: one(self.wishes.retention_drive.as_ref(), drives, "retention drive")?,
            profile_id: self.policy_of(failback, "InMage", "failback_policy").await?,
            datastore_name: self.wishes.datastore.clone().or_else(|| {
                let [store] = master.data_stores.as_slice() else { return None };
                store.symbolic_name.clone()
            }),
            run_as_account_id: self.account(servers)?,
        })
    }

    async fn classic_to_azure(
        &self,
        item: &Named,
        servers: &FabricDetails,
        via: Option<&str>,
    ) -> Result<Details, Trouble> {
        let details = &item.item.provider_specific_details;
        let wished = self.wishes.log_storage.clone();
        Ok(Details::ClassicBackReprotect {
            instance_type: "InMageAzureV2",
            master_target_id: None,
            process_server_id: id(server(&servers.process_servers, via, "process server")?)?,
            storage_account_id: details
                .recovery_azure_storage_account
                .clone()
                .or_else(|| details.azure_storage_account_id.clone()),
            log_storage_account_id: wished.or_else(|| details.recovery_azure_log_storage_account_id.clone()),
            policy_id: self.policy_of(self.wishes.policy.as_deref(), "InMageAzureV2", "policy").await?,
            run_as_account_id: self.account(servers)?,
        })
    }

    /// The id of a policy by its name; none where the plan names none.
    async fn policy(&self, name: Option<&str>) -> Result<Option<String>, Trouble> {
        let Some(name) = name else { return Ok(None) };
        let all = self.vault.policies().await?;
        let friendly = |policy: &&Resource<super::wire::Policy>| {
            policy.properties.friendly_name.as_deref().unwrap_or(policy.name()).eq_ignore_ascii_case(name)
        };
        match all.iter().find(friendly) {
            Some(policy) => Ok(Some(policy.id.as_str().to_owned())),
            None => Err(Trouble::refused("not_found", format!("the vault has no policy `{name}`"))),
        }
    }

    /// The id of the policy that the plan names, or of the vault's only one of a kind. The one that the item
    /// shows is of the way that it is replicated now, not of the one that it is to go.
    async fn policy_of(&self, name: Option<&str>, kind: &str, key: &str) -> Result<String, Trouble> {
        if let Some(id) = self.policy(name).await? {
            return Ok(id);
        }
        let all = self.vault.policies().await?;
        let is = |policy: &&Resource<super::wire::Policy>| {
            policy.properties.provider_specific_details.instance_type.as_deref() == Some(kind)
        };
        let mut of_kind = all.iter().filter(is);
        match (of_kind.next(), of_kind.next()) {
            (Some(only), None) => Ok(only.id.as_str().to_owned()),
            _ => Err(unsaid(key, "replication policy")),
        }
    }

    fn account(&self, servers: &FabricDetails) -> Result<Option<String>, Trouble> {
        let Some(name) = &self.wishes.account else { return Ok(None) };
        let named =
            servers.run_as_accounts.iter().find(|account| account.account_name.as_ref() == Some(name));
        match named.and_then(|account| account.account_id.clone()) {
            Some(id) => Ok(Some(id)),
            None => Err(Trouble::refused("not_found", format!("the vault has no account `{name}`"))),
        }
    }
}

/// The server of a name, or the only one.
fn server<'a>(all: &'a [Server], name: Option<&str>, what: &str) -> Result<&'a Server, Trouble> {
    let named = |server: &&Server| {
        let own = server.name.as_deref().unwrap_or_default();
        name.is_none_or(|name| own.eq_ignore_ascii_case(name))
    };
    let mut found = all.iter().filter(named);
    match (found.next(), found.next(), name) {
        (Some(server), None, _) | (Some(server), Some(_), Some(_)) => Ok(server),
        (None, _, Some(name)) => {
            Err(Trouble::refused("not_found", format!("the vault has no {what} `{name}`")))
        }
        (None, _, None) => Err(Trouble::refused("not_found", format!("the vault has no {what}"))),
        (Some(_), Some(_), None) => Err(Trouble::refused(
            "ambiguous",
            format!("the vault has several of the kind {what}: name one in the plan"),
        )),
    }
}

fn id(server: &Server) -> Result<String, Trouble> {
    server.id.clone().filter(|id| !id.is_empty()).ok_or_else(|| {
        Trouble::refused("not_found", "the vault shows no id of the server that replication goes through")
    })
}

/// What the plan says, or the only one that there is.
fn one<'a>(
    said: Option<&String>,
    mut known: impl Iterator<Item = &'a String>,
    what: &str,
) -> Result<String, Trouble> {
    if let Some(said) = said {
        return Ok(said.clone());
    }
    match (known.next(), known.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => {
            Err(Trouble::refused("not_found", format!("the vault shows no {what}: name it in the plan")))
        }
        (Some(_), Some(_)) => Err(Trouble::refused(
            "ambiguous",
            format!("the vault shows several of the kind {what}: name one in the plan"),
        )),
    }
}

fn unsaid(key: &str, what: &str) -> Trouble {
    Trouble::refused(
        "not_said",
        format!("the vault does not show which {what} it was: say `{key}` of the provider"),
    )
}
