//! The inputs of reprotection: four shapes, one for each provider and direction. (i) Which shape goes with which
//! direction is read off their fields: the modernized ones carry the name of the provider that the item leaves,
//! the classic ones that of the provider that it goes to.

use super::answer::Refusal;
use super::body::Fields;
use super::job::{Act, JobError, Way};
use super::names::same;
use super::options::Generation;
use super::show_fabric::policy_name;
use super::vault::Vault;

/// The act of a reprotection of an item that replicated along `left` before.
///
/// # Errors
/// The input is of another shape, or a required field of it is missing.
pub(super) fn act(vault: &Vault, left: Way, fields: Fields<'_>) -> Result<Act, Refusal> {
    let to = match left {
        Way::Forward => vault.home.clone(),
        Way::Back => vault.away.clone(),
    };
    let (server, policy) = match (vault.generation, left) {
        (Generation::Modernized, Way::Forward) => {
            let details = fields.provider("InMageRcm")?;
            details.required("datastoreName")?;
            details.required("logStorageAccountId")?;
            (details.required("reprotectAgentId")?, details.text("policyId")?)
        }
        (Generation::Modernized, Way::Back) => {
            let details = fields.provider("InMageRcmFailback")?;
            (details.required("processServerId")?, Some(details.required("policyId")?))
        }
        (Generation::Classic, Way::Forward) => {
            let details = fields.provider("InMage")?;
            details.required("retentionDrive")?;
            let policy = details.required("profileId")?;
            let master = details.required("masterTargetId")?;
            if !master.eq_ignore_ascii_case(&vault.master_target_id()) {
                return Ok(Act::Refuse(unknown("master target server", master)));
            }
            (details.required("processServerId")?, Some(policy))
        }
        (Generation::Classic, Way::Back) => {
            let details = fields.provider("InMageAzureV2")?;
            (details.text("processServerId")?.unwrap_or_default(), details.text("policyId")?)
        }
    };
    // (i) A policy belongs to a provider, so it is that of the way that the item is to go.
    let goes = if left == Way::Forward { Way::Back } else { Way::Forward };
    let own = |id: &&str| same(id, policy_name(goes)) || same(id, &vault.policy_id(policy_name(goes)));
    if let Some(other) = policy.filter(|id| !own(id)) {
        return Ok(Act::Refuse(unknown("replication policy of this direction", other)));
    }
    // (i) Only a classic vault lets the process server be left out; it then takes any that stands there.
    let via = if server.is_empty() { None } else { Some(server) };
    match via.map(|id| vault.server(id).ok_or(id)) {
        None => Ok(Act::Reprotect { via: vault.server_at(&to), to }),
        Some(Ok(name)) => Ok(Act::Reprotect { to, via: Some(name.to_owned()) }),
        Some(Err(id)) => Ok(Act::Refuse(unknown("process server", id))),
    }
}

fn unknown(what: &str, id: &str) -> JobError {
    JobError {
        code: "ResourceNotRegistered".to_owned(),
        message: format!("The {what} '{id}' is not registered in the vault."),
        causes: "It was removed, or its id is another one.".to_owned(),
        action: "Choose one that the vault lists.".to_owned(),
        provider: None,
    }
}
